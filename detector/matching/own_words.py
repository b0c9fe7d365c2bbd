"""Words that stand on a machine's own badges and plates: whatever else is said may be another's.

The stickers, boards and screens beside a machine are without number: no list of what speaks of
parts, dealers, guests or programs is whole. So a claim that is graver than a miss rests only on
lines in which every word is one that a builder puts on his machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from datasets.letters import letters, script_of, words
from datasets.plates import Kinds, Place, PlateWords, load_places, load_plate_words
from detector.matching.phrases import Phrases, Said
from detector.matching.vocabulary import HAN_WORDS, LATIN_WORDS, SIGNS, made_of

_PART = 3
"""Letters at least of the words that a word read without gaps is made of: DE CO is none."""
_BY_FIGURES = 3
"""Letters at most of a word that, beside figures, belongs to a model code: VMC 850 B."""
_IN_CODE = 4
"""Letters at most that stand together within one: TNL100."""
_MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_FAIRS = ["EXPO", "EMO", "CIMT"]
_GOODS = ["CUP", "JAW", "BOX", "LOT", "SET", "QTY", "PCS", "USB", "DIN", "SWL", "WLL"]
_NO_CODE = frozenset(
    ["FOR", "FIT", "OP", "JOB", "PO", "NO", "ATC", "APC", "FAN", *_GOODS, *_FAIRS, *_MONTHS]
) | {*map(letters, ["ЛЕТ", "ЗАЛ", "ЦЕХ", "БАК", "ПАВ", "ШТ", "ТУ", "СОЖ"])}
"""Words that stand beside figures and belong to no code: OP 10, EMO 2023, 12 MAY."""
_CYRILLIC = re.compile(
    r"(?![A-Z]{1,3}\d[A-Z]?$)(?!.*\d\d)(?=(?:.*[^\W\d_]){2})(?:[^\W\d_]|[3469])+"
)
"""A Russian word as one reads it who knows no Cyrillic, 3AN4ACTN for ЗАПЧАСТИ; not VT3, a code."""
_RUSSIAN = frozenset(map(letters, ["ООО", "ОАО", "ЗАО", "ПАО", "АО", "РУС"]))
"""What makes a firm of Russia, beside a foreign builder's mark his dealer: ООО BODOR РУС."""
_POSTERS = frozenset(map(letters, ["СТАНКИ", "ЗАВОД", "РОССИЯ", "ГРУППА"]))
"""What stands on his posters, and names no other builder: СТАНКИ HAAS, ЗАВОД DMTG."""
_NOISE = frozenset("口日一工目回囗TM")
"""What edges, rivets and ® are read as."""
_PROGRAM = re.compile(r"\.NC\b|_|^\s*%|\b(?:O\d{4}|[GN]\d{1,2})\b", re.IGNORECASE)
"""What names a program on a control's screen."""
_RANKS = "省市县"
"""What a place in Han is called by on a firm's plate, and is no word of another: 深圳市."""
_SPACED = re.compile(r"(?<=(?<![一-鿿])[一-鿿]) +(?=[一-鿿](?![一-鿿]))")
"""Gaps between characters that stand by themselves, as labels are spaced on plates: 型 号."""
_INITIAL = re.compile(r"(?:^|\s)[^\W\d_]\.(?:\s|$)")
"""What stands beside a person's name: BODOR P."""
_GLUED = re.compile(r"(?:MODEL|TYPE|SERIAL)(?:NO)?[A-Z]{0,3}")
"""What stands before the figures of a code that was read without gaps: MODELVT-36."""
_SYLLABLE = (
    "(?:[ZCS]H|[BPMFDTNLGKHJQXRZCSYW])?(?:AI|EI|AO|OU|ANG?|ENG?|ONG|ER|IAO|IU|IANG?|ING?|IONG|I[AE]?|"
    "UANG?|UN|UAI|UI|U[AEO]?|[AEO])"
)
_PINYIN = re.compile(f"(?:{_SYLLABLE}){{1,2}}")
"""A Chinese family name or given name in Latin letters."""
_SEAMS = frozenset(
    ["NEW", "PRIMA", "PRESS", "GLORY", "STAR", "LEAD", "LASER", "RAY", "XT", "LG", "AFM"]
)
"""Words of which some marks are made, and that stand on other labels by themselves."""


