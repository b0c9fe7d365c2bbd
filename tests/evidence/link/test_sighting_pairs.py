"""What ties two sightings, and what does not, on drawn halls with rows of one model."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from evidence.link.alignment import CopySpan
from evidence.link.sighting_pairs import (
    apart,
    tie_by_copy,
    tie_by_photograph,
    tie_by_place,
    tie_by_span,
)
from tests.evidence.link.conftest import SIZE, seen
from tests.evidence.link.films import Take, film, match

MACHINES = (0, 1, 2)


@pytest.mark.parametrize("one", MACHINES)
@pytest.mark.parametrize("other", MACHINES)
def test_a_machine_from_nearer_in_another_light_is_the_same_and_its_like_are_not(halls, one, other):
    a, b = seen("a", halls.wide, one), seen("b", halls.near, other)
    tie = tie_by_place(a, b)
    assert (tie is not None) == (one == other) and tie_by_place(b, a) == tie
    assert tie is None or (tie.kind == "place" and "around the machine" in tie.reason)
    # Nor is one of the same model in another hall.
    assert tie_by_place(seen("a", halls.wide, one), seen("b", halls.other, other)) is None


@pytest.mark.parametrize("one", MACHINES)
def test_a_photograph_saved_again_ties_each_machine_to_itself(halls, one):
    a = seen("a", halls.wide, one, still=True)
    for other in MACHINES:
        b = seen("b", halls.saved, other, still=True)
        tie = tie_by_photograph(a, b)
        assert (tie is not None) == (one == other)
        assert tie is None or tie.kind == "copy"
        assert tie == tie_by_photograph(b, a)
    b = seen("b", halls.saved, one)
    assert tie_by_photograph(a, b) is None  # It is a frame of film.
    assert tie_by_photograph(a, seen("b", halls.other, one, still=True)) is None


def test_a_picture_retouched_into_that_of_another_model_ties_nothing(halls):
    a = seen("a", halls.wide, 1, still=True, series="DT38-5")
    b = seen("b", halls.wide, 1, still=True, series="DT38-6S")
    span = CopySpan(Fraction(0), Fraction(2), Fraction(0), (1.0, 0.0, 1.0, 0.0), 8, 0.9)
    assert tie_by_photograph(a, b) is None
    assert tie_by_copy(a, b, [span]) is None
    assert tie_by_photograph(a, replace(b, series="DT38-5")) is not None
    # The same difference in film is a slip of the reader.
    assert tie_by_copy(replace(a, still=False), replace(b, still=False), [span]) is not None
    # What is seen in one picture is no copy of it.
    a, b = (seen(key, halls.wide, 1, footage="f", still=True) for key in "ab")
    assert tie_by_photograph(a, b) is None


def test_what_is_read_alike_is_said_and_what_is_not_forbids(halls):
    a = seen("a", halls.wide, 1, builder="haas", series="VF-2", texts=("ЦЕХ 7",))
    b = seen("b", halls.near, 1, builder="haas", series="VF-2SS", texts=("ЦЕХ 7",))
    tie = tie_by_place(a, b)
    assert tie is not None and tie.reason.endswith("on both is read haas, ЦЕХ 7")
    assert tie_by_place(a, replace(b, builder="mazak")) is None
    assert tie_by_place(a, replace(b, series="ST-20")) is None


def test_two_on_screen_at_once_are_two_unless_one_is_found_twice(halls):
    a = seen("a", halls.wide, 0, footage="f")
    b = seen("b", halls.wide, 1, footage="f")
    assert apart(a, b) and apart(b, a)
    assert tie_by_place(a, b) is None
    assert not apart(a, replace(a, key="again"))
    assert not apart(a, replace(b, footage="g"))
    later = seen("b", halls.wide, 1, footage="f", times=(5, 6))
    assert not apart(a, later)


def test_one_shot_in_two_spans_that_touch_is_tied(halls):
    early = seen("a", halls.wide, 0, footage="f", shot=0, times=(0, 0.5, 1))
    late = seen("b", halls.wide, 0, footage="f", shot=1, times=(1.5, 2), reason="audit")
    tie = tie_by_span(early, late)
    assert tie is not None and tie == tie_by_span(late, early)
    assert tie.reason.startswith("one shot: 0.5 s after")


def test_shots_that_a_cut_parts_are_not_one(halls):
    early = seen("a", halls.wide, 0, footage="f", shot=0)
    same_span = seen("b", halls.wide, 0, footage="f", shot=1, times=(1.5, 2))
    assert tie_by_span(early, same_span) is None
    box = halls.wide.machines[0][0]
    elsewhere = replace(seen("b", halls.other, 0, footage="f", shot=1, reason="audit"), box=box)
    unseen_cut = replace(elsewhere, track=((Fraction(3, 2), box),))
    assert tie_by_span(early, unseen_cut) is None


@pytest.mark.parametrize("mirrored", [False, True])
def test_the_same_place_of_a_copy_is_tied(mirrored):
    wide = SIZE[0]
    box, other = (100.0, 100.0, 200.0, 200.0), (300.0, 100.0, 400.0, 200.0)
    place = (-1.0, 1.0, 1.0, 0.0) if mirrored else (1.0, 0.0, 1.0, 0.0)
    there = (wide - 200.0, 100.0, wide - 100.0, 200.0) if mirrored else box
    a = seen("a", box=box, times=(0, 1, 2))
    span = CopySpan(Fraction(0), Fraction(2), Fraction(10), place, 8, 0.9)
    tie = tie_by_copy(a, seen("b", box=there, times=(10, 12)), [span])
    assert tie is not None and tie.kind == "copy"
    assert tie_by_copy(a, seen("b", box=other, times=(10, 12)), [span]) is None
    assert tie_by_copy(a, seen("b", box=there, times=(20, 22)), [span]) is None


def test_two_machines_of_a_shot_and_of_its_copy_are_tied_each_to_itself(halls):
    span = CopySpan(Fraction(0), Fraction(2), Fraction(0), (1.0, 0.0, 1.0, 0.0), 8, 0.9)
    for one in MACHINES:
        for other in MACHINES:
            tie = tie_by_copy(seen("a", halls.wide, one), seen("b", halls.wide, other), [span])
            assert (tie is not None) == (one == other)


@pytest.mark.parametrize("pictures", [False, True], ids=["a film", "a folder of pictures"])
def test_what_stands_after_the_last_shot_in_common_is_no_copy(pictures):
    """Two pieces of footage begin alike; then each shows another machine in the same place."""
    seconds = Fraction(1 if pictures else 2)
    alike = [Take(scene, seconds, (0.5, 0.5, 0.8), (0.5, 0.5, 0.8)) for scene in (1, 2)]
    (a, b) = sorted(
        (film(name, [*alike, Take(scene, seconds)]) for name, scene in (("a", 11), ("b", 12))),
        key=lambda one: one.footage,
    )
    found = match(a, b)
    assert found is not None and found.kind != "same view"
    cut = 2 * seconds
    assert found.spans[-1].end == cut  # when the next picture is taken
    step = 0 if pictures else Fraction(1, 2)
    before, after = ([float(t + n * step) for n in range(3)] for t in (cut - seconds, cut))
    assert tie_by_copy(seen("a", times=before), seen("b", times=before), found.spans) is not None
    assert tie_by_copy(seen("a", times=after), seen("b", times=after), found.spans) is None
    # Nor is the one in the shot in common what the other shows once that has ended there.
    long = CopySpan(Fraction(0), cut, Fraction(0), (1.0, 0.0, 1.0, 0.0), 8, 0.9)
    through = [float(n * seconds) for n in range(4)]
    assert tie_by_copy(seen("a", times=after), seen("b", times=through), [long]) is None


def test_times_that_are_out_by_a_few_frames_tie_nothing_across_a_cut():
    """A crop's offset is known to 0.08 s: before the cut is not what stands there after it."""
    span = CopySpan(Fraction(0), Fraction(4), Fraction(1008, 100), (1.0, 0.0, 1.0, 0.0), 8, 0.9)
    early = seen("a", times=(0.45, 0.95, 1.45, 1.95))
    late = seen("b", times=(12, 12.5, 13, 13.5))
    assert tie_by_copy(early, late, [span]) is None
    assert tie_by_copy(early, seen("b", times=(10.5, 11, 11.5, 12)), [span]) is not None
    # Of one shot the two may have been watched at other times, and of a short one but for a moment.
    assert tie_by_copy(early, seen("b", times=(11.5, 12)), [span]) is not None
    assert tie_by_copy(seen("a", times=(1, 1.5)), seen("b", times=(11.25, 11.75)), [span])
