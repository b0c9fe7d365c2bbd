"""Two models made one: the second is asked where the first sees a machine, and both count."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.commands import app
from datasets.errors import ModelError
from detector.detect import Detector
from detector.model_files import PACKAGED, model_digest
from detector.types import MACHINE, WORDMARK
from tests.detector.colours import painted, write_model
from training.apart import learnt_by_model
from training.pair import pair
from training.quantize import quantize

BOX, MARK = (40, 40, 240, 200), (80, 80, 160, 120)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model, and one that is half as sure."""
    made = tmp_path_factory.mktemp("models")
    return write_model(made / "first"), write_model(made / "second", sureness=0.5)


@pytest.fixture(scope="module")
def paired(folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pair(*folders, tmp_path_factory.mktemp("pair")).folder


def test_where_there_is_a_machine_the_mean_of_both_counts(paired: Path) -> None:
    detector = Detector(paired)
    (found,) = detector.detect([painted(640, 480, (MACHINE, BOX, 0.8), (WORDMARK, MARK, 0.8))])
    assert list(found.class_id) == [MACHINE, WORDMARK]
    assert found.confidence == pytest.approx([0.6, 0.6], abs=0.01)
    assert found.of(MACHINE).xyxy[0] == pytest.approx(BOX, abs=3)


def test_where_there_is_none_the_first_is_not_doubted(paired: Path) -> None:
    (found,) = Detector(paired).detect([painted(640, 480, (WORDMARK, MARK, 0.8))])
    assert found.confidence == pytest.approx([0.8], abs=0.01)


def test_a_closer_look_is_the_firsts_alone(paired: Path) -> None:
    picture = painted(640, 480, (MACHINE, BOX, 0.8), (WORDMARK, MARK, 0.8))
    found = Detector(paired).look_closer(picture, BOX)
    assert found.confidence == pytest.approx([0.8, 0.8], abs=0.01)


def test_many_pictures_keep_their_order_asked_again_or_not(paired: Path) -> None:
    pictures = [
        painted(640, 480, (MACHINE if k % 3 else WORDMARK, (10 * k, 20, 10 * k + 60, 90), 0.9))
        for k in range(30)
    ]
    detector = Detector(paired, threads=1)
    pending = [detector.begin(pictures[:20]), detector.begin(pictures[20:])]
    found = [one for part in pending for one in part.result()]
    assert [round(float(one.xyxy[0, 0]) / 10) for one in found] == list(range(30))
    sure = [round(float(one.confidence[0]), 1) for one in found]
    assert sure == [0.7 if k % 3 else 0.9 for k in range(30)]


def test_a_pair_is_known_by_both_and_by_their_order(
    folders: tuple[Path, Path], paired: Path, tmp_path: Path
) -> None:
    first, second = folders
    turned = pair(second, first, tmp_path / "turned")
    again = pair(first, second, tmp_path / "again")
    assert again.sha256 == model_digest(paired) == Detector(paired).digest
    assert len({model_digest(one) for one in (first, second, paired, turned.folder)}) == 4


@pytest.mark.parametrize("name", ["second.xml", "second.bin", "model.bin"])
def test_a_pair_that_lost_or_exchanged_a_file_is_no_model(
    folders: tuple[Path, Path], tmp_path: Path, name: str
) -> None:
    paired = pair(*folders, tmp_path).folder
    content = (paired / name).read_bytes()
    (paired / name).write_bytes(content + b" ")
    with pytest.raises(ModelError, match=re.escape(f"{name}: its SHA-256 is")):
        Detector(paired)
    (paired / name).unlink()
    with pytest.raises(ModelError, match=re.escape(f"{name}: cannot be read")):
        model_digest(paired)


def test_a_pair_is_made_of_two_single_models_that_differ(
    folders: tuple[Path, Path], paired: Path, tmp_path: Path
) -> None:
    first, second = folders
    with pytest.raises(ModelError, match="the same model as"):
        pair(first, first, tmp_path / "out")
    for one, other in ((paired, second), (first, paired)):
        with pytest.raises(ModelError, match="has two networks already"):
            pair(one, other, tmp_path / "out")
    with pytest.raises(ModelError, match="quantize each"):
        quantize(paired, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_what_a_pair_learnt_from_is_what_both_did(
    folders: tuple[Path, Path], tmp_path: Path
) -> None:
    known = [write_model(tmp_path / name, sureness=s) for name, s in (("a", 1.0), ("b", 0.7))]
    for folder, trace in zip(known, ("one", "two"), strict=True):
        card = json.loads((folder / "model.json").read_text("utf-8"))
        card["training"] = {"learnt": [trace]}
        (folder / "model.json").write_text(json.dumps(card), "utf-8")
    both = pair(*known, tmp_path / "both").folder
    assert learnt_by_model(both) == {"one", "two"}
    # Of the second nobody knows.
    half = pair(known[0], folders[1], tmp_path / "half").folder
    assert learnt_by_model(half) is None


def test_the_command_says_what_it_made(folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "pair"
    ended = CliRunner().invoke(app, ["pair", *map(str, folders), "--out", str(out)])
    assert ended.exit_code == 0, ended.output
    assert f"{out}  sha256 {model_digest(out)}" in ended.output
    assert "not compared with the model in use" in ended.output


def test_the_model_that_ships_finds_the_same_by_any_number_of_threads() -> None:
    picture = painted(640, 480, (MACHINE, BOX, 0.8))
    one, two = (Detector(PACKAGED, threads=n).detect([picture] * 3, least=0.01) for n in (1, 2))
    for first, second in zip(one, two, strict=True):
        assert first.xyxy.tolist() == second.xyxy.tolist()
        assert first.confidence.tolist() == second.confidence.tolist()
