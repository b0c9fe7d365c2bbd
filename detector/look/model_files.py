"""A network of detection on disk: the files that a folder holds, and the network in them.

A folder as `nameplate export` writes it holds `model.xml` and `model.bin` (OpenVINO's network,
sizes of the input left open) and `model.json`:

    {"classes": ["machine", "wordmark", "control", "manual machine"], "image_size": 640,
     "sha256": "...", "files": {"model.xml": "...", "model.bin": "..."}, ...}
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from detector.inference import Engine, Session, core, open_session
from detector.model_card import read_files, read_json
from detector.types import CLASSES

PACKAGED = Path(__file__).parents[1] / "model"

_FILES = ("model.xml", "model.bin")
_ADVICE = "a model is the folder that `nameplate export` writes: model.xml, model.bin, model.json"


def model_digest(folder: Path | None = None) -> str:
    """The hash of a model, without loading it; of the packaged one if None.

    The SHA-256 over the bytes of `model.xml`, then of `model.bin`.

    Raises ModelError: a file is missing, damaged, or of another model than its card names, or the
    model knows other classes.
    """
    folder = folder or PACKAGED
    card = read_json(folder / "model.json", _ADVICE)
    known = card.get("classes")
    if known != list(CLASSES):
        raise ModelError(
            f"{folder / 'model.json'}: expected the classes {list(CLASSES)}, got {known}; "
            "use a model trained on these (`nameplate train`, `nameplate export`)"
        )
    files = read_files(folder, card, _FILES, _ADVICE)
    return hashlib.sha256(b"".join(files.values())).hexdigest()


def load_network(folder: Path, engine: Engine) -> tuple[str, Session]:
    """The model's hash, and a session of its network.

    It takes uint8 RGB (1, height, width, 3) of any size. THROUGHPUT with one request a stream took
    25-35 % less time than LATENCY on two cores.

    Raises ModelError: as `model_digest`; or the network cannot be read, or takes one size only.
    """
    digest = model_digest(folder)
    return digest, open_session(
        digest,
        lambda: _prepared(folder),
        engine,
        PERFORMANCE_HINT="THROUGHPUT",
        # It would keep what it computed for every size it ever met, 3 MB each: half a gigabyte
        # within a hundred clips. Clips take no longer without it.
        CPU_RUNTIME_CACHE_CAPACITY=0,
    )


def _prepared(folder: Path) -> Any:
    """The network as it is compiled."""
    # To know a model by its digest takes no runtime.
    import openvino as ov

    xml = folder / "model.xml"
    try:
        network = core().read_model(xml, folder / "model.bin")
        open_sizes = all(network.input().partial_shape[axis].is_dynamic for axis in (2, 3))
    except (RuntimeError, IndexError) as error:
        raise ModelError(f"{xml}: OpenVINO cannot read it: {error}") from error
    if not open_sizes:
        raise ModelError(
            f"{xml}: takes pictures of one size only, "
            f"{network.input().partial_shape}; export it with open sizes (dynamic=True)"
        )
    steps = ov.preprocess.PrePostProcessor(network)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    return steps.build()
