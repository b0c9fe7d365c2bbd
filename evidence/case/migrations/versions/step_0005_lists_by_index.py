"""Lists, searches and counts of a large case are read off indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_index(
        "ix_machines_listed",
        "machines",
        ["model", "settings", "grade", sa.text("probability DESC"), "id"],
    )
    op.create_index("ix_sightings_origin_basis", "sightings", ["origin_basis", "origin"])
    op.create_index("ix_items_kinds", "items", ["model", "settings", "kind", "state", "priority"])
    op.drop_index("ix_flags_priority", "flags")
    op.create_index("ix_flags_kind", "flags", ["kind"])
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_readings_text", "readings", ["text", "overlay", "sighting", "analysis"])
