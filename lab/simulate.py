"""How often the answer's intervals hold the truth, in worlds whose truth is known.

`python -m lab.simulate docs/statistics.md` (`make simulate`) makes worlds over a grid and puts the
table into the page. The generator draws machines one by one and shares no code with the library:

- plants, each with its own share of the kind;
- machines that nobody can identify, and machines that are counted twice;
- a program that claims and errs, and reviewers who miss and who accept false claims;
- an audit sample of a fixed chance.

Two truths are known: the share among the machines that stand there, and the share of the plants
that they are drawn from.
"""

from __future__ import annotations

import itertools
import os
import sys
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.files import fill_page
from evidence.answer.intervals import Cell, stratified
from evidence.answer.share import noticed, share_over_plants
from evidence.answer.visible import SPLIT, Linking, MachinePool, ReviewErrors, visible_share

REPEATS, MOST = 100, 400
HELD, LEVEL = 0.94, 0.95
ALIKE_BEFORE = 0.1
MOST_LISTED = 8
BEGIN, END = "<!-- coverage: made by `make simulate` -->\n", "<!-- end of coverage -->\n"
CLAIMED, NAMED, UNREAD = "claimed, flagged", "named, named", "unread, unknown"
CONTROLS, SHOOTS = 40, 8
COLUMNS = (
    ("visible", "visible_width"), ("plants", "plants_width"), ("before", "before_width"),
    ("noticed", "printed"),
)  # fmt: skip
FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class WorldSettings:
    """One world of the grid.

    - machines: in a plant, in the mean. uneven: standard deviation of the logarithm of that number.
    - share: of the kind. alike: its correlation within a plant; 1: all or none.
    - unread: share of machines that cannot be identified; more: times as often those of the kind.
    - audit: how many machines without a claim are judged; 0 none, -1 all.
    - misses, accepts: of reviewers.
    - split: share of the machines of the kind, and of the others, that are counted twice.
    """

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


CLEAR = WorldSettings(unread=0.0, audit=-1, misses=0.0, accepts=0.0)
"""All is legible, judged and judged rightly: the narrowest intervals, and so the hardest worlds."""


def worlds() -> Iterator[WorldSettings]:
    """Every pair of values of two axes at least once, the others in the middle or `CLEAR`."""
    pairs = (
        base | {a: one, b: other}
        for base in (asdict(WorldSettings()), asdict(CLEAR))
        for (a, some), (b, others) in itertools.combinations(AXES.items(), 2)
        for one, other in itertools.product(some, others)
    )
    yield from dict.fromkeys(WorldSettings(**pair) for pair in pairs)


@dataclass(frozen=True)
class Result:
    """Of a world: how often each interval held, and its mean width.

    noticed: in what share of the repeats the printed sentence was right, or none was printed.
    printed: in what share it was. before: the interval of the answer until 1 December 2026, for
    plants like these.
    """

    world: WorldSettings
    repeats: int
    visible: float
    visible_width: float
    plants: float
    plants_width: float
    before: float
    before_width: float
    noticed: float
    printed: float


def run(world: WorldSettings, repeats: int = REPEATS, most: int = 0) -> Result:
    """One world, many times over; up to `most` times where an interval may hold too seldom."""
    rng = np.random.default_rng(zlib.crc32(str(world).encode()))
    held, wide, missed, printed, done = np.zeros(3), np.zeros(3), 0, 0, 0
    while done < repeats or (done < most and (held.min() < 0.98 * done or missed > 0.02 * done)):
        done += 1
        truth, pools, cells, linking, recognised = _draw(world, rng)
        found = (
            visible_share(pools, ReviewErrors(), linking),
            share_over_plants(*cells, pools, ReviewErrors(), linking),
            (stratified(cells[0], alike=ALIKE_BEFORE), stratified(cells[1], alike=ALIKE_BEFORE)),
        )
        for place, (true, (low, high)) in enumerate(
            zip((truth, world.share, world.share), found, strict=True)
        ):
            held[place] += low.low - 1e-9 <= true <= high.high + 1e-9
            wide[place] += high.high - low.low
        missed, printed = missed + (recognised is False), printed + (recognised is not None)
    numbers = np.column_stack((held, wide)).ravel() / done
    return Result(world, done, *map(float, numbers), 1 - missed / done, printed / done)


