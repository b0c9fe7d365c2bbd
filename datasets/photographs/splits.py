"""Splits of a data set: read, kept apart by source, looked over whole, and written."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from datasets.entry import OUTSIDE
from datasets.errors import DataError, UsageError
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import (
    ANNOTATIONS,
    CLASS_NAMES,
    Box,
    Label,
    Photograph,
    read_labels,
    read_photographs,
    scan_photographs,
)
from datasets.photographs.pictures import check_upright, check_whole, picture_size
from datasets.registry import Registry


def find_splits(data: Path) -> dict[str, Path]:
    """The splits of a data set by name, train first, then in the order of their names. Raises
    UsageError: no such folder, or no split in it."""
    if not data.is_dir():
        raise UsageError(f"{data}: no such folder")
    found = sorted(
        (file.parent for file in data.glob(f"*/{ANNOTATIONS}")),
        key=lambda folder: (folder.name != "train", folder.name),
    )
    # An unfinished split of a run that goes on beside this one.
    found = [folder for folder in found if not folder.name.startswith(".")]
    if not found:
        one = (data / ANNOTATIONS).is_file()
        hint = f"; it is a split itself: give the folder above, {data.parent}" if one else ""
        raise UsageError(f"{data}: no split in it (such as train/{ANNOTATIONS}){hint}")
    return {folder.name: folder for folder in found}


def read_splits(data: Path, only: str | None = None) -> dict[str, tuple[Photograph, ...]]:
    """Every split of a data set read, or the one of that name. Raises UsageError: no such folder or
    split. DataError: something in it is wrong, named with file, line and field."""
    folders = find_splits(data)
    if only is not None:
        if only not in folders:
            raise UsageError(f"{data}: no split {only!r} in it; there is {', '.join(folders)}")
        folders = {only: folders[only]}
    return {name: read_photographs(folder) for name, folder in folders.items()}


def source_key(source: str) -> str:
    """The key of a source: `Plant 12` and `plant 12 ` have one. So has what looks the same, as ü in
    one character and in two (a folder's name on a Mac)."""
    return unicodedata.normalize("NFC", source.strip().casefold())


def shared_sources(splits: Mapping[str, Sequence[Photograph]]) -> dict[str, tuple[str, ...]]:
    """Sources, and footage, with pictures in more than one split, and those splits.

    Case and outer spaces make no difference: `Plant 12` and `plant 12` are one source. Footage is
    known by its hash, whatever source its frames are said to be of.
    """
    places: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for split, photographs in splits.items():
        for photograph in photographs:
            key = "source", source_key(photograph.source)
            places[key].setdefault(split, f"source {photograph.source!r}")
            if (footage := photograph.footage) is not None:
                places["footage", footage].setdefault(split, f"footage {footage[:12]}")
    return {next(iter(where.values())): tuple(where) for where in places.values() if len(where) > 1}


def check_apart(data: Path, splits: Mapping[str, Sequence[Photograph]]) -> None:
    """Whether no source, and no footage, stands on two sides of a split. Raises DataError: one
    does; the message names it, the splits, and what to do."""
    shared = shared_sources(splits)
    if shared:
        raise DataError(f"{data}: {tell_shared(shared)}")


def tell_shared(shared: Mapping[str, Sequence[str]]) -> str:
    """What is wrong with what `shared_sources` found, in words; `shared` is not empty."""
    first, where = next(iter(shared.items()))
    others = f" (and {len(shared) - 1} more)" if len(shared) > 1 else ""
    return (
        f"{first} is in {' and in '.join(where)}{others}; "
        "put all pictures of a source, and of one footage, into one split"
    )


LABELLED_ROLES = ("builder", "series", "control")
"""The roles a detector is taught to see as a wordmark: what tells of the machine itself.
Overlays, safety labels, dealers' and plants' signs are annotated but not labelled."""
SMALLEST_SHARE = 1e-6
"""Labels are written with six decimals; a thinner box would be written as nothing."""
Pictures = Sequence[tuple[Photograph, Path]]
"""Pictures with where each lies now; the photograph's own path is where it shall lie."""


def labels_of(photograph: Photograph) -> tuple[Label, ...]:
    """What the label file of a picture says: machines, marks of `LABELLED_ROLES`, controls.

    Boxes are cut at the picture's edge, which they may pass by a rounding. What is marked
    `ignore` has no label.
    """
    marks = [mark for mark in photograph.marks if mark.role in LABELLED_ROLES]
    labels = []
    for class_id, parts in enumerate((photograph.machines, marks, photograph.controls)):
        for x1, y1, x2, y2 in (part.box for part in parts if not part.ignore):
            sides = ((x1, x2, photograph.width), (y1, y2, photograph.height))
            cut = [(max(low / side, 0.0), min(high / side, 1.0)) for low, high, side in sides]
            cx, cy = ((low + high) / 2 for low, high in cut)
            w, h = (max(high - low, SMALLEST_SHARE) for low, high in cut)
            labels.append(Label(class_id, cx, cy, w, h))
    return tuple(labels)


def to_yolo(labels: Iterable[Label]) -> str:
    """The text of a label file: a line a box, `class cx cy w h`, six decimals."""
    return "".join(
        f"{label.class_id} {label.cx:.6f} {label.cy:.6f} {label.w:.6f} {label.h:.6f}\n"
        for label in labels
    )


def fill_split(folder: Path, pictures: Pictures, link: bool) -> None:
    """Writes one split, `images/`, `labels/` and `annotations.jsonl`, into a folder that is there.

    pictures: at least one. link: symbolic links to the pictures instead of copies.
    Raises DataError: no pictures, two that would share a file, or one that cannot be read. OSError:
    the folder cannot be written.
    """
    if not pictures:
        raise DataError(f"{folder.name}: there is no picture to write")
    check_names([photograph for photograph, _ in pictures])
    lines = ""
    for photograph, picture in pictures:
        place_picture(picture, folder / photograph.image, link=link)
        labels = folder / photograph.labels.relative_to(photograph.folder)
        write_text(labels, to_yolo(labels_of(photograph)))
        lines += json.dumps(photograph.model_dump(mode="json"), ensure_ascii=False) + "\n"
    write_text(folder / ANNOTATIONS, lines)


def check_names(photographs: Sequence[Photograph]) -> None:
    """Whether each picture has files of its own. Raises DataError: two share a picture or, as
    `a.jpg` and `a.png` do, a label file."""
    seen: dict[Path, str] = {}
    for photograph in photographs:
        other = seen.get(photograph.labels)
        if other == photograph.image:
            raise DataError(f"{other} is there twice; keep one of them, or rename one")
        if other is not None:
            raise DataError(
                f"{other} and {photograph.image} would share {photograph.labels.name}, "
                "the file of their labels; rename one"
            )
        seen[photograph.labels] = photograph.image


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

    data: holds splits, as `datasets.photographs.annotations` says. registry: knows every builder
    that is named without `x-`.
    Raises UsageError: no such folder, or no split in it.
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
    """A damaged or turned picture, one of another size, and boxes that should be labelled. Others
    may be labelled too."""
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
