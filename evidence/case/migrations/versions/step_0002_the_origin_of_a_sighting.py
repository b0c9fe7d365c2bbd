"""The origin of a sighting, and how it is known."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # Plain ADD COLUMN: neither database makes the table anew for it.
    op.add_column("sightings", sa.Column("origin", base.ShortText(length=2), nullable=True))
    op.add_column("sightings", sa.Column("origin_basis", base.ShortText(length=8), nullable=True))
    op.add_column("sightings", sa.Column("origin_grade", base.ShortText(length=1), nullable=True))
