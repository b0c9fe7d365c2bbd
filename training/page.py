"""What was measured, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """Texts and tables under a title."""

    title: str
    texts: Sequence[str] = ()
    grids: Sequence[Grid] = ()


def to_markdown(lead: str, parts: Iterable[Section]) -> str:
    """A document: its lead, then a section each."""
    blocks = [lead]
    for part in parts:
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
