"""Whether the audit sample is what its plan draws: nothing left out, and nothing put in by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.review.audit import Member, Plan, chosen, frame_item
from evidence.review.items import members_of
from evidence.store.derived import AnalysisRow, PrintRow
from evidence.store.people import Chance, Draw


@dataclass(frozen=True)
class Drawn:
    """How the draws of an analysis differ from what the plan draws, by the names of items.

    missing: drawn, and not there. strange: there, and not drawn, or drawn otherwise. older:
    frames that were drawn, and are not among those in which nothing was found as this version
    finds them.
    """

    missing: tuple[str, ...]
    strange: tuple[str, ...]
    older: tuple[str, ...]


def compare_draws(session: Session, plan: Plan) -> Iterator[tuple[str, Drawn]]:
    """Draws the sample of each analysis a second time, and compares; by the analysis' id."""
    drawn: dict[str, dict[str, Draw]] = defaultdict(dict)
    for row in session.scalars(select(Draw)):
        drawn[row.analysis][row.item] = row
    analyses = select(AnalysisRow.id, AnalysisRow.footage).order_by(AnalysisRow.id)
    footage = {row.id: row.footage for row in session.execute(analyses)}
    for key, several in members_of(session, list(footage)):
        there = drawn.get(key, {})
        members = {one.item: one for one in several}
        missing = [one for one in several if one.item not in there and chosen(plan, one)]
        strange, older = [], []
        known = frozenset(
            session.scalars(select(PrintRow.pts).where(PrintRow.analysis == key))
            if there.keys() - members.keys()
            else ()
        )
        for item, row in there.items():
            member = members.get(item)
            if member is None and row.pts in known:
                member = Member(frame_item(key, row.pts), "frame", row.pts)
            if member is None or not _follows(plan, member, row, footage[key]):
                strange.append(item)
            elif item not in members:
                older.append(item)
        missed = sorted(one.item for one in missing)
        yield key, Drawn(tuple(missed), tuple(sorted(strange)), tuple(sorted(older)))


def drawn_from_nothing(session: Session) -> list[str]:
    """The draws, by item, from an analysis that the case does not hold."""
    lost = select(Draw.item).where(Draw.analysis.not_in(select(AnalysisRow.id)))
    return list(session.scalars(lost.order_by(Draw.item)))


def is_guessed(session: Session, plan: Plan) -> bool:
    """Whether the plan of the case is known from its draws alone, and not the program's own."""
    return plan != Plan() and session.scalar(select(Chance.stratum).limit(1)) is None


def _follows(plan: Plan, member: Member, row: Draw, footage: str) -> bool:
    """Whether a draw is the one that the plan makes of a member."""
    which = (member.item, footage, member.pts, member.sighting)
    how = (member.stratum, plan.rates[member.stratum], plan.seed)
    return (
        chosen(plan, member)
        and which == (row.item, row.footage, row.pts, row.sighting)
        and how == (row.stratum, row.probability, row.seed)
    )
