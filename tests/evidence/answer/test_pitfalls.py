"""The common mistakes, each of which must be impossible."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evidence.answer.answer import answer
from evidence.answer.case import read_case
from evidence.answer.question import Question
from evidence.answer.report import render_answer
from evidence.answer.sentence import AnswerKind
from tests.evidence.answer.test_waiting import known_better

CHINESE = Question()


def test_frames_are_never_the_unit(b, ask):
    """A machine in view for 200 frames weighs as much as one in view for one."""
    for plant in range(10):
        b.add(f"Plant {plant}", "dmtg", "accept", views=200 if plant == 0 else 1)
        for _ in range(3):
            b.add(f"Plant {plant}", "mazak", "accept", chance=0.5)
    found = ask()
    assert (found.counts.machines, found.counts.confirmed) == (40, 10)
    assert found.low.value == 0.25


def test_a_copy_counts_once(b, ask):
    """The same recording at three places is one recording, of one machine."""
    machine = b.add(None, "dmtg", "accept")
    b.add(None, "dmtg", "accept", same=machine)
    b.add("Plant 1", "dmtg", "accept", same=machine)
    b.copy(1, 2)
    b.copy(2, 3)
    found = ask()
    assert (found.counts.machines, found.counts.confirmed, found.counts.plants) == (1, 1, 1)
    assert [(row.plant, row.recordings) for row in found.plants] == [("Plant 1", 1)]


def test_ten_machines_of_one_plant_are_not_ten(case, registry, b):
    """As many of the kind, all in one plant or one in each of ten: the former says less."""
    for plant in range(20):
        for _ in range(10):
            b.add(f"Plant {plant}", "mazak" if plant else "dmtg", "accept", chance=0.5)
    b.write()
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


def test_nothing_found_is_not_nothing_there(registry, b, read, ask):
    """Without controls no sentence says none, and no page a share of nought alone."""
    for plant in range(30):
        b.add(f"Plant {plant}", "mazak", "accept", chance=0.5)
    whole = read()
    found = whole.answer
    assert found.said.kind is AnswerKind.OPEN and found.caveat("no_controls")
    assert found.low.low == 0 and found.high.high > 0
    plants = ask(Question(estimand="plants"))
    assert plants.low.low == 0 and plants.high.high > 0.1
    page = render_answer(whole, registry)
    assert "No machine of Chinese make was confirmed" not in page
    assert "machines that the program missed are in no number" in page


def test_none_of_a_builder_is_not_said_while_a_seller_may_have_his_machines(registry, b, ask):
    """Of METALTEC's makers the registry is not sure; PUMORI sells OKUMA's, and another's."""
    b.add("Plant 1", "metaltec", "accept")
    b.add("Plant 1", "pumori")
    b.add("Plant 1", "mazak", "accept")
    untold = {}
    for builder in ("dmtg", "okuma", "metaltec", "mazak"):
        found = ask(Question("builder", builder))
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
