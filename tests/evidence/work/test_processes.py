"""Sweeps as processes: killed, interrupted, replaced; nothing is lost, nobody left behind."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from datasets.errors import ClusterError
from datasets.registry import load_registry
from detector import Settings
from evidence.case.case import Case
from evidence.work.pool import LocalPool
from evidence.work.progress import Stop, SweepStatus, read_status
from evidence.work.sources import Feed
from evidence.work.sweep import sweep
from evidence.work.tasks import pack_setup
from tests.evidence.work.conftest import CLIPS
from tests.evidence.work.helping import Noted, start, until
from tests.postgres import PostgresServer, binaries, in_memory
from tests.rows import rows


def status(case: Case) -> SweepStatus:
    found = read_status(case)
    assert found is not None
    return found


def has(case: Case, true: Callable[[SweepStatus], object]) -> Callable[[], object]:
    """Whether there is a sweep of which this is true."""
    return lambda: (found := read_status(case)) and true(found)


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "said.txt").read_text("utf-8").splitlines()]


def one_worker() -> LocalPool:
    return LocalPool(1, pack_setup(Settings.archive(), load_registry(), None), 60.0)


def ready(pool: LocalPool) -> bool:
    assert pool.collect(0.1) == []
    return bool(list(pool.idle()))


def test_fewer_workers_than_cores_share_them(monkeypatch):
    monkeypatch.setattr("evidence.work.pool.count_cores", lambda: 3)
    with one_worker() as pool:
        assert pool.threads == 3


def test_workers_start_no_threads_for_arithmetic(monkeypatch):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    with one_worker() as pool:
        until(lambda: ready(pool), "the worker is there")
        (worker,) = pool.workers.values()
        environment = psutil.Process(worker.process.pid).environ()
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    assert "OPENBLAS_NUM_THREADS" not in os.environ


def test_a_worker_that_is_killed_again_and_again_comes_back():
    with one_worker() as pool:
        pids = set()
        for _ in range(3):
            until(lambda: ready(pool), "the worker is there")
            (worker,) = pool.workers.values()
            pids.add(worker.process.pid)
            worker.process.kill()
            worker.process.join()
    assert len(pids) == 3


def test_a_worker_above_its_memory_is_ended(monkeypatch):
    monkeypatch.setattr("evidence.work.pool.LOOK_SECONDS", 0.0)
    with one_worker() as pool:
        until(lambda: ready(pool), "the worker is there")
        (first,) = pool.workers.values()
        monkeypatch.setattr(pool, "_most_bytes", 1)
        until(lambda: pool.collect(0.0) or pool.workers["0"] is not first, "it was replaced")
        assert not first.process.is_alive()


def test_workers_end_with_the_process_that_started_them(tmp_path, clips):
    holder = start(
        tmp_path, str(clips), "--watch", "--case", str(tmp_path / "case"), "--workers", "1"
    )
    until(lambda: psutil.Process(holder.pid).children(recursive=True), "it has workers")
    workers = psutil.Process(holder.pid).children(recursive=True)
    holder.kill()
    holder.wait()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []


def test_ctrl_c_ends_it_with_130_and_what_is_done_stays(
    small, order, place, clips, tmp_path, undisturbed
):
    address = str(order.cluster)
    case = ("--case", str(small.folder), "--cluster", address, "--json")
    holder = start(tmp_path, str(clips), "--watch", *case)
    until(has(small, lambda s: s.alive), "it holds the case")
    holder.send_signal(signal.SIGINT)
    assert holder.wait(60) == 130
    assert lines(tmp_path)[-1]["outcome"] == "interrupted"
    assert status(small).run.outcome == "interrupted"
    # The workers of a cluster are not the sweep's: they live on.
    assert len(place.run(os.getpid)) == 2
    again = start(tmp_path, str(clips), *case)
    assert again.wait(120) == 0
    assert lines(tmp_path)[-1]["done"] == CLIPS + 1
    assert rows(small) == undisturbed


def test_a_second_ctrl_c_ends_it_at_once(small, clips, tmp_path):
    # Stopped workers answer nothing, so that it would have to wait for them. Python's own tracker
    # of shared memory is left alone: from 3.13 on a process that ends waits for it.
    holder = start(tmp_path, str(clips), "--case", str(small.folder), "--workers", "1")
    until(has(small, lambda s: s.tally.workers), "it has workers")
    for child in psutil.Process(holder.pid).children(recursive=True):
        if not any("resource_tracker" in word for word in child.cmdline()):
            child.suspend()
    holder.send_signal(signal.SIGTERM)
    holder.send_signal(signal.SIGINT)
    assert holder.wait(60) == 130


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that is stopped and started again; those of other tests stay up."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not here (Debian: apt-get install postgresql)")
    with PostgresServer(programs, in_memory()) as running:
        yield running


def test_a_database_that_goes_away_for_a_while_is_waited_for(
    order, clips, tmp_path, undisturbed, server
):
    with Case.new(tmp_path / "case", "Plant 12", server.database()) as case:
        gone: list[str] = []

        def pull(tally: object) -> None:
            if not gone:
                gone.append("gone")
                server.stop()

        def plug_in() -> None:
            if gone == ["gone"]:
                gone.append("back")
                server.start()

        ending = sweep(case, order, Feed([clips]), Stop(), Noted(pull, plug_in))
        assert (ending.outcome, ending.tally.done) == ("done", CLIPS + 1)
        assert gone == ["gone", "back"]
        assert rows(case) == undisturbed


def test_a_scheduler_that_is_not_there_is_said_to_be(small, order, clips, monkeypatch):
    monkeypatch.setattr("evidence.work.cluster.CONNECT_SECONDS", 1)
    nowhere = replace(order, cluster="tcp://127.0.0.1:9", patience=0.0)
    with pytest.raises(ClusterError, match="no Dask scheduler answers"):
        sweep(small, nowhere, Feed([clips]), Stop(), Noted())
    assert "no Dask scheduler" in str(status(small).run.outcome)
