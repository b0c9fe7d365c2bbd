"""The machines of an answer: where each stands, what it was judged to be, how it was drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from evidence.answer.sources import Asked, is_older, plant_of, shown_before
from evidence.case.base import found_with, select_in
from evidence.case.flags import LEAST_TESTED
from evidence.case.sighting_tables import Flag, Membership, SightingRow, machine_id
from evidence.case.tables import Draw, Item, LeadRow, Recipe
from evidence.link.sightings import Track, as_box, in_company, read_track
from evidence.review.items import ENTERED
from evidence.review.standing import NO_MACHINE, Standing, confirms, settles


class Status(StrEnum):
    """What is known of a machine, as far as the question goes.

    confirmed: people settled it as of the kind asked for. other: as of another kind. lead: a claim
    for the kind waits for people. pending: a verdict waits for another. disputed: people disagree
    on the kind. untold: the builder is known, and does not tell the kind. named: the program names
    another kind. concealed: people say that the mark is hidden. none: it is no CNC machine.
    """

    CONFIRMED = "confirmed"
    OTHER = "other"
    LEAD = "lead"
    PENDING = "pending"
    DISPUTED = "disputed"
    UNTOLD = "untold"
    NAMED = "named"
    CONCEALED = "concealed"
    UNKNOWN = "unknown"
    NONE = "none"


IDENTIFIED = frozenset({Status.CONFIRMED, Status.OTHER, Status.NAMED})
"""The builder is known, and with it whether the machine is of the kind."""


@dataclass(frozen=True, slots=True)
class CountedMachine:
    """One physical machine, as far as sightings were linked.

    - plant: as its sources say (`stated`), otherwise its recording; years: of first publication.
    - recordings: in which it is seen, copies once.
    - claim, claimed: the builder that the program names; if it is of the kind (None: unknown).
    - builder, settled: the one that people settled on; whether they settled anything.
    - drawn: it is in the audit sample and somebody judged it.
    - chance, lane: its chance of being drawn, None if it was not; the stratum it was drawn from.
    - flagged: it is to be judged in any case, as a claim.
    - conflict: its settled sightings disagree.
    - views: footage with the times and boxes of its tracks; sightings: how many were linked.
    - entered: by hand; replaced: one entered by hand counts in its place.
    - unlinked: the key of a sighting that was not linked yet.
    - lead: the program may take it to be of the kind, and nobody has judged it.
    """

    id: str
    plant: str
    stated: bool
    recordings: frozenset[str]
    years: tuple[str, ...]
    claim: str | None
    claimed: bool | None
    builder: str | None
    status: Status
    settled: bool
    drawn: bool = False
    chance: float | None = None
    lane: str = ""
    flagged: bool = False
    conflict: bool = False
    views: tuple[tuple[str, Track], ...] = ()
    sightings: int = 1
    entered: bool = False
    replaced: bool = False
    unlinked: str | None = None
    lead: bool = False

    @property
    def footage(self) -> list[str]:
        """The footage that shows it, by SHA-256."""
        return sorted({footage for footage, _ in self.views})

    @property
    def named(self) -> str | None:
        """Its builder: by people once they settled it, else by the program."""
        return self.builder if self.settled else None if self.entered else self.claim

    @property
    def hit(self) -> bool | None:
        """Whether people settled it as of the kind; None where that is not known."""
        return {Status.CONFIRMED: True, Status.OTHER: False}.get(self.status)

    @property
    def identified(self) -> bool:
        """Whether people or the program tell its kind."""
        return self.status in IDENTIFIED

    @property
    def judged(self) -> bool:
        """Whether somebody has judged it, settled or not."""
        return self.settled or self.status is Status.PENDING

    @property
    def stratum(self) -> str:
        """What the program says of its kind: claimed, named or unread."""
        return {True: "claimed", False: "named", None: "unread"}[self.claimed]


def status_of(
    *,
    settled: bool,
    hit: bool | None,
    waiting: bool,
    concealed: bool,
    builder: str | None,
    claim: str | None,
    claimed: bool | None,
    none: bool = False,
    pending: bool = False,
    disputed: bool = False,
) -> Status:
    """The status that verdicts and claims amount to; the first rule that holds decides.

    hit: what people settled of the kind. waiting: a claim for the kind that nobody settled.
    """
    dark = Status.CONCEALED if concealed else Status.UNKNOWN
    of_program: dict[bool | None, Status] = {True: Status.LEAD, False: Status.NAMED}
    rules = (
        (none, Status.NONE),
        (settled and hit is True, Status.CONFIRMED),
        (disputed, Status.DISPUTED),
        (waiting, Status.LEAD),
        (pending, Status.PENDING),
        (settled and hit is False, Status.OTHER),
        (settled, dark if builder is None else Status.UNTOLD),
        (True, of_program.get(claimed, dark if claim is None else Status.UNTOLD)),
    )
    return next(status for holds, status in rules if holds)


def confirmed(machine: CountedMachine) -> bool:
    """Whether people settled it as of the kind."""
    return machine.status is Status.CONFIRMED


_READ = (
    SightingRow.key, SightingRow.analysis, SightingRow.footage, SightingRow.name,
    SightingRow.first, SightingRow.last, SightingRow.pts, SightingRow.box, SightingRow.builder,
    SightingRow.probability, SightingRow.origin, SightingRow.origin_basis, SightingRow.lead_origin,
)  # fmt: skip
"""What counts of a sighting: all of each would take twice the time, and as much memory."""


def read_machines(asked: Asked) -> list[CountedMachine]:
    """Every machine of the footage asked about, in order of ids; also those settled to be none."""
    session, recipe, footage = asked.session, asked.recipe, asked.footage()
    sightings: dict[str, list[Row[Any]]] = defaultdict(list)
    query = (
        select(*_READ, Membership.machine)
        .outerjoin(Membership, Membership.sighting == SightingRow.key)
        .where(found_with(SightingRow, recipe))
        .order_by(SightingRow.key)
    )
    judged = select(Item.item, Item.sighting, Item.state, Item.outcome, Item.builder).where(
        Item.sighting.is_not(None), found_with(Item, recipe)
    )
    waits, alone = Standing(2, "partial", 1), asked.alone
    items: dict[str, Any] = {
        row.sighting: waits if row.item in alone else row for row in session.execute(judged)
    }
    older = shown_before(asked, footage)
    unlinked: dict[str, str] = {}
    for row in session.execute(query):
        if row.footage not in footage or is_older(older, row.footage, row.pts):
            continue
        machine = row.machine or machine_id(row.key)
        if row.machine is None:
            unlinked[machine] = row.key
        sightings[machine].append(row)
    tracks = _tracks(session, recipe, chain.from_iterable(sightings.values()))
    claims = select(Flag.analysis, Flag.sighting).where(
        found_with(Flag, recipe), Flag.kind == "claim"
    )
    flagged = {(analysis, name) for analysis, name in session.execute(claims)}
    drawn = session.scalars(select(Draw).where(Draw.sighting.is_not(None)))
    draws = {one.sighting: one for one in drawn}
    context = items, draws, flagged, _leads(asked), asked, tracks
    return [
        replace(_machine(id_, sightings[id_], *context), unlinked=unlinked.get(id_))
        for id_ in sorted(sightings)
    ]


def _tracks(session: Session, recipe: Recipe, sightings: Iterable[Row[Any]]) -> dict[str, Track]:
    """The tracks of those on screen while another is, or in footage with machines entered."""
    rows = {row.key: row for row in sightings}
    near = in_company((row.footage, row.first, row.last, key) for key, row in rows.items())
    by_hand = select(Item.footage).where(Item.kind == ENTERED, found_with(Item, recipe))
    entered = set(session.scalars(by_hand))
    near |= {key for key, row in rows.items() if row.footage in entered}
    query = select(SightingRow.key, SightingRow.track)
    return {
        key: read_track(track) for key, track in select_in(session, query, SightingRow.key, near)
    }


def _leads(asked: Asked) -> set[tuple[str, str]]:
    """Analysis and name of each sighting with a lead, claimed or not, of the kind."""
    query = select(LeadRow.analysis, LeadRow.sighting, LeadRow.builder, LeadRow.origin).where(
        found_with(LeadRow, asked.recipe), LeadRow.probability >= LEAST_TESTED
    )
    return {
        (analysis, name)
        for analysis, name, builder, origin in asked.session.execute(query)
        if asked.fits(builder, None if builder else origin)
    }


def _machine(
    id_: str,
    rows: Sequence[Row[Any]],
    items: Mapping[str, Row[Any]],
    draws: dict[str | None, Draw],
    flagged: set[tuple[str, str]],
    leads: set[tuple[str, str]],
    asked: Asked,
    tracks: Mapping[str, Track],
) -> CountedMachine:
    """One machine from its sightings, in order of their keys."""

    def track_of(row: Row[Any]) -> Track:
        """Its ends where it was not read."""
        box = as_box(row.box)
        return tracks.get(row.key) or ((row.first, box), (row.last, box))

    settled = [items[row.key] for row in rows if _is_settled(items.get(row.key))]
    real = [item for item in settled if item.outcome not in NO_MACHINE]
    plates = {row.key: row.origin for row in rows if row.origin_basis == "plate"}
    claims = {row.key: asked.fits(row.builder, plates.get(row.key)) for row in rows}
    waiting = any(said is True and not _is_settled(items.get(key)) for key, said in claims.items())
    pending = any(is_begun(items.get(row.key)) for row in rows)
    # Whoever accepts a lead to a country settles what its plate says.
    plates |= {row.key: row.lead_origin for row in rows if row.lead_origin}
    verdicts = _verdicts(real, plates, asked)
    kinds = {fits for several in verdicts.values() for fits in several if fits is not None}
    hit = next(iter(kinds)) if len(kinds) == 1 else None
    none = bool(settled) and not real and not waiting and not pending
    builders = {one for one in verdicts if not one.startswith("plate ")}
    best = min(rows, key=lambda row: (row.builder is None, -row.probability, row.key))
    first, own = draws.get(rows[0].key), items.get(rows[0].key)
    judged = {item.sighting for item in real if confirms(item.outcome, item.builder)}
    known = (row for row in rows if row.footage in asked.sources)
    froms = {row.key: asked.sources[row.footage].at(row.pts) for row in known}
    # What was linked to it shows what nobody judged, and moves it to no other plant.
    rests = [one for key, one in froms.items() if key in judged and one.plant]
    plant, stated = plant_of(rests or list(froms.values()))
    claimed = next((fits for fits in (True, False) if fits in claims.values()), None)
    builder = builders.pop() if len(builders) == 1 else None
    return CountedMachine(
        id=id_,
        plant=plant,
        stated=stated,
        recordings=frozenset(one.recording for one in froms.values()),
        years=tuple(sorted({one.first[:4] for one in froms.values() if one.first})),
        claim=best.builder,
        claimed=claimed,
        builder=builder,
        status=status_of(
            none=none,
            settled=bool(real) or none,
            hit=hit,
            waiting=waiting,
            pending=pending,
            disputed=len(kinds) > 1,
            # What the program takes for hidden may be a reflection.
            concealed=any(item.outcome == "concealed" for item in real),
            builder=builder,
            claim=best.builder,
            claimed=claimed,
        ),
        settled=bool(real) or none,
        drawn=first is not None and (_is_settled(own) or is_begun(own)),
        chance=None if first is None else first.probability,
        lane="named" if rows[0].builder is not None else "unknown",
        flagged=any((row.analysis, row.name) in flagged for row in rows),
        conflict=len(verdicts) > 1 or len(kinds) > 1,
        views=() if none else tuple((row.footage, track_of(row)) for row in rows),
        sightings=len(rows),
        lead=not real and not pending and any((row.analysis, row.name) in leads for row in rows),
    )


def _verdicts(
    settled: Iterable[Row[Any]], plates: Mapping[str, str | None], asked: Asked
) -> dict[str, set[bool | None]]:
    """By what people settled a machine as, if that is of the kind; plates: origins by sighting."""
    found: dict[str, set[bool | None]] = defaultdict(set)
    for item in settled:
        if said := settles(item.outcome, item.builder, plates.get(item.sighting)):
            found[said[0] or f"plate {said[1]}"].add(asked.fits(*said))
    return found


def _is_settled(item: Item | Row[Any] | None) -> bool:
    return item is not None and item.state == "settled"


def is_begun(item: Item | Row[Any] | None) -> bool:
    """Whether somebody has judged it, and others have still to agree."""
    return item is not None and item.state in ("partial", "disputed")
