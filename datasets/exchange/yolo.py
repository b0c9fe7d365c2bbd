"""YOLO out and in: `data.yaml`, `SPLIT/images/` and `SPLIT/labels/`.

YOLO knows classes and boxes, and nothing else: what `lost_in_yolo` counts does not go along.
"""

from __future__ import annotations

import math
import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any

import yaml

from datasets.errors import DataError, UsageError
from datasets.exchange.incoming import (
    Brought,
    ImportOptions,
    find_files,
    find_picture,
    named_split,
    read_text,
    safe_name,
)
from datasets.exchange.parts import Attributes, ExchangeBox, class_of, name_of, photograph_of
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import CLASS_NAMES, Box, Photograph
from datasets.photographs.pictures import check_upright, picture_size
from datasets.photographs.writing import LABELLED_ROLES, labels_of, to_yolo
from datasets.yamlfile import check_aliases

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
DECIMALS = 3
"""Of a pixel: label files hold no more in pictures of up to a thousand pixels."""
_KNOWN = ("train", "val", "valid", "test")


def write_yolo(
    folder: Path, splits: Mapping[str, Sequence[Photograph]], link: bool = False
) -> None:
    """Fills a folder with the splits as YOLO.

    Raises:
        DataError: a picture cannot be read.
        OSError: the folder cannot be written.
    """
    for split, photographs in splits.items():
        for photograph in photographs:
            name = name_of(photograph)
            picture = folder / split / "images" / name
            place_picture(photograph.path, picture, link=link)
            write_text(label_file(picture), to_yolo(labels_of(photograph)))
    # No `path`: a trainer then takes the folders from beside the file, wherever it lies.
    lines = [f"{split}: {split}/images" for split in splits]
    names = ", ".join(f"{id}: {name}" for id, name in enumerate(CLASS_NAMES))
    write_text(folder / "data.yaml", "\n".join([*lines, f"names: {{{names}}}", ""]))


def lost_in_yolo(photographs: Sequence[Photograph]) -> dict[str, int]:
    """What YOLO has no place for, counted; only what is there to lose."""
    lost: Counter[str] = Counter()
    for photograph in photographs:
        lost["scenes"] += 1
        lost["sources"] += 1
        lost["builders"] += sum(machine.builder is not None for machine in photograph.machines)
        lost["kinds"] += len(photograph.machines)
        lost["texts"] += sum(mark.text != "" for mark in photograph.marks)
        lost["marks' roles"] += len(photograph.marks)
        lost["unlabelled marks"] += sum(m.role not in LABELLED_ROLES for m in photograph.marks)
        parts = (*photograph.machines, *photograph.marks, *photograph.controls)
        lost["boxes to be ignored"] += sum(part.ignore for part in parts)
        lost["concealed boxes"] += len(photograph.concealed)
    return {name: count for name, count in lost.items() if count}


def read_yolo(path: Path, wish: ImportOptions) -> Brought:
    """The pictures of a YOLO data set.

    Args:
        path: its `data.yaml`, or the folder that holds one.
        wish: what the user said; the data file itself says where the pictures are.

    Raises:
        UsageError: the folder holds no data file, or `wish` gives a folder of pictures.
        DataError: something is wrong; the message names file, line and field. Or labels lie where
            they belong to no picture.
    """
    if wish.images is not None:
        raise UsageError("--images is for COCO and CVAT: a YOLO data file names its folders")
    file = _data_file(path)
    values = _load(file)
    if values.get("kpt_shape") is not None:
        # Box and points in one line have as many numbers as a polygon may.
        raise DataError(
            f"{file}: kpt_shape: it holds points (pose), whose lines cannot be told from polygons; "
            "export it for detection"
        )
    names = _names(values, file)
    brought: Brought = defaultdict(list)
    bare: list[Path] = []
    for word, places in values.items():
        if word not in _KNOWN and not _is_own_split(file.parent, word, places):
            continue
        split = named_split(word, wish, str(file))
        for name, picture in _pictures(file, values, word, places):
            # What trains on YOLO turns a picture as EXIF says, and boxes are shares of that.
            check_upright(picture, str(file))
            size = picture_size(picture)
            label = label_file(picture)
            bare += [] if label.is_file() else [label]
            entries = _entries(label, size, names, wish) if label.is_file() else []
            photograph = photograph_of(name, size, entries, {}, wish.source_of(split), str(picture))
            brought[split].append((photograph, picture))
    if not any(brought.values()):
        raise DataError(f"{file}: it names no folder of pictures (train:, val:) with any in it")
    if len(bare) == sum(map(len, brought.values())):
        _check_labels(file, bare, [p for split in brought.values() for _, p in split])
    return dict(brought)


