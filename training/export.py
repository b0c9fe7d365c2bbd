"""Weights in, the shipped artefact out: OpenVINO IR, its weights in FP16, any picture size.

The folder written is what `detector.look.detect.YoloDetector` loads: `model.xml`, `model.bin` and
`model.json`. The network is converted straight from torch: Ultralytics' own exporter asks for
packages we do not carry. Batch, height and width stay open. A 16:9 frame is then looked at as
640x384, for three fifths of the work of 640x640. Non-maximum suppression is left to the detector.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.errors import ModelError, ResultError
from datasets.files import unwritten
from datasets.photographs.annotations import Photograph, read_photographs, split_folder
from detector.inference import core
from detector.look.detect import letterbox
from detector.look.model_files import model_digest
from detector.settings import Detecting
from training.pictures import read_photograph
from training.results import as_json
from training.vendor import open_nncf, open_torch
from training.weights import (
    learnt_by_model,
    load_network,
    names_of,
    read_training,
    tensors_digest,
    traces_of,
)

FORMAT_VERSION = 1
STRIDE = 32
COMPARED_AT = 640
"""Longer side at which a converted model is held against torch, pixels."""


@dataclass(frozen=True, slots=True)
class Exported:
    """The artefact on disk. `difference` is the largest one, in pixels or score, between the
    raw outputs of torch and of OpenVINO on a seeded random picture."""

    folder: Path
    sha256: str
    classes: tuple[str, ...]
    difference: float


def export(weights: Path, out: Path) -> Exported:
    """Converts trained weights to the artefact the detector loads.

    The same weights, with the same versions of torch and OpenVINO, give the same bytes.

    weights: an Ultralytics `.pt` of a detector whose classes are ours, in order. out: folder to
    write; made if it is not there.
    Raises ModelError: the weights are missing, unreadable, or of other classes. ResultError: `out`
    cannot be written. UsageError: torch or Ultralytics is not installed.
    """
    import openvino

    with tempfile.TemporaryDirectory(prefix="nameplate-export-") as scratch:
        network = load_network(weights, Path(scratch))
    digest, classes = tensors_digest(network), names_of(network)
    model = convert(network.fuse(verbose=False))
    difference = _compare(network, model)
    facts = {
        "version": FORMAT_VERSION,
        "classes": list(classes),
        "image_size": COMPARED_AT,
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
    return Exported(out, write_model(model, facts, out), classes, difference)


def convert(network: Any) -> Any:
    """A fused torch network as OpenVINO's, its batch, height and width left open."""
    head = network.model[-1]
    head.export, head.format, head.dynamic = True, "openvino", True
    for parameter in network.parameters():
        parameter.requires_grad = False
    # 2 pictures of uneven sides: a traced constant would show in any other shape.
    example = open_torch().zeros(2, 3, 8 * STRIDE, 6 * STRIDE)
    model = _traced(network, "nameplate", example, (-1, 3, -1, -1))
    model.input(0).get_tensor().set_names({"images"})
    model.output(0).get_tensor().set_names({"output0"})
    return model


def _traced(network: Any, name: str, example: Any, shape: Sequence[int]) -> Any:
    torch = open_torch()
    import openvino

    with warnings.catch_warnings(), torch.no_grad():
        # Tracing warns of each branch on a shape; `_compare` checks another shape.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        warnings.filterwarnings("ignore", message=".*torch.jit")
        traced = torch.jit.trace(network, example, strict=False, check_trace=False)
    taken = openvino.PartialShape(list(shape))
    model = openvino.convert_model(traced, input=taken, example_input=example)
    model.set_friendly_name(name)
    return model


def _saved(model: Any, name: str) -> dict[str, bytes]:
    """The contents of NAME.xml and NAME.bin."""
    import openvino

    # OpenVINO's names would tell how many were converted before this one.
    for index, operation in enumerate(model.get_ordered_ops()):
        operation.set_friendly_name(f"{operation.get_type_name()}_{index}")
    with tempfile.TemporaryDirectory(prefix="nameplate-export-") as scratch:
        file = Path(scratch) / f"{name}.xml"
        openvino.save_model(model, file, compress_to_fp16=True)
        return {part.name: part.read_bytes() for part in (file, file.with_suffix(".bin"))}


