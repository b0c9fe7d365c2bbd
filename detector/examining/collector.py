"""What is kept of a footage while its frames pass by, so that none is decoded again."""

from __future__ import annotations

from collections.abc import Sequence

from detector.known_again.prints import PrintCollector
from detector.known_again.surroundings import look_of_sighting
from detector.look.stills import MarkBox, decode_frame, find_mark, stills_of
from detector.look.watch import Watched
from detector.screen.overlay import OverlayMap
from detector.types import Analysis, Frame, Look, Sample, Sighting, Still, Survey


class SurveyCollector:
    """Collects the prints, looks and stills of one footage. Holds bytes, never pictures."""

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
        """Keeps what belongs to the final sightings.

        A mark that was shown may have turned out to be a caption.
        """
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
