"""What stands beside a confirmed machine is what people judged."""

from __future__ import annotations

from collections.abc import Callable

from datasets.registry import Registry
from evidence.answer.from_case import answer_case
from evidence.answer.question import Question
from evidence.store import Case
from tests.evidence.answer.conftest import Builder, key

Build = Callable[[Callable[[Builder], None]], object]
OURS, OTHERS = key("ours"), key("others")


def linked(b: Builder) -> None:
    """A machine settled as a DMTG, and linked to it a sighting that nobody judged, of which the
    program is surer."""
    machine = b.add("Plant 1", outcome="builder", builder="dmtg")
    b.still(OURS)
    b.add("Plant 1", claim="mazak", same=machine)
    b.still(OTHERS)


def test_a_confirmed_machine_is_shown_as_people_judged_it(
    case: Case, registry: Registry, build: Build
) -> None:
    build(linked)
    found, _, (exhibit,) = answer_case(case, Question(), registry, "Chinese")
    assert found.counts.confirmed == 1
    assert exhibit.name == registry.get("dmtg").name
    assert [sha256 for _, sha256, _ in exhibit.pictures] == [OURS]
