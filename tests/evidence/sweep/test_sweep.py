"""Sweeps with real workers and the real model: what is stored, skipped, set aside, made good."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from distributed.comm import CommClosedError
from sqlalchemy import select

from datasets.errors import CaseUnwritable
from datasets.maker.stills import draw_still
from datasets.registry import load_registry
from detector import Settings
from detector.model_files import model_digest
from evidence.store import AnalysisRow, Case, FootageRow, Location, Run
from evidence.store.work import Source, add_recipe, add_work, beat, begin_run
from evidence.sweep.cluster import Workplace
from evidence.sweep.crew import Analyse, Crew, Task
from evidence.sweep.feed import Feed
from evidence.sweep.folders import Found, walk
from evidence.sweep.run import Ending, Order, sweep
from evidence.sweep.status import read_status
from evidence.sweep.stop import Stop
from evidence.sweep.tally import Tally
from tests.evidence.sweep.conftest import CLIPS
from tests.evidence.sweep.helping import Clip, Noted, go, pids, until, works, write_clip
from tests.rows import rows

Rows = dict[str, list[tuple[object, ...]]]
STOPPED_SECONDS = 0.5  # an answer that was on its way has arrived by then


def killer(place: Workplace, name: str, number: int, most: int) -> Noted:
    """Sends a signal to each worker that is on the clip of that name, so many times at most.

    The worker is stopped first: only if it is still on that clip a while later, and not on
    another one that it got meanwhile, is it the right one.
    """
    stopped: dict[str, tuple[int, float]] = {}
    hit: set[int] = set()

    def strike(tally: Tally) -> None:
        on = {w.name for w in tally.workers if w.path and Path(w.path).name == name}
        for worker, (pid, since) in list(stopped.items()):
            if worker not in on:
                del stopped[worker]
                os.kill(pid, signal.SIGCONT)
            elif time.monotonic() - since > STOPPED_SECONDS:
                del stopped[worker]
                hit.add(pid)
                os.kill(pid, number)
        if len(hit) + len(stopped) >= most:
            return
        for worker in on - stopped.keys():
            # One that was just killed may be asked in vain.
            with suppress(OSError, CommClosedError):
                pid = pids(place).get(worker)
                if pid is not None and pid not in hit:
                    os.kill(pid, signal.SIGSTOP)
                    stopped[worker] = pid, time.monotonic()

    return Noted(strike)


def test_both_databases_hold_the_same(
    case: Case, order: Order, clips: Path, undisturbed: Rows
) -> None:
    ending = go(case, order, clips)
    assert (ending.outcome, ending.tally.done, ending.tally.footages) == ("done", CLIPS + 1, CLIPS)
    assert rows(case) == undisturbed


def test_identical_bytes_are_looked_at_once(undisturbed: Rows) -> None:
    assert len(undisturbed["analyses"]) == len(undisturbed["footage"]) == CLIPS
    assert len(undisturbed["locations"]) == CLIPS + 1


def test_what_is_done_is_not_looked_at_again(
    small: Case, order: Order, clips: Path, undisturbed: Rows
) -> None:
    go(small, order, clips)
    looked: set[str] = set()
    watcher = Noted(lambda tally: looked.update(w.path for w in tally.workers if w.path))
    assert go(small, order, clips, clips / "цех", watcher=watcher).outcome == "done"
    assert not looked
    assert rows(small) == undisturbed


def test_a_changed_file_is_looked_at_anew(
    small: Case, order: Order, clips: Path, tmp_path: Path
) -> None:
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
    small: Case, order: Order, clips: Path, tmp_path: Path
) -> None:
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
    assert aside["good.mp4"].state == "done"
    assert aside["page.mp4"].kind == "disguised"
    assert "web page" in str(aside["page.mp4"].reason)
    assert sum(message.startswith("set aside (empty)") for message in watcher.troubles) == 1

    shutil.copyfile(clips / "clip-1.mp4", folder / "empty.mp4")
    (folder / "cut.mp4").unlink()
    ending = go(small, replace(order, retry=True))
    assert ending.tally.aside == {"disguised": 1, "missing": 1, "unreadable": 1}
    assert ending.tally.done == 2


def test_a_killed_worker_loses_nothing(
    small: Case, order: Order, place: Workplace, clips: Path, undisturbed: Rows
) -> None:
    watcher = killer(place, "clip-2.mp4", signal.SIGKILL, 1)
    ending = go(small, order, clips, watcher=watcher)
    assert (ending.outcome, ending.tally.aside) == ("done", {})
    assert rows(small) == undisturbed


def test_a_clip_that_changed_while_it_was_looked_at_uses_up_its_tries_too(
    small: Case, order: Order, place: Workplace, clips: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    shutil.copyfile(clips / "clip-2.mp4", clip)
    watcher = killer(place, "clip.mp4", signal.SIGKILL, 6)
    strike, again = watcher.each, replace(order, wait=False)

    def touch(tally: Tally) -> None:
        strike(tally)
        if tally.workers and any(w.path for w in tally.workers) and clip.stat().st_mtime_ns != 1:
            os.utime(clip, ns=(1, 1))
            assert go(small, again, clip).outcome == "joined"

    watcher.each = touch
    ending = go(small, replace(order, tries=2), clip, watcher=watcher)
    assert ending.tally.aside == {"killed": 1}
    assert works(small)["clip.mp4"].tries == 2


def test_a_clip_that_kills_its_workers_is_set_aside_and_no_other(
    small: Case, order: Order, place: Workplace, clips: Path
) -> None:
    watcher = killer(place, "clip-2.mp4", signal.SIGKILL, 9)
    ending = go(small, replace(order, tries=2), clips, watcher=watcher)
    assert ending.tally.aside == {"killed": 1}
    assert ending.tally.done == CLIPS
    aside = works(small)["clip-2.mp4"]
    assert (aside.state, aside.kind, aside.tries) == ("aside", "killed", 2)
    # It is a clip like any other: with nobody killing workers it is done when asked for again.
    assert go(small, replace(order, retry=True)).tally.done == CLIPS + 1


def test_a_clip_that_outlasts_its_time_is_set_aside(
    small: Case, order: Order, place: Workplace, clips: Path
) -> None:
    watcher = killer(place, "clip-1.mp4", signal.SIGSTOP, 1)
    ending = go(small, replace(order, tries=1, seconds=12.0), clips, watcher=watcher)
    assert ending.tally.aside == {"overtime": 1}
    assert ending.tally.done == CLIPS
    assert "more than 12 s" in str(works(small)["clip-1.mp4"].reason)


def test_asked_to_stop_it_keeps_what_is_finished(
    small: Case, order: Order, clips: Path, undisturbed: Rows
) -> None:
    stop = Stop()
    watcher = Noted(lambda tally: stop.ask() if tally.done else None)
    ending = sweep(small, order, Feed([clips]), stop, watcher)
    assert ending.outcome == "interrupted"
    done = sum(work.state == "done" for work in works(small).values())
    assert 0 < done < CLIPS + 1
    with small.session() as session:
        (run,) = session.scalars(select(Run))
    assert (run.outcome, run.ended is None) == ("interrupted", False)
    assert go(small, order, clips).outcome == "done"
    assert rows(small) == undisturbed


def test_higher_priority_goes_first(
    small: Case, order: Order, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = clips / "цех" / "clip-3.mp4"
    with small.session() as session, session.begin():
        recipe = add_recipe(session, model_digest(), order.settings, order.registry)
        everything = [one for one in walk(clips) if isinstance(one, Found)]
        add_work(session, recipe, [Source(str(one.path)) for one in everything])
        add_work(session, recipe, [Source(str(last))], priority=5)
    given: list[str] = []
    give = Crew.give

    def note(crew: Crew, address: str, task: Task) -> None:
        # A tiny clip may be done before the next tally shows who is on it.
        if isinstance(task, Analyse):
            given.append(task.path)
        give(crew, address, task)

    monkeypatch.setattr(Crew, "give", note)
    assert go(small, order).tally.done == CLIPS + 1
    assert given[0] == str(last)


def test_the_lists_provenance_is_kept(
    small: Case, order: Order, clips: Path, tmp_path: Path
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"path,plant\n{clips / 'clip-0.mp4'},Ижевск\n", "utf-8")
    sweep(small, order, Feed([], [file]), Stop(), Noted())
    with small.session() as session:
        (location,) = session.scalars(select(Location))
    assert (location.plant_claimed, location.footage is None) == ("Ижевск", False)


def test_a_full_disk_ends_the_sweep_and_the_next_goes_on(
    small: Case, order: Order, clips: Path, undisturbed: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
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


def test_who_comes_second_adds_and_watches(
    small: Case, order: Order, clips: Path, tmp_path: Path
) -> None:
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
            added = go(again, replace(order, wait=False), clips)
            assert added.outcome == "joined"
            watched = go(again, order, clips)
            assert (watched.outcome, watched.tally.aside) == ("done", {})
        assert {work.state for work in works(small).values()} == {"done"}
    finally:
        first_stop.ask()
        holder.join()
    assert (endings[0].outcome, endings[0].tally.finding) == ("interrupted", True)


def test_who_comes_second_is_done_once_machines_are_linked(small: Case) -> None:
    order = Order(Settings.archive(), load_registry())
    with small.session() as session, session.begin():
        recipe = add_recipe(session, model_digest(), order.settings, order.registry)
        run = begin_run(session, "sweep", recipe)
        beat(session, run, Tally(relink=True).to_json())
    shown: list[bool] = []

    def link(tally: Tally) -> None:
        shown.append(tally.relink)
        with small.session() as session, session.begin():
            beat(session, run, Tally().to_json())

    with small.lock():
        ending = sweep(small, order, Feed([]), Stop(), Noted(link))
    assert (ending.outcome, shown) == ("done", [True, False])


def test_who_comes_second_with_other_settings_says_what_it_waits_for(
    small: Case, order: Order, clips: Path
) -> None:
    with small.session() as session, session.begin():
        begin_run(session, "sweep", add_recipe(session, "0" * 64, order.settings, order.registry))
    stop = Stop()
    watcher = Noted(lambda tally: stop.ask(), stop.ask)
    with small.lock():
        ending = sweep(small, order, Feed([clips / "clip-0.mp4"]), stop, watcher)
    assert ending.outcome == "interrupted"
    assert "with another model, registry or other settings" in watcher.waits[0]


def test_how_far_each_clip_is_can_be_watched(small: Case, order: Order, tmp_path: Path) -> None:
    (tmp_path / "long").mkdir()
    write_clip(tmp_path / "long" / "clip.mp4", Clip(draw_still(seed=1)[0], frames=250))
    told: list[tuple[float, str | None]] = []

    def note(tally: Tally) -> None:
        told.extend((w.share, w.stage) for w in tally.workers if w.path and w.share is not None)

    assert go(small, order, tmp_path / "long", watcher=Noted(note)).tally.done == 1
    shares = [share for share, _ in told]
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)
    assert {"sweeping", "looking closer"} & {stage for _, stage in told}
