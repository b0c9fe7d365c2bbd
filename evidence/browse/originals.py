"""Where the original of a piece of footage lies now, if it still lies anywhere."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import FootageError, FootageMissing, UsageError
from datasets.messages import Message
from datasets.there import straight
from detector.footage.files import known_footage
from detector.types import Footage, FootageKind
from evidence.store.case import Case
from evidence.store.models import UNREAD, FootageRow, Location


def find_original(session: Session, case: Case, sha256: str) -> Footage | None:
    """The footage at the first of its places where it still lies unchanged; None: no such footage.

    Unchanged: of the size, and where that is known of the time of change, it had when it was
    hashed. To hash gigabytes anew for each picture would not do. A place that came with a pack
    does not count until a sweep has read what lies there.

    Raises:
        FootageMissing: it lies at none of its places any more.
    """
    row = session.get(FootageRow, sha256)
    if row is None:
        return None
    places = session.scalars(
        select(Location)
        .where(Location.footage == sha256)
        .order_by(Location.held.desc(), Location.path)
    ).all()
    for place in places:
        if place.mtime_ns == UNREAD:
            continue
        path = case.find(place.path)
        if (found := _unchanged(path, row, place.mtime_ns)) is not None:
            return found
    if not places:
        raise FootageMissing(
            Message(
                "footage %(sha256)s: the original is at none of its places any more, where another "
                "file may lie now; sweep the place where it lies now",
                sha256=sha256[:12],
            )
        )
    raise FootageMissing(
        Message(
            "footage %(sha256)s: the original is at none of its %(number)s places any "
            "more, or was changed; put it back, or sweep the place where it lies now",
            sha256=sha256[:12],
            number=len(places),
        )
    )


def name_footage(session: Session, word: str) -> str:
    """The SHA-256 of the footage that a person names: by a path it lies at, or by its beginning.

    Raises:
        UsageError: no such footage, or several.
    """
    path = Path(word)
    places = (word, os.fspath(path.absolute()), os.fspath(straight(path)))
    known = session.scalars(
        select(Location.footage).where(Location.path.in_(places)).limit(1)
    ).first()
    if known is not None:
        return known
    if not re.fullmatch("[0-9a-f]{8,64}", word):
        raise UsageError(
            f"{word}: no footage of this case lies there; give its path, or eight letters or more "
            "of its SHA-256"
        )
    query = select(FootageRow.sha256).where(FootageRow.sha256.startswith(word)).limit(2)
    found = session.scalars(query).all()
    if len(found) != 1:
        some = "several pieces of footage begin" if found else "no footage of this case begins"
        raise UsageError(f"{word}: {some} so")
    return found[0]


def _unchanged(path: Path, row: FootageRow, mtime_ns: int | None) -> Footage | None:
    try:
        footage = known_footage(path, row.sha256, cast(FootageKind, row.kind), row.container)
        states = [file.stat() for file in footage.files or (footage.path,)]
    except (FootageError, OSError):
        return None
    if sum(state.st_size for state in states) != row.size:
        return None
    if row.kind != "stills" and mtime_ns is not None and states[0].st_mtime_ns != mtime_ns:
        return None
    return footage
