"""Was the builder named? Sightings in labelled pictures held against the truth, case by case.

A case is a machine with a builder's mark on it that a person can read in that picture. It
is `right` or `wrong` where the sighting of it names a builder, `unknown` where it names
none, `unseen` where there is no sighting of it. For a builder outside the registry
(`x-...`) to be left unknown is all that can be asked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from datasets.photographs.annotations import AnnotatedMachine, AnnotatedMark, Photograph
from datasets.registry import OUTSIDE, Registry, id_of_label
from detector.boxes import iou
from detector.look.legibility import sharpness
from detector.read.reader import script_of
from detector.types import Attribution, Picture, Script, Sighting
from training.evaluate.detection import MARK_SIZES, ROUNDS, size_name
from training.evaluate.measures import FOUND, Share, boxes

Outcome = Literal["right", "unknown", "unseen", "wrong"]
OUTCOMES: tuple[Outcome, ...] = ("right", "unknown", "unseen", "wrong")


def as_entries(photographs: Sequence[Photograph], registry: Registry) -> tuple[Photograph, ...]:
    """The labelled pictures with builders' labels older than their registry entry put right.

    `x-acme` says that acme was in no registry when the picture was labelled; where it is in
    this one, naming it is right.
    """

    def known(machine: AnnotatedMachine) -> AnnotatedMachine:
        label = machine.builder
        builder = None if label is None else id_of_label(label, registry)
        return machine.model_copy(update={"builder": builder})

    changes = ({"machines": tuple(map(known, one.machines))} for one in photographs)
    return tuple(one.model_copy(update=c) for one, c in zip(photographs, changes, strict=True))


@dataclass(frozen=True, slots=True)
class NamingCase:
    """One machine that could be named, and what was said of it.

    machine: its index in the picture's line. marks: what its builder's marks say. script, height:
    of the largest of them, its shorter side in pixels. sharpness: 0..1, by
    `detector.look.legibility.sharpness`.
    """

    picture: str
    machine: int
    truth: str
    said: str | None
    outcome: Outcome
    grade: str | None
    probability: float | None
    readings: tuple[str, ...]
    marks: tuple[str, ...]
    source: str = ""
    script: Script = "latin"
    height: float | None = None
    sharpness: float | None = None

    @property
    def in_registry(self) -> bool:
        return not self.truth.startswith(OUTSIDE)


@dataclass(frozen=True, slots=True)
class FalseName:
    """A builder named where none, or another one, is true. `why`: in a `negative` no CNC machine is
    in the picture. With `nothing` no labelled machine is there. With `other` the labelled machine
    is known to be another builder's. With `untold` a person could not tell its builder."""

    picture: str
    said: str
    truth: str | None
    why: Literal["negative", "nothing", "other", "untold"]
    grade: str
    probability: float
    readings: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamingClaim:
    """The likeliest builder of one sighting whose truth is known, named or not.

    truth: the builder, None where no machine is (a negative). best: the candidate with the
    greatest probability, if there is any, and `chance`, that probability (`chances.candidate`).
    case: it is one of the machines with a legible mark.
    """

    picture: str
    source: str
    truth: str | None
    best: str | None
    chance: float
    named: bool
    case: bool

    @property
    def right(self) -> bool:
        return self.best is not None and self.best == self.truth


@dataclass(slots=True)
class NamingCounts:
    """Cases, false names and claims, filled by `add`."""

    claims: list[NamingClaim] = field(default_factory=list)
    cases: list[NamingCase] = field(default_factory=list)
    false_names: list[FalseName] = field(default_factory=list)
    negatives: int = 0
    named_negatives: int = 0

    def add(
        self, photograph: Photograph, sightings: Sequence[Sighting], picture: Picture | None = None
    ) -> None:
        """Counts one picture; `picture`, if given, is what sharpness is measured on."""
        owned = list(zip(sightings, assign(photograph, sightings), strict=True))
        for index, machine in enumerate(photograph.machines):
            if machine.builder is not None and is_case(photograph, index):
                seen = next((sighting for sighting, of in owned if of == index), None)
                self.cases.append(_case(photograph, index, machine.builder, seen, picture))
        claims = (_claim(photograph, *one) for one in owned)
        self.claims += [claim for claim in claims if claim is not None]
        names = (_false_name(photograph, *one) for one in owned)
        named = [false for false in names if false is not None]
        self.false_names += named
        if photograph.scene == "negative":
            self.negatives += 1
            self.named_negatives += any(false.why == "negative" for false in named)

    def share(self, outcome: Outcome, in_registry: bool) -> Share:
        """Of the cases whose builder is in the registry, or is not, those with an outcome."""
        chosen = [c for c in self.cases if c.in_registry == in_registry]
        return Share(sum(c.outcome == outcome for c in chosen), len(chosen))

    @property
    def named_share(self) -> Share:
        """Of the negatives, those in which a builder was named."""
        return Share(self.named_negatives, self.negatives)


