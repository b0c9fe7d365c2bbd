"""What the feed finds goes on the list of work, also while nobody works yet."""

from __future__ import annotations

from evidence.sweep.feed import Feed
from evidence.sweep.folders import Trouble
from evidence.sweep.ledger import Ledger
from evidence.sweep.stop import Stop
from evidence.sweep.tally import Watcher

WAIT_SECONDS = 0.2
"""For whatever is waited for: so often sources and signals are seen to in between."""


class Intake:
    """What the feed finds, put on the list of work."""

    def __init__(self, ledger: Ledger, feed: Feed, watcher: Watcher, priority: int) -> None:
        self._ledger, self._feed, self._watcher = ledger, feed, watcher
        self._priority = priority

    @property
    def ended(self) -> bool:
        return self._feed.ended

    @property
    def watching(self) -> bool:
        return self._feed.watching

    def fetch(self) -> bool:
        """Adds what has been found by now; gives whether there was anything."""
        ended, found = self._feed.ended, self._feed.take()
        for one in found:
            if isinstance(one, Trouble):
                self._watcher.trouble(one.message)
        sources = [one for one in found if not isinstance(one, Trouble)]
        if sources:
            self._ledger.add(sources, self._priority)
        self._ledger.tally.finding = not ended
        return bool(sources)

    def wait_for_work(self, stop: Stop) -> bool:
        """Waits until there is something to do; False where there will be nothing."""
        while not stop.asked:
            ended = self._feed.ended
            self.fetch()
            if self._ledger.take(1, []):
                return True
            if ended:
                return False
            self._ledger.count()
            self._watcher.show(self._ledger.tally)
            self._ledger.beat()
            stop.wait(WAIT_SECONDS)
        return False
