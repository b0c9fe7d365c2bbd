"""Several rounds of training in one run: each goes on from the weights of the one before.

A round is a whole run (`training.machines.train`): its rate falls from high to none, its made
pictures are its own. The head may learn alone before them. The last round lies in the run's
folder, the others in folders inside it:

    OUT/head, OUT/round-1 ...      runs that are done, or where this one stands
    OUT/model.pt, training.json    the last round's; `earlier` in training.json tells of the others
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from datasets.errors import UsageError
from training.evaluate.report import as_json, write_text
from training.machines.train import LEARNING_RATE, Progress, TrainResult, train

# A later round starts from what is learnt already: nearly two thirds of the first one's rate. Its
# seed is another, so that the pictures made for it are.
LATER_RATE = 0.64
SEEDS_APART = 10

# While it knows nothing a head disturbs what the layers before it know already of other pictures;
# learnt first, it lets them go on gently (Kumar and others, "Fine-tuning can distort pretrained
# features", ICLR 2022). Rate and layers: docs/decisions.md.
AFTER_HEAD_RATE = 0.4
BEFORE_HEAD = 10


@dataclass(frozen=True, slots=True)
class _Stage:
    """One run of several: where it lies, and what it does of its own."""

    name: str
    folder: Path
    epochs: int
    seed: int
    learning_rate: float
    frozen: int = 0


def train_in_rounds(
    data: Path | Sequence[Path],
    start: Path,
    out: Path,
    *,
    rounds: int = 1,
    head_first: int = 0,
    epochs: int = 40,
    seed: int = 0,
    learning_rate: float = LEARNING_RATE,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **same: Any,
) -> TrainResult:
    """Trains `rounds` times, `epochs` each, and leaves the last round's weights in `out`.

    Args:
        rounds: how many; 1 is `training.machines.train.train` itself.
        head_first: epochs in which the head learns alone before the rounds, which then begin at
            `AFTER_HEAD_RATE` of the learning rate.
        resume: go on with the round that was stopped, or the one due next.
        progress: called after each batch; its epochs count through all of them.
        same: what `train` takes besides, the same for each round.

    Raises:
        UsageError: `rounds` is not positive, `head_first` negative; and whatever `train` raises.
        KeyboardInterrupt: stopped; its message says how to go on.
    """
    if rounds < 1 or head_first < 0:
        raise UsageError(
            f"rounds {rounds} must be positive, epochs of the head {head_first} not negative"
        )
    stages = _stages(out, rounds, head_first, epochs, seed, learning_rate)
    result = None
    for number, stage in enumerate(stages):
        begun = (stage.folder / "run.json").is_file()
        try:
            result = train(
                data,
                result.weights if result else start,
                stage.folder,
                epochs=stage.epochs,
                seed=stage.seed,
                learning_rate=stage.learning_rate,
                frozen=stage.frozen,
                resume=begun if resume and number else resume,
                progress=_counted(progress, stages, number),
                **same,
            )
        except KeyboardInterrupt as stop:
            if len(stages) == 1 or not str(stop):
                raise
            raise KeyboardInterrupt(
                f"training stopped in {stage.name} of {rounds}; resume the run in {out} to go on"
            ) from None
    assert result is not None
    if len(stages) > 1:
        _tell_of([stage.folder for stage in stages[:-1]], result.facts)
    return result


def _stages(
    out: Path, rounds: int, head_first: int, epochs: int, seed: int, rate: float
) -> list[_Stage]:
    stages = []
    if head_first:
        stages.append(
            _Stage("the head, before round 1", out / "head", head_first, seed, rate, BEFORE_HEAD)
        )
    for number in range(1, rounds + 1):
        later = AFTER_HEAD_RATE if head_first else LATER_RATE if number > 1 else 1.0
        folder = out if number == rounds else out / f"round-{number}"
        drawn = seed + SEEDS_APART * len(stages)
        stages.append(_Stage(f"round {number}", folder, epochs, drawn, later * rate))
    return stages


def _counted(
    progress: Callable[[Progress], None] | None, stages: Sequence[_Stage], number: int
) -> Callable[[Progress], None] | None:
    if progress is None:
        return None
    before, whole = (sum(stage.epochs for stage in part) for part in (stages[:number], stages))
    return lambda now: progress(replace(now, epoch=now.epoch + before, epochs=whole))


def _tell_of(folders: Sequence[Path], facts: Path) -> None:
    """Adds to the last round's facts which rounds came before it, with their settings."""
    earlier = []
    for folder in folders:
        held = json.loads((folder / "training.json").read_text("utf-8"))
        earlier.append({name: held[name] for name in ("recipe", "weights_sha256", "seconds")})
    told = json.loads(facts.read_text("utf-8")) | {"earlier": earlier}
    write_text(facts, as_json(told))