def is_case(photograph: Photograph, machine: int) -> bool:
    """Whether a builder's mark that a person can read tells who built a machine, by its index."""
    one = photograph.machines[machine]
    told = one.by == "wordmark" and one.builder is not None and not one.ignore
    return told and bool(photograph.legible_builder_marks(machine))


def judge(truth: str, said: str | None) -> Outcome:
    """What to call the name `said` where `truth` is the builder."""
    if said is None:
        return "unknown"
    return "right" if said == truth else "wrong"


def assign(photograph: Photograph, sightings: Sequence[Sighting]) -> list[int | None]:
    """The index of the labelled machine each sighting is of, each machine at most once.

    First by overlap, the greatest first, from `FOUND` on. Then a sighting left over takes a machine
    left over, if one of that machine's builder marks has its centre in the sighting's box.
    """
    true = boxes([machine.box for machine in photograph.machines])
    overlap = iou(boxes([s.best.box for s in sightings]), true)
    owners: list[int | None] = [None] * len(sightings)
    for flat in np.argsort(-overlap, axis=None, kind="stable"):
        row, column = (int(i) for i in np.unravel_index(flat, overlap.shape))
        if overlap[row, column] < FOUND:
            break
        if owners[row] is None and column not in owners:
            owners[row] = column
    # One to be ignored tells as well which machine it stands on, though not whose that is.
    marks = [m for m in photograph.marks if m.role == "builder" and m.legible]
    for column in range(len(photograph.machines)):
        for row, sighting in enumerate(sightings):
            x1, y1, x2, y2 = sighting.best.box
            holds = any(
                x1 <= (m.box[0] + m.box[2]) / 2 <= x2 and y1 <= (m.box[1] + m.box[3]) / 2 <= y2
                for m in marks
                if m.of == column
            )
            if owners[row] is None and column not in owners and holds:
                owners[row] = column
    return owners


def _case(
    photograph: Photograph, index: int, truth: str, seen: Sighting | None, picture: Picture | None
) -> NamingCase:
    said = None if seen is None else seen.attribution
    marks = photograph.legible_builder_marks(index)
    largest = max(marks, key=_height)
    return NamingCase(
        photograph.image,
        index,
        truth,
        None if said is None else said.builder,
        "unseen" if said is None else judge(truth, said.builder),
        None if said is None else said.grade,
        None if said is None else said.probability,
        () if seen is None else tuple(r.text for r in seen.readings),
        tuple(m.text for m in marks),
        source=photograph.source,
        script=script_of(largest.text),
        height=_height(largest),
        sharpness=None if picture is None else round(sharpness(picture, largest.box), 4),
    )


def _height(mark: AnnotatedMark) -> float:
    x1, y1, x2, y2 = mark.box
    return min(x2 - x1, y2 - y1)


# Evidence that points to no builder of the machine, whatever its weight.
SILENT = frozenset({"control", "concealed", "overlay", "dealer"})


