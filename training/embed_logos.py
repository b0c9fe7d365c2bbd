"""Pictures of logos, and whose each one is.

A folder of logos holds `logos.csv` with the columns `file`, `builder` (a registry id, or
`x-...` for a firm outside the registry) and `brand` (what it reads). What was seen on looking
at the logos at hand, and is not in that table, stands here.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from datasets.errors import DataError
from datasets.letters import letters
from training.embed_cuts import Cut, load_logo

_WHOLE = (0.0, 0.0, 1.0, 1.0)
# Not used: another firm's (Mitsui High-tec is not Mitsui Seiki), or more banner than logo, or
# the name is drawn nearly in the colour of the ground.
_UNUSED = frozenset({
    "l37-mitsui-seiki.png", "l25-mazak.png", "l34-ctl-fanuc.png",
    "l44-dmg-mori.png", "l49-dmg-mori.png",
})  # fmt: skip
# Logos that read otherwise than their brand; MORI SEIKI is a builder of its own here.
_READS = {
    "l26-dmg-mori.png": ("mori-seiki", "MORI SEIKI"),
    "l11-dn-solutions.png": ("dn-solutions", "DN SOLUTIONS"),
    "l30-dn-solutions.png": ("dn-solutions", "DN SOLUTIONS"),
    "l39-dn-solutions.png": ("dn-solutions", "DAEWOO"),
    "l18-citizen.png": ("citizen", "CITIZEN CINCOM"),
}
# Emblems that also stand alone on machines: shares of the logo's sides.
_EMBLEMS = {
    "l00-haas.png": (0.0, 0.0, 1.0, 0.66),
    "l46-haas.png": (0.2, 0.0, 0.8, 0.6),
    "l14-makino.png": (0.0, 0.0, 0.36, 1.0),
    "l11-dn-solutions.png": (0.0, 0.0, 0.39, 1.0),
    "l15-sodick.png": (0.0, 0.0, 0.3, 1.0),
    "l36-hanwha.png": (0.0, 0.0, 0.33, 1.0),
    "l45-x-rongwin.png": (0.0, 0.0, 0.32, 1.0),
}


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo or its emblem: its cut, the class it is learnt as, whose it is, and its file."""

    cut: Cut
    key: str
    builder: str
    file: str


def read_logos(folder: Path | None) -> list[Logo]:
    """The logos of a folder, each whole and, where it has one, its emblem.

    Raises:
        DataError: `logos.csv` is missing or lacks a column.
    """
    if folder is None:
        return []
    table = folder / "logos.csv"
    try:
        rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror})") from error
    if not rows or not {"file", "builder", "brand"} <= rows[0].keys():
        raise DataError(f"{table}: expected the columns file, builder and brand")
    logos = []
    for row in rows:
        if row["file"] in _UNUSED:
            continue
        builder, text = _READS.get(row["file"], (row["builder"], row["brand"]))
        parts = {letters(text): _WHOLE}
        if row["file"] in _EMBLEMS:
            parts[f"logo:{builder}"] = _EMBLEMS[row["file"]]
        for key, part in parts.items():
            cut = load_logo(folder / row["file"], part)
            if cut is not None:
                logos.append(Logo(cut, key, builder, row["file"]))
    return logos
