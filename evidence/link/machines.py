"""The machines of a case: brought up to date with what is stored, joined and cut by hand, shown.

Only new sightings are compared, each with those that look somewhat alike. Then the machines of all
sightings that ties connect to them are worked out again. The rows are the same in whatever order
the footage came.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, aliased

from datasets.errors import UsageError
from datasets.registry import load_registry
from detector.settings import origins_under_test
from evidence.case.base import chunks, found_with, hold_table, insert_all, select_in, values_of
from evidence.case.sighting_tables import (
    Decision,
    Link,
    MachineRow,
    Membership,
    SightingRow,
    machine_id,
)
from evidence.case.tables import Recipe
from evidence.link.sighting_pairs import apart
from evidence.link.sightings import (
    STRENGTH,
    Kind,
    LinkSighting,
    PairDecisions,
    Scope,
    Tie,
    load_brief,
    load_decided,
    load_scope,
)
from evidence.link.ties import tie_by_hand, tie_by_looks, tie_copies

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class LinkedMachine:
    """One physical machine: the keys of its sightings, in order, and what they say it is."""

    sightings: tuple[str, ...]
    builder: str | None
    grade: str
    probability: float
    footages: int
    conflict: bool  # they name more than one builder


def machines_of(
    seen: Mapping[str, LinkSighting],
    ties: Iterable[Tie],
    cuts: Collection[Pair],
    tested: Collection[str],
) -> tuple[list[LinkedMachine], set[tuple[str, str, str]]]:
    """The machines, and the (a, b, kind) of the ties that hold within one.

    seen: a set that is closed under ties. cuts: pairs, a < b, cut apart by hand, also of other
    sets. tested: builders whose presence is the claim under test.
    """
    ties = sorted(ties, key=lambda tie: tie.order)
    groups = _Groups(seen, cuts)
    for tie in ties:
        groups.join(tie)
    held = [tie for tie in ties if groups.of(tie.a) is groups.of(tie.b)]
    voices = _Groups(seen, ())
    for tie in held:
        if tie.kind in ("copy", "span"):
            voices.join(tie)
    found: dict[int, list[LinkSighting]] = defaultdict(list)
    for key in sorted(seen):
        found[id(groups.of(key))].append(seen[key])
    machines = [_machine(several, voices, tested) for several in found.values()]
    return machines, {(tie.a, tie.b, tie.kind) for tie in held}


@dataclass(slots=True, eq=False)
class _Group:
    keys: list[str]
    builders: set[str]
    footages: dict[str, list[str]] = field(default_factory=dict)


class _Groups:
    """Sightings in groups that grow together, but never across what keeps two apart."""

    def __init__(self, seen: Mapping[str, LinkSighting], cuts: Collection[Pair]) -> None:
        self._seen = seen
        self._group = {
            key: _Group([key], {one.builder} if one.builder else set(), {one.footage: [key]})
            for key, one in seen.items()
        }
        self._cut: dict[str, set[str]] = defaultdict(set)
        for a, b in cuts:
            # One that is cut from a sighting outside this set never meets it.
            if a in seen and b in seen:
                self._cut[a].add(b)
                self._cut[b].add(a)

    def of(self, key: str) -> _Group:
        return self._group[key]

    def join(self, tie: Tie) -> None:
        """Makes one of the two groups that a tie connects, unless they must stay apart."""
        a, b = self._group[tie.a], self._group[tie.b]
        if a is b or self._kept_apart(a, b, tie):
            return
        if len(a.keys) < len(b.keys):
            a, b = b, a
        a.keys += b.keys
        a.builders |= b.builders
        for footage, keys in b.footages.items():
            a.footages.setdefault(footage, []).extend(keys)
        for key in b.keys:
            self._group[key] = a

    def _kept_apart(self, a: _Group, b: _Group, tie: Tie) -> bool:
        if any(self._group[other] is b for key in a.keys for other in self._cut.get(key, ())):
            return True
        if tie.kind == "joined":
            return False
        # In a copy or in the same shot a builder read otherwise is a slip of the reader.
        if tie.kind == "place" and a.builders and b.builders and a.builders != b.builders:
            return True
        return any(
            apart(self._seen[one], self._seen[other])
            for footage in a.footages.keys() & b.footages.keys()
            for one in a.footages[footage]
            for other in b.footages[footage]
        )


def _machine(
    seen: Sequence[LinkSighting], voices: _Groups, tested: Collection[str]
) -> LinkedMachine:
    """What the surest of one machine's sightings says.

    Of several builders one of an origin under test is named only if it has most voices, and more
    than one. Copies of one recording and parts of one shot have one voice.
    """
    surest = min(seen, key=lambda one: (one.grade, -one.probability, one.key))
    builder, grade, probability = surest.builder, surest.grade, surest.probability
    said = {(one.builder, id(voices.of(one.key))) for one in seen if one.builder}
    count = Counter(name for name, _ in said)
    alone = builder is not None and not 1 < count[builder] > len(said) / 2
    if builder in tested and len(count) > 1 and alone:
        builder, grade, probability = None, "U", 0.0
    keys, footages = tuple(one.key for one in seen), len({one.footage for one in seen})
    return LinkedMachine(keys, builder, grade, probability, footages, len(count) > 1)


def update_machines(session: Session, model: str, settings: str, pair: Collection[str] = ()) -> int:
    """How many sightings were new, after links and machines of a recipe were brought up to date.

    pair: two sightings, if only a decision on these is new.
    """
    hold_table(session, Membership)
    scope = load_scope(session, model, settings)
    decided = load_decided(session, scope)
    if pair and not scope.new:
        touched = {*pair} | decided.carried
    else:
        # New ones are compared with all that looks like them before they are of any machine.
        tie_by_looks(session, scope)
        touched = tie_copies(session, scope) | scope.new | decided.keys
    touched |= tie_by_hand(session, scope, decided.joined)
    found = work_out(session, scope, touched, decided)
    for link in found.links:
        # Written together: a statement for each compares it with every link of the session.
        link.held = (link.a, link.b, link.kind) in found.held
    session.flush()
    _replace(session, scope, found.keys, found.machines)
    return len(scope.new)


def tested_among(session: Session, scope: Scope, builders: Collection[str]) -> set[str]:
    """Those of the builders from an origin under test; one that the registry lacks is held for
    one."""
    if not builders:
        return set()
    row = session.get(Recipe, (scope.model, scope.settings))
    tested = origins_under_test(row.values if row is not None else {})
    origins = {entry.id: entry.origin for entry in load_registry()}
    return {name for name in builders if origins.get(name, tested[0] if tested else "") in tested}


@dataclass(frozen=True)
class WorkedOut:
    """The machines of a set of sightings that no tie leaves."""

    keys: set[str]
    machines: list[LinkedMachine]
    links: list[Link]
    held: set[tuple[str, str, str]]  # (a, b, kind) of the links that hold within one machine


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


def _connected(session: Session, touched: Collection[str]) -> list[Link]:
    """All links that lead, over however many steps, from the sightings touched."""
    found: dict[tuple[str, str, str], Link] = {}
    known, frontier = set(touched), set(touched)
    while frontier:
        query = select(Link).execution_options(populate_existing=True)
        sides = (select_in(session, query, side, frontier) for side in (Link.a, Link.b))
        links = {(link.a, link.b, link.kind): link for rows in sides for (link,) in rows}
        reached = {end for a, b, _ in links for end in (a, b)}
        frontier = reached - known
        known |= reached
        found |= links
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
    recipe = {"model": scope.model, "settings": scope.settings}
    names = ("builder", "grade", "probability", "footages", "conflict")
    for machine in machines:
        id_, number = machine_id(machine.sightings[0]), len(machine.sightings)
        rows.append({"id": id_, "sightings": number} | recipe | values_of(machine, *names))
        members += [{"sighting": sighting, "machine": id_} for sighting in machine.sightings]
    insert_all(session, MachineRow, rows)
    insert_all(session, Membership, members)


def join(session: Session, a: str, b: str, author: str, note: str | None = None) -> Decision:
    """Notes that two sightings show one machine, and makes it so; within a transaction.

    `UsageError`: no such sighting, no author, one and the same sighting, two recipes, or the two
    are kept apart by an earlier cut.
    """
    before = _held(session)
    decision = _decide(session, a, b, "join", author, note)
    # Where a cut stands between them, an earlier join could give way to this one just as well.
    if not before | {(decision.a, decision.b)} <= _held(session):
        raise UsageError.saying(
            "%(a)s and %(b)s: cannot be joined while sightings joined to them are cut "
            "apart by hand; join those first, or cut what joins them",
            a=a,
            b=b,
        )
    return decision


def cut(session: Session, a: str, b: str, author: str, note: str | None = None) -> Decision:
    """Notes that two sightings show two machines, and makes it so; as `join`."""
    return _decide(session, a, b, "cut", author, note)


def _decide(session: Session, a: str, b: str, what: str, author: str, note: str | None) -> Decision:
    if not author.strip():
        raise UsageError("a decision needs an author; give a name")
    if a == b:
        raise UsageError.saying("%(a)s: is one sighting; name two", a=a)
    a, b = sorted((a, b))
    some = select(SightingRow).where(SightingRow.key.in_((a, b)))
    rows = {row.key: row for row in session.scalars(some)}
    for key in sorted({a, b} - rows.keys()):
        raise UsageError.saying("no sighting %(key)s in this case; name one that is there", key=key)
    recipes = {(row.model, row.settings) for row in rows.values()}
    if len(recipes) > 1:
        raise UsageError.saying(
            "%(a)s and %(b)s: found with two models or settings; name two of one", a=a, b=b
        )
    hold_table(session, Decision)  # two at once would both take the next number
    number = (session.scalar(select(func.max(Decision.number))) or 0) + 1
    where = {
        name: {"footage": row.footage, "pts": str(row.pts), "box": list(row.box)}
        for name, row in (("a", rows[a]), ("b", rows[b]))
    }
    decision = Decision(
        number=number, a=a, b=b, what=what, author=author, made=datetime.now(UTC), note=note,
        where=where,
    )  # fmt: skip
    session.add(decision)
    session.flush()
    ((model, settings),) = recipes
    update_machines(session, model, settings, (a, b))
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


def rows_of_machines(session: Session, recipe: Recipe | None) -> Sequence[MachineRow]:
    """The machines found with a recipe, or with all; those of most sightings first."""
    order = MachineRow.sightings.desc(), MachineRow.grade, MachineRow.id
    query = select(MachineRow).where(found_with(MachineRow, recipe)).order_by(*order)
    return session.scalars(query).all()


def count_machines(session: Session, recipe: Recipe | None = None) -> int:
    """How many machines were found with a recipe; with all of them together if None."""
    query = select(func.count()).select_from(MachineRow).where(found_with(MachineRow, recipe))
    return session.scalar(query) or 0


def machine_of(session: Session, sighting: str) -> str:
    """The id of the machine a sighting, by key, belongs to."""
    query = select(Membership.machine).where(Membership.sighting == sighting)
    return session.scalars(query).one()


def short(key: str) -> str:
    """The key of a sighting or a machine, as short as it is still called by."""
    analysis, colon, name = key.partition(":")
    return f"{analysis[:10]}{colon}{name}"
