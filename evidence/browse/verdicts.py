"""The verdicts on what is shown, as far as whoever looks may see them.

Two reviewers must not see each other's verdict before their item is settled; so a verdict is
shown to its author at once, and to others once everything it is about is settled.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.shapes import Given, Named, Time, utc
from evidence.browse.sightings import footage_of
from evidence.linking.load import chunks
from evidence.store.derived import Verdict
from evidence.store.people import Item

MOST = 500


def on_footage(session: Session, sha256: str, person: str, registry: Registry) -> list[Given]:
    """On its frames and on what was sighted in it, with any recipe; the first first."""
    rows = session.scalars(
        select(Verdict).where(Verdict.footage == sha256).order_by(Verdict.number.desc()).limit(MOST)
    ).all()
    return _shown(session, rows, person, registry)


def on_sightings(
    session: Session, keys: Sequence[str], person: str, registry: Registry
) -> list[Given]:
    """On some sightings, by key; the first first."""
    rows: list[Verdict] = []
    for part in chunks(keys):
        rows += session.scalars(select(Verdict).where(Verdict.sighting.in_(part)))
    return _shown(session, rows, person, registry)


def _shown(
    session: Session, rows: Sequence[Verdict], person: str, registry: Registry
) -> list[Given]:
    open_ = _open(session, rows)
    of = footage_of(session, {row.footage for row in rows})
    return [
        _given(row, of[row.footage].kind, registry)
        for row in sorted(rows, key=lambda row: row.number)
        if row.author == person or _about(row) not in open_
    ]


def _about(row: Verdict | Item) -> tuple[str, str]:
    return (row.footage, str(row.pts)) if row.sighting is None else ("", row.sighting)


def _open(session: Session, rows: Sequence[Verdict]) -> set[tuple[str, str]]:
    """What some of the verdicts are about that is not settled yet."""
    found: set[tuple[str, str]] = set()
    keys = sorted({row.sighting for row in rows if row.sighting is not None})
    for part in chunks(keys):
        query = select(Item).where(Item.sighting.in_(part), Item.state != "settled")
        found |= {_about(one) for one in session.scalars(query)}
    for part in chunks(sorted({row.footage for row in rows if row.sighting is None})):
        query = select(Item).where(
            Item.footage.in_(part), Item.sighting.is_(None), Item.state != "settled"
        )
        found |= {_about(one) for one in session.scalars(query)}
    return found


def _given(row: Verdict, kind: str, registry: Registry) -> Given:
    return Given(
        number=row.number,
        sighting=row.sighting,
        kind=kind,
        verdict=row.verdict,
        builder=None if row.builder is None else Named.of(row.builder, registry),
        author=row.author,
        made=utc(row.made),
        seconds=row.seconds,
        note=row.note,
        supersedes=row.supersedes,
        at=Time.of(row.pts),
        box=None if row.box is None else tuple(row.box),
    )
