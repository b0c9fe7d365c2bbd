"""What people have decided about pairs of sightings, for the sightings there are now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.linking.load import load_seen
from evidence.linking.scope import Scope
from evidence.linking.seen import Seen, Tie, overlap
from evidence.store.derived import Decision

SAME_BOX = 0.5
"""Least IoU of the box that was judged with that of the sighting which now stands for it."""


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
    present = _present(session, decisions, scope)
    last: dict[tuple[str, str], Decision] = {}
    carried: set[str] = set()
    for decision in decisions:
        a = _stands_for(decision.a, decision.where["a"], present)
        b = _stands_for(decision.b, decision.where["b"], present)
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


def _present(
    session: Session, decisions: list[Decision], scope: Scope
) -> Mapping[str, dict[str, Seen]]:
    """By footage, the sightings there are now of each footage that a decision names."""
    footages = {d.where[side]["footage"] for d in decisions for side in ("a", "b")}
    keys = [key for key, footage in scope.footage.items() if footage in footages]
    present: dict[str, dict[str, Seen]] = defaultdict(dict)
    for key, one in load_seen(session, keys).items():
        present[one.footage][key] = one
    return present


def _stands_for(
    key: str, where: Mapping[str, Any], present: Mapping[str, dict[str, Seen]]
) -> str | None:
    here = present.get(where["footage"], {})
    if key in here:
        return key
    time, box = Fraction(where["pts"]), tuple(where["box"])
    fits = []
    for other, one in here.items():
        # The two models need not have looked at the same moments.
        now = one.box_at(min(max(time, one.first), one.last))
        near = one.first - 1 <= time <= one.last + 1
        if near and now is not None:
            fits.append((-overlap(box, now), other))
    best = min(fits, default=(0.0, ""))
    return best[1] if -best[0] >= SAME_BOX else None


def _said(decision: Decision) -> str:
    note = f": {decision.note}" if decision.note else ""
    return f"joined by {decision.author} on {decision.made:%Y-%m-%d}{note}"
