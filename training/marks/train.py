"""Data in, a mark embedder out: a small network under which looks at one mark lie close.

A run lives in one folder and can be stopped at any instant and resumed:

    OUT/run.json        what was asked for (checked when the run is resumed)
    OUT/checkpoint.pt   every so many steps, replaced whole
    OUT/embedder.pt     the weights, when it is done
    OUT/training.json   what they were trained on, with what, and the losses

The same data, logos, typefaces, seed and versions give the same weights, resumed or not: the batch
of each step depends on the seed and the step alone, and one thread computes. With others a run is
not gone on with.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError, ModelError, UsageError
from datasets.photographs.annotations import ANNOTATIONS, read_photographs, split_folder
from datasets.photographs.writing import check_apart
from datasets.registry import Registry, load_registry
from detector.read.logo_input import Grey
from training.evaluate.report import as_json, check_begun, write_text
from training.marks.cuts import find_faces
from training.marks.material import Sampler, collect, is_held_out, is_tuning
from training.marks.network import (
    DIMENSIONS,
    FACTS,
    WEIGHTS,
    Start,
    build_network,
    find_start,
    loss_of,
    take_over,
)
from training.vendor import open_torch

LEARNING_RATE = 0.002
_WARM_UP = 100
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
    """What training left: the weights' file, its facts, and the mean loss at the end."""

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
    every: int = 100,
    progress: Callable[[str, int, int], None] | None = None,
) -> MarkResult:
    """Trains the mark embedder on the wordmarks of the registry and on `data`/train.

    A run found in `out` is gone on with; a finished one is returned as it is.

    Args:
        data: holds `train/` (see `datasets.photographs.annotations`), and `val/` where it
            will be measured.
        out: the run's folder; made if it is not there.
        registry: whose wordmarks to draw; the packaged one if None.
        logos: a folder of pictures of logos with `logos.csv`, or None.
        faces: a folder searched for further typefaces, or None.
        steps, batch: batches, and pictures in each.
        drawings: of each wordmark. others: texts that are nobody's mark, drawn half as often.
        hold_out: whether one builder in ten is kept from training, to measure adding builders.
        start: the folder of a finished run, or of a model of one, whose network is learnt on
            with; None to begin anew.
        every: steps between checkpoints.
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
    if min(steps, drawings, every) < 1 or batch < 16 or others < 0:
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
    run = _Run(torch, out, recipe, len(material.classes))
    sampler = Sampler(material, seed, batch)
    if begun is not None and run.step == 0:
        run.begin_from(begun, list(sampler.looks(_LOOKS_EACH)))
    while run.step < steps:
        tell(f"step {run.step}, loss {run.recent:.3f}", run.step, steps)
        run.learn(*sampler.batch(run.step))
        if run.step % every == 0:
            run.save()
    facts = {
        "recipe": asdict(recipe),
        "counts": material.counts,
        "held_out_builders": sorted(held_out),
        "tuning_sources": _tuning_sources(data),
        "loss": round(run.recent, 4),
        "versions": {"python": platform.python_version(), "torch": torch.__version__},
    }
    return run.finish(facts)


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
    return MarkResult(out / WEIGHTS, facts, float(_facts(out)["loss"]))


class _Run:
    """The network, its classes' proxies and the optimizer, at some step."""

    def __init__(self, torch: Any, out: Path, recipe: MarkRecipe, classes: int) -> None:
        self._torch = torch
        self._out = out
        self._recipe = recipe
        # One thread: sums in one order, and the other cores stay free.
        torch.set_num_threads(1)
        torch.manual_seed(recipe.seed)
        # Channels last is how a CPU convolves fastest: 0.8 of the time.
        self.network = build_network().to(memory_format=torch.channels_last)
        self.proxies = torch.nn.Parameter(torch.randn(classes, DIMENSIONS) * 0.1)
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": decayed, "weight_decay": 0.02},
                {"params": [*plain, self.proxies], "weight_decay": 0.0},
            ],
            lr=recipe.learning_rate,
        )
        self.step = 0
        self.recent = 0.0
        self._restore()

    def _restore(self) -> None:
        file = self._out / "checkpoint.pt"
        if not file.is_file():
            return
        try:
            held = self._torch.load(file, weights_only=True)
            self.network.load_state_dict(held["network"])
            self.proxies.data.copy_(held["proxies"])
            self._optimizer.load_state_dict(held["optimizer"])
        except (RuntimeError, KeyError, ValueError, EOFError) as error:
            raise ModelError(f"{file}: cannot be gone on from; remove it to begin anew") from error
        self.step, self.recent = int(held["step"]), float(held["recent"])

    def begin_from(self, start: Start, looks: Sequence[Grey]) -> None:
        """Takes over a trained network; each class's proxy becomes the mean of looks at it.

        After Qi, Brown and Lowe, "Low-shot learning with imprinted weights", CVPR 2018: from
        proxies at random the first steps would undo what the network has learnt.

        Args:
            looks: for each class in order, pictures (n, 32, 128).

        Raises:
            ModelError: the weights are damaged.
        """
        torch = self._torch
        take_over(self.network, start, looks)
        self.network.eval()
        with torch.no_grad():
            for place, pictures in enumerate(looks):
                batch = torch.from_numpy(pictures[:, None].astype(np.float32))
                self.proxies[place] = self.network(batch).mean(dim=0)

    def learn(self, pictures: Any, classes: Any) -> None:
        """One step on pictures (n, 32, 128) uint8 and their classes (n,)."""
        torch, recipe = self._torch, self._recipe
        share = self.step / recipe.steps
        rate = recipe.learning_rate * min(1.0, (self.step + 1) / _WARM_UP)
        rate *= 0.5 * (1 + math.cos(math.pi * share)) * 0.99 + 0.01
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        batch = torch.from_numpy(pictures[:, None].astype(np.float32))
        loss = loss_of(torch, self.network(batch), self.proxies, torch.from_numpy(classes))
        self._optimizer.zero_grad()
        loss.backward()
        self._optimizer.step()
        value = float(loss.detach())
        self.recent = value if self.step == 0 else 0.98 * self.recent + 0.02 * value
        self.step += 1

    def save(self) -> None:
        """Writes the checkpoint, replaced whole."""
        scratch = self._out / "checkpoint.part"
        self._torch.save(
            {
                "network": self.network.state_dict(),
                "proxies": self.proxies.detach(),
                "optimizer": self._optimizer.state_dict(),
                "step": self.step,
                "recent": self.recent,
            },
            scratch,
        )
        scratch.replace(self._out / "checkpoint.pt")

    def finish(self, facts: dict[str, Any]) -> MarkResult:
        """Writes the weights and, last, the facts that say the run is done."""
        self._torch.save(self.network.state_dict(), self._out / WEIGHTS)
        file = write_text(self._out / FACTS, as_json(facts))
        return MarkResult(self._out / WEIGHTS, file, self.recent)
