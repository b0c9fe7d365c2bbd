"""Positive controls: footage of machines whose builder is known from elsewhere, swept with the
rest, so that how often such a machine is recognised is measured and not assumed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.registry import Registry
from evidence.answer.answer import Controls
from evidence.answer.question import Question
from evidence.linking.load import chunks
from evidence.review.standing import confirms
from evidence.store import Item, Location, Recipe, SightingRow

COLUMNS = ("path", "builder")
MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class Control:
    """One clip in which a machine of a known builder can be seen."""

    path: str
    builder: str


def read_controls(file: Path, registry: Registry) -> list[Control]:
    """A CSV file with the columns `path` and `builder`, a control a line.

    Relative paths are taken from the file's folder.

    Raises:
        UsageError: it cannot be read, lacks a column, or names a builder that is not in the
            registry; the message names the line.
    """
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"{file}: larger than {MOST_BYTES >> 20} MiB; is it a list?")
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read ({error}); give a CSV file in UTF-8") from error
    rows = csv.DictReader(text.splitlines())
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise UsageError(f"{file}: the first line must name the columns {' and '.join(COLUMNS)}")
    found = []
    for row in rows:
        path, builder = (row["path"] or "").strip(), (row["builder"] or "").strip()
        if not path or builder not in registry:
            raise UsageError(
                f"{file}: line {rows.line_num}: needs a path and a builder of the registry, "
                f"not {path!r} and {builder!r}"
            )
        found.append(Control(str(file.absolute().parent / path), builder))
    return found


def try_controls(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    question: Question,
    controls: list[Control],
    heights: Mapping[tuple[str, str], float] = MappingProxyType({}),
) -> tuple[Controls, frozenset[str]]:
    """How many controls of the kind asked for came out as what they are.

    A control comes out where one of its sightings names its builder, and people have not settled
    that otherwise; or where they have settled that it is that builder's. Controls of other
    kinds say nothing of this sensitivity and are only left out of the count.

    Args:
        heights: as of `judged.read_machines`.

    Returns:
        The counts, and the footage (SHA-256) of all controls, which is not to be counted.

    Raises:
        UsageError: a control is not in the case, or was not looked at.
    """
    paths = {control.path for control in controls}
    places = {
        path: footage
        for part in chunks(sorted(paths))
        for path, footage in session.execute(
            select(Location.path, Location.footage).where(Location.path.in_(part))
        )
    }
    missing = [path for path in sorted(paths) if places.get(path) is None]
    if missing:
        raise UsageError(
            f"{missing[0]}: a control that this case has not looked at; sweep it first"
        )
    footage = frozenset(sha256 for sha256 in places.values() if sha256 is not None)
    named: set[tuple[str, str]] = set()
    tall: dict[str, float] = {}
    for part in chunks(sorted(footage)):
        rows = session.execute(
            select(
                SightingRow.footage,
                SightingRow.builder,
                SightingRow.analysis,
                SightingRow.name,
                Item,
            )
            .outerjoin(Item, Item.sighting == SightingRow.key)
            .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
            .where(SightingRow.footage.in_(part))
        )
        for sha256, builder, analysis, name, item in rows:
            if (height := heights.get((analysis, name))) is not None:
                tall[sha256] = max(tall.get(sha256, 0.0), height)
            if item is not None and item.state == "settled":
                builder = item.builder if confirms(item.outcome, item.builder) else None
            if builder is not None:
                named.add((sha256, builder))
    asked = [one for one in controls if question.fits(one.builder, None, registry)]
    tried = tuple(
        (tall.get(places[one.path] or ""), (places[one.path], one.builder) in named)
        for one in asked
    )
    return Controls(sum(hit for _, hit in tried), len(asked), tried), footage
