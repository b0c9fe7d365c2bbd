"""The list of work: in order, each path once, nothing known is lost."""

from __future__ import annotations

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import select

from datasets.errors import CaseUnreachable, UsageError
from detector.settings import Settings
from evidence.case.case import Case
from evidence.case.queue import (
    LONGEST_PATH,
    AddedWork,
    FootageSource,
    add_work,
    count_away,
    counts,
    done,
    failed_try,
    reopen,
    set_aside,
    take,
)
from evidence.case.rows import record_survey
from evidence.case.summary import add_recipe, beat, begin_run, end_run
from evidence.case.tables import Location, Recipe, Run, Work
from evidence.work.progress import read_status
from tests.evidence.work.helping import until
from tests.postgres import somebody_waits

pytestmark = pytest.mark.databases

Listed = Callable[..., list[Work]]


def state(case: Case, path: str) -> tuple[str, int, str | None, str | None]:
    with case.session() as session:
        work = session.scalars(select(Work).where(Work.path == path)).one()
        return work.state, work.tries, work.kind, work.reason


def add(case: Case, recipe: Recipe, *sources: FootageSource, priority: int = 0) -> AddedWork:
    with case.session() as session, session.begin():
        return add_work(session, recipe, sources, priority)


def next_paths(case: Case, recipe: Recipe, limit: int, exclude: tuple[str, ...] = ()) -> list[str]:
    with case.session() as session:
        return [work.path for work in take(session, recipe, limit, exclude)]


def test_the_most_urgent_comes_first_then_the_order_of_paths(case, recipe):
    add(case, recipe, *(FootageSource(path) for path in ("/b", "/a", "/C")))
    add(case, recipe, FootageSource("/urgent/2"), FootageSource("/urgent/1"), priority=5)
    add(case, recipe, FootageSource("/later"), priority=-1)
    order = ["/urgent/1", "/urgent/2", "/C", "/a", "/b", "/later"]
    for limit in range(8):
        assert next_paths(case, recipe, limit) == order[:limit]
    assert next_paths(case, recipe, 3, ("/urgent/2", "/C")) == ["/urgent/1", "/a", "/b"]


def test_provenance_names_every_source_of_what_stands(case, recipe):
    old, new = {"list": "old.csv", "line": 2}, {"list": "new.csv", "line": 9}
    first = FootageSource("/a", 1, 1, plant_claimed="Kazan works", provenance=old)
    second = FootageSource("/a", 1, 1, origin_url="http://a.example", provenance=new)
    for source, found in (
        (first, old),
        (second, new | {"earlier": [old]}),
        (second, new | {"earlier": [old]}),
        (first, old | {"earlier": [new]}),
        (
            FootageSource("/a", 1, 1, "http://b.example", "TV", plant_claimed="P", provenance=new),
            new | {"earlier": [old]},
        ),
    ):
        add(case, recipe, source)
        with case.session() as session:
            assert session.get_one(Location, "/a").provenance == found


def test_what_lies_below_a_folder_that_is_away_is_left_out(case, recipe):
    there = ["/Disk/a", "/disk-2/a", "/disk/1 /a", "/disk/10", "/disk2/a", "/disk/\udcff2"]
    away = ["/disk", "/disk/1/a", "/disk/1/цех/b"]
    add(case, recipe, *(FootageSource(path) for path in there + away))
    below = ["/disk/1", "/disk"]
    with case.session() as session:
        assert {one.path for one in take(session, recipe, 9, (), ["/disk/1", "/nowhere"])} == {
            *there,
            "/disk",
        }
        assert count_away(session, recipe, below) == 6
        left = [one.path for one in take(session, recipe, 9, ["/disk2/a"], below)]
    assert left == ["/Disk/a", "/disk-2/a"]


def test_a_path_on_the_list_is_known(case, recipe):
    sources = [FootageSource("/a", 10, 20), FootageSource("/b", 10, 20)]
    assert add(case, recipe, *sources) == AddedWork(new=2)
    assert add(case, recipe, *sources, FootageSource("/c")) == AddedWork(new=1, known=2)
    assert add(case, recipe, FootageSource("/d"), FootageSource("/d", note="twice")) == AddedWork(
        new=1
    )


