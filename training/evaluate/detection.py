"""What the detector found in labelled pictures, counted class by class.

Asked for are CNC machines, legible builder marks and operator panels. A machine that is
no CNC, or of which it cannot be told, may be found or not: it is neither hit nor false
alarm. So with marks of other roles, and with whatever is marked `ignore`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from datasets.annotations import Machine, Photograph
from detector.boxes import Boxes
from detector.types import CONTROL, MACHINE, WORDMARK, Detections
from training.evaluate.measures import (
    Matched,
    Share,
    average_precision,
    boxes,
    match,
    match_each,
    mean_average_precision,
    precision,
    recall,
)

# Below it a machine is some pixels in the background of a hall.
SMALL_MACHINE = 60.0
# Shorter side of a machine in pixels, of a mark: unreadable, hard, plain, large.
MACHINE_SIZES: tuple[float, ...] = (0.0, SMALL_MACHINE, 150.0, 300.0, float("inf"))
MARK_SIZES: tuple[float, ...] = (0.0, 12.0, 24.0, 48.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Count:
    """One picture at the operating point, by which two runs are compared.

    wanted: CNC machines there; found: of them, found; reported: machines reported that count;
    hits: of them, right; marks, marks_found: legible builder marks, and those found.
    """

    picture: str
    source: str
    wanted: int
    found: int
    reported: int
    hits: int
    marks: int
    marks_found: int


@dataclass(slots=True)
class Spotted:
    """Matches picture by picture, filled by `add`, read by `rows`.

    Args:
        confidence: least confidence of a machine that counts as reported.
        mark_confidence: the same for a wordmark or a control.
    """

    confidence: float
    mark_confidence: float
    machines: list[Matched] = field(default_factory=list)
    strict: list[tuple[Matched, ...]] = field(default_factory=list)
    sizes: dict[str, list[Matched]] = field(default_factory=dict)
    counts: list[Count] = field(default_factory=list)
    strict_controls: list[tuple[Matched, ...]] = field(default_factory=list)
    large_machines: list[Matched] = field(default_factory=list)
    controls: list[Matched] = field(default_factory=list)
    marks: dict[str, list[Matched]] = field(default_factory=dict)
    scenes: dict[str, list[Matched]] = field(default_factory=dict)
    kinds: dict[str, list[Matched]] = field(default_factory=dict)
    negatives: int = 0
    false_on_negatives: int = 0
    disturbed_negatives: int = 0

    def add(self, photograph: Photograph, found: Detections) -> None:
        """Counts one picture. `found`: everything seen, at any confidence."""
        machines = self._add_machines(photograph, found.of(MACHINE))
        marks = self._add_marks(photograph, found.of(WORDMARK))
        panels = found.of(CONTROL)
        truth = boxes([c.box for c in photograph.controls if not c.ignore])
        either = boxes([c.box for c in photograph.controls if c.ignore])
        self.strict_controls.append(match_each(panels.xyxy, panels.confidence, truth, either))
        self.controls.append(self.strict_controls[-1][0])
        exact, complete = (
            precision([machines], self.confidence),
            recall([machines], self.confidence),
        )
        legible = recall([marks], self.mark_confidence)
        self.counts.append(
            Count(
                photograph.image,
                photograph.source,
                complete.total,
                complete.hits,
                exact.total,
                exact.hits,
                legible.total,
                legible.hits,
            )
        )

    def _add_machines(self, photograph: Photograph, found: Detections) -> Matched:
        truth = boxes([m.box for m in photograph.machines if _asked(m)])
        ignore = boxes([m.box for m in photograph.machines if not _asked(m)])
        self.strict.append(match_each(found.xyxy, found.confidence, truth, ignore))
        matched = self.strict[-1][0]
        self.machines.append(matched)
        for low, high in itertools.pairwise(MACHINE_SIZES):
            part = _of_size(matched, found.xyxy, truth, low, high)
            self.sizes.setdefault(size_name(low, high), []).append(part)
        self.large_machines.append(
            match(found.xyxy, found.confidence, truth, ignore, smallest=SMALL_MACHINE)
        )
        self.scenes.setdefault(photograph.scene, []).append(matched)
        asked = [m for m in photograph.machines if _asked(m)]
        for kind in {m.kind for m in asked}:
            chosen = np.array([m.kind == kind for m in asked])
            part = replace(matched, found=matched.found[chosen])
            self.kinds.setdefault(kind, []).append(part)
        if photograph.scene == "negative":
            false = (found.confidence >= self.confidence) & ~matched.hit & ~matched.ignored
            self.negatives += 1
            self.false_on_negatives += int(false.sum())
            self.disturbed_negatives += bool(false.any())
        return matched

    def _add_marks(self, photograph: Photograph, found: Detections) -> Matched:
        marks = [m for m in photograph.marks if m.role == "builder" and not m.ignore]
        asked = [m.box for m in marks if m.legible]
        matched = match(found.xyxy, found.confidence, boxes(asked), boxes([]))
        sizes = np.array([min(x2 - x1, y2 - y1) for x1, y1, x2, y2 in asked])
        for low, high in itertools.pairwise(MARK_SIZES):
            chosen = (sizes >= low) & (sizes < high)
            part = replace(matched, found=matched.found[chosen])
            self.marks.setdefault(size_name(low, high), []).append(part)
        return matched

    @property
    def disturbed_share(self) -> Share:
        """Of the negatives, those in which a machine was reported."""
        return Share(self.disturbed_negatives, self.negatives)

    def rows(self) -> list[Row]:
        """The table, in the order it is printed."""
        marks = [part for parts in self.marks.values() for part in parts]
        rows = [
            Row("machine", "CNC machines", self._machine_precision(self.machines),
                recall(self.machines, self.confidence), average_precision(self.machines),
                mean_average_precision(self.strict)),
            Row("machine", f"shorter side > {SMALL_MACHINE:.0f} px",
                self._machine_precision(self.large_machines),
                recall(self.large_machines, self.confidence),
                average_precision(self.large_machines)),
        ]  # fmt: skip
        for name, parts in self.sizes.items():
            rows.append(self._machine_row(name, parts, self._machine_precision(parts)))
        for name, parts in sorted(self.scenes.items()):
            rows.append(self._machine_row(f"scene {name}", parts, self._machine_precision(parts)))
        for name, parts in sorted(self.kinds.items()):
            rows.append(self._machine_row(f"kind {name}", parts, None))
        rows.append(Row("wordmark", "legible builder marks", None, self._mark_recall(marks), None))
        for name, parts in self.marks.items():
            rows.append(Row("wordmark", name, None, self._mark_recall(parts), None))
        rows.append(
            Row("control", "operator panels", precision(self.controls, self.mark_confidence),
                recall(self.controls, self.mark_confidence), average_precision(self.controls),
                mean_average_precision(self.strict_controls))
        )  # fmt: skip
        return rows

    def _machine_row(self, name: str, parts: Sequence[Matched], exact: Share | None) -> Row:
        return Row("machine", name, exact, recall(parts, self.confidence), None)

    def _machine_precision(self, parts: Sequence[Matched]) -> Share:
        return precision(parts, self.confidence)

    def _mark_recall(self, parts: Sequence[Matched]) -> Share:
        return recall(parts, self.mark_confidence)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of detection; None where a measure has no meaning."""

    class_name: str
    of: str
    precision: Share | None
    recall: Share
    ap50: float | None
    ap50_95: float | None = None

    def as_dict(self) -> dict[str, object]:
        return {
            "class": self.class_name,
            "of": self.of,
            "precision": None if self.precision is None else self.precision.as_dict(),
            "recall": self.recall.as_dict(),
            "ap50": None if self.ap50 is None else round(self.ap50, 4),
            "ap50_95": None if self.ap50_95 is None else round(self.ap50_95, 4),
        }


def _of_size(matched: Matched, predicted: Boxes, truth: Boxes, low: float, high: float) -> Matched:
    """Of one picture the true boxes of a size, the boxes that found them, and false alarms of
    that size. A hit counts by the size of what it found: its own may fall on the other side."""
    wanted = _within(truth, low, high)
    chosen = _within(predicted, low, high)
    chosen[matched.hit] = wanted[matched.owner[matched.hit]]
    return Matched(
        matched.confidence[chosen],
        matched.hit[chosen],
        matched.ignored[chosen],
        matched.found[wanted],
        matched.owner[chosen],
    )


def _within(rows: Boxes, low: float, high: float) -> NDArray[np.bool_]:
    sides = (rows[:, 2:] - rows[:, :2]).min(axis=1)
    return np.asarray((sides >= low) & (sides < high), np.bool_)


def size_name(low: float, high: float) -> str:
    """What a row of boxes of that size is called."""
    if low == 0:
        return f"shorter side < {high:.0f} px"
    if high == float("inf"):
        return f"shorter side >= {low:.0f} px"
    return f"shorter side {low:.0f} to {high:.0f} px"


def _asked(machine: Machine) -> bool:
    return bool(machine.cnc) and not machine.ignore
