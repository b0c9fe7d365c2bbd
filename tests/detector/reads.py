"""What was read and seen on a machine, made up."""

from __future__ import annotations

from fractions import Fraction

from datasets.letters import scripts
from detector.types import Attribution, Box, Likeness, Reading

DOOR: Box = (100.0, 100.0, 220.0, 130.0)
PANEL: Box = (400.0, 120.0, 480.0, 140.0)


def read(
    text: str,
    box: Box = DOOR,
    at: int = 0,
    *,
    score: float = 0.98,
    mirrored: bool = False,
    overlay: bool = False,
) -> Reading:
    script = "han" if "han" in scripts(text) else "latin"
    return Reading(text, score, box, Fraction(at), script, mirrored, overlay)  # type: ignore[arg-type]


def like(id: str, weight: float = 3.0, *, sure: bool = False) -> Likeness:
    return Likeness(id, id.upper(), weight, Fraction(0), DOOR, sure)


def moved(box: Box, by: float) -> Box:
    return box[0] + by, box[1] + by, box[2] + by, box[3] + by


def named(a: Attribution) -> tuple[str | None, str]:
    return a.builder, a.grade
