"""Our data set as COCO: `annotations/instances_SPLIT.json` and `images/SPLIT/`.

The layout is the one CVAT and Datumaro read. What COCO has no place for stands in each
annotation's `attributes` and, of the picture as a whole, in the image's own entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from datasets.annotations import Box, Photograph
from datasets.formats.classes import CLASSES
from datasets.formats.parts import Entry, attributes_of, entries_of, name_of
from datasets.output import place_picture, write_text

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


def _annotation(entry: Entry, id: int, image_id: int) -> dict[str, Any]:
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
