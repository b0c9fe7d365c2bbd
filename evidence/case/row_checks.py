"""Whether the rows of a case agree with each other, and the audit sample with its plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import Select, and_, inspect, or_, select
from sqlalchemy.orm import Session

from evidence.case.rows import each_stored
from evidence.case.sighting_tables import (
    AnalysisRow,
    analysis_id,
)
from evidence.case.tables import Draw, FootageRow, Item, Location, Work
from evidence.review.audit import AuditMember, AuditPlan, chosen, plan_of
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
    todo: str
    wrong: bool = True

    def __str__(self) -> str:
        return f"{self.about}: {self.what}; {self.todo}"


def check_analyses(session: Session) -> Iterator[Finding]:
    """Each analysis has the name that follows from its recipe, and all of its rows as stored."""
    analyses = session.scalars(select(AnalysisRow.id).order_by(AnalysisRow.id)).all()
    for key, rows in each_stored(session, analyses):
        about, own = f"analysis {key}", rows.analysis
        if key != analysis_id(own["footage"], own["model"], own["settings"]):
            yield Finding(about, "its name is not that of its footage and recipe", REPLACE)
        elif rows.digest() != own["digest"]:
            yield Finding(about, "rows of it are missing or were changed", REPLACE)


@dataclass(frozen=True)
class _Rule:
    """Rows that should not be there: how to ask for them, and what to say of each."""

    query: Select[*tuple[Any, ...]]
    about: str
    what: str
    todo: str = REPLACE


_DONE = and_(
    AnalysisRow.footage == Location.footage,
    AnalysisRow.model == Work.model,
    AnalysisRow.settings == Work.settings,
)
_LISTS = (
    _Rule(
        select(Work.path)
        .join(Location, Location.path == Work.path)
        .outerjoin(AnalysisRow, _DONE)
        .where(Work.state == "done", AnalysisRow.id.is_(None))
        .order_by(Work.path),
        "{0}",
        "counts as done, and there is no analysis of it",
    ),
    _Rule(
        select(Location.path)
        .outerjoin(AnalysisRow, AnalysisRow.footage == Location.footage)
        .where(
            Location.path.not_in(select(Work.path)),
            or_(Location.footage.is_(None), Location.held & AnalysisRow.id.is_(None)),
        )
        .order_by(Location.path),
        "{0}",
        "it was to be looked at, and is on no list any more",
        f"{REPLACE}, or sweep the folder it lies in",
    ),
    _Rule(
        select(Draw.item).where(Draw.analysis.not_in(select(AnalysisRow.id))).order_by(Draw.item),
        "draw {0}",
        "is of no analysis in the case",
        _SPOILT,
    ),
)


def check_lists(session: Session) -> Iterator[Finding]:
    """Work is done when its analysis is stored; what nobody read is on a list; lengths agree."""
    for rule in _LISTS:
        for row in session.execute(rule.query):
            yield Finding(rule.about.format(*row), rule.what, rule.todo)
    lengths = select(FootageRow.sha256, FootageRow.duration, FootageRow.seconds)
    for sha256, duration, seconds in session.execute(lengths.order_by(FootageRow.sha256)):
        if seconds != (None if duration is None else float(duration)):
            what = f"has two lengths ({duration} s, {seconds} s)"
            yield Finding(f"footage {sha256[:12]}", what, REPLACE)


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
            member = members.get(item)
            if member is None or not _follows(plan, member, row, footage[key]):
                what = "was put into the audit sample, or changed; its plan does not draw it so"
                yield Finding(f"draw {item}", what, _SPOILT)


def _follows(plan: AuditPlan, member: AuditMember, row: Draw, footage: str) -> bool:
    """Whether a draw is the one that the plan makes of a member."""
    which = (member.item, footage, member.pts, member.sighting)
    how = (member.stratum, plan.rates[member.stratum], plan.seed)
    return (
        chosen(plan, member)
        and which == (row.item, row.footage, row.pts, row.sighting)
        and how == (row.stratum, row.probability, row.seed)
    )


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
