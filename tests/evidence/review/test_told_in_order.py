"""What is counted by grade, state or builder is told in one order, in every database; and asked at
once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event, select, text

from datasets.registry import Registry
from evidence.browse.footage_list import FootageFilter, list_footage
from evidence.browse.machine_summary import describe
from evidence.browse.outcomes import all_words
from evidence.case.base import insert_all
from evidence.case.case import Case
from evidence.case.sighting_tables import MachineRow, Membership
from evidence.case.tables import Recipe
from evidence.review.judgement import TestContext, judge
from evidence.work.progress import SweepTally, count_found

pytestmark = pytest.mark.databases

Store = Callable[..., str]


def test_grades_come_the_surest_first(
    case: Case, store: Store, recipe: Recipe, registry: Registry
) -> None:
    store()
    with case.session() as session:
        (clip,) = list_footage(session, recipe, registry, FootageFilter()).items
    assert list(clip.grades.items()) == [("A", 1), ("B", 2), ("U", 2)]


def test_what_is_open_comes_before_what_is_settled(
    case: Case, store: Store, bench: TestContext, registry: Registry, recipe: Recipe
) -> None:
    keys = [store(f"clip {number}") for number in range(12)]
    _link(case, recipe, {key: (None, [f"{key}:m3", f"{key}:m4"]) for key in keys})
    with case.session() as session, session.begin():
        for key in keys:
            judge(session, bench, f"{key}:m4", "anna", "unknown")
    with case.session() as session:
        if case.on_server:  # as it counts in a large case
            session.execute(text("SET LOCAL enable_sort = off"))
        told = describe(session, list(session.scalars(select(MachineRow))), registry)
    assert [list(one.judged.items()) for one in told] == [[("open", 1), ("settled", 1)]] * 12


def test_what_people_settled_is_asked_at_once_of_however_many_machines(
    case: Case, store: Store, bench: TestContext, registry: Registry, recipe: Recipe
) -> None:
    keys = [store(word) for word in ("one", "two", "three")]
    _link(case, recipe, {key: (None, [f"{key}:m3", f"{key}:m4"]) for key in keys})
    with case.session() as session, session.begin():
        for key in keys:
            for name in ("m3", "m4"):
                judge(session, bench, f"{key}:{name}", "anna", "unknown")
    asked: list[str] = []
    event.listen(
        case.engine, "before_cursor_execute", lambda _c, _cursor, said, *_: asked.append(said)
    )
    with case.session() as session:
        words = all_words(session, recipe, registry)
    assert {id_: word.said for id_, word in words.items()} == dict.fromkeys(keys, "unknown")
    assert len([said for said in asked if said.startswith("SELECT")]) == 1


def test_a_sweep_counts_builders_in_order(case: Case, store: Store, recipe: Recipe) -> None:
    names = ["okuma", None, "haas", "mazak", "dmtg", None, "tsugami"]
    _link(case, recipe, {f"{number:032}": (one, []) for number, one in enumerate(names)})
    tally = SweepTally()
    with case.session() as session:
        count_found(session, recipe, tally)
    assert list(tally.machines) == ["", "dmtg", "haas", "mazak", "okuma", "tsugami"]


def _link(case: Case, recipe: Recipe, machines: dict[str, tuple[str | None, list[str]]]) -> None:
    """Makes machines of sightings, by id, each with its builder."""
    naming = {"model": recipe.model, "settings": recipe.settings, "grade": "U"}
    counted = {"probability": 0.1, "sightings": 1, "footages": 1, "conflict": False}
    with case.session() as session, session.begin():
        insert_all(
            session,
            MachineRow,
            [naming | counted | {"id": id_, "builder": one} for id_, (one, _) in machines.items()],
        )
        members = [(key, id_) for id_, (_, keys) in machines.items() for key in keys]
        insert_all(session, Membership, [{"sighting": k, "machine": m} for k, m in members])
