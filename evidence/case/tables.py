"""The tables of what there is to look at, who may do what, and what waits for reviewers."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, ForeignKeyConstraint, Index, case, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from evidence.case.base import HASH, KEY, Base, ExactText, MessageText, ShortText, append_only
from evidence.case.sighting_tables import Derived


class CaseRow(Base, table="case"):
    """The case itself; one row. `id` ties the folder to its database."""

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    name: Mapped[str] = mapped_column(ExactText)
    created: Mapped[datetime]


class Recipe(Base, table="recipes"):
    """What footage is looked at with. `settings` covers every setting and the registry."""

    model: Mapped[str] = mapped_column(HASH, primary_key=True)
    settings: Mapped[str] = mapped_column(HASH, primary_key=True)
    registry_hash: Mapped[str] = mapped_column(HASH)
    values: Mapped[dict[str, Any]]


class Run(Base, table="runs"):
    """One call that worked on the case. The column `started` is later than in earlier rows, even if
    the clock was put back. In `beat` is when it was last seen alive, in `counts` what `nameplate
    sweep --status` shows."""

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    kind: Mapped[str] = mapped_column(ShortText(16))
    started: Mapped[datetime]
    beat: Mapped[datetime]
    ended: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(ExactText)
    host: Mapped[str] = mapped_column(ExactText)
    pid: Mapped[int]
    nameplate: Mapped[str] = mapped_column(ShortText(32))
    model: Mapped[str] = mapped_column(HASH)
    settings: Mapped[str] = mapped_column(HASH)
    counts: Mapped[dict[str, Any]]


class FootageRow(Base, table="footage"):
    """One piece of footage, known by the SHA-256 of its bytes.

    What the container says is empty until it has been looked at. `seconds`: its length.
    `manifest`: what it says of its own making (`detector.types.Manifest`).
    """

    sha256: Mapped[str] = mapped_column(HASH, primary_key=True)
    size: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(ShortText(8))
    container: Mapped[str] = mapped_column(ShortText(32))
    codec: Mapped[str | None] = mapped_column(ShortText(32))
    width: Mapped[int | None]
    height: Mapped[int | None]
    rate: Mapped[str | None] = mapped_column(ExactText)
    duration: Mapped[Fraction | None]
    seconds: Mapped[float | None]
    manifest: Mapped[dict[str, Any] | None]

    @property
    def frame(self) -> tuple[int, int] | None:
        """Width and height of each upright frame, in pixels; None where not known, as of a
        folder."""
        if self.kind == "stills" or not (self.width and self.height):
            return None
        return self.width, self.height


PLAYED = case((FootageRow.kind == "video", FootageRow.seconds))  # seconds of film
MOVED = "moved"  # the kind of work whose file counts at another path (`evidence.case.moves`)
UNREAD = -1
"""The `mtime_ns`, which no file has, of a place outside the case that came with a pack. Nobody has
read what lies there now, so it counts as changed until a sweep has."""


# Columns of a place that say where footage came from, as somebody claims.
CLAIMS = ("origin_url", "publisher", "published", "plant_claimed", "note")


class ClaimColumns:
    """`CLAIMS`, and nothing else; exported last."""

    origin_url: Mapped[str | None] = mapped_column(ExactText, sort_order=1)
    publisher: Mapped[str | None] = mapped_column(ExactText, sort_order=1)
    published: Mapped[str | None] = mapped_column(ExactText, sort_order=1)
    plant_claimed: Mapped[str | None] = mapped_column(ExactText, sort_order=1)
    note: Mapped[str | None] = mapped_column(ExactText, sort_order=1)


class ProvenanceColumns(ClaimColumns):
    """Of a place of footage: what is claimed, and what else the source says."""

    provenance: Mapped[dict[str, Any] | None] = mapped_column(sort_order=1)


class Location(ProvenanceColumns, Base, table="locations"):
    """A place where footage lies, and how it came there.

    `held`: the case's own copy, under `footage/` in its folder; all other places are only read.
    `footage`: empty until the file has been hashed. `published`: as `evidence.spelling` writes it.
    `provenance`: whatever else the source says, in its words.
    """

    path: Mapped[str] = mapped_column(ExactText, primary_key=True)
    footage: Mapped[str | None] = mapped_column(ForeignKey("footage.sha256"), index=True)
    held: Mapped[bool] = mapped_column(default=False)
    size: Mapped[int | None] = mapped_column(BigInteger)
    mtime_ns: Mapped[int | None] = mapped_column(BigInteger)


class FormerPlace(ProvenanceColumns, Base, table="former_places"):
    """A place where footage lay until the file there was another one, or had changed.

    It keeps what was claimed of that footage, like `Location`. It says nothing of what lies
    there now. `until`: when that was found.
    """

    path: Mapped[str] = mapped_column(ForeignKey("locations.path"), primary_key=True)
    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True, index=True)
    until: Mapped[datetime]


class Work(Base, table="work"):
    """A location to be looked at with a recipe: `waiting`, `done` or `aside`.

    `tries`: attempts without an answer. `kind`, `reason`: why it was set aside. `kind` is an
    error's (`datasets/errors.py`), or `killed`, `overtime`, `cancelled`, `packed`, `moved`.
    """

    __table_args__ = (
        ForeignKeyConstraint(["model", "settings"], ["recipes.model", "recipes.settings"]),
    )

    path: Mapped[str] = mapped_column(ForeignKey("locations.path"), primary_key=True)
    model: Mapped[str] = mapped_column(HASH, primary_key=True)
    settings: Mapped[str] = mapped_column(HASH, primary_key=True)
    state: Mapped[str] = mapped_column(ShortText(8), default="waiting")
    priority: Mapped[int] = mapped_column(default=0)
    tries: Mapped[int] = mapped_column(default=0)
    kind: Mapped[str | None] = mapped_column(ShortText(32))
    reason: Mapped[str | None] = mapped_column(MessageText)
    changed: Mapped[datetime]


# The order in which work is taken.
Index("ix_work_next", Work.model, Work.settings, Work.state, Work.priority.desc(), Work.path)

ITEM = ShortText(128)  # the key of a sighting, `ANALYSIS@PTS` of a frame, or `ANALYSIS:entered-N`


class Account(Base, table="accounts"):
    """A person who may enter. `secret`: Argon2's encoded hash of the password; `ended`: since
    when the account is closed. None is deleted, since verdicts name their authors."""

    name: Mapped[str] = mapped_column(ExactText, primary_key=True)
    role: Mapped[str] = mapped_column(ShortText(8))
    secret: Mapped[str] = mapped_column(ExactText)
    made: Mapped[datetime]
    ended: Mapped[datetime | None]


class Login(Base, table="logins"):
    """A browser that is logged in; `digest` is the SHA-256 of its cookie's value."""

    digest: Mapped[str] = mapped_column(HASH, primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    made: Mapped[datetime]
    expires: Mapped[datetime]


class Token(Base, table="tokens"):
    """What a program enters with; `digest` is the SHA-256 of the token."""

    digest: Mapped[str] = mapped_column(HASH, primary_key=True)
    account: Mapped[str] = mapped_column(ForeignKey("accounts.name"), index=True)
    label: Mapped[str] = mapped_column(ExactText)
    made: Mapped[datetime]
    expires: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class Upload(ClaimColumns, Base, table="uploads"):
    """Footage on its way in, or come in, through the server.

    state: `receiving`, `kept`, `refused` (with the `reason`) or `cancelled`. `footage`: the
    SHA-256 of its bytes once all have come; `path`: the `Location` it was kept at.
    """

    id: Mapped[str] = mapped_column(KEY, primary_key=True)
    author: Mapped[str] = mapped_column(ExactText, index=True)
    name: Mapped[str] = mapped_column(ExactText)
    size: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(ShortText(12), index=True)
    reason: Mapped[str | None] = mapped_column(MessageText)
    footage: Mapped[str | None] = mapped_column(HASH)
    path: Mapped[str | None] = mapped_column(ExactText)
    made: Mapped[datetime]
    changed: Mapped[datetime]


class Correction(Base, table="corrections"):
    """That a person put right what was claimed of where footage came from.

    `footage`: what lay at `path` then; of another that lies there later it says nothing.
    `claim`: a column of the location; `before`, `after`: what stood there and what does, None
    for nothing. Rows are only ever added.
    """

    path: Mapped[str] = mapped_column(ForeignKey("locations.path"), primary_key=True)
    claim: Mapped[str] = mapped_column(ShortText(16), primary_key=True)
    made: Mapped[datetime] = mapped_column(primary_key=True)
    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"))
    author: Mapped[str] = mapped_column(ExactText)
    before: Mapped[str | None] = mapped_column(ExactText)
    after: Mapped[str | None] = mapped_column(ExactText)


class Chance(Base, table="chances"):
    """The chance of being drawn for the audit sample, by stratum, as set before the first draw;
    a stratum without a row has the program's own."""

    stratum: Mapped[str] = mapped_column(ShortText(24), primary_key=True)
    probability: Mapped[float]
    seed: Mapped[int]
    made: Mapped[datetime]


class Draw(Base, table="draws"):
    """One member of the random audit sample: a sighting, or a frame in which nothing was found.

    `probability`: the chance it had of being drawn; estimates weight it by that. `stratum`: where
    it was drawn from. `seed`: of the draw, which can be repeated. Rows are only ever added.
    """

    item: Mapped[str] = mapped_column(ITEM, primary_key=True)
    analysis: Mapped[str] = mapped_column(KEY, index=True)
    footage: Mapped[str] = mapped_column(HASH)
    pts: Mapped[Fraction]
    sighting: Mapped[str | None] = mapped_column(ShortText(64))
    stratum: Mapped[str] = mapped_column(ShortText(24))
    probability: Mapped[float]
    seed: Mapped[int]
    made: Mapped[datetime]


class Item(Base, table="items"):
    """What a reviewer is shown: a sighting, a frame, or a machine entered by hand.

    `sighting`: `entered-N` for a machine that verdict N entered. Rows follow from flags, draws and
    verdicts, and can be made again from them. `kind`: the flag, `audit` or `entered`. `needs`: how
    many reviewers must agree. `state`: `open`, `partial` (some verdicts are still needed),
    `disputed` or `settled`. `given`: verdicts that count. `outcome`, `builder`: what it was
    settled as.
    """

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
    sighting: Mapped[str | None] = mapped_column(ShortText(64), index=True)
    pts: Mapped[Fraction]
    box: Mapped[list[Any] | None]
    kind: Mapped[str] = mapped_column(ShortText(24))
    reason: Mapped[str] = mapped_column(MessageText)
    priority: Mapped[int]
    needs: Mapped[int]
    state: Mapped[str] = mapped_column(ShortText(8), default="open")
    given: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(ShortText(16))
    builder: Mapped[str | None] = mapped_column(ExactText)


class ControlRow(Base, table="controls"):
    """Footage of a machine whose builder is known from elsewhere, and who said so. It measures
    how often such a machine is recognised, and is counted nowhere else."""

    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True)
    builder: Mapped[str] = mapped_column(ExactText, primary_key=True)
    author: Mapped[str] = mapped_column(ExactText)
    made: Mapped[datetime]


