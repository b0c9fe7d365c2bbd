"""Data in, a mark embedder out: a small network under which looks at one mark lie close.

A run lives in one folder and can be stopped at any instant and resumed:

    OUT/run.json        what was asked for (checked when the run is resumed)
    OUT/checkpoint.pt   the state, written every few minutes, replaced whole
    OUT/embedder.pt     the weights, when it is done
    OUT/training.json   what they were trained on, with what, and the losses

The same data, logos, typefaces, seed and versions give the same weights, resumed or not: the batch
of each step depends on the seed and the step alone, and one thread computes. With others a run is
not gone on with.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError, UsageError
from datasets.photographs.annotations import ANNOTATIONS, read_photographs, split_folder
from datasets.photographs.writing import check_apart
from datasets.registry import Registry, load_registry
from detector.read.logo_input import Grey
from training.evaluate.report import as_json, check_begun, write_text
from training.fit import Step, TrainingPlan, fit
from training.marks.cuts import find_faces
from training.marks.material import MarkSampler, collect, is_held_out, is_tuning
from training.marks.network import (
    FACTS,
    WEIGHTS,
    Start,
    build_learner,
    find_start,
    loss_of,
    take_over,
)
from training.vendor import open_torch

LEARNING_RATE, WEIGHT_DECAY = 0.002, 0.02
# Looks at each class that its proxy is made of where a trained network is begun from.
_LOOKS_EACH = 4


@dataclass(frozen=True, slots=True)
class MarkRecipe:
    """All that decides the outcome, as written to `run.json`."""

    data_sha256: str
    registry: str
    logos_sha256: str | None
    faces_sha256: str
    faces: int
    steps: int
    batch: int
    seed: int
    drawings: int
    others: int
    learning_rate: float
    hold_out: bool
    start: str | None


@dataclass(frozen=True, slots=True)
class MarkResult:
    """What training left: the weights' file, its facts, and the loss of the last step."""

    weights: Path
    facts: Path
    loss: float


