"""Weights in, the shipped artefact out: OpenVINO IR, its weights in FP16, any picture size.

The folder written is what `detector.look.detect.Detector` loads: `model.xml`, `model.bin` and
`model.json`. The network is converted straight from torch (Ultralytics' own exporter asks
for packages we do not carry) and keeps batch, height and width open: a 16:9 frame is then
looked at as 640x384 for three fifths of the work of 640x640. Non-maximum suppression is
left to the detector.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.annotations import CLASS_NAMES
from datasets.errors import ModelError, ResultError
from datasets.output import unwritten
from detector.inference import core
from training.vendor import open_torch
from training.weights import load_network, read_training, tensors_digest

FORMAT_VERSION = 1
STRIDE = 32


@dataclass(frozen=True, slots=True)
class Exported:
    """The artefact on disk. `difference` is the largest one, in pixels or score, between the
    raw outputs of torch and of OpenVINO on a seeded random picture."""

    folder: Path
    sha256: str
    classes: tuple[str, ...]
    difference: float


def export(weights: Path, out: Path, image_size: int = 640) -> Exported:
    """Converts trained weights to the artefact the detector loads.

    The same weights, with the same versions of torch and OpenVINO, give the same bytes.

    Args:
        weights: an Ultralytics `.pt` of a detector whose classes are ours, in order.
        out: folder to write; made if it is not there.
        image_size: longer side at which it is held against torch, pixels, a multiple of 32; at
            which the detector looks is a setting of its own.

    Raises:
        ModelError: the weights are missing, unreadable, or of other classes.
        ResultError: `out` cannot be written.
        UsageError: torch or Ultralytics is not installed.
    """
    if image_size <= 0 or image_size % STRIDE:
        raise ModelError(f"image size {image_size}: it must be a multiple of {STRIDE}")
    with tempfile.TemporaryDirectory(prefix="nameplate-export-") as scratch:
        network = load_network(weights, Path(scratch))
    digest = tensors_digest(network)
    converted = convert(network.fuse(verbose=False))
    difference = _compare(network, converted, image_size)
    facts = _facts(weights, digest, image_size, difference)
    return Exported(out, write_model(converted, facts, out), CLASS_NAMES, difference)


def convert(network: Any) -> Any:
    """A fused torch network as OpenVINO's, its batch, height and width left open."""
    torch = open_torch()
    import openvino

    head = network.model[-1]
    head.export, head.format, head.dynamic = True, "openvino", True
    for parameter in network.parameters():
        parameter.requires_grad = False
    # 2 pictures of uneven sides: a traced constant would show in any other shape.
    example = torch.zeros(2, 3, 8 * STRIDE, 6 * STRIDE)
    with warnings.catch_warnings(), torch.no_grad():
        # Tracing warns of each branch on a shape; _compare checks another shape.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        warnings.filterwarnings("ignore", message=".*torch.jit")
        traced = torch.jit.trace(network, example, strict=False, check_trace=False)
    model = openvino.convert_model(
        traced, input=openvino.PartialShape([-1, 3, -1, -1]), example_input=example
    )
    model.input(0).get_tensor().set_names({"images"})
    model.output(0).get_tensor().set_names({"output0"})
    model.set_friendly_name("nameplate")
    return model


def _compare(network: Any, model: Any, image_size: int) -> float:
    """Largest difference between torch and OpenVINO on one random picture of uneven sides.

    Raises:
        ModelError: they differ by more than rounding.
    """
    torch = open_torch()
    shape = (1, 3, max(STRIDE, image_size // 2 // STRIDE * STRIDE), image_size)
    picture = np.random.default_rng(0).random(shape, dtype=np.float32)
    with torch.no_grad():
        expected = network(torch.from_numpy(picture)).numpy()
    fixed = model.clone()
    fixed.reshape(list(shape))
    got = core().compile_model(fixed, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(picture)[0]
    if got.shape != expected.shape:
        raise ModelError(f"the converted model gives {got.shape}, torch {expected.shape}")
    difference = float(np.abs(got - expected).max())
    # float32 sums in another order: thousandths of a pixel at 640 px.
    if difference > 0.05:
        raise ModelError(f"the converted model differs from torch by {difference:.3g} pixels")
    return difference


def _facts(weights: Path, digest: str, image_size: int, difference: float) -> dict[str, Any]:
    """What `model.json` says, but for the hashes of the files."""
    import openvino

    return {
        "version": FORMAT_VERSION,
        "classes": list(CLASS_NAMES),
        "image_size": image_size,
        "stride": STRIDE,
        "input": "images: float32 (n, 3, h, w), RGB, 0..1",
        "output": "output0: float32 (n, 4 + classes, anchors), cx, cy, w, h in pixels, scores",
        "precision": "FP16 weights",
        "weights_sha256": digest,
        "difference_from_torch": round(difference, 6),
        "openvino": openvino.__version__,
        "licence": "AGPL-3.0-or-later",
        "training": read_training(weights, digest),
    }


def write_model(network: Any, facts: dict[str, Any], out: Path) -> str:
    """Writes an OpenVINO network and its facts as the detector loads them.

    Returns:
        The digest: SHA-256 over the bytes of `model.xml`, then of `model.bin`.

    Raises:
        ResultError: `out` cannot be written.
    """
    import openvino

    # OpenVINO numbers what it makes by a counter of the process: the bytes would tell how
    # many models were converted before this one.
    for index, operation in enumerate(network.get_ordered_ops()):
        operation.set_friendly_name(f"{operation.get_type_name()}_{index}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out) as scratch:
            xml = Path(scratch) / "model.xml"
            openvino.save_model(network, xml, compress_to_fp16=True)
            parts = {name: (xml.parent / name).read_bytes() for name in ("model.xml", "model.bin")}
            digest = hashlib.sha256(b"".join(parts.values())).hexdigest()
            hashes = {name: hashlib.sha256(held).hexdigest() for name, held in parts.items()}
            described = xml.with_suffix(".json")
            said = json.dumps(
                {**facts, "sha256": digest, "files": hashes}, indent=2, ensure_ascii=False
            )
            described.write_text(said + "\n", "utf-8")
            for name in (*parts, described.name):
                (xml.parent / name).replace(out / name)
    except OSError as error:
        raise ResultError(unwritten(out, error, "the model")) from error
    return digest
