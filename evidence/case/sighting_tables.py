"""The tables of what was found, linked, flagged and judged, and the names of their rows."""

from __future__ import annotations

import hashlib
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, Index, UniqueConstraint, and_
from sqlalchemy.orm import Mapped, mapped_column

from evidence.case.base import (
    HASH,
    KEY,
    NUMBER,
    Base,
    ExactText,
    MessageText,
    ShortText,
    append_only,
)

ENTERED = "entered-"  # no key of a sighting begins so: those are hexadecimal


def settings_key(settings_digest: str, registry_digest: str) -> str:
    """What the column `settings` holds everywhere, of `Settings.digest` and `Registry.digest`."""
    return _hash("settings", settings_digest, registry_digest)


def analysis_id(footage: str, model: str, settings: str) -> str:
    """The analysis of one footage with one recipe; `settings` is a `settings_key`."""
    return _hash("analysis", footage, model, settings)[:32]


def sighting_key(analysis: str, name: str) -> str:
    """A sighting's name within the case, from that within its analysis."""
    return f"{analysis}:{name}"


def machine_id(first: str) -> str:
    """A machine's name, from the first, in order, of its sightings' keys."""
    return _hash("machine", first)[:32]


def entered_name(number: int) -> str:
    """What a machine that a person entered is called, where the key of a sighting stands."""
    return f"{ENTERED}{number}"


def is_entered(sighting: str | None) -> bool:
    """Whether what a verdict or an item is about was entered by hand, not sighted."""
    return sighting is not None and sighting.startswith(ENTERED)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


class Derived(Base):
    """What every derived row names besides its own time in the footage."""

    __abstract__ = True

    analysis: Mapped[str] = mapped_column(
        # Ahead of the others, so that an analysis' rows are found by the primary key.
        ForeignKey("analyses.id", ondelete="CASCADE"),
        primary_key=True,
        sort_order=-1,
    )
    footage: Mapped[str] = mapped_column(HASH, sort_order=-1)
    model: Mapped[str] = mapped_column(HASH, sort_order=-1)
    settings: Mapped[str] = mapped_column(HASH, sort_order=-1)


class AnalysisRow(Base, table="analyses"):
    """One footage looked at with one recipe; `id` follows from the three hashes.

    `digest` covers every row of the analysis in the tables below, so that none can change or go
    missing unnoticed. `run` wrote it: the one column of a derived row in which two equal cases
    may differ.
    """

    __table_args__ = (UniqueConstraint("footage", "model", "settings"),)

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"))
    model: Mapped[str] = mapped_column(HASH)
    settings: Mapped[str] = mapped_column(HASH)
    registry_hash: Mapped[str] = mapped_column(HASH)
    nameplate: Mapped[str] = mapped_column(ShortText(32))
    frames_expected: Mapped[int] = mapped_column(BigInteger)
    frames_decoded: Mapped[int] = mapped_column(BigInteger)
    frames_total: Mapped[int] = mapped_column(BigInteger)
    losses: Mapped[list[Any]]
    digest: Mapped[str] = mapped_column(HASH)
    run: Mapped[str | None] = mapped_column(ForeignKey("runs.id"))


class ShotRow(Derived, table="shots"):
    """A densely decoded shot. `pts` is its start."""

    number: Mapped[int] = mapped_column(primary_key=True)
    pts: Mapped[Fraction]
    end: Mapped[Fraction]
    reason: Mapped[str] = mapped_column(ShortText(8))


class PrintRow(Derived, table="prints"):
    """The fingerprint of one frame (`detector.types.Print`)."""

    number: Mapped[int] = mapped_column(primary_key=True)
    pts: Mapped[Fraction]
    shot: Mapped[int | None]
    hashes: Mapped[bytes]
    detail: Mapped[float]


