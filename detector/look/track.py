"""Which detections of a shot are one machine: tracking on unevenly spaced samples.

The known trackers count frames; here frames lie half a second, or three, apart. So a track is
predicted at the true time of the frame. It moves with the camera, whose shift is estimated from the
picture. Then it moves with its own speed, which fades while it is unseen. Detections are assigned
to tracks to the greatest sum of similarities, the weighted geometric mean

    similarity = IoU(predicted, detected)^(1-w) * appearance^w,   w = settings.appearance

so that neither can make up for the want of the other. What is left over is tried once more, looser
in place and stricter in appearance. After an occlusion or a jolt a machine may stand off its
prediction, but it still looks the same. So it must where the camera moved so far that its shift is
not known.

What stands whole in the picture, with no machine before it, must keep its structure as well. In a
presentation or one part of a screen the next machine comes without a cut. What goes on beyond the
picture must share ground with the machine as last seen whole, or first. One that fills the screen
gives way to the next without its box moving.

A tracker serves one shot. Nothing is tracked across a cut.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from detector.boxes import Boxes, areas, as_box, intersections, iou, share_inside
from detector.look.appearance import Appearance, CameraMotion, look_of, one_thing
from detector.settings import Tracking
from detector.types import Detections, Frame, Observation, Picture, Shot, Track

FADING = 1.0
"""Seconds in which a speed fades to 1/e: what is unseen for long is looked for near by."""

SPEED_SHARE = 0.5
"""Weight of the newest speed against the smoothed one."""

LOOK_SHARE = 0.3
"""Weight of the newest appearance against the smoothed one."""

LOOSE_REACH = 0.75
"""Second try: centres at most so far apart, as a share of the predicted box's diagonal."""

LOOSE_SIZE = 2.0
"""Second try: areas differ at most by this factor."""

LOOSE_LOOK = 0.6
"""Second try: least similarity of appearance. Two machines of one make in a row lie about
there too, so a machine that comes back must also stand about where it was."""

WHOLE, FREE = 0.02, 0.1
"""A machine stands whole in the picture from so much of a side away from the edges. It is free if
no other's box covers so much of its own."""

STAYS = 0.1
"""Of a machine that goes on beyond the picture so much must be where it was when it was last seen
whole, or first: a pan goes on to the next machine, whose box fills the screen as well."""

SURE = 0.75
"""Confidence from which a machine seen once too seldom is believed all the same."""

DOUBLE_INSIDE, DOUBLE_SIZE, DOUBLE_TIMES = 0.85, 0.4, 0.75
"""A track is another's double from these shares. So much of its box lies in the other's, its area
is so much of the other's, and so it is in 3/4 of its frames. Such are a door or a housing taken for
a second machine. Smaller ones may be machines standing in front."""


@dataclass(slots=True)
class _Live:
    """A track being followed. `box` is its last, moved with the camera since; pixels. `patches`:
    the last two in which it stands whole and free. `anchor`: its box when last seen whole, or else
    first, moved with the camera."""

    number: int
    box: NDArray[np.float64]
    speed: NDArray[np.float64]
    seen: Fraction
    look: Appearance
    patches: list[Picture]
    anchor: NDArray[np.float64]
    observations: list[Observation] = field(default_factory=list)

    def predicted(self, pts: Fraction) -> NDArray[np.float64]:
        """Its box at `pts`: speed times the time in which that speed fades."""
        elapsed = float(pts - self.seen)
        return self.box + self.speed * FADING * (1 - math.exp(-elapsed / FADING))


