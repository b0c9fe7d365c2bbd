"""A case asked a question; an answer is kept for as long as the case stays what it was."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.registry import Registry
from detector.settings import origins_under_test
from evidence.answer.answer import answer, read_looked_at
from evidence.answer.audit import Controls, kept_controls, read_frames, try_controls
from evidence.answer.distinct import with_entered
from evidence.answer.population import CountedMachine, confirmed, read_machines
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, Facts, gather, name_recordings
from evidence.answer.sources import Asked, is_of_period, read_sources, shown_before
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.places import PLACES
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Decision,
    Link,
    MachineRow,
    Membership,
    SightingRow,
    Verdict,
)
from evidence.case.summary import count_other_recipes, left_out, mostly_lost, programs
from evidence.case.tables import MOVED, ControlRow, Correction, Draw, Item, Recipe, Run, Work
from evidence.case.verdicts import LOGIN, given, head, verdicts_on
from evidence.case.work_queue import ASIDE, PACKED, WAITING
from evidence.review.judgement import TestContext
from evidence.review.standing import COUNTED, NAMING, in_force, settles
from evidence.spelling import fold


def find_answer(session: Session, case: Case, question: Question, registry: Registry) -> CaseAnswer:
    """The answer of a case as a session sees it, without exhibits. `UsageError`: nothing was looked
    at."""
    question = question.of_known(registry)
    recipe = _recipe(session, case)
    sources = read_sources(session, recipe, registry)
    alone = settled_alone(session, recipe, registry, question)
    asked = Asked(session, recipe, registry, question, sources, alone)
    tried = Controls()
    if known := kept_controls(session):
        tried, without = try_controls(asked, known)
        asked = replace(asked, leave_out=without)
    machines, entered = with_entered(asked, read_machines(asked))
    # Of what is left out the controls themselves count in what would have been noticed.
    counted = asked.footage() | {one.footage for one in known}
    looked = [name for name, held in programs(session, recipe).items() if held & counted]
    listed = _listed(session, recipe)
    beside: dict[str, Any] = {
        "not_looked_at": listed[WAITING],
        "set_aside": listed[ASIDE],
        "other_settings": count_other_recipes(session, recipe),
        "settled_elsewhere": count_settled_elsewhere(asked, machines),
        "damaged": len(mostly_lost(session, recipe) & counted),
        "programs": len(looked) if len(looked) > 1 else 0,
        "no_login": _count_without_login(session, counted),
        **count_left_out_of_question(asked),
    }
    frames, looked_at = read_frames(asked), read_looked_at(asked)
    found = answer(question, machines, registry, tried, frames, entered, beside, looked_at)
    rests_on = (case.name, recipe.model, recipe.settings, registry.digest, *head(session))
    facts = Facts(*rests_on, tuple(looked), len(left_out(session)))
    return CaseAnswer(found, facts, machines, name_recordings(session, machines))


def read_case(case: Case, question: Question, registry: Registry) -> CaseAnswer:
    """The answer of a case at one moment, whoever writes meanwhile. `UsageError`: nothing was
    looked at. `CaseError`: the case cannot be read."""
    with case.snapshot() as session:
        found = find_answer(session, case, question, registry)
        return replace(found, exhibits=gather(case, session, found.machines, registry))


def _listed(session: Session, recipe: Recipe) -> Counter[str]:
    """The files of the case's list by state, those that moved once. One that waited as the case was
    packed waits: it was set aside when the pack was opened, and nobody has tried it."""
    files = select(Work.state, Work.kind).where(
        found_with(Work, recipe), Work.kind.is_distinct_from(MOVED)
    )
    return Counter(WAITING if kind == PACKED else state for state, kind in session.execute(files))


def count_settled_elsewhere(asked: Asked, machines: Sequence[CountedMachine]) -> int:
    """How many items of other recipes are of the kind, where no machine is confirmed now."""
    footage = asked.footage()
    footage -= {one for machine in machines if confirmed(machine) for one in machine.footage}
    query = (
        select(Item, SightingRow.origin, SightingRow.origin_basis, SightingRow.lead_origin)
        .outerjoin(SightingRow, SightingRow.key == Item.sighting)
        .where(Item.state == "settled", ~found_with(Item, asked.recipe))
    )
    found = 0
    for item, origin, basis, lead in asked.session.execute(query):
        said = settles(item.outcome, item.builder, origin if basis == "plate" else lead)
        said = (item.builder, None) if item.outcome == "missed" else said
        found += said is not None and item.footage in footage and asked.fits(*said) is True
    return found


def count_left_out_of_question(asked: Asked) -> dict[str, Any]:
    """By code of a caveat footage of which it is open if it is asked about, or that is older."""
    question = asked.question
    wanted = set(map(fold, question.plants))
    any_time = replace(asked, question=replace(question, since=None, until=None))
    dated = [asked.sources[one] for one in any_time.footage()]
    any_plant = replace(asked, question=replace(question, plants=()))
    torn = [
        one
        for one in map(asked.sources.__getitem__, any_plant.footage())
        if len(one.named) > 1
        and (not wanted or wanted & set(map(fold, one.named)))
        and (one.plant is None or (wanted and fold(one.plant) not in wanted))
    ]
    names = ", ".join(sorted({name for one in torn for name in one.named}))
    return {
        "undated": sum(is_of_period(one, question) is None for one in dated),
        "republished": sum(
            question.covers(one.published) is True and question.covers(one.first) is False
            for one in dated
        ),
        "older_parts": len(shown_before(asked, asked.footage())),
        "plants_disagree": {"num": len(torn), "plants": names},
    }


def settled_alone(
    session: Session, recipe: Recipe, registry: Registry, question: Question
) -> Collection[str]:
    """The keys of the recipe's items that one person alone settled, of those that need two.

    These name a builder from an origin under test, or owned or producing there, if that is asked. A
    correction of the registry can turn what was no claim into one.
    """
    tested = origins_under_test(recipe.values)
    bench = TestContext(registry, tested)

    def claims(builder: str | None) -> bool:
        fits = question.value in tested and question.fits(builder, None, registry) is True
        return fits or bench.from_tested(builder)

    query = select(Item).where(
        found_with(Item, recipe), Item.state == "settled", Item.builder.is_not(None)
    )
    items = {one.item: one for one in session.scalars(query) if claims(one.builder)}
    alone = set()
    for key, log in verdicts_on(session, items.values()).items():
        held = [one for one in in_force(map(given, log)) if one.word in (*NAMING, "missed")]
        if len({one.author for one in held if one.builder == items[key].builder}) == 1:
            alone.add(key)
    return alone


def _count_without_login(session: Session, footage: Collection[str]) -> int:
    """How many authors of verdicts on this footage (SHA-256) had not logged in."""
    replaced = select(Verdict.supersedes).where(Verdict.supersedes.is_not(None))
    rows = session.execute(
        select(Verdict.author, Verdict.footage)
        .where(Verdict.verdict.in_(COUNTED), Verdict.number.not_in(replaced))
        .where(Verdict.signed.is_distinct_from(LOGIN))
        .distinct()
    )
    return len({author for author, of in rows if of in footage})


def _recipe(session: Session, case: Case) -> Recipe:
    """The one worked with last: what a person has before them."""
    found = session.scalars(
        select(Recipe)
        .join(AnalysisRow, found_with(AnalysisRow, Recipe))
        .outerjoin(Run, Run.id == AnalysisRow.run)
        .order_by(Run.started.desc().nulls_last(), Recipe.settings)
        .limit(1)
    ).first()
    if found is None:
        raise UsageError.saying(
            "%(path)s: nothing was looked at yet; `nameplate sweep` does", path=case.folder
        )
    return found


def read_moment(session: Session) -> tuple[object, ...]:
    """The state of the case that a session sees: equal as long as nothing that an answer rests on
    has come or changed."""

    def rows(*columns: Any, more: Sequence[Any] = ()) -> list[object]:
        """A count for each combination of values there is."""
        query = select(*columns, func.count(), *more).group_by(*columns).order_by(*columns)
        return [tuple(row) for row in session.execute(query)]

    last = (func.max(Verdict.number), func.max(Decision.number), func.max(Run.started))
    tables = (AnalysisRow, Copy, Correction, Draw, MachineRow, Membership)
    place = PLACES.c
    return (
        *(session.scalar(select(one)) for one in last),
        *(session.scalar(select(func.count()).select_from(one)) for one in tables),
        *rows(Link.held),
        *rows(
            *(place.plant_claimed, place.published),
            more=(func.min(place.footage), func.max(place.footage)),
        ),
        # A file that could not be looked at adds no row to any of these.
        *(*rows(Work.state, Work.kind), *rows(Item.state)),
        *rows(ControlRow.footage, ControlRow.builder),
    )


MOST = 8
"""Answers kept, each with its machines; the one computed longest ago goes first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, the moment it is of, when it was computed, and how many seconds that took."""

    found: CaseAnswer
    moment: tuple[object, ...]
    computed: datetime
    seconds: float


class Answers:
    """The answers of one case. May be asked from several threads; one at a time is computed."""

    def __init__(self, case: Case, registry: Registry) -> None:
        self._case, self._registry = case, registry
        self._computing = threading.Lock()
        self._kept: dict[Question, Kept] = {}

    def find(self, session: Session, question: Question) -> Kept:
        """The answer of the case as the session sees it. `UsageError`: it cannot be asked, or
        nothing was looked at."""
        question.check(self._registry)
        moment = read_moment(session)
        if kept := self._look_up(question, moment):
            return kept
        with self._computing:
            if kept := self._look_up(question, moment):  # somebody else may have asked the same
                return kept
            began = time.monotonic()
            found = find_answer(session, self._case, question, self._registry)
            made = Kept(found, moment, datetime.now(UTC), time.monotonic() - began)
            self._kept.pop(question, None)
            self._kept[question] = made
            for oldest in [*self._kept][:-MOST]:
                del self._kept[oldest]
            return made

    def _look_up(self, question: Question, moment: tuple[object, ...]) -> Kept | None:
        kept = self._kept.get(question)
        return None if kept is None or kept.moment != moment else kept
