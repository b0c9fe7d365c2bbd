"""The mark model follows the registry: `python -m training.marks.redraw DATA`, after it has grown.

Wordmarks that the model has no drawings of would be drawn at every start, a fortieth of a second
each. Here they are drawn once. What is no wordmark any more is left out. The builders that bare
surfaces look like are found again, and the whole is measured on DATA/val. The network, its
threshold and its weights stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from datasets.photographs.annotations import read_photographs, split_folder
from datasets.registry import Registry, load_registry
from detector.read.logo_files import PACKAGED, read_folder
from detector.read.logos import Recogniser
from training.marks.export import counted, crowded_among, write_model
from training.marks.measure import report


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.marks.redraw",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, metavar="DATA", help="holds train/ and val/")
    parser.add_argument("--folder", type=Path, default=PACKAGED, help="the mark model")
    given = parser.parse_args()
    registry = load_registry()
    print(f"{given.folder}  sha256 {redraw(given.folder, registry, given.data)}")


def redraw(folder: Path, registry: Registry, data: Path) -> str:
    """Writes the model's prototypes again, as the registry has them; the SHA-256 of the model.

    Args:
        data: holds `train/`, whose sources kept for tuning show bare surfaces, and `val/`.

    Raises:
        ModelError: a file is missing, damaged, or not the one that the card vouches for.
        ResultError: the folder cannot be written.
    """
    card, files = read_folder(folder)
    recogniser = Recogniser(folder, registry, 1)
    prototypes = recogniser.prototypes
    photographs = read_photographs(split_folder(data, "train"))
    card |= {
        "registry": registry.digest,
        "prototypes": counted(prototypes),
        "crowded": crowded_among(recogniser, photographs, registry, card["crowded"]),
        "measured": report(recogniser, data, registry),
    }
    return write_model(folder, files["marks.xml"], files["marks.bin"], prototypes, card)


if __name__ == "__main__":
    main()
