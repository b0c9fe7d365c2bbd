"""How often each estimator of the report holds the truth, in a few worlds.

As `simulate`, which puts this table after its own: machines that all can be read, so that low
and high end are one and each estimator is measured by itself; controls as hard to read as the
rest.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evidence.answer.comparison import estimators
from evidence.answer.estimators.share_bounds import counted
from evidence.answer.machines import SeenMachine

SENSITIVITY, SPECIFICITY, MACHINES, CONTROLS, ALIKE = 0.9, 0.98, 20, 40, 0.1
NAMES = ("stratified", "prediction-powered", "Rogan-Gladen", "naive")
REPEATS = 500


@dataclass(frozen=True)
class World:
    """share: of machines of the origin. drawn: chance that a machine without a claim is judged."""

    share: float
    plants: int
    drawn: float


def worlds() -> Iterator[World]:
    """The grid."""
    for row in itertools.product((0.0, 0.005, 0.02, 0.1, 0.4), (10, 40), (0.05, 0.2)):
        yield World(*row)


def coverage(world: World, repeats: int = REPEATS, seed: int = 0) -> list[tuple[float, float]]:
    """By estimator how often it held the share, of the times that it gave an interval, and in
    which share of times it did."""
    rng = np.random.default_rng([seed, *map(ord, repr(world))])
    held, gave = np.zeros(len(NAMES)), np.zeros(len(NAMES))
    for _ in range(repeats):
        machines = _machines(world, rng)
        if not any(counted(one) for one in machines):
            raise AssertionError("nothing that was judged counts: this world is made wrongly")
        hits = int(rng.binomial(CONTROLS, SENSITIVITY))
        for number, one in enumerate(estimators(machines, hits, CONTROLS)):
            if one.least is not None and one.most is not None:
                gave[number] += 1
                held[number] += one.least.low <= world.share <= one.most.high
    return [(float(h / max(1, g)), float(g / repeats)) for h, g in zip(held, gave, strict=True)]


def _machines(world: World, rng: np.random.Generator) -> list[SeenMachine]:
    shares = np.full(world.plants, world.share)
    if 0 < world.share < 1:
        spread = (1 - ALIKE) / ALIKE
        shares = rng.beta(world.share * spread, (1 - world.share) * spread, world.plants)
    shape = (world.plants, MACHINES)
    truth = rng.random(shape) < shares[:, None]
    claim = np.where(truth, rng.random(shape) < SENSITIVITY, rng.random(shape) >= SPECIFICITY)
    drawn = rng.random(shape) < world.drawn
    return [
        SeenMachine(
            id=f"{plant}-{number}",
            plant=str(plant),
            stated=True,
            recordings=frozenset(),
            years=(),
            claim=None,
            claimed=bool(claim[plant, number]),
            concealed=False,
            settled=bool(judged := claim[plant, number] or drawn[plant, number]),
            hit=bool(truth[plant, number]) if judged else None,
            builder=None,
            waiting=False,
            drawn=bool(drawn[plant, number]),
            chance=world.drawn if drawn[plant, number] else None,
            conflict=False,
            flagged=bool(claim[plant, number]),
        )
        for plant, number in np.ndindex(shape)
    ]


def table(grid: Sequence[World], found: Sequence[Sequence[tuple[float, float]]]) -> str:
    """A row a world: how often each held, in brackets how often it gave an interval at all."""
    lines = [
        f"The estimators beside each other: {len(grid)} worlds, {REPEATS} repeats each, all "
        f"machines legible, {MACHINES} in a plant, sensitivity {SENSITIVITY}, specificity "
        f"{SPECIFICITY}, {CONTROLS} controls, correlation {ALIKE}. In brackets: in which share of "
        "repeats there was an interval, where not in all.",
        "",
        "| share | plants | drawn | " + " | ".join(NAMES) + " |",
        "|---" * (3 + len(NAMES)) + "|",
    ]
    for world, row in zip(grid, found, strict=True):
        cells = [f"{h:.3f}" if g == 1 else f"{h:.3f} ({g:.2f})" for h, g in row]
        lines.append(
            f"| {world.share:g} | {world.plants} | {world.drawn:g} | {' | '.join(cells)} |"
        )
    return "\n".join(lines) + "\n"
