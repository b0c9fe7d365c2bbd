"""The commands of `nameplate`, and what is made of them: `python -m api.cli.commands docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup

from api.cli.analyze import analyze, demo
from api.cli.answer import answer
from api.cli.case import case_app
from api.cli.datasets import builders_app, datasets_app
from api.cli.exits import MEANINGS
from api.cli.machines import machines_app
from api.cli.options import option
from api.cli.serve import accounts_app, serve
from api.cli.sweep import sweep
from api.cli.train import evaluate, export, fit_app, quantize, train, train_marks, train_scout
from datasets.files import fill_page

EPILOG = "Exit codes: " + "; ".join(f"{code.value} {text}" for code, text in MEANINGS.items()) + "."
MODELS = (datasets_app, train, export, quantize, train_marks, train_scout, fit_app, evaluate)
GROUPS: dict[str, tuple[Any, ...]] = {
    "Every day": (analyze, sweep, serve, answer, demo),
    "Building a case": (case_app, machines_app, accounts_app, builders_app),
    "Models and data": MODELS,
}
"""The commands as the help lists them."""


def _name(command: Any) -> str:
    is_group = isinstance(command, typer.Typer)
    return str(command.info.name if is_group else command.__name__.replace("_", "-"))


class _Grouped(TyperGroup):
    """Lists the commands under headings."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, commands in GROUPS.items():
            names = map(_name, commands)
            rows = [(name, self.commands[name].get_short_help_str(limit=60)) for name in names]
            with formatter.section(heading):
                formatter.write_dl(rows, col_max=14)


app = typer.Typer(
    name="nameplate",
    cls=_Grouped,
    help="Finds the CNC machine tools in footage and reads who built them.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
for _command in chain(*GROUPS.values()):
    if isinstance(_command, typer.Typer):
        app.add_typer(_command)
    else:
        app.command()(_command)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"nameplate {version('nameplate')}")
        raise typer.Exit


@app.callback()
def nameplate(
    version: bool = option(
        False, None, "Print the version.", "--version", callback=_version, is_eager=True
    ),
) -> None:
    """Finds the CNC machine tools in footage and reads who built them.

    Nothing is confirmed but by people: every builder named here is a claim with its evidence.
    """


WIDTH = 88


def to_markdown() -> str:
    """Every command's help, and the exit codes."""
    helps = walk(typer.main.get_command(app), "nameplate")
    parts = [f"### `{name}`\n\n```text\n{text}\n```\n" for name, text in helps]
    codes = "\n".join(f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    parts.append(f"### Exit codes\n\n| code | meaning |\n|---|---|\n{codes}\n")
    parts.append(
        "Where several apply, the highest is given. Other paths are still analysed. SIGTERM ends\n"
        "`sweep` and `serve` at work as Ctrl-C does, and any other command at once (a shell says\n"
        "143).\n"
    )
    return "\n".join(parts)


def walk(
    command: Any, name: str, parent: Any = None, width: int = WIDTH
) -> Iterator[tuple[str, str]]:
    """A command and those under it: name and help, so many columns wide, depth first."""
    wide = {"terminal_width": width, "max_content_width": width}
    context = command.context_class(command, info_name=name.split()[-1], parent=parent, **wide)
    lines = command.get_help(context).splitlines()
    yield name, "\n".join(line.rstrip() for line in lines)
    for word, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, f"{name} {word}", context, width)


def made_parts(folder: Path) -> Iterator[tuple[Path, str]]:
    """The pages of the documents that are made in part, each with that part made again."""
    from api.web import app
    from evidence.case import tables

    for page, name, make in (
        ("reference.md", "commands", to_markdown),
        ("reference.md", "tables", tables.to_markdown),
        ("results.md", "routes", app.to_markdown),
    ):
        begin, end = f"<!-- {name}: made by `make docs` -->\n", "<!-- end -->\n"
        yield folder / page, fill_page(folder / page, begin, end, make())


if __name__ == "__main__":
    for page, text in made_parts(Path(sys.argv[1])):
        page.write_text(text, "utf-8")
