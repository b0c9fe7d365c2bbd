"""Which machines stand in which plant of a world, who built them, and which clips show them.

Worlds of one seed and another share differ in nothing but the marks of the machines that are
Chinese in one of them: the footage that shows none of these is the same to the last byte.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from datasets.maker.lettering import BuilderMark
from datasets.registry import Registry

Unread = Literal["", "unmarked", "control-only", "mosaic", "blur"]
"""Why the builder of a machine cannot be told; empty where its mark is open to view."""
UNREAD: tuple[Unread, ...] = ("unmarked", "control-only", "mosaic", "blur")
"""In turn, so that a quarter of the unreadable machines is of each kind."""
ORIGINS = {"JP": 0.28, "RU": 0.2, "DE": 0.14, "TW": 0.13, "KR": 0.11, "US": 0.08, "IT": 0.06}
"""Of the machines that are not Chinese, by their builders' home."""
TESTED = "CN"
GROUPS = (3, 2, 2, 2, 1)
"""Machines that stand together, in turn; one clip shows the first three groups, another the
third again, from elsewhere, and the rest."""
LONGEST = 14  # letters of a mark: longer ones are slogans
_PLACES = ("ural", "volga", "don", "kama", "ob", "oka", "neva", "lena")


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """How large a world is.

    - machines: of each plant. share: of Chinese ones.
    - unreadable: share whose mark is missing, hidden, or a control's alone.
    - copies: clips uploaded again.
    - controls: clips of one Chinese machine whose builder is known.
    """

    seed: int = 6
    share: float = 0.08
    plants: int = 40
    machines: int = 10
    unreadable: float = 0.25
    copies: int = 12
    controls: int = 30
    size: tuple[int, int] = (1280, 720)


@dataclass(frozen=True, slots=True)
class PlannedMachine:
    """A machine of the world. mark: what would be written on it; `unread` says whether it is.

    other: the mark that it bears in a world without Chinese machines.
    """

    id: str
    plant: str
    mark: BuilderMark
    other: BuilderMark
    unread: Unread

    @property
    def changed(self) -> bool:
        """Whether it looks otherwise than in a world without Chinese machines."""
        written = self.unread not in ("unmarked", "control-only")
        return written and self.mark != self.other


@dataclass(frozen=True, slots=True)
class PlannedShot:
    """A group of machines by their number, seen for the first time or again; None: a hall without
    a machine."""

    group: int | None
    again: bool = False


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """A clip of one plant. copy_of: the clip it was made from. plant: None where nobody says."""

    name: str
    plant: str | None
    published: str
    shots: tuple[PlannedShot, ...] = ()
    copy_of: str | None = None


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """A world before it is drawn. groups: machines that stand together, by plant."""

    spec: WorldSpec
    machines: dict[str, PlannedMachine]
    groups: dict[str, tuple[tuple[str, ...], ...]]
    clips: tuple[PlannedClip, ...]
    controls: dict[str, PlannedMachine]

    def clip(self, name: str) -> PlannedClip:
        """The clip of that name."""
        return next(one for one in self.clips if one.name == name)


def make_plan(spec: WorldSpec, registry: Registry) -> WorldPlan:
    """The plan of a world; equal specs give equal plans.

    As many machines are Chinese, and as many unreadable, as the shares ask for. Neither makes the
    other more frequent. Plants differ in how many Chinese ones they have.
    """
    rng = np.random.default_rng((spec.seed, 60))
    number = spec.plants * spec.machines
    others = [_other(marks_of(registry), rng) for _ in range(number)]
    unread = _unreadable(spec, number, rng)
    chinese = _chinese(spec, number, rng)
    chosen = np.random.default_rng((spec.seed, 61))
    tested = marks_of(registry)[TESTED]
    marks = {n: tested[chosen.integers(len(tested))] for n in chinese}
    machines: dict[str, PlannedMachine] = {}
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    clips: list[PlannedClip] = []
    for index in range(spec.plants):
        plant = f"p{index:02d}"
        here = []
        for n in range(index * spec.machines, (index + 1) * spec.machines):
            id_, mark = f"{plant}-m{n % spec.machines}", marks.get(n, others[n])
            machines[id_] = PlannedMachine(id_, plant, mark, others[n], unread[n])
            here.append(id_)
        groups[plant] = _grouped(here)
        clips += _clips(plant, len(groups[plant]), rng)
    clips += _copies(spec, clips, rng)
    return WorldPlan(spec, machines, groups, tuple(clips), _controls(spec, tested))


