"""Vehicles are no machines, whatever the detector takes them for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets.errors import ModelError
from detector.look.detect import YoloDetector
from detector.look.vehicles import PACKAGED, VEHICLES, load_vehicles, without_vehicles
from detector.types import MACHINE, WORDMARK, Detections
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
        ((100.0, 100.0, 380.0, 300.0), 0.9, True),
        ((450.0, 100.0, 900.0, 300.0), 0.5, True),
        ((0.0, 0.0, 700.0, 500.0), 0.5, True),
    ],
    ids=[
        "the lorry",
        "its cab",
        "a machine on it",
        "a large one on it",
        "one beside it",
        "one behind it",
    ],
)
def test_a_machine_that_is_a_vehicle_or_its_part_is_none(
    machine: tuple[float, float, float, float], sure: float, kept: bool
) -> None:
    vehicles = things((LORRY, 0.8, VEHICLES.index("truck")))
    assert len(without_vehicles(things((machine, sure, MACHINE)), vehicles)) == kept


def test_each_machine_is_held_against_each_vehicle() -> None:
    far = (600.0, 0.0, 900.0, 300.0)
    found = things((LORRY, 0.9, MACHINE), ((0.0, 400.0, 90.0, 490.0), 0.5, MACHINE), (far, 0.4, 0))
    vehicles = things((far, 0.5, 1), ((0.0, 700.0, 50.0, 900.0), 0.9, 0), (LORRY, 0.4, 3))
    left = without_vehicles(found, vehicles)
    assert left.xyxy.tolist() == [[0.0, 400.0, 90.0, 490.0]]


def test_what_is_written_on_a_vehicle_stays() -> None:
    found = things((LORRY, 0.9, MACHINE), ((150.0, 150.0, 300.0, 200.0), 0.4, WORDMARK))
    left = without_vehicles(found, things((LORRY, 0.8, 0)))
    assert list(left.class_id) == [WORDMARK]
    assert without_vehicles(found, Detections.none()) is found
    assert not len(without_vehicles(Detections.none(), things((LORRY, 0.8, 0))))


class Watching:
    """In place of the network of vehicles: says that a part of what it is fed is one, in shares of
    its sides, and counts who asks."""

    def __init__(self, *part: float) -> None:
        self.asked, self.part = 0, part or (0.0, 0.0, 1.0, 1.0)

    def start(self, boxed: np.ndarray) -> Watching:  # type: ignore[type-arg]
        self.asked += 1
        self.shape = boxed.shape
        return self

    def answer(self) -> np.ndarray:  # type: ignore[type-arg]
        rows, columns = self.shape[:2]
        x1, y1, x2, y2 = np.array(self.part) * (columns, rows, columns, rows)
        place = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
        return np.array([*place, 0, 0, 0, 0.9], np.float32)[:, None]


def test_only_where_a_machine_is_seen_is_it_asked(tmp_path: Path) -> None:
    detector = YoloDetector(write_model(tmp_path))
    detector._vehicles = watching = Watching()  # type: ignore[assignment]
    lorry = painted(640, 480, (MACHINE, (10, 10, 620, 460), 0.8))
    bare = painted(640, 480, (WORDMARK, (100, 100, 300, 160), 0.8))
    found = detector.detect([bare, lorry, bare, lorry])
    assert watching.asked == 2
    assert [list(one.class_id) for one in found] == [[WORDMARK], [], [WORDMARK], []]
    # A closer look is at a machine already.
    assert len(detector.look_closer(lorry, (10, 10, 620, 460)).of(MACHINE)) == 1
    assert watching.asked == 2


@pytest.mark.parametrize("bars", [0, 220])
def test_a_vehicle_is_where_the_frame_shows_it_between_black_bars_too(
    tmp_path: Path, bars: int
) -> None:
    detector = YoloDetector(write_model(tmp_path))
    shown = painted(640, 360, (MACHINE, (340, 60, 600, 300), 0.8))
    picture = np.pad(shown, ((bars, bars), (0, 0), (0, 0)))
    # In shares of what the network is fed, 448 x 256: the right half of the clip, and the left.
    for part, kept in (((0.53, 0.17, 0.94, 0.83), 0), ((0.06, 0.17, 0.47, 0.83), 1)):
        detector._vehicles = Watching(*part)  # type: ignore[assignment]
        assert len(detector.detect([picture])[0].of(MACHINE)) == kept


@pytest.mark.parametrize("name", ["h143", "h150"])
def test_real_lorries_and_cars_are_no_machines(shared: Path, name: str) -> None:
    picture = np.asarray(Image.open(shared / f"data/val/images/{name}.jpg").convert("RGB"))
    detector = YoloDetector(threads=1)
    assert not len(detector.detect([picture])[0].of(MACHINE))
    detector._vehicles = None  # type: ignore[assignment]
    assert len(detector.detect([picture])[0].of(MACHINE)) == 1


def test_a_machine_that_looks_like_a_lorry_stays_one(shared: Path) -> None:
    """COCO's network calls it a truck, at 0.82."""
    picture = np.asarray(Image.open(shared / "data/val/images/m030.jpg").convert("RGB"))
    assert len(YoloDetector(threads=1).detect([picture])[0].of(MACHINE)) == 1


def test_a_damaged_network_is_named(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PACKAGED, tmp_path / "vehicles"))
    weights = folder / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ModelError, match=r"reinstall Nameplate \(.*model\.bin: its SHA-256 is"):
        load_vehicles(1, folder)
    weights.unlink()
    with pytest.raises(ModelError, match=r"reinstall Nameplate \(.*model\.bin: cannot be read"):
        load_vehicles(1, folder)
    # A detector's model is none of vehicles.
    with pytest.raises(ModelError, match=r"expected the classes \['car', 'motorcycle'"):
        load_vehicles(1, write_model(tmp_path / "machines"))
