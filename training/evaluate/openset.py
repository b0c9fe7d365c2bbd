"""The open set: are machines of builders that the registry lacks left unknown?

One builder at a time is taken out of the registry, with all that its marks look like, and its
machines are looked at again. They should then be left unknown, with a low chance for whoever comes
nearest. Pictures that the detector was trained on serve as well as others. The question is not
whether a machine is found, but whether its mark is taken for another's.

Two limits. What the mark embedder was trained on it has seen, though it no longer knows whose it
is. And a builder's sister badges (DMG and DMG MORI) stay in when it goes, as they would in life.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from datasets.photographs.annotations import Box
from datasets.registry import Registry
from detector.read.reader import PaddleReader
from detector.types import Attribution, Picture
from training.evaluate.chances import auroc, candidate
from training.evaluate.measures import Share

LEAST_MACHINES = 3
"""Machines with a builder's mark read or not: with fewer a builder is not held out."""


@dataclass(frozen=True, slots=True)
class SeenMachine:
    """A sighting of a machine whose builder's mark a person can read, and who it is attributed
    to."""

    picture: str
    truth: str
    said: Attribution


Again = Callable[[str, Registry], Sequence[SeenMachine]]
"""A builder's machines looked at again with a registry that lacks it."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One builder out of the registry.

    named: of its machines, those given somebody else's name; others_right: of the other
    builders' machines, those named right, with the whole registry; auroc: that the others score
    higher. wrong: picture and name given, for each.
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
    seen: Sequence[SeenMachine], registry: Registry, builders: int, again: Again
) -> OpenSet:
    """Holds out the builders with most machines in turn, each with `LEAST_MACHINES` at least.

    Args:
        seen: sightings of machines, of builders in the registry and of others.
        registry: the whole of it.
        builders: how many at most.
        again: looks at a builder's machines again.
    """
    inside = [one for one in seen if one.truth in registry]
    counted = Counter(one.truth for one in inside)
    commonest = sorted(counted, key=lambda id: (-counted[id], id))[:builders]
    rounds = []
    known: list[float] = []
    unknown: list[float] = []
    for builder in (id for id in commonest if counted[id] >= LEAST_MACHINES):
        less = Registry(entry for entry in registry if entry.id != builder)
        own = [one for one in again(builder, less) if one.truth == builder]
        others = [one for one in inside if one.truth != builder]
        theirs, scores = [_score(one) for one in others], [_score(one) for one in own]
        wrong = tuple((one.picture, name) for one in own if (name := one.said.builder) is not None)
        right = Share(sum(one.said.builder == one.truth for one in others), len(others))
        named = Share(len(wrong), len(own))
        rounds.append(HeldOut(builder, named, right, auroc(theirs, scores), wrong))
        known += theirs
        unknown += scores
    named = Share(sum(r.named.hits for r in rounds), sum(r.named.total for r in rounds))
    return OpenSet(tuple(rounds), named, auroc(known, unknown))


def _score(seen: SeenMachine) -> float:
    return candidate(seen.said)[1]


# The score at which such scripts usually call two strings the same.
LEAST = 88.0


class Naive:
    """Reads with `reader`, compares with every wordmark of `registry`'s builders."""

    def __init__(self, reader: PaddleReader, registry: Registry) -> None:
        self._reader = reader
        self._marks = [(m.text.casefold(), b.id) for b in registry.builders for m in b.wordmarks]

    def name(self, picture: Picture, box: Box) -> str | None:
        """The builder id of the nearest wordmark, or None where none is near enough.

        Args:
            picture: RGB, (height, width, 3).
            box: the machine in it, pixels.
        """
        x1, y1, x2, y2 = (max(0, round(side)) for side in box)
        crop = np.ascontiguousarray(picture[y1:y2, x1:x2])
        lines = [r.text.casefold() for r in self._reader.read(crop, Fraction(0))]
        scored = [(ratio(line, mark), id) for line in lines for mark, id in self._marks]
        best, id = max(scored, default=(0.0, ""))
        return id if best >= LEAST else None


def ratio(a: str, b: str) -> float:
    """Likeness of two strings, 0..100: twice their longest common subsequence over both lengths.

    The `ratio` of RapidFuzz, computed.
    """
    if not a and not b:
        return 100.0
    # No pair of such lengths can reach the score that counts.
    if 200.0 * min(len(a), len(b)) < LEAST * (len(a) + len(b)):
        return 0.0
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for j, y in enumerate(b, start=1):
            above = row[j]
            row[j] = diagonal + 1 if x == y else max(above, row[j - 1])
            diagonal = above
    return 200.0 * row[-1] / (len(a) + len(b))
