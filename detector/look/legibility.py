"""The frames of a track in which its machine can best be read.

Legibility of a machine in a frame, 0..1:

    legibility = whole * angle * (0.4 * seen + 0.6 * read)
    seen       = sqrt(size * sharpness)             of the machine's box
    read       = max over its marks of share(class) * sqrt(min(1, height / 32) * sharpness)

    size       = min(1, sqrt(area of the box) / 400 px)
    sharpness  = E / (E + 0.05),  E = 2 min(mean(Lxx^2), mean(Lyy^2)) / (var(L) + 25)
    whole      = 1 - 0.25 * (sides of the frame that cut the box off), at least 0.25
    angle      = min(1, aspect of the box / widest whole aspect of the track)
    share      = 1 for a wordmark, 0.5 for a control

L is luma in grey levels, Lxx and Lyy its second differences. Their energy falls when a picture is
blurred. The variance under it takes contrast out. The lesser of the two directions counts because a
camera moving sideways smears in one only. Median E of 30 photographs 1280 px wide: 0.095; blurred
by a Gaussian of 1 px 0.007, of 2 px 0.001, smeared sideways by 11 px 0.001. Noise looks like
sharpness to it, so frames of unlike noise compare badly; those of one track are alike. Text of 32
px has letters as tall as a reader expects. A mark weighs more than all else because it is what will
be read. A machine seen at an angle is foreshortened: narrower, for its height, than in the track's
widest view.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from detector.boxes import as_box, grown, share_inside
from detector.look.bars import within_bars
from detector.look.stills import encode_frame
from detector.look.sweep import same, thumbnail
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections, Frame, Picture

LARGE = 400.0
"""Pixels: from this square root of its area a machine gains nothing by being larger."""

READABLE = 32.0
"""Pixels of a mark's height from which it gains nothing by being larger."""

SHARP = 0.05
"""E at which sharpness is one half; between photographs sharp (0.095) and blurred (0.007)."""

CONTRAST_FLOOR = 25.0
"""Variance, squared grey levels, of coding noise: keeps flat surfaces from counting sharp."""

MARK_SHARES = {WORDMARK: 1.0, CONTROL: 0.5}
SEEN, READ = 0.4, 0.6
CUT_OFF, LEAST_WHOLE = 0.25, 0.25

EDGE = 0.004
"""Share of the frame's side: a box that ends nearer to an edge is cut off by it."""

MARGIN = 0.08
"""Share of the box added on each side of a crop: signs stick out of a machine."""

MARK_INSIDE = 0.5
"""Least share of a mark that lies in the box with its margin for it to be the machine's."""

SPREAD = Fraction(2)
"""Seconds: of two frames closer than this the worse counts less, down to `NEIGHBOUR`."""

NEIGHBOUR = 0.7
"""What a frame is worth right beside a better one: it shows nothing new."""

HELD = 512 << 20
"""Bytes of crops, and of frames kept whole, held for all tracks of a shot; beyond it the least
legible go first, but not a track's last."""


@dataclass(frozen=True, slots=True)
class LegibleView:
    """One machine in one frame, cut out with a margin.

    box: the machine; marks: its wordmarks and controls; both in pixels of the frame.
    picture: a copy of the crop, whose corner stands at `offset` (x, y) of the frame.
    score: `legibility`; aspect: width by height of the box, 0 where the frame cuts it off.
    whole: the frame itself, as JPEG, if frames are kept.
    """

    pts: Fraction
    box: Box
    picture: Picture
    offset: tuple[int, int]
    score: float
    marks: Detections
    aspect: float
    file: Path | None = None
    whole: bytes | None = None

    @property
    def box_in_crop(self) -> Box:
        """The machine in pixels of `picture`."""
        x, y = self.offset
        return (self.box[0] - x, self.box[1] - y, self.box[2] - x, self.box[3] - y)

    def in_frame(self, found: Detections) -> Detections:
        """Detections made on `picture`, moved to pixels of the frame."""
        offset = np.array([*self.offset, *self.offset], np.float32)
        return Detections(found.xyxy + offset, found.confidence, found.class_id)


