"""The evidence of an attribution, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from detector.matching.fuse import Cue
from detector.matching.match import Matcher
from detector.types import Box, Evidence, Likeness, Reading


def reasons_of(
    cues: Sequence[Cue],
    weights: Sequence[float],
    logos: Sequence[Likeness],
    codes: Sequence[Evidence],
    concealed: Sequence[tuple[Fraction, Box]],
    readings: Sequence[Reading],
    matcher: Matcher,
) -> tuple[Evidence, ...]:
    """Every cue, look, misread code, hidden mark and broadcast text that names an entry, by weight.

    Args:
        cues, weights: what was read, and the log-odds of each.
        logos: what places look like; codes: lines of what was read beside them.
        concealed: marks hidden on purpose, with the times of their frames.
        readings: all, of which those of the broadcast are told; matcher: what names an entry.
    """
    lines = [_cue_line(cue, weight) for cue, weight in zip(cues, weights, strict=True)]
    lines += [
        Evidence("logo", look.id, look.mark, look.weight, look.pts, look.box) for look in logos
    ]
    lines += codes
    lines.sort(key=lambda line: -line.weight)
    lines += [
        Evidence("concealed", None, "a mark that may be hidden", 0.0, pts, box)
        for pts, box in concealed
    ]
    lines += [
        Evidence("overlay", match.id, reading.text, 0.0, reading.pts, reading.box)
        for reading in readings
        if reading.overlay
        for match in matcher.match(reading.text)[:1]
    ]
    return tuple(lines)


def _cue_line(cue: Cue, weight: float) -> Evidence:
    """A cue as one line of evidence, pointing at its best reading."""
    best = cue.readings[0]
    kind: str = "control" if cue.match.type == "control" else cue.kind
    if cue.mirrored:
        kind = "mirrored"
    return Evidence(kind, cue.id, best.text, weight, best.pts, best.box)  # type: ignore[arg-type]
