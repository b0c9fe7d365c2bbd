"""The first version: a new case gets its tables from the models."""

revision, down_revision = "0001", None


def upgrade() -> None:
    """Nothing comes before it."""
