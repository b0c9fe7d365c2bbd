"""How often a password may be tried.

Two counts, both of one address (of a network of 64 bits for IPv6): of tries at one name, and of
tries at all. So whoever guesses is slowed down, and the person whose name is guessed at, who
calls from another address, is not. What was tried is kept in memory; one server serves a case.
"""

from __future__ import annotations

import threading
import time
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv6Address, ip_address

from api.web.problems import TooMany
from datasets.sentences import Sentence

AT_ONE_NAME = (5, 60.0)
AT_ANY_NAME = (20, 15.0)
"""Tries at once, and the seconds after which one more is allowed."""

_REMEMBERED = 10_000
_HASHING = 2  # at once: each takes 64 MiB
_WAITS = 10.0  # seconds for one's turn at hashing


class Bucket:
    """So many at once, and one more every so many seconds, for each key."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Takes one; gives 0.0, or the seconds to wait where there is none left."""
        now = self._clock()
        left, then = self._left.pop(key, (float(self._most), now))
        left = min(self._most, left + (now - then) / self._seconds)
        wait = 0.0 if left >= 1 else (1 - left) * self._seconds
        self._left[key] = (left - 1 if wait == 0 else left, now)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return wait

    def give_back(self, key: str) -> None:
        """As if the last one had not been taken."""
        left, then = self._left.get(key, (float(self._most), 0.0))
        if key in self._left:
            self._left[key] = (min(self._most, left + 1), then)


class Attempts:
    """Tries at passwords on one server."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_name = Bucket(*AT_ONE_NAME, clock)
        self._at_any = Bucket(*AT_ANY_NAME, clock)
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(_HASHING)

    @contextmanager
    def attempt(self, address: str, name: str) -> Iterator[Callable[[], None]]:
        """One try, counted beforehand so that many at once count as many.

        Gives the function by which one that was right is taken off the count.

        Raises:
            TooMany: too often; it says for how long.
        """
        network = _network(address)
        # As accounts are looked up by it: one name is not several for a blank behind it.
        name = unicodedata.normalize("NFC", name).strip().casefold()
        keys = ((self._at_any, network), (self._at_name, f"{network} {name}"))
        with self._lock:
            # A name that is not tried any more is not remembered, lest it push out one that was.
            wait = self._at_any.take(network) or self._at_name.take(f"{network} {name}")
        if wait > 0:
            raise TooMany(
                Sentence("too many wrong passwords; wait %(seconds)s s").fill(
                    seconds=f"{wait:.0f}"
                ),
                wait,
            )

        def right() -> None:
            with self._lock:
                for bucket, key in keys:
                    bucket.give_back(key)

        if not self._turn.acquire(timeout=_WAITS):
            right()
            raise TooMany(Sentence("many are logging in just now; try again"), _WAITS)
        try:
            yield right
        finally:
            self._turn.release()


def _network(address: str) -> str:
    """What one caller holds: an IPv4 address, 64 bits of IPv6."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return f"{int(found) >> 64:x}"
    return str(found)
