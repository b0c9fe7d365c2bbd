"""Training, stopped and resumed; export, held against torch. On eight made pictures."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from api.cli.exits import Exit
from datasets.errors import DataError, ModelError, ResultError, UsageError
from detector.settings import Detecting
from tests.training.conftest import write_made_data
from training.export import Exported, export, quantize
from training.machines.rounds import AFTER_HEAD_RATE, BEFORE_HEAD, SEEDS_APART, train_in_rounds
from training.machines.train import Progress, TrainResult, train
from training.vendor import open_torch, open_ultralytics
from training.weights import load_network, open_network

pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("ultralytics") is None,
        reason="training needs the extra nameplate[train]",
    ),
    # Torch and Ultralytics warn of their own ways; none of it is ours to mend.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:torch"),
    pytest.mark.filterwarnings("ignore::UserWarning:torch"),
    pytest.mark.filterwarnings("ignore::FutureWarning:torch"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ultralytics"),
]

SMALL = {"epochs": 2, "image_size": 64, "batch": 4, "threads": 1, "device": "cpu"}


@pytest.fixture(scope="module", autouse=True)
def asked_for() -> Iterator[list[object]]:
    """Every address that anything here asked for, from the first import on; none is given."""
    asked: list[object] = []

    def refuse(*arguments: object, **_: object) -> None:
        asked.append(arguments)
        raise OSError("no network in this test")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(socket.socket, "connect", refuse)
        yield asked


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained YOLO11n, made here: these tests are of the road, not of accuracy."""
    folder = tmp_path_factory.mktemp("start")
    ultralytics = open_ultralytics(folder / "vendor")
    open_torch().manual_seed(0)
    ultralytics.YOLO("yolo11n.yaml").save(folder / "start.pt")
    return folder / "start.pt"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_made_data(tmp_path_factory.mktemp("made") / "data", {"train": 8, "val": 4})


@pytest.fixture(scope="module")
def trained(data: Path, start: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainResult:
    return train(data, start, tmp_path_factory.mktemp("run") / "out", **SMALL)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def exported(trained: TrainResult, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return export(trained.weights, tmp_path_factory.mktemp("exported") / "model", 64)


def test_a_run_leaves_weights_and_what_they_were_made_from(trained: TrainResult) -> None:
    facts = json.loads(trained.facts.read_text("utf-8"))
    assert trained.weights.is_file()
    assert facts["weights_sha256"] == trained.weights_sha256
    assert facts["counts"]["train"] == {
        "pictures": 8, "negatives": 0, "machine": 8, "wordmark": 0, "control": 0,
    }  # fmt: skip
    assert facts["recipe"]["epochs"] == 2
    assert set(trained.metrics) <= {"machine", "wordmark", "control"}


def test_the_data_folder_is_left_as_it_was(data: Path, trained: TrainResult) -> None:
    left = {p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file()}
    assert {p for p in left if not p.endswith((".jpg", ".txt"))} == {
        "train/annotations.jsonl",
        "val/annotations.jsonl",
    }


@pytest.mark.usefixtures("exported")
def test_nothing_reaches_outside(asked_for: list[object]) -> None:
    import ultralytics
    from ultralytics.utils.checks import check_font
    from ultralytics.utils.events import events

    assert not events.enabled and not ultralytics.settings["sync"]
    # The font that it would ask the web for lies where it looks first.
    assert Path(check_font("Arial.ttf")).is_relative_to(os.environ["YOLO_CONFIG_DIR"])
    assert asked_for == []


@pytest.mark.nightly
def test_the_same_seed_gives_the_same_weights_and_a_stopped_run_goes_on(
    data: Path, start: Path, trained: TrainResult, tmp_path: Path
) -> None:
    def stop_in_the_second_epoch(at: Progress) -> None:
        if at.epoch == 2:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt, match="stopped in epoch 2 of 2; resume the run in"):
        train(data, start, out, progress=stop_in_the_second_epoch, **SMALL)  # type: ignore[arg-type]
    assert (out / "checkpoint.pt").is_file() and not (out / "model.pt").exists()

    with pytest.raises(UsageError, match="it holds a run already"):
        train(data, start, out, **SMALL)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="other values of seed"):
        train(data, start, out, resume=True, seed=1, **SMALL)  # type: ignore[arg-type]

    epochs: list[int] = []
    going_on = {"resume": True, "progress": lambda at: epochs.append(at.epoch)}
    resumed = train(data, start, out, **going_on, **SMALL)  # type: ignore[arg-type]
    assert set(epochs) == {2}
    assert resumed.weights.is_file()

    again = train(data, start, tmp_path / "again", **SMALL)  # type: ignore[arg-type]
    assert again.weights_sha256 == trained.weights_sha256


