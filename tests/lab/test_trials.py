"""A small version of the trials: killed at a border, the rows must be equal after."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from datasets.maker.encode import Encoding, recompress
from datasets.maker.stills import draw_still
from lab.canon import Rows
from lab.kills import Border, Kills, undisturbed
from lab.processes import new_case
from lab.small import TORN_BYTES
from tests.evidence.work.helping import Clip, write_clip

pytestmark = pytest.mark.nightly

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


def test_a_holder_killed_between_a_still_and_its_name_loses_nothing(tmp_path, clips, expected):
    border = Border("name a still", "before", "pathlib:Path.replace", given="/stills/")
    outcome = Kills(tmp_path, clips, None).border(border, expected)
    assert outcome.good, outcome
