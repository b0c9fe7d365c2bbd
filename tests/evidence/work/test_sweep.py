"""Sweeps with real workers and the real model: what is stored, skipped, set aside, made good."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from distributed import Worker
from sqlalchemy import select

from datasets.errors import CaseUnwritable
from datasets.maker.scene import draw_still
from detector import Settings
from detector.look.model_files import model_digest
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.summary import add_recipe, begin_run, last_settings
from evidence.case.tables import FootageRow, Location, Run
from evidence.work.cluster import ClusterPool
from evidence.work.progress import Stop, SweepTally, read_status
from evidence.work.sources import Feed
from evidence.work.sweep import Ending, sweep
from evidence.work.tasks import Task
from tests.evidence.work.conftest import CLIPS
from tests.evidence.work.helping import (
    Clip,
    Noted,
    go,
    until,
    works,
    write_clip,
)
from tests.rows import fetch, rows


def strike(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    number: int,
    most: int,
    before: Callable[[ClusterPool, str], object] = lambda pool, address: None,
) -> list[int]:
    """Sends a signal to each worker that is at work on the clip of that name, so many times at
    most, and does something `before` each; gives the list of whom it hit.

    The sweep gives out work and takes answers in the one thread that waits here: what a worker is
    killed on, it has had no answer to. What is done before takes longer than a clip: the worker
    stands still meanwhile.
    """
    hit: list[int] = []
    give = ClusterPool.give

    def at_work(dask_worker: Worker) -> tuple[int, bool]:
        return os.getpid(), dask_worker.state.executing_count > 0

    def give_and_strike(pool: ClusterPool, address: str, task: Task) -> None:
        give(pool, address, task)
        if Path(task.path).name != name or len(hit) == most:
            return
        future, pids = pool.workers[address].future, []

        def is_at_work() -> bool:
            pid, busy = pool.client.run(at_work, workers=[address])[address]
            pids.append(pid)
            return busy or future.done()

        until(is_at_work, "the worker is at work on the clip")
        hit.append(pids[-1])
        os.kill(pids[-1], signal.SIGSTOP)
        before(pool, address)
        os.kill(pids[-1], number)

    monkeypatch.setattr(ClusterPool, "give", give_and_strike)
    return hit


# Workers die first and last, while none has loaded the model or needs it any more: that takes
# longer than all the clips.


def test_a_clip_that_changed_while_it_was_looked_at_uses_up_its_tries_too(
    small, order, clips, tmp_path, monkeypatch
):
    clip = tmp_path / "clip.mp4"
    shutil.copyfile(clips / "clip-2.mp4", clip)

    def touch(pool: ClusterPool, address: str) -> None:
        if clip.stat().st_mtime_ns != 1:
            os.utime(clip, ns=(1, 1))
            assert go(small, order, clip).outcome == "joined"

    hit = strike(monkeypatch, "clip.mp4", signal.SIGKILL, 6, touch)
    ending = go(small, replace(order, tries=2), clip)
    assert ending.tally.aside == {"killed": 1}
    assert works(small)["clip.mp4"].tries == 2
    assert len(hit) == 3  # the first was on the clip that it was before


def test_a_clip_that_kills_its_workers_is_set_aside_and_no_other(small, order, clips, monkeypatch):
    others = clips / "clip-2.mp4", clips / "цех" / "clip-3.mp4"
    hit = strike(monkeypatch, "clip-1.mp4", signal.SIGKILL, 9)
    tally = go(small, replace(order, tries=2), clips / "clip-1.mp4", *others).tally
    assert (tally.aside, tally.done) == ({"killed": 1}, len(others))
    aside = works(small)["clip-1.mp4"]
    assert (aside.state, aside.kind, aside.tries, len(hit)) == ("aside", "killed", 2, 2)
    # It is a clip like any other: with nobody killing workers it is done when asked for again.
    monkeypatch.undo()
    assert go(small, replace(order, retry=True)).tally.done == len(others) + 1


def test_a_clip_that_outlasts_its_time_is_set_aside(small, order, clips, monkeypatch):
    def an_hour_ago(pool: ClusterPool, address: str) -> None:
        pool.workers[address].since -= 3600.0

    hit = strike(monkeypatch, "clip-1.mp4", signal.SIGSTOP, 1, an_hour_ago)
    late = replace(order, tries=1, seconds=3600.0)
    tally = go(small, late, clips / "clip-1.mp4", clips / "цех").tally
    assert (tally.aside, tally.done) == ({"overtime": 1}, 2)
    assert "more than 3600 s" in str(works(small)["clip-1.mp4"].reason)
    assert len(hit) == 1


# What was swept in peace is on SQLite.
@pytest.mark.databases
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_both_databases_hold_the_same(case, order, clips, undisturbed):
    ending = go(case, order, clips)
    assert (ending.outcome, ending.tally.done, ending.tally.footages) == ("done", CLIPS + 1, CLIPS)
    assert rows(case) == undisturbed


def test_identical_bytes_are_looked_at_once(undisturbed):
    assert len(undisturbed["analyses"]) == len(undisturbed["footage"]) == CLIPS
    assert len(undisturbed["locations"]) == CLIPS + 1


def test_what_is_done_is_not_looked_at_again(in_peace, order, clips, undisturbed, tmp_path):
    shutil.copytree(in_peace, tmp_path / "case")
    looked: set[str] = set()
    watcher = Noted(lambda tally: looked.update(w.path for w in tally.workers if w.path))
    with Case.open(tmp_path / "case") as case:
        assert go(case, order, clips, clips / "цех", watcher=watcher).outcome == "done"
        assert not looked
        assert rows(case) == undisturbed


def test_a_changed_file_is_looked_at_anew(small, order, clips, tmp_path):
    shutil.copyfile(clips / "clip-1.mp4", tmp_path / "clip.mp4")
    go(small, order, tmp_path / "clip.mp4")
    shutil.copyfile(clips / "clip-2.mp4", tmp_path / "clip.mp4")
    os.utime(tmp_path / "clip.mp4", ns=(1, 1))
    assert go(small, order, tmp_path / "clip.mp4").tally.replaced == 1
    assert go(small, order, tmp_path / "clip.mp4").tally.replaced == 0
    with small.session() as session:
        (location,) = session.scalars(select(Location))
        assert len(session.scalars(select(AnalysisRow)).all()) == 2
        footage = session.get_one(FootageRow, location.footage)
    assert footage.size == (clips / "clip-2.mp4").stat().st_size


def test_bad_footage_is_set_aside_by_name_and_taken_up_again_on_demand(
    small, order, clips, tmp_path
):
    folder = tmp_path / "footage"
    folder.mkdir()
    (folder / "empty.mp4").touch()
    (folder / "page.mp4").write_text("<!doctype html>")
    (folder / "cut.mp4").write_bytes((clips / "clip-0.mp4").read_bytes()[:300])
    shutil.copyfile(folder / "cut.mp4", folder / "cut-again.mp4")
    shutil.copyfile(clips / "clip-0.mp4", folder / "good.mp4")
    watcher = Noted()
    ending = go(small, order, folder, watcher=watcher)
    assert ending.tally.aside == {"disguised": 1, "empty": 1, "unreadable": 2}
    aside = works(small)
    assert (aside["good.mp4"].state, aside["page.mp4"].kind) == ("done", "disguised")
    assert "web page" in str(aside["page.mp4"].reason)
    assert sum(message.startswith("set aside (empty)") for message in watcher.troubles) == 1

    shutil.copyfile(clips / "clip-1.mp4", folder / "empty.mp4")
    (folder / "cut.mp4").unlink()
    ending = go(small, replace(order, retry=True))
    assert ending.tally.aside == {"disguised": 1, "missing": 1, "unreadable": 1}
    assert ending.tally.done == 2


def test_a_limit_raised_for_one_clip_leaves_the_others_as_they_are(small, order, clips, tmp_path):
    short = write_clip(tmp_path / "short.mp4", Clip(draw_still(seed=0)[0], frames=3))
    low = replace(order, settings=Settings.archive({"decoding": {"frames": 4}}))
    ending = go(small, low, short, clips / "clip-1.mp4")
    assert (ending.tally.done, ending.tally.aside) == (1, {"too-large": 1})
    assert "decoding.frames" in str(works(small)["clip-1.mp4"].reason)

    looked: set[str] = set()
    watcher = Noted(lambda tally: looked.update(w.path for w in tally.workers if w.path))
    raised = replace(order, settings=Settings.archive({"decoding": {"frames": 6}}), retry=True)
    ending = go(small, raised, watcher=watcher)
    assert (ending.tally.done, ending.tally.aside) == (2, {})
    assert str(short) not in looked
    with small.session() as session:
        assert len({(row.model, row.settings) for row in session.scalars(select(AnalysisRow))}) == 1
        # `serve` goes on with the limits as they were raised.
        last = last_settings(session, model_digest(None), order.registry)
    assert last == raised.settings


def test_asked_to_stop_it_keeps_what_is_finished(small, order, clips, undisturbed):
    stop = Stop()
    watcher = Noted(lambda tally: stop.ask() if tally.done else None)
    ending = sweep(small, order, Feed([clips]), stop, watcher)
    assert ending.outcome == "interrupted"
    done = sum(work.state == "done" for work in works(small).values())
    assert 0 < done < CLIPS + 1
    (run,) = fetch(small, select(Run))
    assert (run.outcome, run.ended is None) == ("interrupted", False)
    assert go(small, order, clips).outcome == "done"
    assert rows(small) == undisturbed


def test_a_full_disk_ends_the_sweep_and_the_next_goes_on(
    small, order, clips, undisturbed, monkeypatch
):
    def full(case: Case, picture: bytes) -> str:
        raise CaseUnwritable("the disk is full; make room and run again")

    # Only the one call that would fill the disk is made to fail; all else is real.
    monkeypatch.setattr(Case, "put_still", full)
    with pytest.raises(CaseUnwritable):
        go(small, order, clips)
    assert all(work.state == "waiting" for work in works(small).values())
    monkeypatch.undo()
    assert go(small, order, clips).outcome == "done"
    assert rows(small) == undisturbed


def test_who_comes_second_adds_to_the_list_of_the_first(small, order, clips, tmp_path):
    first_stop = Stop()
    endings: list[Ending] = []
    folder = tmp_path / "filling"
    folder.mkdir()
    feed = Feed([folder], watch=True, poll=0.05, still=0.1)
    holder = threading.Thread(
        target=lambda: endings.append(sweep(small, order, feed, first_stop, Noted()))
    )
    holder.start()
    try:
        until(lambda: read_status(small), "the first one holds the case")
        with Case.open(small.folder) as again:
            assert go(again, order, clips / "цех").outcome == "joined"
        until(
            lambda: {work.state for work in works(small).values()} == {"done"}, "the first is done"
        )
    finally:
        first_stop.ask()
        holder.join()
    assert (endings[0].outcome, endings[0].tally.finding) == ("interrupted", True)


def test_who_goes_on_adding_with_other_settings_says_what_it_waits_for(small, order, clips):
    with small.session() as session, session.begin():
        begin_run(session, "sweep", add_recipe(session, "0" * 64, order.settings, order.registry))
    stop = Stop()
    watcher = Noted(lambda tally: stop.ask(), stop.ask)
    with small.lock():
        ending = sweep(small, order, Feed([clips], watch=True), stop, watcher)
        assert go(small, order, clips / "clip-0.mp4").outcome == "listed"
    assert ending.outcome == "interrupted"
    assert "with another model, registry or other settings" in watcher.waits[0]


def test_how_far_each_clip_is_can_be_watched(small, order, tmp_path):
    (tmp_path / "long").mkdir()
    write_clip(tmp_path / "long" / "clip.mp4", Clip(draw_still(seed=5)[0], frames=180))
    told: list[tuple[float, str | None]] = []

    def note(tally: SweepTally) -> None:
        told.extend((w.share, w.stage) for w in tally.workers if w.path and w.share is not None)

    assert go(small, order, tmp_path / "long", watcher=Noted(note)).tally.done == 1
    shares = [share for share, _ in told]
    assert shares == sorted(shares) and any(0 < share < 1 for share in shares)
    assert {"sweeping", "looking closer"} & {stage for _, stage in told}


def test_a_killed_worker_loses_nothing(small, order, clips, undisturbed, monkeypatch):
    hit = strike(monkeypatch, "clip-2.mp4", signal.SIGKILL, 1)
    ending = go(small, order, clips)
    assert (ending.outcome, ending.tally.aside, len(hit)) == ("done", {}, 1)
    assert rows(small) == undisturbed
