"""Our data set as COCO, `annotations/instances_SPLIT.json` and `images/SPLIT/`, out and in.

The layout is the one CVAT and Datumaro read. What COCO has no place for stands in each
annotation's `attributes` and, of the picture as a whole, in the image's own entry. What other
tools wrote is read with the defaults of `docs/learning.md`.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets.errors import DataError, UsageError
from datasets.exchange.incoming import (
    Brought,
    ImportOptions,
    find_picture,
    guessed_split,
    named_split,
    read_text,
)
from datasets.exchange.parts import (
    CLASSES,
    Attributes,
    ExchangeBox,
    attributes_of,
    class_of,
    entries_of,
    name_of,
    photograph_of,
    turned,
)
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import Box, Photograph
from datasets.photographs.pictures import check_size, picture_size

DECIMALS = 6
"""Of a pixel. Corner plus side, so rounded, gives back any corner written by hand."""


def write_coco(
    folder: Path, splits: Mapping[str, Sequence[Photograph]], link: bool = False
) -> None:
    """Fills a folder with the splits as COCO.

    Raises:
        DataError: a picture cannot be read.
        OSError: the folder cannot be written.
    """
    for split, photographs in splits.items():
        for photograph in photographs:
            target = folder / "images" / split / name_of(photograph)
            place_picture(photograph.path, target, link=link)
        text = json.dumps(to_coco(photographs), ensure_ascii=False, indent=1)
        write_text(folder / "annotations" / f"instances_{split}.json", text + "\n")


def to_coco(photographs: Sequence[Photograph]) -> dict[str, Any]:
    """One split as a COCO object; ids count from 1."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, photograph in enumerate(photographs, start=1):
        images.append(
            {
                "id": image_id,
                "file_name": name_of(photograph),
                "width": photograph.width,
                "height": photograph.height,
                **attributes_of(photograph),
            }
        )
        for entry in entries_of(photograph):
            annotations.append(_annotation(entry, len(annotations) + 1, image_id))
    return {
        "info": {"description": "Nameplate data set"},
        "licenses": [],
        "categories": [{"id": id, "name": name} for id, name in enumerate(CLASSES, start=1)],
        "images": images,
        "annotations": annotations,
    }


def sides(box: Box) -> list[float]:
    """COCO's `[x, y, width, height]`."""
    x1, y1, x2, y2 = box
    # A side rounded to nothing would be no box.
    return [x1, y1, *(max(round(side, DECIMALS), 10**-DECIMALS) for side in (x2 - x1, y2 - y1))]


def corners(bbox: Sequence[float]) -> Box:
    """The box of COCO's `[x, y, width, height]`.

    Example:
        >>> corners(sides((49.4, 9.5, 441.1, 378.0)))
        (49.4, 9.5, 441.1, 378.0)
    """
    x, y, w, h = bbox
    return (x, y, round(x + w, DECIMALS), round(y + h, DECIMALS))


def _annotation(entry: ExchangeBox, id: int, image_id: int) -> dict[str, Any]:
    bbox = sides(entry.box)
    attributes = dict(entry.attributes)
    if corners(bbox) != entry.box:
        attributes["corners"] = list(entry.box)
    return {
        "id": id,
        "image_id": image_id,
        "category_id": CLASSES.index(entry.name) + 1,
        "bbox": bbox,
        "area": round(bbox[2] * bbox[3], DECIMALS),
        "iscrowd": 0,
        "segmentation": [],
        "attributes": attributes,
    }


_ROBOFLOW = "_annotations.coco.json"
_INSTANCES = "instances_"
_OWN = ("scene", "source", "more")


