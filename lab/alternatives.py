"""The alternatives Nameplate is measured against, on the same clip with the same weights."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import av

from detector.look.model_files import PACKAGED


def decode_alone(clip: Path) -> int:
    """Decode every frame and look at none; the number of frames."""
    with av.open(str(clip)) as container:
        container.streams.video[0].thread_type = "AUTO"
        return sum(1 for _ in container.decode(video=0))


def track_every_frame(clip: Path, scratch: Path) -> int:
    """`yolo track` (ByteTrack) over every frame with the shipped weights; the number of frames.

    The shipped OpenVINO model is laid out as Ultralytics expects, so both run the same
    artefact on the same runtime: Ultralytics on `.pt` in torch would be slower still.
    """
    from ultralytics import YOLO

    model = YOLO(str(for_ultralytics(scratch)), task="detect")
    results = model.track(
        source=str(clip), stream=True, tracker="bytetrack.yaml", imgsz=640, verbose=False
    )
    return sum(1 for _ in results)


def for_ultralytics(scratch: Path) -> Path:
    folder = scratch / "nameplate_openvino_model"
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in ("xml", "bin"):
        shutil.copy(PACKAGED / f"model.{suffix}", folder / f"model.{suffix}")
    names = json.loads((PACKAGED / "model.json").read_text("utf-8"))["classes"]
    lines = [
        "task: detect",
        "stride: 32",
        "batch: 1",
        "imgsz: [640, 640]",
        "dynamic: true",
        "names:",
    ]
    lines += [f"  {number}: {name}" for number, name in enumerate(names)]
    (folder / "metadata.yaml").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
