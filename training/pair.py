"""Two exported models in, one out that asks the second where the first sees a machine.

What two networks of other seeds say falsely differs more than what they say rightly, so that their
mean is wrong less often (docs/tried.md, "Two networks, one after the other").
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from detector.model_files import FIRST, SECOND, files_of, model_digest
from training.export import write_files

_OF_ITS_OWN = ("version", "classes", "stride", "input", "output", "licence", "files")
"""What the card need not say twice of two networks."""


@dataclass(frozen=True, slots=True)
class Paired:
    """The model on disk, and its digest."""

    folder: Path
    sha256: str


def pair(first: Path, second: Path, out: Path) -> Paired:
    """Writes a model of two networks, for `detector.detect.Detector`.

    Args:
        first: the folder of a model of one network; asked about every picture, and alone when
            looking closer.
        second: of another; asked where the first sees a machine.
        out: folder to write; made if it is not there.

    Raises:
        ModelError: one of them is missing, damaged or a pair already, or both are the same.
        ResultError: `out` cannot be written.
    """
    facts, others = _single(first), _single(second)
    if facts["sha256"] == others["sha256"]:
        raise ModelError(f"{second}: the same model as {first}; give two that were trained apart")
    content = {
        name: (folder / read).read_bytes()
        for folder, network in ((first, FIRST), (second, SECOND))
        for name, read in zip(files_of(network), files_of(FIRST), strict=True)
    }
    told = {name: value for name, value in others.items() if name not in _OF_ITS_OWN}
    return Paired(out, write_files(content, facts | {SECOND: told}, out))


def _single(folder: Path) -> dict[str, Any]:
    """What `model.json` says of a model of one network."""
    digest = model_digest(folder)
    facts: dict[str, Any] = json.loads((folder / "model.json").read_text("utf-8"))
    if SECOND in facts:
        raise ModelError(f"{folder}: has two networks already; give the models it was made of")
    return facts | {"sha256": digest}
