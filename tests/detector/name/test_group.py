"""Readings of one track made into cues."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.registry import load_registry
from detector.name.group import fuse, independent, join_neighbours
from detector.name.match import matcher_of
from detector.types import Reading

MATCHER = matcher_of(load_registry())
HERE = Reading("MAZAK", 0.95, (100, 100, 200, 130), Fraction(0), "latin")


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (replace(HERE, pts=Fraction(1)), False),
        (replace(HERE, pts=Fraction(1), box=(105, 104, 206, 134)), False),
        (replace(HERE, pts=Fraction(1), box=(180, 100, 280, 130)), True),
        (replace(HERE, pts=Fraction(1), box=(98, 98, 222, 137)), True),
        (replace(HERE, box=(400, 100, 500, 130)), True),
        (replace(HERE, box=(102, 101, 198, 131)), False),
    ],
    ids=["still", "jitter", "moved", "nearer", "second-mark", "same-mark"],
)
def test_what_counts_as_another_view(other: Reading, expected: bool) -> None:
    assert independent(HERE, other) is expected
    assert independent(other, HERE) is expected


def test_readings_of_one_mark_make_one_cue_with_its_views() -> None:
    moved = replace(HERE, pts=Fraction(2), box=(300, 100, 400, 130), score=0.9)
    still = replace(HERE, pts=Fraction(1), score=0.8)
    [cue] = fuse([still, moved, HERE], MATCHER)
    assert (cue.id, cue.mark) == ("mazak", "MAZAK")
    assert cue.readings == (HERE, moved, still)
    assert cue.views == (HERE, moved)


def test_a_mark_that_is_spelt_goes_before_a_surer_misreading() -> None:
    """One machine bears its name twice; a claim of China asks whether it was spelt."""
    spelt = replace(HERE, text="秦川机床", score=0.91, script="han")
    misread = replace(spelt, text="秦机床", score=0.97, box=(400, 100, 500, 130))
    [cue] = fuse([misread, spelt], MATCHER)
    assert cue.match.exact
    assert cue.views == (spelt, misread)
    # A crumb that happens to spell it does not.
    [cue] = fuse([misread, replace(spelt, score=0.5)], MATCHER)
    assert not cue.match.exact


def test_neighbours_on_a_line_and_below_are_joined_in_reading_order() -> None:
    left = replace(HERE, text="HITACHI")
    right = replace(HERE, text="SEIKI", box=(215, 101, 290, 131))
    below = replace(HERE, text="JAPAN", box=(110, 140, 190, 168))
    far = replace(HERE, text="CNC", box=(500, 100, 560, 130))
    joined = {reading.text for reading in join_neighbours([right, far, below, left])}
    assert joined == {"HITACHI SEIKI", "HITACHI JAPAN"}


def test_mirrored_neighbours_are_joined_from_right_to_left() -> None:
    first = replace(HERE, text="HITACHI", box=(215, 101, 330, 131), mirrored=True)
    second = replace(HERE, text="SEIKI", mirrored=True)
    assert [r.text for r in join_neighbours([second, first])] == ["HITACHI SEIKI"]


def test_texts_of_two_frames_are_never_joined() -> None:
    right = replace(HERE, text="SEIKI", box=(215, 101, 290, 131), pts=Fraction(1))
    assert join_neighbours([replace(HERE, text="MORI"), right]) == []


def test_an_upright_reading_outranks_a_mirrored_one() -> None:
    mirrored = replace(HERE, mirrored=True, score=0.99)
    [cue] = fuse([mirrored, HERE], MATCHER)
    assert not cue.mirrored
    assert cue.readings[0] is HERE


BOXES = st.tuples(*[st.floats(0, 500)] * 2, *[st.floats(1, 200)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
READINGS = st.builds(
    Reading,
    text=st.sampled_from(
        ["MAZAK", "DMG", "MORI", "SEIKI", "OKUMA", "SIEMENS", "ЦЕХ", "大连机床", ""]
    ),
    score=st.floats(0.5, 1),
    box=BOXES,
    pts=st.integers(0, 3).map(Fraction),
    script=st.just("latin"),
    mirrored=st.booleans(),
    overlay=st.booleans(),
)


@settings(max_examples=60)
@given(st.lists(READINGS, max_size=6))
def test_every_cue_rests_on_readings_of_the_scene(readings: list[Reading]) -> None:
    for cue in fuse(readings, MATCHER):
        assert cue.views and set(cue.views) <= set(cue.readings)
        assert not any(reading.overlay for reading in cue.readings)
        assert cue.views[0] == cue.readings[0]
