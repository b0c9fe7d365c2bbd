"""An upload as it is shown: what has come, and what became of it; told to all who watch."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any, Literal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.errors import NameplateError
from evidence.case.base import found_with, values_of
from evidence.case.sighting_tables import AnalysisRow, Membership, SightingRow
from evidence.case.tables import CLAIMS, PLAYED, FootageRow, Location, Recipe, Upload, Work
from evidence.case.work_queue import ASIDE
from evidence.clip.record import spell
from evidence.clip.tables import printable
from evidence.uploads.intake import Uploads
from evidence.uploads.storage import DUPLICATE, KEPT
from evidence.work.background import BackgroundState, BackgroundWorker


@dataclass(frozen=True)
class UploadFindings:
    """What stands in footage, by sightings. machines: None until they are linked."""

    sightings: int
    machines: int | None
    named: int
    unknown: int
    concealed: int


@dataclass(frozen=True)
class UploadAnalysis:
    """How far the analysis is.

    kind, reason: why it was set aside; reason_text: in the reader's language, if not English.
    seconds: the length of the footage, once it is known.
    frames_decoded: of `frames_expected`; the rest is lost. frames_total: of all there are.
    """

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
    kept = [one.id for one in some if one.state == KEPT]
    with uploads.case.session() as session:
        analyses = _analyses(session, uploads.recipe, kept) if kept else {}
    return [
        UploadStatus(
            **values_of(one, "id", "author", "name", "size", "state", "made", "changed", *CLAIMS),
            offset=uploads.offset(one),
            reason=None if duplicate else one.reason,
            duplicate=duplicate,
            footage=one.footage if whole else None,
            page=f"/footage/{one.footage}" if whole else None,
            analysis=analyses.get(one.id),
        )
        for one in some
        for whole in [one.state == KEPT]
        for duplicate in [whole and one.reason == DUPLICATE]
    ]


def _analyses(session: Session, recipe: Recipe, kept: list[str]) -> dict[str, UploadAnalysis]:
    """By upload how its analysis stands."""
    query = (
        select(Upload.id, Upload.footage, PLAYED, Work, AnalysisRow)
        .join(FootageRow, FootageRow.sha256 == Upload.footage)
        .outerjoin(Work, (Work.path == Upload.path) & found_with(Work, recipe))
        .outerjoin(
            AnalysisRow,
            (AnalysisRow.footage == Upload.footage) & found_with(AnalysisRow, recipe),
        )
        .where(Upload.id.in_(kept))
    )
    rows = session.execute(query).all()
    found = _found(session, recipe, {sha256 for _, sha256, _, _, analysis in rows if analysis})
    told: dict[str, UploadAnalysis] = {}
    for number, sha256, seconds, work, analysis in rows:
        if analysis is not None:
            frames = values_of(analysis, "frames_expected", "frames_decoded", "frames_total")
            seen = found.get(sha256, UploadFindings(0, 0, 0, 0, 0))
            told[number] = UploadAnalysis("done", seconds=seconds, found=seen, **frames)
        elif work is not None and work.state == ASIDE:
            told[number] = UploadAnalysis("aside", work.kind, work.reason, seconds)
        else:
            told[number] = UploadAnalysis("waiting", seconds=seconds)
    return told


def _found(session: Session, recipe: Recipe, analysed: set[str]) -> dict[str, UploadFindings]:
    """By footage what was found in it, if anything was."""
    counts = (
        func.count(),
        func.count(SightingRow.builder),
        func.count().filter(SightingRow.concealed),
        func.count(Membership.machine.distinct()),
    )
    query = (
        select(SightingRow.footage, *counts)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .where(SightingRow.footage.in_(analysed), found_with(SightingRow, recipe))
        .group_by(SightingRow.footage)
    )
    return {
        sha256: UploadFindings(seen, machines or None, named, seen - named, hidden)
        for sha256, seen, named, hidden, machines in session.execute(query)
    }


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
    """The paths of a footage by how they are shown; where two look alike, neither. Of an author
    only where the case keeps what they were first to bring."""
    paths = select(Location.path).where(Location.footage == sha256)
    if author is not None:
        mine = select(Upload.path).where(Upload.footage == sha256, Upload.author == author)
        first = mine.where(Upload.state == KEPT, Upload.reason.is_distinct_from(DUPLICATE))
        paths = paths.where(Location.path.in_(first))
    shown: dict[str, list[str]] = defaultdict(list)
    for path in session.scalars(paths):
        shown[printable(spell(path))].append(path)
    return {told: found[0] for told, found in shown.items() if len(found) == 1}


LOOK_SECONDS = 1.0
_MOST = 500  # the latest uploads, which are looked at

Event = tuple[str, dict[str, Any]]  # a kind (`desk`, `upload`, `footage`) and plain data
Tell = Callable[[Event], None]


class Board:
    """Looks for what changes, in a thread that runs only while somebody watches."""

    def __init__(self, uploads: Uploads, desk: BackgroundWorker | None) -> None:
        self._uploads, self._desk = uploads, desk
        self._lock = threading.Lock()
        self._told: list[Tell] = []
        self._ended = threading.Event()
        self._last: dict[str, UploadStatus] = {}
        self._doing: dict[str, Any] = {}

    @contextmanager
    def watch(self, tell: Tell) -> Iterator[None]:
        """Has `tell` called, in another thread, with all that happens until the block ends."""
        with self._lock:
            if not self._told:
                self._doing, self._last = self._desk_now(), {}
                # What there is already is known to whoever asks for the list from now on.
                self._look()
                self._ended = ended = threading.Event()
                threading.Thread(target=self._run, args=(ended,), name="board", daemon=True).start()
            self._told.append(tell)
            tell(("desk", self._doing))
        try:
            yield
        finally:
            with self._lock:
                self._told.remove(tell)
                if not self._told:
                    self._ended.set()

    def _run(self, ended: threading.Event) -> None:
        while not ended.wait(LOOK_SECONDS):
            events = self._look()
            with self._lock:
                if ended.is_set():
                    return
                for tell in self._told:
                    for event in events:
                        tell(event)

    def _look(self) -> list[Event]:
        """What has changed since the last look."""
        try:
            events = list(self._changed())
            doing = self._desk_now()
        except NameplateError:
            return []  # the database is away; the next look may find it
        if doing != self._doing:
            self._doing = doing
            events.append(("desk", doing))
        return events

    def _changed(self) -> Iterator[Event]:
        some, last = list_uploads(self._uploads, None, None, _MOST), self._last
        self._last = {one.id: one for one in show_upload(self._uploads, some)}
        for one in self._last.values():
            before = last.get(one.id)
            if one == before:
                continue
            yield "upload", asdict(one)
            was = before and before.analysis
            if one.analysis and one.analysis.state == "done" and (not was or was.state != "done"):
                yield "footage", {"sha256": one.footage, **asdict(one.analysis)}

    def _desk_now(self) -> dict[str, Any]:
        doing = self._desk.doing if self._desk is not None else BackgroundState()
        tally = doing.tally or {}
        workers = [one for one in tally.get("workers", []) if one["path"]]
        footage: dict[str, str | None] = {}
        if workers:
            at_work = Location.path.in_([one["path"] for one in workers])
            with self._uploads.case.session() as session:
                rows = session.execute(select(Location.path, Location.footage).where(at_work))
                footage = dict(rows.all())
        return {
            "state": doing.state if self._desk is not None else "nobody",
            "message": doing.message,
            **{name: tally.get(name, 0) for name in ("waiting", "done")},
            "aside": sum(tally.get("aside", {}).values()),
            "workers": [
                {
                    "name": PurePath(one["path"]).name,
                    "footage": footage.get(one["path"]),
                    "seconds": round(one["seconds"]),
                    "share": None if one["share"] is None else round(one["share"], 3),
                    "stage": one["stage"],
                }
                for one in workers
            ],
        }
