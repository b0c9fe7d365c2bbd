"""Frames of copies that show one moment were looked at twice, and tell of it once."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from datasets.registry import Registry
from evidence.answer.case import answer_case
from evidence.answer.frames import first_shown
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.tables import Recipe
from evidence.link.alignment import CopySpan
from tests.evidence.answer.conftest import Builder

pytestmark = pytest.mark.databases

Build = Callable[[Callable[[Builder], None]], Recipe]
PLACE = (1.0, 0.0, 1.0, 0.0)


def copied(*named: tuple[str, str, str]) -> dict[str, dict[str, list[CopySpan]]]:
    """Two footages a time, and by how many seconds the second shows the same later."""
    found: dict[str, dict[str, list[CopySpan]]] = {}
    for a, b, later in named:
        span = CopySpan(Fraction(0), Fraction(100), Fraction(later), PLACE, 3, 1.0)
        found.setdefault(a, {})[b] = [span]
        found.setdefault(b, {})[a] = [span.turned()]
    return found


def moments(
    copies: dict[str, dict[str, list[CopySpan]]], *places: tuple[str, str]
) -> dict[str, str]:
    frames = {(footage, Fraction(pts)): 1.0 for footage, pts in places}
    found = first_shown(frames, copies)
    return {f"{a}{b}": f"{c}{d}" for (a, b), (c, d) in found.items()}


@pytest.mark.parametrize("pts", ["9/2", "5", "11/2"])
def test_frames_of_a_moment_need_not_begin_together(pts: str) -> None:
    found = moments(copied(("a", "b", "0")), ("a", "5"), ("b", pts), ("b", "7"))
    assert found == {"a5": "a5", f"b{pts}": "a5", "b7": "b7"}


def test_a_frame_shows_the_moment_of_whichever_tells_of_its_own() -> None:
    """The first that it overlaps with may be another's already, and the next one not."""
    copies = copied(("a", "b", "0"), ("b", "c", "0"), ("a", "c", "0"))
    found = moments(copies, ("a", "0"), ("b", "1/2"), ("b", "3/2"), ("c", "6/5"))
    assert found == {"a0": "a0", "b1/2": "a0", "b3/2": "b3/2", "c6/5": "b3/2"}


def test_of_what_is_no_copy_each_frame_is_a_moment_of_its_own() -> None:
    copies = copied(("a", "b", "0"))
    assert moments(copies, ("a", "5"), ("c", "5")) == {"a5": "a5", "c5": "c5"}
    assert moments(copies, ("a", "200"), ("b", "200")) == {"a200": "a200", "b200": "b200"}


def test_copies_a_little_later_than_each_other_make_no_recording_one_moment() -> None:
    copies = copied(("a", "b", "1/3"), ("b", "c", "1/3"), ("a", "c", "2/3"))
    frames = [(footage, str(pts)) for footage in "abc" for pts in range(1, 9)]
    found = moments(copies, *frames)
    assert set(found.values()) <= {f"a{pts}" for pts in range(1, 9)} | {"b1", "c1"}
    assert len(set(found.values())) >= 8


@pytest.mark.parametrize("builder", ["mazak", "dmtg", None])
def test_a_clip_that_comes_a_second_time_makes_no_interval_narrower(
    case: Case, registry: Registry, build: Build, builder: str | None
) -> None:
    def clips(b: Builder, same: str | None = None) -> str:
        machine = b.add("Plant 1", "mazak", "accept", chance=1.0, same=same)
        b.frame("Plant 1", "missed", builder, chance=1.0, views=2)
        b.frame("Plant 2", "nothing", chance=1.0, views=4)
        return machine

    def intervals() -> list[float]:
        found = answer_case(case, Question(), registry, "Chinese")[0]
        three = found.missed.share, found.missed.least, found.missed.most
        return [end for one in three for end in (one.low, one.high)]

    machines: list[str] = []
    recipe = build(lambda b: machines.append(clips(b)))
    before = intervals()
    with case.session() as session, session.begin():
        again = Builder(session, recipe, 3)
        clips(again, machines[0])
        for clip in (1, 2, 3):
            again.copy(clip, clip + 3)
    assert intervals() == pytest.approx(before)