def shows_same(a: LegibleView, b: LegibleView) -> bool:
    """True if two views show the same place, and nothing in it has changed."""
    return a.offset == b.offset and same(thumbnail(a.picture), thumbnail(b.picture))


class LegibleFrames:
    """Keeps each track's best views, few and apart in time; of the pictures only crops.

    `full`: each track has one view left, and they are more than may be held. None is dropped for
    it: whoever offers frames takes the tracks and begins again.

    keep: views of a track that are kept at most.
    """

    def __init__(self, keep: int) -> None:
        self.full = False
        self._keep = keep
        self._views: dict[int, list[LegibleView]] = {}
        self._widest: dict[int, float] = {}

    def offer(self, track: int, frame: Frame, box: Box, found: Detections) -> None:
        """Shows one sampled frame of a track; its crop is copied only if it may be kept.

        track: its number; frame: the whole picture, upright. box: the machine, in pixels of the
        frame. found: all detections of the frame; other machines' marks are left out.
        """
        marks = marks_of(box, found, frame.image)
        aspect = 0.0 if cut_off_sides(box, frame.image) else _aspect(box)
        self._widest[track] = max(self._widest.get(track, 0.0), aspect)
        score = legibility(frame.image, box, marks)
        left, top, right, bottom = _crop(box, frame.image)
        if right <= left or bottom <= top:
            return
        crop = frame.image[top:bottom, left:right]
        view = LegibleView(frame.pts, box, crop, (left, top), score, marks, aspect, frame.file)
        kept = self._best([*self._views.get(track, []), view], self._widest[track])
        if any(other is view for other in kept):
            kept = [
                replace(other, picture=crop.copy()) if other is view else other for other in kept
            ]
            self._views[track] = kept
            self._stay_within_bounds()

    def take(self, track: int) -> list[LegibleView]:
        """The best views of a track, which it forgets. At most `keep`, most legible first, with the
        angle counted in; none for a track that was never offered."""
        views, widest = self._views.pop(track, []), self._widest.pop(track, 0.0)
        scored = [replace(v, score=v.score * _angle(v.aspect, widest)) for v in views]
        return sorted(scored, key=lambda view: (-view.score, view.pts))

    def keep_whole(self, frame: Frame) -> None:
        """Keeps the whole of a frame with the views of it, for as long as there are any."""
        if all(view.pts != frame.pts for views in self._views.values() for view in views):
            return
        whole = encode_frame(frame.image)
        for track, views in self._views.items():
            self._views[track] = [
                replace(view, whole=whole) if view.pts == frame.pts else view for view in views
            ]
        self._stay_within_bounds()

    def _best(self, views: list[LegibleView], widest: float) -> list[LegibleView]:
        """The `keep` views worth most together."""
        if len(views) <= self._keep:
            return views
        scores = [view.score * _angle(view.aspect, widest) for view in views]

        def worth(chosen: tuple[int, ...]) -> float:
            total, taken = 0.0, list[int]()
            for index in sorted(chosen, key=lambda i: -scores[i]):
                apart = min(
                    (abs(views[index].pts - views[other].pts) for other in taken),
                    default=SPREAD,
                )
                nearness = 1 - float(min(apart, SPREAD) / SPREAD)
                total += scores[index] * (1 - (1 - NEIGHBOUR) * nearness)
                taken.append(index)
            return total

        best = max(itertools.combinations(range(len(views)), self._keep), key=worth)
        return [views[index] for index in best]

    def _stay_within_bounds(self) -> None:
        while self._held() > HELD:
            candidates = [
                (v.score, t, v) for t, views in self._views.items() if len(views) > 1 for v in views
            ]
            if not candidates:
                self.full = True
                return
            _, track, view = min(candidates, key=lambda entry: (entry[0], entry[1]))
            self._views[track] = [v for v in self._views[track] if v is not view]

    def _held(self) -> int:
        """Bytes; a frame with several views counts once."""
        views = [view for views in self._views.values() for view in views]
        frames = {view.pts: len(view.whole) for view in views if view.whole is not None}
        return sum(view.picture.nbytes for view in views) + sum(frames.values())