class SightingRow(Derived, table="sightings"):
    """A track with its attribution.

    `name`: its id within the analysis (`m1`). `key`: its id within the case (`sighting_key`).
    `pts`, `box`: where it is best seen. `track`: `[pts, x1, y1, x2, y2, confidence]` a row.
    `evidence` and the three of the origin: as in `sightings.json`. `lead_origin`: the country that
    a plate may say, where none is claimed. Whoever accepts that lead settles it.
    """

    __table_args__ = (
        Index("ix_sightings_builder", "builder", "key"),
        Index("ix_sightings_origin_basis", "origin_basis", "origin"),
    )

    name: Mapped[str] = mapped_column(ShortText(16), primary_key=True)
    key: Mapped[str] = mapped_column(ShortText(64), unique=True)
    shot: Mapped[int]
    first: Mapped[Fraction]
    last: Mapped[Fraction]
    pts: Mapped[Fraction]
    box: Mapped[list[Any]]
    confidence: Mapped[float]
    track: Mapped[list[Any]]
    builder: Mapped[str | None] = mapped_column(ExactText)
    probability: Mapped[float]
    grade: Mapped[str] = mapped_column(ShortText(1))
    control: Mapped[str | None] = mapped_column(ExactText)
    series: Mapped[str | None] = mapped_column(ExactText)
    concealed: Mapped[bool]
    evidence: Mapped[list[Any]]
    origin: Mapped[str | None] = mapped_column(ShortText(2))
    origin_basis: Mapped[str | None] = mapped_column(ShortText(8))
    origin_grade: Mapped[str | None] = mapped_column(ShortText(1))
    lead_origin: Mapped[str | None] = mapped_column(ShortText(2))
    file: Mapped[str | None] = mapped_column(ExactText)

    @classmethod
    def has(cls, table: Any) -> ColumnElement[bool]:
        """Of readings, stills, looks or leads, those of the sighting."""
        return and_(table.analysis == cls.analysis, table.sighting == cls.name)

    @classmethod
    def in_shot(cls, table: type[ShotRow]) -> ColumnElement[bool]:
        """The sighting's shot."""
        return and_(table.analysis == cls.analysis, table.number == cls.shot)


class ReadingRow(Derived, table="readings"):
    """Text read on a sighting; `sighting` empty: where there is none, or an `overlay` of the
    footage."""

    __table_args__ = (
        # What a search for a text within texts has to read, and no more. PostgreSQL bounds the
        # length of what an index holds.
        Index("ix_readings_text", "text", "overlay", "sighting", "analysis").ddl_if("sqlite"),
    )

    number: Mapped[int] = mapped_column(primary_key=True)
    sighting: Mapped[str | None] = mapped_column(ShortText(16))
    text: Mapped[str] = mapped_column(ExactText)
    score: Mapped[float]
    pts: Mapped[Fraction]
    box: Mapped[list[Any]]
    script: Mapped[str] = mapped_column(ShortText(8))
    mirrored: Mapped[bool]
    overlay: Mapped[bool]


class StillRow(Derived, table="stills"):
    """A picture kept of a sighting, under `stills/` in the case's folder by its `sha256`."""

    sighting: Mapped[str] = mapped_column(ShortText(16), primary_key=True)
    role: Mapped[str] = mapped_column(ShortText(8), primary_key=True)
    pts: Mapped[Fraction]
    box: Mapped[list[Any]]
    sha256: Mapped[str] = mapped_column(HASH, index=True)
    suffix: Mapped[str] = mapped_column(ShortText(8))


class LookRow(Derived, table="looks"):
    """What a sighting and its surroundings look like (`detector.types.Look`)."""

    sighting: Mapped[str] = mapped_column(ShortText(16), primary_key=True)
    pts: Mapped[Fraction]
    box: Mapped[list[Any]]
    appearance: Mapped[bytes]
    points: Mapped[bytes]


class Copy(Base, table="copies"):
    """Two footages that show the same recording, wholly or in part; `a` sorts before `b`.

    `kind` says in a word what was done to it, `reason` in a sentence. `spans` are the stretches in
    common. Each has exact times in both, and where the picture of `a` is in `b`.
    """

    a: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True)
    b: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True, index=True)
    model: Mapped[str] = mapped_column(HASH, primary_key=True)
    settings: Mapped[str] = mapped_column(HASH, primary_key=True)
    kind: Mapped[str] = mapped_column(ShortText(24))
    mirrored: Mapped[bool]
    seconds: Mapped[float]
    share_a: Mapped[float]
    share_b: Mapped[float]
    score: Mapped[float]
    spans: Mapped[list[Any]]
    reason: Mapped[str] = mapped_column(MessageText)


