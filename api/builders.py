"""`nameplate builders`: list, search and check the registry. Mount with `add_typer`.

nameplate builders                    every entry
nameplate builders WORD               those with the word in id, name, marks or series
nameplate builders check FILE         whether a file of one's own is right
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from typer.core import TyperGroup

from api.exits import Exit
from api.terminal import complain, print_json, speak
from datasets.countries import country_name
from datasets.entry import Entry
from datasets.errors import RegistryError
from datasets.registry import load_registry, read_entries

MARKS_SHOWN = 4
PIPED_WIDTH = 240
"""Columns of a table that no screen limits."""


class _WordOrCommand(TyperGroup):
    """Reads `builders WORD` as `builders list WORD`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


builders_app = typer.Typer(
    cls=_WordOrCommand,
    help="List, search and check the registry of builders and controls.",
    rich_markup_mode=None,
)

RegistryFiles = Annotated[
    list[Path] | None,
    typer.Option("--registry", metavar="FILE", help="Add or replace entries from this file."),
]


@builders_app.command("list")
def list_builders(
    word: Annotated[str | None, typer.Argument(help="In id, name, marks or series.")] = None,
    registry: RegistryFiles = None,
    as_json: Annotated[bool, typer.Option("--json", help="One object a line.")] = False,
) -> None:
    """List the registry's entries, or those with WORD in them.

    The word "list" may be left out.
    """
    known = load_registry(*(registry or ()))
    entries = tuple(known) if word is None else known.search(word)
    if as_json:
        for entry in entries:
            print_json(entry.as_json())
    elif entries:
        console = speak()
        if not console.is_terminal:
            console.width = PIPED_WIDTH
        console.print(_table(entries))
        console.print(f"{len(entries)} of {len(known)} entries")
    else:
        complain(f"no entry has {word!r} in its id, name, marks or series")
        raise typer.Exit(1)


@builders_app.command("check")
def check_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A registry file (YAML).")],
) -> None:
    """Check a registry file; say which entry and field is wrong."""
    try:
        entries = read_entries(file)
        load_registry(file)  # a maker has to be an entry, of the file or a packaged one
    except RegistryError as error:
        for line in str(error).splitlines():
            complain(line)
        raise typer.Exit(Exit.SETUP) from error
    known = load_registry()
    replaced = sum(entry.id in known for entry in entries)
    typer.echo(
        f"{file}: all right; entries: {len(entries)}, of these in place of a packaged one: "
        f"{replaced}"
    )


def _table(entries: Sequence[Entry]) -> Table:
    table = Table("id", "name", "type", "origin", "owner", "made in", "marks", "sure")
    for entry in entries:
        marks = [mark.text for mark in entry.wordmarks]
        more = f" +{len(marks) - MARKS_SHOWN}" if len(marks) > MARKS_SHOWN else ""
        table.add_row(
            entry.id,
            entry.name,
            entry.type,
            country_name(entry.origin),
            country_name(entry.owner.country) if entry.owner else "",
            ", ".join(map(country_name, entry.production)),
            ", ".join(marks[:MARKS_SHOWN]) + more,
            entry.confidence,
        )
    return table
