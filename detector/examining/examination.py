"""A machine that was read, and what is kept of a footage while its frames pass by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from detector.known_again.prints import PrintCollector
from detector.known_again.surroundings import look_of_sighting
from detector.look.stills import MarkBox, decode_frame, find_mark, stills_of
from detector.look.watch import Watched
from detector.screen.caption import covers, drawn_with
from detector.screen.graphics import Place
from detector.screen.overlay import OverlayMap
from detector.types import (
    Analysis,
    Box,
    Frame,
    Likeness,
    Look,
    Observation,
    Picture,
    Reading,
    Sample,
    Sighting,
    Still,
    Survey,
    Track,
)


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


class SurveyCollector:
    """Collects the prints, looks and stills of one footage, so that no frame is decoded again. It
    holds bytes, never pictures."""

    def __init__(self) -> None:
        self._prints = PrintCollector()
        self._looks: list[Look] = []
        self._stills: list[Still] = []

    def keyframe(self, frame: Frame) -> None:
        """A keyframe of the first pass; in time order."""
        self._prints.keyframe(frame)

    def dense(self, sample: Sample, shot: int) -> None:
        """A frame of the second pass and the index of its shot; in time order."""
        self._prints.dense(sample.pts, sample.thumbnail, shot)

    def sighting(self, sighting: Sighting, watched: Watched, overlays: OverlayMap) -> None:
        """A sighting and what it was made of, watched with its frames kept."""
        self._stills += stills_of(sighting, watched)
        if watched.frame is not None:
            best = sighting.best
            drawn = overlays.present(best.pts)
            others = watched.others.get(best.pts, ())
            seen = look_of_sighting(decode_frame(watched.frame), best.box, drawn, others)
            self._looks.append(Look(sighting.id, best.pts, best.box, *seen))

    def settle(self, sightings: Sequence[Sighting]) -> None:
        """Keeps what belongs to the final sightings. A mark that was shown may have turned out to
        be a caption."""
        marks = {sighting.id: find_mark(sighting) for sighting in sightings}
        self._looks = [look for look in self._looks if look.sighting in marks]
        self._stills = [
            still
            for still in self._stills
            if still.sighting in marks
            if still.role == "best" or MarkBox(still.pts, still.box) == marks[still.sighting]
        ]

    def survey(self, analysis: Analysis) -> Survey:
        """All of it, beside the analysis of the same footage."""
        return Survey(analysis, self._prints.finish(), tuple(self._looks), tuple(self._stills))
