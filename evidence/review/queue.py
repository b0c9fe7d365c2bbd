"""What waits for a reviewer, in the order of what matters.

A reviewer is dealt a hand of items that nobody else gets for some minutes; the server's memory
knows who holds which. One in six is of the audit sample, one in twenty of a positive control, to
measure how often reviewers err. Nobody can tell from a place in the queue which ones they are.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import cache
from typing import Any, Literal

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from evidence.case.base import found_with, values_of
from evidence.case.sighting_tables import Link, Verdict
from evidence.case.tables import ControlRow, Draw, Item, Recipe
from evidence.review.items import IN_THE_SAMPLE
from evidence.review.standing import JUDGEMENTS

Lane = Literal["flags", "sample", "known"]  # what was flagged, the audit sample, positive controls
STATES = ("disputed", "partial", "open")
"""Of equal priority, what is nearest to being settled comes first."""


def waiting(
    session: Session,
    recipe: Recipe,
    person: str,
    limit: int,
    *,
    lane: Lane,
    without: Collection[str] = (),
) -> list[Item]:
    """At most `limit` items for a person: by priority, nearest to settled, then by hash."""
    told = {"person": person, "without": list(without), "limit": limit}
    told |= values_of(recipe, "model", "settings")
    found = [item for state in STATES for item in session.scalars(_query(state, lane), told)]
    found.sort(key=lambda item: item.item, reverse=True)
    found.sort(key=lambda item: (-item.priority, STATES.index(item.state)))
    return found[:limit]


@cache
def _query(state: str, lane: Lane) -> Select[Any]:
    """Made once: making it takes longer than the database does."""
    drawn = Item.priority == IN_THE_SAMPLE if lane == "sample" else Item.priority > IN_THE_SAMPLE
    among = ~_counted() if lane == "known" else and_(drawn, _counted())
    if lane == "flags":
        among = and_(among, ~_shown_with_another())
    query = (
        select(Item)
        .where(Item.model == bindparam("model"), Item.settings == bindparam("settings"))
        .where(Item.state == state, among)
        .where(Item.item.not_in(bindparam("without", expanding=True)))
        .order_by(Item.priority.desc(), Item.item.desc())
        .limit(bindparam("limit"))
    )
    return query if state == "open" else query.where(~_judged())


def _counted() -> ColumnElement[bool]:
    """Whether an item is work: one of a positive control tests reviewers and counts nowhere."""
    return Item.footage.not_in(select(ControlRow.footage))


def _shown_with_another() -> ColumnElement[bool]:
    """Whether an item waits behind one on a copy of its recording, whose card shows it too.

    The first of the two in the queue stands for both, until it is settled as what the other does
    not say. What was drawn for the audit sample always comes.
    """
    first = aliased(Item)
    corrected = and_(first.outcome == "builder", Item.kind != "claim")
    stands = or_(first.state != "settled", first.outcome == "accept", corrected)
    later = and_(first.priority == Item.priority, first.item > Item.item)
    before = or_(first.priority > Item.priority, later)
    work = first.footage.not_in(select(ControlRow.footage))
    tie = exists().where(Link.kind == "copy", Link.held, work, stands, before)
    ends = (Link.a, Link.b), (Link.b, Link.a)
    tied = [tie.where(mine == Item.sighting, first.sighting == other) for mine, other in ends]
    return and_(or_(*tied), Item.item.not_in(select(Draw.item)))


def _judged() -> ColumnElement[bool]:
    """Whether a judgement of `person` on an `Item` holds."""
    later = aliased(Verdict)
    # On the same footage, so that an index finds it.
    replaced = exists().where(later.footage == Verdict.footage, later.supersedes == Verdict.number)
    word = Verdict.verdict.in_(sorted(JUDGEMENTS))
    held = exists().where(Verdict.author == bindparam("person"), word, ~replaced)
    at = held.where(Verdict.footage == Item.footage, Verdict.pts == Item.pts)
    # Each by itself, so that each uses its index.
    return or_(
        held.where(Verdict.sighting == Item.sighting),
        and_(Item.sighting.is_(None), at.where(Verdict.sighting.is_(None))),
    )


def count_mine(session: Session, recipe: Recipe, person: str) -> dict[str, int]:
    """What is left for a person (`mine`, `my_claims`), and what waits for `others` after them."""
    waits = select(Item.kind, func.count()).where(
        found_with(Item, recipe), Item.state.in_(STATES), _counted(), ~_shown_with_another()
    )
    # Nobody has judged what is open.
    every, judged = (
        Counter(dict(session.execute(query.group_by(Item.kind), {"person": person}).all()))
        for query in (waits, waits.where(Item.state != "open", _judged()))
    )
    mine = every - judged
    return {"mine": mine.total(), "my_claims": mine["claim"], "others": judged.total()}


def count(session: Session, recipe: Recipe) -> dict[str, int]:
    """How many items are in each state, and how many claims are not settled."""
    columns = Item.state, Item.kind
    query = select(*columns, func.count()).where(found_with(Item, recipe), _counted())
    found = dict.fromkeys((*STATES, "settled", "claims"), 0)
    for state, kind, number in session.execute(query.group_by(*columns)):
        found[state] += number
        found["claims"] += number if kind == "claim" and state != "settled" else 0
    return found


LEASE_SECONDS = 300.0
PUT_OFF_SECONDS = 1800.0
ONE_IN = 6  # one in so many that are dealt is of the audit sample, while there is any
KNOWN_ONE_IN = 20  # so many items, one positive control: reviewers do not learn to expect one
FRESH_SECONDS = 5.0  # a count is good enough for so long


class ItemDealer:
    """Deals items. One a server; any thread may call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hands: dict[str, dict[str, float]] = {}
        self._put_off: dict[str, dict[str, float]] = {}
        self._dealt: dict[str, int] = {}
        self._counted: tuple[float, dict[str, int]] | None = None

    def deal(
        self, session: Session, recipe: Recipe, person: str, number: int, held: Collection[str] = ()
    ) -> list[Item]:
        """The next items for a person, at most `number`; what they were dealt before comes first.

        held: what they have already is not given again, and is kept from others anew.
        """
        with self._lock:
            hand = self._hands.setdefault(person, {})
            until = self._clock() + LEASE_SECONDS
            # Only what is in the hand still: what was judged meanwhile waits for others.
            hand |= dict.fromkeys(hand.keys() & set(held), until)
            self._tidy()
            dealt = [key for key in hand if key not in held]
            items = self._still_there(session, recipe, person, dealt[:number])
            items += self._fresh(session, recipe, person, number - len(items), held)
            for item in items:
                hand[item.item] = until
            return items

    def take(self, person: str, item: str) -> None:
        """Puts an item into a person's hand, as one that was called up."""
        with self._lock:
            hand = self._hands.setdefault(person, {})
            hand[item] = self._clock() + LEASE_SECONDS

    def release(self, item: str) -> None:
        """The item has been judged; nobody holds it."""
        with self._lock:
            self._counted = None
            for hand in self._hands.values():
                hand.pop(item, None)

    def put_off(self, person: str, item: str) -> None:
        """The person would rather not judge it now; others may, and they later."""
        with self._lock:
            self._hands.get(person, {}).pop(item, None)
            later = self._put_off.setdefault(person, {})
            later[item] = self._clock() + PUT_OFF_SECONDS

    def count(self, session: Session, recipe: Recipe, person: str) -> dict[str, int]:
        """`count`, some seconds old at most, `count_mine`, what others hold, what was put off."""
        with self._lock:
            self._tidy()
            now = self._clock()
            if self._counted is None or now - self._counted[0] > FRESH_SECONDS:
                self._counted = now, count(session, recipe)
            set_aside = self._put_off.get(person, ())
            out = {"held": len(self._others(person)), "put_off": len(set_aside)}
            return self._counted[1] | count_mine(session, recipe, person) | out

    def _fresh(
        self, session: Session, recipe: Recipe, person: str, number: int, held: Collection[str]
    ) -> list[Item]:
        """From all lanes, in their ratio; controls come while there is work, and never alone."""
        if number <= 0:
            return []
        without = self._others(person) | set(self._hands[person]) | set(held)
        without |= self._put_off.get(person, {}).keys()
        dealt = self._dealt.get(person, 0)
        lanes: dict[Lane, list[Item]] = {}

        def left(lane: Lane) -> list[Item]:
            if lane not in lanes:
                lanes[lane] = waiting(session, recipe, person, number, lane=lane, without=without)
            return lanes[lane]

        items: list[Item] = []
        while len(items) < number:
            dealt += 1
            own: Lane = "sample" if dealt % ONE_IN == 0 else "flags"
            lane = left(own) or left("flags" if own == "sample" else "sample")
            if not lane:
                break
            if dealt % KNOWN_ONE_IN == 0:
                lane = left("known") or lane
            items.append(lane.pop(0))
        self._dealt[person] = dealt - (len(items) < number)
        return items

    def _still_there(
        self, session: Session, recipe: Recipe, person: str, keys: Iterable[str]
    ) -> list[Item]:
        """Of those held, the ones that others have not settled meanwhile."""
        items, of = [], (recipe.model, recipe.settings)
        for key in keys:
            item = session.get(Item, key)
            if item and (item.model, item.settings) == of and item.state != "settled":
                items.append(item)
            else:
                self._hands[person].pop(key, None)
        return items

    def _others(self, person: str) -> set[str]:
        return {key for who, hand in self._hands.items() if who != person for key in hand}

    def _tidy(self) -> None:
        now = self._clock()
        for held in (*self._hands.values(), *self._put_off.values()):
            for key in [key for key, until in held.items() if until < now]:
                del held[key]
