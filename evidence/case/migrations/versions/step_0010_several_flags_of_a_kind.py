"""A footage may have several flags of one kind that are about no sighting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # SQLite changes no key in place: the table as it is from here on, to be made and filled anew.
    flags = sa.Table(
        "flags",
        sa.MetaData(),
        sa.Column("analysis", base.ShortText(length=32), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("model", base.ShortText(length=64), nullable=False),
        sa.Column("settings", base.ShortText(length=64), nullable=False),
        sa.Column("sighting", base.ShortText(length=16), nullable=False),
        sa.Column("kind", base.ShortText(length=24), nullable=False),
        sa.Column("pts", base.Seconds(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("reason", base.ExactText(), nullable=False),
        sa.ForeignKeyConstraint(
            ["analysis"], ["analyses.id"], name=op.f("fk_flags_analysis"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("analysis", "sighting", "kind", name=op.f("pk_flags")),
        sa.Index("ix_flags_kind", "kind"),
    )
    with op.batch_alter_table("flags", copy_from=flags) as batch:
        batch.drop_constraint(op.f("pk_flags"), type_="primary")
        batch.create_primary_key(op.f("pk_flags"), ["analysis", "sighting", "kind", "pts"])
