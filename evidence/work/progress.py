"""How far a sweep has come: shown live, kept in `Run.counts`, read by `--status`."""

from __future__ import annotations

import signal
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Protocol, Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.errors import CaseLocked, CaseUnwritable
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.sighting_tables import MachineRow, SightingRow
from evidence.case.summary import left_out, mostly_lost
from evidence.case.tables import Recipe, Run
from evidence.case.work_queue import counts, list_aside

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Whether this process was asked to end. In use, the signals are heard by it."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._before: dict[int, Any] = {}

    @property
    def asked(self) -> bool:
        return self._event.is_set()

    def ask(self) -> None:
        """As if Ctrl-C had been pressed once."""
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Waits, but no longer than until asked; gives `asked`."""
        return self._event.wait(seconds)

    def __enter__(self) -> Self:
        # Only a process's main thread may listen to signals; a server has its own ears.
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._heard) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.ask()


# The rate is that of so many last seconds, and of so many last clips where these took longer.
RATE_SECONDS, RATE_CLIPS = 900.0, 20

MOST_LEFT_OUT = 1000  # of what is left out so much is kept in a run's counts


@dataclass(frozen=True, slots=True)
class OnWorker:
    """What one worker is on, and for how many seconds; `share` (0..1) and `stage`: how far it
    is, None before it has said so."""

    name: str
    path: str | None
    seconds: float
    share: float | None = None
    stage: str | None = None


@dataclass(slots=True)
class SweepTally:
    """How far a sweep has come.

    aside: by kind of reason. seconds: of footage done. machines: by builder, "" for unknown. rate:
    seconds of footage a second, None before anything is done. left: seconds still to go, or None.
    finding: sources are still being found. away: files out of reach for now. lost: footage done
    with most frames lost. replaced: paths at which another file was found since the sweep began.
    left_out: what was not looked at and why, each once. unsettled: footage stored before a search
    for its copies. relink: sightings stored that are not linked to machines yet.
    """

    waiting: int = 0
    done: int = 0
    aside: dict[str, int] = field(default_factory=dict)
    footages: int = 0
    seconds: float = 0.0
    sightings: int = 0
    concealed: int = 0
    machines: dict[str, int] = field(default_factory=dict)
    rate: float | None = None
    left: float | None = None
    finding: bool = True
    away: int = 0
    lost: int = 0
    replaced: int = 0
    left_out: list[str] = field(default_factory=list)
    workers: list[OnWorker] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    relink: bool = False

    def leave_out(self, message: str) -> None:
        """Notes something that is not looked at, in words for a person."""
        if message not in self.left_out and len(self.left_out) < MOST_LEFT_OUT:
            self.left_out.append(message)

    def to_json(self) -> dict[str, Any]:
        """Plain data, as it is stored and printed."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SweepTally:
        """The tally of stored counts; what another version does not know of stays as it is."""
        known = {name: values[name] for name in cls.__slots__ if name in values}
        workers = [OnWorker(**one) for one in known.pop("workers", [])]
        return cls(workers=workers, **known)

    def count(self, session: Session, recipe: Recipe) -> int:
        """Counts the list of a recipe, and what was found with it; gives the bytes that wait."""
        listed = counts(session, recipe)
        for name in ("waiting", "done", "aside", "footages", "seconds"):
            setattr(self, name, getattr(listed, name))
        seen = select(func.count()).where(found_with(SightingRow, recipe))
        self.sightings = session.scalar(seen) or 0
        self.concealed = session.scalar(seen.where(SightingRow.concealed)) or 0
        machines = select(MachineRow.builder, func.count()).where(found_with(MachineRow, recipe))
        rows = session.execute(machines.group_by(MachineRow.builder))
        self.machines = dict(sorted((builder or "", number) for builder, number in rows))
        self.lost = len(mostly_lost(session, recipe))
        return listed.waiting_bytes

    def finished(self, paths: int) -> None:
        """So many more are done: for whoever watches, until the list is counted again."""
        self.done += paths
        self.waiting = max(0, self.waiting - paths)

    def put_aside(self, kind: str, paths: int) -> None:
        """So many more are set aside."""
        if paths:
            self.aside[kind] = self.aside.get(kind, 0) + paths
            self.waiting = max(0, self.waiting - paths)


class Pace:
    """How fast it goes, by a clock that is never put back."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._steps: deque[tuple[float, float, int]] = deque()

    def add(self, seconds: float, size: int) -> None:
        """Footage of that length and of so many bytes is done."""
        now = time.monotonic()
        self._steps.append((now, seconds, size))
        while len(self._steps) > RATE_CLIPS and self._steps[0][0] < now - RATE_SECONDS:
            self._since = self._steps.popleft()[0]

    def _span(self) -> float:
        """In how many seconds that was done which is counted."""
        return max(1e-3, time.monotonic() - self._since)

    @property
    def rate(self) -> float | None:
        """Seconds of footage a second."""
        return sum(s for _, s, _ in self._steps) / self._span() if self._steps else None

    def left(self, size: int) -> float | None:
        """Seconds for so many more bytes: sizes are known before lengths are."""
        done = sum(size for _, _, size in self._steps)
        return size / done * self._span() if done else None


class Watcher(Protocol):
    """Whoever hears how a sweep goes."""

    def show(self, tally: SweepTally) -> None:
        """How far it is; called several times a second."""

    def trouble(self, message: str) -> None:
        """Something a person may want to do something about."""

    def waiting(self, message: str) -> None:
        """It waits for something; called again and again while it does."""


DEAD_SECONDS = 120.0  # not heard of for so long a run looks dead, where no lock can be tried


@dataclass(frozen=True)
class SweepStatus:
    """The latest sweep of a case. alive: it is at work now. heard: seconds since its last sign of
    life, by this machine's clock. tally: where no sweep is at work, counted from the list, without
    pace or time left. aside: path, kind of error and reason of each file set aside, in order."""

    run: Run
    tally: SweepTally
    alive: bool
    heard: float
    aside: tuple[tuple[str, str, str], ...] = ()

    @property
    def died(self) -> bool:
        """Whether it ended without having been able to say so."""
        return not self.alive and self.run.ended is None


def read_status(case: Case) -> SweepStatus | None:
    """The latest sweep of a case, None where there was none. `CaseUnreachable`: the database does
    not answer."""
    with case.session() as session:
        latest = select(Run).where(Run.kind == "sweep").order_by(Run.started.desc(), Run.id)
        run = session.scalars(latest.limit(1)).first()
        if run is None:
            return None
        heard = (datetime.now(UTC) - run.beat).total_seconds()
        alive = run.ended is None and _is_held(case, heard)
        tally = SweepTally.from_json(run.counts)
        recipe = session.get(Recipe, (run.model, run.settings))
        if not alive and recipe is not None:
            tally.count(session, recipe)
            tally.workers, tally.rate, tally.left = [], None, None
        tally.left_out = left_out(session)
        aside = tuple((path, kind or "", why or "") for path, kind, why in list_aside(session, run))
        return SweepStatus(run, tally, alive, heard, aside)


def _is_held(case: Case, heard: float) -> bool:
    """Whether somebody holds the case: the lock says so, whatever the clocks say."""
    try:
        with case.lock():
            return False
    except CaseLocked:
        return True
    except CaseUnwritable:
        return heard < DEAD_SECONDS