class OwnWords:
    """Knows those words; build it once."""

    def __init__(self, plates: PlateWords, places: Mapping[str, tuple[Place, ...]]) -> None:
        towns = [name for some in places.values() for place in some for name in _names(place)]
        trade = (LATIN_WORDS | HAN_WORDS) - _RUSSIAN - _POSTERS
        badge = _single([*_of_badges(plates), *towns]) | trade
        self._badge = frozenset(w for w in badge if len(w) > 1 or script_of(w) == "han")
        self._signs = SIGNS - _single(_listed(plates.parts))
        self._plate = badge | _single(_of_plates(plates))
        self._badge_parts, self._plate_parts = map(_parts, (self._badge, self._plate))
        self._rows = Phrases((*plates.rows.han, *plates.rows.latin))

    @classmethod
    def packaged(cls) -> OwnWords:
        return cls(load_plate_words(), load_places())

    def on_badge(self, text: str, mark: str, own: Iterable[str]) -> bool:
        """Whether a line holds, beside a mark, only what stands on a badge: codes with figures too.

        Args:
            mark: its letters. If the text does not hold them, the mark was misread, and one word is
                let pass; of a mark in Han a whole run, which a Latin letter may part (秦I机床).
            own: the entry's marks and series.
        """
        if _PROGRAM.search(text) or _INITIAL.search(text):
            return False
        own = _single(own)
        known, parts = self._badge | own, self._badge_parts | _parts(own)
        read = mark in letters(text)
        strange = [
            word
            for word, after in _rest(text, mark)
            if not (word in known or made_of(word, parts) or (after and _is_letter(word)))
        ]
        if read:
            return not strange
        return len(strange) <= 1 or (script_of(mark[0]) == "han" and len(text.split()) == 1)

    def on_plate(self, text: str, name: str = "") -> bool:
        """Whether a line is one that stands on a machine's own plate, as far as words tell.

        Args:
            name: the letters of the maker's name on it, of which the line may hold parts: BORUI CNC
                over TENGZHOU BORUI CNC MACHINE TOOL CO., LTD.
        """
        said = [word for word, _ in _rest(text, "")]
        return self._signs.issuperset(said) or all(
            word in self._plate or made_of(word, self._plate_parts | _pieces(word, name))
            for word in said
        )

    def is_known(self, word: str) -> bool:
        """Whether a word, or a row of words read as one, stands on machines, signs included."""
        known = word in self._signs or word in self._plate or word in _POSTERS
        return known or made_of(word, self._plate_parts)

    def is_row(self, text: str) -> bool:
        """Whether it is a row of figures of a plate: SWING OVER BED 400 MM."""
        return self._rows.inside(Said.of(text))


def split_mark(text: str, mark: str, written: Iterable[str]) -> bool:
    """Whether the letters of a mark were put together from what is a person's name, or two labels.

    YANG LI is a man, YANGLI a builder; HI SION is HISION, read in two.

    Args:
        mark: letters of a mark, in the Latin or Cyrillic script.
        written: the entry's marks, some of which may be written in several words.
    """
    said = words(text)
    if mark in said or any(letters(own) == mark and len(words(own)) > 1 for own in written):
        return False
    return any(
        "".join(said[start:end]) == mark
        and (
            _goes_on(said, start, end)
            or all(len(word) > 1 and _PINYIN.fullmatch(word) for word in said[start:end])
            or not _SEAMS.isdisjoint(said[start:end])
        )
        for start in range(len(said))
        for end in range(start + 2, len(said) + 1)
    )


