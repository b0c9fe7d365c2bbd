"""The tables of a case that say what there is to look at, with what, and who did."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, case
from sqlalchemy.orm import Mapped, mapped_column

from evidence.store.base import HASH, KEY, Base, Exact, Reason, Word


class CaseRow(Base):
    """The case itself; one row. `id` ties the folder to its database."""

    __tablename__ = "case"

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    name: Mapped[str] = mapped_column(Exact)
    created: Mapped[datetime]


class Recipe(Base):
    """What footage is looked at with. `settings` covers every setting and the registry."""

    __tablename__ = "recipes"

    model: Mapped[str] = mapped_column(HASH, primary_key=True)
    settings: Mapped[str] = mapped_column(HASH, primary_key=True)
    registry_hash: Mapped[str] = mapped_column(HASH)
    values: Mapped[dict[str, Any]]


class Run(Base):
    """One call that worked on the case. `started` is later than that of those before it, also
    where the clock was put back; `beat` is the last time it was seen alive; `counts` is what
    `nameplate sweep --status` shows."""

    __tablename__ = "runs"

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    kind: Mapped[str] = mapped_column(Word(16))
    started: Mapped[datetime]
    beat: Mapped[datetime]
    ended: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Exact)
    host: Mapped[str] = mapped_column(Exact)
    pid: Mapped[int]
    nameplate: Mapped[str] = mapped_column(Word(32))
    model: Mapped[str] = mapped_column(HASH)
    settings: Mapped[str] = mapped_column(HASH)
    counts: Mapped[dict[str, Any]]


class FootageRow(Base):
    """One piece of footage, known by the SHA-256 of its bytes.

    What the container says of it is empty until it has been looked at. `seconds`: its
    length, for adding up hours. `manifest`: what it says of its own making
    (`detector.types.Manifest`); empty where that was not looked for.
    """

    __tablename__ = "footage"

    sha256: Mapped[str] = mapped_column(HASH, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Word(8))
    container: Mapped[str] = mapped_column(Word(32))
    codec: Mapped[str | None] = mapped_column(Word(32))
    width: Mapped[int | None]
    height: Mapped[int | None]
    rate: Mapped[str | None] = mapped_column(Exact)
    duration: Mapped[Fraction | None]
    seconds: Mapped[float | None]
    manifest: Mapped[dict[str, Any] | None]

    @property
    def frame(self) -> tuple[int, int] | None:
        """Width and height of each upright frame, in pixels; None where they are not known, and of
        a folder: its pictures may be of unlike sizes, and the columns tell the first one's."""
        if self.kind == "stills" or not (self.width and self.height):
            return None
        return self.width, self.height


PLAYED = case((FootageRow.kind == "video", FootageRow.seconds))
"""Seconds of film. Photographs have none, though they are gone through one a second."""

MOVED = "moved"
"""The kind of work whose file is on the list at another path too, as a person says
(`evidence.store.moved`): there it counts, and here no more."""

UNREAD = -1
"""The `mtime_ns`, which no file has, of a place outside the case that came with a pack: what lies
there now has not been read, so it is taken for changed until a sweep has."""


CLAIMS = ("origin_url", "publisher", "published", "plant_claimed", "note")
"""Columns of a place that say where footage came from, as somebody claims."""


class Claimed:
    """Of a place of footage: `CLAIMS`, and whatever else the source says. After a table's own
    columns, in whose order they are exported."""

    origin_url: Mapped[str | None] = mapped_column(Exact, sort_order=1)
    publisher: Mapped[str | None] = mapped_column(Exact, sort_order=1)
    published: Mapped[str | None] = mapped_column(Exact, sort_order=1)
    plant_claimed: Mapped[str | None] = mapped_column(Exact, sort_order=1)
    note: Mapped[str | None] = mapped_column(Exact, sort_order=1)
    provenance: Mapped[dict[str, Any] | None] = mapped_column(sort_order=1)


class Location(Claimed, Base):
    """A place where footage lies, and what is known of how it came there.

    `held`: the case's own copy, under `footage/` in its folder; any other place is only
    ever read. `footage` is empty until the file has been hashed. `published`: a year, a month or
    a day, with its time if that is known (`evidence.dates`). `provenance`: whatever else the
    source says, as it says it.
    """

    __tablename__ = "locations"

    path: Mapped[str] = mapped_column(Exact, primary_key=True)
    footage: Mapped[str | None] = mapped_column(ForeignKey("footage.sha256"), index=True)
    held: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int | None] = mapped_column(BigInteger)
    mtime_ns: Mapped[int | None] = mapped_column(BigInteger)


class FormerPlace(Claimed, Base):
    """A place where footage lay until another file was found there, or until the file there had
    changed and what it is was not known yet; and what was claimed of where that footage came from.

    It says of the footage what `Location` does, for good; what lies at the path now it says
    nothing of. `until`: when that was found.
    """

    __tablename__ = "former_places"

    path: Mapped[str] = mapped_column(ForeignKey("locations.path"), primary_key=True)
    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True, index=True)
    until: Mapped[datetime]


class Work(Base):
    """A location to be looked at with a recipe: `waiting`, `done` or `aside`.

    `tries` counts attempts that did not end in an answer. `kind` and `reason` say why it was
    set aside; `kind` is that of an error (`datasets/errors.py`) or `killed`, `overtime`,
    `cancelled`, `packed`, `moved`.
    """

    __tablename__ = "work"
    __table_args__ = (
        ForeignKeyConstraint(["model", "settings"], ["recipes.model", "recipes.settings"]),
        Index("ix_work_next", "model", "settings", "state", "priority", "path"),
    )

    path: Mapped[str] = mapped_column(ForeignKey("locations.path"), primary_key=True)
    model: Mapped[str] = mapped_column(HASH, primary_key=True)
    settings: Mapped[str] = mapped_column(HASH, primary_key=True)
    state: Mapped[str] = mapped_column(Word(8), default="waiting")
    priority: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str | None] = mapped_column(Word(32))
    reason: Mapped[str | None] = mapped_column(Reason)
    changed: Mapped[datetime]
