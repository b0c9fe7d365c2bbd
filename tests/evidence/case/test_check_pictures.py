"""What a check says of a folder of pictures to which some were added, and some not."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from datasets.registry import Registry
from detector.footage.files import open_footage
from detector.types import Loss, Survey
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.queue import FootageSource, add_work, done, take
from evidence.case.row_checks import Finding
from evidence.case.rows import record_survey
from evidence.case.tables import UNREAD, Location, Recipe
from tests.evidence.case.conftest import encoded

pytestmark = pytest.mark.databases

Sweep = Callable[[], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of three pictures."""
    place = tmp_path / "photographs"
    place.mkdir()
    for number in (2, 4, 6):
        (place / f"{number}.png").write_bytes(encoded(number, "PNG") + bytes(number))
    return place


@pytest.fixture
def sweep(case: Case, recipe: Recipe, registry: Registry, survey: Survey, folder: Path) -> Sweep:
    """Looks at the folder as it is then."""

    def look() -> None:
        footage = open_footage(folder)
        number = len(footage.files)
        analysis = replace(survey.analysis, footage=footage, loss=Loss(number, number, number))
        newest = max(file.stat().st_mtime_ns for file in footage.files)
        with case.session() as session, session.begin():
            add_work(session, recipe, [FootageSource(str(folder), footage.size, newest)])
            record_survey(session, case, replace(survey, analysis=analysis), registry)
            assert done(session, take(session, recipe, 1)[0], footage.sha256)

    look()
    return look


def told(case: Case) -> list[Finding]:
    return [one for one in check(case) if one.about.startswith("footage")]


@pytest.mark.parametrize("oldest", [False, True], ids=["came last", "of an earlier day"])
def test_pictures_that_others_were_added_to_lie_there_still(
    case: Case, sweep: Sweep, folder: Path, oldest: bool
) -> None:
    for number in (1, 5):
        added = folder / f"{number}.png"
        added.write_bytes(encoded(number, "PNG") + bytes(20))
        if oldest:
            os.utime(added, ns=(1, 1))
        sweep()
    findings = told(case)
    assert len(findings) == 2 and not any(finding.wrong for finding in findings)
    assert all(f"its pictures all lie in {folder} still" in one.what for one in findings)
    (folder / "4.png").unlink()
    assert [finding.wrong for finding in told(case)] == [True, True]


def test_a_picture_that_was_changed_is_not_taken_for_what_it_was(
    case: Case, sweep: Sweep, folder: Path
) -> None:
    (folder / "7.png").write_bytes(encoded(7, "PNG"))
    changed = bytearray((folder / "2.png").read_bytes())
    changed[-1] ^= 1
    (folder / "2.png").write_bytes(changed)
    sweep()
    assert [finding.wrong for finding in told(case)] == [True]


def test_no_folder_is_read_because_a_pack_says_so(case: Case, sweep: Sweep, folder: Path) -> None:
    (folder / "7.png").write_bytes(encoded(7, "PNG"))
    sweep()
    with case.session() as session, session.begin():
        session.get_one(Location, str(folder)).mtime_ns = UNREAD
    assert [finding.wrong for finding in told(case)] == [True]
