"""Verdicts on a frame are found by its footage."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("ix_verdicts_footage", "verdicts", ["footage"])
