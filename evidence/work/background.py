"""The working desk: works through a case's list while a server runs.

It sweeps as an archive is swept (`evidence/work`), in a thread. It holds the case and has workers
only while there is something to do. So an idle server is small, and others may work on the case. If
another process holds the case, that one does the work, and the desk watches.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from datasets.errors import NameplateError
from datasets.messages import Message
from evidence.case.case import Case
from evidence.case.tables import Recipe
from evidence.case.work_queue import take
from evidence.work.progress import Stop
from evidence.work.sources import Feed

if TYPE_CHECKING:
    from evidence.work.progress import SweepTally
    from evidence.work.sweep import Order, Outcome

LOOK_SECONDS = 10.0  # so often the list is looked at for what others have added
LINGER_SECONDS = 60.0  # after the last work workers stay for so long: to start them takes seconds
REST_SECONDS = 30.0  # after an error it is tried again so much later

AWAY_SECONDS = 600.0  # after so long what stayed out of reach is looked for again
CLOSE_SECONDS = 30.0

_LOG = logging.getLogger(__name__)
_STOPPED = Message("the analysis stopped (%(why)s); it is tried again")


@dataclass(frozen=True)
class BackgroundState:
    """The state of the background worker.

    tally: progress, as `SweepTally.to_json`; empty before the first work. message: what a person
    may want to act upon.
    """

    state: Literal["idle", "working", "waiting", "trouble"] = "idle"
    message: str | None = None
    tally: dict[str, Any] | None = None


class BackgroundWorker:
    """Works through a case's list in a thread. Use it in a `with`.

    recipe: that of the order. linger: see `LINGER_SECONDS`.
    """

    def __init__(
        self, case: Case, recipe: Recipe, order: Order, linger: float = LINGER_SECONDS
    ) -> None:
        self._case, self._recipe, self._order = case, recipe, order
        self._linger = linger
        self._stop, self._bell = Stop(), threading.Event()
        self._feed: Feed | None = None
        self._busy = 0.0
        self._come = (0, 0)
        self._thread = threading.Thread(target=self._run, name="desk", daemon=True)
        self._told: str | None = None
        self.doing = BackgroundState()

    def wake(self) -> None:
        """Something was added to the list."""
        self._bell.set()

    def __enter__(self) -> BackgroundWorker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """What is under work stays waiting, for the next who works on the case."""
        self._stop.ask()
        self._bell.set()
        self._thread.join(CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._stop.asked:
            self._bell.clear()
            rest = REST_SECONDS
            try:
                away = self._is_waiting() and self._work() == "away"
                rest = AWAY_SECONDS if away else LOOK_SECONDS
                self.doing = replace(self.doing, state="idle", message=None)
                self._told = None
            except NameplateError as error:
                self._stopped(error.message)
            except Exception as error:
                # Whatever it was, uploads and reviews go on, and the next try may succeed.
                self._stopped(_STOPPED.fill(why=f"{type(error).__name__}: {error}"), error)
            if not self._stop.asked:  # the last work may have taken the bell for news of more
                self._bell.wait(rest)

    def _stopped(self, message: str, fault: Exception | None = None) -> None:
        """Whoever runs the server reads it in its log: once, not at every try."""
        self.doing = replace(self.doing, state="trouble", message=message)
        if message != self._told:
            self._told = message
            _LOG.warning("nothing is analysed: %s", message, exc_info=fault)

    def _is_waiting(self) -> bool:
        with self._case.session() as session:
            return bool(take(session, self._recipe, 1))

    def _work(self) -> Outcome:
        from evidence.work.sweep import sweep

        self._busy = time.monotonic()
        # It finds nothing itself: others add to the list. It keeps the sweep going until closed.
        self._feed = feed = Feed([], watch=True)
        return sweep(self._case, self._order, feed, self._stop, self).outcome

    def show(self, tally: SweepTally) -> None:
        """Told by the sweep how far it is."""
        now = time.monotonic()
        at_work = any(worker.path for worker in tally.workers)
        come = (tally.done, sum(tally.aside.values()))
        if come != self._come or tally.relink or self._bell.is_set():
            self._busy, self._come = now, come
            self._bell.clear()
        # What is out of reach may stay so for ever: it alone keeps nobody here.
        waits = at_work or (tally.waiting and not tally.away)
        if not waits and now - self._busy > self._linger and self._feed is not None:
            self._feed.close()
        self.doing = BackgroundState(
            "working" if tally.waiting or at_work else "idle", None, tally.to_json()
        )

    def trouble(self, message: str) -> None:
        """Told by the sweep what a person may want to do something about."""
        self.doing = replace(self.doing, message=message)

    def waiting(self, message: str) -> None:
        """Told by the sweep what it waits for."""
        self.doing = replace(self.doing, state="waiting", message=message)
