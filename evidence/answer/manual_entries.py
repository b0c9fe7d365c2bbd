"""The machines that people entered by hand, each as it stands.

They count at the least beside those that the program found. The audit sample was not drawn from
them, so no estimated share includes them. They add to what was seen and confirmed: by plant and
builder never more than must be there. One that stands where the program found a machine is that
machine. Those of one plant and builder count as different only if they stand in one frame.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.messages import Message
from detector.types import Box
from evidence.answer.population import CountedMachine, Status, status_of
from evidence.answer.sources import Asked, is_older, plant_of, shown_before
from evidence.case.sighting_tables import Membership, SightingRow, Verdict, machine_id
from evidence.case.tables import Item, Recipe
from evidence.link.sightings import chunks, overlap
from evidence.review.items import ENTERED
from evidence.review.log import given, verdicts_on
from evidence.review.manual_entries import as_box, same_place
from evidence.review.standing import COUNTED, NAMING, NO_MACHINE, PROBABLE, confirms, in_force


@dataclass(frozen=True, slots=True)
class ManualEntry:
    """A machine as it was entered.

    - state: `confirmed` (people settled the builder), `probable` (somebody names one, others have
      still to say), `concealed`, `unknown`, or `waits` (who has to agree must not know yet).
    - builder: settled, or the probable one.
    - control: who made its control, which says nothing of the builder.
    - made: where this very machine was built, as people say.
    - hit: whether it is of the kind asked for; None where that is not known.
    - authors: of those who say so; none while it waits.
    - counted: it adds to what was seen, or replaces a machine that the program found there.
      Otherwise it may be one that is counted already.
    - machine: the one that the program found at its place, taken to be the same.
    - unlinked: that one was not linked to others yet, and has no page.
    - differs: people settled something else of it in the review, and their word stands.
    """

    id: str
    plant: str
    footage: str
    pts: str
    box: tuple[float, ...]
    state: str
    builder: str | None
    concealed: bool
    control: str | None
    made: str | None
    hit: bool | None
    authors: tuple[str, ...]
    counted: bool = False
    machine: str | None = None
    unlinked: bool = False
    differs: bool = False

    @property
    def kind(self) -> str:
        """What it is, in words."""
        if self.state == "probable":
            return Message("probable, not confirmed")
        if self.state == "waits":
            return Message("waits for others to judge")
        if self.state == "confirmed":
            if self.concealed:
                return Message("concealed, builder from a second cue")
            return Message("builder confirmed")
        if self.state == "concealed":
            return Message("concealed, builder unknown")
        return Message("a control, builder unknown") if self.control else Message("builder unknown")


def read_entered(asked: Asked) -> list[tuple[ManualEntry, CountedMachine]]:
    """Every machine that people entered on the footage asked about, in the order they did.

    Each as it stands, and as it would count by itself. Leaves out those that people took back or
    settled as no CNC machine.
    """
    footage, recipe = asked.footage(), asked.recipe
    query = select(Item).where(Item.kind == ENTERED, Item.model == recipe.model)
    items = [
        item
        for item in asked.session.scalars(query.where(Item.settings == recipe.settings))
        if item.footage in footage
    ]
    older = shown_before(asked, footage) if items else {}
    items = [item for item in items if not is_older(older, item.footage, item.pts)]
    items.sort(key=lambda item: int((item.sighting or "").rpartition("-")[2]))
    logs: dict[str, list[Verdict]] = {}
    for part in chunks(items):
        logs |= verdicts_on(asked.session, part)
    found = []
    for item in items:
        read = _read(item, logs[item.item], asked, alone=item.item in asked.alone)
        if read is not None:
            found.append(read)
    return found


def _read(
    item: Item, log: Sequence[Verdict], asked: Asked, *, alone: bool
) -> tuple[ManualEntry, CountedMachine] | None:
    """One of them; None where it is taken back, or people settled that no CNC machine is there.

    Args:
        alone: who settled it is one too few (`Asked.alone`).
    """
    rows = {row.number: row for row in log}
    held = [one for one in in_force(map(given, log)) if one.word in (*COUNTED, PROBABLE)]
    settled = item.state == "settled" and not alone
    if not held or (settled and item.outcome in NO_MACHINE):
        return None
    naming = [one.builder for one in held if one.word in (*NAMING, PROBABLE) and one.builder]
    builder = item.builder if settled else next(iter(naming), None)
    agreed = [
        rows[one.number] for one in held if one.builder == builder and one.word not in NO_MACHINE
    ]
    made = _made([_said_of(row, "made") for row in agreed], item.needs if settled else 1)
    # Where a machine was built does not tell whose it is.
    hit = asked.fits(builder, made=made)
    # Where two disagree either may be right: a claim for the kind waits in any case.
    claims = {hit, *(asked.fits(one, made=made) for one in naming)}
    claimed = True if True in claims else False if False in claims else None
    if settled:
        named = confirms(item.outcome, builder)
        state = "confirmed" if named else "concealed" if item.outcome == "concealed" else "unknown"
    else:
        hidden = builder is None and any(row.verdict == "concealed" for row in agreed)
        state = "probable" if builder or hit else "concealed" if hidden else "unknown"
    controls = {said for row in agreed if (said := _said_of(row, "control")) is not None}
    source = asked.sources[item.footage].at(item.pts)
    plant, stated = plant_of([source])
    entry = ManualEntry(
        id=str(item.sighting),
        plant=plant,
        footage=item.footage,
        pts=str(item.pts),
        box=as_box(item.box or ()),
        state=state,
        builder=builder,
        concealed=any(row.verdict == "concealed" or _said_of(row, "concealed") for row in agreed),
        control=controls.pop() if len(controls) == 1 else None,
        made=made,
        hit=hit if settled else None,
        authors=tuple(sorted({row.author for row in agreed})),
    )
    if not settled and (alone or item.needs > 1):
        entry = replace(
            entry, state="waits", builder=None, concealed=False, control=None, made=None, authors=()
        )
    machine = CountedMachine(
        id=entry.id,
        plant=plant,
        stated=stated,
        recordings=frozenset({source.recording}),
        years=(source.first[:4],) if source.first else (),
        claim=None if settled else builder,
        claimed=None if settled else claimed,
        builder=builder if settled else None,
        status=status_of(
            none=False,
            settled=settled,
            hit=entry.hit,
            waiting=claimed is True and not settled,
            pending=False,
            disputed=False,
            concealed=entry.concealed,
            builder=builder if settled else None,
            claim=builder,
            claimed=None if settled else claimed,
        ),
        settled=settled,
        views=((item.footage, ((item.pts, as_box(item.box or ())),)),),
        entered=True,
    )
    return entry, machine


def _said_of(row: Verdict, name: str) -> str | None:
    found: str | None = (row.before.get("said") or {}).get(name)
    return found


def _made(said: Sequence[str | None], needs: int) -> str | None:
    """The country that as many say as have to agree on the machine; None where they differ."""
    told = [one for one in said if one is not None]
    return told[0] if len(set(told)) == 1 and len(told) >= needs else None


Pair = tuple[ManualEntry, CountedMachine]

SAME_BOX = 0.5
"""Least IoU of two boxes to mean one machine even where the builders told are different ones."""

NEAR = Fraction(2)
"""Seconds before and after a frame in which a machine found at the same place is the same one."""


@dataclass(frozen=True, slots=True)
class NearMachine:
    """A machine of the program on screen near the frame of an entry.

    at: at its place. beside: elsewhere in that very frame. over: the IoU of the two boxes.
    """

    machine: str
    at: bool
    over: float
    beside: bool = False


def with_entered(
    asked: Asked, machines: Sequence[CountedMachine]
) -> tuple[list[CountedMachine], tuple[ManualEntry, ...]]:
    """The machines with those that people entered, counted at the least, and every entry.

    Args:
        machines: those that the program found (`judged.read_machines`).
    """
    entered = read_entered(asked)
    found = _found_near(asked.session, asked.recipe, [entry for entry, _ in entered])
    whole = add_distinct(machines, entered, found)
    kept = {one.id for one in whole}
    by_id = {one.id: one for one in machines}
    told = []
    for entry, one in entered:
        there = _same_machine(one, by_id, found.get(entry.id, ()))
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


def add_distinct(
    machines: Sequence[CountedMachine],
    entered: Sequence[Pair],
    found: Mapping[str, Sequence[NearMachine]],
) -> list[CountedMachine]:
    """The machines, and of those entered only what must be others.

    Args:
        found: by entry the machines that the program found near its frame.
    """
    whole = {one.id: one for one in machines}
    loose: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for entry, one in entered:
        there = _same_machine(one, whole, found.get(entry.id, ()))
        if there is None:
            loose[one.plant, _builder_of(one)].append((entry, one))
        elif not there.settled and not there.replaced and _says_more(one, there):
            whole[there.id] = replace(there, replaced=True)
            whole[one.id] = _instead(one, there)
    for (plant, name), several in loose.items():
        _seat(whole, plant, name, several, found)
    return sorted(whole.values(), key=lambda one: (one.entered, one.id))


def _same_machine(
    one: CountedMachine, whole: Mapping[str, CountedMachine], found: Iterable[NearMachine]
) -> CountedMachine | None:
    """The machine of the program that an entered one is; None where it is none of them.

    Of several at its place (the place may be a whole frame) one of the same builder, else one of
    which nothing is known. One that is another builder's it is where their boxes agree.
    """
    at = sorted(
        (f for f in found if f.at and f.machine in whole), key=lambda f: (-f.over, f.machine)
    )
    there = [whole[f.machine] for f in at]
    alike = [m for m in there if not _builder_of(one) or _builder_of(m) == _builder_of(one)]
    dark = [m for m in there if not _builder_of(m)]
    same = [whole[f.machine] for f in at if f.over >= SAME_BOX]
    return next(iter((*alike, *dark, *same)), None)


def _says_more(one: CountedMachine, there: CountedMachine) -> bool:
    """Whether one entered tells more of a machine than the program and people did."""
    return one.settled or (one.claimed is True and there.claimed is not True)


def _differ(one: CountedMachine, there: CountedMachine) -> bool:
    """Whether people settled one thing of a machine by hand and another in the review."""
    both = one.settled and there.settled
    return both and (one.builder, one.hit) != (there.builder, there.hit)


def _seat(
    whole: dict[str, CountedMachine],
    plant: str,
    name: str,
    several: Iterable[Pair],
    found: Mapping[str, Sequence[NearMachine]],
) -> None:
    """Puts those of one plant and builder in, as many as must be others than those there.

    Frame by frame: e entered in it and f of the builder on screen beside them make e + f at least.
    If that builder has more already, one entered may be one of those. If it is settled, it takes
    the place of one that nobody has settled.
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
            if one.plant == plant and _builder_of(one) == name and not one.replaced
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
                    whole[gone.id] = replace(gone, replaced=True)


