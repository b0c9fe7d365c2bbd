"""The kind of each text on a machine, found once, from one data file.

    >>> kinds = load_kinds()
    >>> [kinds.of(text) for text in ("TEL 0632-5551234", "数控车床", "HYDRAULIC CHUCK", "MAZAK")]
    ['contact', 'machine', 'part', 'other']

The patterns stand in `datasets/data/kinds.yaml`, each kind with examples for and against it. The
words are those of `datasets/data/plates.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from datasets.letters import letters, script_of, scripts, words
from datasets.plates import KindWords as Words
from datasets.plates import PlateWords, load_places, load_plate_words
from datasets.registry import DATA
from datasets.yamlfile import read_lists
from detector.name.align import RUNS, SINGLE, Template, distance
from detector.name.marks import HAN_WORDS, LATIN_WORDS, SIGNS, made_of

_CODE = re.compile(r"(?=\D*\d)[A-Z\d]+(?:[/X×*-]+[A-Z\d]+)*")
"""A model's code, a figure with its unit, a size."""
_PART = 3
"""Least letters of each word in a word that was read without gaps."""


class KindClassifier:
    """Finds the kind of a text; build it once.

    rules: the `patterns`, `whole` patterns and `lists` of each kind. plates: the words of the
    lists.
    """

    def __init__(
        self, rules: Mapping[str, Mapping[str, Sequence[str]]], plates: PlateWords
    ) -> None:
        lists = {
            "signs": (*plates.lines.signs, *SIGNS),
            "parts": (*_all(plates.parts),),
            "part_makers": plates.part_makers,
            "sellers": (*_all(plates.sellers),),
            "owners": plates.works.owner,
            "machine_kinds": (*_all(plates.machine_kinds),),
            "kinds": plates.lines.kinds,
            "against": plates.against,
            "rows": (*_all(plates.rows),),
        }
        self._rules = {
            name: (
                [re.compile(text, re.IGNORECASE) for text in rule.get("patterns", ())],
                [re.compile(text, re.IGNORECASE) for text in rule.get("whole", ())],
                Phrases(text for name_ in rule.get("lists", ()) for text in lists[name_]),
            )
            for name, rule in rules.items()
        }
        parts = {word for text in lists["parts"] for word in words(text)}
        whole = frozenset(map(letters, plates.lines.signs))
        self._signs = whole | (SIGNS - parts)
        self._whole = frozenset(map(letters, (*plates.lines.rows, *plates.lines.kinds)))
        self._tools = [letters(text) for text in plates.machine_tools.han]
        self._rows = Phrases(lists["rows"])
        self._houses = Phrases(plates.other_names)
        self._known = _known_words(plates)
        self._parts = frozenset(
            w for w in self._known if len(w) >= _PART or script_of(w[0]) == "han"
        )
        self.of = lru_cache(8192)(self._of)
        self.strange = lru_cache(8192)(self._strange)

    def _of(self, text: str) -> str:
        """The kind of a text, `other` if none fits."""
        said, raw = PhraseText.of(text), text.upper().strip()
        for name, (patterns, whole, phrases) in self._rules.items():
            if any(p.search(raw) for p in patterns) or any(p.fullmatch(raw) for p in whole):
                return name
            if name == "safety":
                if self._signs.issuperset(words(text)) or letters(text) in self._signs:
                    return name
            elif name == "part":
                if self._is_part(text, said, phrases):
                    return name
            elif phrases.inside(said):
                return name
        return "other"

    def is_another_house(self, text: str) -> bool:
        """True if a text is a firm or a person with a builder's name."""
        return self._houses.inside(PhraseText.of(text))

    def is_known(self, word: str) -> bool:
        """True if a folded word, or several read as one, stands on machines as such."""
        return word in self._known or word in self._signs or made_of(word, self._parts)

    def _strange(self, text: str, own: tuple[str, ...]) -> int:
        """Words of a text that are neither known, nor codes or figures, nor in `own`."""
        count = 0
        for token in text.split():
            said = [word for word in words(token) if len(word) > 1 or script_of(word[0]) == "han"]
            if _CODE.fullmatch("".join(words(token))):
                continue
            count += sum(
                not (self.is_known(word) or _made_with(word, own, self._parts)) for word in said
            )
        return count

    def _is_part(self, text: str, said: PhraseText, phrases: Phrases) -> bool:
        """True if a text names a part, but not as a row (MAIN MOTOR 11 KW) or a kind of machine."""
        plain = letters(re.sub(r"\d[\w.,/×*-]*", " ", text))
        if plain in self._whole:
            return False
        head = text.split()[-1:]
        if self._rows.inside(said if any(map(str.isdigit, text)) else PhraseText.of("".join(head))):
            return False
        rest = said.letters
        for tool in self._tools:
            rest = rest.replace(tool, " ")  # 工具机 is no 工具
        return bool(phrases.han_in(rest)) or any(end in said.ends for end in phrases.ends_in(said))


def _made_with(word: str, own: tuple[str, ...], known: frozenset[str]) -> bool:
    """True if a word is made of a builder's own words and known ones."""
    return any(word in mark or made_of(word, known | {mark}) for mark in own)


