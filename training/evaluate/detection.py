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

from datasets.photographs.annotations import AnnotatedMark, Photograph
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
    rounded,
    shorter_sides,
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

    def of_size(self, low: float, high: float) -> Matched:
        """True machines of a size, the boxes that found them, and false alarms of that size.

        A hit counts by the size of what it found: its own may fall on the other side.
        """
        matched = self.machines[0]
        wanted, chosen = (
            (sides >= low) & (sides < high)
            for sides in map(shorter_sides, (self.truth, self.predicted))
        )
        chosen[matched.hit] = wanted[matched.owner[matched.hit]]
        return Matched(
            matched.confidence[chosen],
            matched.hit[chosen],
            matched.ignored[chosen],
            matched.found[wanted],
            matched.owner[chosen],
        )

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

    confidence: least confidence of a machine that counts as reported. mark_confidence: the same for
    a wordmark or a control.
    """

    confidence: float
    mark_confidence: float
    looked: list[Looked] = field(default_factory=list)

    def add(
        self, photograph: Photograph, found: Detections, closer: Detections | None = None
    ) -> None:
        """Counts one picture.

        found: everything seen in the whole picture, at any confidence. closer: what the closer
        looks at its machines saw, if there were any.
        """
        machines, panels, marks = (found.of(kind) for kind in (MACHINE, CONTROL, WORDMARK))
        asked = [m for m in photograph.machines if m.cnc and not m.ignore]
        truth, nothing = boxes([m.box for m in asked]), boxes([])
        ignore = boxes([m.box for m in photograph.machines if not m.cnc or m.ignore])
        manual = [m.box for m in photograph.machines if m.cnc is False and not m.ignore]
        sides = [m.box for m in photograph.marks if is_legible(m)]
        legible = boxes(sides)
        given = photograph.controls
        each = match_each(machines.xyxy, machines.confidence, truth, ignore)
        free = ~each[0].hit
        near = None
        if closer is not None:
            seen = closer.of(WORDMARK)
            near = match(
                np.concatenate([marks.xyxy, seen.xyxy]),
                np.concatenate([marks.confidence, seen.confidence]),
                legible,
                nothing,
            )
        self.looked.append(
            Looked(
                photograph,
                machines.xyxy,
                truth,
                tuple(m.kind for m in asked),
                each,
                match(machines.xyxy, machines.confidence, truth, ignore, smallest=SMALL_MACHINE),
                match(marks.xyxy, marks.confidence, legible, nothing),
                np.array([min(x2 - x1, y2 - y1) for x1, y1, x2, y2 in sides]),
                near,
                match_each(
                    panels.xyxy,
                    panels.confidence,
                    boxes([panel.box for panel in given if not panel.ignore]),
                    boxes([panel.box for panel in given if panel.ignore]),
                ),
                match(machines.xyxy[free], machines.confidence[free], boxes(manual), nothing),
            )
        )

    @property
    def rounds(self) -> dict[str, Spotted]:
        """The pictures of each round, where there are some of both."""
        parts = {
            name: replace(self, looked=[p for p in self.looked if p.photograph.image.endswith(end)])
            for name, end in ROUNDS.items()
        }
        return parts if all(part.looked for part in parts.values()) else {}

    @property
    def false_on_negatives(self) -> list[int]:
        """Machines reported in each negative."""
        found = (p.machines[0] for p in self.looked if p.photograph.scene == "negative")
        return [int(((m.confidence >= self.confidence) & ~m.hit & ~m.ignored).sum()) for m in found]

    @property
    def disturbed_share(self) -> Share:
        """Of the negatives, those in which a machine was reported."""
        false = self.false_on_negatives
        return Share(sum(map(bool, false)), len(false))

    @property
    def counts(self) -> list[dict[str, Any]]:
        """Each picture at the operating point, to compare two runs.

        wanted: CNC machines there; found: of them, found; reported: machines reported that count;
        hits: of them, right; marks, marks_found: legible builder marks, and those found.
        """
        rows: list[dict[str, Any]] = []
        for one in self.looked:
            complete = recall([one.machines[0]], self.confidence)
            exact = precision([one.machines[0]], self.confidence)
            legible = recall([one.marks], self.mark_confidence)
            row: dict[str, Any] = {"picture": one.photograph.image}
            row |= {"source": one.photograph.source}
            row |= {"wanted": complete.total, "found": complete.hits, "reported": exact.total}
            row |= {"hits": exact.hits, "marks": legible.total, "marks_found": legible.hits}
            rows.append(row)
        return rows

    def measures(self) -> list[Measure]:
        """What a detector is judged by, machines over `SMALL_MACHINE` pixels throughout."""
        looked, least = self.looked, self.confidence
        large = [p.large for p in looked]
        sources = [p.photograph.source for p in looked]
        floors = [p for p in looked if p.photograph.scene == "shopfloor"]
        halls = [p for p in floors if p.photograph.more.get("view") == "hall"]
        places = {"shop floors": floors, "of them halls": halls}
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
        asked = {"found": large}
        asked |= {f"found: {name}": [p.large for p in parts] for name, parts in places.items()}
        asked |= {f"found: {name}": [p.of_size(*e) for p in looked] for name, e in sizes.items()}
        shares = {name: recall(parts, least) for name, parts in asked.items()}
        some = precision(large, least)
        shares = {"found": shares["found"], "reported that are some": some} | shares
        for name, parts in seen.items():
            of = f"legible builder marks seen: {name}"
            shares[of] = recall(parts, self.mark_confidence)
        shares["negatives with a machine"] = self.disturbed_share
        shares["manual machines called CNC"] = recall([p.manual for p in looked], least)
        aps = {"AP50": [p.machines[0] for p in looked], "AP50, over 60 px": large}
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
        looked, machines = self.looked, [p.machines[0] for p in self.looked]
        controls = [p.controls[0] for p in looked]

        def row(of: str, parts: Sequence[Matched], ap50: float | None = None) -> DetectionRow:
            exact, complete = precision(parts, self.confidence), recall(parts, self.confidence)
            return DetectionRow("machine", of, exact, complete, ap50)

        large = [p.large for p in looked]
        every = mean_average_precision([p.machines for p in looked])
        rows = [
            replace(row("CNC machines", machines, average_precision(machines)), ap50_95=every),
            row(f"shorter side > {SMALL_MACHINE:.0f} px", large, average_precision(large)),
        ]
        for edges in itertools.pairwise(MACHINE_SIZES):
            rows.append(row(size_name(*edges), [p.of_size(*edges) for p in looked]))
        for scene in sorted({p.photograph.scene for p in looked}):
            parts = [p.machines[0] for p in looked if p.photograph.scene == scene]
            rows.append(row(f"scene {scene}", parts))
        for kind in sorted({kind for p in looked for kind in p.kinds}):
            of_kind = [p.of_kind(kind) for p in looked]
            rows.append(replace(row(f"kind {kind}", of_kind), precision=None))
        marks = {"legible builder marks": [p.marks for p in looked]} | {
            size_name(*edges): [p.marks_of_size(*edges) for p in looked]
            for edges in itertools.pairwise(MARK_SIZES)
        }
        least = self.mark_confidence
        shares = {of: recall(m, least) for of, m in marks.items()}
        rows += [DetectionRow("wordmark", of, None, share, None) for of, share in shares.items()]
        exact, complete = precision(controls, least), recall(controls, least)
        both = average_precision(controls), mean_average_precision([p.controls for p in looked])
        return [*rows, DetectionRow("control", "operator panels", exact, complete, *both)]


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
        numbers = map(rounded, (self.value, *(self.interval or (None, None))))
        return {"of": self.of, **dict(zip(("share", "low", "high"), numbers, strict=True))}


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
            "ap50": rounded(self.ap50),
            "ap50_95": rounded(self.ap50_95),
        }


def size_name(low: float, high: float) -> str:
    """What a row of boxes of that size is called."""
    if low == 0:
        return f"shorter side < {high:.0f} px"
    if high == float("inf"):
        return f"shorter side >= {low:.0f} px"
    return f"shorter side {low:.0f} to {high:.0f} px"


def is_legible(mark: AnnotatedMark) -> bool:
    """Whether a person can read this mark of a builder."""
    return mark.role == "builder" and mark.legible and not mark.ignore
