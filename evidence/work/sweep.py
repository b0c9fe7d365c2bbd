"""One call of `nameplate sweep`: hold the case and work, or join whoever holds it."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from datasets.errors import CaseLocked, CaseUnreachable, NameplateError, UsageError
from datasets.messages import Message
from datasets.registry import Registry
from detector import Settings
from detector.look.model_files import model_digest
from detector.program import is_later, program
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.folder import CaseLock
from evidence.case.queue import FootageSource, add_all, add_work, counts, reopen, take
from evidence.case.sighting_tables import settings_key
from evidence.case.summary import add_recipe, last_program, last_recipe, left_out, with_program
from evidence.case.tables import Recipe, Work
from evidence.work.cluster import ClusterPool
from evidence.work.feed import Feed
from evidence.work.folders import Trouble
from evidence.work.ledger import MOST_TRIES, PATIENCE_SECONDS, WAIT_SECONDS, WAITING, Ledger
from evidence.work.loop import WorkLoop
from evidence.work.pool import LocalPool, Pool
from evidence.work.progress import Stop, SweepTally, Watcher, read_status
from evidence.work.tasks import pack_setup

# Longest that one clip may keep a worker. The decoder has limits of its own, for an hour of
# footage well below; they grow with the length that footage declares, and this does not.
CLIP_SECONDS = 4 * 3600.0
INSTANT_SECONDS = 0.3  # longer than to ask how far a sweep is takes hold of the case
LOOK_SECONDS = 1.0  # how often one who joined looks how far it is, and whether the lock is free

Outcome = Literal["done", "interrupted", "away", "joined", "listed"]


@dataclass(frozen=True)
class Order:
    """What is asked of a sweep."""

    settings: Settings
    registry: Registry
    model: Path | None = None  # the folder of an exported model; the packaged one if None
    cluster: str | None = None  # the address of a Dask scheduler; workers on this machine if None
    workers: int | None = None  # how many of those; as many as suit it if None
    seconds: float = CLIP_SECONDS  # longest that one clip may keep a worker
    priority: int = 0
    retry: bool = False  # look again at what was set aside
    wait: bool = True  # where another holds the case, until all is done
    patience: float = PATIENCE_SECONDS
    tries: int = MOST_TRIES
    anew: bool = False  # look at all footage of the case again, with this program


@dataclass(frozen=True)
class Ending:
    """How a sweep ended. away: files out of reach still wait. joined: whoever holds the case works
    on what was added; listed: nobody does yet."""

    outcome: Outcome
    tally: SweepTally


def going_on(case: Case, order: Order) -> Order:
    """The order, with the program that last looked at the whole case again, if one did."""
    with case.session() as session:
        digest = model_digest(order.model)
        settings = with_program(session, order.settings, digest, order.registry)
    return replace(order, settings=settings)


def check_listed(case: Case, order: Order) -> None:
    """Refuses an order without footage if its list is empty and another recipe's is not.

    Such an order would say that all is done, and hide what waits. `UsageError`: all that is listed
    is so with another model, registry or other settings.
    """
    settings = settings_key(order.settings.digest, order.registry.digest)
    mine = found_with(Work, Recipe(model=model_digest(order.model), settings=settings))
    with case.session() as session:
        last = last_recipe(session)
        if last is None or session.scalar(select(exists().where(mine))):
            return
        left = counts(session, last)
    raise UsageError(
        f"{case.folder}: nothing is on its list with these settings, this registry and model. It "
        f"was worked with others last ({left.waiting} waiting, {left.done} done, "
        f"{sum(left.aside.values())} set aside): give those to go on (--budget, --settings, "
        "--registry, --model), or name the folders, to look at all that is in them with these"
    )


def sweep(case: Case, order: Order, feed: Feed, stop: Stop, watcher: Watcher) -> Ending:
    """Works through what a case's list holds and the feed brings.

    `ModelError`: the model is missing or damaged. `ClusterError`: the workers cannot be reached or
    equipped. `CaseError`: the case cannot be written, or stayed out of reach. `UsageError`: a
    source list cannot be used, or an older program is to start over.
    """
    digest = model_digest(order.model)
    if order.anew:
        looked = order.settings.model_copy(update={"program": program()})
        order = replace(order, settings=looked)
    with case.session() as session, session.begin():
        recipe = add_recipe(session, digest, order.settings, order.registry)
        if order.retry:
            reopen(session, recipe)
        if order.anew:
            _check_later(case, session)
            add_all(session, recipe)
    call = _Call(case, recipe, order, feed, stop, watcher)
    with feed:
        while True:
            with ExitStack() as stack:
                if held := call.take_hold(stack):
                    return call.work(held)
            ending = call.join()
            if ending is not None:
                return ending


def _check_later(case: Case, session: Session) -> None:
    """Refuses to let an older program look again at what a later one has looked at.

    What the later one finds more would be lost to the case. `UsageError`: this one is older.
    """
    if (last := last_program(session)) and is_later(last, program()):
        raise UsageError(
            f"{case.folder}: looked at last by Nameplate {last}, a later version than this one "
            f"({program()}); look anew with that one, or a later one still"
        )


_OTHERS = Message("another run holds the case; waiting for it")
_UNLIKE = Message(
    "process %(pid)s on %(host)s works on the case with another model, registry or other settings; "
    "waiting for it to end"
)


class _Call:
    """One call of a sweep, that works as the holder of the lock or joins whoever holds it."""

    def __init__(
        self, case: Case, recipe: Recipe, order: Order, feed: Feed, stop: Stop, watcher: Watcher
    ) -> None:
        self._case, self._recipe, self._order = case, recipe, order
        self._feed, self._stop, self._watcher = feed, stop, watcher
        self._found: list[FootageSource] = []  # taken out of the feed, and not on the list yet

    def take_hold(self, stack: ExitStack) -> CaseLock | None:
        """The case's lock until the stack ends.

        None where another holds it for more than the instant in which `read_status` tries whether
        anybody does.
        """
        with suppress(CaseLocked):
            return stack.enter_context(self._case.lock())
        self._stop.wait(INSTANT_SECONDS)
        with suppress(CaseLocked):
            return stack.enter_context(self._case.lock())
        return None

    def work(self, held: CaseLock) -> Ending:
        """Works as the holder of the lock."""
        order, stop, watcher = self._order, self._stop, self._watcher
        ledger = Ledger(self._case, held, self._recipe, order, stop, watcher)
        away = False
        said = "ended by an error"
        try:
            if self._wait_for_work(ledger):
                with _pool(order) as pool:
                    loop = WorkLoop(ledger, pool, self._feed, stop, watcher)
                    loop.run()
                    away = loop.away
            ledger.settle(last=True)
            ledger.count(fresh=True)
            ledger.tally.finding = not self._feed.ended
            outcome: Outcome = "interrupted" if stop.asked else "away" if away else "done"
            said = outcome
            return Ending(outcome, ledger.tally)
        except NameplateError as error:
            said = str(error)
            raise
        except KeyboardInterrupt:
            said = "interrupted"
            raise
        finally:
            ledger.end(said)

    def _wait_for_work(self, ledger: Ledger) -> bool:
        """Waits until there is something to do; False where there will be nothing."""
        while not self._stop.asked:
            ended = self._feed.ended
            ledger.fetch(self._feed)
            if ledger.take(1, []):
                return True
            if ended:
                return False
            ledger.count()
            self._watcher.show(ledger.tally)
            ledger.beat()
            self._stop.wait(WAIT_SECONDS)
        return False

    def join(self) -> Ending | None:
        """Adds to the list of a case that another holds, and watches; None once it is free."""
        order, stop, watcher = self._order, self._stop, self._watcher
        away: float | None = None
        waiting, since = -1, 0.0
        tally = SweepTally()
        while not stop.asked:
            try:
                ended = self._pass_on()
                # Asked first: who does the last of it notes with it that machines are to be linked.
                left = not ended or self._is_waiting()
                status = read_status(self._case)
                away = None
            except CaseUnreachable as error:
                now = time.monotonic()
                away = away or now
                if now - away > order.patience:
                    raise
                watcher.waiting(WAITING.fill(what=error.message))
                stop.wait(LOOK_SECONDS)
                continue
            run = status.run if status is not None and status.alive else None
            recipe = (self._recipe.model, self._recipe.settings)
            ours = run is not None and (run.model, run.settings) == recipe
            if not ours and ended and (not order.wait or (run is not None and not left)):
                return Ending("listed" if left else "done", self._tally())
            if status is None or run is None:
                watcher.waiting(_OTHERS)
                stop.wait(LOOK_SECONDS / 2)
                return None
            if not ours:
                watcher.waiting(_UNLIKE.fill(pid=run.pid, host=run.host))
                stop.wait(LOOK_SECONDS)
                continue
            tally = status.tally
            watcher.show(tally)
            if ended and not order.wait:
                with self._case.session() as session:  # the holder has not counted what was added
                    tally.count(session, self._recipe)
                return Ending("joined", tally)
            if not left and not tally.relink:
                return Ending("done", self._tally())
            if ended:
                if tally.waiting != waiting:
                    waiting, since = tally.waiting, time.monotonic()
                # The holder may watch folders for ever; what is out of reach is not waited for.
                at_work = any(worker.path for worker in tally.workers)
                if tally.away and not at_work and time.monotonic() - since > order.patience:
                    return Ending("away", tally)
            stop.wait(LOOK_SECONDS)
        with suppress(CaseUnreachable):
            tally = self._tally()
        return Ending("interrupted", tally)

    def _pass_on(self) -> bool:
        """Adds what the feed has found; gives whether that was all."""
        if not self._found:
            for one in self._feed.take():
                if isinstance(one, Trouble):
                    self._watcher.trouble(one.message)
                else:
                    self._found.append(one)
        if self._found:
            with self._case.session() as session, session.begin():
                add_work(session, self._recipe, self._found, self._order.priority)
            self._found.clear()
        return self._feed.ended

    def _is_waiting(self) -> bool:
        # To count a large case takes long; this is asked every second.
        with self._case.session() as session:
            return bool(take(session, self._recipe, 1))

    def _tally(self) -> SweepTally:
        """How far the list of a recipe has come that nobody works on."""
        tally = SweepTally(finding=False)
        with self._case.session() as session:
            tally.count(session, self._recipe)
            tally.left_out = left_out(session)
        return tally


def _pool(order: Order) -> Pool[Any]:
    """The workers of an order, to be entered."""
    setup = pack_setup(order.settings, order.registry, order.model, order.cluster is not None)
    if order.cluster is None:
        return LocalPool(order.workers, setup, order.seconds)
    return ClusterPool(order.cluster, setup, order.seconds)
