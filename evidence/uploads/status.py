"""An upload as it is shown: what has come, and what became of it; told to all who watch."""

from __future__ import annotations

import threading
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
    kept = [one for one in some if one.state == "kept" and one.path and one.footage]
    with uploads.case.session() as session:
        analyses = _analyses(session, uploads.recipe, kept) if kept else {}
    found = []
    for one in some:
        whole = one.state == "kept"
        duplicate = whole and one.reason == DUPLICATE
        names = ("id", "author", "name", "size", "state", "made", "changed", *CLAIMS)
        known: dict[str, Any] = values_of(one, *names) | {
            "offset": uploads.offset(one),
            "reason": None if duplicate else one.reason,
            "duplicate": duplicate,
            "footage": one.footage if whole else None,
            "page": f"/footage/{one.footage}" if whole else None,
            "analysis": analyses.get(one.id),
        }
        found.append(UploadStatus(**known))
    return found


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
    seconds: dict[str, float | None] = dict(session.execute(lengths).all())
    found = _found(session, recipe, set(analysed)) if analysed else {}
    told: dict[str, UploadAnalysis] = {}
    for one in kept:
        work, sha256 = works.get(str(one.path)), str(one.footage)
        length = seconds.get(sha256)
        if (row := analysed.get(sha256)) is not None:
            frames = values_of(row, "frames_expected", "frames_decoded", "frames_total")
            told[one.id] = UploadAnalysis("done", seconds=length, found=found[sha256], **frames)
        elif work is not None and work.state == "aside":
            told[one.id] = UploadAnalysis("aside", work.kind, work.reason, length)
        else:
            told[one.id] = UploadAnalysis("waiting", seconds=length)
    return told


def _found(session: Session, recipe: Recipe, analysed: set[str]) -> dict[str, UploadFindings]:
    """By footage what was found in it."""
    of = SightingRow.footage.in_(analysed) & found_with(SightingRow, recipe)
    counts = (
        func.count(),
        func.count(SightingRow.builder),
        func.count().filter(SightingRow.concealed),
    )
    linked = select(SightingRow.footage, func.count(Membership.machine.distinct()))
    linked = linked.join(Membership, Membership.sighting == SightingRow.key).where(of)
    machines = dict(session.execute(linked.group_by(SightingRow.footage)).all())
    found = {sha256: UploadFindings(0, 0, 0, 0, 0) for sha256 in analysed}
    counted = select(SightingRow.footage, *counts).where(of).group_by(SightingRow.footage)
    for sha256, all_, named, hidden in session.execute(counted):
        found[sha256] = UploadFindings(all_, machines.get(sha256), named, all_ - named, hidden)
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
    """The paths of a footage by how they are shown; where two look alike, neither.

    Of an author only where the case keeps what they were first to bring.
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
        asked = select(Upload).order_by(Upload.made.desc()).limit(_MOST)
        with self._uploads.case.session() as session:
            some = session.scalars(asked).all()
        last = self._last
        self._last = {one.id: one for one in show_upload(self._uploads, some)}
        for one in self._last.values():
            before = last.get(one.id)
            if one == before:
                continue
            yield "upload", asdict(one)
            if one.analysis is not None and one.analysis.state == "done":
                was = before.analysis if before is not None else None
                if was is None or was.state != "done":
                    yield "footage", {"sha256": one.footage, **asdict(one.analysis)}

    def _desk_now(self) -> dict[str, Any]:
        doing = self._desk.doing if self._desk is not None else BackgroundState()
        tally = doing.tally or {}
        workers = [one for one in tally.get("workers", []) if one["path"]]
        asked = select(Location.path, Location.footage)
        asked = asked.where(Location.path.in_([one["path"] for one in workers]))
        footage: dict[str, str | None] = {}
        if workers:
            with self._uploads.case.session() as session:
                footage = dict(session.execute(asked).all())
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
