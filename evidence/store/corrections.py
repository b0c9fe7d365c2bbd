"""What was claimed of where footage came from, put right by a person.

It outlasts the list or the upload it came from: what a person put right stays, though the next
sweep finds the old words in its list again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.store.models import CLAIMS, Location
from evidence.store.people import Correction


def correct(
    session: Session, path: str, claims: Mapping[str, str | None], author: str
) -> list[Correction]:
    """Puts right what is claimed of the footage at a path.

    Args:
        claims: what is to stand, by name (`CLAIMS`); None or nothing but spaces: nothing is
            known. Those not named stay as they are.

    Returns:
        A row for each that was another before.

    Raises:
        UsageError: the case knows no such path, or what is named is no claim.
    """
    if other := sorted(set(claims) - set(CLAIMS)):
        raise UsageError(f"{', '.join(other)}: nothing that is claimed; use {', '.join(CLAIMS)}")
    place = session.scalar(select(Location).where(Location.path == path).with_for_update())
    if place is None or place.footage is None:
        raise UsageError(f"{path}: the case knows no footage there; name one of its places")
    now, rows = datetime.now(UTC), []
    for claim, said in claims.items():
        before, after = getattr(place, claim), (said or "").strip() or None
        if before != after:
            setattr(place, claim, after)
            rows.append(
                Correction(
                    path=path,
                    claim=claim,
                    made=now,
                    footage=place.footage,
                    author=author,
                    before=before,
                    after=after,
                )
            )
    session.add_all(rows)
    session.flush()
    return rows


def corrected(session: Session, paths: Collection[str]) -> set[tuple[str, str]]:
    """Path and name of every claim that a person has put right of what lies at these paths."""
    asked = (
        select(Correction.path, Correction.claim)
        .join(Location, Location.path == Correction.path)
        .where(Correction.path.in_(paths), Correction.footage == Location.footage)
    )
    return {(path, claim) for path, claim in session.execute(asked.distinct())}


def put_right(session: Session, path: str, footage: str) -> dict[str, str | None]:
    """What stands, by claim, of all that a person has put right of that footage at that path."""
    asked = (
        select(Correction.claim, Correction.after)
        .where(Correction.path == path, Correction.footage == footage)
        .order_by(Correction.made)
    )
    return dict(session.execute(asked).all())


def corrections(session: Session, footage: str) -> list[Correction]:
    """All corrections to what was claimed of a footage, the first first."""
    asked = select(Correction).where(Correction.footage == footage)
    order = (Correction.made, Correction.path, Correction.claim)
    return list(session.scalars(asked.order_by(*order)))
