"""What was measured: frames audited, in which nothing was found, and positive controls.

Positive controls are footage of machines whose builder is known from elsewhere. It is swept with
the rest and measures how often such a machine is recognised.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import String, delete, select, type_coerce
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.population import is_begun
from evidence.answer.question import check_listed
from evidence.answer.share import AuditFrame, Frames
from evidence.answer.sources import Asked, SourceRecord, plant_of
from evidence.answer.visible import NO_ERRORS, ReviewErrors
from evidence.case.base import found_with, select_in
from evidence.case.sighting_tables import Membership, PrintRow, SightingRow
from evidence.case.tables import ControlRow, Draw, FootageRow, Item, Recipe
from evidence.case.verdicts import given, verdicts_on
from evidence.link.alignment import CopySpan
from evidence.link.copies import copies_of, read_copies
from evidence.review.audit import ALONE, LONGEST
from evidence.review.standing import NO_MACHINE, confirms, in_force

Times = NDArray[np.float64]
"""Seconds, in order."""


def read_frames(asked: Asked) -> Frames:
    """The judged frames of the audit sample, of the footage asked about.

    One on which others have still to agree that it shows a machine counts as one that does. To name
    an origin under test takes two, so without those that wait there would be too few of the kind.
    """
    session, recipe, footage = asked.session, asked.recipe, asked.footage()
    rows = session.execute(
        select(Item, Draw.probability)
        .outerjoin(Draw, Draw.item == Item.item)
        .where(found_with(Item, recipe), Item.sighting.is_(None))
        .order_by(Item.item)
    ).all()
    drawn = {
        item.item: chance for item, chance in rows if item.footage in footage and chance is not None
    }
    items = [item for item, _ in rows if item.footage in footage]
    # Somebody says that a machine was missed, and others have still to agree.
    begun = verdicts_on(session, filter(is_begun, items)).items()
    waiting = {key for key, log in begun if "missed" in {v.word for v in in_force(map(given, log))}}
    waiting |= {one.item for one in items if one.item in asked.alone and one.outcome == "missed"}
    settled = [one for one in items if one.state == "settled" and one.item not in waiting]
    missed = {one.item: one.builder for one in settled if one.outcome == "missed"}
    known = {one.item for one in settled if one.outcome in ("missed", "nothing")} | waiting
    counts = sum(asked.fits(one) is True for one in missed.values()), len(waiting)
    judged = [one for one in items if one.item in drawn and one.item in known]
    if not judged:
        # What they were drawn from is as long as the case's footage: read where it is needed.
        return Frames((), len(drawn), 0.0, 0.0, *counts)
    copies: dict[str, list[list[CopySpan]]] = defaultdict(list)
    for copy in read_copies(session, recipe):
        if footage >= {copy.footage, copy.other}:
            copies[copy.footage].append(copy.spans)
    wanted: dict[str, dict[float, Fraction]] = defaultdict(dict)
    for one in judged:
        wanted[one.analysis][float(one.pts)] = one.pts
    found = free = 0.0
    shared: dict[tuple[str, Fraction], float] = {}
    spans = _spans(session, recipe)
    for analysis, sha256, times in _prints(session, recipe):
        if sha256 not in footage:
            continue
        whole, empty, full = _seconds(times, spans.get(analysis, ()))
        seconds = whole / _showing(times, copies.get(sha256, ()))
        free += math.fsum(seconds[empty])
        found += math.fsum(seconds[full])
        for at, pts in wanted[analysis].items():
            place = int(np.searchsorted(times, at))
            if place < len(times) and times[place] == at:
                shared[sha256, pts] = seconds[place]
    frames = tuple(
        AuditFrame(
            plant=plant_of([source])[0],
            seconds=float(shared.get((one.footage, one.pts), ALONE)),
            chance=drawn[one.item],
            missed=one.item in waiting or one.item in missed,
            # Frames of a few seconds, and those of copies, tell of one thing once.
            moment=(source.recording, one.pts // LONGEST),
        )
        for one in judged
        for source in (asked.sources[one.footage].at(one.pts),)
    )
    return Frames(frames, len(drawn), found, free, *counts)


def _showing(times: Times, copies: Iterable[Sequence[CopySpan]]) -> Times:
    """How many footages show what this one shows at each time: they share it."""
    number = np.ones(len(times))
    for spans in copies:
        shown = np.zeros(len(times), bool)
        for span in spans:
            start, end = float(span.start), float(span.end)
            shown |= (times == start) | ((times >= start) & (times < end))
        number += shown
    return number


def _spans(session: Session, recipe: Recipe) -> dict[str, list[tuple[float, float, bool]]]:
    """By analysis the times of its sightings; False: one settled as none takes its frames out."""
    row = SightingRow
    query = select(row.analysis, row.first, row.last, Item.state, Item.outcome)
    query = query.outerjoin(Item, Item.sighting == row.key).where(found_with(row, recipe))
    spans: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
    for analysis, first, last, state, outcome in session.execute(query):
        real = not (state == "settled" and outcome in NO_MACHINE)
        spans[analysis].append((float(first), float(last), real))
    return spans


def _prints(session: Session, recipe: Recipe) -> Iterable[tuple[str, str, Times]]:
    """Each analysis with its footage and the times of its prints, in order.

    There are as many prints as pictures in the case: their times are read as text, since
    fractions of them took seven times as long. Equal fractions are equal floats.
    """
    rows = session.execute(
        select(PrintRow.analysis, PrintRow.footage, type_coerce(PrintRow.pts, String))
        .where(found_with(PrintRow, recipe))
        .order_by(PrintRow.analysis, PrintRow.number)
        .execution_options(yield_per=10_000)
    )
    for (analysis, footage), part in groupby(rows, key=lambda row: (row[0], row[1])):
        yield analysis, footage, np.unique([_float(text) for _, _, text in part])


def _float(text: str) -> float:
    """A fraction's text as the float nearest to it.

    >>> _float("12"), _float("1001/24000") == float(Fraction(1001, 24000))
    (12.0, True)
    """
    above, _, below = text.partition("/")
    return int(above) / int(below or 1)


def _seconds(
    times: Times, spans: Sequence[tuple[float, float, bool]]
) -> tuple[Times, NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each print: its seconds, whether nothing was found then, and whether a machine was. Both
    are False where people settled all that was found as no machine."""
    until = np.minimum(times + LONGEST, np.append(times[1:], times[-1:] + ALONE))
    empty = ~_on_screen(times, until, [(first, last) for first, last, _ in spans])
    full = _on_screen(times, until, [(first, last) for first, last, real in spans if real])
    return until - times, empty, full


