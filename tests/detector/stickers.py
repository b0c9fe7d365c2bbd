"""Texts as they stand on badges, plates and stickers, made up, and what is claimed from them."""

from __future__ import annotations

from fractions import Fraction

from detector.read import script_of
from detector.types import Attribution, Reading

LINE = 20.0


def read(text: str, x: float = 0.0, y: float = 0.0, at: int = 0) -> Reading:
    script = script_of(text)
    width = LINE * len(text) * (1.0 if script == "han" else 0.55)
    return Reading(text, 0.97, (x, y, x + width, y + LINE), Fraction(at), script)


def plate(text: str) -> list[Reading]:
    """Lines one below the other."""
    return [read(line, y=1.6 * LINE * n) for n, line in enumerate(text.split("|"))]


def claims(a: Attribution) -> tuple[str | None, str | None]:
    return a.builder, a.origin.code if a.origin else None
