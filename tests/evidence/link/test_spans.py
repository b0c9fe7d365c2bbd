"""Spans of copies, the index of their hashes, and which sightings are compared."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.known_again.prints import PrintCollector
from detector.settings import Settings
from evidence.link.alignment import CopySpan, covered
from evidence.link.comparison import Placement
from evidence.link.fingerprint import RADIUS, Fingerprint, HashIndex
from evidence.link.ties import ALIKE, ALIKE_HERE, ALIKE_NAMED, HERE_SECONDS, Neighbours
from tests.evidence.link.films import match

times = st.fractions(0, 1000, max_denominator=1001)
scales = st.floats(0.2, 3).flatmap(lambda k: st.sampled_from([k, -k]))
spans = st.builds(
    lambda start, length, offset, kx, tx, ky, ty: CopySpan(
        start, start + length, offset, (kx, tx, ky, ty), 3, 0.75
    ),
    times,
    times,
    st.fractions(-1000, 1000, max_denominator=1001),
    scales,
    st.floats(-1, 1),
    st.floats(0.2, 3),
    st.floats(-1, 1),
)


def test_a_box_is_found_again_in_a_mirrored_copy_between_bars():
    span = CopySpan(Fraction(2), Fraction(5), Fraction(10), (-1.0, 1.0, 0.75, 0.125), 4, 0.9)
    box = span.box_in_b((128, 72, 256, 144), (1280, 720), (640, 480))
    assert box == pytest.approx((512, 96, 576, 132))
    assert span.holds(Fraction(2)) and span.holds(Fraction(49, 10))
    assert not span.holds(Fraction(5)) and not span.holds(Fraction(51, 10))
    moment = CopySpan(Fraction(2), Fraction(2), Fraction(10), (1.0, 0.0, 1.0, 0.0), 1, 0.9)
    assert moment.holds(Fraction(2))


@given(spans)
def test_turning_a_span_twice_changes_nothing(span):
    there = span.turned()
    back = there.turned()
    assert (back.start, back.end, back.offset) == (span.start, span.end, span.offset)
    assert back.place == pytest.approx(span.place, abs=1e-6)
    assert there.mirrored == span.mirrored
    box = (10.0, 20.0, 110.0, 70.0)
    carried = span.box_in_b(box, (640, 360), (480, 480))
    assert there.box_in_b(carried, (480, 480), (640, 360)) == pytest.approx(box, abs=1e-3)
    # Nor does storing it.
    back = CopySpan.from_json(json.loads(json.dumps(span.to_json())))
    assert (back.start, back.end, back.offset) == (span.start, span.end, span.offset)
    assert back.place == pytest.approx(span.place, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=8))
def test_seconds_told_twice_count_once(stretches):
    some = [
        CopySpan(Fraction(a), Fraction(a + n), Fraction(0), (1.0, 0.0, 1.0, 0.0), 1, 1.0)
        for a, n in stretches
    ]
    whole = {second for a, n in stretches for second in range(a, a + n)}
    assert covered(some) == len(whole)


@given(
    st.floats(0.3, 3), st.floats(-1, 1), st.floats(-1, 1), st.booleans(), st.integers(0, 2**32 - 1)
)
def test_a_placement_is_found_again_from_windows(scale, dx, dy, mirrored, seed):
    windows = np.random.default_rng(seed).uniform(0.1, 0.9, (6, 3))
    truth = Placement(scale, dx, dy, mirrored, 1.0)
    there = truth.moved(windows)
    found = Placement.fit(windows, there, mirrored, 1.0)
    assert found.apart(truth, (1.0, 0.5625)) < 1e-6
    assert truth.back(there) == pytest.approx(windows)
    kx, tx, ky, ty = truth.shares((1.0, 0.5625), (0.75, 1.0))
    x, y, _ = windows[0]
    assert kx * x + tx == pytest.approx(there[0, 0] / 0.75)
    assert ky * y / 0.5625 + ty == pytest.approx(there[0, 1])


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


def test_all_that_is_near_is_found_and_nothing_else():
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
def test_a_hash_is_found_within_the_radius_in_any_order(lists, bits, order):
    added = {key: np.array(hashes, np.uint64) for key, hashes in enumerate(lists)}
    flipped = np.uint64(sum(1 << bit for bit in bits))
    wanted = np.concatenate([np.zeros(1, np.uint64), *added.values()]) ^ flipped
    keys = list(added)
    order.shuffle(keys)  # type: ignore[attr-defined]
    index = HashIndex()
    for key in keys:
        index.add(key, added[key])
    assert told(index, wanted) == counted(added, wanted)


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


def test_all_pairs_within_the_distance_are_found_each_once(rows):
    found = list(Neighbours(rows).pairs([row[0] for row in rows]))
    assert len(found) == len(set(found))
    assert set(found) == {(a[0], b[0]) for a, b in combinations(rows, 2) if wanted(a, b)}


def test_pairs_do_not_depend_on_who_came_first(rows):
    at_once = set(Neighbours(rows).pairs([row[0] for row in rows]))
    one_by_one: set[tuple[str, str]] = set()
    backwards = rows[::-1]
    for count in range(1, len(rows) + 1):
        fresh = Neighbours(backwards[:count]).pairs([backwards[count - 1][0]])
        one_by_one |= set(fresh)
    assert one_by_one == at_once


def test_hours_apart_in_one_footage_is_as_far_as_in_another(rows):
    """Or a recording of hours compares each of its machines with most of the others."""
    one: list[Row] = [(row[0], "f", n * 60.0, None, row[4]) for n, row in enumerate(rows)]
    found = set(Neighbours(one).pairs([row[0] for row in one]))
    at = {row[0]: row for row in one}
    far = [pair for pair in combinations(at, 2) if at[pair[1]][2] - at[pair[0]][2] > HERE_SECONDS]
    loose = [(a, b) for a, b in far if wanted(at[a], (*at[b][:2], at[a][2], *at[b][3:]))]
    assert any(pair not in found for pair in loose)
    assert found >= {(a, b) for a, b in combinations(at, 2) if wanted(at[a], at[b])}


def test_nothing_is_like_nothing():
    assert len(HashIndex().near(np.zeros(3, np.uint64)).query) == 0
    assert list(Neighbours([]).pairs([])) == []
    unknown: list[Row] = [("a", "f", 0.0, None, None), ("b", "f", 0.0, None, None)]
    assert list(Neighbours(unknown).pairs(["a", "b"])) == []


COPIES = {("news-480p", "news-480p-again"), ("news-720p", "news-vertical-mirrored")}


def by_keyframes(path: Path) -> Fingerprint:
    settings = Settings()
    footage, collector = open_footage(path), PrintCollector()
    with Decoder(footage, settings.decoding) as decoder:
        for frame in decoder.keyframes(settings.sweeping.keyframe_spacing):
            collector.keyframe(frame)
        probe = decoder.probe
    size = (probe.width, probe.height)
    return Fingerprint.of(footage.sha256, collector.finish(), probe.duration, size)


def test_the_copies_among_the_clips_are_found_and_no_others(shared):
    clips = sorted(p for p in (shared / "data" / "clips").iterdir() if p.suffix != ".json")
    clips = [path for path in clips if path.suffix in (".mp4", ".webm")]
    known = {path.stem: by_keyframes(path) for path in clips}
    matches = {(a, b): match(known[a], known[b]) for a, b in combinations(sorted(known), 2)}
    found = {pair: one for pair, one in matches.items() if one is not None}
    assert set(found) == COPIES
    mirrored = found["news-720p", "news-vertical-mirrored"]
    assert mirrored.mirrored
    assert "letterboxed" in mirrored.changes
