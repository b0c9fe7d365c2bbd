"""What the detector found in labelled pictures, counted class by class.

Asked for are CNC machines, legible builder marks and operator panels. A machine that is no CNC, or
may be none, may be found or not: it is neither hit nor false alarm. So with marks of other roles,
and with whatever is marked `ignore`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.photographs.annotations import AnnotatedMachine, AnnotatedMark, Photograph
from detector.boxes import Boxes
from detector.types import CONTROL, MACHINE, WORDMARK, Detections
from training.evaluate.measures import (
    Matched,
    Share,
    average_precision,
    average_precision_interval,
    boxes,
    match,
    match_each,
    mean_average_precision,
    precision,
    recall,
    recall_at_precision,
)

# Below it a machine is some pixels in the background of a hall.
SMALL_MACHINE = 60.0
# Shorter side of a machine in pixels, of a mark: unreadable, hard, plain, large.
MACHINE_SIZES: tuple[float, ...] = (0.0, SMALL_MACHINE, 150.0, 300.0, float("inf"))
MARK_SIZES: tuple[float, ...] = (0.0, 12.0, 24.0, 48.0, float("inf"))


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture and what was found in it, held against the truth.

    machines: at each of `OVERLAPS`; large: with machines up to `SMALL_MACHINE` left out; closer:
    marks of the whole picture and of the closer looks together. manual: machines that are no CNC.
    """

    photograph: Photograph
    predicted: Boxes
    truth: Boxes
    kinds: tuple[str, ...]
    machines: tuple[Matched, ...]
    large: Matched
    marks: Matched
    mark_sides: NDArray[np.float64]
    closer: Matched | None
    controls: tuple[Matched, ...]
    manual: Matched

    @property
    def hall(self) -> bool:
        return self.photograph.more.get("view") == "hall"

    def of_size(self, low: float, high: float) -> Matched:
        return _of_size(self.machines[0], self.predicted, self.truth, low, high)

    def marks_of_size(self, low: float, high: float) -> Matched:
        chosen = (self.mark_sides >= low) & (self.mark_sides < high)
        return replace(self.marks, found=self.marks.found[chosen])

    def of_kind(self, kind: str) -> Matched:
        chosen = np.array([k == kind for k in self.kinds], np.bool_)
        return replace(self.machines[0], found=self.machines[0].found[chosen])


ROUNDS = {"first round (.jpg)": ".jpg", "new (.webp)": ".webp"}
"""The rounds in which the project's pictures were collected, by the ending of their names."""


