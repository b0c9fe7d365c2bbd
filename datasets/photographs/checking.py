"""A whole data set looked over: what it holds, and everything that is wrong with it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DataError
from datasets.photographs.annotations import (
    ANNOTATIONS,
    CLASS_NAMES,
    Box,
    Label,
    Photograph,
    read_labels,
    scan_photographs,
)
from datasets.photographs.pictures import check_size, check_whole
from datasets.photographs.writing import (
    LABELLED_ROLES,
    check_names,
    find_splits,
    shared_sources,
    source_key,
    tell_shared,
)
from datasets.registry import OUTSIDE, Registry

LABEL_TOLERANCE = 1.5
"""Thousandths of the picture's longer side, and pixels at least. Labels are written with five
or six decimals; annotations are rounded to a tenth of a pixel, and some lie one past the edge."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What `check_data` found.

    splits: by name, counts of `pictures`, `negatives`, the classes, `concealed`, `sources`;
    faults: one line each, beginning with the file.
    """

    splits: dict[str, dict[str, int]]
    faults: tuple[str, ...]


def check_data(data: Path, registry: Registry) -> Checked:
    """Reads every file of a data set and compares pictures, annotations, labels and splits.

    Args:
        data: holds splits, as `datasets.photographs.annotations` says.
        registry: knows every builder that is named without `x-`.

    Raises:
        UsageError: no such folder, or no split in it.
    """
    splits: dict[str, tuple[Photograph, ...]] = {}
    faults: list[str] = []
    for name, folder in find_splits(data).items():
        sound = []
        try:
            for photograph in scan_photographs(folder):
                if isinstance(photograph, DataError):
                    faults.append(str(photograph))
                else:
                    sound.append(photograph)
        except DataError as error:
            faults.append(str(error))
        splits[name] = tuple(sound)
        faults += _faults_of_split(folder, sound)
        faults += _unknown_names(folder, sound, registry)
        faults += _contradictions(folder, sound, registry)
        faults += _twice(folder, sound)
    shared = shared_sources(splits)
    faults += [f"{data}: {tell_shared({source: where})}" for source, where in shared.items()]
    faults += _same_pictures(data, splits)
    return Checked({name: count(split) for name, split in splits.items()}, tuple(faults))


def count(photographs: Sequence[Photograph]) -> dict[str, int]:
    """What pictures hold, by the names of `Checked.splits`."""
    return {
        "pictures": len(photographs),
        "negatives": sum(photograph.scene == "negative" for photograph in photographs),
        "machine": sum(len(photograph.machines) for photograph in photographs),
        "wordmark": sum(len(photograph.marks) for photograph in photographs),
        "control": sum(len(photograph.controls) for photograph in photographs),
        "concealed": sum(len(photograph.concealed) for photograph in photographs),
        "sources": len({source_key(photograph.source) for photograph in photographs}),
    }


def _faults_of_split(folder: Path, photographs: Sequence[Photograph]) -> Iterator[str]:
    if not photographs:
        yield f"{folder}: no picture in it is annotated rightly"
    try:
        check_names(photographs)
    except DataError as error:
        yield f"{folder}: {error}"
    for photograph in photographs:
        try:
            check_size(photograph.path, photograph.width, photograph.height, str(folder))
            check_whole(photograph.path, str(folder))
        except DataError as error:
            yield str(error)
        try:
            labels = read_labels(photograph.labels)
        except DataError as error:
            yield str(error)
        else:
            yield from compare_labels(photograph, labels)


def _unknown_names(
    folder: Path, photographs: Sequence[Photograph], registry: Registry
) -> Iterator[str]:
    """Builders and marks' ids that are neither in the registry nor marked `x-` as outside it."""
    for photograph in photographs:
        named = [(f"machines.{i}.builder", m.builder) for i, m in enumerate(photograph.machines)]
        named += [(f"marks.{i}.id", mark.id) for i, mark in enumerate(photograph.marks)]
        for place, id in named:
            if id is not None and not id.startswith(OUTSIDE) and id not in registry:
                yield (
                    f"{folder / ANNOTATIONS}: {photograph.image}: {place}: {id!r} is not in the "
                    f"registry; correct it, or write {OUTSIDE}{id} for one that is outside it"
                )


