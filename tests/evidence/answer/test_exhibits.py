"""What stands beside a confirmed machine is what people judged."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from datasets.registry import Registry
from evidence.answer.from_case import answer_case
from evidence.answer.question import Question
from evidence.store import Case, SightingRow
from evidence.store.verdicts import append
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


def judged(b: Builder) -> None:
    """A machine settled as a DMTG by two, whom a third contradicted; one of them had said else."""
    b.add("Plant 1", outcome="builder", builder="dmtg")
    row = b.session.scalars(select(SightingRow)).one()
    of = {"footage": row.footage, "pts": row.pts, "sighting": row.key}
    append(b.session, **of, verdict="unknown", author="anna")
    append(b.session, **of, verdict="builder", builder="dmtg", author="anna", supersedes=1)
    append(b.session, **of, verdict="not-cnc", author="ben")
    append(b.session, **of, verdict="builder", builder="dmtg", author="carla")


def test_of_each_verdict_beside_it_what_it_says_is_told(
    case: Case, registry: Registry, build: Build
) -> None:
    build(judged)
    _, _, (exhibit,) = answer_case(case, Question(), registry, "Chinese")
    dmtg = f"builder ({registry.get('dmtg').name})"
    assert [verdict[:3] for verdict in exhibit.verdicts] == [
        (1, "anna", "unknown"),
        (2, "anna", f"{dmtg}, in place of 1"),
        (3, "ben", "not-cnc"),
        (4, "carla", dmtg),
    ]