def train_marks(
    data: Path,
    out: Path,
    *,
    registry: Registry | None = None,
    logos: Path | None = None,
    faces: Path | None = None,
    steps: int = 3000,
    batch: int = 128,
    seed: int = 0,
    drawings: int = 4,
    others: int = 1500,
    hold_out: bool = True,
    start: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> MarkResult:
    """Trains the mark embedder on the wordmarks of the registry and on `data`/train.

    A run found in `out` is gone on with; a finished one is returned as it is.

    Args:
        data: holds `train/`, and `val/` where it will be measured (see
            `datasets.photographs.annotations`).
        out: the run's folder; made if it is not there.
        registry: whose wordmarks to draw; the packaged one if None.
        logos: a folder of pictures of logos with `logos.csv`, or None.
        faces: a folder searched for further typefaces, or None.
        steps, batch: batches, and pictures in each.
        drawings: of each wordmark. others: texts that are nobody's mark, drawn half as often.
        hold_out: whether one builder in ten is kept from training, to measure adding builders.
        start: the folder of a finished run, or of a model of one, whose network is learnt on
            with; None to begin anew.
        progress: told the stage, what is done and how much there is.

    Raises:
        UsageError: `out` holds a run begun otherwise, `start` was trained on builders to hold
            out, a number is out of range, or torch is not installed.
        DataError: the data is wrong, named with file, line and field; or a source stands in train
            and in val.
        ModelError: there is neither in `start`, or its weights are damaged.
        KeyboardInterrupt: stopped; the same call goes on from the last checkpoint.
    """
    torch = open_torch()
    if min(steps, drawings) < 1 or batch < 16 or others < 0:
        raise UsageError(
            f"steps {steps}, drawings {drawings}, others {others} must be positive and "
            f"batch {batch} at least 16"
        )
    tell = progress or (lambda stage, done, total: None)
    registry = registry or load_registry()
    begun = None if start is None else find_start(start)
    found = find_faces(faces)
    folders = [split_folder(data, "train"), *(path for path in [data / "val"] if path.is_dir())]
    splits = {folder.name: read_photographs(folder) for folder in folders}
    check_apart(data, splits)
    recipe = MarkRecipe(
        data_sha256=_digest([folders[0] / ANNOTATIONS, *(p.path for p in splits["train"])]),
        registry=registry.digest,
        logos_sha256=None if logos is None else _digest(sorted(logos.glob("*.*"))),
        faces_sha256=_digest(found),
        faces=len(found),
        steps=steps,
        batch=batch,
        seed=seed,
        drawings=drawings,
        others=others,
        learning_rate=LEARNING_RATE,
        hold_out=hold_out,
        start=None if begun is None else begun.digest,
    )
    held_out = [entry.id for entry in registry if hold_out and is_held_out(entry.id)]
    if begun is not None and (seen := set(held_out) - begun.held_out):
        raise UsageError(
            f"{start}: it was trained on {', '.join(sorted(seen)[:3])}, so they cannot be kept "
            "aside any more; learn every builder, or begin from another run"
        )
    out.mkdir(parents=True, exist_ok=True)
    _record(recipe, out)
    result = _finished(out)
    if result is not None:
        return result
    material = collect(
        data,
        registry,
        logos=logos,
        faces=found,
        seed=seed,
        drawings=drawings,
        others=others,
        hold_out=hold_out,
        tell=tell,
    )
    # One thread: sums in one order, and the other cores stay free.
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    learner = build_learner(len(material.classes))
    sampler = MarkSampler(material, seed, batch)
    checkpoint = out / "checkpoint.pt"
    if begun is not None and not checkpoint.is_file():
        _begin_from(torch, learner, begun, list(sampler.looks(_LOOKS_EACH)))
    losses: list[float] = []

    def learn(network: Any, content: Any) -> tuple[Any, dict[str, float]]:
        pictures, classes = content
        shown = torch.from_numpy(pictures[:, None].astype(np.float32))
        loss = loss_of(torch, network(shown), network.proxies, torch.from_numpy(classes))
        return loss, {}

    def show(step: Step) -> None:
        losses.append(step.loss)
        tell(f"learning marks, loss {step.loss:.3f}", step.samples // batch, steps)

    average = fit(
        learner,
        learn,
        lambda step, _: (batch, sampler.batch(step)),
        TrainingPlan(steps * batch, LEARNING_RATE, seed, WEIGHT_DECAY),
        checkpoint,
        progress=show,
    )
    torch.save(average.embedder.state_dict(), out / WEIGHTS)
    facts = {
        "recipe": asdict(recipe),
        "counts": material.counts,
        "held_out_builders": sorted(held_out),
        "tuning_sources": _tuning_sources(data),
        "loss": round(losses[-1], 4) if losses else None,
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    # Last: it says that the run is done.
    write_text(out / FACTS, as_json(facts))
    finished = _finished(out)
    assert finished is not None
    return finished


def _digest(files: Iterable[Path]) -> str:
    """SHA-256 over the bytes of files, in their order.

    Raises:
        DataError: one cannot be read.
    """
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise DataError(f"{file}: it cannot be read ({error.strerror})") from error
    return digest.hexdigest()


def _facts(run: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((run / FACTS).read_text("utf-8"))
    return facts


def _tuning_sources(data: Path) -> list[str]:
    return sorted(
        {p.source for p in read_photographs(split_folder(data, "train")) if is_tuning(p.source)}
    )


def _record(recipe: MarkRecipe, out: Path) -> None:
    wanted = json.loads(json.dumps(asdict(recipe)))
    file = out / "run.json"
    if not file.is_file():
        write_text(file, as_json(wanted))
        return
    check_begun(file, wanted, "go on with the same ones or choose another folder")


def _finished(out: Path) -> MarkResult | None:
    facts = out / FACTS
    if not facts.is_file():
        return None
    return MarkResult(out / WEIGHTS, facts, float(_facts(out)["loss"] or 0))


def _begin_from(torch: Any, learner: Any, start: Start, looks: Sequence[Grey]) -> None:
    """Takes over a trained network; each class's proxy becomes the mean of looks at it.

    After Qi, Brown and Lowe, "Low-shot learning with imprinted weights", CVPR 2018: from
    proxies at random the first steps would undo what the network has learnt.

    Args:
        looks: for each class in order, pictures (n, 32, 128).

    Raises:
        ModelError: the weights are damaged.
    """
    take_over(learner.embedder, start, looks)
    learner.eval()
    with torch.no_grad():
        for place, pictures in enumerate(looks):
            batch = torch.from_numpy(pictures[:, None].astype(np.float32))
            learner.proxies[place] = learner(batch).mean(dim=0)
