"""Words that stand on a machine's own badges and plates: whatever else is said may be another's.

The stickers, boards and screens beside a machine are without number: no list of what speaks of
parts, dealers, guests or programs is whole. So a claim that is graver than a miss rests only on
lines in which every word is one that a builder puts on his machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from datasets.letters import letters, script_of, words
from datasets.plates import Place, PlateWords, load_places, load_plate_words
from detector.phrases import Phrases, Said
from detector.vocabulary import HAN_WORDS, LATIN_WORDS, made_of

_PART = 3
"""Letters at least of the words that a word read without gaps is made of."""
_CODE = 3
"""Letters at most that stand apart from the figures of a code: VT-36."""


class OwnWords:
    """Knows those words; build it once."""

    def __init__(self, words: PlateWords, places: Mapping[str, tuple[Place, ...]]) -> None:
        named = [name for some in places.values() for place in some for name in _names(place)]
        self._known = LATIN_WORDS | HAN_WORDS | _single([*_of_plates(words), *named])
        self._initials = {w for w in self._known if len(w) == 1 and script_of(w) != "han"}
        self._rows = Phrases((*words.rows.han, *words.rows.latin))

    @classmethod
    def packaged(cls) -> OwnWords:
        return cls(load_plate_words(), load_places())

    def only(self, text: str, mark: str = "", also: Iterable[str] = ()) -> bool:
        """Whether a text says nothing beside such words, and codes with figures.

        Args:
            mark: letters in it that are known already, if they are there. Single letters beside
                them are initials (R. NOVICK), those of a plate (C ЧПУ, P.R. CHINA) are not.
            also: further texts whose words are known.
        """
        known = (self._known - self._initials if mark else self._known) | _single(also)
        # Of two letters chance words are made: DE CO.
        parts = frozenset(w for w in known if len(w) >= _PART or script_of(w[0]) == "han")
        return all(
            word in known
            or made_of(word, parts)
            # MODELVT-36, read without gaps.
            or (coded and any(made_of(word[:-n], parts) for n in range(1, _CODE + 1)))
            for word, coded in _rest(text, mark)
        )

    def is_row(self, text: str) -> bool:
        """Whether it is a row of figures of a plate: SWING OVER BED 400 MM."""
        return self._rows.inside(Said.of(text))


def split_mark(text: str, mark: str, written: Iterable[str]) -> bool:
    """Whether the letters of a mark were put together from several words of a text.

    YANG LI is a man, YANGLI a builder. Letter by letter, as wide badges are read, it is the mark.

    Args:
        mark: letters of a mark, in the Latin or Cyrillic script.
        written: the entry's marks, some of which may be written in several words.
    """
    said = words(text)
    if mark in said or any(letters(own) == mark and len(words(own)) > 1 for own in written):
        return False
    return any(
        "".join(said[start:end]) == mark and any(len(word) > 1 for word in said[start:end])
        for start in range(len(said))
        for end in range(start + 2, len(said) + 1)
    )


def _rest(text: str, mark: str) -> Iterator[tuple[str, bool]]:
    """The words of a text without the letters of the mark, and whether figures stand with them;
    codes (VMC850, VT-36) left out."""
    at, size = "".join(words(text)).find(mark), len(mark)
    if at < 0:
        at = size = 0
    begin = 0
    for token in text.split():
        figures = any(c.isdigit() for c in token)
        for word in words(token):
            before, after = (max(0, end - begin) for end in (at, at + size))
            begin += len(word)
            if figures and (len(word) <= _CODE or any(c.isdigit() for c in word)):
                continue
            yield from ((part, figures) for part in (word[:before], word[after:]) if part)


def _single(texts: Iterable[str]) -> frozenset[str]:
    """The texts' letters and their single words."""
    return frozenset(part for text in texts for part in (letters(text), *words(text)))


def _names(place: Place) -> Iterator[str]:
    yield from (name for name in (place.han, place.latin) if name is not None)


def _of_plates(plates: PlateWords) -> Iterator[str]:
    for kinds in (
        plates.own, plates.rows, plates.labels, plates.machine_kinds, plates.machine_tools,
        plates.machinery, plates.between, plates.forms,
    ):  # fmt: skip
        yield from (*kinds.han, *kinds.han_japan, *kinds.latin, *kinds.cyrillic)
    made_in = plates.made_in
    yield from (text for verbs in made_in.verbs.values() for text in verbs)
    yield from (text for verbs in made_in.verbs_after.values() for text in verbs)
    yield from (text for verbs in made_in.verbs_before.values() for text in verbs)
    yield from (text for names in made_in.countries["CN"].values() for text in names)
