"""`nameplate machines`: the machines of a case, and links between sightings made by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from api.cli.case import AsJson
from api.cli.setup import user
from api.cli.terminal import GRADE_STYLES, complain, print_json, speak
from datasets.places import country_name
from datasets.registry import Registry, load_registry
from evidence.clip.record import spell
from evidence.clip.tables import chance, clock, named, printable

if TYPE_CHECKING:
    from evidence.browse.outcomes import MachineOutcome, OutcomeDetail

machines_app = typer.Typer(
    help="List and show the machines of a case; join and cut.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Sighting = Annotated[
    str, typer.Argument(metavar="SIGHTING", help="As `machines show` names it: HASH:m1.")
]
Author = Annotated[
    str | None, typer.Option(metavar="NAME", help="Who decides; the name you are logged in by.")
]
Note = Annotated[str | None, typer.Option(metavar="TEXT", help="Why.")]
LISTED = {
    *("id", "grade", "probability", "seen", "footage", "conflict"),
    *("settled", "control", "leads"),
}
"""What the list says of a machine in JSON, beside its builder's id."""

CaseFolder = Annotated[Path, typer.Option("--case", metavar="CASE", help="The case's folder.")]


@machines_app.command("list")
def list_(folder: CaseFolder, as_json: AsJson = False) -> None:
    """List the machines of a case, those seen most often first.

    What people settled of a machine goes before what the program read, which a note tells then.
    Machines seen only in positive controls are none of the case's, and marked.

    As they were found with the model and settings that the case was last worked with.
    """
    from evidence.browse.machine_summary import describe
    from evidence.case.case import Case
    from evidence.case.summary import last_recipe
    from evidence.link.machines import count_machines, rows_of_machines, short

    registry = load_registry()
    table = Table("machine", "builder", "country", "grade", "sightings", "footage", "note")
    with Case.open(folder) as case, case.session() as session:
        recipe = last_recipe(session)
        others = count_machines(session) - count_machines(session, recipe)
        for one in describe(session, rows_of_machines(session, recipe), registry):
            builder = None if one.builder is None else one.builder.id
            word = one.settled
            if as_json:
                print_json(one.model_dump(mode="json", include=LISTED) | {"builder": builder})
                continue
            notes = ["positive control"] if one.control else []
            notes += ["its sightings name several builders"] if one.conflict else []
            read = _name(builder, registry, "unknown")
            said = f"{one.grade} {chance(one.probability)}" if builder else "U"
            if word is not None:
                notes.insert(0, f"the program read {read}, {said}")
                read, said = _by_people(word, registry), ""
            elif builder is None:
                read = named(one.model_dump())
            origin = word.origin if word else one.origin
            home = country_name(origin.code) if origin and origin.code else ""
            cells = [short(one.id), read, home, said]
            cells += [str(one.seen), str(one.footage), "; ".join(notes)]
            table.add_row(*map(_cell, cells), style=GRADE_STYLES[one.grade])
    if not as_json:
        speak().print(table)
    if others:
        complain(f"not listed: {others} found with another model or other settings")


@machines_app.command("show")
def show(
    machine: Annotated[str, typer.Argument(metavar="MACHINE", help="The beginning of its name.")],
    folder: CaseFolder,
    as_json: AsJson = False,
) -> None:
    """Show where a machine was seen, and what ties the sightings."""
    from evidence.browse.outcomes import OutcomeDetail, members, word_of
    from evidence.case.case import Case
    from evidence.case.places import lay_at
    from evidence.link.machines import short, show_machine

    registry = load_registry()
    with Case.open(folder) as case, case.session() as session:
        row = show_machine(session, machine)
        word = word_of(members(session, [row["id"]])[row["id"]], registry)
    if as_json:
        told = None if word is None else OutcomeDetail.of(word, row["builder"], registry)
        print_json(row | {"settled": told and told.model_dump()})
        return
    read = f"{_name(row['builder'], registry)}, {row['grade']}"
    if word is not None:
        read = f"{_by_people(word, registry)}; the program read {read}"
    lines = [f"machine {short(row['id'])}: {read}"]
    if row["conflict"]:
        lines.append("its sightings name several builders")
    for one in row["sightings"]:
        read = _name(one["builder"], registry)
        lines.append("")
        lines.append(f"{short(one['key'])}  {clock(one['first'])} - {clock(one['last'])}  {read}")
        lines += [f"    {path}" for path in one["paths"]]
        lines += [f"    {lay_at(**place)}" for place in one["former"]]
        if not one["paths"] and not one["former"]:
            lines.append(f"    footage {one['footage'][:12]}: where it lies is not known")
        for link in one["links"]:
            but = "" if link["held"] else " (set aside: something stronger speaks against it)"
            lines.append(f"    {link['kind']} {short(link['to'])}: {link['reason']}{but}")
    for line in lines:
        typer.echo(printable(spell(line)))


@machines_app.command("join")
def join_(
    a: Sighting, b: Sighting, folder: CaseFolder, author: Author = None, note: Note = None
) -> None:
    """Hold two sightings for one machine, whatever they look like. It is remembered."""
    from evidence.link.machines import join

    _decide(join, a, b, folder, author, note)


@machines_app.command("cut")
def cut_(
    a: Sighting, b: Sighting, folder: CaseFolder, author: Author = None, note: Note = None
) -> None:
    """Hold two sightings for two machines, whatever they look like. It is remembered."""
    from evidence.link.machines import cut

    _decide(cut, a, b, folder, author, note)


def _decide(
    how: Callable[..., Any], a: str, b: str, folder: Path, author: str | None, note: str | None
) -> None:
    from evidence.case.case import Case
    from evidence.link.machines import find_sighting, machine_of, short

    with Case.open(folder) as case, case.session() as session, session.begin():
        keys = [find_sighting(session, name) for name in (a, b)]
        how(session, *keys, author or user("--author"), note)
        machines = [short(machine_of(session, key)) for key in keys]
    where = "one machine" if machines[0] == machines[1] else "two machines"
    typer.echo(f"{short(keys[0])} and {short(keys[1])}: {where}, {', '.join(sorted({*machines}))}")


def _by_people(word: MachineOutcome | OutcomeDetail, registry: Registry) -> str:
    """What people settled of a machine, in words."""
    who = {"none": "no CNC machine tool", "several": "several builders"}
    name = who.get(word.said, "builder unknown")
    if word.builder is not None:
        known = word.builder
        name = _name(known if isinstance(known, str) else known.id, registry)
    return f"{name}, settled by people"


def _name(builder: str | None, registry: Registry, unknown: str = "builder unknown") -> str:
    """A builder's name. A seller built nothing, so its name says that it is a badge."""
    from evidence.browse.shapes import RegistryName

    if builder is None:
        return unknown
    named = RegistryName.of(builder, registry)
    return f"{named.name} (a seller's badge)" if named.type == "rebadger" else named.name


def _cell(value: str) -> Text:
    return Text(printable(spell(value)))
