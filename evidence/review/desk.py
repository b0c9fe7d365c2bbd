"""Who holds which item at this moment: kept in the server's memory, since it may be lost.

A reviewer is dealt a hand of items, which nobody else is dealt for some minutes. One in six is
of the audit sample, so that the sample gets judged, and nobody can tell from a place in the
queue which ones they are.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable

from sqlalchemy.orm import Session

from evidence.review.queue import count, count_mine, waiting
from evidence.store.models import Recipe
from evidence.store.people import Item

LEASE_SECONDS = 300.0
PUT_OFF_SECONDS = 1800.0
ONE_IN = 6
"""Of what is dealt, one in so many is of the audit sample, while there is any."""

FRESH_SECONDS = 5.0
"""So long a count is good enough."""


class Desk:
    """Deals items. One a server; any thread may call."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hands: dict[str, dict[str, float]] = {}
        self._put_off: dict[str, dict[str, float]] = {}
        self._dealt: dict[str, int] = {}
        self._counted: tuple[float, dict[str, int]] | None = None

    def deal(
        self,
        session: Session,
        recipe: Recipe,
        person: str,
        number: int,
        held: Collection[str] = (),
    ) -> list[Item]:
        """The next items for a person, at most `number`; what they were dealt before comes first.

        Args:
            held: what the person has at hand already. It is not given again, and if nobody has
                asked since its time ran out it is kept from others anew.
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
        """The counts of `queue.count`, some seconds old at most, those of `queue.count_mine`, and
        `held` by others."""
        with self._lock:
            self._tidy()
            now = self._clock()
            if self._counted is None or now - self._counted[0] > FRESH_SECONDS:
                self._counted = now, count(session, recipe)
            put_off = len(self._put_off.get(person, ()))
            held = len(self._others(person))
            mine = count_mine(session, recipe, person)
            return self._counted[1] | mine | {"held": held, "put_off": put_off}

    def _fresh(
        self,
        session: Session,
        recipe: Recipe,
        person: str,
        number: int,
        held: Collection[str],
    ) -> list[Item]:
        """From both lanes, in their ratio; from one where the other is empty."""
        if number <= 0:
            return []
        without = self._others(person) | set(self._hands[person]) | set(held)
        without |= self._put_off.get(person, {}).keys()
        dealt = self._dealt.get(person, 0)
        turns = [(dealt + turn) % ONE_IN == ONE_IN - 1 for turn in range(number)]
        lanes = {
            sample: waiting(session, recipe, person, number, sample=sample, without=without)
            if sample in turns
            else None
            for sample in (False, True)
        }
        items: list[Item] = []
        for sample in turns:
            lane = lanes[sample]
            if not lane:
                # Where one lane is empty the other stands in.
                if lanes[not sample] is None:
                    lanes[not sample] = waiting(
                        session, recipe, person, number, sample=not sample, without=without
                    )
                lane = lanes[not sample]
            if not lane:
                break
            items.append(lane.pop(0))
            dealt += 1
        self._dealt[person] = dealt
        return items

    def _still_there(
        self, session: Session, recipe: Recipe, person: str, keys: Iterable[str]
    ) -> list[Item]:
        """Of those held, the ones that others have not settled meanwhile."""
        items = []
        for key in keys:
            item = session.get(Item, key)
            ours = item is not None and (item.model, item.settings) == (
                recipe.model,
                recipe.settings,
            )
            if item is None or not ours or item.state == "settled":
                self._hands[person].pop(key, None)
            else:
                items.append(item)
        return items

    def _others(self, person: str) -> set[str]:
        return {key for who, hand in self._hands.items() if who != person for key in hand}

    def _tidy(self) -> None:
        now = self._clock()
        for held in (*self._hands.values(), *self._put_off.values()):
            for key in [key for key, until in held.items() if until < now]:
                del held[key]