@dataclass(slots=True)
class Spotted:
    """What was found, picture by picture; filled by `add`.

    Args:
        confidence: least confidence of a machine that counts as reported.
        mark_confidence: the same for a wordmark or a control.
    """

    confidence: float
    mark_confidence: float
    looked: list[Looked] = field(default_factory=list)

    def add(
        self, photograph: Photograph, found: Detections, closer: Detections | None = None
    ) -> None:
        """Counts one picture.

        Args:
            found: everything seen in the whole picture, at any confidence.
            closer: what the closer looks at its machines saw, if there were any.
        """
        machines, panels, marks = (found.of(kind) for kind in (MACHINE, CONTROL, WORDMARK))
        asked = [m for m in photograph.machines if _asked(m)]
        truth = boxes([m.box for m in asked])
        ignore = boxes([m.box for m in photograph.machines if not _asked(m)])
        manual = [m.box for m in photograph.machines if m.cnc is False and not m.ignore]
        legible = [m.box for m in photograph.marks if is_legible(m)]
        given = [(c.box, c.ignore) for c in photograph.controls]
        each = match_each(machines.xyxy, machines.confidence, truth, ignore)
        free = ~each[0].hit
        near = None
        if closer is not None:
            seen = closer.of(WORDMARK)
            near = match(
                np.concatenate([marks.xyxy, seen.xyxy]),
                np.concatenate([marks.confidence, seen.confidence]),
                boxes(legible),
                boxes([]),
            )
        self.looked.append(
            Looked(
                photograph,
                machines.xyxy,
                truth,
                tuple(m.kind for m in asked),
                each,
                match(machines.xyxy, machines.confidence, truth, ignore, smallest=SMALL_MACHINE),
                match(marks.xyxy, marks.confidence, boxes(legible), boxes([])),
                np.array([min(x2 - x1, y2 - y1) for x1, y1, x2, y2 in legible]),
                near,
                match_each(
                    panels.xyxy,
                    panels.confidence,
                    boxes([box for box, ignored in given if not ignored]),
                    boxes([box for box, ignored in given if ignored]),
                ),
                match(machines.xyxy[free], machines.confidence[free], boxes(manual), boxes([])),
            )
        )

    @property
    def rounds(self) -> dict[str, Spotted]:
        """The pictures of each round, where there are some of both."""
        parts = {
            name: replace(
                self, looked=[p for p in self.looked if p.photograph.image.endswith(ending)]
            )
            for name, ending in ROUNDS.items()
        }
        return parts if all(part.looked for part in parts.values()) else {}

    @property
    def negatives(self) -> int:
        return len(self._false_on_negatives())

    @property
    def false_on_negatives(self) -> int:
        return sum(self._false_on_negatives())

    @property
    def disturbed_share(self) -> Share:
        """Of the negatives, those in which a machine was reported."""
        false = self._false_on_negatives()
        return Share(sum(map(bool, false)), len(false))

    @property
    def counts(self) -> list[dict[str, Any]]:
        """Each picture at the operating point, to compare two runs.

        wanted: CNC machines there; found: of them, found; reported: machines reported that count;
        hits: of them, right; marks, marks_found: legible builder marks, and those found.
        """
        return [self._count(one) for one in self.looked]

    def measures(self) -> list[Measure]:
        """What a detector is judged by, machines over `SMALL_MACHINE` pixels throughout."""
        looked, least = self.looked, self.confidence
        large = [p.large for p in looked]
        sources = [p.photograph.source for p in looked]
        aps = {"AP50": [p.machines[0] for p in looked], "AP50, over 60 px": large}
        floors = [p for p in looked if p.photograph.scene == "shopfloor"]
        places = {"shop floors": floors, "of them halls": [p for p in floors if p.hall]}
        for scene in ("studio", "fair"):
            places[scene] = [p for p in looked if p.photograph.scene == scene]
        middle, end = MACHINE_SIZES[2], MACHINE_SIZES[-1]
        sizes = {
            f"{SMALL_MACHINE:.0f} to {middle:.0f} px": (SMALL_MACHINE, middle),
            f"over {middle:.0f} px": (middle, end),
        }
        seen = {"whole picture": [p.marks for p in looked]}
        if any(p.closer is not None for p in looked):
            seen["with the closer look"] = [p.closer or p.marks for p in looked]
        shares = {
            "found": recall(large, least),
            "reported that are some": precision(large, least),
            **{
                f"found: {name}": recall([p.large for p in parts], least)
                for name, parts in places.items()
            },
            **{
                f"found: {name}": recall([p.of_size(*edges) for p in looked], least)
                for name, edges in sizes.items()
            },
            **{
                f"legible builder marks seen: {name}": recall(parts, self.mark_confidence)
                for name, parts in seen.items()
            },
            "negatives with a machine": self.disturbed_share,
            "manual machines called CNC": recall([p.manual for p in looked], least),
        }
        return [
            Measure("recall at precision 0.90", recall_at_precision(large)),
            *(
                Measure(of, None, average_precision(m), average_precision_interval(m, sources))
                for of, m in aps.items()
            ),
            *(Measure(of, share) for of, share in shares.items()),
        ]

    def rows(self) -> list[DetectionRow]:
        """The table, in the order it is printed."""
        looked = self.looked
        machines, controls = [p.machines[0] for p in looked], [p.controls[0] for p in looked]
        large = [p.large for p in looked]
        rows = [
            self._row("CNC machines", machines, [p.machines for p in looked]),
            self._row(f"shorter side > {SMALL_MACHINE:.0f} px", large, None),
        ]
        for low, high in itertools.pairwise(MACHINE_SIZES):
            parts = [p.of_size(low, high) for p in looked]
            rows.append(replace(self._row(size_name(low, high), parts, None), ap50=None))
        for scene in sorted({p.photograph.scene for p in looked}):
            parts = [p.machines[0] for p in looked if p.photograph.scene == scene]
            rows.append(replace(self._row(f"scene {scene}", parts, None), ap50=None))
        for kind in sorted({kind for p in looked for kind in p.kinds}):
            found = recall([p.of_kind(kind) for p in looked], self.confidence)
            rows.append(DetectionRow("machine", f"kind {kind}", None, found, None))
        marks = {"legible builder marks": [p.marks for p in looked]} | {
            size_name(*edges): [p.marks_of_size(*edges) for p in looked]
            for edges in itertools.pairwise(MARK_SIZES)
        }
        for name, parts in marks.items():
            rows.append(
                DetectionRow("wordmark", name, None, recall(parts, self.mark_confidence), None)
            )
        least = self.mark_confidence
        rows.append(
            DetectionRow("control", "operator panels", precision(controls, least),
                recall(controls, least), average_precision(controls),
                mean_average_precision([p.controls for p in looked]))
        )  # fmt: skip
        return rows

    def _row(
        self, name: str, parts: Sequence[Matched], strict: Sequence[tuple[Matched, ...]] | None
    ) -> DetectionRow:
        return DetectionRow(
            "machine",
            name,
            precision(parts, self.confidence),
            recall(parts, self.confidence),
            average_precision(parts),
            None if strict is None else mean_average_precision(strict),
        )

    def _false_on_negatives(self) -> list[int]:
        """Machines reported in each negative."""
        found = (p.machines[0] for p in self.looked if p.photograph.scene == "negative")
        return [int(((m.confidence >= self.confidence) & ~m.hit & ~m.ignored).sum()) for m in found]

    def _count(self, one: Looked) -> dict[str, Any]:
        exact = precision([one.machines[0]], self.confidence)
        complete = recall([one.machines[0]], self.confidence)
        legible = recall([one.marks], self.mark_confidence)
        return {
            "picture": one.photograph.image,
            "source": one.photograph.source,
            "wanted": complete.total,
            "found": complete.hits,
            "reported": exact.total,
            "hits": exact.hits,
            "marks": legible.total,
            "marks_found": legible.hits,
        }


@dataclass(frozen=True, slots=True)
class Measure:
    """One number a detector is judged by: a share, or a value with its 95 % interval."""

    of: str
    share: Share | None
    value: float | None = None
    interval: tuple[float, float] | None = None

    def __str__(self) -> str:
        if self.share is not None:
            return str(self.share)
        if self.value is None or self.interval is None:
            return "-"
        return f"{self.value:.3f} ({self.interval[0]:.2f}-{self.interval[1]:.2f})"

    def as_dict(self) -> dict[str, object]:
        if self.share is not None:
            return {"of": self.of, **self.share.as_dict()}
        low, high = self.interval or (None, None)
        rounded = (None if v is None else round(v, 4) for v in (self.value, low, high))
        return {"of": self.of, **dict(zip(("share", "low", "high"), rounded, strict=True))}


@dataclass(frozen=True, slots=True)
class DetectionRow:
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


def _asked(machine: AnnotatedMachine) -> bool:
    return bool(machine.cnc) and not machine.ignore


def is_legible(mark: AnnotatedMark) -> bool:
    """Whether a person can read this mark of a builder."""
    return mark.role == "builder" and mark.legible and not mark.ignore
