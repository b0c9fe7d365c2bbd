"""An upload as it is shown: what has come, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence.case.sighting_tables import AnalysisRow, Membership, SightingRow, found_with
from evidence.case.tables import CLAIMS, PLAYED, FootageRow, Location, Recipe, Upload, Work
from evidence.clip.record import spell
from evidence.clip.tables import printable
from evidence.uploads.intake import Uploads
from evidence.uploads.storage import DUPLICATE, KEPT


@dataclass(frozen=True)
class UploadFindings:
    """What stands in footage. machines: None until the sightings have been linked to
    machines. named, unknown: sightings with and without a builder; concealed: with a mark
    that was hidden."""

    sightings: int
    machines: int | None
    named: int
    unknown: int
    concealed: int


@dataclass(frozen=True)
class UploadAnalysis:
    """How far the analysis is. kind, reason: why it was set aside; reason_text: the same in the
    reader's language where that is not English. seconds: the length of
    the footage, once it is known. frames_decoded: of `frames_expected`; the rest is lost.
    frames_total: of all there are; the others were not looked at."""

    state: Literal["waiting", "done", "aside"]
    kind: str | None = None
    reason: str | None = None
    seconds: float | None = None
    found: UploadFindings | None = None
    frames_expected: int | None = None
    frames_decoded: int | None = None
    frames_total: int | None = None
    reason_text: str | None = None


@dataclass(frozen=True)
class UploadStatus:
    """One upload. offset: bytes that have come. duplicate: the case had the same bytes
    already. page: where to look at the footage."""

    id: str
    author: str
    name: str
    size: int
    offset: int
    state: Literal["receiving", "kept", "refused", "cancelled"]
    reason: str | None
    duplicate: bool
    footage: str | None
    page: str | None
    origin_url: str | None
    publisher: str | None
    published: str | None
    plant_claimed: str | None
    note: str | None
    made: datetime
    changed: datetime
    analysis: UploadAnalysis | None
    reason_text: str | None = None


def show_upload(uploads: Uploads, some: Sequence[Upload]) -> list[UploadStatus]:
    """These uploads, with what became of them, by a few queries for all of them."""
    kept = [one for one in some if one.state == "kept" and one.path and one.footage]
    with uploads.case.session() as session:
        analyses = _analyses(session, uploads.recipe, kept) if kept else {}
    return [_shown(uploads, one, analyses.get(one.id)) for one in some]


def _shown(uploads: Uploads, one: Upload, analysis: UploadAnalysis | None) -> UploadStatus:
    kept = one.state == "kept"
    duplicate = kept and one.reason == DUPLICATE
    names = ("id", "author", "name", "size", "state", "made", "changed", *CLAIMS)
    return UploadStatus(
        **{name: getattr(one, name) for name in names},
        offset=uploads.offset(one),
        reason=None if duplicate else one.reason,
        duplicate=duplicate,
        footage=one.footage if kept else None,
        page=f"/footage/{one.footage}" if kept else None,
        analysis=analysis,
    )


def _analyses(
    session: Session, recipe: Recipe, kept: Sequence[Upload]
) -> dict[str, UploadAnalysis]:
    """By upload how its analysis stands."""
    footage = {one.footage for one in kept}
    listed = select(Work).where(Work.path.in_({one.path for one in kept}), found_with(Work, recipe))
    works = {work.path: work for work in session.scalars(listed)}
    done = select(AnalysisRow).where(
        AnalysisRow.footage.in_(footage), found_with(AnalysisRow, recipe)
    )
    analysed = {row.footage: row for row in session.scalars(done)}
    lengths = select(FootageRow.sha256, PLAYED).where(FootageRow.sha256.in_(footage))
    seconds: dict[str, float | None] = {row[0]: row[1] for row in session.execute(lengths)}
    found = _found(session, recipe, set(analysed)) if analysed else {}
    told: dict[str, UploadAnalysis] = {}
    for one in kept:
        assert one.footage is not None
        assert one.path is not None
        work, length = works.get(one.path), seconds.get(one.footage)
        if (row := analysed.get(one.footage)) is not None:
            told[one.id] = UploadAnalysis(
                "done",
                seconds=length,
                found=found[one.footage],
                frames_expected=row.frames_expected,
                frames_decoded=row.frames_decoded,
                frames_total=row.frames_total,
            )
        elif work is not None and work.state == "aside":
            told[one.id] = UploadAnalysis("aside", work.kind, work.reason, length)
        else:
            told[one.id] = UploadAnalysis("waiting", seconds=length)
    return told


def _found(session: Session, recipe: Recipe, analysed: set[str]) -> dict[str, UploadFindings]:
    """By footage what was found in it."""
    of = SightingRow.footage.in_(analysed) & found_with(SightingRow, recipe)
    counted = (
        select(
            SightingRow.footage,
            func.count(),
            func.count(SightingRow.builder),
            func.count().filter(SightingRow.concealed),
        )
        .where(of)
        .group_by(SightingRow.footage)
    )
    linked = (
        select(SightingRow.footage, func.count(Membership.machine.distinct()))
        .join(Membership, Membership.sighting == SightingRow.key)
        .where(of)
        .group_by(SightingRow.footage)
    )
    machines: dict[str, int] = {row[0]: row[1] for row in session.execute(linked)}
    found = {sha256: UploadFindings(0, 0, 0, 0, 0) for sha256 in analysed}
    for sha256, sightings, named, concealed in session.execute(counted):
        found[sha256] = UploadFindings(
            sightings, machines.get(sha256), named, sightings - named, concealed
        )
    return found


def list_uploads(
    uploads: Uploads, author: str | None, after: tuple[datetime, str] | None, limit: int
) -> list[Upload]:
    """Uploads, the latest first; of one author, or, with None, of all."""
    asked = select(Upload).order_by(Upload.made.desc(), Upload.id.desc()).limit(limit)
    if author is not None:
        asked = asked.where(Upload.author == author)
    if after is not None:
        made, number = after
        asked = asked.where((Upload.made < made) | ((Upload.made == made) & (Upload.id < number)))
    with uploads.case.session() as session:
        return list(session.scalars(asked))


def uploaded_places(session: Session, sha256: str, author: str | None) -> dict[str, str]:
    """The paths of a footage, by how they are shown; where two are shown alike, neither.

    Args:
        author: whoever uploaded it: then only where the case keeps what they were first to bring.
            None for all places.
    """
    paths = select(Location.path).where(Location.footage == sha256)
    if author is not None:
        brought = select(Upload.path).where(
            Upload.footage == sha256, Upload.author == author, Upload.state == KEPT,
            Upload.reason.is_distinct_from(DUPLICATE),
        )  # fmt: skip
        paths = paths.where(Location.path.in_(brought))
    shown: dict[str, list[str]] = {}
    for path in session.scalars(paths):
        shown.setdefault(printable(spell(path)), []).append(path)
    return {told: found[0] for told, found in shown.items() if len(found) == 1}