def _goes_on(said: Sequence[str], start: int, end: int) -> bool:
    """Whether words are letters of a longer row of them: S M T W T F S are the days of a week."""
    beside = (*said[max(0, start - 1) : start], *said[end : end + 1])
    return all(map(_is_letter, said[start:end])) and any(map(_is_letter, beside))


def _rest(text: str, mark: str) -> Iterator[tuple[str, bool]]:
    """The words of a text without the letters of the mark, and whether they stand after it.

    Left out are codes (VMC850, VT-36, VMC 850 B, MODELVT-36) and noise.
    """
    text = _SPACED.sub("", text)
    joined = "".join(words(text))
    at = joined.find(mark) if mark else -1
    at, size = (at, len(mark)) if at >= 0 else (0, 0)
    coded = any(letter.isdigit() for letter in mark)
    tokens = text.split()
    figures = [any(c.isdigit() for c in token) for token in tokens]
    begin = 0
    for i, token in enumerate(tokens):
        beside = any(figures[max(0, i - 1) : i + 2])
        for word in words(token):
            before, after = (max(0, end - begin) for end in (at, at + size))
            begin += len(word)
            for part, later in ((word[:before], False), (word[after:], bool(size))):
                rest = _uncoded(part, beside, figures[i]) if part else ""
                if later and word.endswith(rest) and len(word) > len(rest) <= _IN_CODE and coded:
                    continue  # of the code's own variant: VL-1600ATC
                if rest and not _NOISE.issuperset(rest):
                    yield rest, later


def _uncoded(word: str, beside: bool, inside: bool) -> str:
    """What of a word is no part of a code: `beside` figures, or `inside` a token with some."""
    if word in _NO_CODE:
        return word
    if inside and any(c.isdigit() for c in word):  # З of no code is folded to 3
        if _CYRILLIC.fullmatch(word):
            return word
        runs = [run for run in re.findall(r"[^\W\d_]+", word) if not _GLUED.fullmatch(run)]
        return next((run for run in runs if len(run) > _IN_CODE or run in _NO_CODE), "")
    if script_of(word[0]) == "han" or not beside:
        return word
    if len(word) <= _BY_FIGURES:
        return ""
    return "" if inside and _GLUED.fullmatch(word) else word


def _is_letter(word: str) -> bool:
    return len(word) == 1 and script_of(word) != "han"


def _pieces(word: str, name: str) -> frozenset[str]:
    """What of a word stands in a name: all of it, or runs of two Han characters and more."""
    if script_of(word[0]) != "han":
        return frozenset({word} if word in name and len(word) >= _PART else ())
    runs = (word[i:j] for i in range(len(word)) for j in range(i + 2, len(word) + 1))
    return frozenset(run for run in runs if run in name)


def _parts(known: Iterable[str]) -> frozenset[str]:
    return frozenset(w for w in known if len(w) >= _PART or script_of(w[0]) == "han")


def _single(texts: Iterable[str]) -> frozenset[str]:
    """The texts' letters and their single words."""
    return frozenset(part for text in texts for part in (letters(text), *words(text)))


def _names(place: Place) -> Iterator[str]:
    yield from (name for name in (place.han, place.latin) if name is not None)
    yield from (f"{place.han}{rank}" for rank in _RANKS if place.han is not None)


def _of_badges(plates: PlateWords) -> Iterator[str]:
    yield from _listed(
        plates.rows, plates.machine_kinds, plates.machine_tools, plates.machinery,
        plates.between, plates.forms, plates.badge,
    )  # fmt: skip


def _of_plates(plates: PlateWords) -> Iterator[str]:
    yield from _listed(plates.own, plates.labels)
    made_in = plates.made_in
    for told in (made_in.verbs, made_in.verbs_after, made_in.verbs_before):
        yield from (text for verbs in told.values() for text in verbs)
    for names in (*made_in.countries.values(), made_in.soviet):
        yield from (text for some in names.values() for text in some)


def _listed(*kinds: Kinds) -> Iterator[str]:
    for one in kinds:
        yield from (*one.han, *one.han_japan, *one.latin, *one.cyrillic)