def read_coco(path: Path, wish: ImportOptions) -> Brought:
    """The pictures of a COCO file, or of the files in a folder.

    Args:
        path: a JSON file, or a folder with `annotations/*.json`, `*.json` or
            `*/_annotations.coco.json` in it.
        wish: what the user said.

    Raises:
        UsageError: the folder holds no such file.
        DataError: something in a file is wrong; the message names file, entry and field.
    """
    brought: Brought = defaultdict(list)
    for file in _files(path):
        if file.name == _ROBOFLOW:
            word, split = file.parent.name, named_split(file.parent.name, wish, str(file))
        elif file.stem.startswith(_INSTANCES):
            word = file.stem.removeprefix(_INSTANCES)
            split = named_split(word, wish, str(file))
        else:
            word, split = file.stem, guessed_split(file.stem, wish)
        brought[split] += _read_file(file, word, wish, wish.source_of(split))
    return dict(brought)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for pattern in ("annotations/*.json", "*.json", f"*/{_ROBOFLOW}"):
        found = sorted(path.glob(pattern))
        if found:
            return found
    raise UsageError(f"{path}: no COCO file in it (annotations/*.json, *.json)")


def _read_file(
    file: Path, word: str, wish: ImportOptions, source: str
) -> list[tuple[Photograph, Path]]:
    values = _load(file)
    categories = _by_id(values, "categories", file)
    images = _by_id(values, "images", file)
    boxes: dict[Any, list[ExchangeBox]] = defaultdict(list)
    seen: set[Any] = set()
    for index, annotation in enumerate(_list(values, "annotations", file)):
        if not isinstance(annotation, dict):
            raise DataError(f"{file}: annotations[{index}]: an object is wanted")
        id = annotation.get("id")
        where = f"{file}: annotation {f'at place {index}' if id is None else id}"
        if _is_id(id) and id in seen:
            raise DataError(f"{where}: id: it is there already; keep one of the two")
        seen |= {id} if _is_id(id) else set()
        image_id = annotation.get("image_id")
        if not _is_id(image_id) or image_id not in images:
            raise DataError(f"{where}: image_id: there is no image {image_id!r}")
        category_id = annotation.get("category_id")
        if not _is_id(category_id) or category_id not in categories:
            raise DataError(f"{where}: category_id: there is no category {category_id!r}")
        name = categories[category_id].get("name")
        entry = _entry(annotation, name, wish.classes, where)
        if entry is not None:
            boxes[image_id].append(entry)
    folders = _folders(file, word, wish)
    return [
        _picture(image, boxes[id], folders, source, f"{file}: image {id}")
        for id, image in images.items()
    ]


def _picture(
    image: Mapping[str, Any],
    entries: Sequence[ExchangeBox],
    folders: Sequence[Path],
    source: str,
    where: str,
) -> tuple[Photograph, Path]:
    file_name = image.get("file_name")
    if not isinstance(file_name, str):
        raise DataError(f"{where}: file_name: a text is wanted, got {file_name!r}")
    name, picture = find_picture(file_name, folders, where)
    width, height = image.get("width"), image.get("height")
    if width is None and height is None:
        width, height = picture_size(picture)
    elif not (isinstance(width, int) and isinstance(height, int)):
        raise DataError(
            f"{where}: width, height: whole numbers are wanted, got {width!r}, {height!r}"
        )
    check_size(picture, width, height, where)
    own = {name: image[name] for name in _OWN if name in image}
    return photograph_of(name, (width, height), entries, own, source, where), picture


def _entry(
    annotation: Mapping[str, Any], name: Any, classes: Mapping[str, str], where: str
) -> ExchangeBox | None:
    ours, kind = class_of(str(name), classes, where)
    if ours is None:
        return None
    if annotation.get("iscrowd") in (1, True):
        raise DataError(f"{where}: iscrowd: one box round many things; box each, or remove it")
    attributes = annotation.get("attributes") or {}
    if not isinstance(attributes, dict):
        raise DataError(f"{where}: attributes: an object is wanted")
    values: Attributes = dict(attributes)
    if kind is not None:
        values.setdefault("kind", kind)
    return ExchangeBox(ours, _box(annotation, values, where), values, where)