class Tracker:
    """Follows machines through one shot. After `finish`, `numbers` holds the track number of each
    track returned, in the same order: those that `update` gave."""

    def __init__(self, settings: Tracking) -> None:
        self.settings = settings
        self.numbers: list[int] = []
        self._tracks: list[_Live] = []
        self._camera = CameraMotion()
        self._samples = 0
        self._before: Fraction | None = None

    def update(self, frame: Frame, machines: Detections) -> list[int]:
        """Assigns one frame's machines; frames come in time order. Returns a track number for each
        detection, in their order."""
        self._samples += 1
        # What was there in the sample before has not been unseen, however long ago that was.
        patience, before = self.settings.patience, self._before
        near = [t for t in self._tracks if t.seen == before or frame.pts - t.seen <= patience]
        self._before = frame.pts
        self._follow_camera(frame, near)
        looks = [look_of(frame.image, as_box(row)) for row in machines.xyxy]
        whole = _whole(machines.xyxy, frame.image)
        clear = whole & _free(machines.xyxy)
        assigned = self._assign(frame.pts, near, machines, looks, whole, clear)
        numbers = []
        for index, look in enumerate(looks):
            row = machines.xyxy[index].astype(np.float64)
            track = assigned.get(index)
            if track is None:
                track = _Live(len(self._tracks), row, np.zeros(4), frame.pts, look, [], row)
                self._tracks.append(track)
            else:
                _advance(track, frame.pts, row, look)
            if whole[index]:
                track.anchor = row
            if clear[index]:
                # Two, since one may have been taken while the one machine dissolved into the other.
                track.patches = [*track.patches[-1:], look.patch]
            confidence = float(machines.confidence[index])
            track.observations.append(
                Observation(frame.pts, as_box(machines.xyxy[index]), confidence)
            )
            numbers.append(track.number)
        return numbers

    def finish(self, shot: Shot) -> list[Track]:
        """The shot's tracks, by first appearance.

        Left out are doubles, and, where the shot was sampled at least
        `settings.least_observations` times, tracks seen less often than that and never
        with confidence `SURE`.
        """
        least = min(self.settings.least_observations, self._samples)
        lasting = [
            track
            for track in self._tracks
            if len(track.observations) >= least
            or max(o.confidence for o in track.observations) >= SURE
        ]
        kept = _without_doubles(lasting)
        self.numbers = [track.number for track in kept]
        return [Track(shot, tuple(track.observations)) for track in kept]

    def _follow_camera(self, frame: Frame, tracks: Sequence[_Live]) -> None:
        """Moves along those that may be seen again."""
        if not tracks:
            self._camera.let_pass(frame.image)
            return
        x, y = self._camera.shift(frame.image)
        for track in tracks:
            track.box = track.box + np.array([x, y, x, y])
            track.anchor = track.anchor + np.array([x, y, x, y])

    def _assign(
        self,
        pts: Fraction,
        tracks: list[_Live],
        machines: Detections,
        looks: list[Appearance],
        whole: NDArray[np.bool_],
        clear: NDArray[np.bool_],
    ) -> dict[int, _Live]:
        """Detection index -> track, in two tries."""
        if not tracks or not looks:
            return {}
        places = np.stack([track.predicted(pts) for track in tracks]).astype(np.float32)
        alike = np.array([[t.look.similarity(look) for look in looks] for t in tracks])
        another = [[not _may_be(t, look.patch) for look in looks] for t in tracks]
        alike[np.array(another) & clear] = 0.0
        anchors = np.stack([track.anchor for track in tracks]).astype(np.float32)
        alike[_apart(anchors, machines.xyxy) & ~whole] = 0.0
        weight = self.settings.appearance
        score = iou(places, machines.xyxy) ** (1 - weight) * alike**weight
        if self._camera.lost:  # What stands where a machine stood may be the next one.
            score = np.where(alike >= LOOSE_LOOK, score, 0.0)
        pairs = _best_pairs(np.where(score >= self.settings.gate, score, 0.0))
        loose = np.where(_about_there(places, machines.xyxy) & (alike >= LOOSE_LOOK), alike, 0.0)
        for row, column in pairs:
            loose[row, :] = 0.0
            loose[:, column] = 0.0
        return {column: tracks[row] for row, column in pairs + _best_pairs(loose)}


