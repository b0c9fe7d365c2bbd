"""`nameplate case`: cases made, shown, checked, packed and opened from a pack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from api.cli.exits import Exit
from api.cli.options import AsJson, Builders, Folder, argument, flag, group, option
from api.cli.setup import user
from api.cli.terminal import cell, complain, length, print_json, progress, speak
from datasets.files import straight
from datasets.places import country_name
from datasets.registry import load_registry
from evidence.clip.tables import counted, printable

case_app = group("case", "Make, show, check and pack cases: what a sweep keeps.")
Database = Annotated[
    str | None,
    typer.Option(metavar="URL", help="An empty PostgreSQL database; SQLite in the folder if none."),
]


@case_app.command("new")
def new(
    folder: Folder,
    name: str | None = option(None, "NAME", "The case's name; the folder's if none."),
    database: Database = None,
) -> None:
    """Make a case in a new folder.

    A password is better kept in ~/.pgpass than in the URL, where other users may see it.
    """
    from evidence.case.case import Case

    with Case.new(folder, name or folder.absolute().name, database) as case:
        typer.echo(printable(f"{case.folder}: the case {case.name!r}, in {case.database}"))


@case_app.command("show")
def show(folder: Folder, as_json: AsJson = False, registry: Builders = None) -> None:
    """Show what is in a case: footage, work, machines, copies, verdicts.

    Machines are counted by what people settled, where they did, and without positive controls; in
    JSON so under `told`, and under `machines` as the program read them.
    """
    from evidence.browse.machine_summary import MachineCounts, machine_counts
    from evidence.browse.search import View
    from evidence.case.case import Case
    from evidence.case.summary import last_recipe, summarise

    known = load_registry(*(registry or ()))
    with Case.open(folder) as case, case.session() as session:
        summary = summarise(case, known)
        recipe = last_recipe(session)
        none = MachineCounts(rows=[], controls=0, none=0)
        told = machine_counts(View(session, recipe, known)) if recipe else none
        summary["told"] = told.model_dump()
    if as_json:
        print_json(summary)
    else:
        _print_summary(summary, speak())


@case_app.command("check")
def check_case(
    folder: Folder,
    deep: bool = flag("--deep", "Read the originals too, however long it takes."),
    as_json: AsJson = False,
) -> None:
    """Check that a case, its files and the originals agree.

    It says what does not, and what to do. Exit code 1 where something is wrong.
    """
    from evidence.case.case import Case
    from evidence.case.check import check

    wrong = notes = 0
    with Case.open(folder) as case:
        for finding in check(case, deep):
            wrong += finding.wrong
            notes += not finding.wrong
            if as_json:
                print_json(vars(finding))
            else:
                mark = "wrong" if finding.wrong else "note "
                typer.echo(printable(f"{mark}  {finding}"))
    if not as_json:
        ending = f"{wrong} wrong" if wrong else "nothing is wrong"
        typer.echo(printable(f"{folder}: {ending}" + (f", {notes} to note" if notes else "")))
    if wrong:
        raise typer.Exit(Exit.FOOTAGE)


@case_app.command("items")
def make_items(
    folder: Folder,
    audit: list[str] | None = option(
        None,
        "STRATUM=P",
        "Probability of being drawn for the audit sample; before the first draw only.",
    ),
    seed: int | None = option(None, "N", "The draw's seed; before the first draw only."),
) -> None:
    """Renew the items that reviewers see.

    From flags, the audit sample and verdicts. Draws the sample where there is none yet; what is
    drawn already stays as it is.
    """
    from evidence.case.case import Case
    from evidence.review.audit import parse_plan
    from evidence.review.items import rebuild

    plan = parse_plan(audit or (), seed) if audit or seed is not None else None
    with Case.open(folder) as case, case.session() as session, session.begin():
        number = rebuild(session, plan)
    typer.echo(printable(f"{folder}: {number} items"))


@case_app.command("pack")
def pack_case(
    folder: Folder,
    file: Path = argument(..., "FILE", "The pack to write (ZIP)."),
    footage: bool = flag("--footage", "Pack the originals too."),
) -> None:
    """Pack a case into one file, to keep or to open elsewhere. A sweep may go on meanwhile.

    Exit code 1 where a file that belongs in it is gone or altered.
    """
    from evidence.case.case import Case
    from evidence.case.pack import pack

    with Case.open(folder) as case, progress(f"packing {folder}", shown=True):
        packed = pack(case, file, footage)
    for line in packed.left_out:
        complain(f"left out: {line}")
    typer.echo(printable(f"{file}: {packed.files} files, {packed.size:,} bytes"))
    if packed.left_out:
        raise typer.Exit(Exit.FOOTAGE)


@case_app.command("open")
def open_pack(
    file: Path = argument(..., "FILE", "A pack."),
    folder: Path = argument(..., "DIR", "The new folder of the case."),
    database: Database = None,
) -> None:
    """Make a case out of a pack.

    Every picture and clip in it is checked against its hash.
    """
    from sqlalchemy import func, select

    from evidence.case.tables import UNREAD, Location
    from evidence.case.unpack import unpack

    with progress(f"opening {file}", shown=True), unpack(file, folder, database) as case:
        typer.echo(printable(f"{case.folder}: the case {case.name!r}, in {case.database}"))
        with case.session() as session:
            unread = session.scalar(select(func.count()).where(Location.mtime_ns == UNREAD))
    if unread:
        complain(
            f"{counted(unread, 'original')} outside the case: shown once nameplate sweep has read "
            "the folders in question"
        )


MANIFESTS = {
    "stated": "with a C2PA manifest",
    "elsewhere": "that name one elsewhere",
    "unreadable": "with one that cannot be read",
    "other": "not as signed",
}


def _print_summary(summary: dict[str, Any], console: Console) -> None:
    console.print(Text(printable(summary["name"]), style="bold"))
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(summary):
        facts.add_row(Text(name, style="dim"), Text(printable(value), overflow="fold"))
    console.print(facts)
    if summary["told"]["rows"]:
        table = Table("builder", "origin", "machines", "A", "B", "U", "sightings", "settled")
        for row in summary["told"]["rows"]:
            grades = [row["grades"][grade] or "" for grade in "ABU"]
            origin = row["origin"] and country_name(row["origin"])
            cells = [row["name"], origin or "", row["machines"], *grades]
            cells += [row["sightings"], row["settled"] or ""]
            table.add_row(*map(cell, cells), style="" if row["builder"] else "dim")
        console.print(table)


def _facts(summary: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a summary says besides its table of machines, a line each."""
    yield "folder", summary["folder"]
    yield "database", summary["database"]
    places = f"at {counted(summary['places'], 'place')}"
    if summary["nowhere"]:
        places += f", {counted(summary['nowhere'], 'piece')} at none any more"
    long = length(summary["seconds"])
    yield "footage", f"{counted(summary['footage'], 'piece')}, {long}, {places}"
    if summary["manifests"]:
        found = [f"{count} {MANIFESTS[state]}" for state, count in summary["manifests"].items()]
        yield "manifests", ", ".join(found)
    for number, work in enumerate(summary["work"]):
        why = _counts(work["aside"])
        aside = sum(work["aside"].values())
        done = f"{work['waiting']} waiting, {work['done']} done, {aside} set aside"
        with_ = "" if number == 0 else f" (settings {work['settings'][:8]})"
        yield "work" + with_, done + (f" ({why})" if why else "")
    if (scouted := summary["scouted"])["shots"]:
        of = f"{scouted['wrong']} of {counted(scouted['shots'], 'shot')}"
        yield "scout", f"{of} that it passed over, and that were looked at, show a machine"
    copies = summary["copies"]
    if copies["pairs"]:
        kinds = _counts(copies["pairs"])
        yield "copies", f"{copies['footage']} pieces of footage have copies (pairs: {kinds})"
    told = summary["told"]
    machines = sum(row["machines"] for row in told["rows"])
    last = " (with the model and settings used last)" if len(summary["work"]) > 1 else ""
    yield "machines", f"{machines}, in {counted(summary['sightings'], 'sighting')}{last}"
    if told["none"]:
        yield "not counted", f"{told['none']} that people settled to be no CNC machine tool"
    if told["controls"]:
        yield "not counted", f"{counted(told['controls'], 'machine')} of positive controls"
    flags = _counts(summary["flags"])
    yield "flags", f"{flags} (settled or not; a sighting may have several)" if flags else "none"
    verdicts = summary["verdicts"]
    if verdicts["number"]:
        yield "verdicts", f"{verdicts['number']}, the last one is {verdicts['digest']}"
    run = summary["last_run"]
    if run is not None:
        ending = run["outcome"] or f"not ended, last seen {_moment(run['beat'])}"
        yield "last run", f"{run['kind']} of {_moment(run['started'])} on {run['host']}: {ending}"


