"""Positive controls that a case keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.store import base

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "controls",
        sa.Column("footage", base.Word(64), nullable=False),
        sa.Column("builder", base.Exact(), nullable=False),
        sa.Column("author", base.Exact(), nullable=False),
        sa.Column("made", base.Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["footage"], ["footage.sha256"], name=op.f("fk_controls_footage_footage")
        ),
        sa.PrimaryKeyConstraint("footage", "builder", name=op.f("pk_controls")),
    )
