"""All that the mark embedder learns from, in memory: cut-outs by class, and what is no mark."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datasets.errors import DataError
from datasets.letters import letters
from datasets.photographs.annotations import Photograph, read_photographs, split_folder
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
    read_grey,
    seeded,
)

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

    Args:
        drawings: of each wordmark; other texts get half as many.
        others: how many texts that are nobody's mark.
        tell: told the stage, what is done and how much there is.

    Raises:
        DataError: the data set or the logos are wrong.
    """
    texts = gather(registry, seed, others)
    material = MarkMaterial()
    places: dict[str, int] = {}

    def place(key: str) -> int:
        if key not in places:
            places[key] = len(material.classes)
            material.classes.append(key)
        return places[key]

    _draw_all(material, texts, place, faces, seed, drawings, tell)
    for logo in read_logos(logos):
        material.logos.setdefault(place(logo.key), []).append(logo.cut)
    everything = read_photographs(split_folder(data, "train"))
    photographs = [p for p in everything if not is_tuning(p.source)]
    for done, photograph in enumerate(photographs):
        tell("cutting photographs", done, len(photographs))
        _cut_all(material, photograph, registry, place, seed)
    step = max(1, len(material.backgrounds) // _MOST_GROUNDS)
    material.grounds = [cut.tone for cut in material.backgrounds[::step]]
    return material


def _draw_all(
    material: MarkMaterial,
    texts: Texts,
    place: Callable[[str], int],
    faces: tuple[Path, ...],
    seed: int,
    drawings: int,
    tell: Tell,
) -> None:
    wanted = [(key, said, drawings) for key, said in texts.marks.items()]
    wanted += [(key, said, max(2, drawings // 2)) for key, said in texts.others.items()]
    for done, (key, said, count) in enumerate(wanted):
        tell("drawing marks", done, len(wanted))
        rng = seeded(seed, key)
        cuts = [draw(said[rng.integers(len(said))], rng, faces) for _ in range(count)]
        material.drawn[place(key)] = cuts


def _cut_all(
    material: MarkMaterial,
    photograph: Photograph,
    registry: Registry,
    place: Callable[[str], int],
    seed: int,
) -> None:
    picture = read_grey(photograph)
    for mark in photograph.marks:
        key, cut = class_of(mark, registry), cut_box(picture, mark.box)
        if mark.legible and key is not None and cut is not None:
            material.real.setdefault(place(key), []).append(cut)
    rng = seeded(seed, photograph.image)
    for box in random_boxes(photograph, rng, _BACKGROUNDS_EACH):
        cut = cut_box(picture, box)
        if cut is not None:
            material.backgrounds.append(cut)


class MarkSampler:
    """Batches of one material; the batch of a step is the same however one came to it."""

    def __init__(self, material: MarkMaterial, seed: int, batch: int) -> None:
        self._material = material
        self._seed = seed
        self.parts = {
            "real": batch // 4 if material.real else 0,
            "logos": batch // 16 if material.logos else 0,
            "backgrounds": batch // 8 if material.backgrounds else 0,
        }
        self.parts["drawn"] = batch - sum(self.parts.values())
        self._weights = {
            name: _shares(getattr(material, name)) for name in ("drawn", "logos", "real")
        }

    def batch(self, step: int) -> tuple[Grey, NDArray[np.int64]]:
        """Pictures (n, 32, 128) and their classes (n,); -1 is no mark at all."""
        rng = np.random.default_rng([self._seed, 1 + step])
        pictures, classes = [], []
        for name, count in self.parts.items():
            for _ in range(count):
                if name == "backgrounds":
                    pool, chosen = self._material.backgrounds, -1
                else:
                    keys, shares = self._weights[name]
                    chosen = int(keys[np.searchsorted(shares, rng.random() * shares[-1])])
                    pool = getattr(self._material, name)[chosen]
                cut = pool[rng.integers(len(pool))]
                pictures.append(degrade(cut, rng, self._material.grounds))
                classes.append(chosen)
        return np.stack(pictures), np.array(classes, np.int64)


def _shares(cuts: dict[int, list[Cut]]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Classes and the running sum of their weights: the root of how many cuts each has."""
    keys = np.array(list(cuts), np.int64)
    return keys, np.cumsum(np.sqrt([len(cuts[key]) for key in cuts]))


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


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts by class: each class of `marks` and of `others` has the spellings to draw."""

    marks: dict[str, tuple[str, ...]]
    others: dict[str, tuple[str, ...]]


def is_tuning(source: str) -> bool:
    """Whether a source of photographs is kept from training for the choice of thresholds."""
    return int(hashlib.sha256(source.encode()).hexdigest(), 16) % TUNING_OF == _TUNING_REST


def gather(registry: Registry, seed: int, others: int) -> Texts:
    """All texts to draw: the registry's wordmarks, and others.

    Args:
        registry: whose wordmarks to learn.
        seed: of the made texts.
        others: how many texts that are nobody's mark to make.
    """
    marks: dict[str, list[str]] = {}
    for entry in registry:
        for mark in entry.wordmarks:
            marks.setdefault(letters(mark.text), []).append(mark.text)
    rng = np.random.default_rng(seed)
    spellings = [texts[0] for texts in marks.values()]
    han = sorted({c for text in spellings for c in text if "一" <= c <= "鿿"})
    made: dict[str, tuple[str, ...]] = {}
    queue = list(_WORDS)
    while len(made) < others:
        text = queue.pop() if queue else _made(rng, spellings, han)
        folded = letters(text)
        if folded and folded not in marks:
            made[folded] = (text,)
    return Texts({key: tuple(texts) for key, texts in marks.items()}, made)


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


_WHOLE = (0.0, 0.0, 1.0, 1.0)


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
        known = _known_logos().get(row["file"], {})
        if known.get("use") == "no":
            continue
        builder = known.get("builder") or row["builder"]
        parts = {letters(known.get("reads") or row["brand"]): _WHOLE}
        if known.get("emblem"):
            x1, y1, x2, y2 = map(float, known["emblem"].split())
            parts[f"logo:{builder}"] = (x1, y1, x2, y2)
        for key, part in parts.items():
            cut = load_logo(folder / row["file"], part)
            if cut is not None:
                logos.append(Logo(cut, key, builder, row["file"]))
    return logos


@cache
def _known_logos() -> dict[str, dict[str, str]]:
    """What `logos.tsv` corrects, by file: the builder, the text, where its emblem is."""
    lines = files("training").joinpath("logos.tsv").read_text("utf-8").splitlines()
    return {row["file"]: row for row in csv.DictReader(lines, delimiter="\t")}
