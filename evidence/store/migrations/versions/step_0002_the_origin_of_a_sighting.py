"""The origin of a sighting, and how it is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.store import base

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Plain ADD COLUMN: neither database makes the table anew for it.
    op.add_column("sightings", sa.Column("origin", base.Word(length=2), nullable=True))
    op.add_column("sightings", sa.Column("origin_basis", base.Word(length=8), nullable=True))
    op.add_column("sightings", sa.Column("origin_grade", base.Word(length=1), nullable=True))
