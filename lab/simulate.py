"""How often the answer's intervals hold the truth, in worlds whose truth is known.

`python -m lab.simulate docs/statistics.md` (`make simulate`) makes worlds over a grid and puts the
table into the page. The generator draws machines one by one and shares no code with the library:
plants, each with its own share of the kind; machines that nobody can identify; a program that
claims and errs; reviewers who miss and who accept false claims; machines that are counted twice;
an audit sample of a fixed chance. Two truths are held: the share among the machines that stand
there, and the share of the plants that they are drawn from.
"""

from __future__ import annotations

import itertools
import os
import sys
import zlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from datasets.files import fill_page
from evidence.answer.estimators.clustered import Cell
from evidence.answer.estimators.detectable import noticed
from evidence.answer.estimators.visible import (
    SPLIT,
    Linking,
    MachinePool,
    ReviewErrors,
    visible_share,
)
from evidence.answer.share import share_over_plants

REPEATS = 200
HELD = 0.94
BEGIN, END = "<!-- coverage: made by `make simulate` -->\n", "<!-- end of coverage -->\n"
CLAIMED, NAMED, UNREAD = "claimed, flagged", "named, named", "unread, unknown"
CONTROLS, SHOOTS = 40, 8


@dataclass(frozen=True)
class WorldSettings:
    """plants; machines: in a plant, in the mean. uneven: standard deviation of the logarithm of
    that number. share, alike: of the kind, and correlation within a plant; 1: all or none. unread:
    share of machines that cannot be identified; more: times as often those of the kind. audit:
    how many machines without a claim are judged; 0 none, -1 all. misses, accepts: of reviewers.
    split: share of the machines of the kind, and of the others, that are counted twice."""

    plants: int = 40
    machines: int = 10
    uneven: float = 0.0
    share: float = 0.08
    alike: float = 0.1
    unread: float = 0.25
    more: float = 1.0
    audit: int = 50
    misses: float = 0.05
    accepts: float = 0.01
    split: tuple[float, float] = (0.0, 0.0)


AXES: dict[str, Sequence[object]] = {
    "plants": (3, 10, 40, 120),
    "uneven": (0.0, 1.0),
    "share": (0.0, 0.02, 0.08, 0.4),
    "alike": (0.0, 0.1, 0.3, 0.5, 1.0),
    "unread": (0.0, 0.25),
    "more": (1.0, 3.0),
    "audit": (0, 5, 50, -1),
    "misses": (0.0, 0.15),
    "accepts": (0.0, 0.02),
    "split": ((0.0, 0.0), (0.3, 0.3), (0.3, 0.0), (0.0, 0.3)),
}


def worlds() -> Iterator[WorldSettings]:
    """Every pair of values of two axes at least once, the others in the middle."""
    middle = asdict(WorldSettings())
    seen = set()
    for (a, some), (b, others) in itertools.combinations(AXES.items(), 2):
        for one, other in itertools.product(some, others):
            world = WorldSettings(**(middle | {a: one, b: other}))
            if world not in seen:
                seen.add(world)
                yield world


@dataclass(frozen=True)
class Result:
    """Of a world: how often each interval held, its mean width, and how often at least one machine
    was recognised where the share is the one that is printed; None: never printed."""

    world: WorldSettings
    visible: float
    visible_width: float
    plants: float
    plants_width: float
    noticed: float | None


def run(world: WorldSettings, repeats: int = REPEATS) -> Result:
    """One world, many times over."""
    rng = np.random.default_rng(zlib.crc32(str(world).encode()))
    held, wide, showed = [0, 0], [0.0, 0.0], []
    for _ in range(repeats):
        truth, pools, cells, linking, recognised = _draw(world, rng)
        ends = visible_share(pools, ReviewErrors(), linking)
        like = share_over_plants(*cells, pools, ReviewErrors(), linking)
        for place, (found, true) in enumerate(((ends, truth), (like, world.share))):
            held[place] += found[0].low - 1e-9 <= true <= found[1].high + 1e-9
            wide[place] += found[1].high - found[0].low
        if recognised is not None:
            showed.append(recognised)
    return Result(
        world,
        held[0] / repeats,
        wide[0] / repeats,
        held[1] / repeats,
        wide[1] / repeats,
        sum(showed) / len(showed) if showed else None,
    )


