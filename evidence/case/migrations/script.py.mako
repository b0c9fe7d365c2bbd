"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from evidence.case import base
${imports if imports else ""}
revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}
