"""Which marks the legibility curve is measured with: a seeded sample of the registry's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from datasets.registry import Registry
from detector.matching.marks import Mark, marks_of
from detector.types import Script

Group = Literal["chinese-han", "chinese-latin", "elsewhere-latin", "cyrillic"]
GROUPS: tuple[Group, ...] = ("chinese-han", "chinese-latin", "elsewhere-latin", "cyrillic")
CHINESE: tuple[Group, ...] = ("chinese-han", "chinese-latin")
# Two clips in three bear a Chinese mark: that such machines are there is the claim under test.
CYCLE: tuple[Group, ...] = (
    "chinese-latin", "chinese-han", "elsewhere-latin",
    "chinese-han", "chinese-latin", "cyrillic",
)  # fmt: skip

# Longer marks do not fit on a machine at 64 pixels; a Han letter is as wide as two.
MOST_LETTERS = {"latin": 10, "cyrillic": 10, "han": 6}


@dataclass(frozen=True, slots=True)
class Written:
    """A mark to be written on a machine, and whose it is."""

    builder: str
    text: str
    script: Script
    group: Group


@dataclass(frozen=True, slots=True)
class Sample:
    """marks: by group, in seeded order. left_out: how many of the registry's wordmarks are not
    in it, by reason."""

    marks: Mapping[Group, tuple[Written, ...]]
    left_out: Mapping[str, int]

    def of(self, number: int) -> Written:
        """The mark of the clip with that number, groups in turn as in `CYCLE`; from the
        beginning again when a group has been gone through.

        Groups without any mark are passed over.
        """
        filled = [group for group in CYCLE if self.marks[group]]
        group = filled[number % len(filled)]
        place = sum(filled[n % len(filled)] == group for n in range(number))
        return self.marks[group][place % len(self.marks[group])]


def sample_marks(registry: Registry, seed: int = 0) -> Sample:
    """Every wordmark of a builder that may name it alone and fits on a machine.

    Marks that the registry calls too weak to stand alone (three letters, dictionary words,
    shared texts) are left unknown on purpose, however well they are read, and say nothing
    about legibility.
    """
    rng = np.random.default_rng(seed)
    left_out = {"needs a second cue": 0, "too long": 0, "other scripts": 0}
    found: dict[Group, list[Written]] = {group: [] for group in GROUPS}
    for mark in _wordmarks(registry):
        script: Script = "han" if mark.han else "cyrillic" if mark.cyrillic else "latin"
        group = _group(registry.get(mark.id).origin == "CN", script)
        if mark.needs_second_cue:
            left_out["needs a second cue"] += 1
        elif len(mark.letters) > MOST_LETTERS[script]:
            left_out["too long"] += 1
        elif group is None:
            left_out["other scripts"] += 1
        else:
            found[group].append(Written(mark.id, mark.text, script, group))
    shuffled = {
        group: tuple(marks[i] for i in rng.permutation(len(marks)))
        for group, marks in found.items()
    }
    return Sample(shuffled, left_out)


def _wordmarks(registry: Registry) -> Iterator[Mark]:
    return (m for m in marks_of(registry) if m.kind == "wordmark" and m.type != "control")


def _group(chinese: bool, script: Script) -> Group | None:
    if script == "cyrillic":
        return None if chinese else "cyrillic"
    if script == "han":
        return "chinese-han" if chinese else None
    return "chinese-latin" if chinese else "elsewhere-latin"
