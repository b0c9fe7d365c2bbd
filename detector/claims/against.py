"""What on a machine speaks against a claim of an origin under test, though it names no builder.

A code in the form of ГОСТ is that of a Soviet or Russian machine, whoever made the control or the
chuck on it; SCHULER and ERFURT are builders of presses that no registry lists.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from datasets.letters import letters, script_of
from datasets.plates import load_plate_words
from detector.claims.plate_text import CHINA, SOVIET
from detector.matching.phrases import Phrases, Said
from detector.types import Reading

_READ = 0.5
"""Reader's score from which a text counts against."""
_ONLY_CYRILLIC = frozenset("БГДЁЖЗИЙЛПФЦЧШЩЪЫЬЭЮЯ")
"""Letters that no Latin one is drawn like."""
_CODE = re.compile(
    r"(?:\d{1,4}[^\W\d_]{1,4}\d{1,4}"  # 6ДМ83Ш
    r"|[^\W\d_]{2,4}-?\d{2,4})"  # ЛТ260, СА700СФ3
    r"(?:[^\W\d_]{1,4}\d{0,3}){0,2}(?:-\d\w*)?"  # 16А20Ф3С39, 6Р11МФ3-1
)
_TWINS = str.maketrans("АВЕКМНОРСТУХ", "ABEKMHOPCTYX")
_IN_TWINS = re.compile(
    r"(?:[123567]|16|53)"
    r"(?:[AEKMHT]\d{2,3}|B\d{3}|(?<=16)B\d{2}|P(?!(?:16|20|25|32|40|50|63|100)A?$)\d{2,3})"
    r"[A-UW-Z]?(?:F\d{1,3})?"
    r"|16K20\w*|CAT?-?(?:564|630)(?:C\d+)?(?:F\d)?|PT-?(?:317|735|755|777)(?:F\d)?|TB-?320"
    r"|K[ABDE]?(?:21[23]|23[23]|30[23])\d|MC12-250|65[26]0K"
)
"""The commonest forms, in letters that are drawn like Latin ones, and Ф written as F: 2Н135, 1М63,
3B161, 16A20F3. What is left out are fuses, circuit breakers (3P100) and sockets (5A250V)."""
_PRESS = re.compile(r"(?:И[12]\d|П63|Д[ЕБ]?24|Н[31]\d|Н[ДБ]3\d)\d\d[^\W\d_]?|67\dП")
"""Of presses and shears, by ГОСТ a letter or two and four figures, И1330, П6330, Д2430, Н3121; and
of small mills, 675П."""
_BEFORE = re.compile("^(?:СТ|МОД|МОДЕЛЬ)(?=[0-9])".translate(_TWINS))
"""What is read in one with a code: МОДЕЛЬ1К62."""
_ONE = re.compile(r"^I(?=6?[AKMP]\d)(?!P\d\d[A-Z]?$|K(?:0\d|10)$)")
"""A one that is read as a letter, I6K20; but of IP54 and IK08, by which enclosures are graded."""
_NO_CODE = (
    *("ИНВ", "ЗАВ", "ЦЕХ", "УЧ", "ТЕЛ", "ГОСТ", "ТУ", "ЗИП", "ПБ", "УЛ", "СТР"),
    *("ОП", "ЩР", "ЩС", "ЩУ", "ЩО", "ЩВ", "ШР", "РЩ", "ЯЩ", "ЯРП", "КТП", "ЛЭП", "ПЛ", "КАБ"),
    *("ДУ", "ДН", "ИГП", "ВМГЗ"),
)
"""What stands before figures on labels of every shop: fire extinguishers, switchboards, cables,
valves, oils."""


class Against:
    """Knows such texts; build it once."""

    def __init__(self) -> None:
        names = load_plate_words().against
        self._han = frozenset(letters(n) for n in names if script_of(letters(n)[0]) == "han")
        self._latin = Phrases(n for n in names if script_of(letters(n)[0]) != "han")

    def speaks(self, readings: Iterable[Reading], claimed: Collection[str]) -> bool:
        """Whether any text of the machine does; those of the broadcast say nothing of it.

        Args:
            claimed: the countries that it would be from.
        """
        china, soviet = CHINA in claimed, not SOVIET.isdisjoint(claimed)
        return any(
            (china and self._is_foreign(r.text)) or (not soviet and is_soviet_code(r.text))
            for r in readings
            if r.score >= _READ and not r.overlay
        )

    def _is_foreign(self, text: str) -> bool:
        return letters(text) in self._han or self._latin.inside(Said.of(text))


def is_soviet_code(text: str) -> bool:
    """Whether a word of a text is a model code in the form of ГОСТ: with Ф or another letter that
    only Cyrillic has, or figures, a letter and figures.

    Example:
        >>> [is_soviet_code(text) for text in ("16А20Ф3", "ЛТ260", "2H135", "ИНВ123", "CK6140")]
        [True, True, True, False, False]
    """
    return any(_is_soviet(word.upper()) for word in text.replace("«", " ").split())


def _is_soviet(word: str) -> bool:
    twins = _BEFORE.sub("", word.translate(_TWINS))
    twins = re.sub(r"(?<=\d)O(?=\d|$)", "0", _ONE.sub("1", twins))
    if _IN_TWINS.fullmatch(twins):  # I6K2O
        return True
    if _PRESS.fullmatch(word):
        return True
    cyrillic = not _ONLY_CYRILLIC.isdisjoint(word) and not word.startswith(_NO_CODE)
    return cyrillic and sum(c.isdigit() for c in word) > 1 and bool(_CODE.fullmatch(word))
