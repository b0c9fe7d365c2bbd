"""How often the answer's intervals hold the truth, in worlds whose truth is known.

`python -m lab.simulate docs/statistics.md` (`make simulate`) makes worlds over a grid and puts
the table into the page. A world: plants, each with its own share of machines of the origin;
some machines unreadable, those of the origin more often if asked; a program that claims and
errs; people who judge every claim and a random sample of the rest, and cannot tell the
unreadable ones. In some worlds the program misses machines altogether, and people judge a
random sample of the frames in which it found nothing; in some plants are of unequal size. What is
to be held is the share that the world was made with, whatever the unreadable and the missed are.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from datasets.files import fill_page
from evidence.answer.estimators.clustered import Cell, stratified
from evidence.answer.estimators.intervals import LEVEL, Estimate, exact
from evidence.answer.estimators.missed import Frame, Frames, estimate_missed, widen

REPEATS = 1000
HELD = 0.94
"""Below it a row is called undercovered: 0.95 less what 1,000 repeats may err by."""

BEGIN, END = "<!-- coverage: made by `make simulate` -->\n", "<!-- end of coverage -->\n"


@dataclass(frozen=True)
class World:
    """share: of machines of the origin. alike: correlation within a plant. unread: share of
    unreadable machines, and how many times as often those of the origin are. drawn: chance that
    a machine without a claim is judged. missed: share of machines that are missed altogether, how
    many times as often those of the origin are, and how much more briefly they are in view.
    frames: chance that a frame without a find is judged; 0: the answer knows of no frames.
    uneven: standard deviation of the logarithm of how many machines a plant has; `machines` is
    the mean."""

    share: float
    sensitivity: float
    specificity: float
    plants: int
    machines: int
    alike: float
    unread: tuple[float, float]
    drawn: float
    missed: tuple[float, float, float] = (0.0, 1.0, 1.0)
    frames: float = 0.0
    uneven: float = 0.0


EMPTY = 100
"""Frames of each plant in which no machine stands."""

VIEWS = 3.0
"""Frames in which a machine is in view, in the mean; each in one at least."""


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


def missed_worlds() -> Iterator[World]:
    """The reduced grid in which the program misses machines altogether."""
    for share, plants, unread, missed, frames in itertools.product(
        (0.0, 0.02, 0.1, 0.4),
        (10, 40),
        ((0.0, 1.0), (0.25, 3.0)),
        ((0.0, 1.0, 1.0), (0.2, 1.0, 1.0), (0.2, 3.0, 1.0), (0.2, 3.0, 3.0)),
        (0.02, 0.2),
    ):
        yield World(share, 0.9, 0.98, plants, 20, 0.1, unread, 0.2, missed, frames)


def uneven_worlds() -> Iterator[World]:
    """The grid of plants of unequal size, and of few and many that are judged."""
    for share, plants, uneven, alike, drawn in itertools.product(
        (0.005, 0.02, 0.1, 0.4),
        (10, 40, 120),
        (0.0, 1.0, 1.5),
        (0.0, 0.1, 0.3),
        (0.2, 1.0),
    ):
        yield World(share, 0.9, 0.98, plants, 20, alike, (0.0, 1.0), drawn, uneven=uneven)


def coverage(world: World, repeats: int = REPEATS, seed: int = 0) -> tuple[float, float, float]:
    """How often our interval and the naive one (claims of all machines, exact binomial) hold the
    share, and our interval's mean width."""
    rng = np.random.default_rng([seed, *map(ord, repr(world))])
    held = naive = 0
    width = 0.0
    for _ in range(repeats):
        low, high, claims, machines = _answer(world, rng)
        held += low <= world.share <= high
        width += high - low
        simple = exact(claims, machines)
        naive += simple.low <= world.share <= simple.high
    return held / repeats, naive / repeats, width / repeats


