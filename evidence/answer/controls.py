"""Positive controls: footage of machines whose builder is known from elsewhere.

It is swept with the rest and measures how often such a machine is recognised.
A case keeps its controls, each with who said so; a list in a file takes their place.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.files import straight
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.estimators.visible import NO_ERRORS, ReviewErrors
from evidence.answer.sources import Asked, copies_of
from evidence.case.sighting_tables import Membership, SightingRow
from evidence.case.tables import ControlRow, FootageRow, Item, Location
from evidence.link.sightings import chunks
from evidence.review.standing import confirms

COLUMNS = ("path", "builder")
MOST_BYTES = 16 << 20


@dataclass(frozen=True, slots=True)
class ControlClip:
    """One clip in which a machine of a known builder can be seen."""

    path: str
    builder: str


@dataclass(frozen=True, slots=True)
class Known:
    """Footage (SHA-256) in which a machine of a known builder can be seen."""

    footage: str
    builder: str


def keep_control(
    session: Session, registry: Registry, footage: str, builder: str, author: str
) -> ControlRow:
    """Keeps a control, in a transaction begun by `begin()`; a second time it stays as it was.

    Raises:
        UsageError: no such footage, or no such builder; or no author.
    """
    if session.get(FootageRow, footage) is None:
        raise UsageError(
            Message(
                "no footage %(footage)s in this case; sweep or upload it first",
                footage=footage[:12],
            )
        )
    if builder not in registry:
        raise UsageError(
            Message(
                "%(name)s: no builder of the registry; `nameplate builders` lists", name=builder
            )
        )
    if not author.strip():
        raise UsageError("a control needs an author; give a name")
    row = session.get(ControlRow, (footage, builder))
    if row is None:
        made = datetime.now(UTC)
        row = ControlRow(footage=footage, builder=builder, author=author, made=made)
        session.add(row)
        session.flush()
    return row


def drop_control(session: Session, footage: str, builder: str) -> bool:
    """Whether there was such a control; there is none any more."""
    gone = delete(ControlRow).where(ControlRow.footage == footage, ControlRow.builder == builder)
    return bool(session.execute(gone.returning(ControlRow.footage)).all())


def kept_controls(session: Session) -> list[Known]:
    """Those that the case keeps, in order."""
    rows = session.scalars(select(ControlRow).order_by(ControlRow.footage, ControlRow.builder))
    return [Known(row.footage, row.builder) for row in rows]


def read_controls(file: Path, registry: Registry) -> list[ControlClip]:
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
        # Read to its end, since csv refuses a cell only when it comes to it.
        rows = csv.DictReader(text.splitlines())
        lines = [(rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{file}: cannot be read ({error}); give a CSV file in UTF-8") from error
    if not set(COLUMNS) <= set(rows.fieldnames or ()):
        raise UsageError(f"{file}: the first line must name the columns {' and '.join(COLUMNS)}")
    found = []
    for number, row in lines:
        path, builder = (row["path"] or "").strip(), (row["builder"] or "").strip()
        if not path or builder not in registry:
            raise UsageError(
                f"{file}: line {number}: needs a path and a builder of the registry, "
                f"not {path!r} and {builder!r}"
            )
        found.append(ControlClip(str(file.absolute().parent / path), builder))
    return found


def find_footage(session: Session, controls: Sequence[ControlClip]) -> list[Known]:
    """The footage of listed controls.

    Raises:
        UsageError: a control is not in the case, or was not looked at.
    """
    paths = {control.path: str(straight(Path(control.path))) for control in controls}
    places = {
        path: footage
        for part in chunks(sorted({*paths, *paths.values()}))
        for path, footage in session.execute(
            select(Location.path, Location.footage).where(Location.path.in_(part))
        )
        if footage is not None
    }
    found = {path: places.get(path) or places.get(short) for path, short in paths.items()}
    missing = sorted(path for path, footage in found.items() if footage is None)
    if missing:
        raise UsageError(
            f"{missing[0]}: a control that this case has not looked at; sweep it first"
        )
    return [
        Known(footage, control.builder) for control in controls if (footage := found[control.path])
    ]


@dataclass(frozen=True, slots=True)
class Controls:
    """Positive controls: how many there are, and how many came out as what they are.

    shoots: the same of each shoot, since controls of one are alike. listed: those of other kinds
    too, which say nothing of this one. errors: what reviewers made of those that they judged.
    """

    hits: int = 0
    of: int = 0
    shoots: tuple[tuple[int, int], ...] = ()
    listed: int = 0
    errors: ReviewErrors = NO_ERRORS

    @property
    def lacking(self) -> Message:
        """Why none was tried, where none was."""
        if not self.listed:
            return Message("no positive controls")
        return Message(
            "the %(num)s positive control is not of this kind",
            "none of the %(num)s positive controls is of this kind",
            num=self.listed,
        )


NO_CONTROLS = Controls()


def try_controls(asked: Asked, controls: Sequence[Known]) -> tuple[Controls, frozenset[str]]:
    """How many controls of the kind asked for came out as what they are.

    A control comes out where a sighting names its builder, and people have not settled that
    otherwise; or where they settled that. Copies of one recording, and recordings whose machines
    are linked, are one control: it came out if each did. Controls of one plant and day are one
    shoot; without a plant a recording is.

    Returns:
        The counts, and the footage (SHA-256) of all controls and their copies, which is not to
        be counted.
    """
    session, recipe = asked.session, asked.recipe
    footage = frozenset(one.footage for one in controls)
    named: set[tuple[str, str]] = set()
    linked: dict[str, set[tuple[str, str | None]]] = defaultdict(set)
    verdicts: dict[str, list[str | None]] = defaultdict(list)
    alone: dict[str, set[str]] = defaultdict(set)
    for part in chunks(sorted(footage)):
        rows = session.execute(
            select(
                SightingRow.footage, SightingRow.key, SightingRow.builder, Membership.machine, Item
            )
            .outerjoin(Membership, Membership.sighting == SightingRow.key)
            .outerjoin(Item, Item.sighting == SightingRow.key)
            .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
            .where(SightingRow.footage.in_(part))
        )
        for sha256, key, builder, machine, item in rows:
            alone[sha256].add(machine or key)
            if item is not None and item.state == "settled":
                builder = item.builder if confirms(item.outcome, item.builder) else None
                verdicts[sha256].append(builder)
            if builder is not None:
                named.add((sha256, builder))
            if machine is not None:
                linked[sha256].add((machine, builder))
    of_kind = [
        (one, {_recording(asked, one)} | _machines(one, linked[one.footage]))
        for one in dict.fromkeys(controls)
        if asked.fits(one.builder)
    ]
    shoots: dict[tuple[str | None, ...], list[int]] = defaultdict(lambda: [0, 0])
    for copies in _together(of_kind):
        shoot = shoots[_shoot(asked, copies[0])]
        shoot[0] += all((one.footage, one.builder) in named for one in copies)
        shoot[1] += 1
    counts = tuple((hits, of) for hits, of in shoots.values())
    found = Controls(
        sum(hits for hits, _ in counts),
        sum(of for _, of in counts),
        counts,
        len(set(controls)),
        _errors(asked, controls, {one: verdicts[one] for one in alone if len(alone[one]) == 1}),
    )
    return found, footage | copies_of(session, recipe, footage)


def _recording(asked: Asked, control: Known) -> str:
    source = asked.sources.get(control.footage)
    return control.footage if source is None else source.recording


def _shoot(asked: Asked, control: Known) -> tuple[str | None, ...]:
    source = asked.sources.get(control.footage)
    if source is None or source.plant is None:
        return (_recording(asked, control),)
    return source.plant, source.published


def _errors(
    asked: Asked, controls: Iterable[Known], verdicts: Mapping[str, Sequence[str | None]]
) -> ReviewErrors:
    """What reviewers made of controls, which the queue deals them like any other picture.

    Args:
        verdicts: the builders that they settled, by footage that shows one machine alone.
    """
    counts = [0, 0, 0, 0]
    for one in set(controls):
        said = verdicts.get(one.footage, ())
        if not said:
            continue
        kind, settled = asked.fits(one.builder), set(map(asked.fits, said))
        if kind is False:
            counts[0] += 1
            counts[1] += True in settled
        elif kind:
            counts[2] += 1
            counts[3] += False in settled and True not in settled
    return ReviewErrors(*counts)


def _machines(control: Known, linked: Iterable[tuple[str, str | None]]) -> set[str]:
    """The machines in a control's footage that may be the one it is of: those that are named so;
    where none is, those that nobody names. What stands beside it joins no others to it."""
    named = {machine for machine, builder in linked if builder == control.builder}
    return named or {machine for machine, builder in linked if builder is None}


def _together(controls: Iterable[tuple[Known, set[str]]]) -> list[list[Known]]:
    """Controls of one builder that have a recording or a machine in common, together.

    Args:
        controls: each with its recording and its machines.
    """
    groups: list[tuple[str, set[str], list[Known]]] = []
    for control, names in controls:
        group = [control]
        for other in [one for one in groups if one[0] == control.builder and one[1] & names]:
            groups.remove(other)
            names, group = names | other[1], group + other[2]
        groups.append((control.builder, names, group))
    return [group for _, _, group in groups]
