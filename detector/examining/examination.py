"""A machine that was read; who built it comes later."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from detector.screen.caption import covers, drawn_with
from detector.screen.graphics import Place
from detector.types import Box, Likeness, Observation, Picture, Reading, Track


@dataclass(frozen=True, slots=True)
class Examination:
    """A machine that was read; who built it comes later.

    - concealed: marks hidden on purpose, with the times of their frames.
    - picture: the machine where it is best seen, made small (`detector.screen.caption.scene_of`).
    - cut: texts, by time and box, on which no claim of an origin under test rests. They may go on
    beyond an edge, stand beside the machine or pass it by.
    - doubted: it is too unsure a machine for such a claim; None if that was not checked.
    """

    track: Track
    best: Observation
    file: Path | None
    readings: tuple[Reading, ...]
    concealed: tuple[tuple[Fraction, Box], ...]
    likenesses: tuple[Likeness, ...]
    picture: Picture
    cut: frozenset[tuple[Fraction, Box]] = frozenset()
    doubted: bool | None = None

    @property
    def whole(self) -> tuple[Reading, ...]:
        """What was read, without what is cut."""
        return tuple(read for read in self.readings if (read.pts, read.box) not in self.cut)

    def without(self, captions: Collection[Place]) -> Examination:
        """The same, with readings and looks at these places given to the broadcast."""
        known = [read for read in self.readings if (read.pts, read.box) in captions]
        drawn = drawn_with(known, self.readings)
        looks = [look for look in self.likenesses if (look.pts, look.box) in captions]
        return replace(
            self,
            readings=tuple(replace(r, overlay=True) if r in drawn else r for r in self.readings),
            likenesses=tuple(
                look
                for look in self.likenesses
                if not any(covers(r.box, look.box) for r in drawn)
                and not any(one.id == look.id and covers(one.box, look.box) for one in looks)
            ),
        )