def _on_screen(
    times: Times, until: Times, spans: Sequence[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Whether more spans begin before the end of each stretch than end before its start."""
    begun = np.searchsorted(np.sort([first for first, _ in spans]), until, "left")
    ended = np.searchsorted(np.sort([last for _, last in spans]), times, "left")
    return np.asarray(begun > ended)


def keep_control(
    session: Session, registry: Registry, footage: str, builder: str, author: str
) -> ControlRow:
    """Keeps a control, in a transaction begun by `begin()`; a second time it stays as it was.
    `UsageError`: no such footage, or no such builder; or no author."""
    if session.get(FootageRow, footage) is None:
        raise UsageError.saying(
            "no footage %(footage)s in this case; sweep it first", footage=footage[:12]
        )
    check_listed(builder, registry)
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


def kept_controls(session: Session) -> Sequence[ControlRow]:
    """Those that the case keeps, in order."""
    order = ControlRow.footage, ControlRow.builder
    return session.scalars(select(ControlRow).order_by(*order)).all()


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
        return Message("no positive control of this kind, %(num)s of others", num=self.listed)


NO_CONTROLS = Controls()


def try_controls(asked: Asked, controls: Sequence[ControlRow]) -> tuple[Controls, frozenset[str]]:
    """How many controls of the kind came out, and all controls' footage and copies, to leave out.

    A control comes out where a sighting names its builder, and people have not settled that
    otherwise; or where they settled that. Controls of one plant and day are one shoot; without a
    plant a recording is.
    """
    session, recipe = asked.session, asked.recipe

    def source_of(one: ControlRow) -> SourceRecord:
        return asked.sources.get(one.footage) or SourceRecord(one.footage, None, None)

    footage = frozenset(one.footage for one in controls)
    named: set[tuple[str, str]] = set()
    machines: dict[str, set[str]] = defaultdict(set)
    verdicts: dict[str, list[str | None]] = defaultdict(list)
    query = (
        select(SightingRow.footage, SightingRow.key, SightingRow.builder, Membership.machine, Item)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .outerjoin(Item, Item.sighting == SightingRow.key)
        .where(found_with(SightingRow, recipe))
    )
    for row in select_in(session, query, SightingRow.footage, footage):
        sha256, key, builder, machine, item = row
        if item is not None and item.state == "settled":
            builder = item.builder if confirms(item.outcome, item.builder) else None
            verdicts[sha256].append(builder)
        if builder is not None:
            named.add((sha256, builder))
        machines[sha256].add(machine or key)
    # Copies of one recording are one control: it came out if each did.
    copies: dict[tuple[str, str], list[ControlRow]] = defaultdict(list)
    for one in controls:
        if asked.fits(one.builder):
            copies[source_of(one).recording, one.builder].append(one)
    shoots: dict[tuple[str | None, ...], list[int]] = defaultdict(lambda: [0, 0])
    for several in copies.values():
        at = source_of(several[0])
        shoot = shoots[(at.recording,) if at.plant is None else (at.plant, at.published)]
        shoot[0] += all((one.footage, one.builder) in named for one in several)
        shoot[1] += 1
    counts = tuple((hits, of) for hits, of in shoots.values())
    # Of two machines in one clip nobody knows which is the control.
    single = {one: verdicts[one] for one in footage if len(machines[one]) == 1}
    errors = _errors(asked, controls, single)
    hits, of = sum(hits for hits, _ in counts), sum(of for _, of in counts)
    found = Controls(hits, of, counts, len(controls), errors)
    return found, footage | copies_of(session, recipe, footage)


def _errors(
    asked: Asked, controls: Iterable[ControlRow], verdicts: Mapping[str, Sequence[str | None]]
) -> ReviewErrors:
    """What reviewers made of controls; verdicts: by footage that shows one machine alone."""
    shown: dict[bool | None, list[set[bool | None]]] = defaultdict(list)
    for one in controls:
        if said := verdicts.get(one.footage, ()):
            shown[asked.fits(one.builder)].append(set(map(asked.fits, said)))
    of_kind, others = shown[True], shown[False]
    accepted = sum(True in one for one in others)
    lost = sum(False in one and True not in one for one in of_kind)
    return ReviewErrors(len(others), accepted, len(of_kind), lost)
