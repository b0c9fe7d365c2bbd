"""Several rounds of training in one run: each goes on from the weights of the one before.

A round is a whole run (`training.train`): its learning rate falls from high to none, its made
pictures are its own. The last lies in the run's folder, the others in folders inside it:

    OUT/round-1, OUT/round-2 ...   runs that are done, or where this one stands
    OUT/model.pt, training.json    the last round's; `earlier` in training.json tells of the others
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from datasets.errors import UsageError
from training.report import as_json, write_text
from training.train import LEARNING_RATE, Progress, TrainResult, train

# A later round starts from what is learnt already: nearly two thirds of the first one's rate. Its
# seed is another, so that the pictures made for it are.
LATER_RATE = 0.64
SEEDS_APART = 10


def train_in_rounds(
    data: Path | Sequence[Path],
    start: Path,
    out: Path,
    *,
    rounds: int = 1,
    epochs: int = 40,
    seed: int = 0,
    learning_rate: float = LEARNING_RATE,
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **same: Any,
) -> TrainResult:
    """Trains `rounds` times, `epochs` each, and leaves the last round's weights in `out`.

    Args:
        rounds: how many; 1 is `training.train.train` itself.
        resume: go on with the round that was stopped, or the one due next.
        progress: called after each batch; its epochs count through all rounds.
        same: what `train` takes besides, the same for each round.

    Raises:
        UsageError: `rounds` is not positive; and whatever `train` raises.
        KeyboardInterrupt: stopped; its message says how to go on.
    """
    if rounds < 1:
        raise UsageError(f"rounds {rounds} must be positive")
    folders = [out / f"round-{number}" for number in range(1, rounds)] + [out]
    result = None
    for number, folder in enumerate(folders):
        begun = (folder / "run.json").is_file()
        try:
            result = train(
                data,
                result.weights if result else start,
                folder,
                epochs=epochs,
                seed=seed + SEEDS_APART * number,
                learning_rate=learning_rate * LATER_RATE if number else learning_rate,
                resume=begun if resume and number else resume,
                progress=_counted(progress, number, rounds),
                **same,
            )
        except KeyboardInterrupt as stop:
            if rounds == 1 or not str(stop):
                raise
            raise KeyboardInterrupt(
                f"training stopped in round {number + 1} of {rounds}; "
                f"resume the run in {out} to go on"
            ) from None
    assert result is not None
    if rounds > 1:
        _tell_of(folders[:-1], result.facts)
    return result


def _counted(
    progress: Callable[[Progress], None] | None, before: int, rounds: int
) -> Callable[[Progress], None] | None:
    if progress is None:
        return None
    return lambda now: progress(
        replace(now, epoch=now.epoch + before * now.epochs, epochs=now.epochs * rounds)
    )


def _tell_of(folders: Sequence[Path], facts: Path) -> None:
    """Adds to the last round's facts which rounds came before it, with their settings."""
    earlier = []
    for folder in folders:
        held = json.loads((folder / "training.json").read_text("utf-8"))
        earlier.append({name: held[name] for name in ("recipe", "weights_sha256", "seconds")})
    told = json.loads(facts.read_text("utf-8")) | {"earlier": earlier}
    write_text(facts, as_json(told))
