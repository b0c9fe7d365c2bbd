"""The open set: are machines of builders that the registry lacks left unknown?

One builder at a time is taken out of the registry and what was read off every machine is
weighed anew. Machines of that builder should then be left unknown, with a low chance for
whoever comes nearest; all others should be named as before. Matching learns nothing from
pictures, so pictures the detector was trained on serve as well as others: what is asked is not
whether a mark is found but whether a mark read is taken for another's.

Two limits. Readings are those made with the whole registry: which views are read, and whether
in the mirror, depends a little on what is recognised. And a builder's sister badges (DMG and
DMG MORI) stay in when it goes, as they would in life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from datasets.registry import Registry
from detector.attribute import Attributor
from detector.match import Matcher
from detector.settings import Attributing
from detector.types import Attribution, Reading
from training.chances import auroc, candidate
from training.measures import Share

LEAST_MACHINES = 3
"""Machines with a builder's mark read or not: with fewer a builder is not held out."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting of a machine whose builder's mark a person can read, and all read off it."""

    picture: str
    truth: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One builder out of the registry.

    named: of its machines, those given somebody else's name; others_right: of the other
    builders' machines, those still named right; auroc: that the others score higher. wrong:
    picture and name given, for each.
    """

    builder: str
    named: Share
    others_right: Share
    auroc: float | None
    wrong: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, object]:
        return {
            "builder": self.builder,
            "named": self.named.as_dict(),
            "others_right": self.others_right.as_dict(),
            "auroc": None if self.auroc is None else round(self.auroc, 4),
            "wrong": [list(pair) for pair in self.wrong],
        }


@dataclass(frozen=True, slots=True)
class OpenSet:
    """All builders held out in turn; `auroc` over their scores together."""

    held_out: tuple[HeldOut, ...]
    named: Share
    auroc: float | None

    def as_dict(self) -> dict[str, object]:
        return {
            "held_out": [one.as_dict() for one in self.held_out],
            "named": self.named.as_dict(),
            "auroc": None if self.auroc is None else round(self.auroc, 4),
        }


def hold_out(
    seen: Sequence[Seen], registry: Registry, settings: Attributing, builders: int
) -> OpenSet:
    """Holds out the builders with most machines in turn, each with `LEAST_MACHINES` at least.

    Args:
        seen: sightings of machines, of builders in the registry and of others.
        settings: the operating point.
        builders: how many at most.
    """
    inside = [one for one in seen if one.truth in registry]
    counted = Counter(one.truth for one in inside)
    commonest = sorted(counted, key=lambda id: (-counted[id], id))[:builders]
    rounds = []
    known: list[float] = []
    unknown: list[float] = []
    for builder in (id for id in commonest if counted[id] >= LEAST_MACHINES):
        out, theirs, own = _round(inside, registry, settings, builder)
        rounds.append(out)
        known += theirs
        unknown += own
    named = Share(sum(r.named.hits for r in rounds), sum(r.named.total for r in rounds))
    return OpenSet(tuple(rounds), named, auroc(known, unknown))


def _round(
    seen: Sequence[Seen], registry: Registry, settings: Attributing, builder: str
) -> tuple[HeldOut, list[float], list[float]]:
    less = Registry(entry for entry in registry if entry.id != builder)
    attributor = Attributor(Matcher(less), less, settings)
    said = [(one, attributor.attribute(one.readings)) for one in seen]
    own = [pair for pair in said if pair[0].truth == builder]
    others = [pair for pair in said if pair[0].truth != builder]
    wrong = tuple((one.picture, name) for one, a in own if (name := a.builder) is not None)
    theirs = [_score(a) for _, a in others]
    scores = [_score(a) for _, a in own]
    right = Share(sum(a.builder == one.truth for one, a in others), len(others))
    named = Share(len(wrong), len(own))
    return HeldOut(builder, named, right, auroc(theirs, scores), wrong), theirs, scores


def _score(said: Attribution) -> float:
    return candidate(said)[1]
