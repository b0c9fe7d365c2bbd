"""Histograms as inline SVG, and the colours of classes and splits."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from datasets.exchange.cvat_labels import COLOURS as CLASS_COLOURS
from datasets.exchange.cvat_labels import PICTURE

EDGES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Pixels between the columns of a histogram of sizes: each about a third more than the last."""

WIDTH = 480
ROW, NAMES, NUMBERS = 19, 196, 74
LONGEST_NAME = 24
HIGH, LOW, ROOM = 150, 34, 6


@dataclass(frozen=True, slots=True)
class Series:
    """What one colour stands for: a split, or legible and not."""

    name: str
    colour: str


def bars(rows: Sequence[tuple[str, Sequence[int]]], series: Sequence[Series]) -> str:
    """A row a name, its parts laid end to end; the numbers stand behind.

    Args:
        rows: name and one number for each of `series`.
        series: the colours, in the order of the numbers.
    """
    longest = max((sum(numbers) for _, numbers in rows), default=0) or 1
    scale = (WIDTH - NAMES - NUMBERS) / longest
    parts = []
    for place, (name, numbers) in enumerate(rows):
        y, x = place * ROW, float(NAMES)
        parts.append(
            f'<text class="name" x="{NAMES - 8}" y="{y + 13}">{escape(_short(name))}'
            f"<title>{escape(name)}</title></text>"
        )
        for number, one in zip(numbers, series, strict=True):
            if number:
                parts.append(_bar(x, y + 2, number * scale, ROW - 5, one, name, number))
            x += number * scale
        said = " + ".join(str(number) for number in numbers if number)
        parts.append(f'<text class="number" x="{x + 6:.1f}" y="{y + 13}">{said}</text>')
    return _svg(max(len(rows), 1) * ROW + 2, parts)


def sizes(values: Mapping[str, Sequence[float]], series: Sequence[Series]) -> str:
    """Columns of lengths in pixels between `EDGES`, parts stacked.

    Args:
        values: by the name of a series, lengths in pixels.
        series: the colours, the lowest part first.
    """
    counts = [[0] * (len(EDGES) + 1) for _ in series]
    for row, one in zip(counts, series, strict=True):
        for value in values.get(one.name, ()):
            row[bisect_right(EDGES, value)] += 1
    highest = max(sum(column) for column in zip(*counts, strict=True)) or 1
    wide = (WIDTH - 2 * ROOM) / (len(EDGES) + 1)
    parts = [f'<line class="axis" x1="{ROOM}" x2="{WIDTH - ROOM}" y1="{HIGH}" y2="{HIGH}"/>']
    for place in range(len(EDGES) + 1):
        x, y = ROOM + place * wide, float(HIGH)
        for row, one in zip(counts, series, strict=True):
            if row[place]:
                high = row[place] * (HIGH - 20) / highest
                y -= high
                parts.append(_bar(x + 1, y, wide - 2, high, one, _between(place), row[place]))
        total = sum(row[place] for row in counts)
        if total:
            middle = x + wide / 2
            parts.append(
                f'<text class="number middle" x="{middle:.1f}" y="{y - 4:.1f}">{total}</text>'
            )
        if place < len(EDGES):
            parts.append(
                f'<text class="number middle" x="{x + wide:.1f}" y="{HIGH + 15}">{EDGES[place]}'
                "</text>"
            )
    parts.append(f'<text class="number" x="{ROOM}" y="{HIGH + 30}">pixels</text>')
    return _svg(HIGH + LOW, parts)


def _bar(x: float, y: float, w: float, h: float, series: Series, name: str, number: int) -> str:
    title = escape(f"{name}, {series.name}: {number}")
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, 0.5):.1f}" height="{h:.1f}" '
        f'fill="{series.colour}"><title>{title}</title></rect>'
    )


def _between(place: int) -> str:
    if place == 0:
        return f"under {EDGES[0]} px"
    if place == len(EDGES):
        return f"{EDGES[-1]} px and more"
    return f"{EDGES[place - 1]} to {EDGES[place]} px"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _svg(height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg>'


MACHINE = CLASS_COLOURS["machine"]
MARK = CLASS_COLOURS["wordmark"]
CONTROL = CLASS_COLOURS["control"]
CONCEALED = CLASS_COLOURS["concealed"]
UNLABELLED = CLASS_COLOURS[PICTURE]
"""Marks of roles that no detector is taught."""

SPLITS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#8d96a1")
"""Of the splits in their order; further ones share the last."""
