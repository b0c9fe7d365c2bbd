"""What all who watch are told: one look a second however many they are, none while nobody does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

from sqlalchemy import or_, select

from datasets.errors import NameplateError
from evidence.case.tables import Location, Upload
from evidence.uploads.intake import Uploads
from evidence.uploads.status import UploadStatus, show_upload
from evidence.uploads.storage import KEPT, RECEIVING
from evidence.work.background import BackgroundState, BackgroundWorker

LOOK_SECONDS = 1.0

_SLACK = timedelta(seconds=5)  # clocks of several machines, and transactions that take a while
_MOST = 500  # uploads looked at, at once

Event = tuple[str, dict[str, Any]]
"""A kind (`desk`, `upload`, `footage`) and plain data."""

Tell = Callable[[Event], None]


class Board:
    """Looks for what changes, in a thread that is there only while somebody watches.

    Args:
        desk: whose progress is told; None where nobody works.
    """

    def __init__(self, uploads: Uploads, desk: BackgroundWorker | None) -> None:
        self._uploads, self._desk = uploads, desk
        self._lock = threading.Lock()
        self._told: list[Tell] = []
        self._ended = threading.Event()
        self._last: dict[str, UploadStatus] = {}
        self._live: set[str] | None = None  # None: nobody has looked yet
        self._doing: dict[str, Any] = {}
        self._since = datetime.now(UTC)

    @contextmanager
    def watch(self, tell: Tell) -> Iterator[None]:
        """Has `tell` called, in another thread, with all that happens until the block ends."""
        with self._lock:
            if not self._told:
                self._doing = self._desk_now()
                self._last, self._live = {}, None
                self._since = datetime.now(UTC)
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
        now = datetime.now(UTC)
        # The first look is at all that is kept: of some the analysis waits since long before.
        live = Upload.state == KEPT if self._live is None else Upload.id.in_(self._live)
        recent = Upload.changed >= self._since - _SLACK
        asked = select(Upload).where(or_(recent, Upload.state == RECEIVING, live))
        with self._uploads.case.session() as session:
            some = session.scalars(asked.order_by(Upload.made.desc()).limit(_MOST)).all()
        shown = show_upload(self._uploads, some)
        self._since = now
        self._live = {one.id for one in shown if _moves(one)}
        last, self._last = self._last, {one.id: one for one in shown}
        for one in shown:
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
        footage = self._footage([one["path"] for one in workers])
        return {
            "state": doing.state if self._desk is not None else "nobody",
            "message": doing.message,
            "waiting": tally.get("waiting", 0),
            "done": tally.get("done", 0),
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

    def _footage(self, paths: list[str]) -> dict[str, str | None]:
        """By path the footage that lies there, where that is known."""
        if not paths:
            return {}
        asked = select(Location.path, Location.footage).where(Location.path.in_(paths))
        with self._uploads.case.session() as session:
            return {row[0]: row[1] for row in session.execute(asked)}


def _moves(one: UploadStatus) -> bool:
    """Whether something will still happen to it that its own row does not tell."""
    if one.state != "kept" or one.analysis is None:
        return one.state == RECEIVING
    found = one.analysis.found
    unlinked = found is not None and found.sightings > 0 and found.machines is None
    return one.analysis.state == "waiting" or unlinked
