"""How sweeps begin: workers that die while they start, a case that is held, all again."""

from __future__ import annotations

import shutil
import threading
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import replace

import psutil
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import ClusterError
from datasets.registry import load_registry
from detector import Settings
from detector.program import program
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.summary import last_recipe, programs
from evidence.case.tables import Recipe
from evidence.work.pool import MOST_STARTS, LocalPool
from evidence.work.progress import Stop
from evidence.work.sources import Feed
from evidence.work.sweep import going_on, sweep
from evidence.work.tasks import pack_setup
from tests.evidence.work.conftest import CLIPS
from tests.evidence.work.helping import Noted, go, until
from tests.rows import fetch, look


@pytest.mark.parametrize("deaths", [1, 99])
def test_a_worker_that_is_killed_while_it_starts_is_started_again(deaths):
    me, over = psutil.Process(), threading.Event()
    known = {child.pid for child in me.children()}

    def hunt() -> None:
        killed = 0
        while killed < deaths and not over.is_set():
            for child in me.children():
                with suppress(psutil.Error):
                    if child.pid not in known and "spawn_main" in " ".join(child.cmdline()):
                        known.add(child.pid)
                        child.kill()
                        killed += 1
            over.wait(0.02)  # a worker takes longer to start

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        with LocalPool(1, pack_setup(Settings.archive(), load_registry(), None), 60.0) as pool:
            said = f"died while it started, {MOST_STARTS} times"
            with pytest.raises(ClusterError, match=said) if deaths > 1 else nullcontext():
                until(lambda: pool.collect(0.1) or list(pool.idle()), "the worker is there")
    finally:
        over.set()
        hunter.join()


def test_whoever_asks_how_far_a_sweep_is_keeps_none_from_beginning(small, order, clips):
    """After a sweep that died `--status` takes the case's lock, to see whether anybody has it."""
    with ExitStack() as asking:
        asking.enter_context(small.lock())

        class Patient(Stop):
            def wait(self, seconds: float) -> bool:
                asking.close()
                return super().wait(seconds)

        feed = Feed([clips / "clip-1.mp4"])
        ending = sweep(small, order, feed, Patient(), Noted())
    assert (ending.outcome, ending.tally.done) == ("done", 1)


def test_all_is_looked_at_anew_with_another_program_and_the_case_goes_on_with_that(
    small, order, clips, tmp_path, monkeypatch
):
    clip = tmp_path / "clip.mp4"
    shutil.copyfile(clips / f"clip-{CLIPS - 2}.mp4", clip)
    assert go(small, order, clip).tally.done == 1
    (before,) = fetch(small, select(AnalysisRow))
    assert before.nameplate == program()

    monkeypatch.setattr("evidence.work.sweep.program", lambda: "99.0.0")
    monkeypatch.setattr("evidence.case.rows.program", lambda: "99.0.0")
    assert go(small, going_on(small, order), clip).tally.waiting == 0  # unasked nothing is
    ending = go(small, replace(order, anew=True))  # whatever the case knows
    assert (ending.outcome, ending.tally.done) == ("done", 1)
    with small.session() as session:
        rows = {row.nameplate: row.settings for row in session.scalars(select(AnalysisRow))}
        assert rows[program()] == before.settings  # what was found is kept
        assert programs(session, last(session)) == {"99.0.0": {before.footage}}
    # From then on it is that one's, whether asked anew or not.
    for again in (going_on(small, order), replace(order, anew=True)):
        assert go(small, again, clip).tally.done == 1
        assert look(small, last).settings == rows["99.0.0"]


def last(session: Session) -> Recipe:
    recipe = last_recipe(session)
    assert recipe is not None
    return recipe
