"""Which pairs are compared: all within a distance, each once, whoever came first."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from evidence.linking.candidates import ALIKE, ALIKE_HERE, ALIKE_NAMED, Neighbours

Row = tuple[str, str, str | None, bytes | None]


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
        made.append((f"k{i:02d}", f"f{int(rng.integers(12))}", builder, look))
    return made


def wanted(a: Row, b: Row) -> bool:
    if a[3] is None or b[3] is None:
        return False
    cosine = float(np.frombuffer(a[3], "<f4") @ np.frombuffer(b[3], "<f4"))
    least = ALIKE_HERE if a[1] == b[1] else ALIKE_NAMED if a[2] and a[2] == b[2] else ALIKE
    return cosine >= least


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


def test_nothing_is_like_nothing() -> None:
    assert list(Neighbours([]).pairs([])) == []
    unknown: list[Row] = [("a", "f", None, None), ("b", "f", None, None)]
    assert list(Neighbours(unknown).pairs(["a", "b"])) == []
