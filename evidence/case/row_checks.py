"""What a check of a case finds.

Whether the rows of a case agree with each other.

Whether the audit sample is as it was drawn, and what reviewers are shown agrees with flags,
draws and verdicts.

Whether the audit sample is what its plan draws: nothing left out, and nothing put in by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import and_, func, inspect, or_, select
from sqlalchemy.orm import Session

from evidence.case.rows import PARTS, each_stored
from evidence.case.sighting_tables import (
    AnalysisRow,
    Derived,
    Flag,
    LookRow,
    PrintRow,
    ReadingRow,
    SightingRow,
    StillRow,
    analysis_id,
    sighting_key,
)
from evidence.case.tables import Chance, Draw, FootageRow, Item, Location, Work
from evidence.review.audit import AuditMember, AuditPlan, chosen, frame_item, plan_of
from evidence.review.items import expected, members_of


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


_REPLACE = "open the last pack of the case in its place"
_NAMED = (ReadingRow, StillRow, LookRow, Flag)


def check_analyses(session: Session) -> Iterator[Finding]:
    """Each analysis has the name that follows from its recipe, and all of its rows as stored."""
    analyses = session.scalars(select(AnalysisRow.id).order_by(AnalysisRow.id)).all()
    for key, rows in each_stored(session, analyses):
        about, own = f"analysis {key}", rows.analysis
        if key != analysis_id(own["footage"], own["model"], own["settings"]):
            yield Finding(about, "its name is not that of its footage and recipe", _REPLACE)
        elif rows.digest() != own["digest"]:
            yield Finding(about, "rows of it are missing or were changed", _REPLACE)


def check_names(session: Session) -> Iterator[Finding]:
    """Each derived row names its analysis' footage and recipe, and a sighting that is there."""
    models: tuple[type[Derived], ...] = (*PARTS, Flag)
    for model in models:
        strange = (
            select(model.analysis)
            .join(AnalysisRow, AnalysisRow.id == model.analysis)
            .where(
                or_(
                    model.footage != AnalysisRow.footage,
                    model.model != AnalysisRow.model,
                    model.settings != AnalysisRow.settings,
                )
            )
            .distinct()
        )
        for key in session.scalars(strange):
            what = f"{model.__tablename__} of it name another footage or recipe"
            yield Finding(f"analysis {key}", what, _REPLACE)
    for named in _NAMED:
        lost = (
            select(named.analysis, named.sighting)
            .outerjoin(
                SightingRow,
                and_(SightingRow.analysis == named.analysis, SightingRow.name == named.sighting),
            )
            .where(named.sighting.is_not(None), named.sighting != "", SightingRow.name.is_(None))
            .distinct()
        )
        for key, name in session.execute(lost):
            what = f"{named.__tablename__} name its sighting {name}, which is not there"
            yield Finding(f"analysis {key}", what, _REPLACE)
    for key, analysis, name in session.execute(
        select(SightingRow.key, SightingRow.analysis, SightingRow.name)
    ):
        if key != sighting_key(analysis, name):
            what = f"is called {key} in the case, which is not its name"
            yield Finding(f"sighting {name} of analysis {analysis}", what, _REPLACE)


def check_work(session: Session) -> Iterator[Finding]:
    """Work is done when its analysis is stored; what nobody has read yet is on a list."""
    lost = (
        select(Work.path)
        .join(Location, Location.path == Work.path)
        .outerjoin(
            AnalysisRow,
            and_(
                AnalysisRow.footage == Location.footage,
                AnalysisRow.model == Work.model,
                AnalysisRow.settings == Work.settings,
            ),
        )
        .where(Work.state == "done", AnalysisRow.id.is_(None))
        .order_by(Work.path)
    )
    for path in session.scalars(lost):
        what = "counts as done, and there is no analysis of it"
        yield Finding(path, what, _REPLACE)
    strange = select(Work.path, Work.state).where(Work.state.not_in(("waiting", "done", "aside")))
    for path, state in session.execute(strange):
        yield Finding(path, f"its work is in no known state ({state})", _REPLACE)
    unlisted = (
        select(Location.path)
        .outerjoin(AnalysisRow, AnalysisRow.footage == Location.footage)
        .where(
            Location.path.not_in(select(Work.path)),
            or_(Location.footage.is_(None), Location.held & AnalysisRow.id.is_(None)),
        )
        .order_by(Location.path)
    )
    for path in session.scalars(unlisted):
        what = "it was to be looked at, and is on no list any more"
        yield Finding(path, what, f"{_REPLACE}, or sweep the folder it lies in")