class Link(Base, table="links"):
    """A reason to hold that two sightings show one machine; `a` and `b` are their keys, a < b.

    Not `held`: something stronger says that they do not (both on screen at once, other
    builders, a cut by hand); it is kept, since that may change.
    """

    a: Mapped[str] = mapped_column(
        ForeignKey("sightings.key", ondelete="CASCADE"), primary_key=True
    )
    b: Mapped[str] = mapped_column(
        ForeignKey("sightings.key", ondelete="CASCADE"), primary_key=True, index=True
    )
    kind: Mapped[str] = mapped_column(ShortText(16), primary_key=True)
    score: Mapped[float]
    reason: Mapped[str] = mapped_column(MessageText)
    held: Mapped[bool] = mapped_column(default=True)


class MachineRow(Base, table="machines"):
    """One physical machine. `id` follows from the first, in order, of its sightings' keys.

    `builder`, `grade` and `probability` are of its surest sighting; `conflict`: its
    sightings name more than one builder.
    """

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    model: Mapped[str] = mapped_column(HASH)
    settings: Mapped[str] = mapped_column(HASH)
    builder: Mapped[str | None] = mapped_column(ExactText, index=True)
    grade: Mapped[str] = mapped_column(ShortText(1))
    probability: Mapped[float]
    sightings: Mapped[int]
    footages: Mapped[int]
    conflict: Mapped[bool]


# The order in which machines are listed.
Index(
    "ix_machines_listed",
    MachineRow.model,
    MachineRow.settings,
    MachineRow.grade,
    MachineRow.probability.desc(),
    MachineRow.id,
)


class Membership(Base, table="memberships"):
    """Which machine a sighting shows."""

    sighting: Mapped[str] = mapped_column(
        ForeignKey("sightings.key", ondelete="CASCADE"), primary_key=True
    )
    machine: Mapped[str] = mapped_column(ForeignKey("machines.id"), index=True)


class Decision(Base, table="decisions"):
    """A person joined two sightings or cut them apart. Never edited: a later one on the same
    pair supersedes it. Sightings are named so that they outlast a new analysis: by footage,
    time and box as well as by key."""

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    a: Mapped[str] = mapped_column(ShortText(64), index=True)
    b: Mapped[str] = mapped_column(ShortText(64), index=True)
    what: Mapped[str] = mapped_column(ShortText(8))
    author: Mapped[str] = mapped_column(ExactText)
    made: Mapped[datetime]
    note: Mapped[str | None] = mapped_column(ExactText)
    where: Mapped[dict[str, Any]]


class Flag(Derived, table="flags"):
    """A reason to show a frame to a reviewer. `sighting`: empty where it is about the frame."""

    sighting: Mapped[str] = mapped_column(ShortText(16), primary_key=True, default="")
    kind: Mapped[str] = mapped_column(ShortText(24), primary_key=True, index=True)
    pts: Mapped[Fraction] = mapped_column(primary_key=True)
    priority: Mapped[int]
    reason: Mapped[str] = mapped_column(MessageText)


class Verdict(Base, table="verdicts"):
    """A reviewer's judgement; never edited, only superseded.

    `sighting`: the key of what was judged, `entered-N` for a machine that verdict N entered by
    hand, or none for a frame. `before`: the state that the verdict found. Its `said` has what the
    author adds. Its `salt` has random digits, so that nobody can guess the words from the digest.
    `signed`: how the author was known (`verdicts.LOGIN` ...). `digest` covers the row and
    `previous`, the digest of the verdict before. So none can be changed or removed unnoticed.
    """

    number: Mapped[int] = mapped_column(NUMBER, primary_key=True)
    sighting: Mapped[str | None] = mapped_column(ShortText(64), index=True)
    footage: Mapped[str] = mapped_column(HASH, index=True)
    pts: Mapped[Fraction]
    box: Mapped[list[Any] | None]
    verdict: Mapped[str] = mapped_column(ShortText(16))
    builder: Mapped[str | None] = mapped_column(ExactText)
    author: Mapped[str] = mapped_column(ExactText)
    made: Mapped[datetime]
    seconds: Mapped[float | None]
    note: Mapped[str | None] = mapped_column(ExactText)
    before: Mapped[dict[str, Any]]
    supersedes: Mapped[int | None] = mapped_column(NUMBER)
    signed: Mapped[str | None] = mapped_column(ShortText(8))
    previous: Mapped[str] = mapped_column(HASH)
    digest: Mapped[str] = mapped_column(HASH, unique=True)


append_only(Decision)
append_only(Verdict)
