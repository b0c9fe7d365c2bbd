"""Data in, weights out: fine-tunes a YOLO to see machines, wordmarks and controls.

A run lives in one folder and can be stopped at any instant and resumed:

    OUT/run.json        what was asked for (checked when the run is resumed)
    OUT/checkpoint.pt   after each epoch, replaced whole
    OUT/model.pt        the weights, when it is done
    OUT/training.json   what they were trained on, with what, and what came out
    OUT/view, OUT/run   links and the trainer's own files; may be deleted afterwards

The same data, seed, device, threads and versions give the same weights. A resumed run
gives others: the trainer stores its optimizer rounded and starts its shuffling anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from datasets.annotations import CLASS_NAMES
from datasets.errors import DataError, ModelError, UsageError
from training.evaluate.report import as_json, check_begun, write_text
from training.machines.prepare import Prepared, prepare
from training.vendor import (
    compute_in_bfloat16,
    every_instruction,
    open_torch,
    open_ultralytics,
    pick_device,
)
from training.weights import check_unlearnt, learnt_by_weights, load_network, tensors_digest

# On a CPU 512 px takes about 0.6 of the time of 640 px. AdamW at this rate is what
# Ultralytics picks for itself for a handful of classes, 0.002 * 5 / (4 + classes).
LEARNING_RATE = 0.00125
CPU_IMAGE_SIZE, CPU_BATCH = 512, 16
CUDA_IMAGE_SIZE, CUDA_BATCH = 640, 32
# What is done to a picture before it is learnt from, beside Ultralytics' own defaults. Machines
# that fill the frame were the ones missed most, and marks are looked for again on enlarged
# crops: so pictures are zoomed from a tenth to almost double, not from half to one and a half.
AUGMENTATION: dict[str, float] = {"scale": 0.9, "degrees": 2.0, "shear": 2.0, "mixup": 0.1}


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands: batches done of one epoch, both counted from 1."""

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float


@dataclass(frozen=True, slots=True)
class TrainResult:
    """What training left. `metrics`: on the `val` split, by class and measure, shares of 1."""

    weights: Path
    weights_sha256: str
    metrics: dict[str, dict[str, float]]
    facts: Path


@dataclass(frozen=True, slots=True)
class _Recipe:
    """All that decides the outcome, as written to `run.json`."""

    start: str
    data_sha256: str
    classes: tuple[str, ...]
    epochs: int
    image_size: int
    batch: int
    seed: int
    synthetic: int
    learning_rate: float
    device: str
    threads: int
    augmentation: dict[str, float]
    without: tuple[str, ...]
    bfloat16: bool
    frozen: int


