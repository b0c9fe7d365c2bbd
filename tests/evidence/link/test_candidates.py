"""Which pairs are compared: all within a distance, each once, whoever came first."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from evidence.link.ties import ALIKE, ALIKE_HERE, ALIKE_NAMED, HERE_SECONDS, Neighbours

Row = tuple[str, str, float, str | None, bytes | None]


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    """Sixty sightings whose looks agree more or less; a few without a look."""
    rng = np.random.default_rng(3)
    common = rng.normal(size=16)
    made: list[Row] = []
    for i in range(60):
        vector = common * rng.uniform(0.1, 1.2) + rng.normal(size=16)
        look = (vector / np.linalg.norm(vector)).astype("<f4").tobytes() if i % 9 else None
        builder = (None, "haas", "mazak")[int(rng.integers(3))]
        footage, first = f"f{int(rng.integers(6))}", float(rng.uniform(0, 2 * HERE_SECONDS))
        made.append((f"k{i:02d}", footage, first, builder, look))
    return made


def wanted(a: Row, b: Row) -> bool:
    if a[4] is None or b[4] is None:
        return False
    cosine = float(np.frombuffer(a[4], "<f4") @ np.frombuffer(b[4], "<f4"))
    here = a[1] == b[1] and abs(a[2] - b[2]) <= HERE_SECONDS
    return cosine >= (ALIKE_HERE if here else ALIKE_NAMED if a[3] and a[3] == b[3] else ALIKE)


def test_all_pairs_within_the_distance_are_found_each_once(rows: list[Row]) -> None:
    found = list(Neighbours(rows).pairs([row[0] for row in rows]))
    assert len(found) == len(set(found))
    assert set(found) == {(a[0], b[0]) for a, b in combinations(rows, 2) if wanted(a, b)}


def test_pairs_do_not_depend_on_who_came_first(rows: list[Row]) -> None:
    at_once = set(Neighbours(rows).pairs([row[0] for row in rows]))
    one_by_one: set[tuple[str, str]] = set()
    backwards = rows[::-1]
    for count in range(1, len(rows) + 1):
        fresh = Neighbours(backwards[:count]).pairs([backwards[count - 1][0]])
        one_by_one |= set(fresh)
    assert one_by_one == at_once


def test_hours_apart_in_one_footage_is_as_far_as_in_another(rows: list[Row]) -> None:
    """Or a recording of hours compares each of its machines with most of the others."""
    one: list[Row] = [(row[0], "f", n * 60.0, None, row[4]) for n, row in enumerate(rows)]
    found = set(Neighbours(one).pairs([row[0] for row in one]))
    at = {row[0]: row for row in one}
    far = [pair for pair in combinations(at, 2) if at[pair[1]][2] - at[pair[0]][2] > HERE_SECONDS]
    loose = [(a, b) for a, b in far if wanted(at[a], (*at[b][:2], at[a][2], *at[b][3:]))]
    assert any(pair not in found for pair in loose)
    assert found >= {(a, b) for a, b in combinations(at, 2) if wanted(at[a], at[b])}


def test_nothing_is_like_nothing() -> None:
    assert list(Neighbours([]).pairs([])) == []
    unknown: list[Row] = [("a", "f", 0.0, None, None), ("b", "f", 0.0, None, None)]
    assert list(Neighbours(unknown).pairs(["a", "b"])) == []
