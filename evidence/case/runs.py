"""Who worked on a case, with what, and whether they still do."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.program import program
from detector.settings import Settings
from evidence.case.base import insert_new, values_of
from evidence.case.sighting_tables import settings_key
from evidence.case.tables import Recipe, Run


def add_recipe(session: Session, model: str, settings: Settings, registry: Registry) -> Recipe:
    """The recipe of a model (its hash), settings and registry, added where it is new.

    Its values are the settings given last: limits that are not in the key may have been raised.
    """
    key = settings_key(settings.digest, registry.digest)
    values = settings.model_dump(mode="json")
    naming = {"model": model, "settings": key}
    insert_new(session, Recipe, [naming | {"registry_hash": registry.digest, "values": values}])
    recipe = session.get_one(Recipe, (model, key))
    if recipe.values != values:
        recipe.values = values
    return recipe


def begin_run(session: Session, kind: str, recipe: Recipe) -> Run:
    """Notes that this process begins to work; `kind` is `sweep`, `server` ..."""
    now = datetime.now(UTC)
    before = session.scalar(select(func.max(Run.started)))
    # The order shows which was the last, also where the clock was put back since.
    started = now if before is None else max(now, before + timedelta(microseconds=1))
    run = Run(
        id=secrets.token_hex(16),
        kind=kind,
        started=started,
        beat=now,
        host=socket.gethostname(),
        pid=os.getpid(),
        nameplate=program(),
        counts={},
        **values_of(recipe, "model", "settings"),
    )
    session.add(run)
    session.flush()
    return run


def beat(session: Session, run: Run, counts: Mapping[str, Any]) -> None:
    """Notes that it is still at it, and how far it has come."""
    now = datetime.now(UTC)
    session.execute(update(Run).where(Run.id == run.id).values(beat=now, counts=dict(counts)))


def end_run(session: Session, run: Run, outcome: str) -> None:
    """Notes that it has ended, and how: in a sentence."""
    now = datetime.now(UTC)
    ended = update(Run).where(Run.id == run.id).values(beat=now, ended=now, outcome=outcome)
    session.execute(ended)
