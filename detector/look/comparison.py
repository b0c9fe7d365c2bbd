"""Whether a model was shown to be no worse than the one before it: what its folder says.

`nameplate train` measures the new model and the one in use on the same fixed pictures and
leaves what came out beside the new one, in `comparison.json`:

    {"version": 2, "verdict": "better", "reasons": [...], "old_model": "...", "new_model": "...",
     "validation": {"data_sha256": "...", "split": "val", "pictures": 90, "machines": 98,
                    "sources": 21},
     "differences": [{"of": "...", "old": 0.9, "new": 0.93, "low": 0.01, "high": 0.05,
                      "cases": 98, "sources": 21}, ...]}

A case is looked at with a model that was not shown to be sound only where somebody says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from datasets.errors import ModelError
from detector.look.model_files import PACKAGED, model_digest
from detector.model_card import read_json

NAME = "comparison.json"
VERSION = 2
"""Comparisons of version 1 called models better that were measured on a single source."""

SOUND = ("better", "no worse")
"""Verdicts with which a model may be used; the others are `worse` and `unclear`."""


def read_comparison(folder: Path) -> Mapping[str, Any] | None:
    """What the folder says of its model; None where it says nothing. Raises ModelError: the file is
    damaged, or of another model than the one beside it."""
    file = folder / NAME
    if not file.exists():
        return None
    values = read_json(file, "compare the model again")
    if values.get("version") != VERSION:
        raise ModelError(f"{file}: no comparison of this version; compare the model again")
    if values.get("new_model") != model_digest(folder):
        raise ModelError(f"{file}: is of another model than the one beside it; compare it again")
    return values


def check_tested(folder: Path | None, known: Collection[str] = ()) -> None:
    """Whether footage may be looked at with a model: one in use, or one that is no worse.

    folder: of the model; None for the one shipped. known: hashes of models in use besides the one
    shipped.
    Raises ModelError: the model is missing or damaged; it was not compared with one in use, or did
    not do well.
    """
    if folder is None:
        return
    shipped = model_digest(PACKAGED)
    if model_digest(folder) in (shipped, *known):
        return
    found = read_comparison(folder)
    anyway = "or say --untested to use it all the same"
    if found is None:
        raise ModelError(
            f"{folder}: nobody has compared this model with the one in use; `nameplate train` "
            f"and `nameplate export` do with --validation DIR, {anyway}"
        )
    if found.get("old_model") not in (shipped, *known):
        raise ModelError(
            f"{folder}: compared with a model that is not in use ({found.get('old_model')!s:.12}); "
            f"compare it with the one that is, {anyway}"
        )
    if found.get("verdict") not in SOUND:
        reasons = found.get("reasons")
        why = "; ".join(map(str, reasons)) if isinstance(reasons, list) else ""
        raise ModelError(
            f"{folder}: compared with the one in use this model is {found.get('verdict')}"
            f"{f' ({why})' if why else ''}; keep the old one, {anyway}"
        )
