"""The random audit sample: what the program is measured by, whatever it flagged itself.

Drawn from every sighting, and from every frame looked at in which nothing was found. Such a frame
has a print (`detector.known_again.prints`), and no sighting comes on screen before the next one.
What the scout passed over has prints too, so its frames are drawn as often.

Each member is drawn by itself (Bernoulli): if a hash of the seed and its name falls below the
probability of its stratum. So the order of footage changes nothing. The row keeps the probability,
for estimates from the sample (Horvitz & Thompson 1952: weight each by its inverse).
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise
from typing import Any

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from evidence.case.base import found_with
from evidence.case.sighting_tables import ShotRow, SightingRow
from evidence.case.tables import Chance, Recipe

LONGEST = 10  # seconds that a print stands for at most: a title or a pause tells no more
ALONE = 1  # seconds that the last print stands for, as a photograph does

SEED = 20_241
"""Fixed, so that the same footage gives the same rows; what is drawn follows from the hashes
of footage, model and settings, which nobody chooses."""

RATES: Mapping[str, float] = {
    "sighting-claim": 0.1,
    "sighting-named": 0.05,
    "sighting-unknown": 0.02,
    "frame": 0.002,
}
"""Of 100,000 flagged sightings, 5,000 of them claims and 25,000 more named, some 3,150 are drawn.
Of a million frames 2,000 are. A share is then known within 2 or 3 in a hundred."""

_STRATA = ", ".join(RATES)


@dataclass(frozen=True)
class AuditPlan:
    """seed, and by stratum the probability of being drawn."""

    seed: int = SEED
    rates: Mapping[str, float] = field(default_factory=lambda: RATES)

    def __post_init__(self) -> None:
        if strange := set(self.rates) ^ set(RATES):
            raise UsageError(f"{', '.join(sorted(strange))}: no stratum; they are {_STRATA}")
        if not all(0 <= rate <= 1 for rate in self.rates.values()):
            raise UsageError("a probability lies between 0 and 1")
        if not 0 <= self.seed < 1 << 31:
            raise UsageError("the seed is a whole number from 0 to 2147483647")


@dataclass(frozen=True)
class AuditMember:
    """One that may be drawn. `item` names it; `sighting` is its key, None of a frame."""

    item: str
    stratum: str
    pts: Fraction
    sighting: str | None = None


def plan_of(session: Session) -> AuditPlan:
    """The plan that the case keeps, or the default one."""
    kept = session.execute(select(Chance.stratum, Chance.probability, Chance.seed)).all()
    rates = dict(RATES) | {stratum: rate for stratum, rate, _ in kept if stratum in RATES}
    return AuditPlan(kept[0][2] if kept else SEED, rates)


def keep_plan(session: Session, plan: AuditPlan) -> None:
    """Keeps a plan with a case without draws."""
    now = datetime.now(UTC)
    session.execute(delete(Chance))
    session.add_all(
        Chance(stratum=stratum, probability=rate, seed=plan.seed, made=now)
        for stratum, rate in plan.rates.items()
    )


def parse_plan(rates: Sequence[str], seed: int | None = None) -> AuditPlan:
    """The default plan with some probabilities, each as `STRATUM=P`, and the seed changed.

    >>> parse_plan(["frame=0.01"]).rates["frame"]
    0.01
    """
    wanted = dict(RATES)
    for one in rates:
        stratum, _, number = one.partition("=")
        try:
            wanted[stratum] = float(number)
        except ValueError:
            raise UsageError(f"{one}: say STRATUM=P; strata are {_STRATA}") from None
    return AuditPlan(SEED if seed is None else seed, wanted)


def frame_item(analysis: str, pts: Fraction) -> str:
    """How the item of a frame is called.

    >>> frame_item("00" * 16, Fraction(1001, 24000))
    '00000000000000000000000000000000@1001/24000'
    """
    return f"{analysis}@{pts}"


def unseen(
    prints: Iterable[Fraction], spans: Iterable[tuple[Fraction, Fraction]]
) -> list[Fraction]:
    """The times of prints that stand without any sighting coming on screen, each once, in order.

    >>> unseen([Fraction(0), Fraction(1), Fraction(4)], [(Fraction(2), Fraction(3))])
    [Fraction(0, 1), Fraction(4, 1)]
    """
    spans = list(spans)
    firsts, lasts = sorted(first for first, _ in spans), sorted(last for _, last in spans)
    times = sorted(set(prints))
    untils = [min(after, pts + LONGEST) for pts, after in pairwise(times)]
    untils += [pts + ALONE for pts in times[-1:]]
    # As many have begun before it ends as have ended before it begins.
    return [
        pts
        for pts, until in zip(times, untils, strict=True)
        if bisect_left(firsts, until) == bisect_left(lasts, pts)
    ]


def chosen(plan: AuditPlan, member: AuditMember) -> bool:
    """Whether the plan draws it."""
    text = f"audit\n{plan.seed}\n{member.item}"
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    return number < plan.rates[member.stratum] * (1 << 64)


def draw(
    plan: AuditPlan, members: Iterable[AuditMember], naming: dict[str, str]
) -> Iterator[dict[str, Any]]:
    """The rows of `draws` for those drawn; `naming`: their analysis and footage."""
    now = datetime.now(UTC)
    for member in members:
        if chosen(plan, member):
            drawn = {"probability": plan.rates[member.stratum], "seed": plan.seed, "made": now}
            yield vars(member) | naming | drawn


def count_scouted(session: Session, recipe: Recipe | None) -> dict[str, int]:
    """Shots sampled from what the scout passed over (`shots`); `wrong`: with a machine."""
    shows = exists().where(SightingRow.in_shot(ShotRow))
    shots = select(func.count().label("shots"), func.count().filter(shows).label("wrong"))
    scouted = ShotRow.reason == "scouted", found_with(ShotRow, recipe)
    return {**session.execute(shots.select_from(ShotRow).where(*scouted)).mappings().one()}
