"""From ties to machines: the same in any order, and never across what keeps two apart."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.link.machines import machines_of
from evidence.link.pairs import apart
from evidence.link.sightings import Kind, LinkSighting, Tie
from tests.evidence.link.conftest import seen

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
def test_machines_are_the_same_in_any_order_and_nothing_apart_is_joined(drawn) -> None:  # type: ignore[no-untyped-def]
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


def test_the_strongest_ties_are_taken_first() -> None:
    a, b = seen("a", footage="f"), seen("b", footage="f", box=RIGHT)
    c = seen("c")
    assert groups([a, b, c], [tie("a", "c", score=0.4), tie("b", "c", score=0.6)]) == {"a", "bc"}


def test_a_hand_cut_sends_what_lies_between_to_the_stronger_side() -> None:
    ties = [tie("a", "b", score=0.9), tie("b", "c", score=0.5)]
    sightings = [seen(key) for key in "abc"]
    assert groups(sightings, ties) == {"abc"}
    assert groups(sightings, ties, {("a", "c")}) == {"ab", "c"}


def test_a_cut_from_a_sighting_of_another_set_parts_nothing() -> None:
    assert groups([seen("a"), seen("b")], [tie("a", "b")], {("a", "z")}) == {"ab"}


def test_a_hand_join_overrules_what_is_seen_and_read() -> None:
    a = seen("a", footage="f", builder="haas")
    b = seen("b", footage="f", box=RIGHT, builder="mazak")
    assert groups([a, b], [tie("a", "b", "copy")]) == {"a", "b"}
    assert groups([a, b], [tie("a", "b", "joined")]) == {"ab"}


def test_the_builder_is_that_of_the_surest_sighting() -> None:
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
def test_an_origin_under_test_is_not_claimed_by_one_voice_in_a_conflict(
    tested: set[str], kinds: tuple[Kind, ...], claimed: str | None
) -> None:
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
