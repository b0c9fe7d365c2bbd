"""Small versions of the trials: killed at a border, cut off; the rows must be equal after."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from bench.borders import Border
from bench.canon import Rows
from bench.commands import Unable, new_case
from bench.cut import cut
from bench.disks import NetworkFolder
from bench.rounds import Kills, undisturbed
from bench.small import TORN_BYTES
from datasets.errors import CaseUnwritable
from datasets.maker import Encoding, recompress
from datasets.maker.stills import draw_still
from evidence.store import Case
from tests.evidence.sweep.helping import Clip, write_clip

WORSE = Encoding(size=(240, 136), rate=Fraction(12), crf=32)


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clip with a machine, the same again, a worse copy, and a torn one: of a second, since
    each is looked at five times."""
    folder = tmp_path_factory.mktemp("trials") / "clips"
    folder.mkdir()
    whole = write_clip(folder / "machine.mp4", Clip(draw_still(seed=1)[0], frames=12))
    shutil.copyfile(whole, folder / "machine-again.mp4")
    recompress(whole, folder / "machine-worse.mp4", WORSE)
    (folder / "torn.mp4").write_bytes(whole.read_bytes()[:TORN_BYTES])
    return folder


@pytest.fixture(scope="module")
def expected(clips: Path, tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The rows of a sweep that nobody disturbed."""
    rows, _ = undisturbed(new_case(tmp_path_factory.mktemp("undisturbed") / "case"), clips)
    assert rows["stills on disk"].total() == rows["stills"].total() > 0
    assert rows["copies"].total() > 0
    return rows


def test_a_holder_killed_between_a_still_and_its_name_loses_nothing(
    tmp_path: Path, clips: Path, expected: Rows
) -> None:
    border = Border("name a still", "before", "pathlib:Path.replace", given="/stills/")
    outcome = Kills(tmp_path, clips, None).border(border, expected)
    assert outcome.good, outcome


def test_a_worker_cut_off_midway_costs_no_clip_and_doubles_none(
    tmp_path: Path, clips: Path, expected: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    # How long the scheduler waits for a host that has fallen silent; half a minute otherwise.
    monkeypatch.setenv("DASK_DISTRIBUTED__COMM__TIMEOUTS__TCP", "11s")
    case = new_case(tmp_path / "case")
    try:
        outcome = cut(clips, case, expected, 4, False, tmp_path / "log", workers=2)
    except Unable as reason:
        pytest.skip(str(reason))
    assert (outcome.whole, outcome.different, outcome.left_behind) == (True, [], 0)


def test_a_case_whose_disk_goes_away_while_it_is_held_says_so(tmp_path: Path) -> None:
    (tmp_path / "server").mkdir()
    try:
        share = NetworkFolder(tmp_path / "server", tmp_path / "share")
    except Unable as reason:
        pytest.skip(str(reason))
    with (
        share,
        Case.new(share.at / "case", "Plant 12") as case,
        pytest.raises(CaseUnwritable, match="the disk fails"),
        case.lock() as held,
    ):
        share.snap()
        held.confirm()