def test_naming_a_path_again_makes_it_more_urgent_never_less(case, recipe):
    add(case, recipe, FootageSource("/a"), FootageSource("/b"))
    add(case, recipe, FootageSource("/b"), priority=3)
    add(case, recipe, FootageSource("/b"), priority=1)
    assert next_paths(case, recipe, 1) == ["/b"]
    with case.session() as session:
        assert take(session, recipe, 1)[0].priority == 3


def test_what_is_known_of_a_path_is_never_erased(case, recipe):
    told = FootageSource(
        "/a", 10, 20, "https://example.org/v", "a channel", "2024", "Plant 12", "note"
    )
    add(case, recipe, told)
    add(case, recipe, FootageSource("/a"))
    add(case, recipe, FootageSource("/a", plant_claimed="Plant 13", provenance={"by": "a list"}))
    with case.session() as session:
        found = session.get_one(Location, "/a")
    assert (found.size, found.mtime_ns, found.origin_url) == (10, 20, "https://example.org/v")
    assert (found.publisher, found.published, found.note) == ("a channel", "2024", "note")
    assert (found.plant_claimed, found.provenance) == ("Plant 13", {"by": "a list"})


def test_a_file_that_changed_waits_again(swept, recipe, survey):
    path = str(survey.analysis.footage.path)
    assert add(swept, recipe, FootageSource(path)) == AddedWork(known=1)
    assert state(swept, path)[0] == "done"
    assert add(swept, recipe, FootageSource(path, 999_999)) == AddedWork(changed=1)
    assert state(swept, path)[0] == "waiting"
    with swept.session() as session:
        found = session.get_one(Location, path)
    assert (found.size, found.footage) == (999_999, None)


def test_work_is_done_when_its_analysis_is_stored(case, recipe, listed, survey, registry):
    [work] = listed("/a")
    sha256 = survey.analysis.footage.sha256
    with pytest.raises(ValueError, match="no analysis"), case.session() as session, session.begin():
        done(session, work, sha256)
    with case.session() as session, session.begin():
        tried = failed_try(session, work, "killed", "the worker died", 3)
    assert tried is not None
    with case.session() as session, session.begin():
        record_survey(session, case, survey, registry)
        assert done(session, tried, sha256)
    assert state(case, "/a") == ("done", 0, None, None)
    with case.session() as session:
        assert session.get_one(Location, "/a").footage == sha256


def test_the_same_bytes_at_another_path_are_looked_at_once(swept, recipe, listed, survey):
    [work] = listed("/copy")
    with swept.session() as session, session.begin():
        assert done(session, work, survey.analysis.footage.sha256)
    with swept.session() as session:
        found = counts(session, recipe)
    assert (found.waiting, found.done, found.footages, found.seconds) == (0, 2, 1, 3.0)


def test_a_file_replaced_while_it_was_looked_at_waits(swept, recipe, listed, survey):
    [work] = listed("/a")
    add(swept, recipe, FootageSource("/a", 2000, 2))
    with swept.session() as session, session.begin():
        assert not done(session, work, survey.analysis.footage.sha256)
        assert not set_aside(session, work, "empty", "no bytes")
        assert failed_try(session, work, "killed", "died", 1) is None
    assert state(swept, "/a") == ("waiting", 0, None, None)


def test_tries_are_counted_up_to_the_last(case, listed):
    work: Work | None
    [work] = listed("/a")
    for tries, kind in enumerate(("killed", "overtime", "killed"), 1):
        assert work is not None and work.state == "waiting"
        with case.session() as session, session.begin():
            work = failed_try(session, work, kind, f"try {tries}", 3)
        assert work is not None and work.tries == tries
    assert work is not None and work.state == "aside"
    assert state(case, "/a") == ("aside", 3, "killed", "try 3")


