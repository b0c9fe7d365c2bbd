"""Many rows at once, and rows that may be there already."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from evidence.store.base import Base

_AS_THEY_ARE = {"render_nulls": True}
"""Otherwise what is empty is left out of a statement, and another one begun wherever a row has
something else empty: of thousands of machines, half of them named, there would be thousands."""


def insert_all(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, all with the same columns."""
    if rows:
        session.execute(insert(model).execution_options(**_AS_THEY_ARE), rows)


def insert_new(session: Session, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Inserts those rows whose keys are not there yet; the others stay as they are."""
    if not rows:
        return
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    new = kind.insert(model).on_conflict_do_nothing()
    session.execute(new.execution_options(**_AS_THEY_ARE), rows)
