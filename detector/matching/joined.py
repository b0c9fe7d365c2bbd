"""Marks inside a word that was read without its gaps: HAASAUTOMATION, NLX2500, 秦川机床集团."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from datasets.letters import letters, script_of, words
from datasets.plates import load_places
from datasets.registry import Registry
from detector.matching.marks import SHORT, Mark
from detector.matching.own_words import OwnWords
from detector.matching.vocabulary import HAN_WORDS, LATIN_WORDS, made_of

_HAN_ANYWHERE = 3
"""Han marks of at least so many characters count wherever they stand in a run of Han."""
_FEW = 2
"""Han characters that by themselves are no more than a word: 远东 (the far east) of 远东机械, 森 of
森精机."""
_TRADE = re.compile(f"(?:{'|'.join(sorted(HAN_WORDS, key=len, reverse=True))})+$")
_CODE = re.compile(r"[A-Z]{2,}\d+|[A-Z]\d{3,}")
"""A model code that variants are made of; of one letter and two figures are fuses and ports too."""
_VARIANT = re.compile(r"[A-Z]{1,4}\d?")
"""What a builder puts after a code: VF-2 SS, GLS-150 LY, SR-20 RIV, TM-3000 Y2."""
_LONGEST_VARIANT = 5


class Joined:
    """The marks that may stand at an end of a longer word, by their letters."""

    def __init__(self, registry: Registry, marks: Sequence[Mark]) -> None:
        self._home = {entry.id: entry.origin for entry in registry}
        self._words = OwnWords.packaged()
        self._places = {
            code: frozenset(letters(place.han) for place in some if place.han)
            for code, some in load_places().items()
        }
        self._own = {entry.id: LATIN_WORDS | HAN_WORDS for entry in registry}
        for entry in registry:
            texts = [mark.text for mark in entry.wordmarks] + [*entry.series, *entry.weak.series]
            known = {letters(text) for text in texts} | {w for t in texts for w in words(t)}
            self._own[entry.id] |= {text for text in known if len(text) >= SHORT}
        self._latin: dict[str, list[Mark]] = {}
        self._han: dict[str, list[Mark]] = {}
        self._families: dict[str, list[Mark]] = {}
        self._codes: dict[str, list[Mark]] = {}
        for mark in marks:
            if mark.kind == "series" and mark.letters.isalpha() and not mark.han:
                self._families.setdefault(mark.letters, []).append(mark)
            elif mark.kind == "series" and _CODE.fullmatch(mark.letters):
                self._codes.setdefault(mark.letters, []).append(mark)
            if mark.han:
                self._han.setdefault(mark.letters, []).append(mark)
            elif len(mark.letters) > SHORT:
                self._latin.setdefault(mark.letters, []).append(mark)
        self._longest = max(map(len, [*self._han, *self._latin]), default=0)

    def inside(self, word: str) -> Iterator[Mark]:
        """Marks at an end of the word (in Han: anywhere) whose rest is of known words."""
        if script_of(word[0]) == "han":
            yield from self._inside_han(word)
            return
        for cut in range(SHORT, min(len(word), self._longest + 1)):
            if _is_size(word[cut:]):
                yield from self._families.get(word[:cut], ())
            ends = [(word[:cut], word[cut:])]
            # Firms' forms stand behind a name; two letters before it are any word's (COLICO).
            if len(word) - cut >= SHORT:
                ends.append((word[-cut:], word[:-cut]))
            for part, rest in ends:
                for mark in self._latin.get(part, ()):
                    if made_of(rest, self._own[mark.id]):
                        yield mark

    def is_of_another(self, mark: Mark, word: str) -> bool:
        """Whether what stands before a mark in a run of Han makes another firm's name of it.

        A name of few characters and a trade is in many a firm's: 鑫森精机, 河北远东机械. Words of
        the trade and places of the builder's own country make no other of it: 台湾台中精机.
        """
        before, found, _ = word.partition(mark.letters)
        own = _TRADE.sub("", mark.letters)
        if not (mark.han and found and before) or len(own) > _FEW:
            return False
        home = self._home[mark.id]
        abroad = (place for code, some in self._places.items() if code != home for place in some)
        return not self._words.is_known(before) or any(place in before for place in abroad)

    def variants(self, said: Sequence[str]) -> Iterator[Mark]:
        """Codes of which these words together are a variant: VF-2SS is a VF-2, HD-F6020 an HD-F.

        The variant's letters stand in one word with the code's last figure, a size with the last
        letters of the family's name.
        """
        joined, last = "".join(said), said[-1]
        for rest in range(1, min(_LONGEST_VARIANT, len(last) - 1) + 1):
            if _VARIANT.fullmatch(last[-rest:]):
                yield from self._codes.get(joined[:-rest], ())
        name = last.rstrip("0123456789")
        if len(said) > 1 and name and name != last and _is_size(last[len(name) :]):
            for mark in self._families.get("".join((*said[:-1], name)), ()):
                if mark.words == (*said[:-1], name):
                    yield mark

    def _inside_han(self, run: str) -> Iterator[Mark]:
        for start in range(len(run)):
            for end in range(start + 2, min(len(run), start + self._longest) + 1):
                if end - start == len(run):
                    continue
                for mark in self._han.get(run[start:end], ()):
                    if end - start >= _HAN_ANYWHERE or all(
                        made_of(rest, self._own[mark.id]) for rest in (run[:start], run[end:])
                    ):
                        yield mark


def _is_size(rest: str) -> bool:
    """Whether what follows a family's name is a model's size: PUMA 2600SY read as PUMA2600SY."""
    return rest[0].isdigit() and len(rest) <= 6
