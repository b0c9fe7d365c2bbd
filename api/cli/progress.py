"""A sweep as a person or a program watches it: a live panel, plain lines, or JSON lines."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from api.cli.terminal import complain, length, spell_left
from datasets.errors import RegistryError
from datasets.letters import short_name
from datasets.places import country_name
from datasets.registry import Registry
from detector.name.homes import home_of
from evidence.clip.record import dump
from evidence.clip.tables import counted, printable
from evidence.work.progress import SweepTally

BUILDERS_SHOWN = 8
WORKERS_SHOWN = 16
LINE_SECONDS = 30.0  # between two plain lines, and between two JSON lines of progress
SHORT_LINE_SECONDS = 5.0  # at first, so that a person sees that it goes
WAIT_SAID_SECONDS = 60.0
LONG_SECONDS = 120.0  # of one clip, from which a plain line says how far it is


def describe(tally: SweepTally) -> str:
    """How far it is, in one line."""
    aside = sum(tally.aside.values())
    total = tally.waiting + tally.done + aside
    parts = [f"{tally.done} of {total}{'+' if tally.finding else ''} pieces of footage"]
    parts.append(length(tally.seconds))
    if tally.rate:
        parts.append(f"{tally.rate:.1f} times playing speed")
    if aside:
        parts.append(f"{aside} set aside")
    if tally.away:
        parts.append(f"{tally.away} out of reach")
    if tally.left is not None and tally.waiting:
        parts.append(f"{spell_left(tally.left)} left")
    return ", ".join(parts)


def found(tally: SweepTally, registry: Registry) -> str:
    """What was found so far, in one line: machines by origin, then the builders, and that none is
    confirmed by that."""
    if not tally.machines and not tally.sightings:
        return "no machine yet" if tally.finding or tally.waiting else "no machine"
    if not tally.machines:
        return f"{counted(tally.sightings, 'sighting')}, not linked to machines yet"
    origins: Counter[str] = Counter()
    names: Counter[str] = Counter()
    for builder, number in tally.machines.items():
        if not builder:
            continue
        try:
            entry = registry.get(builder)
            home = home_of(entry)
            origin = country_name(home) if home else "a seller's badge"
            name = short_name(entry.name)
        except RegistryError:
            origin, name = "origin not known", builder
        origins[origin] += number
        names[name] += number
    unknown = tally.machines.get("", 0)
    parts = [counted(sum(tally.machines.values()), "machine")]
    parts += [f"{origin} {number}" for origin, number in origins.most_common()]
    parts.append(f"unknown {unknown}")
    shown = [f"{name} {number}" for name, number in names.most_common(BUILDERS_SHOWN)]
    if len(names) > BUILDERS_SHOWN:
        shown.append("...")
    said = ", ".join(parts) + (f"; builders: {', '.join(shown)}" if shown else "")
    if tally.concealed:
        said += f"; on {counted(tally.concealed, 'sighting')} a mark may be concealed"
    # A line of countries and numbers is what gets printed.
    return f"{said}; as the program reads them, which confirms nothing"


def notes(tally: SweepTally) -> list[str]:
    """What a person should know besides of what was done, a line each."""
    said = []
    if tally.relink and tally.machines:
        said.append(
            "not linked yet: what was found in the last clips is counted among the machines once "
            "this sweep, or the next, has linked it"
        )
    if tally.lost:
        said.append(
            f"damaged: of {counted(tally.lost, 'piece')} of footage most frames are lost, and what "
            "was found says little; the page Footage shows which"
        )
    if tally.replaced:
        files = "another file was" if tally.replaced == 1 else "other files were"
        said.append(
            f"replaced: at {counted(tally.replaced, 'path')} {files} found than before; what was "
            "found in the footage that lay there still counts, with where it came from"
        )
    if tally.left_out:
        said.append(
            f"left out: {counted(len(tally.left_out), 'file or folder', 'files or folders')} not "
            "looked at; `--status` says which"
        )
    return said


def panel(tally: SweepTally, registry: Registry, note: str = "") -> RenderableType:
    """All of it, several lines."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("done", Text(describe(tally)))
    table.add_row("found", Text(printable(found(tally, registry))))
    if tally.aside:
        kinds = ", ".join(f"{kind} {number}" for kind, number in sorted(tally.aside.items()))
        table.add_row("set aside", Text(printable(kinds)))
    for worker in sorted(tally.workers, key=lambda one: (len(one.name), one.name))[:WORKERS_SHOWN]:
        on = f"{printable(worker.path)}  {worker.seconds:.0f} s" if worker.path else "waits"
        if worker.path and worker.share is not None:
            on += f"  {worker.share:.0%} {worker.stage}"
        table.add_row(f"worker {printable(worker.name)}", Text(on, overflow="ellipsis"))
    if len(tally.workers) > WORKERS_SHOWN:
        table.add_row("", f"and {len(tally.workers) - WORKERS_SHOWN} more workers")
    return Group(table, Text(note)) if note else table


