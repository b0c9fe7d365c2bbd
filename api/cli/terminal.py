"""What a person sees: a table on standard output, progress and trouble on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from datasets.errors import ResultError
from datasets.files import unwritten
from datasets.places import country_name
from evidence.clip.record import dump, spell
from evidence.clip.tables import chance, clock, file_name, mark_says, named, printable, surest

Step = Callable[[float, str], None]
TEXTS_SHOWN = 4
PIPED_WIDTH = 120  # columns, where no terminal says how many it has
GRADE_STYLES = {"A": "bold green", "B": "bold blue", "U": "dim"}


def speak(stderr: bool = False) -> Console:
    """A console that never fails on a letter its terminal cannot show."""
    stream = sys.stderr if stderr else sys.stdout
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="backslashreplace")
    console = Console(file=stream, highlight=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = PIPED_WIDTH
    return console


@contextmanager
def only_lines() -> Iterator[Callable[[bytes], None]]:
    """Standard output kept for the caller's lines alone; gives the function that writes one.
    Native code (FFmpeg, OpenVINO) writes to file descriptor 1 without asking Python. Here that
    leads to standard error.
    Raises ResultError: a line could not be written. BrokenPipeError: whoever read them went away.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)

    def write(line: bytes) -> None:
        try:
            while line:
                line = line[os.write(kept, line) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ResultError(unwritten("standard output", error)) from error

    try:
        yield write
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def say(*lines: str) -> None:
    """Lines of plain text on standard output."""
    console = speak()
    for line in lines:
        console.print(printable(line), markup=False, soft_wrap=True)


def print_json(record: dict[str, Any]) -> None:
    """One JSON object in a line on standard output, whatever letters its terminal can show."""
    speak()
    typer.echo(dump(record).decode("utf-8", "backslashreplace"), nl=False)


def hush() -> None:
    """Leads standard output nowhere: Python flushes it once more on its way out, and whoever
    read it is gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)


@contextmanager
def progress(label: str, shown: bool) -> Iterator[Step | None]:
    """A progress bar on standard error, or None where nobody would see it."""
    console = speak(stderr=True)
    if not (shown and console.is_terminal):
        yield None
        return
    with bar(printable(label), "opening") as tell:
        yield lambda done, stage: tell(stage, done, 1)


def spell_left(seconds: float) -> str:
    """A stretch of time as people say it.
    >>> spell_left(42), spell_left(400), spell_left(9000), spell_left(400000)
    ('42 s', '7 min', '2 h 30 min', '4 days 15 h')
    """
    minutes = round(seconds / 60)
    if seconds < 60:
        return f"{seconds:.0f} s"
    if minutes < 120:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min"
    return f"{hours // 24} days {hours % 24} h"


def length(seconds: float) -> str:
    """How long footage is: in hours from one hour on.
    >>> length(54), length(400), length(1124640)
    ('54 s', '7 min', '312.40 hours')
    """
    return f"{seconds / 3600:,.2f} hours" if seconds >= 3600 else spell_left(seconds)


def complain(message: str) -> None:
    """One line of trouble on standard error."""
    speak(stderr=True).print(
        f"[bold red]nameplate:[/] {escape(printable(message))}", soft_wrap=True
    )


def show(record: dict[str, Any], console: Console, where: str | None = None) -> None:
    """One table for one footage."""
    losses = f", {record['frames_lost']} lost" if record["frames_lost"] else ""
    # Of all there are: what was not asked of the decoder was not looked at either.
    timed = record["kind"] == "video"
    what = "frames" if timed else "pictures"
    caption = f"{record['frames_decoded']} of {record['frames_total']} {what} looked at{losses}"
    table = Table(
        title=Text(printable(record["footage"])),
        caption=Text(caption),
        title_justify="left",
        caption_justify="left",
    )
    when = "on screen" if timed else "picture"
    for name in ("machine", when, "builder", "country", "grade", "probability", "control", "read"):
        table.add_column(name, overflow="fold")
    for machine in record["machines"]:
        table.add_row(*cells({**machine, "file": machine.get("file") or record["footage"]}, timed))
    if record["machines"]:
        console.print(table)
    else:
        console.print(Text(f"{printable(record['footage'])}: no machine found ({caption})"))
    for found in record["lone_marks"]:
        picture = printable(file_name(found.get("file") or record["footage"]))
        at = f"at {clock(found['pts'])}" if timed else f"in {picture}"
        read = f"{printable(found['text'])} {at}: {mark_says(found)}"
        console.print(Text(f"  {found['id']}: {read}; no CNC machine is seen around it"))
    if manual := record["manual_machines"]:
        most = f"at most {manual} in one frame" if timed else str(manual)
        console.print(Text(f"  not counted: machines without a CNC, {most}"))
    if where is not None:
        console.print(Text(f"  {where}"), soft_wrap=True)


def cell(value: object) -> Text:
    """What stands in a table, its letters as a terminal can show them."""
    return value if isinstance(value, Text) else Text(printable(spell(str(value))))


def cells(machine: dict[str, Any], timed: bool = True) -> tuple[Text, ...]:
    """One machine as a row; `timed`: with the time it is on screen, else with its picture."""
    builder, control, origin = machine["builder"], machine["control"], machine["origin"]
    when = f"{clock(machine['first'])} - {clock(machine['last'])}"
    who = f"{named(machine)}{' (a mark may be concealed)' if machine['concealed'] else ''}"
    return (
        Text(machine["id"]),
        Text(when if timed else printable(file_name(machine["file"]))),
        Text(who, style="bold" if builder else "dim"),
        Text(country_name(origin["code"]) if origin and origin["code"] else ""),
        Text(machine["grade"], style=GRADE_STYLES[machine["grade"]]),
        Text(chance(builder["probability"]) if builder else ""),
        Text(control["name"] if control else ""),
        Text(", ".join(printable(part["text"]) for part in surest(machine)[:TEXTS_SHOWN])),
    )


@contextmanager
def bar(name: str = "", stage: str = "starting") -> Iterator[Callable[[str, float, float], None]]:
    """A bar on standard error. Call it with the stage, what is done and how much there is."""
    console = speak(stderr=True)
    columns = (
        *([TextColumn(escape(name))] if name else ()),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}% {task.description}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as shown:
        task = shown.add_task(stage, total=1)
        yield lambda stage, done, total: shown.update(
            task, description=stage, completed=done, total=total
        )
