"""What the tests of the sweep share: writing files, noting what is told, waiting for something."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import av
import cv2
import dask
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sqlalchemy import select

from datasets.maker.canvas import Picture
from detector.look.model_files import model_digest
from evidence.case.case import Case
from evidence.case.summary import add_recipe
from evidence.case.tables import Recipe, Work
from evidence.case.work_queue import FootageSource, add_work
from evidence.work.cluster import ClusterPool, connect, quiet
from evidence.work.folders import Trouble
from evidence.work.progress import Stop, SweepTally
from evidence.work.sources import Feed
from evidence.work.sweep import Ending, Order, sweep
from evidence.work.tasks import Identification, Task, identify

ROOT = Path(__file__).parent.parent.parent.parent
PATIENCE = 120.0  # seconds until a test gives up on something that should happen
MP4 = b"\0\0\0\x18ftypisom" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)


def lay(folder: Path, **files: bytes) -> Path:
    """Files by their paths, `__` for a slash and the last `_` for the dot."""
    for name, content in files.items():
        stem, _, suffix = name.replace("__", "/").rpartition("_")
        path = folder / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def troubles(items: list[object]) -> list[str]:
    return [item.message for item in items if isinstance(item, Trouble)]


@dataclass(frozen=True)
class Clip:
    """A clip that pans over a picture."""

    picture: Picture
    frames: int = 6
    rate: int = 12
    size: tuple[int, int] = (320, 180)


def write_clip(path: Path, clip: Clip) -> Path:
    """Writes the clip as H.264 in MP4."""
    picture = cv2.resize(clip.picture, clip.size, interpolation=cv2.INTER_AREA)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=clip.rate)
        stream.width, stream.height = clip.size
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for number in range(clip.frames):
            shown = np.ascontiguousarray(np.roll(picture, number, axis=1))
            out.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        out.mux(stream.encode(None))
    return path


@dataclass
class Noted:
    """A watcher that notes what it is told, and may do something each time."""

    each: Callable[[SweepTally], object] = lambda tally: None
    each_wait: Callable[[], object] = lambda: None
    troubles: list[str] = field(default_factory=list)
    waits: list[str] = field(default_factory=list)

    def show(self, tally: SweepTally) -> None:
        self.each(tally)

    def trouble(self, message: str) -> None:
        self.troubles.append(message)

    def waiting(self, message: str) -> None:
        self.waits.append(message)
        self.each_wait()


def on_give(
    monkeypatch: pytest.MonkeyPatch, act: Callable[[ClusterPool, str, Task], object]
) -> None:
    """Has something done before each task is given to a worker of a cluster."""
    give = ClusterPool.give

    def act_and_give(pool: ClusterPool, address: str, task: Task) -> None:
        act(pool, address, task)
        give(pool, address, task)

    monkeypatch.setattr(ClusterPool, "give", act_and_give)


def until(happened: Callable[[], object], what: str) -> None:
    """Waits for it."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, f"not within {PATIENCE:.0f} s: {what}"
        time.sleep(0.02)


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """`nameplate sweep` as a process of its own, its output kept in `folder`."""
    with (folder / "said.txt").open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "api.cli", "sweep", *arguments],
            cwd=ROOT,
            stdout=said,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            # Its signals are its own; where this one's shell ignores Ctrl-C, it would too.
            start_new_session=True,
        )


def put(case: Case, order: Order, *paths: Path | str, priority: int = 0) -> Recipe:
    """Puts paths on the list of an order; returns the recipe."""
    with case.session() as session, session.begin():
        recipe = add_recipe(session, model_digest(), order.settings, order.registry)
        add_work(session, recipe, [FootageSource(str(path)) for path in paths], priority)
    return recipe


def go(case: Case, order: Order, *paths: Path, watcher: Noted | None = None) -> Ending:
    return sweep(case, order, Feed(paths), Stop(), watcher or Noted())


SPAWNED = {
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.memory.terminate": False,
    "distributed.scheduler.allowed-failures": 0,
    "distributed.deploy.lost-worker-timeout": "365 days",
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
}


@contextmanager
def dask_cluster(count: int) -> Iterator[Client]:
    """A Dask cluster of worker processes, as somebody might have started one."""
    with (
        dask.config.set(SPAWNED),
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        quiet(),
        connect(cluster.scheduler_address) as client,
    ):
        try:
            yield client
        finally:
            for nanny in cluster.workers.values():
                nanny.auto_restart = False
                with suppress(ProcessLookupError, TypeError):
                    os.kill(nanny.pid, signal.SIGKILL)


def known(path: Path) -> Identification:
    one = identify(path)
    assert isinstance(one, Identification), one
    return one


def works(case: Case) -> dict[str, Work]:
    with case.session() as session:
        return {Path(work.path).name: work for work in session.scalars(select(Work))}