@pytest.mark.nightly
def test_ctrl_c_in_a_terminal_says_how_to_go_on(data: Path, start: Path, tmp_path: Path) -> None:
    words = ["train", data, "--start", start, "--out", tmp_path / "out", "--epochs", 1000]
    words += ["--image-size", 64, "--batch", 4, "--threads", 1, "--device", "cpu"]
    # A shell that starts the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *map(str, words)],
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
    finally:
        signal.signal(signal.SIGINT, before)
    while not (tmp_path / "out" / "checkpoint.pt").is_file():
        assert running.poll() is None
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    said = running.communicate()[1].decode()
    assert running.returncode == Exit.INTERRUPTED
    assert said.endswith(f"of 1000; resume the run in {tmp_path / 'out'} to go on\n")
    assert "Traceback" not in said


@pytest.mark.nightly
def test_in_bfloat16_other_weights_come_of_it_near_to_those_without(
    data: Path, start: Path, trained: TrainResult, tmp_path: Path
) -> None:
    held = os.environ["ONEDNN_MAX_CPU_ISA"]
    out = tmp_path / "out"
    shortened = train(data, start, out, bfloat16=True, **SMALL)  # type: ignore[arg-type]
    assert json.loads(shortened.facts.read_text("utf-8"))["recipe"]["bfloat16"] is True
    assert shortened.weights_sha256 != trained.weights_sha256
    one, other = (
        load_network(weights, tmp_path / "vendor").state_dict()
        for weights in (shortened.weights, trained.weights)
    )
    apart = sum(float(((one[name].float() - other[name].float()) ** 2).sum()) for name in one)
    whole = sum(float((other[name].float() ** 2).sum()) for name in one)
    assert 0 < apart < 0.01 * whole
    # The detector is held back from what torch was let use.
    assert os.environ["ONEDNN_MAX_CPU_ISA"] == held
    with pytest.raises(UsageError, match="other values of bfloat16"):
        train(data, start, out, resume=True, **SMALL)  # type: ignore[arg-type]


def test_a_finished_run_is_not_run_again(data: Path, start: Path, trained: TrainResult) -> None:
    calls: list[Progress] = []
    out = trained.weights.parent
    again = train(data, start, out, resume=True, progress=calls.append, **SMALL)  # type: ignore[arg-type]
    assert again == trained and not calls


@pytest.mark.nightly
def test_a_full_disk_at_the_very_end_costs_no_run(data: Path, start: Path, tmp_path: Path) -> None:
    """Half a training.json would be taken for a finished run, and could not be read."""
    out, small = tmp_path / "out", {**SMALL, "epochs": 1}
    out.mkdir()
    full = out / "training.json.part"
    full.symlink_to("/dev/full")
    with pytest.raises(ResultError, match=r"training\.json: it could not be written"):
        train(data, start, out, **small)  # type: ignore[arg-type]
    assert not (out / "training.json").exists()
    full.unlink()
    result = train(data, start, out, resume=True, **small)  # type: ignore[arg-type]
    assert json.loads(result.facts.read_text("utf-8"))["recipe"]["epochs"] == 1


