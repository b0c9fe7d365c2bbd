"""Whether the rows of a case agree with each other, and the audit sample with its plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import and_, inspect, or_, select
from sqlalchemy.orm import Session

from datasets.errors import SettingsError
from evidence.case.rows import each_stored
from evidence.case.sighting_tables import (
    AnalysisRow,
    Link,
    MachineRow,
    Membership,
    analysis_id,
    machine_id,
)
from evidence.case.tables import Draw, FootageRow, Item, Location, Work
from evidence.link.decisions import PairDecisions, load_decided
from evidence.link.machines import work_out
from evidence.link.sightings import Scope, chunks, load_scope
from evidence.review.audit import chosen, plan_of
from evidence.review.items import expected, members_of

REPLACE = "open the last pack of the case in its place"
_SPOILT = f"do not estimate from the sample; {REPLACE}"
_AT_ONCE = 500  # analyses a statement


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a case, or (`wrong` false) only worth knowing.

    about: a file, a path or a row. what: is the matter with it. todo: what to do.
    """

    about: str
    what: str
    todo: str = REPLACE
    wrong: bool = True

    def __str__(self) -> str:
        return f"{self.about}: {self.what}; {self.todo}"


def check_analyses(session: Session) -> Iterator[Finding]:
    """Each analysis has the name that follows from its recipe, and all of its rows as stored."""
    analyses = session.scalars(select(AnalysisRow.id).order_by(AnalysisRow.id)).all()
    for key, rows in each_stored(session, analyses):
        about, own = f"analysis {key}", rows.analysis
        if key != analysis_id(own["footage"], own["model"], own["settings"]):
            yield Finding(about, "its name is not that of its footage and recipe")
        elif rows.digest() != own["digest"]:
            yield Finding(about, "rows of it are missing or were changed")


_DONE = and_(
    AnalysisRow.footage == Location.footage,
    AnalysisRow.model == Work.model,
    AnalysisRow.settings == Work.settings,
)
_LISTS: tuple[tuple[Any, str, str, str], ...] = (
    (
        select(Work.path)
        .join(Location, Location.path == Work.path)
        .outerjoin(AnalysisRow, _DONE)
        .where(Work.state == "done", AnalysisRow.id.is_(None)),
        "",
        "counts as done, and there is no analysis of it",
        REPLACE,
    ),
    (
        select(Location.path)
        .outerjoin(AnalysisRow, AnalysisRow.footage == Location.footage)
        .where(
            Location.path.not_in(select(Work.path)),
            or_(Location.footage.is_(None), Location.held & AnalysisRow.id.is_(None)),
        ),
        "",
        "it was to be looked at, and is on no list any more",
        f"{REPLACE}, or sweep the folder it lies in",
    ),
    (
        select(Draw.item).where(Draw.analysis.not_in(select(AnalysisRow.id))),
        "draw ",
        "is of no analysis in the case",
        _SPOILT,
    ),
)


def check_lists(session: Session) -> Iterator[Finding]:
    """Work is done when its analysis is stored; what nobody read is on a list; lengths agree."""
    for query, of, what, todo in _LISTS:
        for about in sorted(session.scalars(query)):
            yield Finding(f"{of}{about}", what, todo)
    lengths = select(FootageRow.sha256, FootageRow.duration, FootageRow.seconds)
    for sha256, duration, seconds in session.execute(lengths.order_by(FootageRow.sha256)):
        if seconds != (None if duration is None else float(duration)):
            what = f"has two lengths ({duration} s, {seconds} s)"
            yield Finding(f"footage {sha256[:12]}", what)


_SAYS = ("builder", "grade", "probability", "footages", "conflict")


def check_machines(session: Session) -> Iterator[Finding]:
    """The machines of each recipe follow from its sightings, links and decisions."""
    recipes = select(AnalysisRow.model, AnalysisRow.settings).distinct()
    for model, settings in session.execute(recipes.order_by(*recipes.selected_columns)).all():
        about = f"machines of model {model[:12]} and settings {settings[:12]}"
        scope = load_scope(session, model, settings)
        decided = load_decided(session, scope)
        ties = session.execute(select(Link.a, Link.b, Link.kind)).all()
        joined = {(tie.a, tie.b) for tie in decided.joined}
        try:
            by_hand = {(a, b) for a, b, kind in ties if kind == "joined" and a in scope.footage}
            for pair in sorted(by_hand ^ joined):
                if decided.carried.isdisjoint(pair):
                    what = "their link by hand is gone" if pair in joined else "nobody joined them"
                    yield Finding("sightings {} and {}".format(*pair), what)
            yield from _check_made(session, scope, decided)
        except SettingsError as error:
            what = f"cannot be worked out again ({error})"
            yield Finding(about, what, "check them with the version that found them", wrong=False)
            continue
        linked = {key for a, b, _ in ties if a in scope.footage for key in (a, b)}
        for key in sorted(scope.new & linked):
            yield Finding(f"sighting {key}", "is linked to others and of no machine")
        if new := len(scope.new - linked):
            what = f"{new} sightings are of none: a sweep was stopped before it linked them"
            yield Finding(about, what, "run the sweep again, which links them", wrong=False)


