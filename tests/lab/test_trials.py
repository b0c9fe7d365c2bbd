"""The trials and their tools: killed at a border the rows are equal after, a difference is seen."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from functools import reduce
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, update

from datasets.maker.clip import Encoding, recompress
from datasets.maker.scene import draw_still
from evidence.case.case import Case
from evidence.case.tables import FootageRow
from lab.canon import Rows, canon, differences
from lab.kills import BORDERS, HOOKS, Border, Kills, undisturbed
from lab.processes import Family, command_of, new_case
from lab.small import TORN_BYTES
from tests.evidence.work.helping import Clip, write_clip

WORSE = Encoding(size=(240, 136), rate=Fraction(12), crf=32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    """A clip with a machine, the same again, a worse copy, and a torn one: of a second, since
    each is looked at several times."""
    folder = tmp_path_factory.mktemp("trials") / "clips"
    folder.mkdir()
    whole = write_clip(folder / "machine.mp4", Clip(draw_still(seed=1)[0], frames=12))
    shutil.copyfile(whole, folder / "machine-again.mp4")
    recompress(whole, folder / "machine-worse.mp4", WORSE)
    (folder / "torn.mp4").write_bytes(whole.read_bytes()[:TORN_BYTES])
    return folder


@pytest.fixture(scope="module")
def expected(clips, tmp_path_factory) -> Rows:
    """The rows of a sweep that nobody disturbed."""
    rows, _ = undisturbed(new_case(tmp_path_factory.mktemp("undisturbed") / "case"), clips)
    assert rows["stills on disk"].total() == rows["stills"].total() > 0
    assert rows["copies"].total() > 0
    return rows


@pytest.mark.nightly
def test_a_holder_killed_between_a_still_and_its_name_loses_nothing(tmp_path, clips, expected):
    border = Border("name a still", "before", "pathlib:Path.replace", given="/stills/")
    outcome = Kills(tmp_path, clips, None).border(border, expected)
    assert outcome.good, outcome


ROW = {"size": 1, "kind": "video", "container": "mp4"}


def case_with(folder: Path, *hashes: str) -> Path:
    with Case.new(folder, folder.name) as case, case.engine.begin() as connection:
        for sha256 in hashes:
            connection.execute(insert(FootageRow).values(sha256=sha256 * 64, **ROW))
    return folder


def test_cases_with_the_same_rows_are_equal_whatever_their_name(tmp_path):
    one = case_with(tmp_path / "one", "a", "b")
    other = case_with(tmp_path / "other", "b", "a")
    assert differences(canon(one), canon(other)) == []


def test_a_row_or_a_picture_that_differs_is_told(tmp_path):
    one = case_with(tmp_path / "one", "a", "b")
    other = case_with(tmp_path / "other", "a", "b")
    with Case.open(other) as case, case.engine.begin() as connection:
        connection.execute(delete(FootageRow).where(FootageRow.sha256 == "b" * 64))
        connection.execute(update(FootageRow).values(size=2))
    (other / "stills" / "a.jpg").write_bytes(b"picture")
    told = differences(canon(one), canon(other))
    assert [line.split(":")[0] for line in told] == [
        "- footage",
        "- footage",
        "+ footage",
        "+ stills on disk",
    ]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("when", "nth", "printed"), [("before", 1, 0), ("after", 1, 1), ("before", 3, 2)]
)
def test_a_process_dies_at_its_border_once(tmp_path, when, nth, printed):
    (tmp_path / "stage.py").write_text("def step(n):\n    print(n, flush=True)\n")
    program = "import stage\nfor n in range(4):\n    stage.step(n)\n"
    border = Border("a stage", when, "stage:step", nth)  # type: ignore[arg-type]
    environment = border.environment(tmp_path / "flag", HOOKS)
    environment["PYTHONPATH"] += f":{tmp_path}"
    call = [sys.executable, "-c", program]
    first = subprocess.run(call, env=environment, capture_output=True, text=True)
    again = subprocess.run(call, env=environment, capture_output=True, text=True)
    assert (first.returncode, first.stdout.split()) == (
        -signal.SIGKILL,
        [str(n) for n in range(printed)],
    )
    assert (again.returncode, again.stdout.split()) == (0, ["0", "1", "2", "3"])


@pytest.mark.nightly
def test_a_child_in_a_session_of_its_own_is_found_and_ended(tmp_path):
    family = Family(tmp_path / "log")
    child = "import time; print('up', flush=True); time.sleep(600)"
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}], "
    parent += "start_new_session=True)"
    assert family.start([sys.executable, "-c", parent]).wait(20) == 0
    assert family.wait_for(lambda: "up" in family.output(), 20)
    (left,) = family.members()
    assert "time.sleep" in command_of(left)
    family.end()
    assert family.left_behind() == []


def test_every_border_is_at_a_function():
    for module, path in {tuple(border.at.split(":")) for border in BORDERS}:
        assert callable(reduce(getattr, path.split("."), import_module(module))), path
