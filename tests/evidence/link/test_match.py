"""Whether two footages are copies: each kind of change is, and what merely looks alike is not."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from detector.types import Picture
from tests.evidence.link.films import (
    SIZE,
    Edit,
    Take,
    captioned,
    cropped,
    film,
    in_bars,
    match,
    mirrored,
    one_after_another,
    recompressed,
    rescaled,
    upright_blurred,
)

ORIGINAL = (
    Take(1),
    Take(2, begin=(0.5, 0.5, 0.8), end=(0.5, 0.5, 0.8)),
    Take(3, begin=(0.5, 0.45, 0.6), end=(0.5, 0.55, 0.8)),
)
OTHER = (Take(11), Take(12), Take(13, begin=(0.6, 0.5, 0.7), end=(0.4, 0.5, 0.7)))

CHANGES: dict[str, tuple[Edit, set[str], tuple[float, float, float, float]]] = {
    "recompressed": (recompressed, {"recompressed"}, (1, 0, 1, 0)),
    "rescaled": (rescaled, {"rescaled"}, (1, 0, 1, 0)),
    "cropped by 15 %": (cropped(0.1, 0.05, 0.95, 0.9), {"cropped"}, (1.176, -0.118, 1.176, -0.059)),
    "letterboxed": (in_bars, {"letterboxed"}, (1, 0, 0.75, 0.125)),
    "9:16, blurred": (upright_blurred, {"letterboxed"}, (1, 0, 0.316, 0.342)),
    "mirrored": (mirrored, {"mirrored"}, (-1, 1, 1, 0)),
    "captioned anew": (captioned, {"recaptioned"}, (1, 0, 1, 0)),
    "all at once": (
        one_after_another(mirrored, cropped(0.1, 0.05, 0.95, 0.9), recompressed),
        {"mirrored", "cropped"},
        (-1.176, 1.059, 1.176, -0.059),
    ),
}


@pytest.mark.parametrize("dense", [True, False], ids=["every frame", "keyframes"])
@pytest.mark.parametrize("change", CHANGES)
def test_each_change_is_seen_through(change, dense):
    edit, words, place = CHANGES[change]
    found = match(film("original", ORIGINAL), film("copy", ORIGINAL, edit, dense=dense))
    assert found is not None
    assert set(found.changes) == words
    assert min(found.share_a, found.share_b) > 0.6
    assert found.mirrored == ("mirrored" in words)
    for span in found.spans:
        assert abs(span.offset) <= Fraction(1, 4)
        assert span.place == pytest.approx(place, abs=0.05)


def test_a_crop_of_thirty_percent_is_found_though_not_all_of_it():
    found = match(film("original", ORIGINAL), film("crop", ORIGINAL, cropped(0.2, 0.1, 0.9, 0.8)))
    assert found is not None
    assert found.changes == ("cropped",)
    assert min(found.share_a, found.share_b) > 0.3


def test_which_footage_sorts_first_makes_no_difference():
    found = {}
    for names in (("a", "b"), ("b", "a")):
        one, other = film(names[0], ORIGINAL), film(names[1], ORIGINAL, in_bars)
        match_ = match(one, other)
        assert match_ is not None
        found[names] = (match_.kind, match_.changes, match_.share_a == pytest.approx(1, abs=0.1))
    assert len(set(found.values())) == 1


def test_an_excerpt_is_told_from_what_it_was_cut_out_of():
    whole = film("whole", (*OTHER, *ORIGINAL, Take(14)))
    found = match(whole, film("part", ORIGINAL, recompressed))
    assert found is not None
    assert found.kind == "excerpt"
    assert found.share_b > 0.8
    assert found.share_a == pytest.approx(6 / 14, abs=0.1)
    (span,) = found.spans
    assert span.offset == pytest.approx(-6, abs=0.2)


def test_a_compilation_is_told_with_the_places_of_its_parts():
    original = film("original", (Take(1), Take(2), Take(3), Take(4), Take(5)))
    parts = (Take(11), Take(4), Take(12), Take(13), Take(2), Take(14))
    found = match(original, film("compilation", parts, mirrored))
    assert found is not None
    assert found.kind == "compilation"
    assert found.mirrored
    first, second = sorted(found.spans, key=lambda span: span.start)
    assert (first.start, first.offset) == (pytest.approx(2, abs=0.3), pytest.approx(6, abs=0.3))
    assert (second.start, second.offset) == (pytest.approx(6, abs=0.3), pytest.approx(-4, abs=0.3))


def test_an_opening_in_common_links_that_shot_alone():
    opening = Take(50, begin=(0.5, 0.5, 0.6), end=(0.5, 0.5, 0.9))
    one, other = film("one", (opening, *ORIGINAL)), film("other", (opening, *OTHER))
    found = match(one, other)
    assert found is not None
    assert found.kind == "shared shots"
    assert max(found.share_a, found.share_b) < 0.3
    assert all(span.end <= Fraction(9, 4) for span in found.spans)


ELSEWHERE = (
    Take(3, begin=(0.6, 0.4, 0.62), end=(0.45, 0.55, 0.55)),
    Take(1, begin=(0.62, 0.5, 0.55), end=(0.4, 0.6, 0.62)),
    Take(2, begin=(0.4, 0.42, 0.6), end=(0.6, 0.58, 0.65)),
)


def black(picture: Picture) -> Picture:
    return np.zeros_like(picture)


def split(picture: Picture) -> Picture:
    """Black above, white below: a picture all right, but nothing to be known by."""
    picture = np.zeros_like(picture)
    picture[SIZE[1] // 2 :] = 255
    return picture


@pytest.mark.parametrize("dense", [True, False], ids=["every frame", "keyframes"])
@pytest.mark.parametrize(
    ("one", "other", "edit"),
    [
        pytest.param(ORIGINAL, OTHER, None, id="other footage"),
        pytest.param(ORIGINAL, OTHER, captioned, id="same channel"),
        pytest.param(ORIGINAL, OTHER, in_bars, id="both in bars"),
        pytest.param(ORIGINAL, ELSEWHERE, None, id="same places, other camera"),
        pytest.param(ORIGINAL, ORIGINAL, black, id="black"),
        pytest.param(ORIGINAL, ORIGINAL, split, id="half black, half white"),
    ],
)
def test_what_only_looks_alike_is_no_copy(one, other, edit, dense):
    a, b = film("one", one, edit, dense=dense), film("other", other, edit, dense=dense)
    assert match(a, b) is None


STUDIO = (Take(2, begin=(0.5, 0.5, 0.8), end=(0.5, 0.5, 0.8)),)


def guest(x: float, colour: tuple[int, int, int]) -> Edit:
    """Somebody sits before the camera."""

    def edit(picture: Picture) -> Picture:
        h, w = picture.shape[:2]
        picture = picture.copy()
        middle = round(x * w)
        cv2.ellipse(
            picture, (middle, h), (round(0.24 * w), round(0.5 * h)), 0, 180, 360, colour, -1
        )
        cv2.circle(picture, (middle, round(0.38 * h)), round(0.15 * h), colour[::-1], -1)
        return picture

    return edit


def test_another_guest_in_the_same_studio_is_no_copy():
    one = film("one", STUDIO, guest(0.35, (30, 60, 160)))
    other = film("other", STUDIO, guest(0.6, (200, 180, 60)))
    assert match(one, other) is None


def test_a_picture_that_never_moves_is_called_a_view_and_no_more():
    """A camera on a stand may have filmed it twice: its prints cannot tell."""
    found = match(film("one", STUDIO), film("other", STUDIO, recompressed))
    assert found is not None
    assert found.kind == "same view"


def test_the_reason_names_both_and_their_times():
    assert match(film("nothing", ()), film("original", ORIGINAL)) is None
    found = match(film("original", ORIGINAL), film("copy", ORIGINAL, mirrored))
    assert found is not None
    assert found.reason.startswith(f"0:00-0:06 of {found.a[:8]} is 0:00-0:06 of {found.b[:8]}")
    assert "mirrored" in found.reason
