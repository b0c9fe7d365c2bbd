"""The working desk, with real workers: it takes up what is added, lets go of what is cancelled."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from distributed import Client

from datasets.errors import CaseLocked, CaseUnwritable
from datasets.maker.scene import draw_still
from datasets.registry import load_registry
from detector import Settings
from evidence.case.case import Case
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Recipe, Run, Work
from evidence.case.work_queue import cancel, reopen
from evidence.work.background import BackgroundWorker
from evidence.work.progress import Stop, SweepTally
from evidence.work.sources import Feed
from evidence.work.sweep import Ending, Order
from evidence.work.whole import ask_whole
from tests.evidence.work.helping import PATIENCE, Clip, dask_cluster, put, until, write_clip

LONG = 60  # frames of a clip that keeps a worker busy until it is cancelled


@pytest.fixture(autouse=True)
def soon(monkeypatch) -> None:
    """What is added or cancelled is seen in a moment, not in seconds."""
    monkeypatch.setattr("evidence.work.loop.CANCEL_SECONDS", 0.1)
    monkeypatch.setattr("evidence.work.loop.ORDER_SECONDS", 0.5)


@pytest.fixture
def case(small) -> Case:
    """On SQLite: what the desk adds to a sweep does not depend on the database."""
    return small


@pytest.fixture(scope="module")
def place() -> Iterator[Client]:
    """A worker that has the model loaded, kept for these tests."""
    with dask_cluster(1) as workplace:
        yield workplace


@pytest.fixture
def order(place) -> Order:
    return Order(Settings.archive(), load_registry(), cluster=place.scheduler.address)


@pytest.fixture
def recipe(case, order) -> Recipe:
    return put(case, order)


@pytest.fixture(scope="module")
def films(tmp_path_factory) -> Path:
    """A long clip and a short one."""
    folder = tmp_path_factory.mktemp("films")
    picture = draw_still(seed=5)[0]
    write_clip(folder / "long.mp4", Clip(picture, LONG, size=(1280, 720)))
    write_clip(folder / "short.mp4", Clip(picture))
    return folder


def state(case: Case, path: Path | str) -> str:
    with case.session() as session:
        (work,) = session.query(Work).filter(Work.path == str(path)).all()
    return work.state if work.kind is None else f"{work.state} {work.kind}"


def at_work_on(desk: BackgroundWorker, *names: str) -> bool:
    workers = (desk.doing.tally or {}).get("workers", [])
    return any(one["path"] and Path(one["path"]).name in names for one in workers)


def test_work_cancelled_on_its_worker_frees_the_worker_and_can_be_taken_up_again(
    case, recipe, order, films, place
):
    long, short = films / "long.mp4", films / "short.mp4"
    (before,) = place.run(os.getpid).values()
    with BackgroundWorker(case, recipe, order) as desk:
        put(case, order, long, priority=1)
        desk.wake()
        # Identifying takes a moment; it is the analysis that is to be called off.
        until(lambda: at_work_on(desk, "long.mp4"), "a worker is on the clip")
        put(case, order, short)
        with case.session() as session, session.begin():
            assert cancel(session, recipe, str(long), "cancelled by anna")
        until(lambda: state(case, short) == "done", "the next clip is done")
        assert state(case, long) == "aside cancelled"
        # Its process was ended; it did not look at the clip to the end.
        assert before not in place.run(os.getpid).values()
        with case.session() as session:
            assert session.query(AnalysisRow).count() == 1
        with case.session() as session, session.begin():
            assert reopen(session, recipe, None, [str(long)]) == 1
        desk.wake()
        until(lambda: state(case, long) == "done", "the clip is done after all")


def test_the_rest_of_a_clip_is_looked_at_when_a_person_asks(case, recipe, order, tmp_path):
    bare = write_clip(tmp_path / "bare.mp4", Clip(np.full((90, 160, 3), 90, np.uint8), LONG))

    def looked() -> list[int]:
        with case.session() as session:
            rows = session.query(AnalysisRow).all()
            assert all(row.frames_total == LONG for row in rows)
            return [row.frames_decoded for row in rows]

    with BackgroundWorker(case, recipe, order) as desk:
        put(case, order, bare)
        desk.wake()
        until(lambda: state(case, bare) == "done", "the clip is done")
        (few,) = looked()
        assert few < LONG
        with case.session() as session, session.begin():
            (row,) = session.query(AnalysisRow)
            assert ask_whole(session, recipe, row.footage)
        desk.wake()
        until(lambda: state(case, bare) == "done", "the rest is done")
    assert looked() == [LONG]


def test_a_twin_takes_the_place_of_what_was_cancelled(case, recipe, order, films, tmp_path):
    twin = tmp_path / "twin.mp4"
    shutil.copyfile(films / "long.mp4", twin)
    with BackgroundWorker(case, recipe, order) as desk:
        put(case, order, films / "long.mp4", twin)
        desk.wake()
        until(lambda: at_work_on(desk, "long.mp4", "twin.mp4"), "a worker is on one of them")
        with case.session() as session, session.begin():
            assert cancel(session, recipe, str(films / "long.mp4"), "cancelled by anna")
        until(lambda: state(case, twin) == "done", "the other one is done")
        assert state(case, films / "long.mp4") == "aside cancelled"


def test_an_idle_desk_leaves_the_case_to_others(case, recipe, order, films):
    of_its_own = replace(order, cluster=None, workers=1)
    with BackgroundWorker(case, recipe, of_its_own, linger=0.0) as desk:
        with case.lock():
            pass
        put(case, order, films / "short.mp4")
        desk.wake()
        until(lambda: state(case, films / "short.mp4") == "done", "the clip is done")
        until(lambda: is_free(case), "the case is free")
        until(lambda: desk.doing.state == "idle", "the desk says that it is idle")
    with case.session() as session:
        assert [run.outcome for run in session.query(Run)] == ["done"]


def test_a_clip_out_of_reach_keeps_the_case_from_nobody(case, recipe, order, films, tmp_path):
    impatient = replace(order, patience=0.5)
    unmounted = tmp_path / "unmounted" / "clip.mp4"
    with BackgroundWorker(case, recipe, impatient, linger=0.0) as desk:
        put(case, order, unmounted, films / "short.mp4")
        desk.wake()
        until(lambda: "away" in outcomes(case), "the desk lets go of the case")
        assert (state(case, films / "short.mp4"), state(case, unmounted)) == ("done", "waiting")
        until(lambda: is_free(case), "the case is free")
        # It is not taken up again at once, but what is added is.
        assert outcomes(case) == ["away"]
        shutil.copytree(films, unmounted.parent)
        (unmounted.parent / "short.mp4").rename(unmounted)
        desk.wake()
        until(lambda: state(case, unmounted) == "done", "the clip is done")


@pytest.mark.parametrize(
    ("fault", "said", "traced"),
    [
        (CaseUnwritable("case.db: the disk is full"), "case.db: the disk is full", False),
        (KeyError("an oversight"), "KeyError: 'an oversight'", True),
    ],
    ids=["known", "unforeseen"],
)
def test_what_stops_it_stands_once_in_the_log(
    case, recipe, order, films, caplog,
    monkeypatch, fault, said, traced
):  # fmt: skip
    """Else who runs the server would have to look at its pages to know."""
    monkeypatch.setattr("evidence.work.background.REST_SECONDS", 0.01)
    tries = []

    def fail(*_: object) -> Ending:
        tries.append(1)
        raise fault

    monkeypatch.setattr("evidence.work.sweep.sweep", fail)
    put(case, order, films / "short.mp4")
    with BackgroundWorker(case, recipe, order):
        until(lambda: len(tries) > 2, "it was tried again")
    (record,) = [one for one in caplog.records if one.name == "evidence.work.background"]
    assert said in record.getMessage()
    assert (record.exc_info is not None) == traced


def is_free(case: Case) -> bool:
    with suppress(CaseLocked), case.lock():
        return True
    return False


def outcomes(case: Case) -> list[str | None]:
    with case.session() as session:
        return [run.outcome for run in session.query(Run).order_by(Run.started)]


def test_where_another_holds_the_case_the_desk_waits_and_takes_over(case, recipe, order, films):
    with case.lock(), BackgroundWorker(case, recipe, order) as desk:
        put(case, order, films / "short.mp4")
        desk.wake()
        until(lambda: desk.doing.state == "waiting", "the desk waits for the holder")
    with BackgroundWorker(case, recipe, order):
        until(lambda: state(case, films / "short.mp4") == "done", "the clip is done")


def test_closed_at_work_it_waits_for_no_next_look(case, recipe, order, films, monkeypatch):
    """The work tells once more how far it is, after it was asked to end."""
    monkeypatch.setattr("evidence.work.background.LOOK_SECONDS", 600.0)
    at_work = Event()

    def work(case: Case, order: Order, feed: Feed, stop: Stop, desk: BackgroundWorker) -> Ending:
        at_work.set()
        assert stop.wait(PATIENCE) and desk._bell.wait(PATIENCE)
        desk.show(SweepTally())
        return Ending("interrupted", SweepTally())

    monkeypatch.setattr("evidence.work.sweep.sweep", work)
    put(case, order, films / "short.mp4")
    with BackgroundWorker(case, recipe, order) as desk:
        assert at_work.wait(PATIENCE)
    assert not desk._thread.is_alive()
