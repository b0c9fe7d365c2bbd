"""Our data set as COCO, `annotations/instances_SPLIT.json` and `images/SPLIT/`, out and in.

CVAT and Datumaro read this layout. What COCO has no place for stands in each annotation's
`attributes` and, of the picture as a whole, in the image's own entry. What other tools wrote is
read with the defaults of `docs/learning.md`.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr, ValidationError

from datasets.errors import DataError
from datasets.exchange.incoming import (
    Brought,
    ImportOptions,
    find_files,
    find_picture,
    guessed_split,
    named_split,
    picture_of_size,
    read_text,
)
from datasets.exchange.parts import (
    CLASSES,
    ExchangeBox,
    attributes_of,
    class_of,
    entries_of,
    name_of,
    photograph_of,
    turned,
)
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import Box, Photograph, first_fault

DECIMALS = 6
"""Of a pixel. Corner plus side, so rounded, gives back any corner written by hand."""

_ROBOFLOW = "_annotations.coco.json"
_INSTANCES = "instances_"


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
    for id, photograph in enumerate(photographs, start=1):
        size = {"width": photograph.width, "height": photograph.height}
        name = {"id": id, "file_name": name_of(photograph)}
        images.append(name | size | attributes_of(photograph))
        for entry in entries_of(photograph):
            annotations.append(_annotation(entry, len(annotations) + 1, id))
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
    exact = {} if corners(bbox) == entry.box else {"corners": list(entry.box)}
    return {
        "id": id,
        "image_id": image_id,
        "category_id": CLASSES.index(entry.name) + 1,
        "bbox": bbox,
        "area": round(bbox[2] * bbox[3], DECIMALS),
        "iscrowd": 0,
        "segmentation": [],
        "attributes": entry.attributes | exact,
    }


_Id = StrictInt | StrictStr
_Number = Annotated[float, Field(allow_inf_nan=False)]
_Side = Annotated[float, Field(allow_inf_nan=False, gt=0)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="allow")


class _Category(_Entry):
    id: _Id
    name: str


class _Image(_Entry):
    id: _Id
    file_name: str
    width: StrictInt | None = None
    height: StrictInt | None = None


class _BoxedThing(_Entry):
    id: _Id
    image_id: _Id
    category_id: _Id
    bbox: tuple[_Number, _Number, _Side, _Side]
    attributes: dict[str, Any] = {}
    iscrowd: int = 0


class _File(_Entry):
    images: list[_Image]
    categories: list[_Category]
    annotations: list[_BoxedThing]


def read_coco(path: Path, wish: ImportOptions) -> Brought:
    """The pictures of a COCO file, or of the files in a folder.

    Args:
        path: a JSON file, or a folder with `annotations/*.json`, `*.json` or
            `*/_annotations.coco.json` in it.

    Raises:
        UsageError: the folder holds no such file.
        DataError: something in a file is wrong; the message names file, entry and field.
    """
    brought: Brought = defaultdict(list)
    for file in find_files(path, "COCO", "annotations/*.json", "*.json", f"*/{_ROBOFLOW}"):
        if file.name == _ROBOFLOW:
            word, split = file.parent.name, named_split(file.parent.name, wish, str(file))
        elif file.stem.startswith(_INSTANCES):
            word = file.stem.removeprefix(_INSTANCES)
            split = named_split(word, wish, str(file))
        else:
            word, split = file.stem, guessed_split(file.stem, wish)
        brought[split] += _read_file(file, word, wish, wish.source_of(split))
    return dict(brought)


def _read_file(
    file: Path, word: str, wish: ImportOptions, source: str
) -> list[tuple[Photograph, Path]]:
    try:
        held = _File.model_validate_json(read_text(file))
    except ValidationError as error:
        raise DataError(f"{file}: {first_fault(error)}; is this a COCO file?") from error
    categories = _by_id(held.categories, "categories", file)
    images = _by_id(held.images, "images", file)
    boxes: dict[Any, list[ExchangeBox]] = defaultdict(list)
    for id, one in _by_id(held.annotations, "annotations", file).items():
        where = f"{file}: annotation {id}"
        if one.image_id not in images or one.category_id not in categories:
            raise DataError(f"{where}: image_id, category_id: there is no such image or category")
        ours, kind = class_of(categories[one.category_id].name, wish.classes, where)
        if ours is None:
            continue
        if one.iscrowd:
            raise DataError(f"{where}: iscrowd: one box round many things; box each, or remove it")
        if kind is not None:
            one.attributes.setdefault("kind", kind)
        boxes[one.image_id].append(ExchangeBox(ours, _box(one, where), one.attributes, where))
    return [
        _picture(image, boxes[id], _folders(file, word, wish), source, f"{file}: image {id}")
        for id, image in images.items()
    ]


_One = TypeVar("_One", _Category, _Image, _BoxedThing)


def _by_id(entries: Sequence[_One], name: str, file: Path) -> dict[Any, _One]:
    """Entries by id, in the order of the file; ids need not follow one another."""
    found: dict[Any, _One] = {}
    for index, entry in enumerate(entries):
        if entry.id in found:
            raise DataError(f"{file}: {name}.{index}.id: {entry.id!r} is there already")
        found[entry.id] = entry
    return found


def _picture(
    image: _Image, entries: Sequence[ExchangeBox], folders: Sequence[Path], source: str, where: str
) -> tuple[Photograph, Path]:
    name, picture = find_picture(image.file_name, folders, where)
    size = picture_of_size(picture, image.width, image.height, where)
    own = image.model_extra or {}
    return photograph_of(name, size, entries, own, source, where), picture


def _box(one: _BoxedThing, where: str) -> Box:
    box = corners(one.bbox)
    try:
        exact = [float(value) for value in one.attributes.get("corners") or ()]
        degrees = float(one.attributes.get("rotation") or 0)
        if not math.isfinite(degrees):
            raise ValueError("not finite")
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: corners, rotation: numbers are wanted ({error})") from error
    # Corners are the finer truth only while nobody has moved the box since.
    if len(exact) == 4 and sides((exact[0], exact[1], exact[2], exact[3])) == list(one.bbox):
        box = (exact[0], exact[1], exact[2], exact[3])
    # CVAT writes a turned box as it was before the turn, and the degrees beside it.
    return turned(box, degrees)


def _folders(file: Path, word: str, wish: ImportOptions) -> list[Path]:
    """Where pictures may lie, the likeliest first."""
    if wish.images is not None:
        return [wish.images]
    above = [file.parent.parent] if file.parent.name == "annotations" else []
    below = (f"images/{word}", f"{word}/images", word, "images", ".")
    return [root / place for root in (*above, file.parent) for place in below]
