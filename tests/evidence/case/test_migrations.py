"""An older case gets the tables of this version, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect

from evidence.case import case as case_module
from evidence.case import migrations
from evidence.case.case import Case
from tests.rows import rows

pytestmark = pytest.mark.databases

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "next", {last!r}

def upgrade():
    # The way that is dangerous in SQLite: the table is made anew, and the old one dropped.
    anew = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("footage", recreate=anew) as batch:
        batch.add_column(sa.Column("colour", sa.String(8)))
    {then}
"""


@pytest.fixture
def next_step(monkeypatch, tmp_path):
    """A program that is one step further on; `then` is run at the step's end."""

    def write(then: str = "pass") -> None:
        folder = tmp_path / "steps"
        folder.mkdir()
        code = NEXT.format(last=migrations.KNOWN[-1], then=then)
        (folder / "next.py").write_text(code)
        plain = migrations.config
        here = Path(migrations.__file__).parent / "versions"

        def config(connection):
            made = plain(connection)
            made.set_main_option("path_separator", "newline")
            made.set_main_option("version_locations", f"{here}\n{folder}")
            return made

        monkeypatch.setattr(migrations, "config", config)
        monkeypatch.setattr(case_module, "KNOWN", (*migrations.KNOWN, "next"))

    return write


def columns(case: Case) -> set[str]:
    return {column["name"] for column in inspect(case.engine).get_columns("footage")}


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
    next_step("raise RuntimeError('in the middle')")
    with pytest.raises(RuntimeError, match="in the middle"):
        Case.open(swept.folder)
    assert "colour" not in columns(swept)
    assert rows(swept) == before
