"""A network trained with torch as OpenVINO's two files, as the small networks ship."""

from __future__ import annotations

import hashlib
import json
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.vendor import open_torch


def converted(network: Any, name: str, example: Any, shape: Sequence[int]) -> tuple[bytes, bytes]:
    """The contents of NAME.xml and NAME.bin.

    Args:
        network: in evaluation. example: a tensor that it takes.
        shape: what the model shall take; -1: any size.
    """
    torch = open_torch()
    import openvino

    with warnings.catch_warnings(), torch.no_grad():
        warnings.filterwarnings("ignore", message=".*torch.jit")
        traced = torch.jit.trace(network, example, check_trace=False)
    model = openvino.convert_model(
        traced, input=openvino.PartialShape(list(shape)), example_input=example
    )
    # As in training.export: names that do not tell how many models were made before.
    model.set_friendly_name(name)
    for index, operation in enumerate(model.get_ordered_ops()):
        operation.set_friendly_name(f"{operation.get_type_name()}_{index}")
    with tempfile.TemporaryDirectory(prefix="nameplate-traced-") as scratch:
        file = Path(scratch) / f"{name}.xml"
        openvino.save_model(model, file, compress_to_fp16=True)
        return file.read_bytes(), file.with_suffix(".bin").read_bytes()


def write_traced(
    network: Any, file: Path, example: Any, shape: Sequence[int], card: dict[str, Any]
) -> None:
    """Writes `file`, which ends in .xml, the weights beside it, and in JSON their hash and the
    card. Other arguments as of `converted`."""
    parts = converted(network, file.stem, example, shape)
    for suffix, content in zip((".xml", ".bin"), parts, strict=True):
        file.with_suffix(suffix).write_bytes(content)
    card = {"sha256": hashlib.sha256(b"".join(parts)).hexdigest(), **card}
    file.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
