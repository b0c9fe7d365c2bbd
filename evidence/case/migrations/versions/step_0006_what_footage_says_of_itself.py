"""What footage says of its own making: its C2PA manifest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("footage", sa.Column("manifest", sa.JSON(none_as_null=True), nullable=True))
