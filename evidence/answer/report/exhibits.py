"""What the confirmed machines of an answer rest on: their pictures, the way back, the verdicts."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.answer.population import CountedMachine
from evidence.answer.report.page import Exhibit, Word
from evidence.answer.report.trace import Line, Shown, shown_by, trace
from evidence.case.case import Case
from evidence.case.sighting_tables import Membership, SightingRow, StillRow, Verdict
from evidence.case.tables import Item
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.link.sightings import chunks
from evidence.review.standing import confirms

MOST_PICTURES = 2

PLATED = "builder unknown, origin from the plate"
SEVERAL = "verdicts name several builders"

SIGNED = {
    LOGIN: "logged in",
    NAMED: "a name the server was started with",
    COMMAND: "a name given on the command line",
    None: "how they signed in was not kept",
}
"""How the author of a verdict was known, in words."""

Kept = tuple[str, str, str]
"""A picture: what it shows, the SHA-256 of its bytes, its suffix."""


def gather(
    case: Case, session: Session, machines: Iterable[CountedMachine], registry: Registry
) -> list[Exhibit]:
    """An exhibit for each confirmed machine of the kind asked for, in order of plant."""
    confirmed = sorted(
        (one for one in machines if one.settled and one.hit is True),
        key=lambda one: (one.plant, one.id),
    )
    return [_exhibit(case, session, one, registry) for one in confirmed]


def _exhibit(case: Case, session: Session, machine: CountedMachine, registry: Registry) -> Exhibit:
    alone = machine.id if machine.entered else machine.unlinked
    keys = sightings_of(session, machine.id) if alone is None else [alone]
    name = machine.builder or (SEVERAL if machine.conflict else PLATED)
    verdicts = _verdicts(session, keys)
    if machine.entered:
        kept, way = list(_entered(session, machine.id)), _entered_trace(session, machine, registry)
    else:
        # Of the footage asked about: a picture of another year or plant bears out nothing here.
        footage = [one for one, _ in machine.views]
        sighting = judged_sighting(session, keys, machine.builder, footage)
        kept = list(_stills(session, sighting))
        way = trace(session, shown_by(sighting), machine.builder, registry, sighting, footage)
    return Exhibit(
        machine=machine.id,
        name=registry.get(name).name if name in registry else name,
        plant=machine.plant,
        stated=machine.stated,
        pictures=tuple(_as_data(case, *one) for one in kept),
        trace=way,
        verdicts=tuple(
            Word(
                one.number,
                one.author,
                _said(one, registry),
                one.digest,
                f"{one.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
                one.note,
                SIGNED.get(one.signed, SIGNED[None]),
            )
            for one in verdicts
        ),
    )


def _verdicts(session: Session, keys: Sequence[str]) -> list[Verdict]:
    """All that was said of some sightings, in order."""
    found: list[Verdict] = []
    for part in chunks(keys):
        found += session.scalars(select(Verdict).where(Verdict.sighting.in_(part)))
    return sorted(found, key=lambda one: one.number)


def _entered_trace(
    session: Session, machine: CountedMachine, registry: Registry
) -> tuple[Line, ...]:
    """The way back from a machine that was entered by hand: where in the footage it was seen."""
    footage, ((pts, _), *_) = machine.views[0]
    made = {
        said
        for one in session.scalars(select(Verdict).where(Verdict.sighting == machine.id))
        if (said := (one.before.get("said") or {}).get("made")) is not None
    }
    told = made.pop() if len(made) == 1 else None
    return trace(session, Shown(footage, pts), machine.builder, registry, made=told)


def _said(verdict: Verdict, registry: Registry) -> str:
    """What a verdict says, in the log's own words: among those on a confirmed machine are some
    that say otherwise, and some that were taken back."""
    name = verdict.builder
    words = verdict.verdict
    if name is not None:
        words += f" ({registry.get(name).name if name in registry else name})"
    return words if verdict.supersedes is None else f"{words}, in place of {verdict.supersedes}"


def sightings_of(session: Session, machine: str) -> Sequence[str]:
    """The keys of a machine's sightings, in order."""
    return session.scalars(
        select(Membership.sighting)
        .where(Membership.machine == machine)
        .order_by(Membership.sighting)
    ).all()


def _entered(session: Session, name: str) -> Iterator[Kept]:
    """The frame that was kept when a machine was entered, if one was."""
    for verdict in session.scalars(select(Verdict).where(Verdict.sighting == name)):
        still = (verdict.before.get("said") or {}).get("still")
        if still is not None:
            yield "frame", still, "jpg"
            return


def judged_sighting(
    session: Session, keys: Iterable[str], builder: str | None, footage: Collection[str]
) -> SightingRow:
    """The sighting that a confirmed machine rests on: the surest of those that people settled as
    its builder's. What was linked to it shows what nobody judged, and may be another machine.

    Args:
        keys: of the machine's sightings, at least one.
        builder: that people settled on; None where they accepted a plate, or name several.
        footage: that is asked about (SHA-256), of at least one of them.
    """
    best: tuple[bool, bool, str, float, str] | None = None
    for part in chunks(sorted(keys)):
        query = (
            select(
                SightingRow.key,
                SightingRow.footage,
                SightingRow.grade,
                SightingRow.probability,
                Item.outcome,
                Item.builder,
            )
            .outerjoin(Item, and_(Item.sighting == SightingRow.key, Item.state == "settled"))
            .where(SightingRow.key.in_(part))
        )
        for key, lies, grade, probability, outcome, named in session.execute(query):
            if lies not in footage:
                continue
            said = confirms(outcome, named)
            rank = not (said and named == builder), not said, grade, -probability, key
            best = min(best or rank, rank)
    assert best is not None
    return session.scalars(select(SightingRow).where(SightingRow.key == best[-1])).one()


def judged_stills(session: Session, machine: CountedMachine) -> dict[str, StillRow]:
    """The pictures, by what they show, of the sighting that a confirmed machine, linked to others,
    rests on, as `judged_sighting` takes them."""
    keys, footage = sightings_of(session, machine.id), [one for one, _ in machine.views]
    return _stills_of(session, judged_sighting(session, keys, machine.builder, footage))


def _stills_of(session: Session, sighting: SightingRow) -> dict[str, StillRow]:
    stills = session.scalars(
        select(StillRow)
        .where(StillRow.analysis == sighting.analysis, StillRow.sighting == sighting.name)
        .order_by(StillRow.role)
    )
    return {still.role: still for still in stills}


def _stills(session: Session, sighting: SightingRow) -> Iterator[Kept]:
    for role, still in list(_stills_of(session, sighting).items())[:MOST_PICTURES]:
        yield role, still.sha256, still.suffix


def _as_data(case: Case, role: str, sha256: str, suffix: str) -> tuple[str, str, str | None]:
    content = case.read_still(sha256, suffix)
    if content is None:
        return role, sha256, None
    kind = "png" if suffix == "png" else "jpeg"
    return role, sha256, f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
