"""What is claimed of footage may be put right, and what stood there before is kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base
from evidence.case.migrations.guard import append_only

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "corrections",
        sa.Column("path", base.ExactText(), nullable=False),
        sa.Column("claim", base.ShortText(length=16), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("author", base.ExactText(), nullable=False),
        sa.Column("before", base.ExactText(), nullable=True),
        sa.Column("after", base.ExactText(), nullable=True),
        sa.ForeignKeyConstraint(
            ["path"], ["locations.path"], name=op.f("fk_corrections_path_locations")
        ),
        sa.ForeignKeyConstraint(
            ["footage"], ["footage.sha256"], name=op.f("fk_corrections_footage_footage")
        ),
        sa.PrimaryKeyConstraint("path", "claim", "made", name=op.f("pk_corrections")),
    )
    append_only("corrections")
