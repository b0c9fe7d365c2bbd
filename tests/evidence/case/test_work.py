"""The list of work: in order, each path once, nothing known is lost."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import select

from datasets.errors import CaseUnreachable, UsageError
from detector.settings import Settings
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.summary import add_recipe, beat, begin_run
from evidence.case.tables import Location, Recipe, Work
from evidence.case.work_queue import (
    LONGEST_PATH,
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
from evidence.work.progress import read_status
from tests.evidence.work.helping import until
from tests.postgres import somebody_waits
from tests.rows import act, look

pytestmark = pytest.mark.databases


def state(case: Case, path: str) -> tuple[str, int, str | None, str | None]:
    with case.session() as session:
        work = session.scalars(select(Work).where(Work.path == path)).one()
        return work.state, work.tries, work.kind, work.reason


def add(case: Case, recipe: Recipe, *sources: FootageSource, priority: int = 0) -> int:
    return act(case, add_work, recipe, sources, priority)


def location(case: Case, path: str) -> Location:
    with case.session() as session:
        return session.get_one(Location, path)


def next_paths(case: Case, recipe: Recipe, limit: int, exclude: tuple[str, ...] = ()) -> list[str]:
    return [work.path for work in look(case, take, recipe, limit, exclude)]


def test_the_most_urgent_comes_first_then_the_order_of_paths(case, recipe):
    add(case, recipe, *(FootageSource(path) for path in ("/b", "/a", "/C")))
    add(case, recipe, FootageSource("/urgent/2"), FootageSource("/urgent/1"), priority=5)
    add(case, recipe, FootageSource("/later"), priority=-1)
    order = ["/urgent/1", "/urgent/2", "/C", "/a", "/b", "/later"]
    for limit in range(8):
        assert next_paths(case, recipe, limit) == order[:limit]
    for priority in (3, 1):  # named again it is more urgent, never less
        add(case, recipe, FootageSource("/b"), priority=priority)
        assert next_paths(case, recipe, 3) == ["/urgent/1", "/urgent/2", "/b"]
    add(case, recipe, FootageSource("/b"), FootageSource("/later"), priority=2)
    order = ["/urgent/1", "/urgent/2", "/b", "/later", "/C", "/a"]
    assert next_paths(case, recipe, 9) == order
    assert next_paths(case, recipe, 3, ("/urgent/2", "/b")) == ["/urgent/1", "/later", "/C"]


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
        assert location(case, "/a").provenance == found


def test_what_lies_below_a_folder_that_is_away_is_left_out(case, recipe):
    there = ["/Disk/a", "/disk-2/a", "/disk/1 /a", "/disk/10", "/disk2/a", "/disk/\udcff2"]
    away = ["/disk", "/disk/1/a", "/disk/1/цех/b"]
    add(case, recipe, *(FootageSource(path) for path in there + away))
    below = ["/disk/1", "/disk"]
    with case.session() as session:
        taken = take(session, recipe, 9, (), ["/disk/1", "/nowhere"])
        assert {one.path for one in taken} == {*there, "/disk"}
        assert count_away(session, recipe, below) == 6
        left = [one.path for one in take(session, recipe, 9, ["/disk2/a"], below)]
    assert left == ["/Disk/a", "/disk-2/a"]


def test_a_path_on_the_list_is_known(case, recipe):
    sources = [FootageSource("/a", 10, 20), FootageSource("/b", 10, 20)]
    assert add(case, recipe, *sources) == 2
    assert add(case, recipe, *sources, FootageSource("/c")) == 1
    assert add(case, recipe, FootageSource("/d"), FootageSource("/d", note="twice")) == 1


def test_what_is_known_of_a_path_is_never_erased(case, recipe):
    told = FootageSource(
        "/a", 10, 20, "https://example.org/v", "a channel", "2024", "Plant 12", "note"
    )
    add(case, recipe, told)
    add(case, recipe, FootageSource("/a"))
    add(case, recipe, FootageSource("/a", plant_claimed="Plant 13", provenance={"by": "a list"}))
    found = location(case, "/a")
    assert (found.size, found.mtime_ns, found.origin_url) == (10, 20, "https://example.org/v")
    assert (found.publisher, found.published, found.note) == ("a channel", "2024", "note")
    assert (found.plant_claimed, found.provenance) == ("Plant 13", {"by": "a list"})


def test_a_file_that_changed_waits_again(swept, recipe, survey):
    path = str(survey.analysis.footage.path)
    assert add(swept, recipe, FootageSource(path)) == 0
    assert state(swept, path)[0] == "done"
    assert add(swept, recipe, FootageSource(path, 999_999)) == 1
    assert state(swept, path)[0] == "waiting"
    found = location(swept, path)
    assert (found.size, found.footage) == (999_999, None)


def test_work_is_done_when_its_analysis_is_stored(case, recipe, listed, survey, registry):
    [work] = listed("/a")
    sha256 = survey.analysis.footage.sha256
    with pytest.raises(ValueError, match="no analysis"), case.session() as session, session.begin():
        done(session, work, sha256)
    with case.session() as session, session.begin():
        tried = failed_try(session, work, "killed", "the worker died", 3)
        assert tried is not None
        record_survey(session, case, survey, registry)
        assert done(session, tried, sha256)
    assert state(case, "/a") == ("done", 0, None, None)
    assert location(case, "/a").footage == sha256


def test_the_same_bytes_at_another_path_are_looked_at_once(swept, recipe, listed, survey):
    [work] = listed("/copy")
    with swept.session() as session, session.begin():
        assert done(session, work, survey.analysis.footage.sha256)
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
        work = act(case, failed_try, work, kind, f"try {tries}", 3)
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
    act(case, record_survey, case, survey, registry)

    def finish() -> bool:
        return act(case, done, work, survey.analysis.footage.sha256)

    with ThreadPoolExecutor(1) as pool:
        with case.session() as session, session.begin():
            add_work(session, recipe, [FootageSource("/a", note="seen")])
            finished = pool.submit(finish)
            until(partial(somebody_waits, database), "it waits for the one who adds")
            add_work(session, recipe, [FootageSource("/a")], priority=5)
        assert finished.result()
    found = location(case, "/a")
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
        assert counts(session, recipe).aside == {"x": 1, "y": 2, "z": 1}
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


def test_the_last_run_is_the_last_though_the_clock_was_put_back(case, recipe):
    with case.session() as session, session.begin():
        ahead = begin_run(session, "sweep", recipe)
        ahead.started += timedelta(days=3000)
        session.flush()
        beat(session, ahead, {"done": 3}, "everything was done")
        session.refresh(ahead)
        assert (ahead.counts, ahead.outcome) == ({"done": 3}, "everything was done")
        last = begin_run(session, "sweep", recipe)
    found = read_status(case)
    assert found is not None and found.run.id == last.id
    assert abs(datetime.now(UTC) - found.run.beat) < timedelta(minutes=10)