def _check_made(session: Session, scope: Scope, decided: PairDecisions) -> Iterator[Finding]:
    """Each machine has the sightings it should, and says what follows from them."""
    rows = {row.id: row for row in session.scalars(select(MachineRow).where(scope.of(MachineRow)))}
    members: dict[str, set[str]] = defaultdict(set)
    for sighting, name in session.execute(select(Membership.sighting, Membership.machine)):
        members[name].add(sighting)
    for empty in sorted(rows.keys() - members.keys()):
        yield Finding(f"machine {empty}", "no sighting shows it")
    settled: set[str] = set()
    for part in chunks(sorted(scope.footage.keys() - scope.new)):
        if not (left := set(part) - settled):
            continue
        found = work_out(session, scope, left, decided)
        settled |= found.keys
        for machine in found.machines:
            about = f"machine {machine_id(machine.sightings[0])}"
            row, what = rows.get(machine_id(machine.sightings[0])), ""
            if row is None or members[row.id] != {*machine.sightings}:
                what = "has other sightings than links and decisions give it"
            elif unlike := [word for word in _SAYS if getattr(row, word) != getattr(machine, word)]:
                what = f"has another {', '.join(unlike)} than follows from its sightings"
            elif row.sightings != len(machine.sightings):
                what = "has another count than follows from its sightings"
            if what and not decided.carried.isdisjoint(machine.sightings):
                what = "does not follow yet from a decision on what another recipe found"
                yield Finding(about, what, "run the sweep again", wrong=False)
            elif what:
                yield Finding(about, what)
        for link in found.links:
            holds = (link.a, link.b, link.kind) in found.held
            if link.held != holds and decided.carried.isdisjoint((link.a, link.b)):
                what = f"their link ({link.kind}) is said {'' if link.held else 'not '}to hold"
                yield Finding(f"sightings {link.a} and {link.b}", what)


def check_draws(session: Session) -> Iterator[Finding]:
    """The audit sample is what its plan draws: nothing left out, nothing put in by hand."""
    plan = plan_of(session)
    drawn: dict[str, dict[str, Draw]] = defaultdict(dict)
    for row in session.scalars(select(Draw)):
        drawn[row.analysis][row.item] = row
    analyses = select(AnalysisRow.id, AnalysisRow.footage).order_by(AnalysisRow.id)
    footage = {row.id: row.footage for row in session.execute(analyses)}
    for key, several in members_of(session, list(footage)):
        there, members = drawn.get(key, {}), {one.item: one for one in several}
        if any(item not in there and chosen(plan, one) for item, one in members.items()):
            what = "the audit sample was not drawn from it, or not wholly"
            yield Finding(f"analysis {key}", what, "run nameplate case items, which draws it")
        for item, row in sorted(there.items()):
            wanted = None
            if (member := members.get(item)) is not None and chosen(plan, member):
                rate = plan.rates[member.stratum]
                wanted = (
                    footage[key],
                    member.pts,
                    member.sighting,
                    member.stratum,
                    rate,
                    plan.seed,
                )
            drawn_so = (row.footage, row.pts, row.sighting, row.stratum, row.probability, row.seed)
            if drawn_so != wanted:
                what = "was put into the audit sample, or changed; its plan does not draw it so"
                yield Finding(f"draw {item}", what, _SPOILT)


def check_items(session: Session) -> Iterator[Finding]:
    """Each analysis has the items that follow, with the standing that follows from the log."""
    again = "run nameplate case items, which makes them again"
    columns = inspect(Item).columns
    each = expected(session)
    while some := dict(islice(each, _AT_ONCE)):
        found: dict[str, dict[str, object]] = {analysis: {} for analysis in some}
        for row in session.execute(select(*columns).where(Item.analysis.in_(some))).mappings():
            found[row["analysis"]][row["item"]] = dict(row)
        for analysis, rows in some.items():
            stored, wanted = found[analysis], {row["item"]: row for row in rows}
            if stored.keys() != wanted.keys():
                what = "items of it do not follow from its flags and draws"
                yield Finding(f"analysis {analysis}", what, again)
            for key in sorted(stored.keys() & wanted.keys()):
                if stored[key] != wanted[key]:
                    what = "does not agree with its flags, draws and verdicts"
                    yield Finding(f"item {key}", what, again)