def marks_of(registry: Registry) -> dict[str, list[BuilderMark]]:
    """By builders' home the marks of the registry that fit on a machine, in its order."""
    found: dict[str, list[BuilderMark]] = {}
    for entry in registry:
        if entry.type != "builder":
            continue
        for mark in entry.wordmarks:
            if 2 < len(mark.text) <= LONGEST or mark.script == "han":
                one = BuilderMark(entry.id, mark.text, mark.script)
                found.setdefault(entry.origin, []).append(one)
    return found


def _other(marks: dict[str, list[BuilderMark]], rng: np.random.Generator) -> BuilderMark:
    homes = [home for home in ORIGINS if home in marks]
    weights = np.array([ORIGINS[home] for home in homes])
    home = homes[rng.choice(len(homes), p=weights / weights.sum())]
    return marks[home][rng.integers(len(marks[home]))]


def _unreadable(spec: WorldSpec, number: int, rng: np.random.Generator) -> list[Unread]:
    unread: list[Unread] = [""] * number
    picked = rng.permutation(number)[: round(spec.unreadable * number)]
    for turn, n in enumerate(picked):
        unread[n] = UNREAD[turn % len(UNREAD)]
    return unread


def _chinese(spec: WorldSpec, number: int, rng: np.random.Generator) -> list[int]:
    """Chinese machines, drawn one after the other with weights that differ from plant to plant.

    So a larger share adds machines and takes none away. Source: Efraimidis & Spirakis,
    Information Processing Letters 97 (2006) 181-185.
    """
    weights = np.repeat(rng.gamma(1.0, 1.0, spec.plants), spec.machines)
    keys = rng.random(number) ** (1 / weights)
    return [int(n) for n in np.argsort(-keys)[: round(spec.share * number)]]


def _grouped(machines: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    groups: list[tuple[str, ...]] = []
    at = 0
    while at < len(machines):
        size = GROUPS[len(groups) % len(GROUPS)]
        groups.append(tuple(machines[at : at + size]))
        at += size
    return tuple(groups)


def _clips(plant: str, groups: int, rng: np.random.Generator) -> list[PlannedClip]:
    """Two clips of a plant: the last group of the first is seen again in the second; each has a
    hall without a machine somewhere in it."""
    first = groups if groups < 3 else 3
    parts = [[PlannedShot(n) for n in range(first)], [PlannedShot(n) for n in range(first, groups)]]
    parts[1].insert(0, PlannedShot(first - 1, again=True))
    clips, number = [], int(plant[1:])
    for letter, shots in zip("ab", parts, strict=True):
        shots.insert(int(rng.integers(len(shots) + 1)), PlannedShot(None))
        works = f"Works {number}, {_PLACES[number % len(_PLACES)]}"
        clips.append(PlannedClip(f"{plant}-{letter}", works, _day(rng), tuple(shots)))
    return clips


def _copies(
    spec: WorldSpec, clips: Sequence[PlannedClip], rng: np.random.Generator
) -> list[PlannedClip]:
    """Clips uploaded again later by somebody else, half of whom do not say where they were shot."""
    picked = [clips[n] for n in rng.permutation(len(clips))[: spec.copies]]
    return [
        PlannedClip(f"{c.name}-copy", c.plant if n % 2 else None, _day(rng, 2025), copy_of=c.name)
        for n, c in enumerate(picked)
    ]


def _controls(spec: WorldSpec, tested: Sequence[BuilderMark]) -> dict[str, PlannedMachine]:
    """Chinese machines as the world's are, as often unreadable."""
    rng = np.random.default_rng((spec.seed, 62))
    unread = _unreadable(spec, spec.controls, rng)
    marks = [tested[int(rng.integers(len(tested)))] for _ in unread]
    names = [f"control-{n:02d}" for n in range(spec.controls)]
    planned = zip(names, marks, unread, strict=True)
    return {name: PlannedMachine(name, "", mark, mark, why) for name, mark, why in planned}


def _day(rng: np.random.Generator, year: int | None = None) -> str:
    year = year or int(rng.integers(2022, 2025))
    return f"{year}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d}"
