"""The audit sample's chances, kept from when they are set and not from the first draw."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "chances",
        sa.Column("stratum", base.ShortText(length=24), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("made", base.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stratum", name=op.f("pk_chances")),
    )
