"""Trained weights on disk: opened, checked and known by a digest."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from datasets.annotations import CLASS_NAMES
from datasets.errors import ModelError
from training.vendor import open_ultralytics


def load_network(weights: Path, scratch: Path) -> Any:
    """The torch network of an Ultralytics `.pt`, ready to infer: (n, 3, h, w) RGB in
    0..1 to (n, 4 + classes, anchors), boxes as centre and sides in pixels of the input.

    Raises:
        ModelError: missing, unreadable, or of other classes than ours.
    """
    network = open_network(weights, scratch)
    names = names_of(network)
    if names != CLASS_NAMES:
        raise ModelError(
            f"{weights}: it knows {len(names)} classes ({', '.join(names[:5])}...), "
            f"not {', '.join(CLASS_NAMES)}; train it first"
        )
    return network.float().eval()


def open_network(weights: Path, scratch: Path) -> Any:
    """The torch network of an Ultralytics `.pt` as stored, of whatever classes.

    Raises:
        ModelError: missing or unreadable.
    """
    if not weights.is_file():
        raise ModelError(f"{weights}: no such file; give the .pt that training wrote")
    ultralytics = open_ultralytics(scratch)
    try:
        network = ultralytics.YOLO(str(weights), task="detect").model
    except (RuntimeError, OSError, EOFError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"{weights}: not a checkpoint of Ultralytics ({error})") from error
    # What does not end in .pt it takes for an export, and opens when it is first used.
    if isinstance(network, str):
        raise ModelError(
            f"{weights}: not a checkpoint of Ultralytics; give the .pt that training wrote"
        )
    return network


def names_of(network: Any) -> tuple[str, ...]:
    """The classes a network knows, in order."""
    return tuple(network.names[i] for i in sorted(network.names))


def read_training(weights: Path, digest: str) -> dict[str, Any] | None:
    """What the `training.json` beside weights says of them; None where there is none, or it is of
    others.

    Args:
        digest: of the weights' tensors (`tensors_digest`).

    Raises:
        ModelError: it is damaged.
    """
    file = weights.parent / "training.json"
    if not file.is_file():
        return None
    try:
        training = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); train again") from error
    own = isinstance(training, dict) and training.get("weights_sha256") == digest
    return training if own else None


def tensors_digest(network: Any) -> str:
    """SHA-256 over the names, kinds, shapes and bytes of a network's tensors, sorted by name.

    A `.pt` also holds the time it was written; this does not change with it.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().numpy()
        digest.update(f"{name} {values.dtype} {values.shape}\0".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()
