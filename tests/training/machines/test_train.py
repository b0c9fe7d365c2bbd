"""Training, stopped and resumed; export, held against torch. On eight made pictures."""

from __future__ import annotations

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
from detector.look.detect import YoloDetector
from detector.look.model_files import model_digest
from detector.settings import Detecting
from detector.types import CLASSES
from tests.training.conftest import NEEDS_TORCH, write_made_data
from training.export import Exported, export, quantize
from training.fit import Step
from training.machines.material import in_fold
from training.machines.train import FOLDS, Trained, train
from training.vendor import open_torch, open_ultralytics
from training.weights import load_network, names_of

pytestmark = NEEDS_TORCH

SMALL = {"samples": 72, "sides": (64,), "drawn": 2, "threads": 1, "device": "cpu"}
"""Two batches of 36 views."""


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
def data(tmp_path_factory) -> Path:
    return write_made_data(tmp_path_factory.mktemp("made") / "data", {"train": 8, "val": 4})


@pytest.fixture(scope="module")
def trained(data, start, tmp_path_factory) -> Trained:
    return train(data, start, tmp_path_factory.mktemp("run") / "out", **SMALL)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory) -> Exported:
    return export(trained.weights, tmp_path_factory.mktemp("exported") / "model")


def test_a_run_leaves_weights_and_what_they_were_made_from(trained):
    facts = json.loads(trained.facts.read_text("utf-8"))
    assert names_of(load_network(trained.weights, trained.weights.parent / "vendor")) == CLASSES
    assert facts["weights_sha256"] == trained.weights_sha256
    assert facts["counts"]["train"] == {
        "pictures": 8, "negatives": 0, "machine": 8, "wordmark": 0, "control": 0,
        "manual machine": 0,
    }  # fmt: skip
    assert facts["recipe"]["samples"] == 72 and facts["recipe"]["classes"] == list(CLASSES)
    last = json.loads((trained.facts.parent / "log.jsonl").read_text("utf-8").splitlines()[-1])
    assert (last["samples"], last["minutes_left"]) == (72, 0.0)
    assert not (trained.facts.parent / "pictures").exists()


def test_the_data_folder_is_left_as_it_was(data, trained):
    left = {p.relative_to(data).as_posix() for p in data.rglob("*") if p.is_file()}
    assert {p for p in left if not p.endswith((".jpg", ".txt"))} == {
        "train/annotations.jsonl",
        "val/annotations.jsonl",
    }


@pytest.mark.usefixtures("exported")
def test_nothing_reaches_outside(asked_for):
    import ultralytics
    from ultralytics.utils.checks import check_font
    from ultralytics.utils.events import events

    assert not events.enabled and not ultralytics.settings["sync"]
    # The font that it would ask the web for lies where it looks first.
    assert Path(check_font("Arial.ttf")).is_relative_to(os.environ["YOLO_CONFIG_DIR"])
    assert asked_for == []


@pytest.mark.nightly
def test_a_run_that_was_stopped_goes_on_to_the_same_weights(data, start, trained, tmp_path):
    def stop(at: Step) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt, match="give the same command to go on with the run in"):
        train(data, start, out, progress=stop, **SMALL)  # type: ignore[arg-type]
    assert (out / "checkpoint.pt").is_file() and not (out / "model.pt").exists()
    with pytest.raises(UsageError, match="another seed"):
        train(data, start, out, seed=1, **SMALL)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="other values of fold"):
        train(data, start, out, fold=0, **SMALL)  # type: ignore[arg-type]
    seen: list[int] = []
    resumed = train(data, start, out, progress=lambda at: seen.append(at.samples), **SMALL)  # type: ignore[arg-type]
    assert seen == [72] and resumed.weights_sha256 == trained.weights_sha256
    again = train(data, start, out, progress=lambda at: seen.append(0), **SMALL)  # type: ignore[arg-type]
    assert again == resumed and seen == [72]
    # The detector is kept from what torch may use.
    assert os.environ["ONEDNN_MAX_CPU_ISA"] == "AVX512_CORE_VNNI"


@pytest.mark.nightly
def test_ctrl_c_in_a_terminal_says_how_to_go_on(data, start, tmp_path):
    words = ["train", data, "--start", start, "--out", tmp_path / "out", "--threads", 1]
    # A shell that starts the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(
            [sys.executable, "-m", "api.cli", *map(str, words)],
            stderr=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
    finally:
        signal.signal(signal.SIGINT, before)
    while not list((tmp_path / "out").glob("pictures/*")):
        assert running.poll() is None
        time.sleep(0.05)
    time.sleep(2)
    running.send_signal(signal.SIGINT)
    said = running.communicate()[1].decode()
    assert running.returncode == Exit.INTERRUPTED
    assert said.endswith(f"give the same command to go on with the run in {tmp_path / 'out'}\n")
    assert "Traceback" not in said


