"""One call of `nameplate sweep`: holds the case and works, or adds to the list of who holds it."""

from __future__ import annotations

from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import exists, select

from datasets.errors import CaseLocked, NameplateError, UsageError
from datasets.messages import Message
from datasets.registry import Registry
from detector import Settings
from detector.look.model_files import model_digest
from detector.program import program
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.sighting_tables import settings_key
from evidence.case.summary import add_recipe, last_recipe, left_out, with_program
from evidence.case.tables import Recipe, Work
from evidence.case.work_queue import add_all, add_work, counts, reopen
from evidence.work.cluster import ClusterPool
from evidence.work.folders import Trouble
from evidence.work.ledger import MOST_TRIES, PATIENCE_SECONDS, WAIT_SECONDS, Ledger
from evidence.work.loop import WorkLoop
from evidence.work.pool import LocalPool, Pool
from evidence.work.progress import Stop, SweepTally, Watcher, read_status
from evidence.work.sources import Feed
from evidence.work.tasks import pack_setup

# Longest that one clip may keep a worker. The decoder has limits of its own, for an hour of
# footage well below; they grow with the length that footage declares, and this does not.
CLIP_SECONDS = 4 * 3600.0
INSTANT_SECONDS = 0.3  # longer than to ask how far a sweep is takes hold of the case
LOOK_SECONDS = 1.0  # so often a call that goes on adding looks whether the lock is free

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
    source list cannot be used.
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
            add_all(session, recipe)
    with feed:
        while True:
            with ExitStack() as stack:
                if _take_hold(case, stop, stack):
                    return _work(Ledger(case, recipe, order, stop, watcher), feed)
            if (ending := _add(case, recipe, order, feed, stop, watcher)) is not None:
                return ending


def _take_hold(case: Case, stop: Stop, stack: ExitStack) -> bool:
    """Holds the case until the stack ends. False where another holds it for more than the instant
    in which `read_status` tries whether anybody does."""
    for seconds in (INSTANT_SECONDS, 0.0):
        with suppress(CaseLocked):
            stack.enter_context(case.lock())
            return True
        stop.wait(seconds)
    return False


def _work(ledger: Ledger, feed: Feed) -> Ending:
    """Works as the holder of the lock."""
    stop, away, said = ledger.stop, False, "ended by an error"
    try:
        if _wait_for_work(ledger, feed):
            with _pool(ledger.order) as pool:
                loop = WorkLoop(ledger, pool, feed)
                loop.run()
                away = loop.away
        ledger.settle(last=True)
        ledger.count(fresh=True)
        ledger.tally.finding = not feed.ended
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


def _wait_for_work(ledger: Ledger, feed: Feed) -> bool:
    """Waits until there is something to do; False where there will be nothing."""
    while not ledger.stop.asked:
        ended = feed.ended
        ledger.fetch(feed)
        if ledger.take(1, []):
            return True
        if ended:
            return False
        ledger.count()
        ledger.watcher.show(ledger.tally)
        ledger.beat()
        ledger.stop.wait(WAIT_SECONDS)
    return False


_OTHERS = Message("another run holds the case; waiting for it")
_UNLIKE = Message(
    "process %(pid)s on %(host)s works on the case with another model, registry or other settings; "
    "waiting for it to end"
)


def _add(
    case: Case, recipe: Recipe, order: Order, feed: Feed, stop: Stop, watcher: Watcher
) -> Ending | None:
    """Adds what the feed has found to the list of a case that another call holds. None: look again
    whether the case is free, since more may be found or nobody sweeps."""
    ended, found = feed.ended, feed.take()
    for one in found:
        if isinstance(one, Trouble):
            watcher.trouble(one.message)
    if sources := [one for one in found if not isinstance(one, Trouble)]:
        with case.session() as session, session.begin():
            add_work(session, recipe, sources, order.priority)
    status = read_status(case)
    run = status.run if status is not None and status.alive else None
    ours = run is not None and (run.model, run.settings) == (recipe.model, recipe.settings)
    if stop.asked or (ended and run is not None):
        with case.session() as session:  # the holder has not counted what was added
            tally = SweepTally(finding=not ended)
            tally.count(session, recipe)
            tally.left_out = left_out(session)
        waits: Outcome = "joined" if ours else "listed" if tally.waiting else "done"
        return Ending("interrupted" if stop.asked else waits, tally)
    if run is None:
        watcher.waiting(_OTHERS)
    elif not ours:
        watcher.waiting(_UNLIKE.fill(pid=run.pid, host=run.host))
    elif status is not None:
        watcher.show(status.tally)
    stop.wait(LOOK_SECONDS)
    return None


def _pool(order: Order) -> Pool[Any]:
    """The workers of an order, to be entered."""
    setup = pack_setup(order.settings, order.registry, order.model, order.cluster is not None)
    if order.cluster is None:
        return LocalPool(order.workers, setup, order.seconds)
    return ClusterPool(order.cluster, setup, order.seconds)
