"""Simulated reviewers: they judge what the queue deals them from the truth, and err as stated."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.case.case import Case
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Item, Recipe
from evidence.review.judgement import TestContext, judge
from evidence.review.queue import ItemDealer
from lab.world.footage import MachineView, WorldFile
from lab.world.outcome import shown_by, stand_in

PEOPLE = ("anna", "boris")
THIRD = "vera"
"""Settles what the two disagree on; is dealt nothing else, since nothing else is left."""


@dataclass(frozen=True, slots=True)
class Errors:
    """How often a reviewer errs.

    - wrong: names another builder for a legible mark: the program's if wrong, otherwise any.
    - unsure: says unknown, although it is legible; guess: names a builder, although it is not.
    - overlook: says nothing of a frame in which a machine was missed.
    """

    wrong: float = 0.02
    unsure: float = 0.05
    guess: float = 0.01
    overlook: float = 0.05


ERRORS = Errors()

Says = tuple[str, str | None]
"""A verdict and the builder it names."""


@dataclass(frozen=True, slots=True)
class ReviewedWorld:
    """What a reviewer needs to know. footage: by SHA-256; builders: of each machine; all: whom an
    erring one may name."""

    footage: Mapping[str, WorldFile]
    builders: Mapping[str, str]
    all: tuple[str, ...] = field(default=())


def of_sighting(
    seen: MachineView | None,
    builder: str | None,
    claim: str | None,
    rng: np.random.Generator,
    names: Sequence[str],
    errors: Errors = ERRORS,
) -> Says:
    """What a person says of a sighting.

    seen: the machine it shows, None for none. builder: who built it. claim: whom the program names.
    names: of builders, for one who errs.
    """
    if seen is None or builder is None:
        return "not-a-machine", None
    chance = rng.random()
    if not seen.legible:
        if chance >= errors.guess:
            return ("concealed" if seen.concealed else "unknown"), None
        return _named(claim or _other(names, builder, rng), claim)
    if chance < errors.wrong:
        return _named(claim if claim not in (None, builder) else _other(names, builder, rng), claim)
    if chance < errors.wrong + errors.unsure:
        return "unknown", None
    return _named(builder, claim)


def of_frame(
    seen: MachineView | None,
    builder: str | None,
    rng: np.random.Generator,
    names: Sequence[str],
    errors: Errors = ERRORS,
) -> Says:
    """What a person says of a frame without a find, whose largest machine is `seen`."""
    if seen is None or builder is None or rng.random() < errors.overlook:
        return "nothing", None
    says = of_sighting(seen, builder, None, rng, names, errors)
    return "missed", says[1]


def _named(builder: str | None, claim: str | None) -> Says:
    return ("accept", None) if builder == claim else ("builder", builder)


def _other(names: Sequence[str], builder: str, rng: np.random.Generator) -> str:
    others = [one for one in names if one != builder]
    return others[rng.integers(len(others))]


def review(
    case: Case,
    recipe: Recipe,
    registry: Registry,
    world: ReviewedWorld,
    seed: int,
    errors: Errors = ERRORS,
) -> Counter[str]:
    """Has two people judge in turn all that they are dealt, and a third what they disagree on.

    Interrupted, it goes on where it was: whoever judges what says the same whenever asked.

    Returns how many verdicts of each kind were given.
    """
    desk, bench = ItemDealer(), TestContext(registry, ("CN",))
    said: Counter[str] = Counter()

    def next_of(person: str) -> str | None:
        with case.session() as session:
            dealt = desk.deal(session, recipe, person, 1)
            return dealt[0].item if dealt else None

    def verdict(session: Session, person: str, key: str) -> str:
        item = session.get_one(Item, key)
        footage = world.footage[item.footage]
        # What a person says of an item follows from person and item, whenever they are asked.
        chance = np.random.default_rng((seed, 65, zlib.crc32(f"{person} {key}".encode())))
        time, box = float(item.pts), None
        if item.sighting is not None:
            claims = select(SightingRow.builder).where(SightingRow.key == item.sighting)
            seen = shown_by(footage, time, item.box or ())
            builder = world.builders[seen.machine] if seen else None
            claim = session.scalars(claims).one()
            word, named = of_sighting(seen, builder, claim, chance, world.all, errors)
        else:
            seen, box = next(iter(stand_in(footage, time)), (None, None))
            builder = world.builders[seen.machine] if seen else None
            word, named = of_frame(seen, builder, chance, world.all, errors)
        seconds = float(chance.gamma(4.0, 1.5))
        place = box if word == "missed" else None
        judge(session, bench, key, person, word, builder=named, box=place, seconds=seconds)
        return word

    for people in (PEOPLE, (THIRD,)):
        busy = True
        while busy:
            busy = False
            for person in people:
                if (key := next_of(person)) is not None:
                    busy = True
                    with case.session() as session, session.begin():
                        said[verdict(session, person, key)] += 1
                    desk.release(key)
    return said