@pytest.mark.nightly
def test_rounds_go_on_from_each_other_and_are_resumed_where_they_stood(
    data: Path, start: Path, trained: TrainResult, tmp_path: Path
) -> None:
    def stop_in_the_second_round(at: Progress) -> None:
        assert at.epochs == 4
        if at.epoch == 4:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt, match=r"round 2 of 2; resume the run in .*out to go on"):
        train_in_rounds(data, start, out, rounds=2, progress=stop_in_the_second_round, **SMALL)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="it holds a run already"):
        train_in_rounds(data, start, out, rounds=2, **SMALL)  # type: ignore[arg-type]
    epochs: list[int] = []
    going_on = {"resume": True, "progress": lambda at: epochs.append(at.epoch)}
    result = train_in_rounds(data, start, out, rounds=2, **going_on, **SMALL)  # type: ignore[arg-type]
    assert set(epochs) == {4}
    facts = json.loads(result.facts.read_text("utf-8"))
    (first,) = facts["earlier"]
    # The first round is the run that one round alone would be.
    assert first["weights_sha256"] == trained.weights_sha256
    assert first["recipe"]["seed"] == 0 and facts["recipe"]["seed"] == SEEDS_APART
    assert facts["recipe"]["learning_rate"] == pytest.approx(
        0.64 * first["recipe"]["learning_rate"]
    )
    assert facts["weights_sha256"] == result.weights_sha256 != trained.weights_sha256
    assert facts["learnt"] == json.loads(trained.facts.read_text("utf-8"))["learnt"]

    again = train_in_rounds(data, start, out, rounds=2, resume=True, **SMALL)  # type: ignore[arg-type]
    assert again == result
    assert json.loads(again.facts.read_text("utf-8"))["earlier"] == facts["earlier"]


@pytest.mark.nightly
def test_the_head_learns_first_while_the_other_layers_stay_as_they_are(
    data: Path, start: Path, tmp_path: Path
) -> None:
    def stop_in_the_round(at: Progress) -> None:
        assert at.epochs == 1 + SMALL["epochs"]  # type: ignore[operator]
        if at.epoch == 2:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt, match=r"round 1 of 1; resume the run in .*out to go on"):
        train_in_rounds(data, start, out, head_first=1, progress=stop_in_the_round, **SMALL)  # type: ignore[arg-type]
    result = train_in_rounds(data, start, out, head_first=1, resume=True, **SMALL)  # type: ignore[arg-type]
    facts = json.loads(result.facts.read_text("utf-8"))
    (head,) = facts["earlier"]
    assert (head["recipe"]["frozen"], head["recipe"]["epochs"]) == (BEFORE_HEAD, 1)
    assert (facts["recipe"]["frozen"], facts["recipe"]["seed"]) == (0, SEEDS_APART)
    assert facts["recipe"]["learning_rate"] == pytest.approx(
        AFTER_HEAD_RATE * head["recipe"]["learning_rate"]
    )
    before, after = (
        open_network(file, tmp_path / "vendor").state_dict()
        for file in (start, out / "head" / "model.pt")
    )
    changed = {
        int(name.split(".")[1])
        for name, value in after.items()
        if "running" not in name
        and "num_batches" not in name
        and before[name].shape == value.shape
        and not bool((before[name].float() == value.float()).all())
    }
    assert changed and min(changed) >= BEFORE_HEAD
    with pytest.raises(UsageError, match="it holds a run already"):
        train_in_rounds(data, start, out, head_first=1, **SMALL)  # type: ignore[arg-type]


