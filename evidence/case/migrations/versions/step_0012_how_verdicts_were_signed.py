"""How the author of a verdict was known; of those from before nobody can tell."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    # Not in a batch: the table made anew would lose the guard against changed rows.
    op.add_column("verdicts", sa.Column("signed", base.ShortText(length=8), nullable=True))