def _contradictions(
    folder: Path, photographs: Sequence[Photograph], registry: Registry
) -> Iterator[str]:
    """What cannot be so: a control that built a machine, a CNC machine where there is none."""
    for photograph in photographs:
        where = f"{folder / ANNOTATIONS}: {photograph.image}"
        for index, machine in enumerate(photograph.machines):
            id = machine.builder
            if id in registry and registry.get(str(id)).type == "control":
                yield f"{where}: machines.{index}.builder: {id!r} is a control, it built nothing"
            if photograph.scene == "negative" and machine.cnc and not machine.ignore:
                yield f"{where}: scene: negative, but machines.{index} is a CNC machine"


def _twice(folder: Path, photographs: Sequence[Photograph]) -> Iterator[str]:
    """Boxes that are labelled twice: evaluation would take the second for one that was missed.

    Marks are let be: several may stand on one plate, and YOLO keeps none of their texts.
    """
    for photograph in photographs:
        for name, parts in (("machines", photograph.machines), ("controls", photograph.controls)):
            boxes = [part.box for part in parts]
            for index, box in enumerate(boxes):
                if _is_among(box, boxes[:index], photograph):
                    yield (
                        f"{folder / ANNOTATIONS}: {photograph.image}: {name}.{index}: the same box "
                        "stands before it; leave one of the two out"
                    )


def compare_labels(photograph: Photograph, labels: Sequence[Label]) -> Iterator[str]:
    """Where the label file of a picture and its annotations say different things.

    Every machine, every mark of `LABELLED_ROLES` and every control needs a label, unless it is
    marked `ignore`. A label
    needs something of its class that is annotated; a mark of any other role, or one that is
    concealed, will do.
    """
    needed = [
        [machine.box for machine in photograph.machines if not machine.ignore],
        [m.box for m in photograph.marks if m.role in LABELLED_ROLES and not m.ignore],
        [control.box for control in photograph.controls if not control.ignore],
    ]
    allowed = [
        needed[0],
        [*(mark.box for mark in photograph.marks), *photograph.concealed],
        needed[2],
    ]
    for class_id, name in enumerate(CLASS_NAMES):
        boxes = [_pixels(x, photograph) for x in labels if x.class_id == class_id]
        missing = [b for b in needed[class_id] if not _is_among(b, boxes, photograph)]
        extra = [b for b in boxes if not _is_among(b, allowed[class_id], photograph)]
        if missing:
            yield (
                f"{photograph.labels}: {name}: no label for {_few(missing)}, which "
                "annotations.jsonl has"
            )
        if extra:
            yield (
                f"{photograph.labels}: {name}: a label at {_few(extra)} for which "
                "annotations.jsonl has nothing"
            )


def _same_pictures(data: Path, splits: dict[str, tuple[Photograph, ...]]) -> Iterator[str]:
    """The same picture, byte for byte, in two splits: under another source it still leaks."""
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split, photographs in splits.items():
        for photograph in photographs:
            try:
                digest = hashlib.sha256(photograph.path.read_bytes()).hexdigest()
            except OSError:
                continue  # told already: its size could not be read
            places[digest].append((split, photograph.image))
    for found in places.values():
        if len({split for split, _ in found}) > 1:
            names = " and ".join(f"{split}/{image}" for split, image in found[:2])
            yield f"{data}: {names} are the same picture; keep it in one split"


def _pixels(label: Label, photograph: Photograph) -> Box:
    w, h = photograph.width, photograph.height
    return (
        (label.cx - label.w / 2) * w,
        (label.cy - label.h / 2) * h,
        (label.cx + label.w / 2) * w,
        (label.cy + label.h / 2) * h,
    )


def _is_among(box: Box, boxes: Sequence[Box], photograph: Photograph) -> bool:
    near = LABEL_TOLERANCE * max(1.0, max(photograph.width, photograph.height) / 1000)
    return any(max(abs(a - b) for a, b in zip(box, other, strict=True)) <= near for other in boxes)


def _few(boxes: Sequence[Box]) -> str:
    box = [round(value, 1) for value in boxes[0]]
    return f"{box}" + (f" and {len(boxes) - 1} more" if len(boxes) > 1 else "")
