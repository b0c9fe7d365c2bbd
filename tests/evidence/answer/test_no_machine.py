"""What the program took for a machine and is none tells how much of what nobody judged is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from datasets.errors import UsageError
from datasets.registry import Registry
from evidence.answer.answer import Controls, answer
from evidence.answer.case import answer_case
from evidence.answer.estimators.clustered import Cell, stratified
from evidence.answer.estimators.share_bounds import ends
from evidence.answer.machines import SeenMachine
from evidence.answer.question import Question
from evidence.case.case import Case
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.test_estimators import ONE

Build = Callable[[Callable[[Builder], None]], object]


def test_of_what_nobody_judged_as_much_is_none(
    case: Case, registry: Registry, build: Build
) -> None:
    """Of ten sightings in a plant two are Chinese machines, four others, and four are none; every
    second of those that are not claimed was drawn."""

    def fill(b: Builder) -> None:
        for plant in range(20):
            for _ in range(2):
                b.add(f"Plant {plant}", "dmtg", "accept")
            for number in range(8):
                drawn = number % 2 == 0
                outcome = ("builder" if number < 4 else "not-cnc") if drawn else None
                builder = "mazak" if outcome == "builder" else None
                b.add(f"Plant {plant}", None, outcome, builder, 0.5 if drawn else None)

    build(fill)
    found = answer_case(case, Question(), registry, "Chinese")[0]
    assert found.counts.machines == 20 * 8  # two of those four that are none were not judged
    assert found.found_low.value == pytest.approx(1 / 3)
    assert found.found_low.low < 1 / 3 < found.found_high.high
    assert found.estimators[0].least == found.found_low
    linked = next(one for one in found.moves if one.label == "as linked")
    assert (linked.low, linked.high) == (found.low.low, found.high.high)


def test_of_no_machine_no_share_is_judged(registry: Registry) -> None:
    """People settled each sighting to be none, and nothing was drawn."""
    none = [replace(ONE, id=str(n), settled=True, none=True) for n in range(3)]
    found = answer(Question(), [], registry, "Chinese", none=none)
    assert not any("strata" in one for one in found.warnings)
    assert "there are no machines" in found.warnings


def test_claims_that_are_all_none_say_nothing_of_what_was_drawn_otherwise() -> None:
    """Asked for one builder: the claims for others are all settled, and are none."""

    def some(number: int, drawn: int, **more: object) -> list[SeenMachine]:
        return [
            replace(ONE, id=f"{more}{n}", plant=f"Plant {n % 12}", drawn=n < drawn,
                    settled=n < drawn, **more)  # type: ignore[arg-type]
            for n in range(number)
        ]  # fmt: skip

    machines = some(100, 20, claimed=True, hit=True) + some(400, 20, claimed=False, hit=False)
    none = some(20, 20, claimed=False, flagged=True, none=True)
    assert ends(machines)[0].value == pytest.approx(0.2)
    assert ends(machines + none) == ends(machines)


def test_what_is_likely_none_would_not_have_been_noticed(registry: Registry) -> None:
    machines = [
        replace(ONE, id=f"{plant}-{number}", plant=f"Plant {plant}", lane="unknown", claimed=False,
                recordings=frozenset({str(plant)}))
        for plant in range(20)
        for number in range(10)
    ]  # fmt: skip
    judged = [replace(one, settled=True, hit=False, drawn=True) for one in machines[::4]]
    others = [one for number, one in enumerate(machines) if number % 4]
    none = [
        replace(one, id=f"none {one.id}", settled=True, drawn=True, none=True) for one in judged
    ]
    controls = Controls(45, 50, ((None, True),) * 45 + ((None, False),) * 5)

    def share(none: list[object]) -> float:
        found = answer(
            Question(),
            judged + others,
            registry,
            "Chinese",
            controls,
            none=none,  # type: ignore[arg-type]
        )
        return found.noticed.share

    assert share(none) > 1.2 * share([])  # type: ignore[arg-type]


def test_the_interval_holds_where_much_is_none() -> None:
    """30 plants of 20 sightings, of which three in ten are none; of the machines three in ten are
    of the kind, and of those three in five claimed. Claims are judged, of the rest a third is."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(40):
        cells = []
        for plant in range(30):
            real = rng.random(20) >= 0.3
            kind = real & (rng.random(20) < 0.3)
            claim = kind & (rng.random(20) < 0.6)
            drawn = ~claim & (rng.random(20) < 0.33)
            claims = int(claim.sum())
            counts = ((~claim), drawn, drawn & kind, drawn & ~real)
            cells.append(Cell(plant, "claimed", claims, claims, claims))
            cells.append(Cell(plant, "unread", *(int(one.sum()) for one in counts)))
        found = stratified(cells)
        held += found.low <= 0.3 <= found.high
    assert held >= 37


@pytest.mark.parametrize(
    ("cells", "value", "low", "high"),
    [
        pytest.param(
            [Cell(p, "a", 4, 4, 4) for p in range(20)]
            + [Cell(p, "b", 4, 4, 0, 4) for p in range(20)],
            1.0, 0.9, 1.0, id="all of a stratum were judged and are none",
        ),
        pytest.param(
            [Cell(p, "a", 4, 4, 0) for p in range(20)]
            + [Cell(p, "b", 4, 1, 0, 1) for p in range(20)],
            None, 0.0, 0.3, id="all judged of it are none, and others were not judged",
        ),
        pytest.param([Cell("a", "b", 3, 3, 0, 3)], None, 0.0, 1.0, id="nothing is a machine"),
    ],
)  # fmt: skip
def test_a_stratum_of_which_each_one_judged_is_none(
    cells: list[Cell], value: float | None, low: float, high: float
) -> None:
    found = stratified(cells)
    assert found.value == (None if value is None else pytest.approx(value))
    assert low <= found.low <= found.high <= high


def test_without_any_the_share_is_what_it_was() -> None:
    machines = [
        replace(ONE, id=f"{p}-{n}", plant=str(p), settled=n < 3, drawn=n < 3, hit=n < 1)
        for p in range(12)
        for n in range(5)
    ]
    low, high = ends(machines)
    assert low == high == stratified([Cell(str(p), "unread, drawn", 5, 3, 1) for p in range(12)])


def test_no_more_are_none_than_were_judged() -> None:
    with pytest.raises(UsageError, match="1 hits and 2 none of 2 judged of 3 machines"):
        stratified([Cell("a", "b", 3, 2, 1, 2)])
