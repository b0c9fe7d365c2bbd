"""What is known of footage outlasts another file at its path."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "former_places",
        sa.Column("path", base.ExactText(), nullable=False),
        sa.Column("footage", base.ShortText(length=64), nullable=False),
        sa.Column("until", base.UtcTime(timezone=True), nullable=False),
        sa.Column("origin_url", base.ExactText(), nullable=True),
        sa.Column("publisher", base.ExactText(), nullable=True),
        sa.Column("published", base.ExactText(), nullable=True),
        sa.Column("plant_claimed", base.ExactText(), nullable=True),
        sa.Column("note", base.ExactText(), nullable=True),
        sa.Column("provenance", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["path"], ["locations.path"], name=op.f("fk_former_places_path_locations")
        ),
        sa.ForeignKeyConstraint(
            ["footage"], ["footage.sha256"], name=op.f("fk_former_places_footage_footage")
        ),
        sa.PrimaryKeyConstraint("path", "footage", name=op.f("pk_former_places")),
    )
    op.create_index("ix_former_places_footage", "former_places", ["footage"])