def _draw(
    world: WorldSettings, rng: np.random.Generator
) -> tuple[float, list[MachinePool], tuple[list[Cell], list[Cell]], Linking, bool | None]:
    sizes = np.maximum(
        1, np.round(world.machines * rng.lognormal(0.0, world.uneven, world.plants))
    ).astype(int)
    shares = _shares(world, rng)
    plant = np.repeat(np.arange(world.plants), sizes)
    kind = rng.random(len(plant)) < shares[plant]
    truth = float(kind.mean())
    # Each is counted once, or twice.
    twice = rng.random(len(plant)) < np.where(kind, *world.split)
    plant, kind = np.append(plant, plant[twice]), np.append(kind, kind[twice])
    dark = rng.random(len(plant)) < np.minimum(1, world.unread * np.where(kind, world.more, 1.0))
    claimed = ~dark & (rng.random(len(plant)) < np.where(kind, 0.8, 0.02))
    without = np.flatnonzero(~claimed)
    drawn = claimed.copy()
    size = len(without) if world.audit < 0 else min(world.audit, len(without))
    drawn[rng.choice(without, size, replace=False)] = True
    # People tell the kind of what can be identified, and err.
    says = np.where(
        kind, rng.random(len(plant)) >= world.misses,
        claimed & (rng.random(len(plant)) < world.accepts),
    )  # fmt: skip
    pool = np.where(claimed, CLAIMED, np.where(dark, UNREAD, NAMED))
    pools, least, most = [], [], []
    for name in (CLAIMED, NAMED, UNREAD):
        here = pool == name
        judged = here & drawn
        yes, no = judged & ~dark & says, judged & ~dark & ~says
        of_draw = (0, 0, 0) if name == CLAIMED else (judged.sum(), yes.sum(), no.sum())
        pools.append(
            MachinePool(name, int(here.sum()), int(yes.sum()), int(no.sum()), 0, *map(int, of_draw))
        )
        for one in range(world.plants):
            there = here & (plant == one)
            if there.any():
                counts = (int(there.sum()), int((there & drawn).sum()))
                hits = int((there & yes).sum())
                least.append(Cell(one, name, *counts, hits))
                most.append(Cell(one, name, *counts, hits + int((there & judged & dark).sum())))
    linking = Linking(*(SPLIT if part else 1.0 for part in world.split))
    if any(world.split):
        linking = Linking(SPLIT, SPLIT)
    return truth, pools, (least, most), linking, _recognised(world, sizes, dark, rng)


def _shares(world: WorldSettings, rng: np.random.Generator) -> np.ndarray:
    """The share of the kind in each plant."""
    if world.alike >= 1:
        return (rng.random(world.plants) < world.share).astype(float)
    if not world.alike or not 0 < world.share < 1:
        return np.full(world.plants, world.share)
    spread = 1 / world.alike - 1
    return rng.beta(world.share * spread, (1 - world.share) * spread, world.plants)


def _recognised(
    world: WorldSettings, sizes: np.ndarray, dark: np.ndarray, rng: np.random.Generator
) -> bool | None:
    """Whether one machine at least is recognised, were the share what is printed as noticed."""
    known = 1 - float(dark.mean())
    each = CONTROLS // SHOOTS
    chance = 0.8 * known
    shoots = [(int(rng.binomial(each, chance)), each) for _ in range(SHOOTS)]
    seen = noticed(sizes.astype(float).tolist(), shoots, known)
    if not seen.printed:
        return None
    kind = int(np.ceil(seen.share * sizes.sum()))
    return bool(rng.binomial(kind, chance) > 0)


def table(found: Sequence[Result]) -> str:
    """The grid by its axes, and every world in which an interval held too seldom."""
    head = "worst and mean share of worlds in which the interval held"
    lines = [
        f"{len(found)} worlds, {REPEATS} repeats each: {head}.\n",
        "| group | worlds | visible: worst | mean | width | plants: worst | mean | width | "
        "noticed: worst |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in AXES:
        groups = defaultdict(list)
        for one in found:
            groups[getattr(one.world, name)].append(one)
        for value in AXES[name]:
            several = groups[value]
            told = [one.noticed for one in several if one.noticed is not None]
            cells = [
                f"{name} {value}", str(len(several)),
                *_three([(o.visible, o.visible_width) for o in several]),
                *_three([(o.plants, o.plants_width) for o in several]),
                f"{min(told):.3f}" if told else "not printed",
            ]  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |")
    low = [one for one in found if min(one.visible, one.plants) < HELD]
    lines.append(f"\nWorlds in which an interval held less often than {HELD}: {len(low)}.\n")
    if low:
        names = list(asdict(WorldSettings()))
        lines += [
            "| " + " | ".join([*names, "visible", "plants"]) + " |",
            "|" + "---|" * (len(names) + 2),
        ]
        for one in sorted(low, key=lambda result: min(result.visible, result.plants)):
            values = [str(getattr(one.world, name)) for name in names]
            lines.append(f"| {' | '.join(values)} | {one.visible:.3f} | {one.plants:.3f} |")
    return "\n".join(lines) + "\n"


def _three(rows: Sequence[tuple[float, float]]) -> list[str]:
    held = [one for one, _ in rows]
    width = sum(one for _, one in rows) / len(rows)
    return [f"{min(held):.3f}", f"{sum(held) / len(held):.3f}", f"{width:.3f}"]


def main() -> None:
    cores = int(os.environ.get("CORES", os.cpu_count() or 1))
    with ProcessPoolExecutor(cores) as pool:
        found = list(pool.map(run, worlds(), chunksize=4))
    text = table(found)
    if len(sys.argv) > 1:
        page = Path(sys.argv[1])
        page.write_text(fill_page(page, BEGIN, END, text), "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