def train(
    data: Path | Sequence[Path],
    start: Path,
    out: Path,
    *,
    epochs: int = 40,
    image_size: int | None = None,
    batch: int | None = None,
    seed: int = 0,
    synthetic: int = 0,
    resume: bool = False,
    threads: int | None = None,
    learning_rate: float = LEARNING_RATE,
    device: str | None = None,
    progress: Callable[[Progress], None] | None = None,
    validation: Path | None = None,
    split: str = "val",
    without: Sequence[str] = (),
    bfloat16: bool = False,
    frozen: int = 0,
) -> TrainResult:
    """Fine-tunes `start` on `data`, in the folder `out`.

    Args:
        data: holds `train/` and `val/` (see `datasets.annotations`); never written to. Of several
            all is learnt from; `val/` may be missing in some.
        start: an Ultralytics `.pt` to start from.
        out: the run's folder.
        image_size: pixels, a multiple of 32; by default 512 on a CPU, 640 with CUDA.
        batch: pictures a step; by default 16 on a CPU, 32 with CUDA.
        synthetic: how many made pictures to add.
        resume: go on with the run in `out` from its last whole epoch.
        threads: CPU threads; by default all cores.
        device: `cpu` or `cuda:N`; by default CUDA where there is any.
        progress: called after each batch.
        validation: a data set that the model will be measured on: none of the sources of its
            `split` may be learnt from, nor have been by `start`.
        without: builders none of whose pictures is learnt from, to measure what knowing them tells.
        bfloat16: compute so on a CPU (`training.vendor`); with CUDA it is done anyway.
        frozen: so many of the first layers stay as they are; ten are all but the head of a YOLO11.
            Learnt first, a head does not disturb what the others know while it knows nothing
            itself (Kumar and others, "Fine-tuning can distort pretrained features", ICLR 2022).

    Raises:
        UsageError: `out` holds another run, there is none to resume, or a value is out of
            range; torch or Ultralytics is not installed.
        DataError: the data is wrong, named with file, line and field.
        ModelError: `start` is missing or no checkpoint, or what is recorded of it is damaged.
        ResultError: what is recorded of the run cannot be written; it can be resumed.
        KeyboardInterrupt: stopped; its message says how to go on.
    """
    torch = open_torch()
    device = pick_device(torch, device)
    if (
        min(epochs, batch or 1, image_size or 32, synthetic + 1, frozen + 1) < 1
        or (image_size or 32) % 32
    ):
        raise UsageError(
            f"epochs {epochs}, batch {batch}, synthetic {synthetic} and frozen {frozen} must be "
            "positive, "
            f"image size {image_size} a multiple of 32"
        )
    if not start.is_file():
        raise ModelError(f"{start}: no such file; give Ultralytics weights (.pt) to start from")
    cuda = device.startswith("cuda")
    out.mkdir(parents=True, exist_ok=True)
    _check_folder(out, resume)
    before = learnt_by_weights(start, out / "run" / "vendor")
    if validation is not None:
        check_unlearnt(before, start, validation, split)
    folders = (data,) if isinstance(data, Path) else tuple(data)
    unseen = None if validation is None else (validation, split)
    withheld = tuple(sorted(set(without)))
    prepared = prepare(
        folders, out, synthetic=synthetic, seed=seed, unseen=unseen, without=withheld
    )
    recipe = _Recipe(
        start=_sha256(start),
        data_sha256=prepared.sha256,
        classes=CLASS_NAMES,
        epochs=epochs,
        image_size=image_size or (CUDA_IMAGE_SIZE if cuda else CPU_IMAGE_SIZE),
        batch=batch or (CUDA_BATCH if cuda else CPU_BATCH),
        seed=seed,
        synthetic=synthetic,
        learning_rate=learning_rate,
        device=device,
        threads=threads or os.cpu_count() or 1,
        augmentation=AUGMENTATION,
        without=withheld,
        bfloat16=bfloat16 or cuda,
        frozen=frozen,
    )
    _record(recipe, out, resume)
    if (out / "training.json").is_file():
        return _read_result(out)

    trainer = _make_trainer(recipe, prepared, start, out)
    # Only now: choosing its device, the trainer takes one core fewer than there are.
    torch.set_num_threads(recipe.threads)
    # Building the data set draws progress bars of its own, whatever it is told.
    quiet = contextlib.ExitStack()
    shorten = recipe.bfloat16 and not cuda
    _watch(trainer, out, progress, quiet, shorten)
    began = time.monotonic()
    try:
        with quiet, every_instruction() if shorten else contextlib.nullcontext():
            quiet.enter_context(contextlib.redirect_stdout(io.StringIO()))
            trainer.train()
    except KeyboardInterrupt:
        kept = (out / "checkpoint.pt").is_file()
        raise KeyboardInterrupt(
            f"training stopped in epoch {trainer.epoch + 1} of {epochs}; "
            + (f"resume the run in {out} to go on" if kept else "no epoch was whole yet")
        ) from None
    learnt = None if before is None else before | prepared.learnt
    return _finish(trainer, recipe, prepared, learnt, out, time.monotonic() - began)


def _check_folder(out: Path, resume: bool) -> None:
    held = (out / "run.json").is_file()
    if resume and not held:
        raise UsageError(f"{out}: there is no run to resume in it")
    if held and not resume:
        raise UsageError(f"{out}: it holds a run already; resume it or choose another folder")


def _record(recipe: _Recipe, out: Path, resume: bool) -> None:
    wanted = json.loads(json.dumps(asdict(recipe)))
    file = out / "run.json"
    if resume:
        check_begun(file, wanted, "resume it with the same ones or begin another")
    else:
        write_text(file, as_json(wanted))


