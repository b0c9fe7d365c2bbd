"""Positive controls that a case keeps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "controls",
        sa.Column("footage", base.ShortText(64), nullable=False),
        sa.Column("builder", base.ExactText(), nullable=False),
        sa.Column("author", base.ExactText(), nullable=False),
        sa.Column("made", base.UtcTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["footage"], ["footage.sha256"], name=op.f("fk_controls_footage_footage")
        ),
        sa.PrimaryKeyConstraint("footage", "builder", name=op.f("pk_controls")),
    )
