"""Captions that stand too short, or over too still a picture, for the sweep to find.

1. `static_in_shot`: a text that stays at its place on the screen while the machine it seems
   to be on moves, within one shot.
2. `looks_like_caption`: text on a flat drawn banner at the screen's edge, for a still or a
   camera that never moves. There a real wordmark does not move either, so only a banner
   flatter than any painted panel is set aside; everything else stays with the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.letters import letters
from detector.types import Box, Picture, Reading, Track


def static_in_shot(readings: Sequence[Reading], track: Track) -> list[Reading]:
    """Readings of one track whose text keeps its place on the screen while the machine moves.

    Two readings of like text in two frames, moved by less than a quarter of their height and
    not resized, though the machine's box moved by more than the text's height and a tenth of
    its own size. A caption over a tripod shot is not found here: there a real mark stays, too.
    """
    boxes = {observation.pts: observation.box for observation in track.observations}
    static: list[Reading] = []
    for reading in readings:
        if any(
            other.pts != reading.pts
            and _same_text(reading, other)
            and _stays(reading.box, other.box)
            and reading.pts in boxes
            and other.pts in boxes
            and _moves(boxes[reading.pts], boxes[other.pts], reading.box)
            for other in readings
        ):
            static.append(reading)
    return static


def looks_like_caption(picture: Picture, box: Box) -> bool:
    """Whether text at `box` stands on a drawn banner at the screen's edge.

    Args:
        picture: the whole frame, RGB.
        box: the text, pixels of the frame.

    The banner must lie in the lowest third or the topmost eighth, be flatter than light on
    sheet metal ever is (spread of at most 2 grey levels beside the text), be far wider than
    the text is high, and end in a straight edge above or below.
    """
    height, width = picture.shape[:2]
    if not (box[1] >= height * 2 / 3 or box[3] <= height / 8):
        return False
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    line = box[3] - box[1]
    x1, x2 = max(0, int(box[0] - line)), min(width, int(np.ceil(box[2] + line)))
    y1, y2 = max(0, int(box[1])), min(height, int(np.ceil(box[3])))
    strip = grey[y1:y2, x1:x2]
    if strip.size == 0 or x2 - x1 < 4 * line:
        return False
    level = float(np.median(strip))
    ground = np.abs(strip - level) <= 6
    if ground.mean() < 0.4 or float(strip[ground].std()) > 2.0:
        return False
    return _ends_straight(grey[:, x1:x2], y1, y2, level)


def _same_text(a: Reading, b: Reading) -> bool:
    return SequenceMatcher(None, letters(a.text), letters(b.text)).ratio() >= 0.7


def _stays(a: Box, b: Box) -> bool:
    least = max(1.0, min(a[3] - a[1], b[3] - b[1]))
    return max(abs(p - q) for p, q in zip(a, b, strict=True)) <= max(2.0, least / 4)


def _moves(before: Box, after: Box, text: Box) -> bool:
    """Whether a machine's box moved as a whole, both opposite sides the same way."""
    size = max(before[2] - before[0], before[3] - before[1])
    far = max(text[3] - text[1], size / 10)
    return any(
        min(abs(after[i] - before[i]), abs(after[i + 2] - before[i + 2])) > far
        and (after[i] - before[i]) * (after[i + 2] - before[i + 2]) > 0
        for i in (0, 1)
    )


def _ends_straight(columns: NDArray[np.float32], y1: int, y2: int, level: float) -> bool:
    """Whether the banner of grey `level` ends along one row, above or below the text."""
    reach = y2 - y1
    for rows in (
        range(y1 - 1, max(-1, y1 - 1 - reach), -1),
        range(y2, min(len(columns), y2 + reach)),
    ):
        for row in rows:
            off = np.abs(columns[row] - level) > 12
            if off.mean() > 0.9:
                return True
            if off.mean() > 0.3:
                break
    return False
