"""A network of COCO's is taught that machines are no vehicles, and else stays what it was."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from datasets.errors import DataError, ModelError
from datasets.photographs.annotations import read_photographs
from detector.look.vehicles import VEHICLES
from training.small import vehicles
from training.small.vehicles import SIDE, fit, on_machines, view
from training.vendor import open_torch, open_ultralytics


def test_a_photograph_is_seen_whole_smaller_or_in_part_with_its_boxes() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[40:60, 80:120] = 255
    for zoom in (1.0, 0.6, 1.6):
        square, [box] = view(picture, [(80, 40, 120, 60)], zoom, np.random.default_rng(3))
        assert square.shape == (SIDE, SIDE, 3)
        rows, columns = np.nonzero(square[:, :, 0] > 200)
        x1, y1, x2, y2 = box
        assert (columns.min(), rows.min()) == pytest.approx((x1, y1), abs=4)
        assert (columns.max() + 1, rows.max() + 1) == pytest.approx((x2, y2), abs=4)
        assert (box[2] - box[0]) / SIDE == pytest.approx(0.2 * zoom, rel=0.02)


def test_places_on_machines_are_those_whose_middle_is() -> None:
    on = on_machines([(32, 0, 81, 32), (-50, 400, 16, 900)], 32)
    assert on.shape == (14, 14)
    assert sorted(zip(*map(list, np.nonzero(on)), strict=True)) == [(0, 1), (0, 2)]
    assert not on_machines([], 8).any()


def test_on_machines_nothing_is_wanted_and_elsewhere_what_was_said_before() -> None:
    torch = pytest.importorskip("torch")
    same = [torch.nn.Identity()] * 3
    sides = [SIDE // stride for stride in vehicles.STRIDES]
    said = [torch.full((4, side, side), 0.5, requires_grad=True) for side in sides]
    on = [torch.zeros(side, side, dtype=torch.bool) for side in sides]
    on[1][2, 3] = True
    vehicles._loss(torch, same, same, [vehicles._Seen(said, on)]).backward()
    slopes = [one.grad for one in said]
    chance = 1 / (1 + np.exp(-0.5))
    assert slopes[1][:, 2, 3].numpy() == pytest.approx(vehicles.ON_MACHINES * chance)
    slopes[1][:, 2, 3] = 0
    assert all(float(one.abs().max()) < 1e-6 for one in slopes)


@pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None,
    reason="training needs the extra nameplate[train]",
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ultralytics")
def test_only_the_judges_learn_that_machines_are_no_vehicles(
    made_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch = open_torch()
    torch.manual_seed(0)
    network = open_ultralytics(tmp_path).YOLO("yolo11n.yaml").model.float().eval()
    places = {"car": 2, "motorcycle": 3, "bus": 5, "truck": 7}
    network.names = {n: f"other {n}" for n in range(80)} | {n: k for k, n in places.items()}
    for level in network.model[-1].cv3:
        level[-1].bias.data.zero_()
    photographs = read_photographs(made_data / "train")
    square, boxes = view(
        vehicles.read_rgb(photographs[0]),
        [photographs[0].machines[0].box],
        1.0,
        np.random.default_rng(0),
    )
    fed = torch.from_numpy(square.transpose(2, 0, 1)[None] / np.float32(255))
    on = np.concatenate([on_machines(boxes, stride).ravel() for stride in vehicles.STRIDES])
    with torch.no_grad():
        before = network(fed)[0][0].numpy()
    trunk = {n: t.clone() for n, t in network.state_dict().items() if ".cv3." not in n}

    monkeypatch.setattr(vehicles, "EPOCHS", 8)
    monkeypatch.setattr(vehicles, "RATE", 0.01)
    taught = fit(network, photographs, seed=0)
    with torch.no_grad():
        after = taught(fed)[0][0].numpy()
    assert after.shape == (4 + len(VEHICLES), before.shape[1])
    # Boxes come from layers that learnt nothing.
    assert after[:4] == pytest.approx(before[:4], abs=1e-3)
    state = taught.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in trunk.items())
    was, now = before[[4 + n for n in places.values()]], after[4:]
    fallen = was - now
    assert fallen[:, on].min() > 0.05


@pytest.mark.skipif(
    importlib.util.find_spec("ultralytics") is None,
    reason="training needs the extra nameplate[train]",
)
def test_weights_that_know_no_vehicles_and_too_few_photographs_are_refused(
    made_data: Path, tmp_path: Path
) -> None:
    network = open_ultralytics(tmp_path).YOLO("yolo11n.yaml").model.float().eval()
    photographs = read_photographs(made_data / "train")
    network.names = {n: f"other {n}" for n in range(80)}
    with pytest.raises(ModelError, match="know no car; give COCO's"):
        fit(network, photographs, seed=0)
    network.names = {n: VEHICLES[n % 4] for n in range(80)}
    with pytest.raises(DataError, match="5 photographs are too few"):
        fit(network, photographs[:5], seed=0)
