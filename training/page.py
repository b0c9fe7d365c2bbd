"""A page of measurements: one HTML file that opens anywhere, runs nothing and fetches nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
    """A chart as SVG (`datasets.charts`) and what it shows."""

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
