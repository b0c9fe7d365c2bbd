"""Our data set as YOLO: `data.yaml`, `SPLIT/images/` and `SPLIT/labels/`.

YOLO knows classes and boxes, and nothing else: what `lost_in_yolo` counts does not go along.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from datasets.exchange.parts import Splits, name_of
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import CLASS_NAMES, Photograph
from datasets.photographs.writing import LABELLED_ROLES, labels_of, to_yolo


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
