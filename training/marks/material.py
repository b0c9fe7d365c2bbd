"""All that the mark embedder learns from, in memory: cut-outs by class, and what is no mark."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.letters import letters
from datasets.photographs.annotations import read_photographs, split_folder
from datasets.registry import Registry
from detector.read.logo_files import Grey
from training.marks.cuts import (
    Cut,
    class_of,
    cut_box,
    degrade,
    draw,
    load_logo,
    random_boxes,
    seeded,
)
from training.pictures import read_photograph

Tell = Callable[[str, int, int], None]

_BACKGROUNDS_EACH = 5
_MOST_GROUNDS = 600


@dataclass(slots=True)
class MarkMaterial:
    """Cut-outs by class: drawn ones, those of logos, those of photographs; and backgrounds."""

    classes: list[str] = field(default_factory=list)
    drawn: dict[int, list[Cut]] = field(default_factory=dict)
    logos: dict[int, list[Cut]] = field(default_factory=dict)
    real: dict[int, list[Cut]] = field(default_factory=dict)
    backgrounds: list[Cut] = field(default_factory=list)
    grounds: list[Grey] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        return {
            "classes": len(self.classes),
            "drawn": sum(map(len, self.drawn.values())),
            "logos": sum(map(len, self.logos.values())),
            "real": sum(map(len, self.real.values())),
            "backgrounds": len(self.backgrounds),
        }


def collect(
    data: Path,
    registry: Registry,
    *,
    logos: Path | None,
    faces: tuple[Path, ...],
    seed: int,
    drawings: int,
    others: int,
    tell: Tell,
) -> MarkMaterial:
    """Draws the wordmarks and cuts the photographs of `data`/train; the same each time.

    Sources kept for tuning (`is_tuning`) are left out.

    drawings: of each wordmark; other texts get half as many.
    others: how many texts that are nobody's mark.
    tell: told the stage, what is done and how much there is.
    Raises DataError: the data set or the logos are wrong.
    """
    material = MarkMaterial()
    places: dict[str, int] = {}

    def place(key: str) -> int:
        if key not in places:
            places[key] = len(material.classes)
            material.classes.append(key)
        return places[key]

    marks, nobodys = gather(registry, seed, others)
    wanted = [(key, said, drawings) for key, said in marks.items()]
    wanted += [(key, said, max(2, drawings // 2)) for key, said in nobodys.items()]
    for done, (key, said, count) in enumerate(wanted):
        tell("drawing marks", done, len(wanted))
        rng = seeded(seed, key)
        cuts = [draw(said[rng.integers(len(said))], rng, faces) for _ in range(count)]
        material.drawn[place(key)] = cuts
    for logo in read_logos(logos):
        material.logos.setdefault(place(logo.key), []).append(logo.cut)
    everything = read_photographs(split_folder(data, "train"))
    photographs = [p for p in everything if not is_tuning(p.source)]
    for done, photograph in enumerate(photographs):
        tell("cutting photographs", done, len(photographs))
        picture = read_photograph(photograph, grey=True)
        for mark in photograph.marks:
            name, cut = class_of(mark, registry), cut_box(picture, mark.box)
            if mark.legible and name is not None and cut is not None:
                material.real.setdefault(place(name), []).append(cut)
        boxes = random_boxes(photograph, seeded(seed, photograph.image), _BACKGROUNDS_EACH)
        found = [cut_box(picture, box) for box in boxes]
        material.backgrounds += [cut for cut in found if cut is not None]
    step = max(1, len(material.backgrounds) // _MOST_GROUNDS)
    material.grounds = [cut.tone for cut in material.backgrounds[::step]]
    return material


class MarkSampler:
    """Batches of one material; the batch of a step is the same however one came to it."""

    def __init__(self, material: MarkMaterial, seed: int, batch: int) -> None:
        self._material, self._seed = material, seed
        self.parts = {
            "real": batch // 4 if material.real else 0,
            "logos": batch // 16 if material.logos else 0,
            "backgrounds": batch // 8 if material.backgrounds else 0,
        }
        self.parts["drawn"] = batch - sum(self.parts.values())
        # Classes and the running sum of their weights: the root of how many cuts each has.
        self._shares = {
            name: (list(cuts), np.cumsum(np.sqrt([len(own) for own in cuts.values()])))
            for name in ("drawn", "logos", "real")
            if (cuts := getattr(material, name))
        }

    def batch(self, step: int) -> tuple[Grey, NDArray[np.int64]]:
        """Pictures (n, 32, 128) and their classes (n,); -1 is no mark at all."""
        rng = np.random.default_rng([self._seed, 1 + step])
        pictures, classes = [], []
        for name, count in self.parts.items():
            for _ in range(count):
                pool, chosen = self._material.backgrounds, -1
                if name != "backgrounds":
                    keys, shares = self._shares[name]
                    chosen = keys[int(np.searchsorted(shares, rng.random() * shares[-1]))]
                    pool = getattr(self._material, name)[chosen]
                cut = pool[rng.integers(len(pool))]
                pictures.append(degrade(cut, rng, self._material.grounds))
                classes.append(chosen)
        return np.stack(pictures), np.array(classes, np.int64)


TUNING_OF = 5
"""One source of photographs in so many is kept from training, to choose thresholds on."""
_TUNING_REST = 2
_WORDS = (
    "EMERGENCY STOP", "NO STEP", "DANGER", "CAUTION", "WARNING", "HIGH VOLTAGE", "COOLANT",
    "HYDRAULIC", "LUBRICATION", "POWER ON", "CYCLE START", "FEED HOLD", "SPINDLE", "MADE IN",
    "CNC", "MACHINE TOOLS", "LATHE", "PRECISION", "QUALITY", "SAFETY FIRST", "SERVICE", "DOOR",
    "TURNING CENTER", "VERTICAL", "HEAVY DUTY", "AIR", "OIL", "STOP", "START", "JOG", "AUTO",
    "TOOLING", "EXIT", "FIRE", "SPEED", "CONTROL", "SYSTEM", "ELECTRIC", "CONVEYOR", "FILTER",
    "НЕ ВКЛЮЧАТЬ", "ОПАСНО", "СТОП", "ПУСК", "ЧПУ", "СТАНОК", "ЦЕХ", "УЧАСТОК", "ВНИМАНИЕ",
    "注意安全", "当心触电", "禁止", "数控机床", "加工中心", "主轴", "冷却液", "急停", "机床",
)  # fmt: skip
_LATIN = "ABCDEFGHIJKLMNOPRSTUVWXYZAEIOUAEIORSTLN"


Texts = dict[str, list[str]]
"""Texts to draw, by class."""


def is_tuning(source: str) -> bool:
    """Whether a source of photographs is kept from training for the choice of thresholds."""
    return int(hashlib.sha256(source.encode()).hexdigest(), 16) % TUNING_OF == _TUNING_REST


def gather(registry: Registry, seed: int, others: int) -> tuple[Texts, Texts]:
    """The registry's wordmarks to draw, and so many made texts (from a seed) that are nobody's."""
    marks: Texts = {}
    for entry in registry:
        for mark in entry.wordmarks:
            marks.setdefault(letters(mark.text), []).append(mark.text)
    rng = np.random.default_rng(seed)
    spellings = [texts[0] for texts in marks.values()]
    han = sorted({c for text in spellings for c in text if "一" <= c <= "鿿"})
    made: Texts = {}
    queue = list(_WORDS)
    while len(made) < others:
        text = queue.pop() if queue else _made(rng, spellings, han)
        folded = letters(text)
        if folded and folded not in marks:
            made[folded] = [text]
    return marks, made


def _made(rng: np.random.Generator, spellings: list[str], han: list[str]) -> str:
    kind = rng.random()
    if kind < 0.5:
        return _near_miss(rng, spellings[rng.integers(len(spellings))], han)
    if kind < 0.75:  # model codes: VF-2, SL-25M, 16К20
        head = "".join(rng.choice(list(_LATIN), rng.integers(1, 5)))
        joint = ("", "-", " ")[rng.integers(3)]
        return head + joint + str(rng.integers(1, 10 ** rng.integers(1, 5)))
    if kind < 0.9 or not han:
        return "".join(rng.choice(list(_LATIN), rng.integers(3, 10)))
    return "".join(rng.choice(han, rng.integers(2, 6)))


def _near_miss(rng: np.random.Generator, text: str, han: list[str]) -> str:
    place = int(rng.integers(len(text)))
    if "一" <= text[place] <= "鿿" and han:
        letter = han[rng.integers(len(han))]
    else:
        letter = _LATIN[rng.integers(len(_LATIN))]
    change = rng.random()
    if change < 0.5 or len(text) < 4:
        return text[:place] + letter + text[place + 1 :]
    if change < 0.75:
        return text[:place] + text[place + 1 :]
    return text[:place] + letter + text[place:]


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo or its emblem: its cut, the class it is learnt as, whose it is, and its file."""

    cut: Cut
    key: str
    builder: str
    file: str


