"""Whether a text stands on a machine, and whole, by where it was read."""

from __future__ import annotations

from collections.abc import Sequence

from detector.boxes import area, line_height
from detector.look.legibility import LegibleView
from detector.types import Box

AT_EDGE = 0.25
"""Of its height: text that ends nearer to an edge of the picture it was read in may be cut off."""


def is_cut(text: Box, view: LegibleView, within: float = AT_EDGE) -> bool:
    """Whether a text reaches an edge of the picture it was read in, but for so much of its height:
    it may go on beyond."""
    height, width = view.picture.shape[:2]
    (left, top), near = view.offset, within * line_height(text)
    right, bottom = left + width, top + height
    return any(
        gap <= near for gap in (text[0] - left, text[1] - top, right - text[2], bottom - text[3])
    )


def belongs(text: Box, machine: Box, others: Sequence[Box]) -> bool:
    """Whether a text stands on this machine and not on another one before or behind it.

    Of several machines whose boxes hold the text's middle it is the smallest's; a text just
    outside every box is left to the machine in whose margin it was read.
    """

    rivals = [area(other) for other in others if holds(other, text)]
    return not rivals or (holds(machine, text) and area(machine) < min(rivals))


def holds(machine: Box, text: Box) -> bool:
    """Whether the text's middle lies in the machine's box."""
    x, y = (text[0] + text[2]) / 2, (text[1] + text[3]) / 2
    return machine[0] <= x <= machine[2] and machine[1] <= y <= machine[3]
