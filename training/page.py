"""A page of measurements: one HTML file that opens anywhere, runs nothing and fetches nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
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
NARROW_BAR = 4


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A point of a curve, with the interval around its `y` if there is one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through points, in the order given; `joined` False leaves the points apart."""

    name: str
    points: tuple[ChartPoint, ...]
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis with a tick at each of `ticks`, from the first to the last.

    name: what it shows, with its unit; even: ticks stand at even distances, whatever their
    values (sizes that double); percent: ticks are shares of 1.
    """

    name: str
    ticks: tuple[float, ...]
    even: bool = False
    percent: bool = False

    def place(self, value: float) -> float:
        """Where a value stands, 0..1; values beyond the ends stand at them."""
        ticks = self.ticks
        value = min(max(value, ticks[0]), ticks[-1])
        if not self.even:
            return (value - ticks[0]) / (ticks[-1] - ticks[0])
        index = next(i for i in range(len(ticks) - 1) if value <= ticks[i + 1])
        share = math.log(value / ticks[index]) / math.log(ticks[index + 1] / ticks[index])
        return (index + share) / (len(ticks) - 1)

    def label(self, tick: float) -> str:
        """What stands at a tick."""
        return f"{100 * tick:.0f} %" if self.percent else f"{tick:g}"


SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def chart(
    title: str, curves: Sequence[Curve], across: Axis, up: Axis, *, diagonal: bool = False
) -> str:
    """A chart as one `<svg>` element that stands alone or in a page.

    Args:
        title: read out by screen readers, and the picture's name.
        diagonal: a dashed line from corner to corner, where stated and found would be equal.
    """
    inner_w, inner_h = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def x(value: float) -> float:
        return LEFT + across.place(value) * inner_w

    def y(value: float) -> float:
        return TOP + (1 - up.place(value)) * inner_h

    rows = [_grid(across, up, x, y)]
    if diagonal:
        rows.append(
            f'<path d="M{LEFT} {TOP + inner_h}L{LEFT + inner_w} {TOP}" stroke="currentColor" '
            'stroke-dasharray="4 4" opacity=".5"/>'
        )
    rows += [_curve(curve, index, x, y) for index, curve in enumerate(curves)]
    rows.append(_legend(curves))
    height = HEIGHT + LEGEND_ROW * math.ceil(len(curves) / 2)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'fill="none" color="#5b636e" font-family="system-ui, sans-serif" font-size="12">'
        f"<title>{escape(title)}</title>{''.join(rows)}</svg>"
    )


def _grid(across: Axis, up: Axis, x: Callable[[float], float], y: Callable[[float], float]) -> str:
    floor, end = HEIGHT - BOTTOM, WIDTH - RIGHT
    rows = []
    for tick in up.ticks:
        rows.append(
            f'<path d="M{LEFT} {y(tick):.1f}H{end}" stroke="currentColor" opacity=".2"/>'
            + _text(LEFT - 7, y(tick) + 4, up.label(tick), "end")
        )
    for tick in across.ticks:
        rows.append(
            f'<path d="M{x(tick):.1f} {floor}v5" stroke="currentColor" opacity=".6"/>'
            + _text(x(tick), floor + 18, across.label(tick), "middle")
        )
    rows.append(_text((LEFT + end) / 2, floor + 36, across.name, "middle"))
    middle = (TOP + floor) / 2
    rows.append(
        f'<g transform="rotate(-90 12 {middle})">{_text(12, middle, up.name, "middle")}</g>'
    )
    return "".join(rows)


def _curve(
    curve: Curve, index: int, x: Callable[[float], float], y: Callable[[float], float]
) -> str:
    colour = COLOURS[index % len(COLOURS)]
    rows = []
    for point in curve.points:
        if point.low is not None and point.high is not None:
            # A little aside, so that the intervals of several curves do not hide each other.
            at = x(point.x) + NARROW_BAR * (index - 1)
            rows.append(
                f'<path d="M{at:.1f} {y(point.low):.1f}V{y(point.high):.1f}" '
                f'stroke="{colour}" opacity=".45"/>'
            )
    places = [(x(point.x), y(point.y)) for point in curve.points]
    if curve.joined and len(places) > 1:
        path = "L".join(f"{px:.1f} {py:.1f}" for px, py in places)
        rows.append(f'<path d="M{path}" stroke="{colour}" stroke-width="2"/>')
    if len(places) <= 40:
        rows += [_sign(px, py, index) for px, py in places]
    return "".join(rows)


def _sign(x: float, y: float, index: int) -> str:
    colour = COLOURS[index % len(COLOURS)]
    shape = index % 4
    if shape == 0:
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.6" fill="{colour}"/>'
    corners = {
        1: ((-3.3, -3.3), (3.3, -3.3), (3.3, 3.3), (-3.3, 3.3)),
        2: ((0.0, -4.2), (4.0, 3.2), (-4.0, 3.2)),
        3: ((0.0, -4.4), (4.4, 0.0), (0.0, 4.4), (-4.4, 0.0)),
    }[shape]
    points = " ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)
    return f'<polygon points="{points}" fill="{colour}"/>'


def _legend(curves: Sequence[Curve]) -> str:
    rows = []
    for index, curve in enumerate(curves):
        left = LEFT + (index % 2) * (WIDTH - LEFT - RIGHT) / 2
        top = HEIGHT + 8 + LEGEND_ROW * (index // 2)
        rows.append(_sign(left + 6, top - 4, index) + _text(left + 18, top, curve.name, "start"))
    return "".join(rows)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="currentColor" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
