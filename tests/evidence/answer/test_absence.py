"""How surely a plant holds none: not more surely for what is not settled elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from datasets.registry import Registry
from evidence.answer.answer import Answer, answer
from evidence.answer.case import answer_case
from evidence.answer.machines import SeenMachine
from evidence.answer.question import Question
from evidence.answer.report.page import to_json
from evidence.case.case import Case
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.test_estimators import ONE

Build = Callable[[Callable[[Builder], None]], object]


def ask(case: Case, registry: Registry) -> Answer:
    return answer_case(case, Question(), registry, "Chinese")[0]


def three_plants(b: Builder) -> None:
    """Three recordings of one that show none, and two each of two others that all do."""
    for _ in range(3):
        b.add("Others", claim="mazak", outcome="accept")
    for plant in ("Confirmed", "Confirmed too"):
        for _ in range(2):
            b.add(plant, claim="dmtg", outcome="accept")


@pytest.mark.parametrize("claim", ["dmtg", None], ids=["claims wait", "nothing can be read"])
def test_plants_of_which_nothing_is_told_yet_make_no_absence_surer(
    case: Case, registry: Registry, build: Build, claim: str | None
) -> None:
    def fill(b: Builder) -> None:
        three_plants(b)
        for number in range(20):
            for _ in range(2):
                b.add(f"Not told {number}", claim=claim)

    build(fill)
    found = ask(case, registry)
    absent = {row.plant: row.absent for row in found.plants}
    assert absent["Others"] is not None and absent["Others"].low == pytest.approx(0.757, abs=0.002)
    assert absent["Not told 0"] is None
    present = found.presence.present
    assert present.value == pytest.approx(2 / 3, abs=0.01)  # nor fewer plants hold one
    assert present.warnings[-1].startswith("20 plants are left out")


def test_recordings_in_which_nobody_can_be_read_do_not_show_none(
    case: Case, registry: Registry, build: Build
) -> None:
    """Nor are they left out where one is confirmed: there they are those that do not show it."""

    def fill(b: Builder) -> None:
        three_plants(b)
        for _ in range(20):
            b.add("Others", outcome="unknown")

    build(fill)
    found = ask(case, registry)
    others = next(row for row in found.plants if row.plant == "Others")
    assert others.absent is not None and others.absent.low == pytest.approx(0.757, abs=0.002)
    assert others.recordings == 23
    assert found.presence.seen.value == pytest.approx(1)
    assert not any("left out" in word for word in found.presence.present.warnings)


def test_recordings_of_a_plant_that_holds_one_may_not_show_it(registry: Registry) -> None:
    machines = seen_in({"Others": 3, "Confirmed": 2, "Confirmed too": 2})
    machines += [
        replace(ONE, id=f"unread{n}", plant="Confirmed", recordings=frozenset({f"u{n}"}))
        for n in range(4)
    ]
    found = answer(Question(), machines, registry, "Chinese")
    assert found.presence.seen.value is not None and found.presence.seen.value < 0.6


def test_recordings_in_which_nothing_was_found_are_told(
    case: Case, registry: Registry, build: Build
) -> None:
    """And tell nothing: of no plant, of one in which a machine was found elsewhere, of another."""

    def fill(b: Builder) -> None:
        three_plants(b)
        for plant in (None, "Others", "Others", "Nothing"):
            b.frame(plant)
        b.frame("Others", views=2)
        b.copy(9, 10)

    build(fill)
    rows = ask(case, registry).plants
    assert [(row.plant, row.recordings, row.machines) for row in rows] == [
        ("Others", 5, 3),
        ("Confirmed", 2, 2),
        ("Confirmed too", 2, 2),
        ("Nothing", 1, 0),
    ]
    assert rows[0].absent is not None and rows[0].absent.low == pytest.approx(0.757, abs=0.002)
    assert rows[3].absent is None


def seen_in(plants: dict[str, int]) -> list[SeenMachine]:
    """In each plant so many settled machines, each in a recording of its own."""
    return [
        replace(ONE, id=f"{plant}{n}", plant=plant, recordings=frozenset({f"{plant}{n}"}),
                settled=True, hit=plant.startswith("Confirmed"))
        for plant, number in plants.items()
        for n in range(number)
    ]  # fmt: skip


THREE = {"Others": 3, "Confirmed": 2, "Confirmed too": 2}


@pytest.mark.parametrize(
    ("state", "high"),
    [({"settled": True, "hit": True}, 0.0), ({"claimed": True, "waiting": True}, None)],
    ids=["confirmed", "waits"],
)
def test_plants_in_which_one_was_entered_make_no_absence_surer(
    registry: Registry, state: dict[str, bool], high: float | None
) -> None:
    plants = {f"Entered {number}": 2 for number in range(10)}
    machines = seen_in(THREE | plants)
    machines += [replace(ONE, id=plant, plant=plant, entered=True, **state) for plant in plants]
    found = answer(Question(), machines, registry, "Chinese")
    absent = {row.plant: row.absent for row in found.plants}
    assert absent["Others"] is not None and absent["Others"].low == pytest.approx(0.757, abs=0.002)
    entered = absent["Entered 0"]
    assert (None if entered is None else entered.high) == high


def test_no_plant_is_likely_without_one_that_people_saw_in_an_audited_frame(
    case: Case, registry: Registry, build: Build
) -> None:
    def fill(b: Builder) -> None:
        three_plants(b)
        b.frame("Others", "missed", "dmtg")

    build(fill)
    absent = {row.plant: row.absent for row in ask(case, registry).plants}
    assert absent["Others"] is None


def test_absences_stand_in_the_order_of_the_plants(registry: Registry) -> None:
    """Machines entered by hand count among those of a plant, and are none of the model's."""
    machines = seen_in(THREE)
    machines += [
        replace(one, id=f"entered-{n}", entered=True)
        for n, one in enumerate(machines)
        if one.plant == "Confirmed too"
    ]
    plain = to_json(answer(Question(), machines, registry, "Chinese"))
    assert plain["plants"][0]["plant"] == "Confirmed too"
    assert [*plain["presence"]["absent"]] == [row["absent"] for row in plain["plants"]]
