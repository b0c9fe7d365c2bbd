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
        splits[name] = tuple(sound)
        faults += _faults_of_split(folder, sound)
        faults += _faults_of_names(folder, sound, registry)
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


def _faults_of_names(
    folder: Path, photographs: Sequence[Photograph], registry: Registry
) -> Iterator[str]:
    """Builders and ids outside the registry, controls as builders, CNC machines in negatives."""
    for photograph in photographs:
        where = f"{folder / ANNOTATIONS}: {photograph.image}"
        named = [(f"machines.{i}.builder", m.builder) for i, m in enumerate(photograph.machines)]
        marks = [(f"marks.{i}.id", mark.id) for i, mark in enumerate(photograph.marks)]
        for place, id in named + marks:
            if id is not None and not id.startswith(OUTSIDE) and id not in registry:
                yield (
                    f"{where}: {place}: {id!r} is not in the registry; correct it, or write "
                    f"{OUTSIDE}{id} for one that is outside it"
                )
        for place, id in named:
            if id in registry and registry.get(str(id)).type == "control":
                yield f"{where}: {place}: {id!r} is a control, it built nothing"
        for index, machine in enumerate(photograph.machines):
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
    """The boxes that should be labelled (`labels_of`) and are not; others may be labelled too."""
    found = [(label.class_id, _pixels(label, photograph)) for label in labels]
    for wanted in labels_of(photograph):
        box = _pixels(wanted, photograph)
        if not _is_among(box, [b for kind, b in found if kind == wanted.class_id], photograph):
            where = [round(value, 1) for value in box]
            yield f"{photograph.labels}: {CLASS_NAMES[wanted.class_id]}: no label for {where}"


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
