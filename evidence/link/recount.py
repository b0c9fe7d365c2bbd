"""The machines of a recipe worked out a second time, and rows that do not follow.

Links are taken as they are. What follows from them and from people's decisions is worked out by
the function that made the rows (`components.py`), some hundred sightings at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.case.sighting_tables import Link, MachineRow, Membership, SightingRow, machine_id
from evidence.link.components import LinkedMachine, machines_of
from evidence.link.decisions import PairDecisions, load_decided
from evidence.link.machines import tested_among
from evidence.link.sightings import (
    AT_ONCE,
    BRIEF,
    STRENGTH,
    Kind,
    LinkSighting,
    Scope,
    Tie,
    brief,
    with_tracks,
)


@dataclass
class Recount:
    """What does not follow, by machine, by pair of sightings, and by sighting.

    machines, links: what is the matter with each. lost: linked, and of no machine. new: how many
    are neither. pending: machines that follow once decisions on the same sightings, found with
    another recipe, are carried over to them.
    """

    machines: dict[str, str] = field(default_factory=dict)
    links: dict[tuple[str, str], str] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    new: int = 0
    pending: set[str] = field(default_factory=set)


def recheck(session: Session, model: str, settings: str) -> Recount:
    """Compares the machines, memberships and links of one recipe with what they follow from.

    Raises:
        SettingsError: this version does not understand the recipe's settings.
    """
    rows = _Rows(session, model, settings)
    found = Recount()
    _check_links(rows, found)
    linked = {key for tie in rows.ties for key in (tie.a, tie.b)}
    alone = rows.seen.keys() - rows.machine.keys()
    found.lost = sorted(alone & linked)
    found.new = len(alone - linked)
    for seen, ties in _sets(session, rows):
        builders = {one.builder for one in seen.values() if one.builder}
        tested = tested_among(session, rows.scope, builders)
        machines, held = machines_of(seen, ties, rows.decided.cut, tested)
        for machine in machines:
            _compare(rows, machine, found)
        for tie in ties:
            counts = (tie.a, tie.b, tie.kind) in held
            if rows.held[tie] != counts and not rows.carried(tie.a, tie.b):
                what = f"their link ({tie.kind}) is said {'not ' if counts else ''}to hold"
                found.links.setdefault((tie.a, tie.b), what)
    return found


class _Rows:
    """What the tables hold of one recipe.

    seen: its sightings, without their tracks. machine: of each that has one; number: of the
    sightings of each machine. ties: the links that can be; held: whether they are said to hold.
    """

    def __init__(self, session: Session, model: str, settings: str) -> None:
        mine = SightingRow.model == model, SightingRow.settings == settings
        self.seen: dict[str, LinkSighting] = {}
        self.machine: dict[str, str] = {}
        self.number: dict[str, int] = defaultdict(int)
        query = (
            select(*BRIEF, Membership.machine)
            .outerjoin(Membership, Membership.sighting == SightingRow.key)
            .where(*mine)
        )
        for row in session.execute(query):
            self.seen[row.key] = brief(row[:-1])
            if row.machine is not None:
                self.machine[row.key] = row.machine
                self.number[row.machine] += 1
        machines = select(MachineRow).where(
            MachineRow.model == model, MachineRow.settings == settings
        )
        self.rows = {row.id: row for row in session.scalars(machines)}
        self.links = session.execute(
            select(Link.a, Link.b, Link.kind, Link.score, Link.held)
            .join(SightingRow, SightingRow.key == Link.a)
            .where(*mine)
            .order_by(Link.a, Link.b, Link.kind)
        ).all()
        self.ties: list[Tie] = []
        self.held: dict[Tie, bool] = {}
        where = {key: one.footage for key, one in self.seen.items()}
        self.scope = Scope(model, settings, where, frozenset())
        self.decided: PairDecisions = load_decided(session, self.scope)

    def carried(self, *keys: str) -> bool:
        """Whether one of them stands for what a decision named, which may not be applied yet."""
        return not self.decided.carried.isdisjoint(keys)


def _check_links(rows: _Rows, found: Recount) -> None:
    """Takes as ties the links that can be; those by hand must be what people decided."""
    joined = {(tie.a, tie.b) for tie in rows.decided.joined}
    by_hand = set()
    for a, b, kind, score, held in rows.links:
        if kind not in STRENGTH or b not in rows.seen:
            found.links[a, b] = f"their link ({kind}) is none that is ever made"
            continue
        if kind == "joined":
            by_hand.add((a, b))
        tie = Tie(a, b, cast("Kind", kind), score, "")
        rows.ties.append(tie)
        rows.held[tie] = held
    for pair in sorted(by_hand ^ joined):
        if not rows.carried(*pair):
            gone = pair in joined
            found.links[pair] = "their link by hand is gone" if gone else "nobody joined them"


def _sets(session: Session, rows: _Rows) -> Iterator[tuple[Mapping[str, LinkSighting], list[Tie]]]:
    """Sightings with all that ties connect to them, and these ties; all that have a machine."""
    group = _groups(rows.ties)
    members: dict[str, list[str]] = defaultdict(list)
    ties: dict[str, list[Tie]] = defaultdict(list)
    for key, root in group.items():
        members[root].append(key)
    for tie in rows.ties:
        ties[group[tie.a]].append(tie)
    # Where one has lost its machine that is told of, and nothing more follows.
    whole = [root for root in sorted(members) if rows.machine.keys() >= set(members[root])]
    while whole:
        keys: list[str] = []
        some: list[Tie] = []
        while whole and len(keys) < AT_ONCE:
            root = whole.pop()
            keys += members[root]
            some += ties[root]
        yield with_tracks(session, {key: rows.seen[key] for key in keys}), some
    yield {key: rows.seen[key] for key in rows.machine if key not in group}, []


def _groups(ties: Iterable[Tie]) -> dict[str, str]:
    """By sighting that is tied to any, one that stands for all that ties connect to it."""
    above: dict[str, str] = {}

    def top(key: str) -> str:
        while above.setdefault(key, key) != key:
            above[key] = above[above[key]]
            key = above[key]
        return key

    for tie in ties:
        above[top(tie.a)] = top(tie.b)
    return {key: top(key) for key in list(above)}


def _compare(rows: _Rows, machine: LinkedMachine, found: Recount) -> None:
    """Whether one machine has the sightings it should, and says what it should."""
    keys = machine.sightings
    name = machine_id(keys[0])
    theirs = {rows.machine[key] for key in keys}
    wrong: dict[str, str] = {}
    if theirs != {name} or rows.number[name] != len(keys):
        wrong = dict.fromkeys(theirs, "has other sightings than links and decisions give it")
    elif (row := rows.rows.get(name)) is None:
        wrong = {name: "is of another model or other settings than its sightings"}
    else:
        says = ("builder", "grade", "probability", "footages", "conflict")
        unlike = [word for word in says if getattr(row, word) != getattr(machine, word)]
        if unlike:
            wrong = {name: f"has another {', '.join(unlike)} than follows from its sightings"}
    if wrong and rows.carried(*keys):
        found.pending |= wrong.keys()
    else:
        found.machines |= wrong
