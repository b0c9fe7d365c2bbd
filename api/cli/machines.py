"""`nameplate machines`: the machines of a case."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Column, Table

from api.cli.options import AsJson, group
from api.cli.terminal import GRADE_STYLES, cell, complain, print_json, speak
from datasets.places import country_name
from datasets.registry import Registry, load_registry
from evidence.clip.tables import chance, clock, named

if TYPE_CHECKING:
    from evidence.browse.machine_summary import MachineSummary, OutcomeDetail

machines_app = group("machines", "List the machines of a case.")
LISTED = {
    *("id", "grade", "probability", "seen", "footage", "conflict"),
    *("settled", "control", "leads", "file", "at"),
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
    columns = ("machine", "builder", "country", "grade", "sightings", "footage", "seen in", "note")
    table = Table(*(Column(name, overflow="fold") for name in columns))
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
                read, said = _by_people(one, word, registry), ""
            elif builder is None:
                read = named(one.model_dump())
            origin = word.origin if word else one.origin
            home = country_name(origin.code) if origin and origin.code else ""
            cells = [short(one.id), read, home, said]
            where = [one.file or "", "" if one.at is None else clock(one.at)]
            cells += [str(one.seen), str(one.footage), " ".join(where).strip(), "; ".join(notes)]
            table.add_row(*map(cell, cells), style=GRADE_STYLES[one.grade])
    if not as_json:
        speak().print(table)
    if others:
        complain(f"not listed: {others} found with another model or other settings")


NOT_COUNTED = {"not-cnc": "not CNC", "not-a-machine": "no machine", "pictured": "only pictured"}


def _by_people(one: MachineSummary, word: OutcomeDetail, registry: Registry) -> str:
    """What people settled of a machine, in words."""
    who = {"none": "no CNC machine tool", "several": "several builders"} | NOT_COUNTED
    alike = word.said == "none" and len(one.outcomes) == 1
    name = who.get(one.outcomes[0] if alike else word.said, "builder unknown")
    if word.builder is not None:
        name = _name(word.builder.id, registry)
    return f"{name}, confirmed by {'one person' if word.people == 1 else 'people'}"


def _name(builder: str | None, registry: Registry, unknown: str = "builder unknown") -> str:
    """A builder's name. A seller built nothing, so its name says that it is a badge."""
    from evidence.browse.shapes import RegistryName

    if builder is None:
        return unknown
    named = RegistryName.of(builder, registry)
    return f"{named.name} (a seller's badge)" if named.type == "rebadger" else named.name
