"""From ties to machines, the same in any order; and a check works them out again: it names what
links and decisions do not give."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update

from detector.types import Survey
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.sighting_tables import Link, MachineRow, Membership, machine_id
from evidence.link.machines import cut, join, machines_of
from evidence.link.sighting_pairs import apart
from evidence.link.sightings import Kind, LinkSighting, Tie
from tests.conftest import Furnish
from tests.evidence.link.conftest import MODEL, Linker, found_wrong, seen, survey
from tests.rows import act

OTHER = "bb" * 32


@pytest.fixture(scope="module")
def clips(halls) -> list[Survey]:
    """Two machines of a hall in two clips, one of them named by two builders, and one alone."""
    return [
        survey("one", [halls.wide.only(0, 1)]),
        survey("two", [halls.near.only(0, 1)], builders=["haas"]),
        survey("three", [halls.other.only(0)], builders=["mazak"]),
    ]


@pytest.fixture(scope="module")
def furnish(registry, clips) -> Furnish:
    """The clips stored and linked."""

    def put(case: Case) -> None:
        linker = Linker(case, registry)
        linker.add(*clips)
        linker.link()

    return put


@pytest.fixture
def linked(linker) -> Case:
    """The case that `furnish` has filled."""
    assert sorted(map(len, linker.machines().values())) == [1, 2, 2]
    return linker.case


def notes(case: Case) -> list[str]:
    return [finding.what for finding in check(case) if not finding.wrong]


UNLIKE = "does not follow from sightings, links and decisions"
CHANGES: list[dict[str, Any]] = [
    {"builder": "smtcl"},
    {"grade": "A"},
    {"probability": 0.999},
    {"footages": 5},
    {"conflict": True},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
@pytest.mark.parametrize("name", ["m1", "alone"])
def test_a_machine_that_says_what_its_sightings_do_not(linked, clips, key, change, name):
    first = (
        key(clips[2], "m1") if name == "alone" else min(key(clips[0], "m1"), key(clips[1], "m1"))
    )
    with linked.session() as session, session.begin():
        mine = MachineRow.id == machine_id(first)
        session.execute(update(MachineRow).where(mine).values(change))
    assert found_wrong(linked) == [UNLIKE]


def test_machines_put_into_one(linked, clips, key):
    pairs = [sorted((key(clips[0], name), key(clips[1], name))) for name in ("m1", "m2")]
    (first, *_), (gone, *_) = sorted(pairs)
    one, other = machine_id(first), machine_id(gone)
    with linked.session() as session, session.begin():
        mine = Membership.machine == other
        session.execute(update(Membership).where(mine).values(machine=one))
        session.execute(delete(MachineRow).where(MachineRow.id == other))
    assert found_wrong(linked) == [UNLIKE] * 2


def test_a_machine_taken_apart(linker, linked, clips, key):
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
    assert found_wrong(linked) == [UNLIKE] * 3


def test_a_sighting_taken_out(linked, clips, key):
    second = max(key(clips[0], "m1"), key(clips[1], "m1"))
    with linked.session() as session, session.begin():
        session.execute(delete(Membership).where(Membership.sighting == second))
    assert found_wrong(linked) == [UNLIKE]


def test_what_is_not_linked_yet_is_told_of_and_not_found_wrong(linker, linked, halls):
    linker.add(survey("four", [halls.wide.only(0, 2)]))
    assert found_wrong(linked) == []
    (note,) = [what for what in notes(linked) if "sightings" in what]
    assert note.startswith("2 sightings are of no machine")
    linker.link()
    assert not [what for what in notes(linked) if "sightings" in what]


def test_a_link_by_hand_that_nobody_made_or_that_is_gone(linked, clips, key):
    a, b = sorted((key(clips[0], "m1"), key(clips[2], "m1")))
    link = Link(a=a, b=b, kind="joined", score=1.0, reason="joined by Anna", held=True)
    with linked.session() as session, session.begin():
        session.add(link)
    assert UNLIKE in found_wrong(linked)
    act(linked, join, a, b, "Anna")
    assert found_wrong(linked) == []
    with linked.session() as session, session.begin():
        session.execute(delete(Link).where(Link.kind == "joined"))
    assert UNLIKE in found_wrong(linked)


def test_two_that_nothing_tied_are_cut_apart(linker, linked, clips, key):
    before = linker.machines()
    a, b = sorted((key(clips[0], "m1"), key(clips[2], "m1")))
    act(linked, cut, a, b, "Anna")
    assert found_wrong(linked) == [] and linker.machines() == before


def test_a_decision_under_another_model_is_carried_over_later(linker, linked, halls, clips, key):
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


KEYS = "abcdefgh"
PAIRS = list(combinations(KEYS, 2))
KINDS: tuple[Kind, ...] = ("joined", "copy", "span", "place")
LEFT, RIGHT = (10.0, 10.0, 60.0, 60.0), (80.0, 10.0, 130.0, 60.0)


def tie(a: str, b: str, kind: Kind = "place", score: float = 0.5) -> Tie:
    return Tie(min(a, b), max(a, b), kind, score, "so it is")


def groups(
    sightings: list[LinkSighting], ties: list[Tie], cuts: set[tuple[str, str]] = frozenset()
) -> set[str]:  # type: ignore[assignment]
    found, _ = machines_of({s.key: s for s in sightings}, ties, cuts, ())
    return {"".join(machine.sightings) for machine in found}


about_one = st.tuples(
    st.sampled_from("xyz"), st.sampled_from([LEFT, RIGHT]), st.sampled_from([None, "haas", "mazak"])
)
world = st.tuples(
    st.lists(about_one, min_size=len(KEYS), max_size=len(KEYS)),
    st.lists(
        st.tuples(st.sampled_from(PAIRS), st.sampled_from(KINDS), st.sampled_from([0.2, 0.5, 0.9])),
        unique_by=lambda row: (row[0], row[1]),
    ),
    st.sets(st.sampled_from(PAIRS), max_size=3),
    st.randoms(use_true_random=False),
)  # fmt: skip


@given(world)
def test_machines_are_the_same_in_any_order_and_nothing_apart_is_joined(drawn):  # type: ignore[no-untyped-def]
    about, rows, cuts, shuffle = drawn
    all_seen = [
        seen(key, footage=footage, box=box, builder=builder, grade="B" if builder else "U")
        for key, (footage, box, builder) in zip(KEYS, about, strict=True)
    ]
    ties = [tie(*pair, kind, score) for pair, kind, score in rows]
    before = machines_of({s.key: s for s in all_seen}, ties, cuts, {"haas"})
    shuffle.shuffle(all_seen)
    shuffle.shuffle(ties)
    after = machines_of({s.key: s for s in all_seen}, ties, cuts, {"haas"})
    assert sorted(before[0], key=str) == sorted(after[0], key=str) and before[1] == after[1]

    one = {s.key: s for s in all_seen}
    joined = {(t.a, t.b) for t in ties if t.kind == "joined"}
    for machine in before[0]:
        for a, b in combinations(machine.sightings, 2):
            assert (a, b) not in cuts
            if not joined:
                assert not apart(one[a], one[b])
        only_places = all(t.kind == "place" for t in ties)
        if only_places:
            assert not machine.conflict


def test_the_strongest_ties_are_taken_first():
    a, b = seen("a", footage="f"), seen("b", footage="f", box=RIGHT)
    c = seen("c")
    assert groups([a, b, c], [tie("a", "c", score=0.4), tie("b", "c", score=0.6)]) == {"a", "bc"}


def test_a_hand_cut_sends_what_lies_between_to_the_stronger_side():
    ties = [tie("a", "b", score=0.9), tie("b", "c", score=0.5)]
    sightings = [seen(key) for key in "abc"]
    assert groups(sightings, ties) == {"abc"}
    assert groups(sightings, ties, {("a", "c")}) == {"ab", "c"}


def test_a_cut_from_a_sighting_of_another_set_parts_nothing():
    assert groups([seen("a"), seen("b")], [tie("a", "b")], {("a", "z")}) == {"ab"}


def test_a_hand_join_overrules_what_is_seen_and_read():
    a = seen("a", footage="f", builder="haas")
    b = seen("b", footage="f", box=RIGHT, builder="mazak")
    assert groups([a, b], [tie("a", "b", "copy")]) == {"a", "b"}
    assert groups([a, b], [tie("a", "b", "joined")]) == {"ab"}


def test_the_builder_is_that_of_the_surest_sighting():
    a = seen("a", builder="haas", grade="B", probability=0.99)
    b = seen("b", builder="haas", grade="A", probability=0.95)
    (machine,), held = machines_of({"a": a, "b": b}, [tie("a", "b")], (), {"haas"})
    assert (machine.builder, machine.grade, machine.probability) == ("haas", "A", 0.95)
    assert not machine.conflict and held == {("a", "b", "place")}


@pytest.mark.parametrize(
    ("tested", "kinds", "claimed"),
    [
        ({"dmtg"}, ("copy", "copy", "copy"), None),
        ({"dmtg"}, ("joined", "joined", "copy"), None),
        ({"dmtg"}, ("joined", "joined", "joined"), "dmtg"),
        (set(), ("copy", "copy", "copy"), "dmtg"),
    ],
    ids=["copies have one voice", "one against one", "two against one", "not under test"],
)
def test_an_origin_under_test_is_not_claimed_by_one_voice_in_a_conflict(tested, kinds, claimed):
    surest = seen("a", builder="dmtg", grade="A", probability=0.99)
    again = replace(surest, key="b", footage="b", grade="B")
    doubt = seen("c", builder="dmg-mori", grade="B", probability=0.95)
    silent = seen("d")
    ties = [tie("a", "c", kinds[0]), tie("c", "d", kinds[1]), tie("a", "b", kinds[2])]
    (machine,), _ = machines_of(
        {s.key: s for s in (surest, again, doubt, silent)}, ties, (), tested
    )
    assert machine.conflict
    assert machine.builder == claimed
    if claimed is None:
        assert (machine.grade, machine.probability) == ("U", 0.0)