def _counts(of: dict[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in of.items())


def _moment(iso: str) -> str:
    """A time as the pages show it: server and reviewers may live in several zones."""
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%Y-%m-%d %H:%M} UTC"


MOST_LISTED = 20
_WHY = {
    "still": "lies there still; sweep it there",
    "unmet": "no sweep has read it at its new place; sweep the folder where it lies now",
    "other": "at the new place lies another file; sweep the folder where it lies now",
}
Author = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who says so; your login's name if none.")
]


@case_app.command()
def moved(
    folder: Folder,
    old: Path = argument(..., "OLD", "Where the footage lay."),
    new: Path = argument(..., "NEW", "Where it lies now; swept there."),
    author: Author = None,
) -> None:
    """Say that footage lies elsewhere now, so that it is on the list once.

    For what was never read, and so cannot be known again by its bytes: what waited when a case was
    packed, what was set aside. Each file below OLD that is gone, and that a sweep met below NEW
    under the same name and of the same size, counts there alone. It is remembered who said so.
    Exit code 1 where files below OLD still count there.
    """
    from evidence.case.case import Case
    from evidence.case.moves import move

    before, now = (str(straight(path)) for path in (old, new))
    with Case.open(folder) as case, case.session() as session, session.begin():
        told = move(session, before, now, author or user("--author"))
    files = counted(len(told["moved"]), "file")
    typer.echo(printable(f"{folder}: {files} of {before} on the list at {now} alone"))
    _leave([(path, why) for name, why in _WHY.items() for path in told[name]])


@case_app.command()
def lost(
    folder: Folder,
    gone: Path = argument(..., "PATH", "Where the footage lay."),
    author: Author = None,
) -> None:
    """Say that footage is lost for good, so that no answer waits for it.

    For what waited when a case was packed: each such file at or below PATH that is gone counts
    among those that could not be looked at. It is remembered who said so. Exit code 1 where files
    below PATH are there still.
    """
    from evidence.case.case import Case
    from evidence.case.moves import lose

    path = str(straight(gone))
    with Case.open(folder) as case, case.session() as session, session.begin():
        told = lose(session, path, author or user("--author"))
    typer.echo(printable(f"{folder}: {counted(len(told['lost']), 'file')} of {path} lost for good"))
    _leave([(path, _WHY["still"]) for path in told["there"]])


def _leave(left: Sequence[tuple[str, str]]) -> None:
    for path, why in left[:MOST_LISTED]:
        complain(f"{path}: {why}")
    if len(left) > MOST_LISTED:
        complain(f"and {len(left) - MOST_LISTED} more")
    if left:
        raise typer.Exit(Exit.FOOTAGE)