def _known_words(plates: PlateWords) -> frozenset[str]:
    made_in = plates.made_in
    texts = [
        *_all(plates.rows), *_all(plates.machine_kinds), *_all(plates.machine_tools),
        *_all(plates.machinery), *_all(plates.between), *_all(plates.forms), *_all(plates.badge),
        *_all(plates.own), *_all(plates.labels), *plates.lines.rows, *plates.lines.kinds,
    ]  # fmt: skip
    for verbs in (made_in.verbs, made_in.verbs_after, made_in.verbs_before):
        texts += [text for some in verbs.values() for text in some]
    for names in (*made_in.countries.values(), made_in.soviet):
        texts += [text for some in names.values() for text in some]
    for place in (place for some in load_places().values() for place in some):
        texts += [name for name in (place.han, place.latin) if name]
        texts += [f"{place.han}{rank}" for rank in "省市县" if place.han]
    found = {part for text in texts for part in (letters(text), *words(text))}
    return frozenset(found) | LATIN_WORDS | HAN_WORDS


def _all(kinds: Words) -> Iterator[str]:
    yield from (*kinds.han, *kinds.han_japan, *kinds.latin, *kinds.cyrillic)


@cache
def load_kinds() -> KindClassifier:
    """The packaged kinds."""
    return KindClassifier(read_lists(DATA / "kinds.yaml"), load_plate_words())


SAME = str.maketrans("01", "OI")
# Share of a Cyrillic phrase's letters that may be misread. `detector.name.marks` allows a tenth
# of a long mark, and a plate's phrase is read as badly.
_MISREAD = 0.1
# Shorter Cyrillic phrases only exactly: a tenth of them is no letter.
_FUZZY_LETTERS = 6
# A word this long is several that were read as one; phrases of so many letters are found in it.
_JOINED, _INSIDE = 16, 5
# How many letters longer or shorter a misread phrase may be.
_LONGER = 2


@dataclass(frozen=True, slots=True)
class PhraseText:
    """A text made ready: its letters in a row, and where words begin and end in it."""

    letters: str
    starts: tuple[int, ...]
    ends: frozenset[int]
    cyrillic: bool

    @classmethod
    def of(cls, text: str) -> PhraseText:
        said = [word.translate(SAME) for word in words(text)]
        starts, ends, at = [], set(), 0
        for word in said:
            starts.append(at)
            at += len(word)
            ends.add(at)
        return cls("".join(said), tuple(starts), frozenset(ends), "cyrillic" in scripts(text))

    @property
    def longest_word(self) -> int:
        ends = sorted(self.ends)
        return max((end - start for start, end in zip(self.starts, ends, strict=False)), default=0)

    def tail(self, start: int) -> PhraseText:
        """The text from a place on, which is the beginning of a word or in the middle of one."""
        starts = tuple(s - start for s in self.starts if s > start)
        ends = frozenset(e - start for e in self.ends if e > start)
        return PhraseText(self.letters[start:], (0, *starts), ends, self.cyrillic)


class Phrases:
    """A set of phrases, found as whole words.

    phrases: in Latin, Cyrillic or Han letters. misread: find Cyrillic ones in their Latin
    look-alikes too.
    """

    def __init__(self, phrases: Iterable[str], *, misread: bool = False) -> None:
        self._plain: set[str] = set()
        self._han: set[str] = set()
        self._cyrillic: list[tuple[Template, frozenset[str]]] = []
        for phrase in phrases:
            folded, written = letters(phrase), scripts(phrase)
            if "han" in written or "other" in written:
                self._han.add(folded)
                continue
            self._plain.add(folded.translate(SAME))
            if misread and "cyrillic" in written and len(folded) >= _FUZZY_LETTERS:
                self._cyrillic.append((Template.of(folded), _read_as(folded[0])))
        self._lengths = sorted({len(phrase) for phrase in self._plain}, reverse=True)

    def inside(self, said: PhraseText) -> bool:
        """True if any of them stands in the text."""
        return any(han in said.letters for han in self._han) or any(
            end in said.ends for end in self.ends_in(said)
        )

    def within(self, said: PhraseText) -> bool:
        """True if any stands in the text, or in a long word read without gaps."""
        joined = said.longest_word >= _JOINED
        return self.inside(said) or (
            joined and any(len(p) >= _INSIDE and p in said.letters for p in self._plain)
        )

    def han_in(self, run: str) -> list[str]:
        """The Han phrases in a folded run, the longest first."""
        return sorted((han for han in self._han if han in run), key=lambda han: (-len(han), han))

    def ends_in(self, said: PhraseText) -> list[int]:
        """Where Latin or Cyrillic phrases end that begin with a word. The end may lie in the middle
        of a word: MADEIN in MADEINCHINA."""
        return sorted({end for start in said.starts for end in self._ends_at(said, start)})

    def opens(self, said: PhraseText) -> list[int]:
        """Where phrases end that begin the text, the longest first."""
        return sorted({*self._ends_at(said, 0)}, reverse=True)

    def is_next(self, said: PhraseText) -> bool:
        """True if one of them begins the text and ends with a word of it."""
        return any(end in said.ends for end in self.opens(said))

    def _ends_at(self, said: PhraseText, start: int) -> Iterator[int]:
        for length in self._lengths:
            if said.letters[start : start + length] in self._plain:
                yield start + length
        for template, first in self._cyrillic:
            if said.letters[start : start + 1] not in first:
                continue
            size = len(template.letters)
            limit = _MISREAD * size
            for end in said.ends:
                if abs(end - start - size) <= _LONGER:
                    read = said.letters[start:end]
                    if read not in self._plain and distance(template, read, limit) <= limit:
                        yield end


def _read_as(letter: str) -> frozenset[str]:
    """What a reading of this letter may begin with; this spares most of the aligning."""
    runs = {
        read_as[0] for on_mark, reads in RUNS.items() if on_mark[0] == letter for read_as in reads
    }
    return frozenset({letter, *SINGLE.get(letter, {}), *runs})
