"""Captions that stand too short for the sweep to see twice: still text on a moving machine."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

from datasets.letters import letters
from detector.types import Box, Reading, Track


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
            and same_text(reading, other)
            and _stays(reading.box, other.box)
            and reading.pts in boxes
            and other.pts in boxes
            and _moves(boxes[reading.pts], boxes[other.pts], reading.box)
            for other in readings
        ):
            static.append(reading)
    return static


def same_text(a: Reading, b: Reading) -> bool:
    """Whether two readings are of one text, if perhaps misread in part."""
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
