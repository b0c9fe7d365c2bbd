"""The tables that the migrations make are those of the models, and old cases get them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from datasets.errors import CaseDamaged, CaseLocked
from evidence.case import case as case_module
from evidence.case import migrations
from evidence.case.base import Base
from evidence.case.case import Case
from evidence.case.folder import read_facts
from tests import steps
from tests.postgres import PostgresServer
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


@pytest.fixture(autouse=True)
def taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here Alembic takes each step itself, also to a database that is new."""
    monkeypatch.setattr(command, "upgrade", steps.take)


def tables(case: Case) -> dict[str, list[object]]:
    with case.engine.connect() as connection:
        seen = inspect(connection)
        looks = (
            seen.get_columns,
            seen.get_pk_constraint,
            seen.get_foreign_keys,
            seen.get_indexes,
            seen.get_unique_constraints,
            seen.get_check_constraints,
        )
        found = {name: [repr(look(name)) for look in looks] for name in seen.get_table_names()}
        return {**found, "": [connection.scalars(text("SELECT * FROM alembic_version")).all()]}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_tests_tell_a_new_database_makes_the_tables_that_alembic_makes(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    made = []
    for number, way in enumerate((steps.take, steps.tell, steps.tell)):
        monkeypatch.setattr(command, "upgrade", way)
        url = None
        if kind == "postgresql":
            server: PostgresServer = request.getfixturevalue("postgres")
            url = server.database()
        with Case.new(tmp_path / str(number), "Plant", url) as case:
            made.append(tables(case))
        if url is not None:
            server.drop(url)
    assert len(made[0]) > 20
    assert made[0] == made[1] == made[2]


def test_models_and_migrations_agree(case: Case) -> None:
    def compared(_object, name, kind, *_) -> bool:
        return (kind, name) != ("index", "ix_readings_text")  # of SQLite alone

    with case.engine.connect() as connection:
        opts = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=opts | {"include_object": compared})
        names = {index["name"] for index in inspect(connection).get_indexes("readings")}
        assert ("ix_readings_text" in names) is not case.on_server
        assert compare_metadata(context, Base.metadata) == []


def test_every_step_is_known(case: Case) -> None:
    with case.engine.connect() as connection:
        script = ScriptDirectory.from_config(migrations.config(connection))
    steps = [step.revision for step in script.walk_revisions()]
    assert tuple(reversed(steps)) == migrations.KNOWN


@pytest.fixture
def next_step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
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


def test_an_older_case_is_brought_up_to_date_with_all_its_rows(swept: Case, next_step) -> None:
    before = rows(swept)
    assert len(before["sightings"]) == 3
    next_step()
    with Case.open(swept.folder) as case:
        assert "colour" in columns(case)
        assert rows(case) == before
    with Case.open(swept.folder) as case:
        assert "colour" in columns(case)


def test_a_step_that_fails_changes_nothing(swept: Case, next_step) -> None:
    before = rows(swept)
    next_step("raise RuntimeError('in the middle')")
    with pytest.raises(RuntimeError, match="in the middle"):
        Case.open(swept.folder)
    assert "colour" not in columns(swept)
    assert rows(swept) == before


def test_a_case_that_is_worked_on_is_not_changed(case: Case, next_step) -> None:
    next_step()
    with case.lock(), pytest.raises(CaseLocked):
        Case.open(case.folder)


def test_rows_that_lead_nowhere_stop_a_step(tmp_path: Path, next_step) -> None:
    with Case.new(tmp_path / "case", "Plant") as case:
        with case.engine.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA foreign_keys = OFF")
            connection.execute(
                text("INSERT INTO memberships (sighting, machine) VALUES ('none', 'none')")
            )
            connection.commit()
        next_step()
        with pytest.raises(CaseDamaged, match="rows that are not there"):
            Case.open(case.folder)
        assert "colour" not in columns(case)


def test_a_step_needs_no_folder_without_percent_signs(tmp_path: Path) -> None:
    """Alembic's configuration reads `%` as the beginning of a reference."""
    with Case.new(tmp_path / "100 %(here)s", "Plant") as case:
        assert json.loads((case.folder / "case.json").read_text()) == read_facts(case.folder)
