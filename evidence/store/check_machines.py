"""Whether machines, what links their sightings, and copies of footage agree."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from datasets.errors import SettingsError
from evidence.linking.recount import Recounted, recheck
from evidence.store.derived import AnalysisRow, Copy, Link, MachineRow, Membership
from evidence.store.finding import Finding
from evidence.store.keys import machine_id

_AGAIN = "run nameplate machines recount, which counts them anew from links and decisions"
_REPLACE = "open the last pack of the case in its place"


def check_machines(session: Session) -> Iterator[Finding]:
    """Each machine is called and counted by its sightings, which are those that links and
    decisions give it, and says what follows from them; links lead within one."""
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
    yield from _check_recipes(session)
    for model, word in ((Copy, "footage"), (Link, "sightings")):
        for a, b in session.execute(select(model.a, model.b).where(model.a >= model.b)):
            yield Finding(f"{word} {a} and {b}", "stand in the wrong order", _REPLACE)


def _check_recipes(session: Session) -> Iterator[Finding]:
    recipes = select(AnalysisRow.model, AnalysisRow.settings).distinct()
    for model, settings in session.execute(recipes.order_by(*recipes.selected_columns)).all():
        about = f"machines of model {model[:12]} and settings {settings[:12]}"
        try:
            found = recheck(session, model, settings)
        except SettingsError as error:
            what = f"cannot be counted a second time ({error})"
            yield Finding(about, what, "check them with the version that found them", wrong=False)
            continue
        yield from _tell(about, found)


def _tell(about: str, found: Recounted) -> Iterator[Finding]:
    for key, what in sorted(found.machines.items()):
        yield Finding(f"machine {key}", what, _AGAIN)
    for key in sorted(found.pending):
        what = "does not follow yet from what was decided of it, found with another recipe"
        yield Finding(f"machine {key}", what, _AGAIN, wrong=False)
    for (a, b), what in sorted(found.links.items()):
        yield Finding(f"sightings {a} and {b}", what, _AGAIN)
    for key in found.lost:
        yield Finding(f"sighting {key}", "is linked to others and of no machine", _AGAIN)
    if found.new:
        what = f"{found.new} sightings are of none: a sweep was stopped before it linked them, or "
        what += "they were taken out"
        yield Finding(about, what, _AGAIN, wrong=False)
