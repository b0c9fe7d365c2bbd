"""The common mistakes, each of which must be impossible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from datasets.registry import Registry
from evidence.answer.answer import Answer, answer
from evidence.answer.case import read_case
from evidence.answer.question import Question
from evidence.answer.report import CaseAnswer, render_answer
from evidence.answer.sentence import AnswerKind
from evidence.case.case import Case
from tests.evidence.answer.conftest import Builder
from tests.evidence.answer.made import answer_case
from tests.evidence.answer.test_waiting import known_better

Build = Callable[[Callable[[Builder], None]], object]


CHINESE = Question()


def ask(case: Case, registry: Registry, question: Question = CHINESE) -> Answer:
    return answer_case(case, question, registry)[0]


def test_frames_are_never_the_unit(case: Case, registry: Registry, build: Build) -> None:
    """A machine in view for 200 frames weighs as much as one in view for one."""

    def fill(b: Builder) -> None:
        for plant in range(10):
            b.add(f"Plant {plant}", "dmtg", "accept", views=200 if plant == 0 else 1)
            for _ in range(3):
                b.add(f"Plant {plant}", "mazak", "accept", chance=0.5)

    build(fill)
    found = ask(case, registry)
    assert (found.counts.machines, found.counts.confirmed) == (40, 10)
    assert found.low.value == 0.25


def test_a_copy_counts_once(case: Case, registry: Registry, build: Build) -> None:
    """The same recording at three places is one recording, of one machine."""

    def fill(b: Builder) -> None:
        machine = b.add(None, "dmtg", "accept")
        b.add(None, "dmtg", "accept", same=machine)
        b.add("Plant 1", "dmtg", "accept", same=machine)
        b.copy(1, 2)
        b.copy(2, 3)

    build(fill)
    found = ask(case, registry)
    assert (found.counts.machines, found.counts.confirmed, found.counts.plants) == (1, 1, 1)
    assert [(row.plant, row.recordings) for row in found.plants] == [("Plant 1", 1)]


def test_ten_machines_of_one_plant_are_not_ten(
    case: Case, registry: Registry, build: Build
) -> None:
    """As many of the kind, all in one plant or one in each of ten: the former says less."""

    def fill(b: Builder) -> None:
        for plant in range(20):
            for _ in range(10):
                b.add(f"Plant {plant}", "mazak" if plant else "dmtg", "accept", chance=0.5)

    build(fill)
    machines = read_case(case, Question(), registry).machines
    kind = [one for one in machines if one.hit]
    others = iter(one for one in machines if not one.hit)
    spread = [replace(one, plant=f"Plant {plant}") for plant, one in enumerate(kind)]
    for plant in range(20):
        for _ in range(9 if plant < 10 else 10):
            spread.append(replace(next(others), plant=f"Plant {plant}"))
    asked = Question(estimand="plants")
    at_one = answer(asked, machines, registry)
    apart = answer(asked, spread, registry)
    assert (at_one.counts.plants, apart.counts.plants) == (1, 10)
    assert at_one.low.value == apart.low.value == 0.05
    assert at_one.high.high - at_one.low.low > 1.5 * (apart.high.high - apart.low.low)


def test_nothing_found_is_not_nothing_there(case: Case, registry: Registry, build: Build) -> None:
    """Without controls no sentence says none, and no page a share of nought alone."""

    def fill(b: Builder) -> None:
        for plant in range(30):
            b.add(f"Plant {plant}", "mazak", "accept", chance=0.5)

    build(fill)
    found, facts, exhibits = answer_case(case, Question(), registry)
    assert found.said.kind is AnswerKind.OPEN and found.caveat("no_controls")
    assert found.low.low == 0 and found.high.high > 0
    plants = ask(case, registry, Question(estimand="plants"))
    assert plants.low.low == 0 and plants.high.high > 0.1
    page = render_answer(CaseAnswer(found, facts, [], exhibits), registry)
    assert "No machine of Chinese make was confirmed" not in page
    assert "machines that the program missed are in no number" in page


def test_none_of_a_builder_is_not_said_while_a_seller_may_have_his_machines(
    case: Case, registry: Registry, build: Build
) -> None:
    """Of METALTEC's makers the registry is not sure; PUMORI sells OKUMA's, and another's."""

    def fill(b: Builder) -> None:
        b.add("Plant 1", "metaltec", "accept")
        b.add("Plant 1", "pumori")
        b.add("Plant 1", "mazak", "accept")

    build(fill)
    untold = {}
    for builder in ("dmtg", "okuma", "metaltec", "mazak"):
        found = answer_case(case, Question("builder", builder), registry)[0]
        untold[builder] = found.caveat("untold")
        assert found.counts.confirmed == (builder in ("metaltec", "mazak"))
        # PUMORI, which nobody judged, may be of the kind too, whatever the program says.
        open_ = untold[builder] + (builder not in ("dmtg", "okuma", "mazak"))
        assert found.found_high.value == pytest.approx((open_ + found.counts.confirmed) / 3)
    assert untold == {"dmtg": 2, "okuma": 2, "metaltec": 0, "mazak": 2}
    asked = Question("builder", "haas")
    sure = known_better(registry)
    assert asked.fits("metaltec", None, sure) is False  # its makers are Chinese for certain
    assert Question("builder", "dmtg").fits("metaltec", None, sure) is None
