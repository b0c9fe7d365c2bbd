"""Labelled pictures in, weights out: teaches a YOLO the four classes.

A run lives in one folder. Stopped at any instant, the same call goes on where it stood:

    OUT/run.json        what was asked for
    OUT/checkpoint.pt   the state, written every few minutes, replaced whole
    OUT/log.jsonl       a line a minute: samples, loss and its parts, samples a second, time left
    OUT/pictures        the pictures, decoded, and OUT/drawn; removed at the end
    OUT/model.pt        the weights
    OUT/training.json   what they learnt from, with what, and the loss on the fold left out

The same data, seed, samples, device, threads and versions give the same weights.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2

from datasets.errors import ModelError, ResultError, UsageError
from datasets.files import unwritten
from datasets.maker.scene import write_stills
from datasets.photographs.annotations import ANNOTATIONS, Photograph, read_photographs, split_folder
from datasets.photographs.splits import check_apart
from detector.types import CLASSES
from training.fit import Step, TrainingPlan, fit
from training.machines.loss import DetectionLoss
from training.machines.material import NOTHING, SIDES, Material, in_fold, labels_of
from training.results import as_json, keep_run, write_text
from training.vendor import (
    every_instruction,
    has_bfloat16,
    open_torch,
    open_ultralytics,
    pick_device,
)
from training.weights import (
    check_unlearnt,
    learnt_by_weights,
    load_network,
    new_network,
    open_network,
    tensors_digest,
    traces_of,
)

SAMPLES = 100_000
"""Views learnt from. The loss on a fold has all but stopped falling by then."""
RATE = 1.25e-3
DRAWN_PICTURES = 300

FOLDS = 12
"""The sources of `train` are divided into so many folds, by the hash of their names."""
JUDGED_BATCHES = 24
"""Batches that the loss on a fold is the mean of."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What training left. fold_loss: on the fold left out; None where none was."""

    weights: Path
    weights_sha256: str
    fold_loss: float | None
    facts: Path


def train(
    data: Path | Sequence[Path],
    start: Path,
    out: Path,
    *,
    samples: int = SAMPLES,
    fold: int | None = None,
    seed: int = 0,
    threads: int | None = None,
    device: str | None = None,
    validation: Path | None = None,
    split: str = "val",
    sides: Sequence[int] = SIDES,
    drawn: int = DRAWN_PICTURES,
    progress: Callable[[Step], None] | None = None,
) -> Trained:
    """Teaches the network of `start` on `data`, in the folder `out`.

    data: each holds `train/` (see `datasets.photographs.annotations`); never written to.
    start: a `.pt`, whose architecture and tensors are taken over as far as they fit.
    samples: views in all. A run that has done less than two thirds may be given more.
    fold: 0 to `FOLDS` - 1: the sources left out, on which the loss is measured at the end.
    threads: of the processor; all cores by default.
    device: `cpu` or `cuda:N`; CUDA where there is any by default.
    validation: a data set on which the model will be measured. No source of its `split` may be
    learnt from, nor have been by `start`.
    sides: longer sides of the views, pixels.
    drawn: pictures that are drawn (`datasets.maker.scene`) and learnt from as well.
    progress: called after each batch.
    Raises UsageError: `out` holds another run, a value is out of range, or torch is missing.
    DataError: the data is wrong, named with file, line and field. ModelError: `start` is missing or
    no checkpoint, or its record is damaged. ResultError: what is recorded of the run cannot be
    written. KeyboardInterrupt: stopped; the message says how to go on.
    """
    torch = open_torch()
    device = pick_device(torch, device)
    if samples < 1 or (fold is not None and fold not in range(FOLDS)):
        raise UsageError(f"samples {samples} must be positive, fold {fold} below {FOLDS}")
    if not start.is_file():
        raise ModelError(f"{start}: no such file; give Ultralytics weights (.pt) to start from")
    out.mkdir(parents=True, exist_ok=True)
    scratch = out / "vendor"
    before = learnt_by_weights(start, scratch)
    folders = (data,) if isinstance(data, Path) else tuple(data)
    learnt, left_out = _divided(folders, fold)
    traces = traces_of(learnt)
    if validation is not None:
        check_unlearnt(before, start, validation, split)
        check_unlearnt(traces, folders[0], validation, split)
    plan = TrainingPlan(samples, RATE, seed, bfloat16=has_bfloat16(torch, device), device=device)
    asked = {
        "start": hashlib.sha256(start.read_bytes()).hexdigest(),
        "data_sha256": _digest(learnt, traces),
        "classes": list(CLASSES),
        "fold": fold,
        "sides": list(sides),
        "drawn": drawn,
    }
    keep_run(out / "run.json", asked)
    if (out / "training.json").is_file():
        return _read(out)
    try:
        with every_instruction():
            # Choosing its device, Ultralytics takes one core fewer than there are.
            torch.set_num_threads(threads or os.cpu_count() or 1)
            cv2.setNumThreads(1)
            torch.manual_seed(seed)
            network = _taught(open_network(start, scratch)).to(device)
            loss = DetectionLoss(network)
            made = _drawn(out / "drawn", drawn, seed)
            material = Material(learnt, out / "pictures", seed, sides, made)
            began = time.monotonic()
            log, kept = _Log(out / "log.jsonl", progress), out / "checkpoint.pt"
            average = fit(network, loss, material.batch, plan, kept, progress=log.add)
            fold_loss = None
            if left_out:
                held = Material(left_out, out / "pictures", seed, sides)
                fold_loss = _mean_loss(torch, average, loss, held)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"training stopped; give the same command to go on with the run in {out}"
        ) from None
    _write(average, out)
    facts = {
        "recipe": asked | asdict(plan),
        "counts": {"train": _counts(learnt)} | ({"fold": _counts(left_out)} if left_out else {}),
        "weights_sha256": tensors_digest(load_network(out / "model.pt", scratch)),
        "fold_loss": fold_loss,
        "seconds": round(time.monotonic() - began, 1),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "ultralytics": open_ultralytics(scratch).__version__,
        },
        # Not known where it is not known of the weights that were started from.
        "learnt": None if before is None else sorted(before | traces),
    }
    write_text(out / "training.json", as_json(facts))
    for name in ("pictures", "drawn"):
        shutil.rmtree(out / name, ignore_errors=True)
    return _read(out)


