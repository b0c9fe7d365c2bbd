"""Workers and what comes back of them: to who asked for it, and not for ever waited for."""

from __future__ import annotations

import asyncio
import gc

from distributed import Future
from distributed.client import AllExit

from datasets.registry import load_registry
from detector import Settings
from evidence.work import cluster
from evidence.work.cluster import ClusterPool
from evidence.work.ledger import MOST_TRIES
from evidence.work.progress import Stop
from evidence.work.sources import Feed
from evidence.work.sweep import sweep
from evidence.work.tasks import Task, pack_setup
from tests.evidence.work.helping import Noted, known, on_give


def test_of_an_answer_that_nobody_waits_for_any_longer_nothing_is_said(place, caplog):
    async def lost(error: Exception) -> None:
        raise error

    async def forget(error: Exception) -> None:
        task = asyncio.ensure_future(lost(error))
        await asyncio.wait([task])
        del task
        gc.collect()

    for error in (AllExit(), ValueError("ours")):
        place.sync(forget, error)
    assert [str(record.exc_info[1]) for record in caplog.records if record.exc_info] == ["ours"]
    caplog.clear()


def test_a_clip_whose_answer_never_comes_is_set_aside(small, order, clips, monkeypatch):
    given, stop = [], Stop()

    def count(pool: ClusterPool, address: str, task: Task) -> None:
        given.append(task)
        if len(given) > 2 * MOST_TRIES:
            stop.ask()

    monkeypatch.setattr(cluster, "FETCH_SECONDS", 0.0)
    on_give(monkeypatch, count)
    ending = sweep(small, order, Feed([clips / "clip-1.mp4"]), stop, Noted())
    assert (ending.outcome, ending.tally.aside) == ("done", {"killed": 1})
    assert len(given) == MOST_TRIES


def test_while_an_answer_is_on_its_way_the_others_are_taken(order, clips, monkeypatch):
    held = asyncio.Event()
    setup = pack_setup(Settings.archive(), load_registry(), None)
    paths = [clips / "clip-0.mp4", clips / "clip-1.mp4"]
    late, soon = (Task(str(path), known(path)) for path in paths)

    async def slow(future: Future, asynchronous: bool) -> object:
        if future is first:
            await held.wait()
        return await gather(future, asynchronous=asynchronous)

    with ClusterPool(str(order.cluster), setup, 60.0) as pool:
        gather = pool.client.gather
        monkeypatch.setattr(pool.client, "gather", slow)
        address, other = pool.idle()
        pool.give(address, late)
        first = pool.workers[address].future
        pool.give(other, soon)
        [(task, answer)] = pool.collect(60.0)
        assert task == soon and answer.analysis.footage.path == paths[1]
        pool.client.loop.add_callback(held.set)
        [(task, answer)] = pool.collect(60.0)
        assert task == late and answer.analysis.footage.path == paths[0]
