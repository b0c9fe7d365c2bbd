"""What was found or judged and counts nowhere in an answer, which says so.

- of another model or other settings;
- of a date that leaves open whether it is of the period asked for;
- published before the period;
- of plants on which sources disagree.

And how far verdicts come from different people. A correction of the registry can turn what was no
claim into one. Then one person may have settled it alone, and it waits for a second.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.settings import origins_under_test
from evidence.answer.frames import read_frames
from evidence.answer.manual_entries import NEAR, with_entered
from evidence.answer.population import CountedMachine, Status, read_machines
from evidence.answer.question import Question
from evidence.answer.sources import (
    Asked,
    SourceRecord,
    is_of_period,
    is_older,
    plant_of,
    shown_before,
)
from evidence.case.sighting_tables import AnalysisRow, Membership, SightingRow, Verdict, machine_id
from evidence.case.tables import Account, Item, Recipe
from evidence.case.verdicts import LOGIN
from evidence.link.decisions import PresentSightings, SightingPlace
from evidence.link.sightings import Scope, chunks
from evidence.review.judgement import TestContext
from evidence.review.log import given, verdicts_on
from evidence.review.manual_entries import as_box, same_place
from evidence.review.standing import COUNTED, NAMING, confirms, in_force
from evidence.spelling import fold


def settled_elsewhere(asked: Asked, machines: Sequence[CountedMachine]) -> Counter[str]:
    """By plant, how many sightings of other recipes people settled as of the kind.

    Leaves out places where they settled what this recipe found, or entered a machine by hand.

    Args:
        machines: of this recipe, with those entered by hand (`with_entered`).
    """
    session, recipe, asked_for = asked.session, asked.recipe, asked.footage()
    query = (
        select(
            SightingRow.key,
            SightingRow.footage,
            SightingRow.pts,
            SightingRow.box,
            SightingRow.origin,
            SightingRow.origin_basis,
            SightingRow.lead_origin,
            Item.outcome,
            Item.builder,
        )
        .join(Item, Item.sighting == SightingRow.key)
        .where(
            Item.state == "settled",
            or_(SightingRow.model != recipe.model, SightingRow.settings != recipe.settings),
        )
        .order_by(SightingRow.key)
    )
    places = []
    for row in session.execute(query):
        if row.footage in asked_for and confirms(row.outcome, row.builder):
            accepted = row.builder is None or row.outcome == "accept"
            said = row.origin if row.origin_basis == "plate" else row.lead_origin
            plate = said if accepted else None
            if asked.fits(row.builder, plate):
                places.append(SightingPlace(row.key, row.footage, row.pts, as_box(row.box)))
    if not places:
        return Counter()
    footage, machine = _machines_now(session, recipe, {place.footage for place in places})
    present = PresentSightings(
        session, Scope(recipe.model, recipe.settings, footage, frozenset()), places
    )
    waits = {one.id for one in machines if not one.settled and not one.replaced}
    entered = [one for one in machines if one.entered and one.settled]
    left: Counter[str] = Counter()
    for place in places:
        now = present.stands_for(place)
        judged = now is not None and machine[now] not in waits
        if not judged and not any(_lies_at(one, place) for one in entered):
            left[plant_of([asked.sources[place.footage].at(place.pts)])[0]] += 1
    return left


def _machines_now(
    session: Session, recipe: Recipe, footages: Collection[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """By sighting of the recipe in that footage, the footage and the id of its machine."""
    footage: dict[str, str] = {}
    machine: dict[str, str] = {}
    for part in chunks(sorted(footages)):
        query = (
            select(SightingRow.key, SightingRow.footage, Membership.machine)
            .outerjoin(Membership, Membership.sighting == SightingRow.key)
            .where(
                SightingRow.footage.in_(part),
                SightingRow.model == recipe.model,
                SightingRow.settings == recipe.settings,
            )
        )
        for key, sha256, linked in session.execute(query):
            footage[key], machine[key] = sha256, linked or machine_id(key)
    return footage, machine


def _lies_at(entered: CountedMachine, place: SightingPlace) -> bool:
    """Whether it would be that sighting, had the program found it now (`manual_entries.py`)."""
    views = (view for footage, track in entered.views if footage == place.footage for view in track)
    return any(abs(pts - place.pts) <= NEAR and same_place(box, place.box) for pts, box in views)


@dataclass(frozen=True, slots=True)
class Undated:
    """What may be of the period or not.

    - footage: files that were looked at.
    - of_kind: by plant how many machines in them people settled as of the kind, or the program
      claims to be.
    """

    footage: int = 0
    of_kind: Mapping[str, int] = field(default_factory=dict)


ALL_DATED = Undated()


def read_undated(asked: Asked) -> Undated:
    """The footage of the plants asked about that may be of the period or not.

    Raises:
        UsageError: the question is about a plant that no source names.
    """
    question, recipe = asked.question, asked.recipe
    if not (question.since or question.until):
        return ALL_DATED
    whole = replace(asked, question=replace(question, since=None, until=None))
    analysed = asked.session.scalars(
        select(AnalysisRow.footage).where(
            AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
        )
    )
    undated = {
        footage
        for footage in whole.footage().intersection(analysed)
        if is_of_period(asked.sources[footage], question) is None
    }
    if not undated:
        return ALL_DATED
    of_these = replace(whole, leave_out=asked.sources.keys() - undated)
    found = [one for one in read_machines(of_these) if one.status is not Status.NONE]
    machines, _ = with_entered(of_these, found)
    of_kind = Counter(
        one.plant
        for one in machines
        if not one.replaced and one.status in (Status.CONFIRMED, Status.LEAD)
    )
    of_kind.update(read_frames(of_these).of_kind)
    of_kind += settled_elsewhere(of_these, machines)
    return Undated(len(undated), of_kind)


def count_contested(asked: Asked) -> dict[str, dict[str, object]]:
    """By code of a caveat: footage whose sources contradict each other on the plant."""
    wanted = set(map(fold, asked.question.plants))
    in_time = replace(asked, question=replace(asked.question, plants=())).footage()
    several = [one for footage in in_time if len((one := asked.sources[footage]).named) > 1]
    if wanted:
        several = [one for one in several if wanted & set(map(fold, one.named))]
    torn = [one for one in several if one.plant is None]
    outvoted = [one for one in several if one.plant and fold(one.plant) not in wanted]
    return {
        "plants_disagree": {"num": len(torn), "plants": _plants(torn)},
        "plants_outvoted": {"num": len(outvoted) if wanted else 0, "plants": _plants(outvoted)},
    }


def _plants(sources: Collection[SourceRecord]) -> str:
    return ", ".join(sorted({name for one in sources for name in one.named}))


def count_republished(asked: Asked) -> dict[str, dict[str, object]]:
    """By code of a caveat: footage, and sightings, that were published before the period.

    Raises:
        UsageError: the question is about a plant that no source names.
    """
    question = asked.question
    whole = replace(asked, question=replace(question, since=None, until=None))
    number = sum(
        question.covers(source.published) is True and question.covers(source.first) is False
        for source in (asked.sources[footage] for footage in whole.footage())
    )
    older = shown_before(asked, asked.footage())
    sightings = sum(
        is_older(older, footage, pts)
        for part in chunks(sorted(older))
        for footage, pts in asked.session.execute(
            select(SightingRow.footage, SightingRow.pts)
            .where(SightingRow.model == asked.recipe.model)
            .where(SightingRow.settings == asked.recipe.settings)
            .where(SightingRow.footage.in_(part))
        )
    )
    return {"republished": {"num": number}, "older_parts": {"num": sightings}}


def settled_alone(
    session: Session, recipe: Recipe, registry: Registry, question: Question
) -> Collection[str]:
    """The keys of the recipe's items (sightings and frames) that one person alone settled.

    Settled as of a builder from an origin under test; or as of one that is owned or makes machines
    there, if the question goes by that. The question's registry decides. The one person may also be
    a third, who decided where two disagreed.
    """
    tested = origins_under_test(recipe.values)
    bench = TestContext(registry, tested)

    def claims(builder: str | None) -> bool:
        if bench.from_tested(builder):
            return True
        return question.value in tested and question.fits(builder, None, registry) is True

    query = select(Item).where(
        Item.model == recipe.model,
        Item.settings == recipe.settings,
        Item.state == "settled",
        Item.builder.is_not(None),
    )
    items = [one for one in session.scalars(query) if claims(one.builder)]
    alone = set()
    for part in chunks(items):
        logs = verdicts_on(session, part)
        for item in part:
            held = in_force(map(given, logs[item.item]))
            say_so = {
                one.author
                for one in held
                if one.word in (*NAMING, "missed") and one.builder == item.builder
            }
            if len(say_so) == 1:
                alone.add(item.item)
    return alone


def count_without_login(session: Session, footage: Collection[str]) -> int:
    """How many authors of verdicts on this footage (SHA-256) had not logged in."""
    had = {one.name: (one.made, one.ended) for one in session.scalars(select(Account))}
    replaced = select(Verdict.supersedes).where(Verdict.supersedes.is_not(None))
    rows = session.execute(
        select(
            Verdict.author,
            Verdict.footage,
            Verdict.signed,
            func.min(Verdict.made),
            func.max(Verdict.made),
        )
        .where(Verdict.verdict.in_(COUNTED), Verdict.number.not_in(replaced))
        .group_by(Verdict.author, Verdict.footage, Verdict.signed)
    )
    unknown = set()
    for author, of, signed, first, last in rows:
        if of not in footage or signed == LOGIN:
            continue
        made, ended = had.get(author, (None, None))
        open_then = made is not None and made <= first and (ended is None or last <= ended)
        if signed is not None or not open_then:
            unknown.add(author)
    return len(unknown)
