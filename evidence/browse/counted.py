"""The machines of a case by builder and origin: as people settled them, else as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.controls import control_machines
from evidence.browse.settled import Word, all_words, members, only_plate, origin_of
from evidence.browse.shapes import Said, Shape
from evidence.linking.load import chunks
from evidence.store.derived import MachineRow
from evidence.store.models import Recipe
from evidence.store.summary import empty_row

Place = tuple[str | None, str | None, bool]
"""Builder, origin, and whether people name several builders."""


class ToldMachines(Shape):
    """How many machines of one builder there are, by what people settled where they did, and else
    by what was read. `settled`: how many of them people settled; `grades`: of those of whose
    builder the program says the same. `several`: people name several builders of one machine."""

    builder: str | None
    name: Said
    origin: str | None
    several: bool
    machines: int
    settled: int
    sightings: int
    grades: dict[str, int]


class Told(Shape):
    """`rows`: by builder; not counted there: `controls`, machines seen only in footage kept as a
    positive control, and `none`, what people settled to be no machine or no CNC machine tool."""

    rows: list[ToldMachines]
    controls: int
    none: int


def told_of(
    session: Session, recipe: Recipe | None, registry: Registry, read: Sequence[dict[str, Any]]
) -> Told:
    """The table of a recipe's machines; of a case that was not worked with there are none."""
    if recipe is None:
        return Told(rows=[], controls=0, none=0)
    words = all_words(session, recipe, registry)
    return count_told(session, recipe, registry, read, words)


def count_told(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    read: Sequence[dict[str, Any]],
    words: dict[str, Word],
) -> Told:
    """The table of machines, from that of what was read.

    Args:
        read: of `store.summary.count_machines`.
        words: what people settled, by machine.
    """
    found: dict[Place, dict[str, Any]] = {}
    for one in read:
        place = (one["builder"], one["origin"], False)
        found[place] = one | {"several": False, "settled": 0, "grades": dict(one["grades"])}
    controls = control_machines(session, recipe)
    seen = members(session, sorted({*words, *controls}))
    none = 0
    for row in _rows(session, sorted(seen)):
        word = words.get(row.id)
        was = _read_as(row, seen[row.id], registry)
        _add(found, was, row, registry, -1, graded=True)
        if row.id in controls or word is None:
            continue
        if word.said == "none":
            none += 1
            continue
        now = (word.builder, word.origin, word.said == "several")
        _add(found, now, row, registry, 1, graded=word.agrees(row.builder))
        found[now]["settled"] += 1
    rows = [ToldMachines.model_validate(row) for row in found.values() if row["machines"]]
    rows.sort(key=lambda one: (one.builder is None, one.origin is None, -one.machines, one.name))
    return Told(rows=rows, controls=len(controls), none=none)


def _rows(session: Session, ids: Sequence[str]) -> list[MachineRow]:
    return [
        row
        for part in chunks(ids)
        for row in session.scalars(select(MachineRow).where(MachineRow.id.in_(part)))
    ]


def _read_as(row: MachineRow, rows: Sequence[Any], registry: Registry) -> Place:
    """Where `count_machines` counts a machine."""
    return row.builder, origin_of(row.builder, only_plate(rows), registry), False


def _add(
    found: dict[Place, dict[str, Any]],
    place: Place,
    row: MachineRow,
    registry: Registry,
    number: int,
    graded: bool,
) -> None:
    builder, origin, several = place
    if place not in found:
        more = {"origin": origin, "several": several, "settled": 0}
        found[place] = empty_row(builder, origin, registry) | more
        if several:
            found[place]["name"] = "several builders"
    there = found[place]
    there["machines"] += number
    there["sightings"] += number * row.sightings
    if graded:
        there["grades"][row.grade] += number
