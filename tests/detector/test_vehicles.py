"""Vehicles are no machines, whatever the detector takes them for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import ModelError
from detector.detect import Detector
from detector.types import MACHINE, WORDMARK, Detections
from detector.vehicles import PACKAGED, VEHICLES, load_vehicles, without_vehicles
from tests.detector.colours import painted, write_model

LORRY = (100.0, 100.0, 500.0, 300.0)


def things(*found: tuple[tuple[float, float, float, float], float, int]) -> Detections:
    boxes, confidence, class_id = zip(*found, strict=True)
    return Detections(
        np.array(boxes, np.float32), np.array(confidence, np.float32), np.array(class_id)
    )


@pytest.mark.parametrize(
    ("machine", "sure", "kept"),
    [
        ((110.0, 90.0, 490.0, 310.0), 0.9, False),
        ((380.0, 150.0, 500.0, 290.0), 0.6, False),
        ((200.0, 110.0, 380.0, 240.0), 0.9, True),
        ((450.0, 100.0, 900.0, 300.0), 0.5, True),
        ((0.0, 0.0, 700.0, 500.0), 0.5, True),
    ],
    ids=["the lorry", "its cab", "a machine on it", "one beside it", "one behind it"],
)
def test_a_machine_that_is_a_vehicle_or_its_part_is_none(
    machine: tuple[float, float, float, float], sure: float, kept: bool
) -> None:
    vehicles = things((LORRY, 0.8, VEHICLES.index("truck")))
    assert len(without_vehicles(things((machine, sure, MACHINE)), vehicles)) == kept


def test_what_is_written_on_a_vehicle_stays() -> None:
    found = things((LORRY, 0.9, MACHINE), ((150.0, 150.0, 300.0, 200.0), 0.4, WORDMARK))
    left = without_vehicles(found, things((LORRY, 0.8, 0)))
    assert list(left.class_id) == [WORDMARK]
    assert without_vehicles(found, Detections.none()) is found
    assert not len(without_vehicles(Detections.none(), things((LORRY, 0.8, 0))))


class Watching:
    """In place of the network of vehicles: says that all is one, and counts who asks."""

    def __init__(self) -> None:
        self.asked = 0

    def start(self, boxed: np.ndarray) -> Watching:  # type: ignore[type-arg]
        self.asked += 1
        self.shape = boxed.shape
        return self

    def said(self) -> np.ndarray:  # type: ignore[type-arg]
        rows, columns = self.shape[:2]
        return np.array(
            [[columns / 2], [rows / 2], [columns], [rows], [0], [0], [0], [0.9]], np.float32
        )


def test_only_where_a_machine_is_seen_is_it_asked(tmp_path: Path) -> None:
    detector = Detector(write_model(tmp_path))
    detector._vehicles = watching = Watching()  # type: ignore[assignment]
    lorry = painted(640, 480, (MACHINE, (10, 10, 620, 460), 0.8))
    bare = painted(640, 480, (WORDMARK, (100, 100, 300, 160), 0.8))
    found = detector.detect([bare, lorry, bare, lorry])
    assert watching.asked == 2
    assert [list(one.class_id) for one in found] == [[WORDMARK], [], [WORDMARK], []]
    # A closer look is at a machine already.
    assert len(detector.look_closer(lorry, (10, 10, 620, 460)).of(MACHINE)) == 1
    assert watching.asked == 2


@pytest.mark.parametrize("name", ["h143", "h150"])
def test_real_lorries_and_cars_are_no_machines(shared: Path, name: str) -> None:
    picture = np.asarray(Image.open(shared / f"data/val/images/{name}.jpg").convert("RGB"))
    detector = Detector(threads=1)
    assert not len(detector.detect([picture])[0].of(MACHINE))
    detector._vehicles = None  # type: ignore[assignment]
    assert len(detector.detect([picture])[0].of(MACHINE)) == 1


def test_a_machine_that_looks_like_a_lorry_stays_one(shared: Path) -> None:
    """COCO's network calls it a truck, at 0.82."""
    picture = np.asarray(Image.open(shared / "data/val/images/m030.jpg").convert("RGB"))
    assert len(Detector(threads=1).detect([picture])[0].of(MACHINE)) == 1


def test_a_damaged_network_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PACKAGED, tmp_path / "vehicles"))
    weights = folder / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"vehicles/model\.bin: its SHA-256 is"):
        load_vehicles(1, folder)
    # A detector's model is none of vehicles.
    with pytest.raises(ModelError, match=r"expected the classes \['car', 'motorcycle'"):
        load_vehicles(1, write_model(tmp_path / "machines"))
