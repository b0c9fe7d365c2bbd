"""Texts that look like a builder's mark and are none: weighed as text, without any picture.

Each stands for a way to go wrong: a channel's name in look-alike letters, a mark inside a
word, a word of the language that is a mark too, a mark one letter away from another.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from datasets.registry import Registry
from detector.matching.match import Matcher
from detector.naming.attribute import Attributor
from detector.read.reader import script_of
from detector.settings import Attributing
from detector.types import Reading

SURE = 0.99
# Text and who may be named by it. A builder the registry lacks is expected of no text.
TEXTS: tuple[tuple[str, str | None], ...] = (
    ("DMTG", "dmtg"), ("DMG MORI", "dmg-mori"), ("DMG", None), ("DMIG", None), ("OMTG", None),
    ("大连机床", "dmtg"), ("沈阳机床", "smtcl"), ("机床", None), ("沈阳", None), ("大连", None),
    ("ЗВЕЗДА", None), ("3BE3DA", None), ("STAR", None), ("STARTER", None), ("ТОР", None),
    ("MAS", None), ("CHRISTMAS", None), ("THOMAS", None), ("TOS", None), ("PHOTOS", None),
    ("INDEX", None), ("TOP", None), ("FIRST", None), ("VICTOR", None), ("BROTHER", None),
    ("FANUC", None), ("SIEMENS", None), ("HEIDENHAIN", None), ("ЦЕХ", None), ("安全生产", None),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Told:
    """What one text alone was taken for; `wrong` where a builder was named that it is not."""

    text: str
    expected: str | None
    said: str | None

    @property
    def wrong(self) -> bool:
        return self.said is not None and self.said != self.expected

    def as_dict(self) -> dict[str, object]:
        return {
            "text": self.text, "expected": self.expected, "said": self.said, "wrong": self.wrong
        }  # fmt: skip


def tell_apart(registry: Registry, settings: Attributing) -> list[Told]:
    """Each of `TEXTS` read once and surely on a machine, and who is named by it."""
    attributor = Attributor(Matcher(registry), registry, settings)
    told = []
    for text, expected in TEXTS:
        reading = Reading(text, SURE, (0.0, 0.0, 100.0, 20.0), Fraction(0), script_of(text))
        told.append(Told(text, expected, attributor.attribute([reading]).builder))
    return told
