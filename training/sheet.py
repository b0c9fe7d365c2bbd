"""A page of measurements: one HTML file that opens anywhere, runs nothing and fetches nothing."""

from __future__ import annotations

from collections.abc import Sequence
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
class Figure:
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
class Part:
    """A section of the page."""

    title: str
    texts: Sequence[str] = ()
    figures: Sequence[Figure] = ()
    grids: Sequence[Grid] = ()


def render(title: str, lead: str, facts: Sequence[Fact], parts: Sequence[Part]) -> str:
    """The page. Every text is escaped: what was read off machines is written by strangers."""
    environment = Environment(
        loader=FunctionLoader(_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    page = environment.get_template("measured.html.j2")
    css = Markup(_template("measured.css"))
    return page.render(title=title, lead=lead, facts=facts, parts=parts, css=css)


def _template(name: str) -> str:
    return (files("training") / "templates" / name).read_text("utf-8")