def legibility(picture: Picture, box: Box, marks: Detections) -> float:
    """How well a machine can be read in a frame, 0..1, without the angle; see the module.

    picture: the whole frame, (height, width, 3) RGB. box: the machine; marks: its wordmarks and
    controls; in pixels of the frame.
    """
    width, height = max(0.0, box[2] - box[0]), max(0.0, box[3] - box[1])
    size = min(1.0, float(np.sqrt(width * height)) / LARGE)
    seen = float(np.sqrt(size * sharpness(picture, box)))
    read = max(
        (
            MARK_SHARES.get(int(class_id), 0.0) * _mark_legibility(picture, as_box(row))
            for row, class_id in zip(marks.xyxy, marks.class_id, strict=True)
        ),
        default=0.0,
    )
    whole = max(LEAST_WHOLE, 1 - CUT_OFF * cut_off_sides(box, picture))
    return whole * (SEEN * seen + READ * read)


def _crop(box: Box, picture: Picture) -> tuple[int, int, int, int]:
    """The box and a margin. It ends where black bars begin: what is cut off there may go on, as at
    the picture's own edge."""
    left, top, right, bottom = grown(box, MARGIN, picture)
    first, highest, last, lowest = within_bars(picture)
    return max(left, first), max(top, highest), min(right, last), min(bottom, lowest)


def sharpness(picture: Picture, box: Box) -> float:
    """Sharpness of a box of a picture at its own resolution, 0..1; formula in the module."""
    left, top, right, bottom = grown(box, 0.0, picture)
    if right - left < 3 or bottom - top < 3:
        return 0.0
    luma = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    # Whole numbers: of a machine in 4K that takes a third of the time.
    across = cv2.Sobel(luma, cv2.CV_16S, 2, 0, ksize=1)[:, 1:-1]
    down = cv2.Sobel(luma, cv2.CV_16S, 0, 2, ksize=1)[1:-1]
    energy: float = 2 * min(cv2.norm(one, cv2.NORM_L2SQR) / one.size for one in (across, down))
    energy /= float(cv2.meanStdDev(luma)[1][0, 0]) ** 2 + CONTRAST_FLOOR
    return energy / (energy + SHARP)


def marks_of(box: Box, found: Detections, picture: Picture) -> Detections:
    """The wordmarks and controls that lie on a machine, or stick out of it a little."""
    around = np.array([grown(box, MARGIN, picture)], np.float32)
    inside = share_inside(found.xyxy, around)[:, 0] >= MARK_INSIDE
    return found.where(inside & (found.class_id != MACHINE))


def cut_off_sides(box: Box, picture: Picture) -> int:
    """At how many sides of the frame, or of what black bars leave of it, the box ends."""
    left, top, right, bottom = within_bars(picture)
    across, down = EDGE * (right - left), EDGE * (bottom - top)
    x1, y1, x2, y2 = box
    return sum(
        (x1 < left + across, y1 < top + down, x2 > right - across, y2 > bottom - down),
    )


def _mark_legibility(picture: Picture, box: Box) -> float:
    height = min(1.0, max(0.0, box[3] - box[1]) / READABLE)
    return float(np.sqrt(height * sharpness(picture, box)))


def _aspect(box: Box) -> float:
    return (box[2] - box[0]) / max(1e-6, box[3] - box[1])


def _angle(aspect: float, widest: float) -> float:
    """1 where the frame cuts the box off: its true aspect is not known, and `whole` counts."""
    return min(1.0, aspect / widest) if aspect > 0 and widest > 0 else 1.0
