"""Which true machine a sighting shows, and which stand in a frame: by place and time alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datasets.maker.canvas import Box
from evidence.linking.seen import overlap
from lab.world.footage import Footage, Seen

FITS = 0.3
"""Overlap with the true box from which a sighting is of that machine: of two that stand close it
may hold both, and is of the one that it fits best."""

LATE = 0.3  # seconds that a time may lie outside those of the truth, whose steps are half a second

IN_VIEW = 0.01
"""Of the frame's area: a machine that is never as large is not counted as in view."""


def box_at(one: Seen, time: float) -> Box | None:
    """Where a machine is at a time, between the times of its truth; None where it is not."""
    if not one.start - LATE <= time <= one.end + LATE:
        return None
    times = [at for at, _ in one.boxes]
    sides = np.array([box for _, box in one.boxes])
    x1, y1, x2, y2 = (float(np.interp(time, times, sides[:, n])) for n in range(4))
    return x1, y1, x2, y2


def shown_by(footage: Footage, time: float, box: Sequence[float]) -> Seen | None:
    """The machine that a sighting shows, by the box at one time; None for none."""
    fits = [
        (overlap(at, box), one) for one in footage.seen if (at := box_at(one, time)) is not None
    ]
    best, found = max(fits, key=lambda pair: pair[0], default=(0.0, None))
    return found if best >= FITS else None


def stand_in(footage: Footage, time: float) -> list[tuple[Seen, Box]]:
    """The machines in view in a frame with their boxes, the largest first."""
    found = [
        (one, box)
        for one in footage.seen
        if (box := box_at(one, time)) is not None and share_of(footage, box) >= IN_VIEW
    ]
    return sorted(found, key=lambda pair: -share_of(footage, pair[1]))


def share_of(footage: Footage, box: Box) -> float:
    """Of the frame's area."""
    w, h = footage.size
    return (box[2] - box[0]) * (box[3] - box[1]) / (w * h)


def in_view(footage: Sequence[Footage]) -> set[str]:
    """The machines that can be seen in this footage."""
    return {
        one.machine
        for clip in footage
        for one in clip.seen
        if any(share_of(clip, box) >= IN_VIEW for _, box in one.boxes)
    }
