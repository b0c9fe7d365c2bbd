"""Texts as they stand on badges, plates and stickers, made up, and what is claimed from them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from detector.read.reader import script_of
from detector.types import Attribution, Reading

LINE = 20.0


def read(text: str, x: float = 0.0, y: float = 0.0, at: int = 0) -> Reading:
    script = script_of(text)
    width = LINE * len(text) * (1.0 if script == "han" else 0.55)
    return Reading(text, 0.97, (x, y, x + width, y + LINE), Fraction(at), script)


def plate(text: str) -> list[Reading]:
    """Lines one below the other."""
    return [read(line, y=1.6 * LINE * n) for n, line in enumerate(text.split("|"))]


def views(text: str, count: int) -> list[Reading]:
    """The texts in so many views, apart from each other.

    `|` is a line below, `>>` one beside it at a gap of two heights, `||` a label far off.
    """
    found = []
    for at in range(count):
        for far, label in enumerate(text.split("||")):
            for n, line in enumerate(label.split("|")):
                x = 600.0 * far + 47.0 * at
                for piece in map(str.strip, line.split(">>")):
                    one = read(piece, x, 400.0 * far + 1.6 * LINE * n + 33.0 * at, 2 * at)
                    found.append(one)
                    x = one.box[2] + 2 * LINE
    return found


def frames(texts: Sequence[str], *, moved: bool = False) -> list[Reading]:
    """One text after the other, in the notation of `views`, at one place or as the camera moves."""
    step = 1 if moved else 0
    return [
        read(
            line,
            600.0 * far + 47.0 * at * step,
            400.0 * far + 1.6 * LINE * n + 33.0 * at * step,
            2 * at,
        )
        for at, text in enumerate(texts)
        for far, label in enumerate(text.split("||"))
        for n, line in enumerate(label.split("|"))
    ]


def claims(a: Attribution) -> tuple[str | None, str | None]:
    return a.builder, a.origin.code if a.origin else None
