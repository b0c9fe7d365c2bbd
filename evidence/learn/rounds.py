"""What a model and people's corrections add to the judged frames.

What stands unlabelled in a picture is learnt as background. So marks and controls that the model
finds are labelled, with `by_model`, its confidence. Machines that nobody judged are ignored. What
people corrected in another tool is taken over by the next export, and never replaced unseen.

    CASE/learning/corrected/        what was brought back first, then corrected-2/ and so on
    CASE/learning/judged/cvat/written.json      hashes of what the export wrote there
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from datasets.errors import UsageError
from datasets.files import write_text, writing_errors
from datasets.photographs.annotations import ANNOTATIONS
from datasets.photographs.writing import read_splits
from detector.boxes import as_box, iou, share_inside
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections
from evidence.learn.annotations import Line

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


RECORD = "judged.json"
"""In the export's folder: which corrections it has taken over, among other things."""
WRITTEN = "written.json"
_ROUND = re.compile(r"corrected(?:-([0-9]{1,6}))?")


def rounds(folder: Path) -> list[Path]:
    """The data sets of corrections in a folder, the first brought back first."""
    numbered = sorted((number, path) for number, path in _named(folder))
    return [path for _, path in numbered if any(path.glob(f"*/{ANNOTATIONS}"))]


def next_round(folder: Path) -> Path:
    """Where corrections are brought back to next: nothing is there."""
    number = max((number for number, path in _named(folder)), default=0) + 1
    return folder / ("corrected" if number == 1 else f"corrected-{number}")


def take_over(lines: Iterable[Line], folders: Sequence[Path]) -> Iterator[Line]:
    """Each line as it was corrected last, where nothing in its frame has been judged since.

    Args:
        lines: as verdicts and model say.
        folders: data sets of corrections, the first brought back first.

    Raises:
        DataError: one of them is damaged.
    """
    found = {
        one.image: one.model_dump(mode="json")
        for folder in folders
        for photographs in read_splits(folder).values()
        for one in photographs
    }
    for line in lines:
        own = found.get(line["image"])
        if own is None or _rests_on(own) != _rests_on(line):
            yield line
        else:
            # Sources may have been tied together since; authors stand only where asked.
            yield own | {name: line[name] for name in ("source", "origin", "verdicts")}


def seal(folder: Path) -> None:
    """Notes what was written, so that a change by another hand is seen.

    Raises:
        OSError: it cannot be written.
    """
    write_text(folder / WRITTEN, json.dumps(_hashes(folder), indent=2) + "\n")


def check_untouched(folder: Path) -> None:
    """Whether what an export wrote for another tool may be replaced: nobody changed it.

    Raises:
        UsageError: a file was changed or added; the message says how not to lose it.
    """
    try:
        written = dict(json.loads((folder / WRITTEN).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return  # not there, or of an export that noted nothing
    with writing_errors(folder):
        changed = [name for name, digest in _hashes(folder).items() if written.get(name) != digest]
    if changed:
        target = quote(str(next_round(folder.parent.parent)))
        do = f"bring it back (nameplate datasets import {quote(str(folder))} --out {target})"
        raise UsageError(
            f"{folder / changed[0]}: was changed after it was exported, and would be replaced; "
            f"{do if folder.name == 'cvat' else 'copy it elsewhere'}, then delete {folder} and "
            "export again"
        )


def _named(folder: Path) -> Iterator[tuple[int, Path]]:
    for path in folder.glob("corrected*"):
        if match := _ROUND.fullmatch(path.name):
            yield int(match[1] or 1), path


def _rests_on(line: Line) -> tuple[Any, set[str]]:
    """The frame of a line, and the verdicts it rests on."""
    verdicts = line.get("verdicts") or []
    return line.get("origin"), {str(one.get("digest")) for one in verdicts}


def _hashes(folder: Path) -> dict[str, str]:
    """By name, the hash of every file that is no picture."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.suffix != ".jpg" and path.name != WRITTEN
    }
