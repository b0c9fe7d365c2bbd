"""Options and arguments of commands, one a line, and those that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def group(name: str, help: str, **facts: Any) -> typer.Typer:
    """Commands under one word."""
    return typer.Typer(
        name=name, help=help, rich_markup_mode=None, **({"no_args_is_help": True} | facts)
    )


def option(default: Any, metavar: str | None, help: str, *names: str, **facts: Any) -> Any:
    """The default of a parameter that is an option; `...`: it has to be given.
    names: its name with `--`, where that is not the parameter's.
    facts: further ones of `typer.Option`, as `min`.
    """
    return typer.Option(default, *names, metavar=metavar, help=help, **facts)


def flag(name: str, help: str) -> Any:
    """The default of a parameter that is true where its option is given."""
    return typer.Option(False, name, help=help)


def argument(default: Any, metavar: str | None, help: str) -> Any:
    """The default of a parameter that is an argument; `...`: it has to be given."""
    return typer.Argument(default, metavar=metavar, help=help)


Folder = Annotated[Path, typer.Argument(metavar="CASE", help="The case's folder.")]
Data = Annotated[Path, typer.Argument(metavar="DATA", help="Folder holding train/ and val/.")]
Builders = Annotated[
    list[Path] | None,
    typer.Option(
        "--registry", metavar="FILE", help="A file of builders that adds to the registry."
    ),
]
SettingsFile = Annotated[Path | None, typer.Option(metavar="FILE", help="Settings, YAML or JSON.")]
Model = Annotated[
    Path | None, typer.Option(metavar="DIR", help="A model folder in place of the one shipped.")
]
TimeLimit = Annotated[
    float | None, typer.Option(metavar="SECONDS", min=1, help="Longest for one clip; 4 hours.")
]
Budget = Annotated[
    float | None,
    typer.Option(metavar="SHARE", min=0.01, max=1.0, help="Less than 1 is faster and finds less."),
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on standard output, no more.")]
Untested = Annotated[
    bool, typer.Option("--untested", help="Take a model that was not found to be no worse.")
]