def candidate(said: Attribution) -> tuple[str | None, float]:
    """The likeliest builder of an attribution and its probability, named or not.

    An attribution left unknown states only the probability of `unknown`. The rest is shared among
    the builders its evidence speaks for, in proportion to exp(log-odds), as the attribution itself
    does. It is exact for one builder. Where two compete, parts of one mark counted twice make it
    coarse.

    Returns registry id and probability; (None, 0.0) where no evidence speaks for anybody.
    """
    if said.builder is not None:
        return said.builder, said.probability
    totals: dict[str, float] = {}
    for line in said.evidence:
        if line.id is not None and line.kind not in SILENT and line.weight > 0:
            totals[line.id] = totals.get(line.id, 0.0) + line.weight
    if not totals:
        return None, 0.0
    best = max(sorted(totals), key=lambda id: totals[id])
    share = 1.0 / sum(math.exp(total - totals[best]) for total in totals.values())
    return best, (1.0 - said.probability) * share


def _claim(photograph: Photograph, sighting: Sighting, of: int | None) -> NamingClaim | None:
    """None where the truth is not known, or the machine is to be ignored."""
    machine = None if of is None else photograph.machines[of]
    truth = None if machine is None else machine.builder
    if machine is not None and machine.ignore:
        return None
    if truth is None and photograph.scene != "negative":
        return None
    best, chance = candidate(sighting.attribution)
    named = sighting.attribution.builder is not None
    case = of is not None and is_case(photograph, of)
    return NamingClaim(photograph.image, photograph.source, truth, best, chance, named, case)


def _false_name(photograph: Photograph, sighting: Sighting, of: int | None) -> FalseName | None:
    said = sighting.attribution
    machine = None if of is None else photograph.machines[of]
    truth = None if machine is None else machine.builder
    if said.builder is None or truth == said.builder or (machine is not None and machine.ignore):
        return None
    why: Literal["negative", "nothing", "other", "untold"]
    if photograph.scene == "negative":
        why = "negative"
    elif machine is None:
        why = "nothing"
    else:
        why = "untold" if truth is None else "other"
    texts = tuple(r.text for r in sighting.readings)
    marks = tuple(m.text for m in photograph.marks if m.role == "builder")
    named = photograph.image, said.builder, truth, why, said.grade, said.probability
    return FalseName(*named, texts, marks)


# Sharpness of a mark's box (`detector.look.legibility`): of the legible marks of the first
# labelled split a tenth lay below the first edge and half above the second.
SHARPNESS: tuple[float, ...] = (0.0, 0.85, 0.95, 1.01)
CHINESE = "CN"

Shares = Mapping[Outcome, Share]
Slices = dict[str, dict[str, Shares]]


def slices(cases: Sequence[NamingCase], registry: Registry) -> Slices:
    """Outcomes of the cases whose builder is in the registry, cut five ways.

    Returns `script`, `height`, `blur`, `home` and `round`, each with its rows in the order they are
    read. A case of a machine whose picture was not at hand has no sharpness and stands in no row of
    `blur`.
    """
    inside = [case for case in cases if case.in_registry and case.truth in registry]

    def by_range(edges: Sequence[float], name: Callable[[float, float], str], field: str) -> Any:
        ranges = {name(*pair): pair for pair in itertools.pairwise(edges)}
        values = [(case, getattr(case, field)) for case in inside]
        return {
            row: [case for case, value in values if value is not None and low <= value < high]
            for row, (low, high) in ranges.items()
        }

    made = [(case, registry.get(case.truth).origin == CHINESE) for case in inside]
    cut: dict[str, dict[str, list[NamingCase]]] = {
        "script": {s: [c for c in inside if c.script == s] for s in ("latin", "han", "cyrillic")},
        "height": by_range(MARK_SIZES, size_name, "height"),
        "blur": by_range(SHARPNESS, _blur_name, "sharpness"),
        "home": {
            name: [case for case, chinese in made if chinese is here]
            for name, here in (("China", True), ("elsewhere", False))
        },
        "round": {
            name: [case for case in inside if case.picture.endswith(end)]
            for name, end in ROUNDS.items()
        },
    }
    return {
        by: {
            name: {o: Share(sum(c.outcome == o for c in held), len(held)) for o in OUTCOMES}
            for name, held in rows.items()
        }
        for by, rows in cut.items()
    }


def _blur_name(low: float, high: float) -> str:
    if low == 0:
        return f"sharpness < {high}"
    return f"sharpness >= {low}" if high > 1 else f"sharpness {low} to {high}"
