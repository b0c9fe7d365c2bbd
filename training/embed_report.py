"""What a mark model does on labelled photographs: the numbers for its card and its page."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.registry import Registry
from detector.boxes import as_box, iou
from detector.look.detect import Detector
from detector.matching.match import Matcher
from detector.read.logos import Recogniser
from detector.read.reader import Reader, cut_marks
from detector.settings import Settings
from detector.types import MACHINE, WORDMARK, Box
from training.embed_cases import Case, cases_of, cut, read_rgb
from training.embed_material import Tell
from training.embed_measure import Tried, point, run_cases

# A detected box is a labelled mark's from this overlap on (intersection over union), and
# nobody's below the other.
_SAME, _APART = 0.4, 0.1
_CURVE = (0.7, 0.8, 0.85, 0.9, 0.95, 1.0, 1.05, 1.1, 1.15, 1.2)
_NONE = np.empty((0, 0, 3), np.uint8)


def report(
    recogniser: Recogniser,
    data: Path,
    split: str,
    registry: Registry,
    *,
    held_out: Collection[str] = (),
    grounds: int = 20,
    tell: Tell = lambda stage, done, total: None,
) -> dict[str, Any]:
    """Counts on one split, of labelled boxes and of those that the detector finds.

    Args:
        held_out: ids of the builders that the network was not trained on.
        grounds: random boxes of each photograph that touch no builder's mark.

    Raises:
        DataError: the split is missing or wrong.
    """
    photographs = read_photographs(split_folder(data, split))
    tried = run_cases(recogniser, photographs, registry, grounds=grounds, tell=tell)
    marks = [one for one in tried if one.case.truth is not None]
    unlearnt = [one for one in marks if one.case.truth in held_out]
    found = list(_detected(recogniser, photographs, registry, tell))
    return {
        "split": split,
        "labelled boxes": _counts(tried),
        **({"boxes of held-out builders": _counts(unlearnt)} if held_out else {}),
        "detected boxes": _counts(found),
        "curve": [asdict(point(tried, strength)) for strength in _CURVE],
        "beside the reader": _beside_reader(photographs, registry, tried),
    }


def _counts(tried: Sequence[Tried]) -> dict[str, Any]:
    marks = [one for one in tried if one.case.truth is not None]
    named = [one for one in tried if one.found.id is not None]
    others: dict[str, str] = {}
    for group in ("firm", "text", "ground"):
        held = [one for one in tried if one.case.group == group]
        false = sum(one.found.id is not None for one in held)
        if held:
            others[group] = f"{false} of {len(held)}"
    return {
        "builders' marks": len(marks),
        "nearest is right": sum(one.right for one in marks),
        "named rightly": sum(one.right and one.found.id is not None for one in marks),
        "named wrongly": sum(not one.right and one.case.truth is not None for one in named),
        "named falsely": others,
        "mistakes": [
            f"{one.case.image} {one.case.text!r} ({one.case.truth}) as {one.found.id}, "
            f"{one.found.score:.2f} + {one.found.margin:.2f}"
            for one in named
            if not one.right
        ],
    }


def _detected(
    recogniser: Recogniser, photographs: Sequence[Photograph], registry: Registry, tell: Tell
) -> Iterator[Tried]:
    """The detector's wordmarks, each with the builder of the labelled mark it lies on."""
    detector = Detector()
    for done, photograph in enumerate(photographs):
        tell("finding marks", done, len(photographs))
        picture = read_rgb(photograph)
        labelled = list(cases_of(photograph, registry, grounds=0))
        unclear = [m.box for m in photograph.marks if m.role == "builder"]
        (whole,) = detector.detect([picture])
        closer = [
            detector.look_closer(picture, as_box(row))
            for row in whole.xyxy[whole.class_id == MACHINE]
        ]
        for box in _apart([whole, *closer]):
            case = _as_case(photograph, box, labelled, unclear)
            held = cut(picture, box)
            if case is not None and held is not None:
                (found,) = recogniser.recognise([held])
                yield Tried(replace(case, picture=_NONE), found)


def _apart(found: Sequence[Any]) -> list[Box]:
    """The wordmarks of several looks at one picture, each once."""
    kept: list[Box] = []
    for detections in found:
        for row in detections.xyxy[detections.class_id == WORDMARK]:
            box = as_box(row)
            if all(_overlap(box, other) < 0.5 for other in kept):
                kept.append(box)
    return kept


def _overlap(a: Box, b: Box) -> float:
    return float(iou(np.array([a], np.float32), np.array([b], np.float32))[0, 0])


def _as_case(
    photograph: Photograph, box: Box, labelled: Sequence[Case], unclear: Sequence[Box]
) -> Case | None:
    for case in labelled:
        if _overlap(box, case.box) >= _SAME:
            return replace(case, box=box)
    if any(_overlap(box, other) >= _APART for other in unclear):
        return None
    return Case(_NONE, "ground", None, "", photograph.source, photograph.image, box)


def _beside_reader(
    photographs: Sequence[Photograph],
    registry: Registry,
    tried: Sequence[Tried],
) -> dict[str, Any]:
    """Of the builders' marks, which the reader names from the same box, and which only one of
    the two does."""
    reader, matcher = Reader(Settings().reading, 1), Matcher(registry)
    counts = {"both": 0, "reader only": 0, "recogniser only": 0, "neither": 0}
    only: list[str] = []
    for photograph in photographs:
        held = [
            one
            for one in tried
            if one.case.image == photograph.image and one.case.truth is not None
        ]
        if not held:
            continue
        picture = read_rgb(photograph)
        for one in held:
            lines = cut_marks(picture, [one.case.box])
            texts = [reading.text for reading in reader.read_lines(lines, Fraction(0))]
            read = any(m.id == one.case.truth for text in texts for m in matcher.match(text))
            seen = one.right and one.found.id is not None
            key = {
                (True, True): "both",
                (True, False): "reader only",
                (False, True): "recogniser only",
                (False, False): "neither",
            }[read, seen]
            counts[key] += 1
            if key == "recogniser only":
                only.append(f"{one.case.truth} {one.case.text!r}, read as {texts}")
    return {**counts, "only recognised": only}