def _draw(
    world: WorldSettings, rng: np.random.Generator
) -> tuple[float, list[MachinePool], tuple[list[Cell], list[Cell]], Linking, bool | None]:
    sizes = np.maximum(
        1, np.round(world.machines * rng.lognormal(0.0, world.uneven, world.plants))
    ).astype(int)
    plant = np.repeat(np.arange(world.plants), sizes)
    kind = rng.random(len(plant)) < _by_plant(world.share, world, rng)[plant]
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
    place = np.where(claimed, 0, np.where(dark, 2, 1)) * world.plants + plant
    everything, judged, yes, no = (
        np.bincount(place[mask], minlength=3 * world.plants).reshape(3, world.plants)
        for mask in (slice(None), drawn, drawn & ~dark & says, drawn & ~dark & ~says)
    )
    pools, least, most = [], [], []
    for number, name in enumerate((CLAIMED, NAMED, UNREAD)):
        total, seen, hits, others = (
            int(table[number].sum()) for table in (everything, judged, yes, no)
        )
        of_draw = (0, 0, 0) if name == CLAIMED else (seen, hits, others)
        pools.append(MachinePool(name, total, hits, others, 0, *of_draw))
        for one in np.flatnonzero(everything[number]):
            counts = int(one), name, int(everything[number, one]), int(judged[number, one])
            sure, open_ = int(yes[number, one]), int(judged[number, one] - no[number, one])
            least.append(Cell(*counts, sure))
            most.append(Cell(*counts, open_))
    linking = Linking(SPLIT, SPLIT) if any(world.split) else Linking()
    return truth, pools, (least, most), linking, _recognised(world, sizes, dark, rng)


def _by_plant(share: float, world: WorldSettings, rng: np.random.Generator) -> FloatArray:
    """A share in each plant, of that mean, as alike within plants as the world is."""
    if world.alike >= 1:
        return (rng.random(world.plants) < share).astype(float)
    if not world.alike or not 0 < share < 1:
        return np.full(world.plants, share)
    spread = 1 / world.alike - 1
    return rng.beta(share * spread, (1 - share) * spread, world.plants)


def _recognised(
    world: WorldSettings, sizes: np.ndarray, dark: np.ndarray, rng: np.random.Generator
) -> bool | None:
    """Whether one machine at least is recognised, were the share what is printed as noticed.

    Machines of the kind stand together, and are recognised together, as the world's are alike;
    controls are recognised as often as they, alike within a shoot.
    """
    known, chance = 1 - float(dark.mean()), 0.8 * (1 - min(1.0, world.unread * world.more))
    shown = rng.binomial(CONTROLS // SHOOTS, _by_plant(chance, world, rng)[:SHOOTS])
    shoots = [(int(hits), CONTROLS // SHOOTS) for hits in shown]
    seen = noticed(sizes.astype(float).tolist(), shoots, known)
    if not seen.printed:
        return None
    plant = np.repeat(np.arange(world.plants), sizes)
    weight = np.maximum(_by_plant(seen.share, world, rng), 1e-12)[plant]
    first = np.argsort(rng.random(len(plant)) ** (1 / weight))[::-1]  # Efraimidis & Spirakis 2006
    kind = plant[first[: int(np.ceil(seen.share * len(plant)))]]
    return bool((rng.random(len(kind)) < _by_plant(chance, world, rng)[kind]).any())


def table(found: Sequence[Result]) -> str:
    """The grid by its axes, and every world in which an interval held too seldom."""
    lines = [
        f"{len(found)} worlds, each {REPEATS} times, and up to {MOST} times where an interval held "
        "in less than 98 %. Each cell: the worst share of a world's repeats in which it held, and "
        "the mean width. Last: the worst share in which what would have been noticed was, or was "
        "not printed, and the mean share in which it was printed.\n",
        "| worlds with | visible | plants like these | before | noticed |",
        "|---|---|---|---|---|",
    ]
    for name, values in AXES.items():
        for value in values:
            several = [one for one in found if getattr(one.world, name) == value]
            cells = [_cell([(getattr(r, a), getattr(r, b)) for r in several]) for a, b in COLUMNS]
            lines.append(f"| {name} {value} | {' | '.join(cells)} |")
    middle = asdict(WorldSettings())
    for name, _ in COLUMNS:
        level = LEVEL if name == "noticed" else HELD
        rates = [(getattr(one, name), one.world) for one in found]
        low = [(held, world) for held, world in rates if held < level]
        text = "; ".join(
            f"{held:.3f} at "
            + (", ".join(f"{k} {v}" for k, v in asdict(world).items() if v != middle[k]) or "all")
            for held, world in sorted(low, key=lambda row: row[0])[:MOST_LISTED]
        )
        count = f"{len(low)} worlds below {level}, least {min(held for held, _ in rates):.3f}"
        text = "" if name == "before" else f" {text}"
        lines.append(f"\n**{name}: {count}.**{text}".rstrip())
    return "\n".join(lines) + "\n"


def _cell(rows: Sequence[tuple[float, float]]) -> str:
    return f"{min(held for held, _ in rows):.3f}, {sum(wide for _, wide in rows) / len(rows):.2f}"


def main() -> None:
    cores = int(os.environ.get("CORES", os.cpu_count() or 1))
    with ProcessPoolExecutor(cores) as pool:
        found = list(pool.map(partial(run, most=MOST), worlds(), chunksize=4))
    text = table(found)
    if len(sys.argv) > 1:
        page = Path(sys.argv[1])
        page.write_text(fill_page(page, BEGIN, END, text), "utf-8")
    else:
        print(text)


if __name__ == "__main__":
    main()
