"""A case: made whole, opened by the right program, held by one."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import func, select, text

from api.cli.exits import Exit, exit_for
from datasets.errors import (
    CaseDamaged,
    CaseError,
    CaseExists,
    CaseLocked,
    CaseMissing,
    CaseNewer,
    CaseUnreachable,
    CaseUnwritable,
    UsageError,
)
from evidence.case.case import Case
from evidence.case.folder import new_folder, read_facts
from evidence.case.tables import Location
from tests.evidence.case.conftest import encoded
from tests.postgres import PostgresServer, binaries
from tests.rows import fetch

pytestmark = pytest.mark.databases


def test_a_case_opens_as_it_was_made_and_only_its_owner_looks_into_it(case):
    with Case.open(case.folder) as again:
        assert (again.id, again.name) == (case.id, "Plant 12")
        assert again.database == case.database
    assert stat.S_IMODE((case.folder / "case.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(case.folder.stat().st_mode) == 0o700


def test_a_case_goes_where_nothing_is(case, tmp_path):
    with pytest.raises(CaseExists) as told:
        Case.new(case.folder, "another")
    assert exit_for(told.value) == Exit.USAGE
    (tmp_path / "empty").mkdir()
    Case.new(tmp_path / "empty", "fills an empty folder").close()


def test_a_case_that_cannot_be_made_leaves_nothing(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CaseUnwritable):
        Case.new(tmp_path / "file" / "case", "below a file")
    with pytest.raises(UsageError):
        Case.new(tmp_path / "case", "elsewhere", "mysql://somebody:secret@host/db")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_one_database_holds_one_case(tmp_path, postgres):
    url = postgres.database()
    Case.new(tmp_path / "one", "the first", url).close()
    with pytest.raises(CaseExists, match="holds the case 'the first'"):
        Case.new(tmp_path / "two", "the second", url)
    assert not (tmp_path / "two").exists()


def test_tables_of_something_else_stay_alone(tmp_path, postgres):
    url = postgres.database()
    with Case.new(tmp_path / "one", "one", url) as case, case.engine.begin() as connection:
        connection.execute(text('ALTER TABLE "case" RENAME TO something'))
    with pytest.raises(CaseExists, match="something else"):
        Case.new(tmp_path / "two", "two", url)


def test_a_folder_and_a_database_belong_together(case, tmp_path):
    with Case.new(tmp_path / "other", "Other") as other:
        facts = read_facts(case.folder) | {"id": other.id}
    (case.folder / "case.json").write_text(json.dumps(facts))
    with pytest.raises(CaseDamaged, match="holds another case"):
        Case.open(case.folder)


# No cookie may be called so, and nobody could log in.
IDS = ["\r\n0x1_2", " " + "0" * 31, "0" * 31 + "\n", "-1", "0" * 5000]
FACTS = {"format": 1, "name": "Plant", "database": "case.db"}
NO_CASE = ["", "[]", '{"format": 1}', "\x00", '{"format": "1"}']


@pytest.mark.parametrize("content", [*NO_CASE, *(json.dumps(FACTS | {"id": one}) for one in IDS)])
def test_a_file_that_is_no_case_is_told(tmp_path, content):
    (tmp_path / "case.json").write_text(content)
    with pytest.raises(CaseDamaged, match=r"case\.json"):
        Case.open(tmp_path)


def test_a_foreign_folder_holds_no_case(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CaseMissing, match="holds no case"):
            Case.open(folder)


def test_two_that_make_one_case_at_once_are_not_told_that_it_cannot_be_written(tmp_path):
    with pytest.raises(CaseExists, match="there is something already"), new_folder(tmp_path / "a"):
        Case.new(tmp_path / "a", "of another call").close()
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with Case.open(tmp_path / "a") as case:
        assert case.name == "of another call"


def test_a_case_of_a_newer_program_is_refused(case):
    facts = read_facts(case.folder)
    with case.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(CaseNewer, match="newer Nameplate"):
        Case.open(case.folder)
    (case.folder / "case.json").write_text(json.dumps(facts | {"format": 2}))
    with pytest.raises(CaseNewer) as told:
        Case.open(case.folder)
    assert exit_for(told.value) == Exit.SETUP


def test_a_database_that_is_gone_is_told(tmp_path):
    with Case.new(tmp_path / "case", "Plant") as case:
        pass
    (case.folder / "case.db").unlink()
    with pytest.raises(CaseDamaged, match=r"case\.db"):
        Case.open(case.folder)
    (case.folder / "case.db").write_bytes(b"no database" * 100)
    with pytest.raises(CaseDamaged, match="damaged"):
        Case.open(case.folder)


def test_a_server_that_is_gone_for_a_while(tmp_path, postgres):
    programs = binaries()
    assert programs is not None
    with (
        PostgresServer(programs) as server,
        Case.new(tmp_path / "case", "Plant", server.database()) as case,
    ):
        server.stop()
        with pytest.raises(CaseUnreachable) as told, case.session() as session:
            session.scalar(select(func.count()).select_from(Location))
        assert exit_for(told.value) == Exit.RESULT
        entry = server.folder / "data/pg_hba.conf"
        entry.write_text(f"local all stranger scram-sha-256\n{entry.read_text()}")
        server.start()
        url = server.database().replace("nameplate@", "stranger:secret@")
        with pytest.raises(CaseUnreachable, match=r"put the password into ~/\.pgpass"):
            Case.new(tmp_path / "other", "Plant", url)
        with case.session() as session:
            assert session.scalar(select(func.count()).select_from(Location)) == 0


def test_no_message_holds_the_password(tmp_path):
    with pytest.raises(CaseUnreachable) as told:
        Case.new(tmp_path / "case", "Plant", "postgresql://anna:secret@127.0.0.1:9/plant")
    assert "anna:***@127.0.0.1" in str(told.value) and "secret" not in str(told.value)


def test_one_holder_at_a_time(case):
    with case.lock(), Case.open(case.folder) as second:
        with pytest.raises(CaseLocked, match=f"process {os.getpid()} on ") as told:
            second.lock().__enter__()
        assert exit_for(told.value) == Exit.LOCKED
    with case.lock():
        pass


HOLDER = """
import sys
from evidence.case.case import Case
with Case.open(sys.argv[1]).lock():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_holder_lets_go(case):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    words = [sys.executable, "-c", HOLDER, case.folder]
    with subprocess.Popen(words, cwd=Path(__file__).parents[3], **pipes) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(CaseLocked, match=f"process {process.pid} on "):
            case.lock().__enter__()
        process.send_signal(signal.SIGKILL)
        process.wait()

    with case.lock():
        pass


