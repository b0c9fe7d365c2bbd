"""Trained weights on disk: opened, checked and known by a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from datasets.errors import DataError, ModelError
from datasets.photographs.annotations import CLASS_NAMES, Photograph, read_photographs, split_folder
from datasets.photographs.splits import source_key
from detector.look.model_files import model_digest
from detector.types import CLASSES
from training.vendor import open_ultralytics


def load_network(weights: Path, scratch: Path) -> Any:
    """The torch network of a `.pt`, ready to infer.

    It takes (n, 3, h, w) RGB in 0..1. It gives (n, 4 + classes, places): boxes as centre and sides
    in pixels of the input, then scores.

    Raises ModelError: missing, unreadable, or of other classes than ours.
    """
    network = open_network(weights, scratch)
    if names_of(network) not in (CLASSES, CLASS_NAMES):
        names = names_of(network)
        raise ModelError(
            f"{weights}: it knows {len(names)} classes ({', '.join(names[:5])}...), "
            f"not {', '.join(CLASSES)}; train it first"
        )
    return network.float().eval()


def open_network(weights: Path, scratch: Path) -> Any:
    """The torch network of a `.pt` as stored, of whatever classes.

    weights: Ultralytics' own, or of a run.
    Raises ModelError: missing or unreadable.
    """
    if not weights.is_file():
        raise ModelError(f"{weights}: no such file; give the .pt that training wrote")
    ultralytics = open_ultralytics(scratch)
    try:
        network = ultralytics.YOLO(str(weights), task="detect").model
    except (
        RuntimeError, OSError, EOFError, KeyError, AttributeError, TypeError, UnpicklingError
    ) as error:  # fmt: skip
        raise ModelError(f"{weights}: not a checkpoint of Ultralytics ({error})") from error
    # What does not end in .pt it takes for an export, and opens when it is first used.
    if isinstance(network, str):
        do = "give the .pt that training wrote"
        raise ModelError(f"{weights}: not a checkpoint of Ultralytics; {do}")
    return network


def new_network(yaml: Any, classes: Sequence[str]) -> Any:
    """An untaught YOLO of an architecture (a name or what its file holds), for some classes."""
    from ultralytics.nn.tasks import DetectionModel

    network = DetectionModel(yaml, nc=len(classes), verbose=False)
    network.names = dict(enumerate(classes))
    return network


def names_of(network: Any) -> tuple[str, ...]:
    """The classes a network knows, in order."""
    return tuple(network.names[i] for i in sorted(network.names))


def read_training(weights: Path, digest: str) -> dict[str, Any] | None:
    """What the `training.json` beside weights says of them; None where there is none, or it is of
    others.

    digest: of the weights' tensors (`tensors_digest`).
    Raises ModelError: it is damaged.
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
    """SHA-256 over the names, kinds, shapes and bytes of a network's tensors, sorted by name. A
    `.pt` also holds the time it was written; this does not change with it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        values = tensor.detach().cpu().numpy()
        digest.update(f"{name} {values.dtype} {values.shape}\0".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


DIGITS = 16
"""Of a hash, hexadecimal: of a million pictures hardly two agree by chance, and a model that learnt
from ten thousand keeps hardly 200 KB of them."""


def traces_of(photographs: Iterable[Photograph]) -> frozenset[str]:
    """By what pictures will be known again. Raises DataError: a picture cannot be read."""
    return frozenset(trace for one in photographs for trace in _traces(one).values())


def check_unlearnt(
    learnt: Collection[str] | None, where: Path, validation: Path, split: str = "val"
) -> None:
    """Whether a validation set comes from nowhere that was learnt from.

    learnt: traces of what was; None: nobody knows, and no error is raised. where: the data set or
    the model that they are of.
    Raises DataError: a source, footage, or the very same picture, stands on both sides; the message
    names it.
    """
    for photograph in read_photographs(split_folder(validation, split)) if learnt else ():
        for what, trace in _traces(photograph).items():
            if learnt and trace in learnt:
                raise DataError(
                    f"{photograph.path}: {what} is learnt from as well ({where}); measure "
                    "on pictures of other sources, or leave that one out of training"
                )


def learnt_by_weights(weights: Path, scratch: Path) -> frozenset[str] | None:
    """The traces of what an Ultralytics `.pt` learnt from; None where nobody recorded it.

    One that knows none of our classes yet has learnt nothing that we measure on.

    Raises ModelError: it, or the `training.json` beside it, is damaged.
    """
    network = open_network(weights, scratch)
    if set(CLASSES).isdisjoint(names_of(network)):
        return frozenset()
    return _learnt(read_training(weights, tensors_digest(network.float())))


def learnt_by_model(folder: Path) -> frozenset[str] | None:
    """The traces of what an exported model learnt from; None where nobody recorded it. Raises
    ModelError: the model is missing or damaged."""
    model_digest(folder)
    return _learnt(json.loads((folder / "model.json").read_text("utf-8")).get("training"))


def _learnt(training: Mapping[str, Any] | None) -> frozenset[str] | None:
    learnt = None if training is None else training.get("learnt")
    return None if learnt is None else frozenset(map(str, learnt))


def _traces(photograph: Photograph) -> dict[str, str]:
    """By what it is in words, each hash that tells the picture, or one akin to it."""
    told = {f"source {photograph.source!r}": f"source\n{source_key(photograph.source)}"}
    if photograph.footage is not None:
        told[f"footage {photograph.footage[:12]}"] = f"footage\n{photograph.footage}"
    contents = {what: text.encode(errors="surrogatepass") for what, text in told.items()}
    try:
        contents["the same picture"] = photograph.path.read_bytes()
    except OSError as error:
        raise DataError(f"{photograph.path}: it cannot be read ({error.strerror})") from error
    return {what: hashlib.sha256(held).hexdigest()[:DIGITS] for what, held in contents.items()}