def check_footage(session: Session) -> Iterator[Finding]:
    """Both records of a footage's length agree; footage is known for a reason."""
    lengths = select(FootageRow.sha256, FootageRow.duration, FootageRow.seconds)
    for sha256, duration, seconds in session.execute(lengths.order_by(FootageRow.sha256)):
        if seconds != (None if duration is None else float(duration)):
            what = f"its length is told twice, and otherwise ({duration} s, {seconds} s)"
            yield Finding(f"footage {sha256[:12]}", what, _REPLACE)
    orphans = session.scalar(
        select(func.count())
        .select_from(FootageRow)
        .where(
            FootageRow.sha256.not_in(select(AnalysisRow.footage)),
            FootageRow.sha256.not_in(select(Location.footage).where(Location.footage.is_not(None))),
        )
    )
    if orphans:
        what = f"{orphans} of which neither a place nor an analysis is known"
        yield Finding("footage", what, "nothing needs to be done", wrong=False)


_AT_ONCE = 500  # analyses a statement
_AGAIN = "run nameplate case items, which makes them anew"
_SPOILT = "do not estimate from the sample; open the last pack of the case in its place"


def check_draws(session: Session) -> Iterator[Finding]:
    """The audit sample is the one that its plan draws."""
    plan = plan_of(session)
    if is_guessed(session, plan):
        what = "was drawn by chances other than the program's own, which nobody set beforehand"
        todo = "it may be of a case from before they were kept; ask who drew it"
        yield Finding("the audit sample", what, todo, wrong=False)
    for item in drawn_from_nothing(session):
        yield Finding(f"draw {item}", "is of no analysis in the case", _SPOILT)
    for key, drawn in compare_draws(session, plan):
        about = f"analysis {key}"
        if drawn.missing:
            yield Finding(about, "the audit sample was not drawn from it, or not wholly", _AGAIN)
        for item in drawn.strange:
            what = "was put into the audit sample, or changed; its plan does not draw it so"
            yield Finding(f"draw {item}", what, _SPOILT)
        if drawn.older:
            what = f"{len(drawn.older)} frames of it were drawn in which something is found now"
            todo = "nothing needs to be done: an older version drew them, by the same chances"
            yield Finding(about, what, todo, wrong=False)


def check_items(session: Session) -> Iterator[Finding]:
    """Each analysis has the items that follow, with the standing that follows from the log."""
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
                yield Finding(f"analysis {analysis}", what, _AGAIN)
            for key in sorted(stored.keys() & wanted.keys()):
                if stored[key] != wanted[key]:
                    what = "does not agree with its flags, draws and verdicts"
                    yield Finding(f"item {key}", what, _AGAIN)


@dataclass(frozen=True)
class Drawn:
    """How the draws of an analysis differ from those of the plan, by names of items.

    missing: drawn by the plan, not in the case. strange: in the case, and drawn differently or not
    at all. older: frames drawn before, in which this version does find something.
    """

    missing: tuple[str, ...]
    strange: tuple[str, ...]
    older: tuple[str, ...]


def compare_draws(session: Session, plan: AuditPlan) -> Iterator[tuple[str, Drawn]]:
    """Draws the sample of each analysis a second time, and compares; by the analysis' id."""
    drawn: dict[str, dict[str, Draw]] = defaultdict(dict)
    for row in session.scalars(select(Draw)):
        drawn[row.analysis][row.item] = row
    analyses = select(AnalysisRow.id, AnalysisRow.footage).order_by(AnalysisRow.id)
    footage = {row.id: row.footage for row in session.execute(analyses)}
    for key, several in members_of(session, list(footage)):
        there = drawn.get(key, {})
        members = {one.item: one for one in several}
        missing = [one for one in several if one.item not in there and chosen(plan, one)]
        strange, older = [], []
        known = frozenset(
            session.scalars(select(PrintRow.pts).where(PrintRow.analysis == key))
            if there.keys() - members.keys()
            else ()
        )
        for item, row in there.items():
            member = members.get(item)
            if member is None and row.pts in known:
                member = AuditMember(frame_item(key, row.pts), "frame", row.pts)
            if member is None or not _follows(plan, member, row, footage[key]):
                strange.append(item)
            elif item not in members:
                older.append(item)
        missed = sorted(one.item for one in missing)
        yield key, Drawn(tuple(missed), tuple(sorted(strange)), tuple(sorted(older)))


def drawn_from_nothing(session: Session) -> list[str]:
    """The draws, by item, from an analysis that the case does not hold."""
    lost = select(Draw.item).where(Draw.analysis.not_in(select(AnalysisRow.id)))
    return list(session.scalars(lost.order_by(Draw.item)))


def is_guessed(session: Session, plan: AuditPlan) -> bool:
    """Whether the plan of the case is known from its draws alone, and not the program's own."""
    return plan != AuditPlan() and session.scalar(select(Chance.stratum).limit(1)) is None


def _follows(plan: AuditPlan, member: AuditMember, row: Draw, footage: str) -> bool:
    """Whether a draw is the one that the plan makes of a member."""
    which = (member.item, footage, member.pts, member.sighting)
    how = (member.stratum, plan.rates[member.stratum], plan.seed)
    return (
        chosen(plan, member)
        and which == (row.item, row.footage, row.pts, row.sighting)
        and how == (row.stratum, row.probability, row.seed)
    )