def test_a_still_is_kept_once_under_its_hash(case):
    picture = encoded(1, "JPEG")
    sha256 = case.put_still(picture)
    path = case.still(sha256, "jpg")
    assert path.read_bytes() == picture
    before = path.stat().st_mtime_ns, path.stat().st_ino
    assert case.put_still(picture) == sha256
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with pytest.raises(ValueError, match="JPEG or PNG"):
        case.put_still(b"GIF89a")


def test_a_read_only_case_can_be_read(swept, survey, read_only):
    swept.close()
    read_only(swept.folder)
    with Case.open(swept.folder) as case:
        with case.session() as session:
            assert session.scalar(select(Location.path)) == str(survey.analysis.footage.path)
        with pytest.raises(CaseUnwritable, match="lock"):
            case.lock().__enter__()
        with pytest.raises(CaseUnwritable):
            case.put_still(encoded(77, "PNG"))
        refuses = pytest.raises(CaseUnwritable, match=r"case\.db: cannot be written")
        if not case.on_server:
            with refuses, case.session() as session, session.begin():
                session.add(Location(path="a", held=False))


def test_a_change_waits_for_another_writer(case):
    """Two writers who read first do not trip over each other: the second begins after the first."""
    with case.session() as first, first.begin():
        first.scalar(select(func.count()).select_from(Location))

        def second() -> None:
            with case.session() as session, session.begin():
                session.scalar(select(func.count()).select_from(Location))
                session.add(Location(path="second", held=False))

        thread = Thread(target=second)
        thread.start()
        first.add(Location(path="first", held=False))
    thread.join()
    assert set(fetch(case, select(Location.path))) == {"first", "second"}


def test_every_kind_of_case_error_is_documented():
    page = (Path(__file__).parents[3] / "docs" / "reference.md").read_text("utf-8")
    kinds = {error.kind for error in CaseError.__subclasses__()}
    assert len(kinds) == 8
    assert {kind for kind in kinds if f"| `{kind}` |" not in page} == set()
