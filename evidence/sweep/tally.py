"""How far a sweep has come: what is kept in `Run.counts`, shown live, and read by `--status`."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence.store import MachineRow, Recipe, SightingRow
from evidence.store.summary import mostly_lost
from evidence.store.work import Counts

RATE_SECONDS, RATE_CLIPS = 900.0, 20
"""The rate is that of so many last seconds, and of so many last clips where these took longer."""


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
class Tally:
    """How far a sweep has come.

    aside: by kind of reason. seconds: of footage done. machines: by builder, "" for unknown.
    rate: seconds of footage a second, None before anything is done. left: seconds still to
    go, None where it cannot be told. finding: sources are still being found. away: files out
    of reach for now. lost: footage done of which most frames are lost. replaced: paths at which
    another file was found since the sweep began. unsettled: footage stored whose copies have not
    been looked for; relink: sightings stored that are not linked to machines yet.
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
    workers: list[OnWorker] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)
    relink: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain data, as it is stored and printed."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Tally:
        """The tally of stored counts; what another version does not know of stays as it is."""
        known = {name: values[name] for name in cls.__slots__ if name in values}
        workers = [OnWorker(**one) for one in known.pop("workers", [])]
        return cls(workers=workers, **known)

    def count(self, counts: Counts) -> None:
        """Takes over how far the list of work has come."""
        self.waiting, self.done = counts.waiting, counts.done
        self.aside = dict(counts.aside)
        self.footages, self.seconds = counts.footages, counts.seconds

    def finished(self, paths: int) -> None:
        """So many more are done: for whoever watches, until the list is counted again."""
        self.done += paths
        self.waiting = max(0, self.waiting - paths)

    def put_aside(self, kind: str, paths: int) -> None:
        """So many more are set aside."""
        if paths:
            self.aside[kind] = self.aside.get(kind, 0) + paths
            self.waiting = max(0, self.waiting - paths)


def count_found(session: Session, recipe: Recipe, tally: Tally) -> None:
    """Counts what was found so far with a recipe."""
    of = [SightingRow.model == recipe.model, SightingRow.settings == recipe.settings]
    tally.sightings = session.scalar(select(func.count()).where(*of)) or 0
    tally.concealed = session.scalar(select(func.count()).where(*of, SightingRow.concealed)) or 0
    machines = select(MachineRow.builder, func.count()).where(
        MachineRow.model == recipe.model, MachineRow.settings == recipe.settings
    )
    rows = session.execute(machines.group_by(MachineRow.builder))
    tally.machines = dict(sorted((builder or "", number) for builder, number in rows))
    tally.lost = len(mostly_lost(session, recipe))


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
    """Whoever is told how a sweep goes."""

    def show(self, tally: Tally) -> None:
        """How far it is; called several times a second."""

    def trouble(self, message: str) -> None:
        """Something a person may want to do something about."""

    def waiting(self, message: str) -> None:
        """It waits for something; called again and again while it does."""
