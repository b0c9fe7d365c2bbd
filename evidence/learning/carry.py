"""What a model sees in a judged frame besides, drawn in so that a retrain does not unlearn it.

People judge machines. Of marks and controls in the same picture only those are known that were
read, and what stands unlabelled in a picture is learnt as background. So those the model finds are
labelled, with `by_model`, its confidence. Machines that it finds and nobody judged are ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detector.boxes import as_box, iou, share_inside
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections
from evidence.learning.annotate import Line

SAME = 0.3
"""IoU from which a box is one that is annotated already."""

WITHIN = 0.7
"""Share of a box inside another, from which it belongs to it."""


def carry_over(line: Line, found: Detections, nothing: bool) -> Line:
    """The annotation of a frame with what a model found in it besides.

    Args:
        line: the fields of a `Photograph`.
        found: in that picture.
        nothing: a person said that no machine is in it.
    """
    dead = [m["box"] for m in line["machines"] if m.get("ignore")] + line.get("not_machines", [])
    machines = [m["box"] for m in line["machines"]]
    added: dict[str, list[Any]] = {"machines": [], "marks": [], "controls": []}
    for box, confidence in _new(found.of(MACHINE), machines + line.get("not_machines", [])):
        if not nothing:
            added["machines"].append(_ignored(box, confidence))
            dead.append(list(box))
    for box, confidence in _new(found.of(WORDMARK), [m["box"] for m in line["marks"]]):
        if not _inside(box, dead):
            own: dict[str, Any] = {"text": "", "role": "builder", "legible": False, "id": None}
            of = _owner(box, line)
            added["marks"].append(_by_model(box, confidence) | own | {"of": of})
    for box, confidence in _new(found.of(CONTROL), [c["box"] for c in line["controls"]]):
        if not _inside(box, dead):
            added["controls"].append(_by_model(box, confidence) | {"of": _owner(box, line)})
    whole = line | {name: [*line[name], *more] for name, more in added.items()}
    if whole["machines"] and whole["scene"] == "negative":
        whole["scene"] = "shopfloor"
    return whole


def _new(found: Detections, known: Sequence[Sequence[float]]) -> list[tuple[Box, float]]:
    """Those that are not annotated yet."""
    there = np.asarray(known, np.float32).reshape(-1, 4)
    fresh = ~((iou(found.xyxy, there) >= SAME) | (share_inside(found.xyxy, there) >= WITHIN))
    kept = found.where(np.asarray(fresh.all(axis=1), np.bool_))
    return [
        (_rounded(as_box(row)), round(float(confidence), 3))
        for row, confidence in zip(kept.xyxy, kept.confidence, strict=True)
    ]


def _inside(box: Box, others: Sequence[Sequence[float]]) -> bool:
    one = np.asarray([box], np.float32)
    there = np.asarray(others, np.float32).reshape(-1, 4)
    return bool((share_inside(one, there) >= WITHIN).any())


def _owner(box: Box, line: Line) -> int | None:
    """The machine that bears it: the smallest of those it lies on."""
    on = [
        ((x2 - x1) * (y2 - y1), index)
        for index, machine in enumerate(line["machines"])
        for x1, y1, x2, y2 in [machine["box"]]
        if _inside(box, [machine["box"]])
    ]
    return min(on)[1] if on else None


def _ignored(box: Box, confidence: float) -> dict[str, Any]:
    own = {"cnc": None, "kind": "other", "builder": None, "by": None, "truncated": False}
    return _by_model(box, confidence) | own | {"ignore": True}


def _by_model(box: Box, confidence: float) -> dict[str, Any]:
    return {"box": list(box), "by_model": confidence}


def _rounded(box: Box) -> Box:
    x1, y1, x2, y2 = (round(value, 2) for value in box)
    return x1, y1, x2, y2
