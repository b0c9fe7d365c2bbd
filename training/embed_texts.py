"""The texts the mark embedder learns to tell apart, and the builders it never sees.

A class is a text as `datasets.letters.letters` folds it, whoever's it is: MAZAK in any
typeface is one class. Beside the registry's wordmarks stand texts that are no builder's
(near misses of wordmarks, model codes, words of the shop floor), so that the network learns
to tell spellings and not merely a list of firms.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from datasets.letters import letters
from datasets.registry import Registry

HELD_OUT_OF = 10
"""One builder in so many is kept from training, to measure adding builders later on."""

_HELD_OUT_REST = 9
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
    held_out: frozenset[str]


def _residue(name: str, of: int) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % of


def is_held_out(builder: str) -> bool:
    """Whether a builder is kept from training; by the hash of its id, so a registry that
    grows moves nobody in or out."""
    return _residue(builder, HELD_OUT_OF) == _HELD_OUT_REST


def is_tuning(source: str) -> bool:
    """Whether a source of photographs is kept from training for the choice of thresholds."""
    return _residue(source, TUNING_OF) == _TUNING_REST


def held_out_marks(registry: Registry) -> frozenset[str]:
    """The folded wordmarks of the builders kept from training, where any are."""
    return frozenset(
        letters(mark.text)
        for entry in registry
        if is_held_out(entry.id)
        for mark in entry.wordmarks
    )


def touches(folded: str, held_out: frozenset[str]) -> bool:
    """Whether a folded text is a held-out wordmark or holds one of four letters or more."""
    return folded in held_out or any(len(mark) > 3 and mark in folded for mark in held_out)


def gather(registry: Registry, seed: int, others: int, *, hold_out: bool = True) -> Texts:
    """All texts to draw: the registry's wordmarks less the held-out builders', and others.

    Args:
        registry: whose wordmarks to learn.
        seed: of the made texts.
        others: how many texts that are nobody's mark to make.
        hold_out: whether builders are kept from training at all.
    """
    held_out = held_out_marks(registry) if hold_out else frozenset()
    marks: dict[str, list[str]] = {}
    for entry in registry:
        for mark in entry.wordmarks:
            folded = letters(mark.text)
            if not touches(folded, held_out):
                marks.setdefault(folded, []).append(mark.text)
    known = set(marks) | held_out
    rng = np.random.default_rng(seed)
    spellings = [texts[0] for texts in marks.values()]
    han = sorted({c for text in spellings for c in text if "一" <= c <= "鿿"})
    made: dict[str, tuple[str, ...]] = {}
    queue = list(_WORDS)
    while len(made) < others:
        text = queue.pop() if queue else _made(rng, spellings, han)
        folded = letters(text)
        if folded and folded not in known and not touches(folded, held_out):
            made[folded] = (text,)
    return Texts({key: tuple(texts) for key, texts in marks.items()}, made, held_out)


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
