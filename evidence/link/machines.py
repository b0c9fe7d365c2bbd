"""The machines of a case: brought up to date with what is stored, joined and cut by hand.

Only new sightings are compared, each with those that look somewhat alike. Then the machines of all
sightings that ties connect to them are worked out again. The rows are the same in whatever order
the footage came. `decisions.py` says what decisions mean for later analyses.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import delete, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry, load_registry
from detector.settings import origins_under_test
from evidence.case.base import insert_all
from evidence.case.sighting_tables import (
    Decision,
    Link,
    MachineRow,
    Membership,
    SightingRow,
    machine_id,
)
from evidence.case.tables import Recipe
from evidence.link.components import LinkedMachine, machines_of
from evidence.link.decisions import PairDecisions, load_decided
from evidence.link.sightings import (
    STRENGTH,
    Kind,
    Scope,
    Tie,
    chunks,
    hold_machines,
    load_brief,
    load_scope,
)
from evidence.link.ties import tie_by_hand, tie_by_looks, tie_copies


def update_machines(session: Session, model: str, settings: str) -> int:
    """Brings links, memberships and machines of one recipe up to date, within a transaction.

    Args:
        session: begun by `begin()`; the caller ends it.
        model, settings: the recipe; `settings` is a `settings_key`.

    Returns:
        How many sightings were new.
    """
    hold_machines(session)
    scope = load_scope(session, model, settings)
    decided = load_decided(session, scope)
    tie_by_looks(session, scope)
    touched = scope.new | decided.keys
    touched |= tie_copies(session, scope) | tie_by_hand(session, scope, decided.joined)
    _settle(session, scope, touched, decided)
    return len(scope.new)


def update_decided(session: Session, model: str, settings: str, pair: Collection[str]) -> None:
    """As `update_machines`, where only a decision on a pair of sightings is new.

    All earlier decisions are settled already, except those that have yet to be carried over.
    """
    hold_machines(session)
    scope = load_scope(session, model, settings)
    if scope.new:
        # They have to be compared with all that looks like them before they are of any machine.
        update_machines(session, model, settings)
        return
    decided = load_decided(session, scope)
    touched = {*pair} | decided.carried | tie_by_hand(session, scope, decided.joined)
    _settle(session, scope, touched, decided)


def tested_among(session: Session, scope: Scope, builders: Collection[str]) -> set[str]:
    """Those of the builders whose presence is the claim under test.

    One that the packaged registry does not know is held for one of them: less is claimed.
    """
    if not builders:
        return set()
    row = session.get(Recipe, (scope.model, scope.settings))
    tested = origins_under_test(row.values if row is not None else {})
    origins = {entry.id: entry.origin for entry in _registry()}
    return {name for name in builders if origins.get(name, tested[0] if tested else "") in tested}


@dataclass(frozen=True)
class WorkedOut:
    """The machines of a set of sightings that no tie leaves.

    links: between them; held: (a, b, kind) of those that hold within one machine.
    """

    keys: set[str]
    machines: list[LinkedMachine]
    links: list[Link]
    held: set[tuple[str, str, str]]


def work_out(
    session: Session, scope: Scope, touched: Collection[str], decided: PairDecisions
) -> WorkedOut:
    """The machines of all sightings that ties connect to those touched."""
    links = [link for link in _connected(session, touched) if link.kind in STRENGTH]
    keys = set(touched) | {key for link in links for key in (link.a, link.b)}
    seen = load_brief(session, keys)
    ties = [Tie(k.a, k.b, cast(Kind, k.kind), k.score, k.reason) for k in links]
    builders = {one.builder for one in seen.values() if one.builder}
    tested = tested_among(session, scope, builders)
    machines, held = machines_of(seen, ties, decided.cut, tested)
    return WorkedOut(keys, machines, links, held)


def _settle(
    session: Session, scope: Scope, touched: Collection[str], decided: PairDecisions
) -> None:
    """Stores the machines of all sightings that ties connect to those touched."""
    found = work_out(session, scope, touched, decided)
    for link in found.links:
        holds = (link.a, link.b, link.kind) in found.held
        if link.held != holds:
            # Written together: a statement for each compares it with every link of the session.
            link.held = holds
    session.flush()
    _replace(session, scope, found.keys, found.machines)


def _connected(session: Session, touched: Collection[str]) -> list[Link]:
    """All links that lead, over however many steps, from the sightings touched."""
    found: dict[tuple[str, str, str], Link] = {}
    known, frontier = set(touched), set(touched)
    while frontier:
        reached: set[str] = set()
        for part in chunks(sorted(frontier)):
            for link in session.scalars(
                select(Link)
                .where(or_(Link.a.in_(part), Link.b.in_(part)))
                .execution_options(populate_existing=True)
            ):
                found[link.a, link.b, link.kind] = link
                reached |= {link.a, link.b}
        frontier = reached - known
        known |= reached
    return list(found.values())


def _replace(
    session: Session, scope: Scope, keys: Collection[str], machines: Sequence[LinkedMachine]
) -> None:
    """Puts the machines of these sightings in the place of those they belonged to."""
    gone: set[str] = set()
    for part in chunks(sorted(keys)):
        mine = Membership.sighting.in_(part)
        gone |= set(session.scalars(select(Membership.machine).where(mine)))
        session.execute(delete(Membership).where(mine))
    for part in chunks(sorted(gone)):
        session.execute(delete(MachineRow).where(MachineRow.id.in_(part)))
    rows, members = [], []
    for machine in machines:
        key = machine_id(machine.sightings[0])
        rows.append(
            {
                "id": key,
                "model": scope.model,
                "settings": scope.settings,
                "builder": machine.builder,
                "grade": machine.grade,
                "probability": machine.probability,
                "sightings": len(machine.sightings),
                "footages": machine.footages,
                "conflict": machine.conflict,
            }
        )
        members += [{"sighting": sighting, "machine": key} for sighting in machine.sightings]
    insert_all(session, MachineRow, rows)
    insert_all(session, Membership, members)


@cache
def _registry() -> Registry:
    return load_registry()


def join(session: Session, a: str, b: str, author: str, note: str | None = None) -> Decision:
    """Notes that two sightings show one machine, and makes it so; within a transaction.

    Raises:
        UsageError: no such sighting, no author, one and the same sighting, two recipes, or
            the two are kept apart by an earlier cut.
    """
    before = _held(session)
    decision = _decide(session, a, b, "join", author, note)
    # Where a cut stands between them, an earlier join could give way to this one just as well.
    if not before | {(decision.a, decision.b)} <= _held(session):
        raise UsageError(
            Message(
                "%(a)s and %(b)s: cannot be joined while sightings joined to them are cut "
                "apart by hand; join those first, or cut what joins them",
                a=a,
                b=b,
            )
        )
    return decision


def cut(session: Session, a: str, b: str, author: str, note: str | None = None) -> Decision:
    """Notes that two sightings show two machines, and makes it so; within a transaction.

    Raises:
        UsageError: no such sighting, no author, one and the same sighting, or two recipes.
    """
    return _decide(session, a, b, "cut", author, note)


def _decide(session: Session, a: str, b: str, what: str, author: str, note: str | None) -> Decision:
    if not author.strip():
        raise UsageError("a decision needs an author; give a name")
    if a == b:
        raise UsageError(Message("%(a)s: is one sighting; name two", a=a))
    a, b = sorted((a, b))
    rows = {
        row.key: row
        for row in session.scalars(select(SightingRow).where(SightingRow.key.in_((a, b))))
    }
    for key in (a, b):
        if key not in rows:
            raise UsageError(
                Message("no sighting %(key)s in this case; name one that is there", key=key)
            )
    recipes = {(row.model, row.settings) for row in rows.values()}
    if len(recipes) > 1:
        raise UsageError(
            Message("%(a)s and %(b)s: found with two models or settings; name two of one", a=a, b=b)
        )
    if session.get_bind().dialect.name == "postgresql":
        # Two at once would both take the next number.
        session.execute(text("LOCK TABLE decisions IN SHARE ROW EXCLUSIVE MODE"))
    decision = Decision(
        number=(session.scalar(select(func.max(Decision.number))) or 0) + 1,
        a=a,
        b=b,
        what=what,
        author=author,
        made=datetime.now(UTC),
        note=note,
        where={name: _place(rows[key]) for name, key in (("a", a), ("b", b))},
    )
    session.add(decision)
    session.flush()
    ((model, settings),) = recipes
    update_decided(session, model, settings, (a, b))
    return decision


def _held(session: Session) -> set[tuple[str, str]]:
    """The pairs joined by hand that are one machine."""
    a, b = aliased(Membership), aliased(Membership)
    query = (
        select(Link.a, Link.b)
        .join(a, a.sighting == Link.a)
        .join(b, b.sighting == Link.b)
        .where(Link.kind == "joined", a.machine == b.machine)
    )
    return {(one, other) for one, other in session.execute(query)}


def _place(row: SightingRow) -> dict[str, Any]:
    return {"footage": row.footage, "pts": str(row.pts), "box": list(row.box)}