def read_logos(folder: Path | None) -> list[Logo]:
    """The logos of a folder, each whole and, where it has one, its emblem. Raises DataError:
    `logos.csv` is missing or lacks a column."""
    if folder is None:
        return []
    table = folder / "logos.csv"
    try:
        rows = list(csv.DictReader(table.read_text("utf-8").splitlines()))
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror})") from error
    if not rows or not {"file", "builder", "brand"} <= rows[0].keys():
        raise DataError(f"{table}: expected the columns file, builder and brand")
    # What logos.tsv corrects: the builder, the text, where the emblem is.
    lines = files("training").joinpath("logos.tsv").read_text("utf-8").splitlines()
    corrected = {row["file"]: row for row in csv.DictReader(lines, delimiter="\t")}
    logos = []
    for row in rows:
        known = corrected.get(row["file"], {})
        if known.get("use") == "no":
            continue
        builder = known.get("builder") or row["builder"]
        parts = {letters(known.get("reads") or row["brand"]): (0.0, 0.0, 1.0, 1.0)}
        if known.get("emblem"):
            x1, y1, x2, y2 = map(float, known["emblem"].split())
            parts[f"logo:{builder}"] = (x1, y1, x2, y2)
        cuts = {key: load_logo(folder / row["file"], part) for key, part in parts.items()}
        logos += [Logo(cut, key, builder, row["file"]) for key, cut in cuts.items() if cut]
    return logos