def _check_labels(file: Path, bare: Sequence[Path], pictures: Sequence[Path]) -> None:
    """Checks that pictures without labels really have none.

    Raises:
        DataError: their labels lie where no trainer looks, and their boxes would be lost.
    """
    names = {label.name for label in bare}
    beside = (picture.with_suffix(".txt") for picture in pictures)
    stray = next(filter(Path.is_file, beside), None) or next(
        (p for p in file.parent.rglob("labels/**/*.txt") if p.name in names), None
    )
    if stray is not None:
        raise DataError(
            f"{file}: none of its {len(bare)} pictures has labels; they were looked for as "
            f"{bare[0]} and so on, but there is {stray}: put the pictures into a folder 'images', "
            "the labels into a folder 'labels' beside it"
        )


def label_file(picture: Path) -> Path:
    """Where a trainer looks for a picture's labels: the last `images` of its path replaced.

    Example:
        >>> label_file(Path("train/images/hall/a.jpg")).as_posix()
        'train/labels/hall/a.txt'
        >>> label_file(Path("train/images/images/a.jpg")).as_posix()
        'train/images/labels/a.txt'
    """
    parts = list(picture.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == "images":
            parts[index] = "labels"
            break
    return Path(*parts).with_suffix(".txt")


def _data_file(path: Path) -> Path:
    for name in ("data.yaml", "data.yml", "dataset.yaml"):
        if (path / name).is_file():
            return path / name
    file = find_files(path, "YOLO", "*.yaml")
    if len(file) > 1:
        raise UsageError(f"{path}: several YAML files; give the one of the data set")
    return file[0]


def _load(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(read_text(file))
        check_aliases(values)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DataError(f"{file}: not YAML ({' '.join(str(error).split())})") from error
    if not isinstance(values, dict):
        raise DataError(f"{file}: a YOLO data file gives names and folders (train:, val:, names:)")
    return values


def _names(values: Mapping[str, Any], file: Path) -> dict[int, str]:
    names = values.get("names")
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names:
        raise DataError(f"{file}: names: a list of class names, or numbers with names, is wanted")
    # A list within a list may, by YAML's aliases, be too long ever to be written out.
    if not all(isinstance(name, str | int) for name in names.values()):
        raise DataError(f"{file}: names: each class is a text")
    try:
        return {int(id): str(name) for id, name in names.items()}
    except (TypeError, ValueError) as error:
        raise DataError(f"{file}: names: {error}") from error


def _is_own_split(root: Path, word: Any, places: Any) -> bool:
    """Whether a further key is a split of an export of ours: `extra: extra/images`."""
    return isinstance(word, str) and places == f"{word}/images" and (root / places).is_dir()


def _pictures(
    file: Path, values: Mapping[str, Any], word: str, places: Any
) -> list[tuple[str, Path]]:
    """Pictures of one split with their names: from folders, or from lists of files."""
    found: list[tuple[str, Path]] = []
    for place in places if isinstance(places, list) else [places]:
        where = f"{file}: {word}"
        if not isinstance(place, str):
            if place is None:
                continue
            got = type(place).__name__
            raise DataError(f"{where}: a folder or a list of files is wanted, got {got}")
        root = _root(file, values)
        if place.endswith(".txt"):
            found += _listed(root / safe_name(place.removeprefix("./"), where), root)
            continue
        folder = root / safe_name(_roboflow(place), where)
        if not folder.is_dir():
            raise DataError(f"{where}: there is no folder {folder}")
        inside = sorted(path for path in folder.rglob("*") if path.is_file())
        pictures = [path for path in inside if path.suffix.lower() in SUFFIXES]
        _check_read(where, inside, pictures)
        found += [(picture.relative_to(folder).as_posix(), picture) for picture in pictures]
    return found


def _check_read(where: str, inside: Sequence[Path], pictures: Sequence[Path]) -> None:
    """Raises a DataError where a file has labels and is of a kind that is not read."""
    read = {label_file(picture) for picture in pictures}
    for path in inside:
        label = label_file(path)
        if path.suffix.lower() != ".txt" and label not in read and label.is_file():
            raise DataError(
                f"{where}: {path} has labels, but is of a kind that is not read "
                f"({', '.join(SUFFIXES)}): save it as one of them"
            )


def _root(file: Path, values: Mapping[str, Any]) -> Path:
    """The folder the file's places are below: beside the file, where `path` is not to be had."""
    path = values.get("path")
    absolute = isinstance(path, str) and (
        Path(path).is_absolute() or PureWindowsPath(path).drive != ""
    )
    if not isinstance(path, str) or path in (".", "") or absolute:
        return file.parent
    below = file.parent / safe_name(path.removeprefix("./"), f"{file}: path")
    # Trainers take it from a folder of their own, in which the data set may lie.
    return below if below.is_dir() else file.parent


def _roboflow(place: str) -> str:
    """Roboflow writes `../train/images` for what lies beside the file."""
    return place.removeprefix("../").removeprefix("./")


def _listed(listing: Path, root: Path) -> list[tuple[str, Path]]:
    """The pictures of a list of files, named from the folder they have in common."""
    pictures = [
        find_picture(line.strip().removeprefix("./"), [root], f"{listing}:{number}")[1]
        for number, line in enumerate(read_text(listing).splitlines(), start=1)
        if line.strip()
    ]
    if not pictures:
        return []
    common = Path(os.path.commonpath([picture.parent for picture in pictures]))
    return [(picture.relative_to(common).as_posix(), picture) for picture in pictures]


def _entries(
    label: Path, size: tuple[int, int], names: Mapping[int, str], wish: ImportOptions
) -> list[ExchangeBox]:
    entries = []
    for number, line in enumerate(read_text(label).splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{label}:{number}"
        class_id, box = _line(line, where)
        if class_id not in names:
            raise DataError(f"{where}: class {class_id} has no name in the data file")
        ours, kind = class_of(names[class_id], wish.classes, where)
        if ours is None:
            continue
        attributes: Attributes = {} if kind is None else {"kind": kind}
        entries.append(ExchangeBox(ours, _to_pixels(box, *size), attributes, where))
    return entries


def _to_pixels(box: Box, width: int, height: int) -> Box:
    x1, x2 = box[0] * width, box[2] * width
    y1, y2 = box[1] * height, box[3] * height
    rounded = (round(x1, DECIMALS), round(y1, DECIMALS), round(x2, DECIMALS), round(y2, DECIMALS))
    # A box so thin that rounding leaves nothing of it stays as it is.
    return rounded if rounded[0] < rounded[2] and rounded[1] < rounded[3] else (x1, y1, x2, y2)


def _line(line: str, where: str) -> tuple[int, Box]:
    """Class and box, in shares, of a label line: a box, or the one round a polygon."""
    fields = line.split()
    try:
        class_id, values = int(fields[0]), [float(field) for field in fields[1:]]
    except ValueError as error:
        raise DataError(f"{where}: 'class cx cy w h' in numbers is wanted ({error})") from error
    if not all(math.isfinite(value) for value in values):
        raise DataError(f"{where}: finite numbers are wanted")
    if len(values) == 4:
        cx, cy, w, h = values
        box = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2)
    elif len(values) >= 6 and len(values) % 2 == 0:
        box = (min(values[0::2]), min(values[1::2]), max(values[0::2]), max(values[1::2]))
    else:
        raise DataError(
            f"{where}: 'class cx cy w h', or a class and the corners of a polygon, is wanted; "
            f"got {len(fields)} fields (predictions with a confidence are no labels)"
        )
    if not (box[0] < box[2] and box[1] < box[3]):
        raise DataError(f"{where}: no area in it")
    if min(box) < -0.5 or max(box) > 1.5:
        raise DataError(f"{where}: shares of the picture's sides are wanted, not pixels")
    return class_id, box
