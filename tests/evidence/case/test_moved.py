"""Footage that lies elsewhere now, or nowhere, as a person says: on the list once, on record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from datasets.errors import UsageError
from datasets.registry import Registry
from detector.settings import Settings
from evidence.answer.case import read_case, read_moment
from evidence.answer.question import Question
from evidence.case import work_queue
from evidence.case.case import Case
from evidence.case.moves import Outcomes, lose, move
from evidence.case.pack import pack
from evidence.case.places import correct
from evidence.case.summary import add_recipe, summarise
from evidence.case.tables import MOVED, Location, Recipe, Work
from evidence.case.unpack import unpack
from evidence.case.work_queue import LOST, FootageSource, add_work, counts, done, reopen, take
from tests.rows import act, fetch, keep, look

pytestmark = pytest.mark.databases

WAITED = FootageSource(
    "/old/tour.mp4", 1000, 7, plant_claimed="Kazan works", provenance={"line": 2}
)


def meet(case: Case, recipe: Recipe, *sources: FootageSource) -> None:
    act(case, add_work, recipe, sources)


def say(case: Case, old: str = "/old", new: str = "/new") -> Outcomes:
    return act(case, move, old, new, "Anna")


def states(case: Case) -> dict[str, str]:
    return {one.path: one.kind or one.state for one in fetch(case, select(Work))}


def left_out(case: Case, registry: Registry) -> tuple[int, int]:
    """Footage that an answer says was not looked at, and that was set aside."""
    answer = read_case(case, Question(), registry).answer
    return answer.caveat("not_looked_at"), answer.caveat("set_aside")


def test_what_waited_in_a_pack_holds_up_no_answer_once_it_was_read_elsewhere(
    swept, recipe, survey, registry, tmp_path
):
    meet(swept, recipe, WAITED)
    pack(swept, tmp_path / "case.zip")
    with unpack(tmp_path / "case.zip", tmp_path / "opened") as case:
        meet(case, recipe, FootageSource("/new/tour.mp4", 1000, 8))
        with case.session() as session, session.begin():
            [work] = take(session, recipe, 9)
            assert done(session, work, survey.analysis.footage.sha256)
            before = read_moment(session)
        assert left_out(case, registry) == (1, 0)
        assert say(case) == {"moved": ["/old/tour.mp4"]}
        assert left_out(case, registry) == (0, 0)
        with case.session() as session:
            assert counts(session, recipe).aside == {}
            assert read_moment(session) != before
            # Who said so stays on record, and what was claimed of it goes along.
            row = session.scalars(select(Work).where(Work.kind == MOVED)).one()
            assert row.reason == "it lies at /new/tour.mp4 now, says Anna"
            place = session.get_one(Location, "/new/tour.mp4")
            assert (place.plant_claimed, place.provenance) == ("Kazan works", {"line": 2})
        # Where a sweep meets a file at the old path after all, it is looked at.
        with case.session() as session, session.begin():
            assert reopen(session, recipe) == 0
        meet(case, recipe, FootageSource("/old/tour.mp4", 1000, 7))
        assert [one.path for one in look(case, take, recipe, 9)] == ["/old/tour.mp4"]


def test_a_disk_that_moved_is_counted_once(case, recipe, survey, registry):
    keep(case, recipe, survey)
    sha256 = survey.analysis.footage.sha256
    for folder in ("/old", "/new"):
        meet(case, recipe, *(FootageSource(f"{folder}/{name}", 5, 7) for name in ("a", "b", "c")))
        with case.session() as session, session.begin():
            a, b, c = take(session, recipe, 9)
            assert done(session, a, sha256)
            for work in (b, c):
                assert work_queue.set_aside(session, work, "unreadable", "noise")
    assert say(case)["moved"] == ["/old/a", "/old/b", "/old/c"]
    found = look(case, counts, recipe)
    assert (found.done, found.aside) == (2, {"unreadable": 2})
    assert summarise(case, registry)["work"][0]["aside"] == {"unreadable": 2}
    with pytest.raises(UsageError, match="nothing on a list of the case lies there"):
        say(case)
    # Nobody looks anew where nothing lies any more.
    with case.session() as session, session.begin():
        anew = add_recipe(session, "aa" * 32, Settings(program="0.9.0"), registry)
        work_queue.add_all(session, anew)
        paths = {work.path for work in take(session, anew, 9)}
        assert paths == {"/new/a", str(survey.analysis.footage.path)}
    # Said the other way round, it would be nowhere.
    assert say(case, "/new", "/old")["unmet"] == ["/new/a", "/new/b", "/new/c"]


def test_only_what_may_be_the_same_file_is_taken_for_it(case, recipe, tmp_path):
    still = tmp_path / "old" / "still"
    still.parent.mkdir()
    still.write_bytes(b"12345")
    old, new = str(tmp_path / "old"), str(tmp_path / "new")
    names = ("/a", "/larger", "/unknown", "/still", "/unmet", "er")
    meet(case, recipe, *(FootageSource(f"{old}{name}", 5, 7) for name in names))
    sizes = {"a": 5, "larger": 6, "unknown": None, "still": 5}
    meet(case, recipe, *(FootageSource(f"{new}/{name}", size, 7) for name, size in sizes.items()))
    told = say(case, old, new)
    assert told["moved"] == [f"{old}/a"]
    assert (told["still"], told["unmet"]) == ([f"{old}/still"], [f"{old}/unmet"])
    assert told["other"] == [f"{old}/larger", f"{old}/unknown"]
    assert [path for path, kind in states(case).items() if kind == MOVED] == [f"{old}/a"]


def test_what_a_person_put_right_at_the_new_place_stands(case, recipe, survey, registry):
    keep(case, recipe, survey)
    meet(case, recipe, WAITED, FootageSource("/new/tour.mp4", 1000, 8, plant_claimed="Omsk"))
    with case.session() as session, session.begin():
        assert done(session, take(session, recipe, 1)[0], survey.analysis.footage.sha256)
        correct(session, "/new/tour.mp4", {"plant_claimed": None}, "Olga")
    assert say(case)["moved"] == [WAITED.path]
    with case.session() as session:
        assert session.get_one(Location, "/new/tour.mp4").plant_claimed is None


def test_what_is_lost_for_good_holds_up_no_answer(swept, recipe, registry, tmp_path):
    """Until it is met there all the same; a name that only begins like it waits on."""
    meet(swept, recipe, WAITED, FootageSource("/older/tour.mp4", 1000, 7))
    pack(swept, tmp_path / "case.zip")
    with unpack(tmp_path / "case.zip", tmp_path / "opened") as case:

        def left() -> tuple[int, int]:
            return left_out(case, registry)

        assert left() == (2, 0)
        with case.session() as session, session.begin():
            before = read_moment(session)
            assert lose(session, "/old", "Anna") == {"lost": ["/old/tour.mp4"], "there": []}
        assert left() == (1, 1)
        with case.session() as session, session.begin():
            assert read_moment(session) != before
            assert reopen(session, recipe) == 0
            [why] = session.scalars(select(Work.reason).where(Work.kind == LOST))
            assert why == "it is lost for good, as Anna says"
        meet(case, recipe, replace(WAITED, mtime_ns=8))
        assert left() == (2, 0)


def test_no_other_file_is_said_to_be_lost(swept, recipe):
    """What waits, or was set aside for its own sake, a sweep tells of."""
    meet(swept, recipe, WAITED)
    with swept.session() as session, session.begin(), pytest.raises(UsageError, match="has waited"):
        lose(session, "/old", "Anna")
