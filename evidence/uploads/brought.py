"""The places of footage at which a person may put right what is claimed of it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.record import spell
from evidence.store import Location, Upload
from evidence.tables import printable
from evidence.uploads.keeping import DUPLICATE, KEPT


def places_of(session: Session, sha256: str, author: str | None) -> dict[str, str]:
    """The paths of a footage, by how they are shown; where two are shown alike, neither.

    Args:
        author: whoever uploaded it: then only where the case keeps what they were first to bring.
            None for all places.
    """
    paths = select(Location.path).where(Location.footage == sha256)
    if author is not None:
        brought = select(Upload.path).where(
            Upload.footage == sha256, Upload.author == author, Upload.state == KEPT,
            Upload.reason.is_distinct_from(DUPLICATE),
        )  # fmt: skip
        paths = paths.where(Location.path.in_(brought))
    shown: dict[str, list[str]] = {}
    for path in session.scalars(paths):
        shown.setdefault(printable(spell(path)), []).append(path)
    return {told: found[0] for told, found in shown.items() if len(found) == 1}