def _compare(network: Any, model: Any) -> float:
    """Largest difference between torch and OpenVINO on one random picture of uneven sides."""
    torch = open_torch()
    shape = (1, 3, COMPARED_AT // 2, COMPARED_AT)
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


def write_model(network: Any, facts: dict[str, Any], out: Path) -> str:
    """Writes an OpenVINO network and its facts as the detector loads them. Returns and raises as
    `write_files`."""
    return write_files(out, _saved(network, "model"), "model.json", facts, "the model")


def write_files(
    out: Path, contents: Mapping[str, bytes], card: str, facts: dict[str, Any], what: str
) -> str:
    """Writes files, and last the card that vouches for them: facts, and the hash of each.

    Returns the digest: SHA-256 over all files, in their order.
    Raises ResultError: `out` cannot be written.
    """
    digest = hashlib.sha256(b"".join(contents.values())).hexdigest()
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    text = as_json({**facts, "sha256": digest, "files": hashes})
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, content in {**contents, card: text.encode()}.items():
            part = out / f"{name}.part"
            part.write_bytes(content)
            part.replace(out / name)
    except OSError as error:
        raise ResultError(unwritten(out, error, what)) from error
    return digest


def converted(network: Any, name: str, example: Any, shape: Sequence[int]) -> dict[str, bytes]:
    """The contents of NAME.xml and NAME.bin.

    network: in evaluation; example: a tensor that it takes; shape: what the model shall take, -1
    for any size.
    """
    return _saved(_traced(network, name, example, shape), name)


PICTURES = 120
"""Photographs that the ranges are taken from; NNCF's own default is 300. With 120 of ours no
measure differed from the unquantized model by more than one machine or mark."""


def quantize(model: Path, data: Path, out: Path, pictures: int = PICTURES) -> str:
    """Writes the model in eight-bit integers, for `detector.look.detect.YoloDetector`.

    The same model, photographs and versions of NNCF and OpenVINO give the same bytes.

    model: the folder of an exported model.
    data: holds `train/` (see `datasets.photographs.annotations`).
    out: folder to write; made if it is not there.
    pictures: how many photographs of `train` the ranges are taken from, evenly spread.
    Returns its digest.
    Raises ModelError: the model is damaged, or quantized already. DataError: the data is wrong.
    ResultError: `out` cannot be written. UsageError: NNCF is not installed.
    """
    nncf = open_nncf()
    import openvino

    digest = model_digest(model)
    facts = json.loads((model / "model.json").read_text("utf-8"))
    if "quantized" in facts:
        raise ModelError(f"{model}: quantized already; give the model that was exported")
    held = read_photographs(split_folder(data, "train"))
    places = np.linspace(0, len(held) - 1, min(pictures, len(held))).round()
    chosen = [held[int(place)] for place in places]
    network = in_integers(core().read_model(model / "model.xml", model / "model.bin"), chosen)
    if (learnt := learnt_by_model(model)) is not None:
        facts["training"]["learnt"] = sorted(learnt | traces_of(chosen))
    facts.pop("difference_from_torch", None)
    facts |= {
        "precision": "INT8 weights (seven bits used) and activations",
        "quantized": {
            "from": digest,
            "pictures": len(chosen),
            "longer_side": Detecting().image_size,
            "nncf": nncf.__version__,
            "openvino": openvino.__version__,
        },
    }
    return write_model(network, facts, out)


def in_integers(network: Any, photographs: Sequence[Photograph]) -> Any:
    """OpenVINO's network in eight-bit integers, with the ranges that these photographs give."""
    nncf = open_nncf()

    def fed(photograph: Photograph) -> NDArray[np.float32]:
        boxed, _, _ = letterbox(read_photograph(photograph), Detecting().image_size)
        return np.ascontiguousarray(boxed.transpose(2, 0, 1)[None], np.float32) / np.float32(255)

    # The convolution that means the distances of a box's four sides. In integers it places small
    # marks worse: of 77 builders' marks of a fold 38 are found, not 37.
    means = [
        op.get_friendly_name()
        for op in network.get_ops()
        if op.get_type_name() == "Convolution"
        and str(op.output(0).get_partial_shape()).startswith("[?,1,4,")
    ]
    # It draws bars of its own, whatever its settings say.
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return nncf.quantize(
            network,
            nncf.Dataset(photographs, fed),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(photographs),
            ignored_scope=nncf.IgnoredScope(names=means),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                overflow_fix=nncf.OverflowFix.ENABLE
            ),
        )
