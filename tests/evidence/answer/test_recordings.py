"""Which footages are one recording, and of which recording is what a compilation shows."""

from __future__ import annotations

import pytest

from evidence.link.copies import join

SAME, HELD, PART = (1.0, 0.9), (1.0, 0.1), (0.3, 0.3)


@pytest.mark.parametrize(
    ("shares", "recordings"),
    [
        ({("a", "b"): SAME, ("b", "c"): SAME}, ["abc"]),  # copies of copies
        ({("a", "b"): PART}, ["a", "b"]),
        ({("a", "b"): HELD}, ["ab"]),
        ({("a", "c"): HELD, ("b", "c"): HELD, ("a", "b"): SAME}, ["abc"]),
        ({("a", "c"): HELD, ("b", "c"): HELD, ("a", "b"): HELD}, ["abc"]),
        ({("a", "c"): HELD, ("b", "c"): HELD}, ["a", "b", "c"]),  # a programme, of clips
        ({("a", "c"): HELD, ("b", "c"): HELD, ("a", "b"): PART}, ["a", "b", "c"]),
        ({("a", "b"): HELD, ("a", "c"): HELD}, ["a", "b", "c"]),  # an advertisement in two
        ({("a", "b"): HELD, ("a", "d"): HELD, ("c", "d"): HELD}, ["ab", "c", "d"]),
        ({("a", "d"): HELD, ("c", "d"): HELD, ("d", "e"): SAME}, ["a", "c", "de"]),  # shown twice
    ],
)
def test_which_are_one_recording(shares, recordings):
    footage = {one for pair in shares for one in pair}
    names = join(footage, shares)
    found = {"".join(sorted(f for f in footage if names[f] == name)) for name in names.values()}
    assert sorted(found) == recordings


def test_what_a_programme_shows_of_a_clip_is_of_its_recording(b, ask):
    """And what it shows beside is of its own: two plants' machines, and one that it has alone."""
    first = b.add("Plant 1", claim="mazak", views=3)
    second = b.add("Plant 2", claim="mazak", views=3)
    b.add(None, claim="mazak", views=20, same=first)  # 3, best seen at 1
    b.add(None, claim="mazak", views=20, same=second)  # 4, best seen at 1
    b.add(None, claim="mazak", views=20)  # 5
    for programme, (one, other) in ((3, (1, 2)), (4, (2, 1)), (5, (1, 2))):
        begin = 0 if programme < 5 else 8
        b.copy(one, programme, 1.0, 0.2, later=begin, seconds=4)
        b.copy(other, programme, 1.0, 0.2, later=14, seconds=4)
    rows = ask().plants
    assert [row.recordings for row in rows] == [1, 1, 1]
