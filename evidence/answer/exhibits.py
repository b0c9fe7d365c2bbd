"""What the confirmed machines of an answer rest on: their pictures and the verdicts."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.answer.judged import SeenMachine
from evidence.answer.page import Exhibit
from evidence.linking.load import chunks
from evidence.store import Case, Membership, SightingRow, StillRow, Verdict

MOST_PICTURES = 2

PLATED = "builder unknown, origin from the plate"
SEVERAL = "verdicts name several builders"

Kept = tuple[str, str, str]
"""A picture: what it shows, the SHA-256 of its bytes, its suffix."""


def gather(
    case: Case, session: Session, machines: Iterable[SeenMachine], registry: Registry
) -> list[Exhibit]:
    """An exhibit for each confirmed machine of the kind asked for, in order of plant."""
    confirmed = sorted(
        (one for one in machines if one.settled and one.hit is True),
        key=lambda one: (one.plant, one.id),
    )
    found = []
    for part in chunks(confirmed):
        for machine in part:
            alone = machine.id if machine.entered else machine.unlinked
            keys = _sightings(session, machine.id) if alone is None else [alone]
            name = machine.builder or (SEVERAL if machine.conflict else PLATED)
            kept = _entered(session, machine.id) if machine.entered else _stills(session, keys)
            found.append(
                Exhibit(
                    machine=machine.id,
                    name=registry.get(name).name if name in registry else name,
                    plant=machine.plant,
                    pictures=tuple(_as_data(case, *one) for one in kept),
                    verdicts=tuple(
                        (one.number, one.author, one.digest)
                        for one in session.scalars(
                            select(Verdict)
                            .where(Verdict.sighting.in_(keys))
                            .order_by(Verdict.number)
                        )
                    ),
                )
            )
    return found


def _sightings(session: Session, machine: str) -> Sequence[str]:
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


def _stills(session: Session, keys: Iterable[str]) -> Iterator[Kept]:
    """The best still of the surest sighting, and its mark."""
    row = session.scalars(
        select(SightingRow)
        .where(SightingRow.key.in_(list(keys)))
        .order_by(SightingRow.grade, SightingRow.probability.desc(), SightingRow.key)
        .limit(1)
    ).one()
    stills = session.scalars(
        select(StillRow)
        .where(StillRow.analysis == row.analysis, StillRow.sighting == row.name)
        .order_by(StillRow.role)
    ).all()
    for still in stills[:MOST_PICTURES]:
        yield still.role, still.sha256, still.suffix


def _as_data(case: Case, role: str, sha256: str, suffix: str) -> tuple[str, str, str | None]:
    content = case.read_still(sha256, suffix)
    if content is None:
        return role, sha256, None
    kind = "png" if suffix == "png" else "jpeg"
    return role, sha256, f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
