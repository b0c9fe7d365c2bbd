"""What the detector found in labelled pictures, counted class by class.

Asked for are CNC machines, legible builder marks and operator panels. A machine that is no CNC, or
may be none, may be found or not: it is neither hit nor false alarm. So with marks of other roles,
and with whatever is marked `ignore`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np

from datasets.photographs.annotations import AnnotatedMark, Photograph
from detector.types import CONTROL, MACHINE, WORDMARK, Detections
from training.evaluate.measures import (
    BOX_DRAWS,
    Matched,
    Share,
    average_precision,
    boxes,
    interval,
    match,
    match_each,
    mean_average_precision,
    precision,
    recall,
    recall_at_precision,
    rounded,
)

# Below it a machine is some pixels in the background of a hall.
SMALL_MACHINE = 60.0
# Shorter side of a machine in pixels, of a mark: unreadable, hard, plain, large.
MACHINE_SIZES: tuple[float, ...] = (0.0, SMALL_MACHINE, 150.0, 300.0, float("inf"))
MARK_SIZES: tuple[float, ...] = (0.0, 12.0, 24.0, 48.0, float("inf"))
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """One picture and what was found in it, held against the truth.

    kinds: of each true machine. machines, controls: at each of `OVERLAPS`. large: with machines up
    to `SMALL_MACHINE` left out. closer: marks of the whole picture and of the closer looks
    together. manual: machines that are no CNC.
    """

    photograph: Photograph
    kinds: tuple[str, ...]
    machines: tuple[Matched, ...]
    large: Matched
    marks: Matched
    closer: Matched | None
    controls: tuple[Matched, ...]
    manual: Matched

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
        excused = [m.box for m in photograph.machines if not m.cnc or m.ignore]
        no_cnc = [m.box for m in photograph.machines if m.cnc is False and not m.ignore]
        legible = boxes([m.box for m in photograph.marks if is_legible(m)])
        held = (machines.xyxy, machines.confidence, boxes([m.box for m in asked]), boxes(excused))
        each, nothing, near = match_each(*held), boxes([]), None
        free = ~each[0].hit
        if closer is not None:
            seen = closer.of(WORDMARK)
            rows = np.concatenate([marks.xyxy, seen.xyxy])
            near = match(rows, np.append(marks.confidence, seen.confidence), legible, nothing)
        controls = match_each(
            panels.xyxy,
            panels.confidence,
            boxes([panel.box for panel in photograph.controls if not panel.ignore]),
            boxes([panel.box for panel in photograph.controls if panel.ignore]),
        )
        self.looked.append(
            Looked(
                photograph,
                tuple(m.kind for m in asked),
                each,
                match(*held, smallest=SMALL_MACHINE),
                match(marks.xyxy, marks.confidence, legible, nothing),
                near,
                controls,
                match(machines.xyxy[free], machines.confidence[free], boxes(no_cnc), nothing),
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
    def counts(self) -> list[Row]:
        """Each picture at the operating point, to compare two runs.

        wanted: CNC machines there; found: of them, found; reported: machines reported that count;
        hits: of them, right; marks, marks_found: legible builder marks, and those found.
        """
        rows = []
        for one in self.looked:
            complete, exact = (of([one.machines[0]], self.confidence) for of in (recall, precision))
            legible = recall([one.marks], self.mark_confidence)
            row: Row = {"picture": one.photograph.image, "source": one.photograph.source}
            row |= {"wanted": complete.total, "found": complete.hits, "reported": exact.total}
            row |= {"hits": exact.hits, "marks": legible.total, "marks_found": legible.hits}
            rows.append(row)
        return rows

    def measures(self) -> list[Row]:
        """What a detector is judged by, machines over `SMALL_MACHINE` pixels throughout. Each is
        `of` what, and a share, or a value with its 95 % interval."""
        looked, every = self.looked, [p.machines[0] for p in self.looked]
        large, middle = [p.large for p in looked], MACHINE_SIZES[2]
        floors = [p for p in looked if p.photograph.scene == "shopfloor"]
        places = {"shop floors": [p.large for p in floors]}
        halls = (p for p in floors if p.photograph.more.get("view") == "hall")
        places["of them halls"] = [p.large for p in halls]
        for scene in ("studio", "fair"):
            places[scene] = [p.large for p in looked if p.photograph.scene == scene]
        smaller, larger = (SMALL_MACHINE, middle), (middle, MACHINE_SIZES[-1])
        places[f"{SMALL_MACHINE:.0f} to {middle:.0f} px"] = [m.of_size(*smaller) for m in every]
        places[f"over {middle:.0f} px"] = [m.of_size(*larger) for m in every]
        seen = {"whole picture": [p.marks for p in looked]}
        if any(p.closer is not None for p in looked):
            seen["with the closer look"] = [p.closer or p.marks for p in looked]
        shares = {
            "found": recall(large, self.confidence),
            "reported that are some": precision(large, self.confidence),
            **{f"found: {of}": recall(parts, self.confidence) for of, parts in places.items()},
            **{
                f"legible builder marks seen: {of}": recall(parts, self.mark_confidence)
                for of, parts in seen.items()
            },
            "negatives with a machine": self.disturbed_share,
            "manual machines called CNC": recall([p.manual for p in looked], self.confidence),
        }
        return [
            {"of": "recall at precision 0.90", **recall_at_precision(large).as_dict()},
            self._precise("AP50", every),
            self._precise("AP50, over 60 px", large),
            *({"of": of, **share.as_dict()} for of, share in shares.items()),
        ]

    def _precise(self, of: str, matched: Sequence[Matched]) -> Row:
        """Average precision, with its interval where whole sources are drawn again."""
        groups = [p.photograph.source for p in self.looked]
        draws = interval(
            groups, BOX_DRAWS, lambda drawn: average_precision([matched[i] for i in drawn])
        )
        low, high = draws or (None, None)
        values = {"share": average_precision(matched), "low": low, "high": high}
        return {"of": of} | {name: rounded(value) for name, value in values.items()}

    def rows(self) -> list[Row]:
        """The table, in the order it is printed: class, of what, precision, recall, AP50, AP50-95.
        None where a measure has no meaning."""
        looked, every = self.looked, [p.machines[0] for p in self.looked]
        large, panels = [p.large for p in looked], [p.controls[0] for p in looked]
        marks, precise = [p.marks for p in looked], average_precision
        machine = partial(self._row, "machine", self.confidence)
        mark = partial(self._row, "wordmark", self.mark_confidence, exact=False)
        control = partial(self._row, "control", self.mark_confidence)
        means = (mean_average_precision([p.machines for p in looked]),
                 mean_average_precision([p.controls for p in looked]))  # fmt: skip
        rows = [machine("CNC machines", every, precise(every), means[0])]
        rows.append(machine(f"shorter side > {SMALL_MACHINE:.0f} px", large, precise(large)))
        for edges in itertools.pairwise(MACHINE_SIZES):
            rows.append(machine(size_name(*edges), [m.of_size(*edges) for m in every]))
        for scene in sorted({p.photograph.scene for p in looked}):
            of_scene = [p.machines[0] for p in looked if p.photograph.scene == scene]
            rows.append(machine(f"scene {scene}", of_scene))
        for kind in sorted({kind for p in looked for kind in p.kinds}):
            rows.append(machine(f"kind {kind}", [p.of_kind(kind) for p in looked], exact=False))
        rows.append(mark("legible builder marks", marks))
        for edges in itertools.pairwise(MARK_SIZES):
            rows.append(mark(size_name(*edges), [m.of_size(*edges) for m in marks]))
        return [*rows, control("operator panels", panels, precise(panels), means[1])]

    @staticmethod
    def _row(
        class_name: str,
        least: float,
        of: str,
        parts: Sequence[Matched],
        ap50: float | None = None,
        ap50_95: float | None = None,
        *,
        exact: bool = True,
    ) -> Row:
        return {
            "class": class_name,
            "of": of,
            "precision": precision(parts, least).as_dict() if exact else None,
            "recall": recall(parts, least).as_dict(),
            "ap50": rounded(ap50),
            "ap50_95": rounded(ap50_95),
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
