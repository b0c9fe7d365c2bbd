"""The tables of a case."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from evidence.case import base
from evidence.case.migrations.guard import append_only

revision, down_revision = "0001", None

schema = sa.MetaData(naming_convention=base.CONVENTION)
RECORD = sa.JSON(none_as_null=True)
TEXT, KEY, SHA256 = base.ExactText(), base.ShortText(32), base.ShortText(64)


def table(
    name: str, *parts: sa.Column[Any] | sa.ForeignKeyConstraint | sa.Index | sa.UniqueConstraint
) -> None:
    """Adds a table to the schema."""
    sa.Table(name, schema, *parts)


def analysis() -> list[sa.Column[Any]]:
    """Columns of a table whose rows belong to one analysis."""
    parent = sa.ForeignKey("analyses.id", ondelete="CASCADE")
    names = ("footage", "model", "settings")
    return [
        sa.Column("analysis", KEY, parent, primary_key=True),
        *(sa.Column(name, SHA256, nullable=False) for name in names),
    ]


def claims() -> list[sa.Column[Any]]:
    """Columns for the claimed source of footage."""
    names = ("origin_url", "publisher", "published", "plant_claimed", "note")
    return [sa.Column(name, TEXT) for name in names]


table(
    "accounts",
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("role", base.ShortText(8), nullable=False),
    sa.Column("secret", TEXT, nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
    sa.Column("ended", base.UtcTime()),
)
table(
    "case",
    sa.Column("id", KEY, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("created", base.UtcTime(), nullable=False),
)
table(
    "chances",
    sa.Column("stratum", base.ShortText(24), primary_key=True),
    sa.Column("probability", sa.Double(), nullable=False),
    sa.Column("seed", sa.Integer(), nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
)
table(
    "decisions",
    sa.Column("number", base.NUMBER, primary_key=True),
    sa.Column("a", SHA256, nullable=False, index=True),
    sa.Column("b", SHA256, nullable=False, index=True),
    sa.Column("what", base.ShortText(8), nullable=False),
    sa.Column("author", TEXT, nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
    sa.Column("note", TEXT),
    sa.Column("where", RECORD, nullable=False),
)
table(
    "draws",
    sa.Column("item", base.ShortText(128), primary_key=True),
    sa.Column("analysis", KEY, nullable=False, index=True),
    sa.Column("footage", SHA256, nullable=False),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("sighting", SHA256),
    sa.Column("stratum", base.ShortText(24), nullable=False),
    sa.Column("probability", sa.Double(), nullable=False),
    sa.Column("seed", sa.Integer(), nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
)
table(
    "footage",
    sa.Column("sha256", SHA256, primary_key=True),
    sa.Column("size", sa.BigInteger(), nullable=False),
    sa.Column("kind", base.ShortText(8), nullable=False),
    sa.Column("container", KEY, nullable=False),
    sa.Column("codec", KEY),
    sa.Column("width", sa.Integer()),
    sa.Column("height", sa.Integer()),
    sa.Column("rate", TEXT),
    sa.Column("duration", base.Seconds()),
    sa.Column("seconds", sa.Double()),
    sa.Column("manifest", RECORD),
)
table(
    "machines",
    sa.Column("id", KEY, primary_key=True),
    sa.Column("model", SHA256, nullable=False),
    sa.Column("settings", SHA256, nullable=False),
    sa.Column("builder", TEXT, index=True),
    sa.Column("grade", base.ShortText(1), nullable=False),
    sa.Column("probability", sa.Double(), nullable=False),
    sa.Column("sightings", sa.Integer(), nullable=False),
    sa.Column("footages", sa.Integer(), nullable=False),
    sa.Column("conflict", sa.Boolean(), nullable=False),
    sa.Index("ix_machines_listed", "model", "settings", "grade", sa.text("probability DESC"), "id"),
)
table(
    "recipes",
    sa.Column("model", SHA256, primary_key=True),
    sa.Column("settings", SHA256, primary_key=True),
    sa.Column("registry_hash", SHA256, nullable=False),
    sa.Column("values", RECORD, nullable=False),
)
table(
    "runs",
    sa.Column("id", KEY, primary_key=True),
    sa.Column("kind", base.ShortText(16), nullable=False),
    sa.Column("started", base.UtcTime(), nullable=False),
    sa.Column("beat", base.UtcTime(), nullable=False),
    sa.Column("ended", base.UtcTime()),
    sa.Column("outcome", TEXT),
    sa.Column("host", TEXT, nullable=False),
    sa.Column("pid", sa.Integer(), nullable=False),
    sa.Column("nameplate", KEY, nullable=False),
    sa.Column("model", SHA256, nullable=False),
    sa.Column("settings", SHA256, nullable=False),
    sa.Column("counts", RECORD, nullable=False),
)
table(
    "uploads",
    sa.Column("id", KEY, primary_key=True),
    sa.Column("author", TEXT, nullable=False, index=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("size", sa.BigInteger(), nullable=False),
    sa.Column("state", base.ShortText(12), nullable=False, index=True),
    sa.Column("reason", base.MessageText()),
    sa.Column("footage", SHA256),
    sa.Column("path", TEXT),
    *claims(),
    sa.Column("made", base.UtcTime(), nullable=False),
    sa.Column("changed", base.UtcTime(), nullable=False),
)
table(
    "verdicts",
    sa.Column("number", base.NUMBER, primary_key=True),
    sa.Column("sighting", SHA256, index=True),
    sa.Column("footage", SHA256, nullable=False, index=True),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("box", RECORD),
    sa.Column("verdict", base.ShortText(16), nullable=False),
    sa.Column("builder", TEXT),
    sa.Column("author", TEXT, nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
    sa.Column("seconds", sa.Double()),
    sa.Column("note", TEXT),
    sa.Column("before", RECORD, nullable=False),
    sa.Column("supersedes", base.NUMBER),
    sa.Column("signed", base.ShortText(8)),
    sa.Column("previous", SHA256, nullable=False),
    sa.Column("digest", SHA256, nullable=False, unique=True),
)
table(
    "analyses",
    sa.Column("id", KEY, primary_key=True),
    sa.Column("footage", SHA256, sa.ForeignKey("footage.sha256"), nullable=False),
    sa.Column("model", SHA256, nullable=False),
    sa.Column("settings", SHA256, nullable=False),
    sa.Column("registry_hash", SHA256, nullable=False),
    sa.Column("nameplate", KEY, nullable=False),
    sa.Column("frames_expected", sa.BigInteger(), nullable=False),
    sa.Column("frames_decoded", sa.BigInteger(), nullable=False),
    sa.Column("frames_total", sa.BigInteger(), nullable=False),
    sa.Column("losses", RECORD, nullable=False),
    sa.Column("digest", SHA256, nullable=False),
    sa.Column("run", KEY, sa.ForeignKey("runs.id")),
    sa.UniqueConstraint("footage", "model", "settings"),
)
table(
    "controls",
    sa.Column("footage", SHA256, sa.ForeignKey("footage.sha256"), primary_key=True),
    sa.Column("builder", TEXT, primary_key=True),
    sa.Column("author", TEXT, nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
)
table(
    "copies",
    sa.Column("a", SHA256, sa.ForeignKey("footage.sha256"), primary_key=True),
    sa.Column("b", SHA256, sa.ForeignKey("footage.sha256"), primary_key=True, index=True),
    sa.Column("model", SHA256, primary_key=True),
    sa.Column("settings", SHA256, primary_key=True),
    sa.Column("kind", base.ShortText(24), nullable=False),
    sa.Column("mirrored", sa.Boolean(), nullable=False),
    sa.Column("seconds", sa.Double(), nullable=False),
    sa.Column("share_a", sa.Double(), nullable=False),
    sa.Column("share_b", sa.Double(), nullable=False),
    sa.Column("score", sa.Double(), nullable=False),
    sa.Column("spans", RECORD, nullable=False),
    sa.Column("reason", base.MessageText(), nullable=False),
)
table(
    "locations",
    sa.Column("path", TEXT, primary_key=True),
    sa.Column("footage", SHA256, sa.ForeignKey("footage.sha256"), index=True),
    sa.Column("held", sa.Boolean(), nullable=False),
    sa.Column("size", sa.BigInteger()),
    sa.Column("mtime_ns", sa.BigInteger()),
    *claims(),
    sa.Column("provenance", RECORD),
)
table(
    "logins",
    sa.Column("digest", SHA256, primary_key=True),
    sa.Column("account", TEXT, sa.ForeignKey("accounts.name"), nullable=False, index=True),
    sa.Column("made", base.UtcTime(), nullable=False),
    sa.Column("expires", base.UtcTime(), nullable=False),
)
table(
    "tokens",
    sa.Column("digest", SHA256, primary_key=True),
    sa.Column("account", TEXT, sa.ForeignKey("accounts.name"), nullable=False, index=True),
    sa.Column("label", TEXT, nullable=False),
    sa.Column("made", base.UtcTime(), nullable=False),
    sa.Column("expires", base.UtcTime()),
    sa.Column("ended", base.UtcTime()),
)
table(
    "corrections",
    sa.Column("path", TEXT, sa.ForeignKey("locations.path"), primary_key=True),
    sa.Column("claim", base.ShortText(16), primary_key=True),
    sa.Column("made", base.UtcTime(), primary_key=True),
    sa.Column("footage", SHA256, sa.ForeignKey("footage.sha256"), nullable=False),
    sa.Column("author", TEXT, nullable=False),
    sa.Column("before", TEXT),
    sa.Column("after", TEXT),
)
table(
    "flags",
    *analysis(),
    sa.Column("sighting", base.ShortText(16), primary_key=True),
    sa.Column("kind", base.ShortText(24), primary_key=True, index=True),
    sa.Column("pts", base.Seconds(), primary_key=True),
    sa.Column("priority", sa.Integer(), nullable=False),
    sa.Column("reason", base.MessageText(), nullable=False),
)
table(
    "former_places",
    sa.Column("path", TEXT, sa.ForeignKey("locations.path"), primary_key=True),
    sa.Column("footage", SHA256, sa.ForeignKey("footage.sha256"), primary_key=True, index=True),
    sa.Column("until", base.UtcTime(), nullable=False),
    *claims(),
    sa.Column("provenance", RECORD),
)
table(
    "items",
    sa.Column("item", base.ShortText(128), primary_key=True),
    sa.Column("analysis", KEY, sa.ForeignKey("analyses.id", ondelete="CASCADE"), nullable=False),
    sa.Column("footage", SHA256, nullable=False),
    sa.Column("model", SHA256, nullable=False),
    sa.Column("settings", SHA256, nullable=False),
    sa.Column("sighting", SHA256, index=True),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("box", RECORD),
    sa.Column("kind", base.ShortText(24), nullable=False),
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("priority", sa.Integer(), nullable=False),
    sa.Column("needs", sa.Integer(), nullable=False),
    sa.Column("state", base.ShortText(8), nullable=False),
    sa.Column("given", sa.Integer(), nullable=False),
    sa.Column("outcome", base.ShortText(16)),
    sa.Column("builder", TEXT),
    sa.Index("ix_items_analysis", "analysis"),
    sa.Index("ix_items_kinds", "model", "settings", "kind", "state", "priority"),
    sa.Index("ix_items_next", "model", "settings", "state", "priority", "item"),
)
table(
    "looks",
    *analysis(),
    sa.Column("sighting", base.ShortText(16), primary_key=True),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("box", RECORD, nullable=False),
    sa.Column("appearance", sa.LargeBinary(), nullable=False),
    sa.Column("points", sa.LargeBinary(), nullable=False),
)
table(
    "prints",
    *analysis(),
    sa.Column("number", sa.Integer(), primary_key=True),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("shot", sa.Integer()),
    sa.Column("hashes", sa.LargeBinary(), nullable=False),
    sa.Column("detail", sa.Double(), nullable=False),
)
table(
    "readings",
    *analysis(),
    sa.Column("number", sa.Integer(), primary_key=True),
    sa.Column("sighting", base.ShortText(16)),
    sa.Column("text", TEXT, nullable=False),
    sa.Column("score", sa.Double(), nullable=False),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("box", RECORD, nullable=False),
    sa.Column("script", base.ShortText(8), nullable=False),
    sa.Column("mirrored", sa.Boolean(), nullable=False),
    sa.Column("overlay", sa.Boolean(), nullable=False),
)
table(
    "shots",
    *analysis(),
    sa.Column("number", sa.Integer(), primary_key=True),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("end", base.Seconds(), nullable=False),
    sa.Column("reason", base.ShortText(8), nullable=False),
)
table(
    "sightings",
    *analysis(),
    sa.Column("name", base.ShortText(16), primary_key=True),
    sa.Column("key", SHA256, nullable=False, unique=True),
    sa.Column("shot", sa.Integer(), nullable=False),
    sa.Column("first", base.Seconds(), nullable=False),
    sa.Column("last", base.Seconds(), nullable=False),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("box", RECORD, nullable=False),
    sa.Column("confidence", sa.Double(), nullable=False),
    sa.Column("track", RECORD, nullable=False),
    sa.Column("builder", TEXT),
    sa.Column("probability", sa.Double(), nullable=False),
    sa.Column("grade", base.ShortText(1), nullable=False),
    sa.Column("control", TEXT),
    sa.Column("series", TEXT),
    sa.Column("concealed", sa.Boolean(), nullable=False),
    sa.Column("evidence", RECORD, nullable=False),
    sa.Column("origin", base.ShortText(2)),
    sa.Column("origin_basis", base.ShortText(8)),
    sa.Column("origin_grade", base.ShortText(1)),
    sa.Column("file", TEXT),
    sa.Index("ix_sightings_builder", "builder", "key"),
    sa.Index("ix_sightings_origin_basis", "origin_basis", "origin"),
)
table(
    "stills",
    *analysis(),
    sa.Column("sighting", base.ShortText(16), primary_key=True),
    sa.Column("role", base.ShortText(8), primary_key=True),
    sa.Column("pts", base.Seconds(), nullable=False),
    sa.Column("box", RECORD, nullable=False),
    sa.Column("sha256", SHA256, nullable=False, index=True),
    sa.Column("suffix", base.ShortText(8), nullable=False),
)
table(
    "work",
    sa.Column("path", TEXT, sa.ForeignKey("locations.path"), primary_key=True),
    sa.Column("model", SHA256, primary_key=True),
    sa.Column("settings", SHA256, primary_key=True),
    sa.Column("state", base.ShortText(8), nullable=False),
    sa.Column("priority", sa.Integer(), nullable=False),
    sa.Column("tries", sa.Integer(), nullable=False),
    sa.Column("kind", KEY),
    sa.Column("reason", base.MessageText()),
    sa.Column("changed", base.UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(["model", "settings"], ["recipes.model", "recipes.settings"]),
    sa.Index("ix_work_next", "model", "settings", "state", "priority", "path"),
)
table(
    "links",
    sa.Column("a", SHA256, sa.ForeignKey("sightings.key", ondelete="CASCADE"), primary_key=True),
    sa.Column(
        "b",
        SHA256,
        sa.ForeignKey("sightings.key", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
    sa.Column("kind", base.ShortText(16), primary_key=True),
    sa.Column("score", sa.Double(), nullable=False),
    sa.Column("reason", base.MessageText(), nullable=False),
    sa.Column("held", sa.Boolean(), nullable=False),
)
table(
    "memberships",
    sa.Column(
        "sighting", SHA256, sa.ForeignKey("sightings.key", ondelete="CASCADE"), primary_key=True
    ),
    sa.Column("machine", KEY, sa.ForeignKey("machines.id"), nullable=False, index=True),
)


def upgrade() -> None:
    schema.create_all(op.get_bind(), checkfirst=False)
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_readings_text", "readings", ["text", "overlay", "sighting", "analysis"])
    for name in ("verdicts", "decisions", "draws", "corrections"):
        append_only(name)
