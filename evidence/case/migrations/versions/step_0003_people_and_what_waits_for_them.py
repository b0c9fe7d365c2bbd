"""People, what they bring, and what waits for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base
from evidence.case.migrations.guard import append_only

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("name", base.ExactText(), nullable=False),
        sa.Column("role", base.ShortText(length=8), nullable=False),
        sa.Column("secret", base.ExactText(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("ended", base.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_accounts")),
    )
    op.create_table(
        "draws",
        sa.Column("item", base.ShortText(length=128), nullable=False),
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("sighting", base.ShortText(length=64), nullable=True),
        sa.Column("stratum", base.ShortText(length=24), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_draws")),
    )
    with op.batch_alter_table("draws", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draws_analysis"), ["analysis"], unique=False)

    op.create_table(
        "uploads",
        sa.Column("id", base.ShortText(length=32), nullable=False),
        sa.Column("author", base.ExactText(), nullable=False),
        sa.Column("name", base.ExactText(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", base.ShortText(length=12), nullable=False),
        sa.Column("reason", base.ExactText(), nullable=True),
        sa.Column("footage", base.ShortText(length=64), nullable=True),
        sa.Column("path", base.ExactText(), nullable=True),
        sa.Column("origin_url", base.ExactText(), nullable=True),
        sa.Column("publisher", base.ExactText(), nullable=True),
        sa.Column("published", base.ExactText(), nullable=True),
        sa.Column("plant_claimed", base.ExactText(), nullable=True),
        sa.Column("note", base.ExactText(), nullable=True),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("changed", base.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_uploads_author"), ["author"], unique=False)
        batch_op.create_index(batch_op.f("ix_uploads_state"), ["state"], unique=False)

    op.create_table(
        "logins",
        sa.Column("digest", base.ShortText(length=64), nullable=False),
        sa.Column("account", base.ExactText(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("expires", base.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_logins_account")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_logins")),
    )
    with op.batch_alter_table("logins", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_logins_account"), ["account"], unique=False)

    op.create_table(
        "tokens",
        sa.Column("digest", base.ShortText(length=64), nullable=False),
        sa.Column("account", base.ExactText(), nullable=False),
        sa.Column("label", base.ExactText(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("expires", base.UtcTime(timezone=True), nullable=True),
        sa.Column("ended", base.UtcTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name=op.f("fk_tokens_account")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_tokens")),
    )
    with op.batch_alter_table("tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tokens_account"), ["account"], unique=False)

    op.create_table(
        "items",
        sa.Column("item", base.ShortText(length=128), nullable=False),
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("sighting", base.ShortText(length=64), nullable=True),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("box", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("kind", base.ShortText(length=24), nullable=False),
        sa.Column("reason", base.ExactText(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.Column("state", base.ShortText(length=8), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("outcome", base.ShortText(length=16), nullable=True),
        sa.Column("builder", base.ExactText(), nullable=True),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_items_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_items")),
    )
    with op.batch_alter_table("items", schema=None) as batch_op:
        batch_op.create_index("ix_items_analysis", ["analysis"], unique=False)
        batch_op.create_index(
            "ix_items_next", ["model", "settings", "state", "priority", "item"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_items_sighting"), ["sighting"], unique=False)

    append_only("draws")
