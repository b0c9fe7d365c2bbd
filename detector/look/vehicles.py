"""Lorries and cars that the detector takes for machines.

They are boxes on a floor with doors, panels and letters, as machines are, and the detector never
learnt what they are. So where it sees a machine a network is asked that knows vehicles: COCO's
YOLO11n, taught that machine tools are none (`training.small.vehicles`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from detector.boxes import iou, share_inside
from detector.look.model_files import load_network
from detector.types import MACHINE, Detections

PACKAGED = Path(__file__).parents[1] / "vehicle_model"
VEHICLES = ("car", "motorcycle", "bus", "truck")
"""What it knows, by COCO's names."""

SURE_VEHICLE = 0.35
"""Confidence from which something is a vehicle. Of the machines of `train`, which it was taught,
none is taken for one from 0.15 on, and of those of `val` none from 0.2 on (docs/accuracy.md)."""

_ITSELF = 0.75
"""Intersection over union from which on a machine's box is the vehicle's: beside a load there is
still a cab."""
_WITHIN = 0.7
"""Share of a machine's box in a vehicle's from which on it is a part of it, or its load."""


def load_vehicles(threads: int | None, folder: Path = PACKAGED) -> Any:
    """The network, compiled; it takes and says what a detector's does.

    Raises:
        ModelError: it is missing or damaged.
    """
    try:
        return load_network(folder, threads, VEHICLES)[1]
    except ModelError as error:
        raise ModelError(
            f"{folder}: the network that knows vehicles is not as it was installed; reinstall "
            f"Nameplate ({error})"
        ) from error


def without_vehicles(found: Detections, vehicles: Detections) -> Detections:
    """What is found, less the machines that are vehicles.

    A machine is one if its box is a vehicle's, or lies in one of which the network is surer: a cab.
    A machine on a lorry stays, if the detector is surer of it than the network of the lorry.

    Args:
        found: n boxes, machines among them; what else is among them stays.
        vehicles: m boxes in the same pixels, from `SURE_VEHICLE` on.
    """
    if not len(vehicles):
        return found
    itself = iou(found.xyxy, vehicles.xyxy) >= _ITSELF
    within = share_inside(found.xyxy, vehicles.xyxy) >= _WITHIN
    surer = vehicles.confidence[None] > found.confidence[:, None]
    is_vehicle = (itself | (within & surer)).any(axis=1)
    return found.where(~(is_vehicle & (found.class_id == MACHINE)))
