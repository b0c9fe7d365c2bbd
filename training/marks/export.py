"""A finished run in, the shipped mark model out: network, prototypes, thresholds, card.

The thresholds and weights are chosen on what the network never saw: the sources of photographs
kept from training. The prototypes do not come from them either. In the end the prototypes are made
from all of `train`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import ModelError
from datasets.photographs.annotations import Photograph, read_photographs, split_folder
from datasets.registry import Registry, load_registry
from detector.inference import Engine
from detector.read.logo_files import (
    CARD,
    HEIGHT,
    NAMES,
    WIDTH,
    Embedder,
    Prototypes,
    pack_prototypes,
    read_folder,
)
from detector.read.logos import Recogniser
from training.export import converted, write_files
from training.marks.cuts import find_faces
from training.marks.material import Tell, is_tuning
from training.marks.measure import choose, find_crowded, report, run_cases
from training.marks.prototypes import drawn_marks, seen_marks
from training.marks.train import MarkResult, build_network
from training.vendor import open_torch

FORMAT_VERSION = 1
_SHOWN_LOOKS, _SHOWN_GROUNDS = 4, 30


@dataclass(frozen=True, slots=True)
class ExportedMarks:
    """The model on disk. difference: largest one between torch's and OpenVINO's vectors. strength:
    from which on a mark is recognised."""

    folder: Path
    digest: str
    prototypes: int
    difference: float
    strength: float


def export_marks(
    result: MarkResult,
    data: Path,
    out: Path,
    registry: Registry,
    *,
    logos: Path | None = None,
    faces: Path | None = None,
    tell: Tell = lambda stage, done, total: None,
) -> ExportedMarks:
    """Writes the folder that `detector.read.logos.Recogniser` loads.

    result: of `training.marks.train.train_marks`.
    data: holds `train/`, whose marks become prototypes, and `val/` to measure on, if any.
    out: folder to write; made if it is not there.
    registry, logos, faces: as for training.
    Raises ModelError: the weights are damaged, or the converted network differs from torch's.
    ResultError: `out` cannot be written. UsageError: torch is not installed.
    """
    network = _load(result.weights)
    example = open_torch().full((2, 1, HEIGHT, WIDTH), 100.0)
    xml, weights = converted(network, "marks", example, (2, 1, HEIGHT, WIDTH)).values()
    embedder = Embedder(xml, weights, Engine(1))
    difference = _compare(network, embedder)
    photographs = read_photographs(split_folder(data, "train"))
    drawn = drawn_marks(embedder, registry, find_faces(faces), tell)
    training = json.loads(result.facts.read_text("utf-8"))
    card: dict[str, Any] = {"version": FORMAT_VERSION, "training": training}
    with tempfile.TemporaryDirectory(prefix="nameplate-marks-") as scratch:

        def trial(shown: Sequence[Photograph]) -> tuple[Prototypes, Recogniser]:
            """A model whose threshold is yet to be chosen: everything counts as recognised."""
            seen = seen_marks(embedder, registry, shown, logos=logos, tell=tell)
            held = drawn.joined([seen])
            opened = {"thresholds": {"strength": -9.0}, "weights": [], "crowded": []}
            write_model(Path(scratch), xml, weights, held, {**card, **opened})
            return held, Recogniser(Path(scratch), registry, Engine(1))

        tuning = [p for p in photographs if is_tuning(p.source)]
        _, tried = trial([p for p in photographs if not is_tuning(p.source)])
        shown = {"looks": _SHOWN_LOOKS, "grounds": _SHOWN_GROUNDS}
        chosen = choose(run_cases(tried, tuning, registry, **shown, tell=tell))
        held, shipped = trial(photographs)
        chosen["crowded"] = crowded_among(
            shipped, photographs, registry, chosen["crowded"], tell=tell
        )
        measured = report(shipped, data, registry, tell=tell)
    card |= {
        "input": f"float32 (2, 1, {HEIGHT}, {WIDTH}): a mark and its negative, grey 0..255",
        "output": f"float32 (2, {embedder.dimensions}), of length 1",
        "precision": "FP16 weights, computed in float32",
        "difference_from_torch": round(difference, 6),
        "registry": registry.digest,
        "prototypes": counted(held),
        **chosen,
        "licence": "AGPL-3.0-or-later",
        "measured": measured,
    }
    digest = write_model(out, xml, weights, held, card)
    return ExportedMarks(out, digest, len(held), difference, chosen["thresholds"]["strength"])


def crowded_among(
    recogniser: Recogniser,
    photographs: Sequence[Photograph],
    registry: Registry,
    known: Collection[str],
    *,
    tell: Tell = lambda stage, done, total: None,
) -> list[str]:
    """Builders whose looks weigh nothing: those known for it, and those that bare surfaces of the
    sources kept for tuning look like. That depends on the prototypes that ship."""
    kept = [p for p in photographs if is_tuning(p.source)]
    surfaces = run_cases(recogniser, kept, registry, grounds=_SHOWN_GROUNDS, tell=tell)
    return sorted({*known, *find_crowded(surfaces)})


def counted(prototypes: Prototypes) -> dict[str, int]:
    """How many there are of each kind."""
    return dict(
        sorted(
            Counter(kind if owner else "nobody's" for owner, _, kind in prototypes.names).items()
        )
    )


def _load(weights: Path) -> Any:
    torch = open_torch()
    network = build_network()
    try:
        network.load_state_dict(torch.load(weights, weights_only=True))
    except (OSError, RuntimeError, KeyError, EOFError) as error:
        raise ModelError(f"{weights}: no weights of the mark embedder ({error})") from error
    return network.eval()


def _compare(network: Any, embedder: Embedder) -> float:
    torch = open_torch()
    pictures = np.random.default_rng(0).integers(0, 256, (8, HEIGHT, WIDTH)).astype(np.uint8)
    both = np.concatenate([pictures, 255 - pictures])[:, None].astype(np.float32)
    with torch.no_grad():
        said = network(torch.from_numpy(both)).numpy()
    expected = said[:8] + said[8:]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    difference = float(np.abs(embedder.embed(list(pictures)) - expected).max())
    # Weights rounded to 11 bits move a unit vector by thousandths.
    if difference > 0.02:
        raise ModelError(f"the converted mark model differs from torch by {difference:.3g}")
    return difference


def write_model(
    out: Path, xml: bytes, weights: bytes, prototypes: Prototypes, card: dict[str, Any]
) -> str:
    """Writes the four files, the card last, and returns the SHA-256 over the other three. Raises
    ResultError: they cannot be written."""
    contents = dict(zip(NAMES, (xml, weights, pack_prototypes(prototypes)), strict=True))
    return write_files(out, contents, CARD, card, "the mark model")


def redraw(folder: Path, registry: Registry, data: Path) -> str:
    """The SHA-256 of the model, its prototypes written again as a registry that has grown has them.

    Wordmarks without a drawing would be drawn at every start. Network, threshold and weights stay.

    data: holds `train/`, whose sources kept for tuning show bare surfaces, and `val/`.
    Raises ModelError: a file is missing, damaged, or not the one that the card vouches for.
    ResultError: the folder cannot be written.
    """
    card, files = read_folder(folder)
    recogniser = Recogniser(folder, registry, Engine(1))
    prototypes = recogniser.prototypes
    photographs = read_photographs(split_folder(data, "train"))
    card |= {
        "registry": registry.digest,
        "prototypes": counted(prototypes),
        "crowded": crowded_among(recogniser, photographs, registry, card["crowded"]),
        "measured": report(recogniser, data, registry),
    }
    return write_model(folder, files["marks.xml"], files["marks.bin"], prototypes, card)


if __name__ == "__main__":  # python -m training.marks.export FOLDER DATA
    print(redraw(Path(sys.argv[1]), load_registry(), Path(sys.argv[2])))
