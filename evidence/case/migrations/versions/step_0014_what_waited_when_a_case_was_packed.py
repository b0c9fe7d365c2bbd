"""What waited when a case was packed is told from what a person cancelled, in older cases too."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    work = sa.table("work", sa.column("kind"), sa.column("reason"))
    reason = "it came with a pack and lies outside the case; sweep the folder it lies in"
    packed = (work.c.kind == "cancelled") & (work.c.reason == reason)
    op.execute(work.update().where(packed).values(kind="packed"))