class HiddenParts(Base, table="hidden_parts"):
    """What people hide in a frame before it is shared: faces, screens. `boxes`: `[x1, y1, x2, y2]`
    in its pixels. It changes no picture that is kept, and no verdict."""

    footage: Mapped[str] = mapped_column(ForeignKey("footage.sha256"), primary_key=True)
    pts: Mapped[Fraction] = mapped_column(primary_key=True)
    boxes: Mapped[list[Any]]


append_only(Correction)
append_only(Draw)


def has_accounts(session: Session) -> bool:
    """Whether anybody has an account that is open; then nobody is let in without one."""
    return session.scalar(select(Account.name).where(Account.ended.is_(None)).limit(1)) is not None


class LeadRow(Derived, table="leads"):
    """Who may have built a sighting, or where it may come from (`detector.leads.Lead`).

    `number`: 1 for the likeliest. `builder`: empty where only a plate speaks. `evidence`: feature,
    weight, words and text of each reason, as in `sightings.json`.
    """

    __table_args__ = (Index("ix_leads_origin", "origin", "probability"),)

    sighting: Mapped[str] = mapped_column(ShortText(16), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    builder: Mapped[str | None] = mapped_column(ExactText)
    origin: Mapped[str | None] = mapped_column(ShortText(2))
    probability: Mapped[float]
    doubt: Mapped[str | None] = mapped_column(ShortText(8))
    evidence: Mapped[list[Any]]


_FIRST = ("case", "recipes", "runs", "footage", "locations", "work", "analyses")


def to_markdown() -> str:
    """Each table: what a row is, in the words of its class, and its columns, keys in bold."""
    lines = ["| table | a row | columns |", "|---|---|---|"]
    classes = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    for name in (*_FIRST, *sorted(classes.keys() - set(_FIRST))):
        model = classes[name]
        sentence = " ".join((model.__doc__ or "").split("\n\n")[0].split())
        keys = set(model.__table__.primary_key.columns)
        columns = (
            f"**{column.name}**" if column in keys else column.name
            for column in model.__table__.columns
        )
        lines.append(f"| `{name}` | {sentence} | {', '.join(columns)} |")
    return "\n".join(lines) + "\n"
