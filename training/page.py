"""A page of measurements: one HTML file that opens anywhere, runs nothing and fetches nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import Literal

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class Fact:
    """One number of the page's head; `note` says over how much."""

    name: str
    value: str
    note: str = ""
    tone: Literal["", "bad", "good"] = ""


@dataclass(frozen=True, slots=True)
class ChartFigure:
    """A chart (`charts.chart`) and what is to be seen in it."""

    chart: str
    caption: str

    @property
    def svg(self) -> Markup:
        return Markup(self.chart)


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; rows with a cell `wrong` stand out. `folded`: opened by a click on its title."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page."""

    title: str
    texts: Sequence[str] = ()
    figures: Sequence[ChartFigure] = ()
    grids: Sequence[Grid] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """What was measured, to be read: its head, its few chief numbers, its parts."""

    title: str
    lead: str
    facts: Sequence[Fact]
    parts: Sequence[Section]


def render(document: Document) -> str:
    """The page. Every text is escaped: what was read off machines is written by strangers."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    page = environment.get_template("measured.html.j2")
    return page.render(
        title=document.title,
        lead=document.lead,
        facts=document.facts,
        parts=document.parts,
        css=Markup(_template("measured.css")),
    )


def to_markdown(document: Document) -> str:
    """The same in Markdown, without figures."""
    blocks = [document.lead]
    for part in document.parts:
        blocks += [f"### {part.title}", *part.texts]
        for grid in (one for one in part.grids if one.rows):
            blocks += [f"**{grid.title}**"] if grid.title else []
            blocks.append(table(grid.head, grid.rows))
    return "\n\n".join(blocks) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars and line breaks in cells are made harmless."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _template(name: str) -> str:
    return (files("training") / "templates" / name).read_text("utf-8")


# Okabe, M. and Ito, K. (2008), Color universal design: told apart by the colour-blind.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 52, 22, 14, 44
LEGEND_ROW = 18
SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A point of a curve, with the interval around its `y` if there is one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points, in the order given."""

    name: str
    points: tuple[ChartPoint, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from the first of `ticks` to the last. percent: ticks are shares of 1."""

    name: str
    ticks: tuple[float, ...]
    percent: bool = False

    def place(self, value: float, start: float, end: float) -> float:
        """The pixel of a value; values beyond the ends stand at them."""
        low, high = self.ticks[0], self.ticks[-1]
        share = (min(max(value, low), high) - low) / ((high - low) or 1)
        return start + share * (end - start)

    def labels(self) -> list[tuple[float, str]]:
        """Each tick with its text."""
        return [(t, f"{100 * t:.0f} %" if self.percent else f"{t:g}") for t in self.ticks]


def chart(
    title: str, curves: Sequence[Curve], across: Axis, up: Axis, *, diagonal: bool = False
) -> str:
    """A chart as one `<svg>` element.

    Args:
        title: read out by screen readers.
        diagonal: a dashed line from corner to corner, where stated and found would be equal.
    """
    floor, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [f"<title>{escape(title)}</title>"]
    for tick, label in up.labels():
        y = up.place(tick, floor, TOP)
        parts.append(_path(f"M{LEFT} {y:.1f}H{end}", "currentColor", 0.2))
        parts.append(_text(LEFT - 7, y + 4, label, "end"))
    for tick, label in across.labels():
        x = across.place(tick, LEFT, end)
        parts.append(_path(f"M{x:.1f} {floor}v5", "currentColor", 0.6))
        parts.append(_text(x, floor + 18, label, "middle"))
    parts.append(_text((LEFT + end) / 2, floor + 36, across.name, "middle"))
    middle = (TOP + floor) / 2
    name = _text(12, middle, up.name, "middle")
    parts.append(f'<g transform="rotate(-90 12 {middle})">{name}</g>')
    if diagonal:
        parts.append(_path(f"M{LEFT} {floor}L{end} {TOP}", "currentColor", 0.5, "4 4"))
    for index, curve in enumerate(curves):
        colour = COLOURS[index % len(COLOURS)]
        places = [(across.place(p.x, LEFT, end), up.place(p.y, floor, TOP)) for p in curve.points]
        for (x, _), point in zip(places, curve.points, strict=True):
            if point.low is not None and point.high is not None:
                # A little aside, so that the intervals of several curves do not hide each other.
                ends = (up.place(v, floor, TOP) for v in (point.low, point.high))
                parts.append(_path(f"M{x + 4 * index - 4:.1f} {next(ends):.1f}V{next(ends):.1f}",
                                   colour, 0.45))  # fmt: skip
        if len(places) > 1:
            path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            parts.append(_path(f"M{path}", colour, 1))
        dots = places if len(places) <= 40 else []
        left = LEFT + (index % 2) * (end - LEFT) / 2
        below = HEIGHT + 8 + LEGEND_ROW * (index // 2)
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{colour}"/>'
            for x, y in [*dots, (left + 6, below - 4)]
        ]
        parts.append(_text(left + 18, below, curve.name, "start"))
    height = HEIGHT + LEGEND_ROW * math.ceil(len(curves) / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'fill="none" color="#5b636e" font-family="system-ui, sans-serif" font-size="12">'
        f"{''.join(parts)}</svg>"
    )


def _path(d: str, colour: str, opacity: float, dashes: str = "none") -> str:
    return f'<path d="{d}" stroke="{colour}" opacity="{opacity}" stroke-dasharray="{dashes}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="currentColor" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
