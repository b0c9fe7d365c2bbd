"""How often the answer's intervals hold the truth, in worlds whose truth is known.

`python -m bench.simulate docs/statistics.md` (`make simulate`) makes worlds over a grid and puts
the table into the page. A world: plants, each with its own share of machines of the origin;
some machines unreadable, those of the origin more often if asked; a program that claims and
errs; people who judge every claim and a random sample of the rest, and cannot tell the
unreadable ones. What is to be held is the share that the world was made with, whatever the
unreadable are.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from evidence.answer.estimate import LEVEL
from evidence.answer.shares import exact
from evidence.answer.stratified import Cell, stratified

REPEATS = 1000
HELD = 0.94
"""Below it a row is called undercovered: 0.95 less what 1,000 repeats may err by."""

BEGIN, END = "<!-- coverage: made by `make simulate` -->\n", "<!-- end of coverage -->\n"


@dataclass(frozen=True)
class World:
    """share: of machines of the origin. alike: correlation within a plant. unread: share of
    unreadable machines, and how many times as often those of the origin are. drawn: chance that
    a machine without a claim is judged."""

    share: float
    sensitivity: float
    specificity: float
    plants: int
    machines: int
    alike: float
    unread: tuple[float, float]
    drawn: float


def worlds() -> Iterator[World]:
    """The grid."""
    yield from itertools.starmap(
        World,
        itertools.product(
            (0.0, 0.005, 0.02, 0.1, 0.4),
            (0.5, 0.9),
            (0.98, 1.0),
            (10, 40),
            (10, 40),
            (0.0, 0.1, 0.3),
            ((0.0, 1.0), (0.25, 1.0), (0.25, 3.0)),
            (0.05, 0.2),
        ),
    )


def coverage(world: World, repeats: int = REPEATS, seed: int = 0) -> tuple[float, float, float]:
    """How often our interval and the naive one (claims of all machines, exact binomial) hold the
    share, and our interval's mean width."""
    rng = np.random.default_rng([seed, *map(ord, repr(world))])
    held = naive = 0
    width = 0.0
    for _ in range(repeats):
        low, high, claims = _answer(world, rng)
        held += low <= world.share <= high
        width += high - low
        simple = exact(claims, world.plants * world.machines)
        naive += simple.low <= world.share <= simple.high
    return held / repeats, naive / repeats, width / repeats


def _answer(world: World, rng: np.random.Generator) -> tuple[float, float, int]:
    """One world, its footage watched, its audit judged: the interval and the number of claims."""
    shape = (world.plants, world.machines)
    shares = np.full(world.plants, world.share)
    if world.alike and 0 < world.share < 1:
        spread = (1 - world.alike) / world.alike
        shares = rng.beta(world.share * spread, (1 - world.share) * spread, world.plants)
    truth = rng.random(shape) < shares[:, None]
    unread, times = world.unread
    # Those of the origin `times` as often, so many in all as asked.
    base = unread / (1 + (times - 1) * world.share)
    dark = rng.random(shape) < np.where(truth, min(1.0, base * times), base)
    seen = rng.random(shape)
    claim = np.where(truth, seen < world.sensitivity, seen >= world.specificity) & ~dark
    judged = claim | (rng.random(shape) < world.drawn)

    def share(hits: np.ndarray) -> tuple[float, float]:
        cells = [
            Cell(plant, name, int(n), int(k), int(y))
            for name, of in (("claimed", claim), ("other", ~claim))
            for plant, (n, k, y) in enumerate(
                zip(
                    of.sum(axis=1),
                    (of & judged).sum(axis=1),
                    (of & judged & hits).sum(axis=1),
                    strict=True,
                )
            )
        ]
        found = stratified(cells)
        return found.low, found.high

    return share(truth & ~dark)[0], share(truth | dark)[1], int(claim.sum())


def main(page: Path) -> None:
    """Fills the page's table."""
    grid = list(worlds())
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = []
        for number, one in enumerate(pool.map(coverage, grid, chunksize=4), 1):
            found.append(one)
            if sys.stderr.isatty() or number % 100 == 0:
                print(f"{number} of {len(grid)} worlds", file=sys.stderr)
    text = page.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(before + BEGIN + "\n" + _table(grid, found) + "\n" + END + after, "utf-8")


def _table(grid: list[World], found: list[tuple[float, float, float]]) -> str:
    lines = [
        f"{len(grid)} worlds, {REPEATS} repeats each, intervals of {LEVEL:.0%}. Of each group of "
        "worlds: how often the interval held the share in the worst of them and in the mean.",
        "",
        "| group | worlds | worst | mean | mean width | naive, worst | naive, mean |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in ("share", "alike", "unread", "plants", "machines", "drawn", "sensitivity"):
        for value in dict.fromkeys(asdict(world)[name] for world in grid):
            rows = [f for w, f in zip(grid, found, strict=True) if asdict(w)[name] == value]
            ours, naive, width = (np.array(column) for column in zip(*rows, strict=True))
            lines.append(
                f"| {name} {_word(value)} | {len(rows)} | {ours.min():.3f} | {ours.mean():.3f} | "
                f"{width.mean():.3f} | {naive.min():.3f} | {naive.mean():.3f} |"
            )
    under = [(w, f) for w, f in zip(grid, found, strict=True) if f[0] < HELD]
    lines += ["", f"Worlds in which it held less often than {HELD}: {len(under)}.", ""]
    if under:
        names = list(asdict(under[0][0]))
        lines += [
            "| " + " | ".join([*names, "held", "naive", "width"]) + " |",
            "|" + "---|" * (len(names) + 3),
        ]
        lines += [
            "| "
            + " | ".join([*(_word(v) for v in asdict(w).values()), *(f"{x:.3f}" for x in f)])
            + " |"
            for w, f in sorted(under, key=lambda one: one[1])
        ]
    return "\n".join(lines) + "\n"


def _word(value: object) -> str:
    return f"{value[0]:g}, x{value[1]:g}" if isinstance(value, tuple) else f"{value:g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