def test_a_step_that_was_rolled_back_can_be_taken_again(case, listed):
    [work] = listed("/a")
    for end in ("rollback", "commit"):
        with case.session() as session:
            session.begin()
            moved = failed_try(session, work, "killed", "the worker died", 3)
            getattr(session, end)()
        assert moved is not None
    assert state(case, "/a")[:2] == ("waiting", 1)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_who_adds_a_path_and_who_is_done_with_it_get_past_each_other(
    case, database, recipe, listed, survey, registry
):
    [work] = listed("/a")
    with case.session() as session, session.begin():
        record_survey(session, case, survey, registry)

    def finish() -> bool:
        with case.session() as session, session.begin():
            return done(session, work, survey.analysis.footage.sha256)

    with ThreadPoolExecutor(1) as pool:
        with case.session() as session, session.begin():
            add_work(session, recipe, [FootageSource("/a", note="seen")])
            finished = pool.submit(finish)
            until(partial(somebody_waits, database), "it waits for the one who adds")
            add_work(session, recipe, [FootageSource("/a")], priority=5)
        assert finished.result()
    with case.session() as session:
        found = session.get_one(Location, "/a")
    assert (found.note, found.footage) == ("seen", survey.analysis.footage.sha256)
    assert state(case, "/a")[0] == "done"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_of_two_who_wait_for_each_other_one_is_told_to_run_again(case, listed):
    listed("/a", "/b")
    both = Barrier(2, timeout=60)

    def change(first: str, second: str) -> None:
        with case.session() as session, session.begin():
            session.get_one(Location, first, with_for_update=True)
            both.wait()
            session.get_one(Location, second, with_for_update=True)

    with ThreadPoolExecutor(2) as pool:
        ends = [pool.submit(change, *paths) for paths in (("/a", "/b"), ("/b", "/a"))]
    [error] = [end.exception() for end in ends if end.exception()]
    assert isinstance(error, CaseUnreachable) and str(error).endswith("run again")


def test_what_was_set_aside_can_be_asked_for_again(case, recipe, listed):
    taken = listed("/a", "/b", "/c", "/d")
    with case.session() as session, session.begin():
        for work, kind in zip(taken, "xyyz", strict=True):
            set_aside(session, work, kind, "for a reason")
    with case.session() as session:
        assert counts(session, recipe).aside == {"x": 1, "y": 2, "z": 1}
    with case.session() as session, session.begin():
        assert reopen(session, recipe, kinds=["y"]) == 2
        assert reopen(session, recipe, paths=["/d", "/nowhere"]) == 1
    assert next_paths(case, recipe, 9) == ["/b", "/c", "/d"]
    with case.session() as session, session.begin():
        assert reopen(session, recipe) == 1
    assert state(case, "/a") == ("waiting", 0, None, None)


def test_each_recipe_has_a_list_of_its_own(case, recipe, listed, registry):
    [work] = listed("/a")
    with case.session() as session, session.begin():
        other = add_recipe(session, "cc" * 32, Settings(), registry)
        add_work(session, other, [FootageSource("/a"), FootageSource("/b")])
        set_aside(session, work, "empty", "no bytes")
    assert next_paths(case, recipe, 9) == []
    assert next_paths(case, other, 9) == ["/a", "/b"]


def test_a_path_that_no_key_can_hold_is_refused(case, recipe):
    letters = random.Random(1).choices("abcdefghijklmnopqrstuvwxyz/", k=LONGEST_PATH)
    add(case, recipe, FootageSource("".join(letters)))
    with pytest.raises(UsageError, match="2400 bytes"):
        FootageSource("/" + "".join(letters))


def test_runs_say_who_works_and_how_it_ended(case, recipe):
    with case.session() as session, session.begin():
        run = begin_run(session, "sweep", recipe)
    with case.session() as session, session.begin():
        beat(session, run, {"done": 3})
    with case.session() as session:
        found = session.get_one(Run, run.id)
        assert found.counts == {"done": 3} and found.ended is None
        assert found.beat >= found.started
    with case.session() as session, session.begin():
        end_run(session, run, "everything was done")
    with case.session() as session:
        found = session.get_one(Run, run.id)
        assert found.outcome == "everything was done" and found.ended is not None


def test_the_last_run_is_the_last_though_the_clock_was_put_back(case, recipe):
    with case.session() as session, session.begin():
        ahead = begin_run(session, "sweep", recipe)
        ahead.started += timedelta(days=3000)
    with case.session() as session, session.begin():
        end_run(session, ahead, "done")
        last = begin_run(session, "sweep", recipe)
    found = read_status(case)
    assert found is not None and found.run.id == last.id
    assert abs(datetime.now(UTC) - found.run.beat) < timedelta(minutes=10)
