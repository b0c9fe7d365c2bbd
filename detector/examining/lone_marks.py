"""Marks read on no machine: where none is seen, or beside those that are.

Nothing is claimed by them: a person has to see whose machine it is, or whether it is one. They are
sought in one frame of a shot, and by letters alone. How often they are right: docs/accuracy.md,
"Builders named".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from detector.boxes import area, grown, line_height, moved
from detector.examining.checks import LIKELY, is_cut
from detector.examining.examination import Examination
from detector.examining.examine import Examiner
from detector.look.bars import within_bars
from detector.look.legibility import LegibleView
from detector.look.stills import telling
from detector.look.watch import WatchedShot
from detector.read.line_reader import Line
from detector.read.reader import Reader, cut_marks
from detector.screen.caption import scene_of, static_across_shots
from detector.screen.graphics import drawn_on
from detector.screen.overlay import Frames, OverlayMap
from detector.settings import TextRecognition
from detector.types import (
    Attribution,
    Box,
    Detections,
    Evidence,
    LoneMark,
    Observation,
    Picture,
    Sighting,
    Track,
)

AT_EDGE = 0.08
"""Share of its height: a text that ends nearer to the frame's edge may be cut off. Large text has a
box beyond its letters, so it may end nearer than one in a hall."""

TELLING_KINDS = ("wordmark", "series", "plate")
"""Kinds of evidence that name a lone mark."""

MOST_MANUAL = 3
"""Manual machines of a frame that are read, the largest."""

MOST_LINES = 24
"""Lines of a frame that are read, the highest: plates have a dozen, a page of a newspaper more."""


@dataclass(slots=True)
class LoneMarks:
    """Reads shots without a machine."""

    reader: Reader
    examiner: Callable[[], Examiner]
    settings: TextRecognition

    def examine(
        self, watched: WatchedShot, overlays: Callable[[], OverlayMap], *, sighted: bool
    ) -> Examination | None:
        """What is read in the frame kept for it; None if that names nobody.

        sighted: the shot has machines with a CNC: only what stands on none of them is read.
        """
        kept = watched.lone
        if kept is None or not self.settings.lone_side:
            return None
        frame = kept.frame
        left, top, right, bottom = within_bars(frame.image)
        whole = (float(left), float(top), float(right), float(bottom))
        picture, corner = frame.image[top:bottom, left:right], (left, top)
        view = LegibleView(frame.pts, whole, picture, corner, 0.0, Detections.none(), 0.0)
        lines = [] if sighted else list(self.reader.find_lines(picture, self.settings.lone_side))
        lines += cut_marks(picture, [moved(mark, -left, -top) for mark in kept.marks])
        for box in sorted(kept.manual, key=area, reverse=True)[:MOST_MANUAL]:
            lines += self._find_lines_on(moved(box, -left, -top), picture)
        if not lines:
            return None
        highest = sorted(lines, key=lambda line: -line_height(line.box))[:MOST_LINES]
        read = overlays().mark(self.reader.read_lines(highest, frame.pts, corner))
        cut = frozenset((one.pts, one.box) for one in read if is_cut(one.box, view, AT_EDGE))
        best = Observation(frame.pts, whole, 0.0)
        small = scene_of(frame.image)
        track = Track(watched.shot, (best,))
        seen = Examination(track, best, frame.file, tuple(read), (), (), small, cut)
        return seen if self._attribute(seen)[1] is not None else None

    def _find_lines_on(self, machine: Box, picture: Picture) -> list[Line]:
        """The lines in a box, looked for in its own pixels and placed in the picture."""
        x1, y1, x2, y2 = grown(machine, 0, picture)
        cut = np.ascontiguousarray(picture[y1:y2, x1:x2])
        found = self.reader.find_lines(cut) if cut.size else []
        return [replace(line, box=moved(line.box, x1, y1)) for line in found]

    def settle(
        self,
        lone: Sequence[Examination],
        seen: Sequence[Examination],
        sightings: Sequence[Sighting],
        frames: Frames | None,
    ) -> tuple[LoneMark, ...]:
        """The marks among what was examined, without those of the broadcast.

        A text is the broadcast's if it comes and goes by itself. So it is if it stands at one place
        of the screen in other shots too, also on a machine. A builder to whom a machine of the same
        shot leads is no news.

        seen: the machines examined. sightings: what was made of them. frames: shows the footage, if
        it is a film.
        """
        known = {
            (one.track.shot, lead.builder or lead.origin)
            for one in sightings
            for lead in one.attribution.leads
        }
        found: list[LoneMark] = []
        for one, captions in zip(lone, static_across_shots([*lone, *seen]), strict=False):
            one = one.without([(one.readings[i].pts, one.readings[i].box) for i in captions])
            if frames is not None and self._attribute(one)[1] is not None:
                one = one.without(drawn_on(one, frames))
            attribution, part = self._attribute(one)
            if part is None:
                continue
            origin, shot = attribution.origin, one.track.shot
            plate = origin.code if origin is not None and origin.basis == "plate" else None
            if (shot, attribution.builder or plate) in known:
                continue
            scene = [text for text in one.readings if not text.overlay]
            # The text that names somebody goes first: plates have a dozen lines.
            read = tuple(sorted(scene, key=lambda text: text.box != part.box))
            name = f"k{len(found) + 1}"
            found.append(LoneMark(name, shot, attribution.builder, plate, part, read, one.file))
        return tuple(found)

    def _attribute(self, seen: Examination) -> tuple[Attribution, Evidence | None]:
        """The attribution of the readings, and the mark or plate it rests on.

        None if there is no builder and no origin, or only a control: a panel is no badge. A text
        that may go on beyond the edge claims no origin under test.
        """
        attribution = self._led(self.examiner().attributor.attribute(seen.readings))
        if seen.cut and self.examiner().tested_claims(attribution):
            attribution = self._led(self.examiner().attributor.attribute(seen.whole))
        part = telling(attribution)
        named = attribution.builder is not None or attribution.origin is not None
        tells = named and part is not None and part.kind in TELLING_KINDS
        return attribution, part if tells else None

    def _led(self, attribution: Attribution) -> Attribution:
        """The attribution with the builder of its first such lead, if that is likelier than not. A
        mark with no machine around it claims nothing. People see it and judge."""
        leads = (lead for lead in attribution.leads if lead.builder is not None)
        first = next(leads, None)
        if attribution.builder is not None or first is None or first.probability < LIKELY:
            return attribution
        return replace(attribution, builder=first.builder)
