"""What people judged, out of a case and into a model: as a person types it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from datasets.registry import load_registry
from evidence.case.case import Case
from tests.judged import fill, other_model


@pytest.fixture
def case(tmp_path) -> Path:
    with Case.new(tmp_path / "case", "Plant 12") as made:
        fill(made, load_registry(), tmp_path / "clips")
    return tmp_path / "case"


def test_the_judged_frames_of_a_case_are_exported(nameplate, case):
    ended = nameplate("datasets", "export", case, "--to", "cvat", "--out", "judged")
    assert ended.code == 0, ended.err
    said = ended.out.decode().splitlines()
    assert said[-1] == "judged/data"
    assert {line.split(":")[0] for line in said[:-1]} == {"train", "val"}
    assert nameplate("datasets", "check", "judged/data").code == 0
    back = nameplate("datasets", "import", "judged/cvat", "--from", "cvat", "--out", "back")
    assert back.code == 0
    assert nameplate("datasets", "check", "back").code == 0


def test_nothing_is_held_back_where_none_is_asked(nameplate, case):
    ended = nameplate("datasets", "export", case, "--out", "judged", "--val", "0")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.decode().splitlines() == ["train: 4 pictures", "judged/data"]


def test_where_all_footage_is_gone_nothing_is_written(nameplate, case):
    shutil.rmtree(case.parent / "clips")
    ended = nameplate("datasets", "export", case, "--out", "judged")
    assert ended.code == 1 and "none of the judged frames could be cut" in ended.err
    assert "gate.mp4" in ended.err


def test_some_footage_that_is_gone_ends_with_1(nameplate, case):
    (case.parent / "clips" / "gate.mp4").unlink()
    ended = nameplate("datasets", "export", case, "--out", "judged")
    assert ended.code == 1 and "left out 1 frames" in ended.err and "gate.mp4" in ended.err
    assert nameplate("datasets", "check", "judged/data").code == 0


def test_no_case_is_swept_with_a_model_that_nobody_compared(nameplate, case, picture):
    model = other_model(case.parent / "model")
    ended = nameplate("sweep", picture, "--case", case, "--model", model)
    assert ended.code == 4 and "nobody has compared" in ended.err
    ended = nameplate("sweep", picture, "--case", "new", "--model", model)
    assert ended.code == 4 and not Path("new").exists()
    (model / "model.bin").write_bytes(b"")
    ended = nameplate("sweep", picture, "--case", case, "--model", model)
    assert ended.code == 4 and "damaged" in ended.err
