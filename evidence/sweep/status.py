"""How a sweep of a case goes, read from the store by anybody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from datasets.errors import CaseLocked, CaseUnwritable
from evidence.store import Case, Recipe, Run, Work
from evidence.store.models import MOVED
from evidence.store.work import ASIDE, counts
from evidence.sweep.tally import Tally, count_found

DEAD_SECONDS = 120.0
"""A run that has not been heard of for so long looks dead, where its lock cannot be tried."""


@dataclass(frozen=True)
class Status:
    """The latest sweep of a case.

    alive: it is at work now. heard: seconds since its last sign of life, by this machine's
    clock, which may differ from the run's. tally: counted anew where no sweep is at work; then no
    pace is told, nor what time is left. aside: path, kind of error and reason of each file that was
    set aside, in order.
    """

    run: Run
    tally: Tally
    alive: bool
    heard: float
    aside: tuple[tuple[str, str, str], ...] = ()

    @property
    def died(self) -> bool:
        """Whether it ended without having been able to say so."""
        return not self.alive and self.run.ended is None


def read_status(case: Case) -> Status | None:
    """The latest sweep of a case, None where there was none.

    Raises:
        CaseUnreachable: the database does not answer.
    """
    with case.session() as session:
        latest = select(Run).where(Run.kind == "sweep").order_by(Run.started.desc(), Run.id)
        run = session.scalars(latest.limit(1)).first()
        if run is None:
            return None
        heard = (datetime.now(UTC) - run.beat).total_seconds()
        alive = run.ended is None and _is_held(case, heard)
        tally = Tally.from_json(run.counts)
        recipe = session.get(Recipe, (run.model, run.settings))
        if not alive and recipe is not None:
            tally.count(counts(session, recipe))
            count_found(session, recipe, tally)
            tally.workers, tally.rate, tally.left = [], None, None
        aside = session.execute(
            select(Work.path, Work.kind, Work.reason)
            .where(Work.model == run.model, Work.settings == run.settings, Work.state == ASIDE)
            .where(Work.kind.is_distinct_from(MOVED))
            .order_by(Work.path)
        )
        listed = tuple((path, kind or "", reason or "") for path, kind, reason in aside)
        return Status(run, tally, alive, heard, listed)


def _is_held(case: Case, heard: float) -> bool:
    """Whether somebody holds the case: the lock says so, whatever the clocks say."""
    try:
        with case.lock():
            return False
    except CaseLocked:
        return True
    except CaseUnwritable:
        return heard < DEAD_SECONDS
