"""Whether a line speaks of a builder, as captions, posters and dealers do, or is his badge.

ПРЕЗИДЕНТ ПОСЕТИЛ ЗАВОД HAAS runs under a picture of some machine; on one stand HAAS AUTOMATION and
СТАНКИ HAAS. So words count that no builder puts on his machines (`detector.matching.own_words`) and
that are not his own: one in Russian, unless his mark is in Russian too, or three in Latin letters,
of which a reader makes some from the edges of a badge. On the labelled photographs no line that
names a builder has so many.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasets.letters import letters, script_of, words
from datasets.registry import Registry
from detector.matching.marks import Mark
from detector.matching.own_words import OwnWords

_LEAST = 4
"""Letters of a word that counts; shorter ones are noise, or forms of firms."""
_HOUSES = frozenset(
    [
        *("AEROSPACE", "BOBCAT", "CELLS", "DEFENCE", "DEFENSE", "EAGLES", "ENERBILITY", "F1"),
        *("GLASS", "GOSEI", "INFRARED", "LABORTECHNIK", "LIFE", "MEDICAL", "MOTORS", "OCEAN"),
        *("OUTLET", "PORTABLE", "RAILWAY", "ROBOBAR", "ROBOTICS", "TEAM", "TRASMISSIONI"),
        *("VISION", "VOSS", "WELD"),
    ]
)
"""What stands right behind a builder's name where it is that of another house, which builds no
machine tools: DOOSAN ROBOTICS, TRUMPF MEDICAL, BLOHM + VOSS."""
_SELLERS = frozenset(map(letters, ["ИМПОРТЕР", "ПОСТАВЩИК", "ДИЛЕР", "ДИСТРИБЬЮТОР", "ПРОДАВЕЦ"]))
"""What on an importer's plate says who sold the machine: ИМПОРТЕР: ООО СТАНКОИМПОРТ."""
_RUSSIAN, _RUSSIAN_BESIDE_RUSSIAN, _ALL = 1, 2, 3


class Prose:
    """Tells lines that speak of builders; build it once.

    Args:
        registry: whose marks are looked for.
    """

    def __init__(self, registry: Registry) -> None:
        self._words = OwnWords.packaged()
        self._own = {
            entry.id: {
                word
                for text in (*(m.text for m in entry.wordmarks), *entry.series, *entry.weak.series)
                for word in words(text)
            }
            for entry in registry
        }

    def speaks_of(
        self, mark: Mark, said: Sequence[str], cyrillic: Sequence[bool], start: int, end: int
    ) -> bool:
        """Whether the rest of a line is prose, or makes the name another house's.

        Args:
            said: the line's words; the mark was found in those from `start` to before `end`.
            cyrillic: of each word whether it is written in Cyrillic letters.
        """
        if mark.type == "control":
            return False
        if end < len(said) and said[end] in _HOUSES:
            return True
        rest = [i for i in range(len(said)) if not start <= i < end]
        if any(said[i] in _SELLERS for i in rest):
            return True
        strange = [i for i in rest if self._is_strange(said[i], mark, cyrillic[i])]
        russian = sum(cyrillic[i] for i in strange)
        return len(strange) >= _ALL or russian >= (
            _RUSSIAN_BESIDE_RUSSIAN if mark.cyrillic else _RUSSIAN
        )

    def _is_strange(self, word: str, mark: Mark, cyrillic: bool) -> bool:
        spelt = word.replace("3", "") if cyrillic else word  # the fold of З
        return (
            len(word) >= _LEAST
            and spelt.isalpha()
            and script_of(word[0]) != "han"
            and word not in self._own[mark.id]
            and not self._words.is_known(word)
        )
