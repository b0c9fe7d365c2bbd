"""An older case gets the tables of this version, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from alembic import op

from evidence.case import migrations
from evidence.case.case import Case
from tests.rows import rows

pytestmark = pytest.mark.databases


@pytest.fixture
def next_step(monkeypatch) -> Callable[..., None]:
    """A program that is one step further on, which may fail at the step's end."""

    def write(fails: bool = False) -> None:
        def step() -> None:
            # What is dangerous in SQLite: the table is made anew, and the old one dropped.
            anew = "always" if op.get_bind().dialect.name == "sqlite" else "never"
            with op.batch_alter_table("footage", recreate=anew) as batch:
                batch.add_column(sa.Column("colour", sa.String(8)))
            if fails:
                raise RuntimeError("in the middle")

        monkeypatch.setitem(migrations.STEPS, "next", step)

    return write


def columns(case: Case) -> set[str]:
    return {column["name"] for column in sa.inspect(case.engine).get_columns("footage")}


def test_an_older_case_is_brought_up_to_date_with_all_its_rows(swept, next_step):
    before = rows(swept)
    assert len(before["sightings"]) == 3
    next_step()
    with Case.open(swept.folder) as case:
        assert "colour" in columns(case)
        assert rows(case) == before
    with Case.open(swept.folder) as case:
        assert "colour" in columns(case)


def test_a_step_that_fails_changes_nothing(swept, next_step):
    before = rows(swept)
    next_step(fails=True)
    with pytest.raises(RuntimeError, match="in the middle"):
        Case.open(swept.folder)
    assert "colour" not in columns(swept)
    assert rows(swept) == before