def _best_pairs(score: NDArray[np.float64]) -> list[tuple[int, int]]:
    """The assignment of greatest sum, by row; pairs of score 0 are none."""
    paired = score > 0
    if paired.sum(axis=0).max() > 1 or paired.sum(axis=1).max() > 1:
        # It loads all of SciPy's optimizers, for longer than a photograph is looked at.
        from scipy.optimize import linear_sum_assignment

        chosen = np.zeros_like(paired)
        chosen[linear_sum_assignment(score, maximize=True)] = True
        paired &= chosen
    return [(int(row), int(column)) for row, column in np.argwhere(paired)]


def _about_there(places: NDArray[np.float32], boxes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether each box (m, 4) stands about where each track (n, 4) is expected: (n, m)."""
    centres = (places[:, None, :2] + places[:, None, 2:]) / 2
    others = (boxes[None, :, :2] + boxes[None, :, 2:]) / 2
    apart = np.linalg.norm(centres - others, axis=2)
    diagonal = np.linalg.norm(places[:, 2:] - places[:, :2], axis=1)
    ratio = (areas(places)[:, None] + 1) / (areas(boxes)[None, :] + 1)
    sized = (ratio <= LOOSE_SIZE) & (ratio >= 1 / LOOSE_SIZE)
    return np.asarray((apart <= LOOSE_REACH * diagonal[:, None]) & sized, np.bool_)


def _whole(boxes: Boxes, picture: Picture) -> NDArray[np.bool_]:
    """(n,): which boxes (n, 4) stand whole in the picture."""
    rows, columns = picture.shape[:2]
    edge = np.array([columns, rows]) * WHOLE
    inside = (boxes[:, :2] >= edge) & (boxes[:, 2:] <= np.array([columns, rows]) - edge)
    return np.asarray(inside.all(axis=1), np.bool_)


def _free(boxes: Boxes) -> NDArray[np.bool_]:
    """(n,): which boxes (n, 4) stand free of one another."""
    covered = intersections(boxes, boxes) >= FREE * areas(boxes)[:, None]
    np.fill_diagonal(covered, False)
    return np.asarray(~covered.any(axis=1), np.bool_)


def _apart(anchors: Boxes, boxes: Boxes) -> NDArray[np.bool_]:
    """Whether each box (m, 4) and each anchor (n, 4) have next to nothing in common: (n, m)."""
    smaller = np.minimum(areas(anchors)[:, None], areas(boxes)[None, :])
    return np.asarray(intersections(anchors, boxes) < STAYS * smaller, np.bool_)


def _may_be(track: _Live, patch: Picture) -> bool:
    return all(one_thing(before, patch) for before in track.patches)


def _advance(track: _Live, pts: Fraction, box: NDArray[np.float64], look: Appearance) -> None:
    """Takes the new box in; the speed is what the camera's motion does not explain."""
    elapsed = float(pts - track.seen)
    if elapsed > 0:
        newest = (box - track.box) / elapsed
        share = SPEED_SHARE if len(track.observations) > 1 else 1.0
        track.speed = share * newest + (1 - share) * track.speed
    track.box = box
    track.seen = pts
    track.look = track.look.blended(look, LOOK_SHARE)


def _without_doubles(tracks: list[_Live]) -> list[_Live]:
    """Drops a track that lies in another, longer or surer one, wherever both are seen."""

    def rank(track: _Live) -> tuple[int, float]:
        return len(track.observations), max(o.confidence for o in track.observations)

    kept: list[_Live] = []
    for track in sorted(tracks, key=rank, reverse=True):
        if not any(_double(track, other) for other in kept):
            kept.append(track)
    return sorted(kept, key=lambda track: (track.observations[0].pts, track.number))


def _double(track: _Live, other: _Live) -> bool:
    at = {o.pts: o.box for o in other.observations}
    both = [(o.box, at[o.pts]) for o in track.observations if o.pts in at]
    if not both:
        return False
    mine = np.array([pair[0] for pair in both], np.float32)
    theirs = np.array([pair[1] for pair in both], np.float32)
    inside = np.diag(share_inside(mine, theirs)) >= DOUBLE_INSIDE
    large = areas(mine) >= DOUBLE_SIZE * areas(theirs)
    return bool((inside & large).sum() >= DOUBLE_TIMES * len(track.observations))
