"""`yolo track` (ByteTrack) with the weights that ship: what speed is measured against.

Ultralytics comes with `nameplate[train]`. It gets the very artefact, on OpenVINO as well.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from detector.look.model_files import PACKAGED
from detector.types import Box

TrackBoxes = list[tuple[float, Box]]


def open_yolo(scratch: Path) -> Any:
    """Ultralytics' detector; None where it is not installed."""
    # What its FFmpeg says of every frame of an interlaced clip would bury the table.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        from ultralytics import YOLO
    except ImportError:
        return None
    folder = scratch / "nameplate_openvino_model"
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("xml", "bin"):
        shutil.copy(PACKAGED / f"model.{suffix}", folder / f"model.{suffix}")
    names = json.loads((PACKAGED / "model.json").read_text("utf-8"))["classes"]
    lines = ["task: detect", "stride: 32", "batch: 1", "imgsz: [640, 640]", "dynamic: true"]
    lines += ["names:", *(f"  {number}: {name}" for number, name in enumerate(names))]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return YOLO(str(folder), task="detect")


def track(model: Any, clip: Path, seconds: float = 0.0) -> Iterator[TrackBoxes]:
    """The tracks of machines: time and box of each frame.

    model: of `open_yolo`. seconds: between two frames; 0 for every frame.
    """
    with av.open(str(clip)) as container:
        rate = float(container.streams.video[0].average_rate or 25)
    stride = max(1, round(rate * seconds))
    found: dict[int, TrackBoxes] = {}
    how = {"stream": True, "tracker": "bytetrack.yaml", "imgsz": 640, "verbose": False}
    results = model.track(source=str(clip), vid_stride=stride, classes=[0], **how)
    for number, result in enumerate(results):
        boxes = result.boxes
        if boxes.id is None:
            continue
        for name, box in zip(boxes.id.int().tolist(), boxes.xyxy.tolist(), strict=True):
            found.setdefault(name, []).append((number * stride / rate, tuple(box)))
    # The next clip begins with tracks of its own.
    model.predictor.trackers[0].reset()
    yield from found.values()