def _instead(one: CountedMachine, gone: CountedMachine) -> CountedMachine:
    """One entered, in the place of a machine whose claim for the kind waits still if it did."""
    if gone.status is not Status.LEAD or one.status is Status.CONFIRMED:
        return one
    return replace(one, status=Status.LEAD)


def _builder_of(one: CountedMachine) -> str:
    """Whose it is taken to be: by people, else by the program or who entered it."""
    return one.builder or ("" if one.settled else one.claim or "")


def _found_near(
    session: Session, recipe: Recipe, entries: Sequence[ManualEntry]
) -> dict[str, list[NearMachine]]:
    """By entry the machines that the program found on screen within `NEAR` of its frame."""
    of: dict[str, list[ManualEntry]] = defaultdict(list)
    for one in entries:
        of[one.footage].append(one)
    found: dict[str, dict[str, NearMachine]] = defaultdict(dict)
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
                near = NearMachine(machine, at, overlap(mine, box), shown)
                known = found[entry.id].get(machine)
                if known is None or _tells(near) > _tells(known):
                    found[entry.id][machine] = near
    return {id_: list(those.values()) for id_, those in found.items()}


def _tells(near: NearMachine) -> tuple[bool, bool, float]:
    """Of a machine's sightings the one at the place counts, else one on screen with it."""
    return near.at, near.beside, near.over


def _box_near(row: SightingRow, pts: Fraction) -> Box | None:
    """Where a sighting was seen nearest to a time, if that was near enough."""
    seen = [(abs(Fraction(one[0]) - pts), as_box(one[1:5])) for one in row.track]
    seen.append((abs(row.pts - pts), as_box(row.box)))
    off, box = min(seen)
    return box if off <= NEAR else None