def _answer(world: World, rng: np.random.Generator) -> tuple[float, float, int, int]:
    """One world, its footage watched, its audit judged: the interval, and the numbers of claims
    and of machines."""
    there = _there(world, rng)
    shape = there.shape
    shares = np.full(world.plants, world.share)
    if world.alike and 0 < world.share < 1:
        spread = (1 - world.alike) / world.alike
        shares = rng.beta(world.share * spread, (1 - world.share) * spread, world.plants)
    truth = (rng.random(shape) < shares[:, None]) & there
    unread, times = world.unread
    dark = rng.random(shape) < _oftener(truth, unread, times, world.share)
    gone = rng.random(shape) < _oftener(truth, *world.missed[:2], world.share)
    seen = rng.random(shape)
    claim = np.where(truth, seen < world.sensitivity, seen >= world.specificity) & ~dark & ~gone
    claim &= there
    judged = (claim | (rng.random(shape) < world.drawn)) & ~gone

    def share(hits: np.ndarray) -> Estimate:
        cells = [
            Cell(plant, name, int(n), int(k), int(y))
            for name, of in (("claimed", claim), ("other", ~claim & ~gone & there))
            for plant, (n, k, y) in enumerate(
                zip(
                    of.sum(axis=1),
                    (of & judged).sum(axis=1),
                    (of & judged & hits).sum(axis=1),
                    strict=True,
                )
            )
        ]
        return stratified(cells)

    low, high = share(truth & ~dark), share(truth | dark)
    if world.frames:
        low, high = widen(low, high, estimate_missed(_frames(world, gone, rng)))
    return low.low, high.high, int(claim.sum()), int(there.sum())


def _there(world: World, rng: np.random.Generator) -> np.ndarray:
    """(plants, most machines): which of the places of a plant hold a machine."""
    if not world.uneven:
        return np.ones((world.plants, world.machines), bool)
    drawn = rng.normal(-(world.uneven**2) / 2, world.uneven, world.plants)
    counts = np.maximum(1, np.round(world.machines * np.exp(drawn))).astype(int)
    return np.asarray(np.arange(counts.max()) < counts[:, None])


def _oftener(truth: np.ndarray, all_in_all: float, times: float, share: float) -> np.ndarray:
    """Chances by machine: those of the origin `times` as often, so many in all as asked."""
    base = all_in_all / (1 + (times - 1) * share)
    return np.where(truth, min(1.0, base * times), base)


def _frames(world: World, gone: np.ndarray, rng: np.random.Generator) -> Frames:
    """The frames without a find, of a second each, and those of them that people judged."""
    views = 1 + rng.poisson(VIEWS - 1, gone.shape)
    brief = np.maximum(1, np.round(views / world.missed[2])).astype(int)
    missed = (gone * brief).sum(axis=1)
    judged = []
    for hit, there in ((True, missed), (False, np.full(world.plants, EMPTY))):
        for plant, count in enumerate(rng.binomial(there, world.frames)):
            judged += [Frame(str(plant), 1.0, world.frames, hit)] * int(count)
    return Frames(
        tuple(judged),
        len(judged),
        float((~gone * views).sum()),
        float(missed.sum() + EMPTY * world.plants),
    )


def main(page: Path) -> None:
    """Fills the page's tables.

    Raises:
        UsageError: a mark is missing in the page.
    """
    fill_page(page, BEGIN, END, "")  # asked before hours of work
    grids = [list(one()) for one, _ in GRIDS]
    grid = [world for one in grids for world in one]
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = []
        for number, one in enumerate(pool.map(coverage, grid, chunksize=4), 1):
            found.append(one)
            if sys.stderr.isatty() or number % 100 == 0:
                print(f"{number} of {len(grid)} worlds", file=sys.stderr)
    rest_of = iter(found)
    tables = "\n".join(
        _table(one, list(itertools.islice(rest_of, len(one))), groups)
        for one, (_, groups) in zip(grids, GRIDS, strict=True)
    )
    page.write_text(fill_page(page, BEGIN, END, tables), "utf-8")


GRIDS = (
    (worlds, ("share", "alike", "unread", "plants", "machines", "drawn", "sensitivity")),
    (missed_worlds, ("share", "unread", "plants", "missed", "frames")),
    (uneven_worlds, ("share", "alike", "plants", "uneven", "drawn")),
)
"""The worlds of each table, and what they are grouped by."""


def _table(
    grid: list[World], found: list[tuple[float, float, float]], groups: Sequence[str]
) -> str:
    lines = [
        f"{len(grid)} worlds, {REPEATS} repeats each, intervals of {LEVEL:.0%}. Of each group of "
        "worlds: how often the interval held the share in the worst of them and in the mean.",
        "",
        "| group | worlds | worst | mean | mean width | naive, worst | naive, mean |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in groups:
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
    if isinstance(value, tuple):
        return f"{value[0]:g}, " + ", ".join(f"x{one:g}" for one in value[1:])
    return f"{value:g}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
