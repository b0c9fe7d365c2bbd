"""Links cut and joined by hand. What they mean for later analyses: `decisions.py`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session, aliased

from datasets.errors import UsageError
from datasets.messages import Message
from evidence.linking.update import update_decided
from evidence.store.derived import Decision, Link, Membership, SightingRow


def join(session: Session, a: str, b: str, author: str, note: str | None = None) -> Decision:
    """Notes that two sightings show one machine, and makes it so; within a transaction.

    Raises:
        UsageError: no such sighting, no author, one and the same sighting, two recipes, or
            the two are kept apart by an earlier cut.
    """
    before = _held(session)
    decision = _decide(session, a, b, "join", author, note)
    # Where a cut stands between them, an earlier join could give way to this one just as well.
    if not before | {(decision.a, decision.b)} <= _held(session):
        raise UsageError(
            Message(
                "%(a)s and %(b)s: cannot be joined while sightings joined to them are cut "
                "apart by hand; join those first, or cut what joins them",
                a=a,
                b=b,
            )
        )
    return decision


def cut(session: Session, a: str, b: str, author: str, note: str | None = None) -> Decision:
    """Notes that two sightings show two machines, and makes it so; within a transaction.

    Raises:
        UsageError: no such sighting, no author, one and the same sighting, or two recipes.
    """
    return _decide(session, a, b, "cut", author, note)


def _decide(session: Session, a: str, b: str, what: str, author: str, note: str | None) -> Decision:
    if not author.strip():
        raise UsageError("a decision needs an author; give a name")
    if a == b:
        raise UsageError(Message("%(a)s: is one sighting; name two", a=a))
    a, b = sorted((a, b))
    rows = {
        row.key: row
        for row in session.scalars(select(SightingRow).where(SightingRow.key.in_((a, b))))
    }
    for key in (a, b):
        if key not in rows:
            raise UsageError(
                Message("no sighting %(key)s in this case; name one that is there", key=key)
            )
    recipes = {(row.model, row.settings) for row in rows.values()}
    if len(recipes) > 1:
        raise UsageError(
            Message("%(a)s and %(b)s: found with two models or settings; name two of one", a=a, b=b)
        )
    if session.get_bind().dialect.name == "postgresql":
        # Two at once would both take the next number.
        session.execute(text("LOCK TABLE decisions IN SHARE ROW EXCLUSIVE MODE"))
    decision = Decision(
        number=(session.scalar(select(func.max(Decision.number))) or 0) + 1,
        a=a,
        b=b,
        what=what,
        author=author,
        made=datetime.now(UTC),
        note=note,
        where={name: _place(rows[key]) for name, key in (("a", a), ("b", b))},
    )
    session.add(decision)
    session.flush()
    ((model, settings),) = recipes
    update_decided(session, model, settings, (a, b))
    return decision


def _held(session: Session) -> set[tuple[str, str]]:
    """The pairs joined by hand that are one machine."""
    a, b = aliased(Membership), aliased(Membership)
    query = (
        select(Link.a, Link.b)
        .join(a, a.sighting == Link.a)
        .join(b, b.sighting == Link.b)
        .where(Link.kind == "joined", a.machine == b.machine)
    )
    return {(one, other) for one, other in session.execute(query)}


def _place(row: SightingRow) -> dict[str, Any]:
    return {"footage": row.footage, "pts": str(row.pts), "box": list(row.box)}
