"""An exported model in, the same in eight-bit integers out: faster on any processor.

Post-training quantization by NNCF: the ranges of the activations are taken from photographs
that were trained on, the weights keep seven bits, so that the sums of sixteen bits which
processors without VNNI keep do not overflow and every processor finds the same. What it
costs is measured (`--validation`, as for `nameplate export`), never assumed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.errors import ModelError
from detector.inference import core
from detector.look.detect import letterbox
from detector.look.model_files import model_digest
from detector.settings import Detecting
from training.apart import learnt_by_model, traces_of
from training.embed_cases import read_rgb
from training.export import write_model
from training.vendor import open_nncf

PICTURES = 120
"""Photographs that the ranges are taken from; NNCF's own default is 300. With 120 of ours no
measure differed from the unquantized model by more than one machine or mark."""


@dataclass(frozen=True, slots=True)
class Quantized:
    """The model on disk, and its digest."""

    folder: Path
    sha256: str


def quantize(model: Path, data: Path, out: Path, pictures: int = PICTURES) -> Quantized:
    """Writes the model in eight-bit integers, for `detector.look.detect.Detector`.

    The same model, photographs and versions of NNCF and OpenVINO give the same bytes.

    Args:
        model: the folder of an exported model.
        data: holds `train/` (see `datasets.annotations`).
        out: folder to write; made if it is not there.
        pictures: how many photographs of `train` the ranges are taken from, evenly spread.

    Raises:
        ModelError: the model is damaged, or quantized already.
        DataError: the data is wrong.
        ResultError: `out` cannot be written.
        UsageError: NNCF is not installed.
    """
    nncf = open_nncf()
    import openvino

    digest = model_digest(model)
    facts = json.loads((model / "model.json").read_text("utf-8"))
    if "quantized" in facts:
        raise ModelError(f"{model}: quantized already; give the model that was exported")
    chosen = spread(read_photographs(split_folder(data, "train")), pictures)
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
    return Quantized(out, write_model(network, facts, out))


def in_integers(network: Any, photographs: Sequence[Photograph]) -> Any:
    """OpenVINO's network in eight-bit integers, with the ranges that these photographs give.

    Raises:
        UsageError: NNCF is not installed.
    """
    nncf = open_nncf()

    def fed(photograph: Photograph) -> NDArray[np.float32]:
        boxed, _, _ = letterbox(read_rgb(photograph), Detecting().image_size)
        return np.ascontiguousarray(boxed.transpose(2, 0, 1)[None], np.float32) / np.float32(255)

    # It draws bars of its own, whatever it is told.
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        return nncf.quantize(
            network,
            nncf.Dataset(photographs, fed),
            preset=nncf.QuantizationPreset.MIXED,
            subset_size=len(photographs),
            advanced_parameters=nncf.AdvancedQuantizationParameters(
                overflow_fix=nncf.OverflowFix.ENABLE
            ),
        )


def spread(photographs: Sequence[Photograph], count: int) -> list[Photograph]:
    """So many of them, evenly spread over their order; all where there are fewer."""
    places = np.linspace(0, len(photographs) - 1, min(count, len(photographs))).round()
    return [photographs[int(place)] for place in places]
