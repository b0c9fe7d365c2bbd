"""Items stand by the rules of now: until now a third person's word alone could settle a claim.

Nothing changes in the tables; after any step `Case.open` works out anew where items stand.
"""

from __future__ import annotations

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    pass
