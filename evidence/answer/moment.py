"""What an answer follows from, in a few numbers: while they stay, so does the answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import case as if_
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence.spelled import Writings
from evidence.store import (
    Account,
    AnalysisRow,
    ControlRow,
    Copy,
    Correction,
    Decision,
    Draw,
    Item,
    Link,
    MachineRow,
    Membership,
    Run,
    Verdict,
    Work,
)
from evidence.store.places import PLACES


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of a case, as far as answers go.

    analyses: of footage. counts: the last verdict and decision, the run begun last, how many
    rows there are of each kind, the accounts. places: by plant and date, as sources give them,
    how many places there are and were, with the first and the last footage. controls: footage
    and builder.
    """

    analyses: int
    counts: tuple[object, ...]
    places: tuple[tuple[object, ...], ...]
    controls: tuple[tuple[object, ...], ...]

    def plants(self, writings: Writings) -> tuple[str, ...]:
        """The plants that sources name, each once, in order."""
        return tuple(writings.once(str(row[0]) for row in self.places if row[0] is not None))


def read_moment(session: Session) -> Moment:
    """The state of the case that a session sees."""
    counts: list[object] = [
        session.scalar(select(func.max(Verdict.number))),
        session.scalar(select(func.max(Decision.number))),
        session.scalar(select(func.max(Run.started))),
        session.scalar(select(func.count()).where(Item.state == "settled")),
    ]
    for table in (Copy, Correction, Draw, MachineRow, Membership):
        counts.append(session.scalar(select(func.count()).select_from(table)))
    # A file that could not be looked at adds no row to any of these.
    kind = (Work.state, Work.kind)
    works = select(*kind, func.count()).group_by(*kind).order_by(*kind)
    counts += [tuple(row) for row in session.execute(works)]
    accounts = select(Account.name, Account.made, Account.ended).order_by(Account.name)
    counts += [tuple(row) for row in session.execute(accounts)]
    held = func.sum(if_((Link.held, 1), else_=0))
    counts += session.execute(select(func.count(), held).select_from(Link)).one()
    places = session.execute(
        select(
            PLACES.c.plant_claimed,
            PLACES.c.published,
            func.count(),
            func.min(PLACES.c.footage),
            func.max(PLACES.c.footage),
        )
        .group_by(PLACES.c.plant_claimed, PLACES.c.published)
        .order_by(PLACES.c.plant_claimed, PLACES.c.published)
    )
    analyses = session.scalar(select(func.count()).select_from(AnalysisRow)) or 0
    controls = session.execute(
        select(ControlRow.footage, ControlRow.builder).order_by(
            ControlRow.footage, ControlRow.builder
        )
    )
    return Moment(
        analyses,
        tuple(counts),
        tuple(tuple(row) for row in places),
        tuple(tuple(row) for row in controls),
    )
