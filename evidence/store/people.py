"""The tables of a case that hold who may do what, what they bring, and what waits for them."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from evidence.store.base import HASH, KEY, Base, Exact, Reason, Word

ITEM = Word(128)
"""Names an item: the key of a sighting, `ANALYSIS@PTS` of a frame, or `ANALYSIS:entered-N`."""


class Account(Base):
    """A person who may enter. `secret`: Argon2's encoded hash of the password; `ended`: since
    when the account is closed. None is deleted, since verdicts name their authors."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(Exact, primary_key=True)
    role: Mapped[str] = mapped_column(Word(8))
    secret: Mapped[str] = mapped_column(Exact)
    made: Mapped[datetime]
    ended: Mapped[datetime | None]


class Login(Base):
    """A browser that is logged in; `digest` is the SHA-256 of its cookie's value."""

    __tablename__ = "logins"

    digest: Mapped[str] = mapped_column(HASH, primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    made: Mapped[datetime]
    expires: Mapped[datetime]


class Token(Base):
    """What a program enters with; `digest` is the SHA-256 of the token."""

    __tablename__ = "tokens"

    digest: Mapped[str] = mapped_column(HASH, primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    label: Mapped[str] = mapped_column(Exact)
    made: Mapped[datetime]
    expires: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class Upload(Base):
    """Footage on its way in, or come in, through the server.

    state: `receiving`, `kept`, `refused` (with the `reason`) or `cancelled`. `footage`: the
    SHA-256 of its bytes once all have come; `path`: the `Location` it was kept at.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    author: Mapped[str] = mapped_column(Exact, index=True)
    name: Mapped[str] = mapped_column(Exact)
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Word(12), index=True)
    reason: Mapped[str | None] = mapped_column(Reason)
    footage: Mapped[str | None] = mapped_column(HASH)
    path: Mapped[str | None] = mapped_column(Exact)
    origin_url: Mapped[str | None] = mapped_column(Exact)
    publisher: Mapped[str | None] = mapped_column(Exact)
    published: Mapped[str | None] = mapped_column(Exact)
    plant_claimed: Mapped[str | None] = mapped_column(Exact)
    note: Mapped[str | None] = mapped_column(Exact)
    made: Mapped[datetime]
    changed: Mapped[datetime]


class Correction(Base):
    """That a person put right what was claimed of where footage came from.

    `footage`: what lay at `path` then; of another that lies there later it says nothing.
    `claim`: a column of the location; `before`, `after`: what stood there and what does, None
    for nothing. Rows are only ever added.
    """

    __tablename__ = "corrections"

    path: Mapped[str] = mapped_column(ForeignKey("locations.path"), primary_key=True)
    claim: Mapped[str] = mapped_column(Word(16), primary_key=True)
    made: Mapped[datetime] = mapped_column(primary_key=True)
    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"))
    author: Mapped[str] = mapped_column(Exact)
    before: Mapped[str | None] = mapped_column(Exact)
    after: Mapped[str | None] = mapped_column(Exact)


class Chance(Base):
    """The chance that members of a stratum of the audit sample have of being drawn, as it was set
    before the first draw; strata of which nothing was set have the program's own."""

    __tablename__ = "chances"

    stratum: Mapped[str] = mapped_column(Word(24), primary_key=True)
    probability: Mapped[float]
    seed: Mapped[int]
    made: Mapped[datetime]


class Draw(Base):
    """One member of the random audit sample: a sighting, or a frame in which nothing was found.

    `probability`: the chance it had of being drawn, which whoever estimates from the sample
    weights it by; `stratum`: of what it was drawn; `seed`: of the draw, which can be repeated.
    Rows are only ever added.
    """

    __tablename__ = "draws"

    item: Mapped[str] = mapped_column(ITEM, primary_key=True)
    analysis: Mapped[str] = mapped_column(KEY, index=True)
    footage: Mapped[str] = mapped_column(HASH)
    pts: Mapped[Fraction]
    sighting: Mapped[str | None] = mapped_column(Word(64))
    stratum: Mapped[str] = mapped_column(Word(24))
    probability: Mapped[float]
    seed: Mapped[int]
    made: Mapped[datetime]


class Item(Base):
    """What a reviewer is shown: a flagged or drawn sighting, a drawn frame, or a machine that
    somebody entered by hand (`sighting`: `entered-N`, after the verdict that did).

    Follows from flags, draws and verdicts, and can be made anew from them. `kind`: the flag,
    `audit` or `entered`; `needs`: how many reviewers must agree; state: `open`, `partial` (some
    verdicts are still needed), `disputed` or `settled`; `given`: verdicts that count. `outcome`
    and `builder`: what it was settled as.
    """

    __tablename__ = "items"
    __table_args__ = (
        Index("ix_items_next", "model", "settings", "state", "priority", "item"),
        Index("ix_items_kinds", "model", "settings", "kind", "state", "priority"),
        Index("ix_items_analysis", "analysis"),
    )

    item: Mapped[str] = mapped_column(ITEM, primary_key=True)
    analysis: Mapped[str] = mapped_column(ForeignKey("analyses.id", ondelete="CASCADE"))
    footage: Mapped[str] = mapped_column(HASH)
    model: Mapped[str] = mapped_column(HASH)
    settings: Mapped[str] = mapped_column(HASH)
    sighting: Mapped[str | None] = mapped_column(Word(64), index=True)
    pts: Mapped[Fraction]
    box: Mapped[list[Any] | None]
    kind: Mapped[str] = mapped_column(Word(24))
    reason: Mapped[str] = mapped_column(Exact)
    priority: Mapped[int]
    needs: Mapped[int]
    state: Mapped[str] = mapped_column(Word(8), default="open")
    given: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(Word(16))
    builder: Mapped[str | None] = mapped_column(Exact)


class ControlRow(Base):
    """Footage of a machine whose builder is known from elsewhere, by which it is measured how
    often such a machine is recognised; and who said so. It is counted nowhere else."""

    __tablename__ = "controls"

    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True)
    builder: Mapped[str] = mapped_column(Exact, primary_key=True)
    author: Mapped[str] = mapped_column(Exact)
    made: Mapped[datetime]


def has_accounts(session: Session) -> bool:
    """Whether anybody has an account that is open; then nobody is let in without one."""
    return session.scalar(select(Account.name).where(Account.ended.is_(None)).limit(1)) is not None
