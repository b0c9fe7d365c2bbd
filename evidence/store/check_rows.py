"""Whether the rows of a case agree with each other."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from evidence.store.derived import (
    AnalysisRow,
    Derived,
    Flag,
    LookRow,
    ReadingRow,
    SightingRow,
    StillRow,
)
from evidence.store.finding import Finding
from evidence.store.keys import analysis_id, sighting_key
from evidence.store.models import FootageRow, Location, Work
from evidence.store.rows import PARTS, each_stored

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
    """The length of footage is told alike twice; footage is known for a reason."""
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