def _drawn(folder: Path, count: int, seed: int) -> Sequence[Photograph]:
    if not count:
        return ()
    # A run that is continued learns from the pictures it began with.
    if not (folder / ANNOTATIONS).is_file():
        write_stills(folder, count, seed)
    return read_photographs(folder)


def _divided(
    folders: Sequence[Path], fold: int | None
) -> tuple[list[Photograph], list[Photograph]]:
    """What is learnt from, and the fold left out."""
    every = [p for folder in folders for p in read_photographs(split_folder(folder, "train"))]
    vals = [folder / "val" for folder in folders if (folder / "val").is_dir()]
    held = [photograph for folder in vals for photograph in read_photographs(folder)]
    check_apart(folders[0], {"train": every, "val": held})
    if fold is None:
        return every, []
    left_out = [p for p in every if in_fold(p.source, FOLDS, fold)]
    return [p for p in every if not in_fold(p.source, FOLDS, fold)], left_out


def _digest(photographs: Sequence[Photograph], traces: frozenset[str]) -> str:
    """SHA-256 over pictures, sources and what is learnt of each."""
    digest = hashlib.sha256("".join(sorted(traces)).encode())
    for photograph in photographs:
        labelled = labels_of(photograph)
        digest.update(f"{photograph.image}\0".encode())
        digest.update(labelled.boxes.tobytes() + labelled.classes.tobytes())
    return digest.hexdigest()


def _taught(before: Any) -> Any:
    """A network of the same architecture for our classes, with the tensors that fit."""
    network = new_network(before.yaml, CLASSES)
    own, held = network.state_dict(), before.float().state_dict()
    fitting = {name: v for name, v in held.items() if name in own and own[name].shape == v.shape}
    network.load_state_dict(fitting, strict=False)
    return network


def _counts(photographs: Sequence[Photograph]) -> dict[str, int]:
    labels = [labels_of(photograph).classes for photograph in photographs]
    classes = Counter(int(c) for found in labels for c in found if 0 <= c < NOTHING)
    return {
        "pictures": len(photographs),
        "negatives": sum(not (found >= 0).any() for found in labels),
        **{name: classes[number] for number, name in enumerate(CLASSES)},
    }


def _mean_loss(torch: Any, network: Any, loss: DetectionLoss, material: Material) -> float:
    """Mean loss a picture over seeded views of pictures that were not learnt from."""
    with torch.no_grad():
        values = []
        for step in range(JUDGED_BATCHES):
            count, batch = material.batch(step, 1.0)
            values.append(float(loss(network, batch)[0]) / count)
    return round(sum(values) / len(values), 4)


def _write(network: Any, out: Path) -> None:
    network.names = dict(enumerate(CLASSES))
    held = {"model": network.cpu().half(), "ema": None, "train_args": {}, "version": "8.4"}
    open_torch().save(held, out / "model.tmp")
    (out / "model.tmp").replace(out / "model.pt")


def _read(out: Path) -> Trained:
    file = out / "training.json"
    facts = json.loads(file.read_text("utf-8"))
    return Trained(out / "model.pt", facts["weights_sha256"], facts["fold_loss"], file)


class _Log:
    """Writes a line a minute: means over the last hundred batches."""

    def __init__(self, file: Path, progress: Callable[[Step], None] | None) -> None:
        self._file, self._progress = file, progress
        self._steps: deque[Step] = deque(maxlen=100)
        self._written = time.monotonic()

    def add(self, step: Step) -> None:
        self._steps.append(step)
        if time.monotonic() - self._written > 60 or step.samples >= step.of:
            self._written = time.monotonic()
            line = {
                "samples": step.samples,
                "of": step.of,
                "loss": _mean([one.loss for one in self._steps]),
                **{name: _mean([one.parts[name] for one in self._steps]) for name in step.parts},
                "speed": round(step.speed, 2),
                "minutes_left": round(step.seconds_left / 60, 1),
            }
            try:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            except OSError as error:
                raise ResultError(unwritten(self._file, error)) from error
        if self._progress is not None:
            self._progress(step)


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 4)