def test_rounds_must_be_positive(data: Path, start: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rounds 0 must be positive, epochs of the head 0"):
        train_in_rounds(data, start, tmp_path / "out", rounds=0)
    assert not (tmp_path / "out").exists()


def test_the_exported_model_gives_what_torch_gives_at_any_shape(
    trained: TrainResult, exported: Exported, tmp_path: Path
) -> None:
    import openvino

    torch = open_torch()
    network = load_network(trained.weights, tmp_path / "vendor").fuse(verbose=False)
    compiled = openvino.compile_model(
        exported.folder / "model.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    for shape in ((1, 3, 64, 96), (2, 3, 96, 64)):
        picture = np.random.default_rng(1).random(shape, dtype=np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(picture))[0].numpy()
        got = compiled(picture)[0]
        # Boxes in pixels, scores in shares; the artefact's weights are rounded to FP16.
        np.testing.assert_allclose(got[:, :4], expected[:, :4], atol=0.5)
        np.testing.assert_allclose(got[:, 4:], expected[:, 4:], atol=5e-3)


def test_the_same_weights_give_the_same_bytes_and_the_detector_takes_them(
    trained: TrainResult, exported: Exported, tmp_path: Path
) -> None:
    from detector.look.detect import Detector

    folders = [exported.folder, tmp_path / "again"]
    export(trained.weights, folders[1], 64)
    for name in ("model.xml", "model.bin", "model.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert sorted(p.name for p in folders[0].iterdir()) == ["model.bin", "model.json", "model.xml"]
    detector = Detector(folders[0])
    assert detector.digest == exported.sha256
    assert len(detector.detect([np.zeros((96, 64, 3), np.uint8)])) == 1


@pytest.mark.nightly
def test_in_integers_the_model_says_nearly_the_same_and_always_in_the_same_bytes(
    exported: Exported,
    data: Path,
    tmp_path: Path,
    asked_for: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import openvino

    from detector.look.detect import Detector

    # The pictures are no larger: at 640 pixels the same is computed of forty times as many.
    monkeypatch.setattr("training.export.Detecting", partial(Detecting, image_size=96))
    one = quantize(exported.folder, data, tmp_path / "one", pictures=4)
    two = quantize(exported.folder, data, tmp_path / "two", pictures=4)
    for name in ("model.xml", "model.bin", "model.json"):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes(), name
    whole, small = ((f / "model.bin").stat().st_size for f in (exported.folder, one.folder))
    assert small < 0.6 * whole

    # The detector takes it, at a shape that it was not quantized at.
    assert Detector(one.folder, threads=1).digest == one.sha256 != exported.sha256
    picture = np.random.default_rng(0).random((1, 3, 96, 160), dtype=np.float32)
    plain, integers = (
        openvino.compile_model(folder / "model.xml", "CPU")(picture)[0][0]
        for folder in (exported.folder, one.folder)
    )
    assert integers.shape == plain.shape
    # Most boxes hardly move; an untrained network has no sure ones.
    assert np.median(np.abs(integers[:4] - plain[:4])) < 2.0
    assert np.abs(integers[4:] - plain[4:]).max() < 0.05

    with pytest.raises(ModelError, match="quantized already"):
        quantize(one.folder, data, tmp_path / "again")
    assert asked_for == []


def test_weights_of_other_classes_are_refused(start: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="80 classes"):
        export(start, tmp_path / "model")
    (tmp_path / "text.pt").write_text("not weights", "utf-8")
    with pytest.raises(ModelError, match=r"text\.pt: not a checkpoint"):
        export(tmp_path / "text.pt", tmp_path / "model")
    (tmp_path / "model.xml").write_text("<net/>", "utf-8")
    with pytest.raises(ModelError, match=r"model\.xml: not a checkpoint of Ultralytics; give the"):
        export(tmp_path / "model.xml", tmp_path / "model")
    with pytest.raises(ModelError, match="no such file"):
        export(tmp_path / "none.pt", tmp_path / "model")
    with pytest.raises(ModelError, match="multiple of 32"):
        export(start, tmp_path / "model", 100)


def test_what_cannot_be_trained_is_refused_before_it_begins(
    data: Path, start: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no such file"):
        train(data, tmp_path / "none.pt", tmp_path / "a")
    with pytest.raises(UsageError, match="multiple of 32"):
        train(data, start, tmp_path / "b", image_size=100)
    with pytest.raises(UsageError, match="no run to resume"):
        train(data, start, tmp_path / "c", resume=True)
    with pytest.raises(DataError, match="no folder 'train'"):
        train(tmp_path, start, tmp_path / "d")


def test_a_bad_label_is_named_before_training_begins(
    made_data: Path, start: Path, tmp_path: Path
) -> None:
    (made_data / "train" / "labels" / "train3.txt").write_text("7 .5 .5 .1 .1\n", "utf-8")
    with pytest.raises(DataError, match=r"train3\.txt:1: class_id: "):
        train(made_data, start, tmp_path / "out")
    assert not (tmp_path / "out" / "run.json").exists()


def test_pillow_stays_as_it_is(tmp_path: Path) -> None:
    """Ultralytics replaces `Image.open`; a file that is no picture must go on to be called so."""
    open_ultralytics(tmp_path)
    with pytest.raises(UnidentifiedImageError):
        Image.open(BytesIO(b"no picture"))