def _longest(tally: SweepTally) -> str:
    """How far the clip is that has been at work the longest, where that is some time."""
    at_work = [worker for worker in tally.workers if worker.path and worker.share is not None]
    one = max(at_work, key=lambda worker: worker.seconds, default=None)
    if one is None or one.path is None or one.seconds < LONG_SECONDS:
        return ""
    name = printable(Path(one.path).name)
    return f"; {name}: {one.share:.0%} {one.stage}, for {spell_left(one.seconds)}"


class Screen:
    """A panel that stays in its place, troubles scrolling above it."""

    def __init__(self, console: Console, registry: Registry) -> None:
        self._registry, self._tally = registry, SweepTally()
        begun = Text("starting the workers ...")
        self._live = Live(begun, console=console, refresh_per_second=2, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *failed: Any) -> None:
        self._live.__exit__(*failed)

    def show(self, tally: SweepTally) -> None:
        self._tally = tally
        self._live.update(panel(tally, self._registry))

    def trouble(self, message: str) -> None:
        self._live.console.print(Text(f"nameplate: {printable(message)}"), soft_wrap=True)

    def waiting(self, message: str) -> None:
        self._live.update(panel(self._tally, self._registry, printable(message)))


class LineProgress:
    """A line now and then, on standard error; `quiet`: troubles alone."""

    def __init__(self, registry: Registry, quiet: bool = False) -> None:
        self._registry, self._quiet = registry, quiet
        self._due = time.monotonic() + SHORT_LINE_SECONDS
        self._waited: tuple[str, float] = ("", 0.0)

    def show(self, tally: SweepTally) -> None:
        if not self._quiet and time.monotonic() >= self._due:
            self._due = time.monotonic() + LINE_SECONDS
            complain(f"{describe(tally)}; {found(tally, self._registry)}{_longest(tally)}")

    def trouble(self, message: str) -> None:
        self.say("trouble", message=message)

    def waiting(self, message: str) -> None:
        # It comes again and again; a person wants to read it now and then.
        if message != self._waited[0] or time.monotonic() >= self._waited[1] + WAIT_SAID_SECONDS:
            self._waited = message, time.monotonic()
            self.say("waiting", message=message)

    def say(self, event: str, **values: Any) -> None:
        complain(values["message"])


class Objects(LineProgress):
    """One JSON object a line on standard output, each with `event`."""

    def __init__(self, write: Callable[[bytes], None], registry: Registry) -> None:
        super().__init__(registry)
        self._write, self._due = write, 0.0

    def show(self, tally: SweepTally) -> None:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + SHORT_LINE_SECONDS
            self.say("progress", **to_public(tally))

    def say(self, event: str, **values: Any) -> None:
        self._write(dump({"event": event, **values}))


def to_public(tally: SweepTally) -> dict[str, Any]:
    """A tally for programs: what the loop notes for itself is left out."""
    values = tally.to_json()
    values["machines"] = {builder or "unknown": n for builder, n in tally.machines.items()}
    for name in ("seconds", "rate", "left"):
        values[name] = values[name] and round(values[name], 3)
    for one in values["workers"]:
        one["seconds"] = round(one["seconds"], 1)
        one["share"] = one["share"] and round(one["share"], 3)
    del values["unsettled"], values["relink"]
    return values
