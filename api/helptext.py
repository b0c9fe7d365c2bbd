"""`docs/commands.md` from the commands' own help: `python -m api.helptext docs/commands.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from api.commands import app
from api.exits import MEANINGS

WIDTH = 88
HEAD = """# Commands

Made from the commands' own help by `make docs`; a test keeps it true.
"""


def to_markdown() -> str:
    """Every command's help, and the exit codes."""
    parts = [HEAD]
    for name, text in walk(typer.main.get_command(app), "nameplate"):
        parts.append(f"## `{name}`\n\n```text\n{text}\n```\n")
    codes = "\n".join(f"| {code.value} | {meaning} |" for code, meaning in MEANINGS.items())
    parts.append(f"## Exit codes\n\n| code | meaning |\n|---|---|\n{codes}\n")
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
    context = command.context_class(
        command,
        info_name=name.split()[-1],
        parent=parent,
        terminal_width=width,
        max_content_width=width,
    )
    lines = command.get_help(context).splitlines()
    yield name, "\n".join(line.rstrip() for line in lines)
    for word, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, f"{name} {word}", context, width)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(to_markdown(), "utf-8")
