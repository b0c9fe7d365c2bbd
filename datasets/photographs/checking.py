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
from datasets.photographs.pictures import check_upright, check_whole, picture_size
from datasets.photographs.writing import (
    check_names,
    find_splits,
    labels_of,
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
        if not sound:
            faults.append(f"{folder}: no picture in it is annotated rightly")
        try:
            check_names(sound)
        except DataError as error:
            faults.append(f"{folder}: {error}")
        for photograph in sound:
            faults += _faults_of_files(photograph)
            where = f"{folder / ANNOTATIONS}: {photograph.image}"
            faults += [f"{where}: {fault}" for fault in _faults_of_line(photograph, registry)]
        splits[name] = tuple(sound)
    shared = shared_sources(splits)
    faults += [f"{data}: {tell_shared({source: where})}" for source, where in shared.items()]
    faults += _same_pictures(data, splits)
    return Checked({name: count(split) for name, split in splits.items()}, tuple(faults))


def count(photographs: Sequence[Photograph]) -> dict[str, int]:
    """What pictures hold, by the names of `Checked.splits`."""
    return {
        "pictures": len(photographs),
        "negatives": sum(one.scene == "negative" for one in photographs),
        "machine": sum(len(one.machines) for one in photographs),
        "wordmark": sum(len(one.marks) for one in photographs),
        "control": sum(len(one.controls) for one in photographs),
        "concealed": sum(len(one.concealed) for one in photographs),
        "sources": len({source_key(one.source) for one in photographs}),
    }


def _faults_of_files(photograph: Photograph) -> Iterator[str]:
    """A damaged or turned picture, one of another size, and boxes that should be labelled.

    Others may be labelled too.
    """
    path, where = photograph.path, str(photograph.folder)
    said, found = (photograph.width, photograph.height), []
    try:
        check_upright(path, where)
        if (stored := picture_size(path)) != said:
            yield (
                f"{where}: {path.name} is {stored[0]}x{stored[1]}, but is said to be "
                f"{said[0]}x{said[1]}"
            )
        check_whole(path, where)
    except DataError as error:
        yield str(error)
    try:
        found = [(one.class_id, _pixels(one, photograph)) for one in read_labels(photograph.labels)]
    except DataError as error:
        yield str(error)
        return
    for wanted in labels_of(photograph):
        box = _pixels(wanted, photograph)
        if not _is_among(box, [b for kind, b in found if kind == wanted.class_id], photograph):
            place = [round(value, 1) for value in box]
            yield f"{photograph.labels}: {CLASS_NAMES[wanted.class_id]}: no label for {place}"


def _faults_of_line(photograph: Photograph, registry: Registry) -> Iterator[str]:
    """Ids outside the registry, controls as builders, CNC machines in negatives, boxes drawn twice.

    Evaluation would take the second of two boxes for one that was missed. Marks are let be: several
    may stand on one plate, and YOLO keeps none of their texts.
    """
    named = [(f"machines.{i}.builder", m.builder) for i, m in enumerate(photograph.machines)]
    marks = [(f"marks.{i}.id", mark.id) for i, mark in enumerate(photograph.marks)]
    for place, id in named + marks:
        if id is not None and not id.startswith(OUTSIDE) and id not in registry:
            yield (
                f"{place}: {id!r} is not in the registry; correct it, or write "
                f"{OUTSIDE}{id} for one that is outside it"
            )
    for place, id in named:
        if id in registry and registry.get(str(id)).type == "control":
            yield f"{place}: {id!r} is a control, it built nothing"
    for index, machine in enumerate(photograph.machines):
        if photograph.scene == "negative" and machine.cnc and not machine.ignore:
            yield f"scene: negative, but machines.{index} is a CNC machine"
    for name, parts in (("machines", photograph.machines), ("controls", photograph.controls)):
        boxes = [part.box for part in parts]
        for index, box in enumerate(boxes):
            if _is_among(box, boxes[:index], photograph):
                yield f"{name}.{index}: the same box stands before it; leave one of the two out"


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
