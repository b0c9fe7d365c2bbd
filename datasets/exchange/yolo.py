"""Our data set as YOLO: `data.yaml`, `SPLIT/images/` and `SPLIT/labels/`.

YOLO knows classes and boxes, and nothing else.
"""

from __future__ import annotations

from pathlib import Path

from datasets.exchange.parts import Splits, name_of
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import CLASS_NAMES
from datasets.photographs.writing import labels_of, to_yolo


def write_yolo(folder: Path, splits: Splits, link: bool = False) -> None:
    """Fills a folder with the splits as YOLO.

    Raises:
        DataError: a picture cannot be read.
        OSError: the folder cannot be written.
    """
    for split, photographs in splits.items():
        for photograph in photographs:
            name = Path(name_of(photograph))
            place_picture(photograph.path, folder / split / "images" / name, link=link)
            labels = folder / split / "labels" / name.with_suffix(".txt")
            write_text(labels, to_yolo(labels_of(photograph)))
    # No `path`: a trainer then takes the folders from beside the file, wherever it lies.
    lines = [f"{split}: {split}/images" for split in splits]
    names = ", ".join(f"{id}: {name}" for id, name in enumerate(CLASS_NAMES))
    write_text(folder / "data.yaml", "\n".join([*lines, f"names: {{{names}}}", ""]))
