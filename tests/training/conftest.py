"""A tiny labelled data set, made: bright boxes on a dark floor."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.datasets.sets import line, machine
from training.vendor import open_torch, open_ultralytics

SIDE = 96
NEEDS_TORCH = [
    pytest.mark.skipif(
        importlib.util.find_spec("ultralytics") is None,
        reason="training needs the extra nameplate[train]",
    ),
    # Torch and Ultralytics warn of their own ways; none of it is ours to mend.
    *(
        pytest.mark.filterwarnings(f"ignore::{kind}")
        for kind in (
            "DeprecationWarning:torch",
            "UserWarning:torch",
            "FutureWarning:torch",
            "DeprecationWarning:ultralytics",
        )
    ),
]


def write_made_data(data: Path, counts: dict[str, int]) -> Path:
    """Writes splits of one machine a picture, `counts` pictures in each."""
    rng = np.random.default_rng(0)
    for split, count in counts.items():
        for part in ("images", "labels"):
            (data / split / part).mkdir(parents=True)
        lines = [_write_picture(data / split, f"{split}{i}", rng) for i in range(count)]
        (data / split / "annotations.jsonl").write_text("".join(lines), "utf-8")
    return data


def _write_picture(folder: Path, name: str, rng: np.random.Generator) -> str:
    picture = rng.integers(0, 60, (SIDE, SIDE, 3), dtype=np.uint8)
    x, y = (int(v) for v in rng.integers(4, 30, 2))
    w, h = (int(v) for v in rng.integers(32, 60, 2))
    picture[y : y + h, x : x + w] = 200
    Image.fromarray(picture).save(folder / "images" / f"{name}.jpg", quality=95)
    shares = ((x + w / 2) / SIDE, (y + h / 2) / SIDE, w / SIDE, h / SIDE)
    label = "0 " + " ".join(f"{share:.6f}" for share in shares) + "\n"
    (folder / "labels" / f"{name}.txt").write_text(label, "utf-8")
    values = line(
        f"{name}.jpg", width=SIDE, height=SIDE, scene="studio", source=f"made-{folder.name}",
        machines=[machine(box=[x, y, x + w, y + h], builder=None, by=None)],
        marks=[], controls=[], concealed=[],
    )  # fmt: skip
    return json.dumps(values) + "\n"


@pytest.fixture
def made_data(tmp_path) -> Path:
    return write_made_data(tmp_path / "data", {"train": 8, "val": 4})


@pytest.fixture(scope="module")
def start(tmp_path_factory) -> Path:
    """An untrained YOLO11n, made here: these tests are of the road, not of accuracy."""
    folder = tmp_path_factory.mktemp("start")
    ultralytics = open_ultralytics(folder / "vendor")
    open_torch().manual_seed(0)
    ultralytics.YOLO("yolo11n.yaml").save(folder / "start.pt")
    return folder / "start.pt"
