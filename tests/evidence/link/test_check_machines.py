"""A check works out the machines again: it names what links and decisions do not give."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from datasets.registry import Registry
from detector.types import Survey
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.sighting_tables import Link, MachineRow, Membership, machine_id
from evidence.link.machines import cut, join
from tests.conftest import Furnish
from tests.evidence.link.conftest import MODEL, Halls, Key, Linker, found_wrong, survey

OTHER = "bb" * 32


@pytest.fixture(scope="module")
def clips(halls: Halls) -> list[Survey]:
    """Two machines of a hall in two clips, one of them named by two builders, and one alone."""
    return [
        survey("one", [halls.wide.only(0, 1)]),
        survey("two", [halls.near.only(0, 1)], builders=["haas"]),
        survey("three", [halls.other.only(0)], builders=["mazak"]),
    ]


@pytest.fixture(scope="module")
def furnish(registry: Registry, clips: list[Survey]) -> Furnish:
    """The clips stored and linked."""

    def put(case: Case) -> None:
        linker = Linker(case, registry)
        linker.add(*clips)
        linker.link()

    return put


@pytest.fixture
def linked(linker: Linker) -> Case:
    """The case that `furnish` has filled."""
    assert sorted(map(len, linker.machines().values())) == [1, 2, 2]
    return linker.case


def notes(case: Case) -> list[str]:
    return [finding.what for finding in check(case) if not finding.wrong]


CHANGES: dict[str, dict[str, Any]] = {
    "builder": {"builder": "smtcl"},
    "grade": {"grade": "A"},
    "probability": {"probability": 0.999},
    "footages": {"footages": 5},
    "conflict": {"conflict": True},
    "builder, grade": {"builder": None, "grade": "C"},
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("name", ["m1", "alone"])
def test_a_machine_that_says_what_its_sightings_do_not(
    linker: Linker, linked: Case, clips: list[Survey], key: Key, what: str, name: str
) -> None:
    first = (
        key(clips[2], "m1") if name == "alone" else min(key(clips[0], "m1"), key(clips[1], "m1"))
    )
    with linked.session() as session, session.begin():
        mine = MachineRow.id == machine_id(first)
        session.execute(update(MachineRow).where(mine).values(CHANGES[what]))
    assert found_wrong(linked) == [f"has another {what} than follows from its sightings"]


def test_machines_put_into_one(linker: Linker, linked: Case, clips: list[Survey], key: Key) -> None:
    pairs = [sorted((key(clips[0], name), key(clips[1], name))) for name in ("m1", "m2")]
    (first, *_), (gone, *_) = sorted(pairs)
    one, other = machine_id(first), machine_id(gone)
    with linked.session() as session, session.begin():
        mine = Membership.machine == other
        session.execute(update(Membership).where(mine).values(machine=one))
        session.execute(delete(MachineRow).where(MachineRow.id == other))
        session.execute(update(MachineRow).where(MachineRow.id == one).values(sightings=4))
    assert set(found_wrong(linked)) == {"has other sightings than links and decisions give it"}


def test_a_machine_taken_apart(linker: Linker, linked: Case, clips: list[Survey], key: Key) -> None:
    first, second = sorted((key(clips[0], "m1"), key(clips[1], "m1")))
    with linked.session() as session, session.begin():
        row = session.get_one(MachineRow, machine_id(first))
        row.sightings = row.footages = 1
        values = {"model": MODEL, "settings": linker.settings, "grade": row.grade}
        values |= {"builder": row.builder, "probability": row.probability, "conflict": False}
        mine = {"id": machine_id(second), "sightings": 1, "footages": 1}
        session.execute(insert(MachineRow), [values | mine])
        session.execute(
            update(Membership)
            .where(Membership.sighting == second)
            .values(machine=machine_id(second))
        )
        # Nor does it help to say that what links them does not count.
        session.execute(update(Link).where(Link.a == first, Link.b == second).values(held=False))
    assert sorted(set(found_wrong(linked))) == [
        "has other sightings than links and decisions give it",
        "their link (place) is said not to hold",
    ]


def test_a_sighting_taken_out(linker: Linker, linked: Case, clips: list[Survey], key: Key) -> None:
    first, second = sorted((key(clips[0], "m1"), key(clips[1], "m1")))
    with linked.session() as session, session.begin():
        session.execute(delete(Membership).where(Membership.sighting == second))
        session.execute(
            update(MachineRow).where(MachineRow.id == machine_id(first)).values(sightings=1)
        )
    assert "is linked to others and of no machine" in found_wrong(linked)


def test_what_is_not_linked_yet_is_told_of_and_not_found_wrong(
    linker: Linker, linked: Case, halls: Halls
) -> None:
    linker.add(survey("four", [halls.wide.only(0, 2)]))
    assert found_wrong(linked) == []
    (note,) = [what for what in notes(linked) if "sightings" in what]
    assert note.startswith("2 sightings are of none")
    linker.link()
    assert not [what for what in notes(linked) if "sightings" in what]


def test_a_link_by_hand_that_nobody_made(linked: Case, clips: list[Survey], key: Key) -> None:
    a, b = sorted((key(clips[0], "m1"), key(clips[2], "m1")))
    link = Link(a=a, b=b, kind="joined", score=1.0, reason="joined by Anna", held=True)
    with linked.session() as session, session.begin():
        session.add(link)
    assert "nobody joined them" in found_wrong(linked)


def test_a_decision_that_is_not_heeded(
    linker: Linker, linked: Case, clips: list[Survey], key: Key
) -> None:
    a, b = sorted((key(clips[0], "m1"), key(clips[2], "m1")))
    with linked.session() as session, session.begin():
        join(session, a, b, "Anna")
    assert found_wrong(linked) == []
    with linked.session() as session, session.begin():
        session.execute(delete(Link).where(Link.kind == "joined"))
    assert "their link by hand is gone" in found_wrong(linked)


def test_two_that_nothing_tied_are_cut_apart(
    linker: Linker, linked: Case, clips: list[Survey], key: Key
) -> None:
    before = linker.machines()
    a, b = sorted((key(clips[0], "m1"), key(clips[2], "m1")))
    with linked.session() as session, session.begin():
        cut(session, a, b, "Anna")
    assert found_wrong(linked) == [] and linker.machines() == before


def test_a_decision_under_another_model_is_carried_over_later(
    linker: Linker, linked: Case, halls: Halls, clips: list[Survey], key: Key
) -> None:
    later = [
        survey("one", [halls.wide.only(0, 1).moved(2)], model=OTHER),
        survey("three", [halls.other.only(0).moved(2)], model=OTHER),
    ]
    linker.add(*later)
    linker.link(OTHER)
    a, b = key(later[0], "m1"), key(later[1], "m1")
    with linked.session() as session, session.begin():
        join(session, a, b, "Anna")
        assert session.scalars(select(Link).where(Link.kind == "joined")).all()
    assert found_wrong(linked) == []
    linker.link()
    assert found_wrong(linked) == []
    assert linker.together(key(clips[0], "m1"), key(clips[2], "m1"))
