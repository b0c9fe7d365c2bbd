"""Our data set as COCO: `annotations/instances_SPLIT.json` and `images/SPLIT/`.

What COCO has no place for stands in each annotation's `attributes` and, of the picture as a whole,
in the image's own entry. CVAT reads this layout.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from datasets.exchange.parts import CLASSES, Splits, attributes_of, entries_of, name_of
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import Photograph

DECIMALS = 6


def write_coco(folder: Path, splits: Splits, link: bool = False) -> None:
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
            x1, y1, x2, y2 = entry.box
            w, h = (round(side, DECIMALS) for side in (x2 - x1, y2 - y1))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": id,
                    "category_id": CLASSES.index(entry.name) + 1,
                    "bbox": [x1, y1, w, h],
                    "area": round(w * h, DECIMALS),
                    "iscrowd": 0,
                    "segmentation": [],
                    "attributes": entry.attributes,
                }
            )
    return {
        "info": {"description": "Nameplate data set"},
        "licenses": [],
        "categories": [{"id": id, "name": name} for id, name in enumerate(CLASSES, start=1)],
        "images": images,
        "annotations": annotations,
    }
