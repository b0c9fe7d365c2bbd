"""Was the builder named? Sightings in labelled pictures held against the truth, case by case.

A case is a machine with a builder's mark on it that a person can read in that picture. It
is `right` or `wrong` where the sighting of it names a builder, `unknown` where it names
none, `unseen` where there is no sighting of it. For a builder outside the registry
(`x-...`) to be left unknown is all that can be asked.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from datasets.entry import OUTSIDE
from datasets.photographs.annotations import AnnotatedMachine, AnnotatedMark, Photograph
from datasets.registry import Registry, id_of_label
from detector.boxes import iou, line_height
from detector.look.legibility import sharpness
from detector.read.reader import script_of
from detector.types import Attribution, Picture, Reading, Script, Sighting
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
    said: str | None = None
    outcome: Outcome = "unseen"
    grade: str | None = None
    probability: float | None = None
    readings: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    source: str = ""
    script: Script = "latin"
    height: float | None = None
    sharpness: float | None = None

    @property
    def in_registry(self) -> bool:
        return not self.truth.startswith(OUTSIDE)


Why = Literal["negative", "nothing", "other", "untold"]


@dataclass(frozen=True, slots=True)
class FalseName:
    """A builder named where none, or another one, is true. `why`: in a `negative` no CNC machine is
    in the picture. With `nothing` no labelled machine is there. With `other` the labelled machine
    is known to be another builder's. With `untold` a person could not tell its builder."""

    picture: str
    said: str
    truth: str | None
    why: Why
    grade: str
    probability: float
    readings: tuple[str, ...]
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NamingClaim:
    """The likeliest builder of one sighting whose truth is known, named or not.

    truth: the builder, None where no machine is (a negative). best: the candidate with the
    greatest probability, if there is any, and `chance`, that probability (`candidate`).
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
        owned = list(zip(assign(photograph, sightings), sightings, strict=True))
        seen = dict(owned)
        readable = [n for n in range(len(photograph.machines)) if is_case(photograph, n)]
        self.cases += [_case(photograph, n, seen.get(n), picture) for n in readable]
        negative, before = photograph.scene == "negative", len(self.false_names)
        for of, sighting in owned:
            machine, said = None if of is None else photograph.machines[of], sighting.attribution
            truth = None if machine is None else machine.builder
            if machine is not None and machine.ignore:
                continue
            if truth is not None or negative:
                about = photograph.image, photograph.source, truth, *candidate(said)
                named = said.builder is not None
                self.claims.append(NamingClaim(*about, named=named, case=of in readable))
            if said.builder is not None and said.builder != truth:
                self.false_names.append(_false_name(photograph, sighting, of, truth))
        self.negatives += negative
        self.named_negatives += negative and len(self.false_names) > before

    @property
    def named_share(self) -> Share:
        """Of the negatives, those in which a builder was named."""
        return Share(self.named_negatives, self.negatives)


def outcomes(cases: Sequence[NamingCase]) -> dict[Outcome, Share]:
    """How often each outcome came."""
    return {o: Share(sum(c.outcome == o for c in cases), len(cases)) for o in OUTCOMES}


def is_case(photograph: Photograph, machine: int) -> bool:
    """Whether a builder's mark that a person can read tells who built a machine, by its index."""
    one = photograph.machines[machine]
    told = one.by == "wordmark" and one.builder is not None and not one.ignore
    return told and bool(photograph.legible_builder_marks(machine))


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
    photograph: Photograph, index: int, seen: Sighting | None, picture: Picture | None
) -> NamingCase:
    truth, marks = str(photograph.machines[index].builder), photograph.legible_builder_marks(index)
    largest = max(marks, key=lambda mark: line_height(mark.box))
    about: dict[str, Any] = {"picture": photograph.image, "machine": index, "truth": truth}
    about |= {"marks": _texts(marks), "source": photograph.source}
    about |= {"script": script_of(largest.text), "height": line_height(largest.box)}
    if picture is not None:
        about["sharpness"] = round(sharpness(picture, largest.box), 4)
    if seen is None:
        return NamingCase(**about)
    said = seen.attribution
    about |= {"said": said.builder, "grade": said.grade, "probability": said.probability}
    outcome: Outcome = "right" if said.builder == truth else "wrong" if said.builder else "unknown"
    return NamingCase(**about, outcome=outcome, readings=_texts(seen.readings))


def _texts(read: Iterable[AnnotatedMark | Reading]) -> tuple[str, ...]:
    return tuple(one.text for one in read)


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


def _why(photograph: Photograph, of: int | None, truth: str | None) -> Why:
    if photograph.scene == "negative":
        return "negative"
    if of is None:
        return "nothing"
    return "untold" if truth is None else "other"


def _false_name(
    photograph: Photograph, sighting: Sighting, of: int | None, truth: str | None
) -> FalseName:
    said, why = sighting.attribution, _why(photograph, of, truth)
    marks = _texts(mark for mark in photograph.marks if mark.role == "builder")
    named = photograph.image, str(said.builder), truth, why, said.grade, said.probability
    return FalseName(*named, _texts(sighting.readings), marks)


# Sharpness of a mark's box (`detector.look.legibility`): of the legible marks of the first
# labelled split a tenth lay below the first edge and half above the second.
SHARPNESS: tuple[float, ...] = (0.0, 0.85, 0.95, 1.01)
CHINESE = "CN"

Slices = dict[str, dict[str, dict[Outcome, Share]]]


def slices(cases: Sequence[NamingCase], registry: Registry) -> Slices:
    """Outcomes of the cases whose builder is in the registry, cut five ways.

    Returns `script`, `height`, `blur`, `home` and `round`, each with its rows in the order they are
    read. A case of a machine whose picture was not at hand has no sharpness and stands in no row of
    `blur`.
    """
    inside = [case for case in cases if case.in_registry and case.truth in registry]

    def within(name: str, low: float, high: float) -> list[NamingCase]:
        values = ((case, getattr(case, name)) for case in inside)
        return [case for case, value in values if value is not None and low <= value < high]

    heights, blurs = itertools.pairwise(MARK_SIZES), itertools.pairwise(SHARPNESS)
    made = [(case, registry.get(case.truth).origin == CHINESE) for case in inside]
    scripts = ("latin", "han", "cyrillic")
    homes = (("China", True), ("elsewhere", False))
    rounds = ROUNDS.items()
    cut = {
        "script": {script: [c for c in inside if c.script == script] for script in scripts},
        "height": {size_name(*edges): within("height", *edges) for edges in heights},
        "blur": {_blur_name(*edges): within("sharpness", *edges) for edges in blurs},
        "home": {name: [c for c, chinese in made if chinese is own] for name, own in homes},
        "round": {name: [c for c in inside if c.picture.endswith(end)] for name, end in rounds},
    }
    return {by: {name: outcomes(held) for name, held in rows.items()} for by, rows in cut.items()}


def _blur_name(low: float, high: float) -> str:
    if low == 0:
        return f"sharpness < {high}"
    return f"sharpness >= {low}" if high > 1 else f"sharpness {low} to {high}"