@pytest.mark.nightly
def test_the_loss_on_a_fold_left_out_is_measured(start, tmp_path):
    data = write_made_data(tmp_path / "data", {"train": 8})
    lines = (data / "train" / "annotations.jsonl").read_text("utf-8").splitlines()
    sourced = [json.loads(text) | {"source": f"s{n % 4}"} for n, text in enumerate(lines)]
    held = [one["source"] for one in sourced]
    fold = next(n for n in range(FOLDS) if 0 < sum(in_fold(s, FOLDS, n) for s in held) < 8)
    text = "".join(json.dumps(one) + "\n" for one in sourced)
    (data / "train" / "annotations.jsonl").write_text(text, "utf-8")
    result = train(data, start, tmp_path / "out", fold=fold, **SMALL)  # type: ignore[arg-type]
    counts = json.loads(result.facts.read_text("utf-8"))["counts"]
    assert result.fold_loss is not None and result.fold_loss > 0
    assert counts["train"]["pictures"] + counts["fold"]["pictures"] == 8


@pytest.mark.nightly
def test_a_full_disk_at_the_very_end_costs_no_run(data, start, tmp_path):
    """Half a training.json would be taken for a finished run, and could not be read."""
    out = tmp_path / "out"
    out.mkdir()
    full = out / "training.json.part"
    full.symlink_to("/dev/full")
    with pytest.raises(ResultError, match=r"training\.json: it could not be written"):
        train(data, start, out, **SMALL)  # type: ignore[arg-type]
    assert not (out / "training.json").exists()
    full.unlink()
    result = train(data, start, out, **SMALL)  # type: ignore[arg-type]
    assert json.loads(result.facts.read_text("utf-8"))["recipe"]["samples"] == 72


def test_the_exported_model_gives_what_torch_gives_at_any_shape(trained, exported, tmp_path):
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


def test_the_same_weights_give_the_same_bytes(trained, exported, tmp_path):
    folders = [exported.folder, tmp_path / "again"]
    export(trained.weights, folders[1])
    for name in ("model.xml", "model.bin", "model.json"):
        assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes()
    assert sorted(p.name for p in folders[0].iterdir()) == ["model.bin", "model.json", "model.xml"]
    detector = YoloDetector(folders[0])
    assert detector.digest == exported.sha256
    assert len(detector.detect([np.zeros((96, 64, 3), np.uint8)])) == 1
    assert exported.classes == CLASSES


@pytest.mark.nightly
def test_in_integers_the_model_says_nearly_the_same_and_always_in_the_same_bytes(
    exported, data, tmp_path, asked_for, monkeypatch
):
    import openvino

    # The pictures are no larger: at 640 pixels the same is computed of forty times as many.
    monkeypatch.setattr("training.export.Detecting", partial(Detecting, image_size=96))
    one, two = tmp_path / "one", tmp_path / "two"
    digest, again = (quantize(exported.folder, data, out, pictures=4) for out in (one, two))
    assert digest == again == model_digest(one) != exported.sha256
    assert (one / "model.json").read_bytes() == (two / "model.json").read_bytes()
    whole, small = ((f / "model.bin").stat().st_size for f in (exported.folder, one))
    assert small < 0.6 * whole
    # At a shape that it was not quantized at.
    picture = np.random.default_rng(0).random((1, 3, 96, 160), dtype=np.float32)
    plain, integers = (
        openvino.compile_model(folder / "model.xml", "CPU")(picture)[0][0]
        for folder in (exported.folder, one)
    )
    assert integers.shape == plain.shape
    # Most boxes hardly move; an untrained network has no sure ones.
    assert np.median(np.abs(integers[:4] - plain[:4])) < 2.0
    assert np.abs(integers[4:] - plain[4:]).max() < 0.05

    with pytest.raises(ModelError, match="quantized already"):
        quantize(one, data, tmp_path / "again")
    assert asked_for == []


def test_weights_of_other_classes_are_refused(start, tmp_path):
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


def test_what_cannot_be_trained_is_refused_before_it_begins(data, start, tmp_path):
    with pytest.raises(ModelError, match="no such file"):
        train(data, tmp_path / "none.pt", tmp_path / "a")
    with pytest.raises(UsageError, match="samples 0 must be positive"):
        train(data, start, tmp_path / "b", samples=0)
    with pytest.raises(DataError, match="no folder 'train'"):
        train(tmp_path, start, tmp_path / "d")


def test_pillow_stays_as_it_is(tmp_path):
    """Ultralytics replaces `Image.open`; a file that is no picture must go on to be called so."""
    open_ultralytics(tmp_path)
    with pytest.raises(UnidentifiedImageError):
        Image.open(BytesIO(b"no picture"))
