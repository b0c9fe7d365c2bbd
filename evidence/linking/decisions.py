"""What people have decided about pairs of sightings, for the sightings there are now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.messages import Message
from evidence.linking.present import Place, Present
from evidence.linking.scope import Scope
from evidence.linking.seen import Tie
from evidence.store.derived import Decision

JOINED = Message("joined by %(author)s on %(day)s")
NOTED = Message("joined by %(author)s on %(day)s: %(note)s")


@dataclass(frozen=True, slots=True)
class Decided:
    """joined: a tie for each pair joined; cut: pairs, (a, b) with a < b; keys: all concerned;
    carried: those concerned by a decision that named others, in whose place they stand."""

    joined: tuple[Tie, ...]
    cut: frozenset[tuple[str, str]]
    keys: frozenset[str]
    carried: frozenset[str]


def load_decided(session: Session, scope: Scope) -> Decided:
    """The last word on each pair of sightings of one recipe.

    A decision names its two sightings by key, and by footage, time and box: where another model
    has found the machines anew it holds for the sightings that lie where those lay.
    """
    decisions = list(session.scalars(select(Decision).order_by(Decision.number)))
    pairs = [(_place(one, "a"), _place(one, "b")) for one in decisions]
    present = Present(session, scope, [place for pair in pairs for place in pair])
    last: dict[tuple[str, str], Decision] = {}
    carried: set[str] = set()
    for decision, pair in zip(decisions, pairs, strict=True):
        a, b = map(present.stands_for, pair)
        if a is not None and b is not None and a != b:
            last[min(a, b), max(a, b)] = decision
            if {a, b} != {decision.a, decision.b}:
                carried |= {a, b}
    joined = tuple(
        Tie(a, b, "joined", 1.0, _said(decision))
        for (a, b), decision in sorted(last.items())
        if decision.what == "join"
    )
    cuts = frozenset(pair for pair, decision in last.items() if decision.what == "cut")
    concerned = frozenset(key for pair in last for key in pair)
    return Decided(joined, cuts, concerned, frozenset(carried))


def decisions_on(session: Session, scope: Scope, keys: Collection[str]) -> set[int]:
    """The numbers of all decisions on any of these sightings, or on one in whose place it stands.

    Args:
        scope: all sightings of the recipe, at least those of the same footage.
    """
    footages = {scope.footage[key] for key in keys}
    places = [
        (decision.number, place)
        for decision in session.scalars(select(Decision))
        for place in (_place(decision, "a"), _place(decision, "b"))
        if place.footage in footages
    ]
    present = Present(session, scope, [place for _, place in places])
    return {number for number, place in places if present.stands_for(place) in keys}


def _place(decision: Decision, side: Literal["a", "b"]) -> Place:
    where = decision.where[side]
    x1, y1, x2, y2 = map(float, where["box"])
    key = decision.a if side == "a" else decision.b
    return Place(key, where["footage"], Fraction(where["pts"]), (x1, y1, x2, y2))


def _said(decision: Decision) -> str:
    said = {"author": decision.author, "day": f"{decision.made:%Y-%m-%d}"}
    return NOTED.fill(**said, note=decision.note) if decision.note else JOINED.fill(**said)
