"""Whether machines, what links their sightings, and copies of footage agree."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from evidence.store.derived import Copy, Link, MachineRow, Membership
from evidence.store.finding import Finding
from evidence.store.keys import machine_id

_AGAIN = "run nameplate sweep on the case, which counts its machines anew"


def check_machines(session: Session) -> Iterator[Finding]:
    """Each machine is called and counted by its sightings, and links lead within one."""
    members = (
        select(
            Membership.machine,
            func.count().label("number"),
            func.min(Membership.sighting).label("first"),
        )
        .group_by(Membership.machine)
        .subquery()
    )
    machines = (
        select(MachineRow.id, MachineRow.sightings, members.c.number, members.c.first)
        .outerjoin(members, members.c.machine == MachineRow.id)
        .order_by(MachineRow.id)
    )
    for key, counted, number, first in session.execute(machines):
        about = f"machine {key}"
        if not number:
            yield Finding(about, "no sighting shows it", _AGAIN)
        elif counted != number:
            yield Finding(about, f"counts {counted} sightings and has {number}", _AGAIN)
        elif key != machine_id(first):
            yield Finding(about, "is not called after its first sighting", _AGAIN)
    one, other = aliased(Membership), aliased(Membership)
    links = (
        select(Link.a, Link.b)
        .outerjoin(one, one.sighting == Link.a)
        .outerjoin(other, other.sighting == Link.b)
        .where(Link.held, func.coalesce(one.machine, "") != func.coalesce(other.machine, "?"))
    )
    for a, b in session.execute(links):
        yield Finding(f"sightings {a} and {b}", "are linked and of different machines", _AGAIN)
    for model, word in ((Copy, "footage"), (Link, "sightings")):
        for a, b in session.execute(select(model.a, model.b).where(model.a >= model.b)):
            yield Finding(f"{word} {a} and {b}", "stand in the wrong order", _AGAIN)
