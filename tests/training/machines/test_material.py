"""What the detector is shown: labels, views, batches, and what the loss leaves out."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from datasets.errors import DataError
from datasets.photographs.annotations import read_photographs
from detector.types import CLASSES, CONTROL, MACHINE, MANUAL, WORDMARK
from tests.training.conftest import SIDE
from training.machines.material import NOTHING, Material, in_fold, labels_of
from training.machines.views import closer, mirrored, mosaic, part, quarters, stood_before, whole

needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None,
    reason="training needs the extra nameplate[train]",
)


def edit(data: Path, **values: object) -> Path:
    """The data set with other values in the first line of `train`."""
    file = data / "train" / "annotations.jsonl"
    first, *others = file.read_text("utf-8").splitlines()
    lines = [json.dumps(json.loads(first) | values), *others]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return data / "train"


def machine(cnc: bool | None, kind: str, box: list[int], **more: object) -> dict[str, object]:
    values = {"box": box, "cnc": cnc, "kind": kind, "builder": None, "by": None}
    return {**values, "truncated": False, **more}


def test_each_label_is_learnt_as_what_it_is(made_data):
    boxes = [[n, n, 40 + n, 50 + n] for n in range(6)]
    machines = [
        machine(True, "lathe", boxes[0]),
        machine(False, "lathe", boxes[1]),
        machine(False, "press", boxes[2]),
        machine(None, "lathe", boxes[3]),
        machine(True, "mill", boxes[4], ignore=True),
    ]
    split = edit(made_data, machines=machines, not_machines=[boxes[5]])
    labelled = labels_of(read_photographs(split)[0])
    found = [(int(b[0]), int(c)) for b, c in zip(labelled.boxes, labelled.classes, strict=True)]
    either = (-1 - MACHINE, -1 - MANUAL)
    assert found == [
        (0, MACHINE), (1, MANUAL), *((3, c) for c in either), *((4, c) for c in either),
        (5, NOTHING),
    ]  # fmt: skip


@pytest.mark.parametrize("way", [whole, part, closer])
def test_boxes_stay_on_what_they_show(made_data, way):
    photograph = read_photographs(made_data / "train")[0]
    picture = cv2.imread(str(photograph.path))
    for seed in range(20):
        view = way(picture, labels_of(photograph), (160, 192), np.random.default_rng(seed))  # type: ignore[operator]
        for shown, labelled in (view, mirrored(view)):
            assert shown.shape == (160, 192, 3)
            for box in labelled.boxes:
                x1, y1, x2, y2 = (round(float(v)) for v in box)
                inside = shown[y1 + 3 : y2 - 3, x1 + 3 : x2 - 3]
                assert not inside.size or inside.min() > 120


def test_a_mosaic_holds_its_four_views(made_data):
    photograph = read_photographs(made_data / "train")[0]
    picture, rng = cv2.imread(str(photograph.path)), np.random.default_rng(1)
    size, at = (128, 160), (70, 50)
    views = [
        whole(picture, labels_of(photograph), (y2 - y1, x2 - x1), rng)
        for x1, y1, x2, y2 in quarters(size, at)
    ]
    shown, labelled = mosaic(views, size, at)
    assert shown.shape == (128, 160, 3) and len(labelled) == sum(len(one) for _, one in views)
    assert (labelled.boxes[:, 2] <= 160).all() and (labelled.boxes[:, 3] <= 128).all()


def test_what_is_hidden_is_not_asked_for(made_data):
    photograph = read_photographs(made_data / "train")[0]
    picture = cv2.imread(str(photograph.path))
    view = picture, labels_of(photograph)
    after = [
        stood_before(view, picture, np.random.default_rng(seed))[1].classes[0]
        for seed in range(200)
    ]
    assert set(after) == {MACHINE, -1 - MACHINE}


def test_folds_divide_the_sources():
    names = [f"source {n}" for n in range(200)]
    folds = [sum(in_fold(name, 12, fold) for name in names) for fold in range(12)]
    assert sum(folds) == 200 and min(folds) > 4


@needs_torch
def test_a_batch_depends_on_seed_and_step_alone(made_data, tmp_path):
    photographs = read_photographs(made_data / "train")
    first = Material(photographs, tmp_path / "a", 1, (64,))
    first.batch(0, 0.0)
    count, one = first.batch(3, 0.5)
    _, two = Material(photographs, tmp_path / "b", 1, (64,)).batch(3, 0.5)
    _, other = Material(photographs, tmp_path / "b", 2, (64,)).batch(3, 0.5)
    assert count == len(one["img"]) and one["img"].shape[1] == 3
    assert all((one[key] == two[key]).all() for key in one)
    assert one["img"].shape != other["img"].shape or (one["img"] != other["img"]).any()


def test_a_damaged_picture_is_named(made_data, tmp_path):
    photographs = read_photographs(made_data / "train")
    path = photographs[2].path
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DataError, match=path.name):
        Material(photographs, tmp_path / "pictures", 0)


@needs_torch
def test_the_loss_leaves_out_what_nobody_judged(made_data, tmp_path):
    """Heard again where a reviewer said that there is no machine."""
    import torch

    from training.machines.loss import DetectionLoss
    from training.vendor import open_ultralytics
    from training.weights import new_network

    open_ultralytics(tmp_path / "vendor")
    torch.manual_seed(0)
    network = new_network("yolo11n.yaml", CLASSES).train()
    loss = DetectionLoss(network)
    ignored = [[0, c, 0, 0, SIDE, SIDE] for c in (MACHINE, MANUAL, WORDMARK, CONTROL)]
    refused = [[0, -1 - NOTHING, 0, 0, SIDE / 2, SIDE]]
    picture = torch.zeros((1, 3, 96, 96), dtype=torch.uint8)

    def value(rows: list[list[float]]) -> float:
        batch = {
            "img": picture, "batch_idx": torch.zeros(0), "cls": torch.zeros((0, 1)),
            "bboxes": torch.zeros((0, 4)), "ignored": torch.tensor(rows).reshape(-1, 6).float(),
        }  # fmt: skip
        return float(loss(network, batch)[0].detach())

    everything, half, nothing = value([]), value(ignored + refused), value(ignored)
    assert nothing == 0 < half < everything
