"""A detector's model on disk: the files that a folder holds, and the networks in them.

A model is a folder as `nameplate export` writes it: `model.xml` and `model.bin` (OpenVINO's
network, sizes of the input left open) and `model.json`:

    {"classes": ["machine", "wordmark", "control"], "image_size": 640,
     "sha256": "...", "files": {"model.xml": "...", "model.bin": "..."}, ...}

One that `nameplate pair` made of two holds a second network besides, `second.xml` and
`second.bin`, and tells of it under `second`.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from detector.types import CLASSES

PACKAGED = Path(__file__).parent / "model"

FIRST, SECOND = "model", "second"
"""What the files of a model's networks are called; the second may be missing."""


def model_digest(folder: Path | None = None) -> str:
    """The hash by which a model is known, without loading it; of the packaged one if None.

    The SHA-256 over the bytes of `model.xml`, then of `model.bin`, then of those of the second
    network if it has one.

    Raises:
        ModelError: a file is missing, damaged, or of another model than its card names.
    """
    return _checked(folder or PACKAGED)[0]


def load_networks(folder: Path, threads: int | None) -> tuple[str, list[Any]]:
    """The model's hash and its networks, compiled: the first, and the second if it has one.

    Raises:
        ModelError: as `model_digest`; or a network cannot be read, or takes one size only.
    """
    digest, names = _checked(folder)
    return digest, [_compiled(folder / name, digest, threads) for name in names]


def files_of(name: str) -> tuple[str, str]:
    """The files of the network `name`, in the order of the digest."""
    return f"{name}.xml", f"{name}.bin"


def _checked(folder: Path) -> tuple[str, list[str]]:
    """The model's hash and its networks' names, once its files are those that its card names."""
    card = _card(folder)
    classes = card.get("classes")
    if not isinstance(classes, list) or tuple(classes) != CLASSES:
        raise ModelError(
            f"{folder / 'model.json'}: expected the classes {list(CLASSES)}, got {classes}; "
            "use a model trained on these (`nameplate train`, `nameplate export`)"
        )
    named = card.get("files")
    whole = hashlib.sha256()
    networks = [FIRST, SECOND] if SECOND in card else [FIRST]
    for name in (file for network in networks for file in files_of(network)):
        content = _bytes(folder / name)
        whole.update(content)
        got = hashlib.sha256(content).hexdigest()
        expected = named.get(name) if isinstance(named, dict) else None
        if got != expected:
            raise ModelError(
                f"{folder / name}: its SHA-256 is {got}, model.json names {expected}; "
                "the file is damaged or was exchanged: export or install the model again"
            )
    return whole.hexdigest(), networks


def _card(folder: Path) -> dict[str, Any]:
    file = folder / "model.json"
    try:
        card = json.loads(_bytes(file))
    except ValueError as error:
        raise ModelError(f"{file}: not JSON ({error}); export the model again") from error
    if not isinstance(card, dict):
        raise ModelError(f"{file}: expected an object, got {type(card).__name__}")
    return card


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"{file}: cannot be read ({error.strerror}); a model is the folder that "
            "`nameplate export` writes: model.xml, model.bin, model.json"
        ) from error


@lru_cache(maxsize=4)
def _compiled(stem: Path, digest: str, threads: int | None) -> Any:
    """The network `stem`.xml on the CPU, fed uint8 RGB (1, height, width, 3) of any size.

    Kept, since compiling takes a second: one network serves all detectors of a process.
    `digest` is that of the model, so that a model exchanged is compiled anew.

    `f32` holds on every processor: by default those with bfloat16 would compute with it,
    and the same footage would give other numbers there. THROUGHPUT with one request a
    stream took 25-35 % less time than LATENCY on two cores.
    """
    # To know a model by its digest takes no runtime.
    import openvino as ov

    core, xml = ov.Core(), stem.with_suffix(".xml")
    try:
        network = core.read_model(xml, stem.with_suffix(".bin"))
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
    options: dict[str, Any] = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "INFERENCE_PRECISION_HINT": "f32",
        # It would keep what it computed for every size it ever met, 3 MB each: half a gigabyte
        # within a hundred clips. Clips take no longer without it.
        "CPU_RUNTIME_CACHE_CAPACITY": 0,
        # Bound to one core it would wait for whatever else runs there, another worker's too.
        "ENABLE_CPU_PINNING": False,
    }
    if threads is not None:
        options["INFERENCE_NUM_THREADS"] = threads
    return core.compile_model(steps.build(), "CPU", options)
