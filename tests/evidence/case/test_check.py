"""What a check finds: nothing in a good case, and each thing that can go wrong in one."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import delete, select, text, update

from datasets.errors import CaseDamaged
from detector import Settings
from evidence.case.case import Case
from evidence.case.check import Finding, check
from evidence.case.sighting_tables import (
    AnalysisRow,
    Link,
    Membership,
    PrintRow,
    SightingRow,
    Verdict,
)
from evidence.case.summary import add_recipe
from evidence.case.tables import FootageRow, Location, Work
from evidence.case.verdicts import append
from evidence.link.machines import join
from tests.conftest import Furnish, nothing
from tests.ordinary import ordinary
from tests.rows import act, keep

pytestmark = pytest.mark.databases


def found(case: Case, deep: bool = False) -> list[Finding]:
    return list(check(case, deep))


def only(case: Case, deep: bool = False) -> Finding:
    [finding] = found(case, deep)
    return finding


@pytest.fixture(scope="module")
def settle(registry, survey) -> Furnish:
    """A machine of two sightings, one of one, and a verdict."""

    def put(case: Case) -> None:
        recipe = act(case, add_recipe, "aa" * 32, Settings(), registry)
        keep(case, recipe, survey)
        with case.session() as session, session.begin():
            keys = sorted(session.scalars(select(SightingRow.key)))
            join(session, keys[0], keys[1], "Anna")
            append(session, footage="ab" * 32, pts=Fraction(1), verdict="missed", author="Anna")

    return put


@pytest.fixture
def furnish(settle, request) -> Furnish:
    return settle if "settled" in request.fixturenames else nothing


@pytest.fixture
def settled(case) -> Case:
    """A case with a machine of two sightings, one of one, and a verdict, as `furnish` makes it."""
    return case


def test_a_good_case_has_nothing_wrong(settled):
    assert found(settled) == []
    assert found(settled, deep=True) == []


def test_stills(settled):
    altered, lost, *_ = sorted(settled.folder.glob("stills/*/*"))
    altered.write_bytes(b"\xff" + altered.read_bytes()[1:] + b"\0")
    lost.unlink()
    findings = found(settled)
    assert [(f.about, f.wrong) for f in findings] == [(str(altered), True), (str(lost), True)]
    assert "another hash" in findings[0].what and "missing" in findings[1].what
    assert all(f.todo for f in findings)


def test_an_original_that_is_gone(settled, survey, tmp_path):
    path, gone = survey.analysis.footage.path, str(tmp_path / "gone.mp4")
    with settled.session() as session, session.begin():
        session.execute(delete(Work))
        session.execute(update(Location).values(path=gone))
    finding = only(settled)
    assert (finding.about, finding.wrong) == (gone, True)
    assert "the original is gone" in finding.what and "put it back" in finding.todo
    with settled.session() as session, session.begin():
        session.add(Location(path=str(path), held=False, footage=survey.analysis.footage.sha256))
    assert not only(settled).wrong


def test_a_disk_that_is_gone_is_one_finding(settled, tmp_path):
    with settled.session() as session, session.begin():
        for number in range(30):
            sha256 = f"{number:064}"
            session.add(FootageRow(sha256=sha256, size=1, kind="video", container="mp4"))
            session.flush()
            path = tmp_path / "disk" / f"{number % 3}" / f"{number}.mp4"
            session.add(Location(path=str(path), held=False, footage=sha256))
    finding = only(settled)
    assert (finding.about, finding.wrong) == (str(tmp_path / "disk"), True)
    assert "30 originals below it" in finding.what


def test_an_original_that_may_not_be_read_is_not_said_to_be_gone(settled, survey, tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "clip.mp4").write_bytes(survey.analysis.footage.path.read_bytes())
    with settled.session() as session, session.begin():
        session.execute(delete(Work))
        session.execute(update(Location).values(path=str(folder / "clip.mp4"), mtime_ns=None))
    folder.chmod(0)
    with ordinary():
        finding = only(settled)
    folder.chmod(0o700)
    assert (finding.about, finding.wrong) == (str(folder / "clip.mp4"), True)
    assert finding.what == "cannot be read (Permission denied)"
    assert "check the permissions" in finding.todo and "put it back" not in finding.todo


@pytest.fixture
def original(settled, survey, tmp_path) -> Path:
    """The original, at a place of its own where it may be changed."""
    path = tmp_path / "original.mp4"
    path.write_bytes(survey.analysis.footage.path.read_bytes())
    status = path.stat()
    with settled.session() as session, session.begin():
        session.execute(delete(Work))
        state = {"size": status.st_size, "mtime_ns": status.st_mtime_ns}
        session.execute(update(Location).values(path=str(path), **state))
    return path


def test_an_original_that_has_changed(settled, original):
    assert found(settled, deep=True) == []
    content = original.read_bytes()
    original.write_bytes(content + b"\0")
    assert "another file" in only(settled).what and only(settled).wrong
    changed = bytearray(content)
    changed[-1] ^= 1
    original.write_bytes(changed)
    os.utime(original, ns=(1, 1))
    assert not only(settled).wrong and "--deep" in only(settled).todo
    assert only(settled, deep=True).wrong and "another file" in only(settled, deep=True).what
    original.write_bytes(content)
    os.utime(original, ns=(1, 1))
    assert found(settled, deep=True) == []


def test_an_original_whose_folder_cannot_be_asked_for(settled, original):
    """As under a network disk that has died, or in a folder that may not be searched."""
    below = original.parent / ("x" * 300)
    with settled.session() as session, session.begin():
        session.execute(update(Location).values(path=str(below / "2023" / "clip.mp4")))
    finding = only(settled)
    assert finding.about == str(below) and finding.wrong
    assert finding.what == "cannot be read (File name too long), and 1 original below it with it"


THIRD = select(SightingRow.key).where(SightingRow.name == "m3")
ROWS = {
    "a print is missing": (delete(PrintRow).where(PrintRow.number == 2), "missing or were changed"),
    "a builder was changed": (
        update(SightingRow).where(SightingRow.name == "m2").values(builder="smtcl", grade="A"),
        "missing or were changed",
    ),
    "frames were changed": (update(AnalysisRow).values(frames_decoded=12), "were changed"),
    "another recipe": (update(PrintRow).values(model="00" * 32), "missing or were changed"),
    "work that was not done": (update(Location).values(footage=None), "counts as done, and there"),
    "a lost member": (
        delete(Membership).where(Membership.sighting.endswith("m1")),
        "does not follow from sightings",
    ),
    "a machine of nobody": (delete(Membership), "does not follow from sightings"),
    "a link between machines": (
        update(Link).values(b=THIRD.scalar_subquery()),
        "does not follow from sightings",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_that_do_not_agree(settled, name):
    change, words = ROWS[name]
    with settled.session() as session, session.begin():
        session.execute(change)
    wrong = [finding for finding in found(settled) if finding.wrong]
    assert any(words in finding.what for finding in wrong), wrong
    assert all(finding.todo for finding in wrong)


@pytest.mark.parametrize("held", [False, True])
def test_a_file_that_is_on_no_list_any_more(settled, held):
    """What nobody has looked at would be told of nowhere."""
    name = f"footage/ef/{'ef' * 32}.mp4" if held else "/disk/new.mp4"
    with settled.session() as session, session.begin():
        work = session.scalars(select(Work)).one()
        # The hash of an upload is known at once.
        session.add(FootageRow(sha256="ef" * 32, size=1, kind="video", container="mp4"))
        session.flush()
        session.add(Location(path=name, held=held, footage="ef" * 32 if held else None))
        session.flush()
        listed = {"model": work.model, "settings": work.settings, "changed": work.changed}
        session.add(Work(path=name, state="waiting", **listed))
    assert not [one for one in found(settled) if "on no list" in one.what]
    with settled.session() as session, session.begin():
        session.execute(delete(Work).where(Work.path == name))
    [finding] = [one for one in found(settled) if "on no list" in one.what]
    assert (finding.about, finding.wrong) == (name, True)


def test_verdicts_that_were_changed(settled):
    with settled.session() as session, session.begin():
        if settled.on_server:
            session.execute(text("DROP TRIGGER verdicts_append_only ON verdicts"))
        else:
            session.execute(text("DROP TRIGGER verdicts_no_update"))
        session.execute(update(Verdict).values(verdict="confirmed"))
    assert (only(settled).about, only(settled).what) == ("verdict 1", "not as it was given")


def test_a_database_damaged_on_disk(settled):
    if settled.on_server:
        return
    settled.close()
    file = settled.folder / "case.db"
    content = bytearray(file.read_bytes())
    half = len(content) // 2
    content[half : half + 9000] = b"\xaa" * 9000
    file.write_bytes(content)
    try:
        with Case.open(settled.folder) as case:
            assert any("damaged" in finding.what for finding in check(case))
    except CaseDamaged as error:
        assert "case.db" in str(error)


def test_rows_that_point_nowhere(settled):
    if settled.on_server:
        return
    with settled.engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("PRAGMA foreign_keys = OFF")
        cursor.execute("DELETE FROM machines")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.close()
    assert any("points to a row of machines" in finding.what for finding in found(settled))


def test_a_secret_that_others_may_read(settled):
    (settled.folder / "case.json").chmod(0o644)
    assert [f.todo.split()[0] for f in found(settled)] == (["chmod"] if settled.on_server else [])


def test_checking_while_a_sweep_writes_and_of_a_read_only_case(settled, read_only):
    with settled.session() as session, session.begin():
        session.execute(update(Work).values(state="halfway"))
        session.flush()
        assert found(settled) == []
        session.rollback()
    settled.close()
    read_only(settled.folder)
    with Case.open(settled.folder) as case:
        assert found(case) == []