def _make_trainer(recipe: _Recipe, prepared: Prepared, start: Path, out: Path) -> Any:
    open_ultralytics(out / "run" / "vendor")
    from ultralytics.models.yolo.detect import DetectionTrainer

    cuda = recipe.device.startswith("cuda")
    checkpoint = out / "checkpoint.pt"
    values: dict[str, Any] = {
        "model": str(start),
        "data": str(prepared.yaml),
        "epochs": recipe.epochs,
        "imgsz": recipe.image_size,
        "batch": recipe.batch,
        "seed": recipe.seed,
        "device": recipe.device,
        "lr0": recipe.learning_rate,
        "deterministic": True,
        "optimizer": "AdamW",
        "momentum": 0.9,
        "freeze": recipe.frozen,
        "cos_lr": True,
        "warmup_epochs": 1,
        # The last quarter sees pictures as they are, not four tiled into one.
        "close_mosaic": recipe.epochs // 4,
        # bf16 where there is CUDA: half precision's own check would fetch another model.
        "amp": "bf16" if cuda else False,
        "workers": min(8, os.cpu_count() or 1) if cuda else 0,
        "cache": "ram",
        # No choosing of the best epoch by the split that is measured.
        "val": False,
        "plots": False,
        "verbose": False,
        "save_dir": str((out / "run").resolve()),
        **recipe.augmentation,
    }
    if checkpoint.is_file():
        values |= {"model": str(checkpoint), "resume": str(checkpoint)}
    try:
        return DetectionTrainer(overrides=values)
    except (FileNotFoundError, RuntimeError) as error:
        raise DataError(f"{prepared.yaml}: the trainer cannot use it ({error})") from error


def _watch(
    trainer: Any,
    out: Path,
    progress: Callable[[Progress], None] | None,
    quiet: contextlib.ExitStack,
    shorten: bool,
) -> None:
    batch = 0

    def train_begins(trainer: Any) -> None:
        quiet.close()
        # Channels last is how a CPU convolves fastest: 0.7 of the time, the same weights.
        torch = open_torch()
        trainer.model.to(memory_format=torch.channels_last)
        if shorten:
            compute_in_bfloat16(trainer.model)

    def epoch_begins(_: Any) -> None:
        nonlocal batch
        batch = 0

    def batch_ends(trainer: Any) -> None:
        nonlocal batch
        batch += 1
        if progress is not None:
            progress(
                Progress(
                    trainer.epoch + 1,
                    trainer.epochs,
                    batch,
                    len(trainer.train_loader),
                    float(trainer.loss.detach()),
                )
            )

    def saved(trainer: Any) -> None:
        # Resumed after the last epoch, the trainer would add one: that epoch is done again.
        if trainer.epoch + 1 >= trainer.epochs:
            return
        # The trainer writes its own file in place; a crash in the middle must not cost the run.
        shutil.copyfile(trainer.last, out / "checkpoint.tmp")
        (out / "checkpoint.tmp").replace(out / "checkpoint.pt")

    trainer.add_callback("on_train_start", train_begins)
    trainer.add_callback("on_train_epoch_start", epoch_begins)
    trainer.add_callback("on_train_batch_end", batch_ends)
    trainer.add_callback("on_model_save", saved)


def _finish(
    trainer: Any,
    recipe: _Recipe,
    prepared: Prepared,
    learnt: frozenset[str] | None,
    out: Path,
    seconds: float,
) -> TrainResult:
    shutil.copyfile(trainer.last, out / "model.tmp")
    (out / "model.tmp").replace(out / "model.pt")
    import ultralytics

    torch = open_torch()
    facts = {
        "recipe": asdict(recipe),
        "counts": prepared.counts,
        "weights_sha256": tensors_digest(load_network(out / "model.pt", out / "run" / "vendor")),
        "metrics": _metrics(trainer.validator.metrics),
        "seconds": round(seconds, 1),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "ultralytics": ultralytics.__version__,
        },
        # Not known where it is not known of the weights that were started from.
        "learnt": None if learnt is None else sorted(learnt),
    }
    write_text(out / "training.json", as_json(facts))
    return _read_result(out)


def _metrics(measured: Any) -> dict[str, dict[str, float]]:
    """Ultralytics' own figures by class: precision and recall at its best F1, AP."""
    columns = {"precision": "p", "recall": "r", "ap50": "ap50", "ap50_95": "ap"}
    return {
        CLASS_NAMES[int(class_id)]: {
            name: round(float(getattr(measured.box, attribute)[row]), 4)
            for name, attribute in columns.items()
        }
        for row, class_id in enumerate(measured.box.ap_class_index)
    }


def _read_result(out: Path) -> TrainResult:
    facts = json.loads((out / "training.json").read_text("utf-8"))
    return TrainResult(
        out / "model.pt", facts["weights_sha256"], facts["metrics"], out / "training.json"
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
