"""The index over hashes: exact, whatever was added when."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from evidence.link.fingerprint import RADIUS, HashIndex

Hashes = NDArray[np.uint64]


def around(centres: Hashes, count: int, seed: int) -> Hashes:
    """Hashes 0 to 12 bits away from some of the centres."""
    rng = np.random.default_rng(seed)
    hashes = centres[rng.integers(len(centres), size=count)].copy()
    for n in range(count):
        for bit in rng.choice(64, int(rng.integers(0, 13)), replace=False):
            hashes[n] ^= np.uint64(1) << np.uint64(bit)
    return hashes


def told(index: HashIndex, wanted: Hashes) -> set[tuple[int, int, int]]:
    near = index.near(wanted)
    return set(zip(near.query.tolist(), near.key.tolist(), near.number.tolist(), strict=True))


def counted(added: dict[int, Hashes], wanted: Hashes) -> set[tuple[int, int, int]]:
    """The same by comparing every pair."""
    return {
        (query, key, number)
        for query, one in enumerate(wanted)
        for key, hashes in added.items()
        for number in np.flatnonzero(np.bitwise_count(hashes ^ one) <= RADIUS)
    }


def test_all_that_is_near_is_found_and_nothing_else() -> None:
    rng = np.random.default_rng(1)
    centres = rng.integers(0, 2**64, 5, np.uint64, endpoint=False)
    added = {key: around(centres, 20 + key, key) for key in range(12)}
    index = HashIndex()
    for key, hashes in added.items():
        index.add(key, hashes)
    wanted = around(centres, 30, 99)
    assert len(index) == sum(len(hashes) for hashes in added.values())
    assert told(index, wanted) == counted(added, wanted)
    assert len(told(index, wanted)) > 100


@given(
    st.lists(st.lists(st.integers(0, 2**64 - 1), max_size=6), max_size=5),
    st.lists(st.integers(0, 63), max_size=9, unique=True),
    st.randoms(use_true_random=False),
)
def test_a_hash_is_found_within_the_radius_in_any_order(
    lists: list[list[int]], bits: list[int], order: object
) -> None:
    added = {key: np.array(hashes, np.uint64) for key, hashes in enumerate(lists)}
    flipped = np.uint64(sum(1 << bit for bit in bits))
    wanted = np.concatenate([np.zeros(1, np.uint64), *added.values()]) ^ flipped
    keys = list(added)
    order.shuffle(keys)  # type: ignore[attr-defined]
    index = HashIndex()
    for key in keys:
        index.add(key, added[key])
    assert told(index, wanted) == counted(added, wanted)


def test_nearness_is_the_same_from_both_sides() -> None:
    rng = np.random.default_rng(2)
    centres = rng.integers(0, 2**64, 4, np.uint64, endpoint=False)
    a, b = around(centres, 50, 3), around(centres, 60, 4)
    in_a, in_b = HashIndex(), HashIndex()
    in_a.add(0, a)
    in_b.add(0, b)
    assert {(q, n) for q, _, n in told(in_b, a)} == {(n, q) for q, _, n in told(in_a, b)}


def test_an_empty_index_finds_nothing() -> None:
    assert len(HashIndex().near(np.zeros(3, np.uint64))) == 0
