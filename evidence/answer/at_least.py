"""Machines that people entered by hand, counted at the least beside those that the program found.

They were in no population that the audit sample was drawn from, so they are in none of the shares
that are estimated. What they add is what was seen and confirmed: by plant and builder never more
than must be there. One that stands where the program found a machine is that machine. Of those of
one plant and builder only as many are told apart as stand in one frame together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.types import Box
from evidence.answer.entered import Entry, read_entered
from evidence.answer.judged import SeenMachine
from evidence.answer.sources import Asked
from evidence.linking.load import chunks
from evidence.linking.seen import overlap
from evidence.review.enter import as_box, same_place
from evidence.store import Membership, Recipe, SightingRow
from evidence.store.keys import machine_id

Pair = tuple[Entry, SeenMachine]

SAME_BOX = 0.5
"""Least IoU of two boxes to mean one machine even where the builders told are different ones."""

NEAR = Fraction(2)
"""Seconds before and after a frame in which a machine found at the same place is the same one."""


@dataclass(frozen=True, slots=True)
class Found:
    """A machine of the program on screen near the frame of an entry.

    at: at its place. beside: elsewhere in that very frame. over: the IoU of the two boxes.
    """

    machine: str
    at: bool
    over: float
    beside: bool = False


def with_entered(
    asked: Asked, machines: Sequence[SeenMachine]
) -> tuple[list[SeenMachine], tuple[Entry, ...]]:
    """The machines with those that people entered, counted at the least, and every entry.

    Args:
        machines: those that the program found (`judged.read_machines`).
    """
    entered = read_entered(asked)
    found = _found(asked.session, asked.recipe, [entry for entry, _ in entered])
    whole = at_least(machines, entered, found)
    kept = {one.id for one in whole}
    by_id = {one.id: one for one in machines}
    told = []
    for entry, one in entered:
        there = _there(one, by_id, found.get(entry.id, ()))
        told.append(
            replace(
                entry,
                counted=entry.id in kept,
                machine=None if there is None else there.id,
                unlinked=there is not None and there.unlinked is not None,
                differs=there is not None and _differ(one, there),
            )
        )
    return whole, tuple(told)


def at_least(
    machines: Sequence[SeenMachine],
    entered: Sequence[Pair],
    found: Mapping[str, Sequence[Found]],
) -> list[SeenMachine]:
    """The machines, and of those entered only what must be others.

    Args:
        found: by entry the machines that the program found near its frame.
    """
    whole = {one.id: one for one in machines}
    loose: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for entry, one in entered:
        there = _there(one, whole, found.get(entry.id, ()))
        if there is None:
            loose[one.plant, _name(one)].append((entry, one))
        elif not there.settled and not there.stood_in and _says_more(one, there):
            whole[there.id] = replace(there, stood_in=True)
            whole[one.id] = _instead(one, there)
    for (plant, name), several in loose.items():
        _seat(whole, plant, name, several, found)
    return sorted(whole.values(), key=lambda one: (one.entered, one.id))


def _there(
    one: SeenMachine, whole: Mapping[str, SeenMachine], found: Iterable[Found]
) -> SeenMachine | None:
    """The machine of the program that an entered one is; None where it is none of them.

    Of several at its place (the place may be a whole frame) one of the same builder, else one of
    which nothing is known. One that is another builder's it is where their boxes agree.
    """
    at = sorted(
        (f for f in found if f.at and f.machine in whole), key=lambda f: (-f.over, f.machine)
    )
    there = [whole[f.machine] for f in at]
    alike = [m for m in there if not _name(one) or _name(m) == _name(one)]
    dark = [m for m in there if not _name(m)]
    same = [whole[f.machine] for f in at if f.over >= SAME_BOX]
    return next(iter((*alike, *dark, *same)), None)


def _says_more(one: SeenMachine, there: SeenMachine) -> bool:
    """Whether one entered tells more of a machine than the program and people did."""
    return one.settled or (one.claimed is True and there.claimed is not True)


def _differ(one: SeenMachine, there: SeenMachine) -> bool:
    """Whether people settled one thing of a machine by hand and another in the review."""
    both = one.settled and there.settled
    return both and (one.builder, one.hit) != (there.builder, there.hit)


def _seat(
    whole: dict[str, SeenMachine],
    plant: str,
    name: str,
    several: Iterable[Pair],
    found: Mapping[str, Sequence[Found]],
) -> None:
    """Puts those of one plant and builder in, as many as must be others than those there.

    Frame by frame: with e entered in it and f of the builder on screen beside them, there are
    e + f at least. Where there are more of that builder already, one entered may be one of
    those; it takes the place of one that nobody has settled, if it is settled.
    """
    frames: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for entry, one in several:
        frames[entry.footage, entry.pts].append((entry, one))

    def settled(here: Sequence[Pair]) -> int:
        return sum(one.settled for _, one in here)

    for _, here in sorted(frames.items(), key=lambda row: (-settled(row[1]), -len(row[1]), row[0])):
        there = [
            one
            for one in whole.values()
            if one.plant == plant and _name(one) == name and not one.stood_in
        ]
        beside = {f.machine for entry, _ in here for f in found.get(entry.id, ()) if f.beside}
        near = [one for one in there if one.id in beside]
        others = max(0, len(here) + len(near) - len(there))
        seats = [one for one in there if one.id not in beside and not one.settled]
        for place, one in enumerate(sorted((m for _, m in here), key=lambda m: not m.settled)):
            if place < others:
                whole[one.id] = one
            elif one.settled and seats:
                gone = seats.pop(0)
                whole[one.id] = _instead(one, gone)
                if gone.entered:
                    del whole[gone.id]
                else:
                    whole[gone.id] = replace(gone, stood_in=True)


def _instead(one: SeenMachine, gone: SeenMachine) -> SeenMachine:
    """One entered, in the place of a machine whose claim for the kind waits still if it did."""
    if not gone.waiting or one.hit is True:
        return one
    return replace(one, waiting=True, hit=None)


def _name(one: SeenMachine) -> str:
    """Whose it is taken to be: by people, else by the program or who entered it."""
    return one.builder or ("" if one.settled else one.claim or "")


def _found(session: Session, recipe: Recipe, entries: Sequence[Entry]) -> dict[str, list[Found]]:
    """By entry the machines that the program found on screen within `NEAR` of its frame."""
    of: dict[str, list[Entry]] = defaultdict(list)
    for one in entries:
        of[one.footage].append(one)
    found: dict[str, dict[str, Found]] = defaultdict(dict)
    for part in chunks(sorted(of)):
        rows = session.execute(
            select(SightingRow, Membership.machine)
            .outerjoin(Membership, Membership.sighting == SightingRow.key)
            .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
            .where(SightingRow.footage.in_(part))
            .order_by(SightingRow.key)
        )
        for row, linked in rows:
            machine = linked or machine_id(row.key)
            for entry in of[row.footage]:
                box = _box_near(row, Fraction(entry.pts))
                if box is None:
                    continue
                mine = as_box(entry.box)
                at = same_place(mine, box)
                shown = not at and row.first <= Fraction(entry.pts) <= row.last
                near = Found(machine, at, overlap(mine, box), shown)
                known = found[entry.id].get(machine)
                if known is None or _tells(near) > _tells(known):
                    found[entry.id][machine] = near
    return {id_: list(those.values()) for id_, those in found.items()}


def _tells(near: Found) -> tuple[bool, bool, float]:
    """Of a machine's sightings the one at the place counts, else one on screen with it."""
    return near.at, near.beside, near.over


def _box_near(row: SightingRow, pts: Fraction) -> Box | None:
    """Where a sighting was seen nearest to a time, if that was near enough."""
    seen = [(abs(Fraction(one[0]) - pts), as_box(one[1:5])) for one in row.track]
    seen.append((abs(row.pts - pts), as_box(row.box)))
    off, box = min(seen)
    return box if off <= NEAR else None
