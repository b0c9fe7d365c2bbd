"""One loop for every network: seeded, resumable, its learning rate falling only at the end.

Work is counted in samples, not epochs. The batch at a given place depends on the seed and that
place alone. So a run that was stopped goes on with the very batches it would have had.

The rate rises, stays, and falls over the last third. Until the fall begins, a run can be given
more samples and go on (Hu and others, "MiniCPM", 2024, section 4: warm-up, stable, decay).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

from datasets.errors import ModelError, UsageError
from training.vendor import open_torch

WARM_UP = 0.03
"""Share of all samples over which the rate rises to its full height."""
FALL = 0.35
"""Share of all samples over which the rate falls to `LEAST_RATE` of its height."""
LEAST_RATE = 0.02

CLIPPED = 10.0
"""Largest norm of a step's gradient; Ultralytics' own."""
AVERAGED, AVERAGED_AFTER = 0.9995, 400
"""The average over steps that is kept as the result: its decay, and the steps until it has it."""
SAVED_EVERY = 300.0
"""Seconds between two checkpoints."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """How long and how fast to learn. samples: in all; rate: highest learning rate of AdamW."""

    samples: int
    rate: float
    seed: int = 0
    weight_decay: float = 5e-4
    bfloat16: bool = False
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Step:
    """Where a run stands. loss: of the batch just learnt; speed: samples a second so far."""

    samples: int
    of: int
    loss: float
    parts: dict[str, float]
    speed: float

    @property
    def seconds_left(self) -> float:
        return (self.of - self.samples) / max(self.speed, 1e-9)


Batch = tuple[int, Any]
"""How many samples there are in it, and what the loss takes."""


def rate_at(share: float) -> float:
    """The learning rate as a share of its height, where `share` of all samples have been seen."""
    if share < WARM_UP:
        return share / WARM_UP
    if share < 1 - FALL:
        return 1.0
    return LEAST_RATE + (1 - LEAST_RATE) * max(0.0, 1 - share) / FALL


def fit(
    network: Any,
    loss_of: Callable[[Any, Any], tuple[Any, dict[str, float]]],
    batch_at: Callable[[int, float], Batch],
    plan: TrainingPlan,
    checkpoint: Path,
    *,
    progress: Callable[[Step], None] | None = None,
) -> Any:
    """Trains `network` and returns the average of its weights over the last steps.

    network: a torch module; trained in place.
    loss_of: the network and a batch's content, to the loss and what it is made of.
    batch_at: the number of a step, and the share of the run that is done, to its batch. Drawn in a
    thread while the batch before is learnt.
    checkpoint: written every few minutes and at the end. Where it exists, the run goes on from it;
    it must be of the same plan; only the number of samples may differ.
    Raises UsageError: the checkpoint is of another plan. ModelError: it is damaged.
    KeyboardInterrupt: stopped; the checkpoint was written.
    """
    torch = open_torch()
    run = _Run(torch, network, plan, checkpoint)
    network.train()
    began, before, saved = time.monotonic(), run.seen, time.monotonic()
    try:
        for count, content in _batches(batch_at, run, plan.samples):
            loss, parts = run.learn(loss_of, count, content)
            if progress is not None:
                speed = (run.seen - before) / (time.monotonic() - began)
                progress(Step(run.seen, plan.samples, loss, parts, speed))
            if time.monotonic() - saved > SAVED_EVERY:
                run.save()
                saved = time.monotonic()
    except KeyboardInterrupt:
        run.save()
        raise
    run.save()
    return run.average.eval()


def _batches(batch_at: Callable[[int, float], Batch], run: _Run, samples: int) -> Iterator[Batch]:
    step, seen = run.steps, run.seen
    with ThreadPoolExecutor(1) as drawing:
        coming = drawing.submit(batch_at, step, seen / samples)
        while seen < samples:
            count, content = coming.result()
            step, seen = step + 1, seen + count
            if seen < samples:
                coming = drawing.submit(batch_at, step, seen / samples)
            yield count, content


class _Run:
    """A network that learns, its optimizer, and the average of its weights."""

    def __init__(self, torch: Any, network: Any, plan: TrainingPlan, checkpoint: Path) -> None:
        self._torch, self._plan, self._checkpoint = torch, plan, checkpoint
        self.network = network.to(plan.device, memory_format=torch.channels_last)
        self.average = deepcopy(self.network).eval().requires_grad_(False)
        self.seen = self.steps = 0
        # Only weights of more than one axis decay: not biases, nor what norms scale by.
        learnt = [p for p in network.parameters() if p.requires_grad]
        groups = [
            {"params": [p for p in learnt if p.ndim > 1], "weight_decay": plan.weight_decay},
            {"params": [p for p in learnt if p.ndim <= 1], "weight_decay": 0.0},
        ]
        self._optimizer = torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.999))
        if checkpoint.is_file():
            self._resume()

    def learn(
        self, loss_of: Callable[[Any, Any], tuple[Any, dict[str, float]]], count: int, content: Any
    ) -> tuple[float, dict[str, float]]:
        """One step; returns its loss and what that is made of."""
        torch = self._torch
        # What a step drops by chance depends on its number alone, too.
        torch.manual_seed(self._plan.seed * 1_000_003 + self.steps)
        rate = self._plan.rate * rate_at(self.seen / self._plan.samples)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        kind, shorter = self._plan.device.split(":")[0], self._plan.bfloat16
        with torch.autocast(kind, torch.bfloat16, enabled=shorter):
            loss, parts = loss_of(self.network, content)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIPPED)
        self._optimizer.step()
        self.steps += 1
        self.seen += count
        self._take_average()
        return float(loss.detach()), parts

    def _take_average(self) -> None:
        decay = AVERAGED * (1 - math.exp(-self.steps / AVERAGED_AFTER))
        with self._torch.no_grad():
            now = self.network.state_dict()
            for name, kept in self.average.state_dict().items():
                if kept.dtype.is_floating_point:
                    kept.mul_(decay).add_(now[name].detach(), alpha=1 - decay)
                else:
                    kept.copy_(now[name])

    def save(self) -> None:
        """Writes all that the run needs to go on, whole or not at all."""
        beside = self._checkpoint.with_suffix(".tmp")
        held = {"plan": asdict(self._plan), "seen": self.seen, "steps": self.steps}
        parts = {"network": self.network, "average": self.average, "optimizer": self._optimizer}
        held |= {name: part.state_dict() for name, part in parts.items()}
        self._torch.save(held, beside)
        beside.replace(self._checkpoint)

    def _resume(self) -> None:
        try:
            held = self._torch.load(self._checkpoint, map_location=self._plan.device)
        except (RuntimeError, EOFError, UnpicklingError) as error:
            do = "remove it to begin again"
            raise ModelError(f"{self._checkpoint}: cannot be gone on from; {do}") from error
        asked = asdict(self._plan)
        other = [k for k in asked if k not in ("samples", "device") and held["plan"][k] != asked[k]]
        if other:
            raise UsageError(
                f"{self._checkpoint}: the run in it has another {' and '.join(other)}; "
                "give the same, or another folder"
            )
        self.network.load_state_dict(held["network"])
        self.average.load_state_dict(held["average"])
        self._optimizer.load_state_dict(held["optimizer"])
        self.seen, self.steps = held["seen"], held["steps"]
