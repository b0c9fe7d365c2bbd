"""Some of a builder's sightings are found in the order of their keys."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_index("ix_sightings_builder", "sightings")
    op.create_index("ix_sightings_builder", "sightings", ["builder", "key"])