def _box(annotation: Mapping[str, Any], attributes: Mapping[str, Any], where: str) -> Box:
    bbox = annotation.get("bbox")
    if not bbox:
        return _around(annotation.get("segmentation"), where)
    x, y, w, h = _numbers(bbox, 4, f"{where}: bbox")
    if w <= 0 or h <= 0:
        raise DataError(f"{where}: bbox: [x, y, width, height] with sides above 0, got {bbox}")
    box = corners((x, y, w, h))
    exact = attributes.get("corners")
    if exact is not None:
        x1, y1, x2, y2 = _numbers(exact, 4, f"{where}: corners")
        # Corners are the finer truth only while nobody has moved the box since.
        if sides((x1, y1, x2, y2)) == [x, y, w, h]:
            box = (x1, y1, x2, y2)
    # CVAT writes a turned box as it was before the turn, and the degrees beside it.
    degrees = attributes.get("rotation")
    return turned(box, 0.0 if degrees is None else _numbers([degrees], 1, f"{where}: rotation")[0])


def _around(segmentation: Any, where: str) -> Box:
    """The box round polygons, where an annotation has no box of its own."""
    if not isinstance(segmentation, list) or not segmentation:
        raise DataError(f"{where}: bbox: neither a box nor polygons to put one round")
    points = [value for polygon in segmentation for value in _numbers(polygon, None, where)]
    xs, ys = points[0::2], points[1::2]
    if len(xs) != len(ys) or len(xs) < 2 or min(xs) == max(xs) or min(ys) == max(ys):
        raise DataError(f"{where}: segmentation: no area in it")
    return (min(xs), min(ys), max(xs), max(ys))


def _numbers(values: Any, count: int | None, where: str) -> list[float]:
    sound = isinstance(values, list) and (count is None or len(values) == count)
    if not sound or not all(map(_is_number, values)):
        wanted = "numbers" if count is None else f"{count} numbers"
        raise DataError(f"{where}: {wanted} are wanted, got {values!r:.80}")
    return [float(value) for value in values]


def _is_number(value: Any) -> bool:
    try:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(float(value))
        )
    except OverflowError:
        return False


def _folders(file: Path, word: str, wish: ImportOptions) -> list[Path]:
    """Where pictures may lie, the likeliest first."""
    if wish.images is not None:
        return [wish.images]
    roots = [file.parent]
    if file.parent.name == "annotations":
        roots.insert(0, file.parent.parent)
    return [
        folder
        for root in roots
        for folder in (root / "images" / word, root / word / "images", root / word,
                       root / "images", root)
    ]  # fmt: skip


def _load(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(read_text(file))
    except json.JSONDecodeError as error:
        raise DataError(f"{file}:{error.lineno}: not JSON ({error.msg})") from error
    except (RecursionError, ValueError) as error:
        raise DataError(f"{file}: not JSON that can be read ({error})") from error
    if not isinstance(values, dict):
        raise DataError(f"{file}: a COCO file is an object with images, annotations, categories")
    return values


def _list(values: Mapping[str, Any], name: str, file: Path) -> list[Any]:
    found = values.get(name)
    if not isinstance(found, list):
        raise DataError(f"{file}: {name}: a list is wanted; is this a COCO file?")
    return found


def _by_id(values: Mapping[str, Any], name: str, file: Path) -> dict[Any, dict[str, Any]]:
    """Entries by id, in the order of the file; ids need not follow one another."""
    found: dict[Any, dict[str, Any]] = {}
    for index, entry in enumerate(_list(values, name, file)):
        if not isinstance(entry, dict) or not _is_id(entry.get("id")):
            raise DataError(f"{file}: {name}[{index}]: id: a number or a text is wanted")
        if entry["id"] in found:
            raise DataError(f"{file}: {name}[{index}]: id: {entry['id']!r} is there already")
        found[entry["id"]] = entry
    return found


def _is_id(value: Any) -> bool:
    return isinstance(value, int | str) and not isinstance(value, bool)
