"""Marks inside a word that was read without its gaps: HAASAUTOMATION, 秦川机床集团."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from datasets.letters import script_of
from datasets.registry import Registry
from detector.fold import letters, words
from detector.marks import SHORT, Mark
from detector.vocabulary import HAN_WORDS, LATIN_WORDS, made_of

_HAN_ANYWHERE = 3
"""Han marks of at least so many characters count wherever they stand in a run of Han."""


class Joined:
    """The marks that may stand at an end of a longer word, by their letters."""

    def __init__(self, registry: Registry, marks: Sequence[Mark]) -> None:
        self._own = {entry.id: LATIN_WORDS | HAN_WORDS for entry in registry}
        for entry in registry:
            texts = [mark.text for mark in entry.wordmarks] + [*entry.series, *entry.weak.series]
            known = {letters(text) for text in texts} | {w for t in texts for w in words(t)}
            self._own[entry.id] |= {text for text in known if len(text) >= SHORT}
        self._latin: dict[str, list[Mark]] = {}
        self._han: dict[str, list[Mark]] = {}
        for mark in marks:
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
        for cut in range(SHORT + 1, min(len(word), self._longest + 1)):
            for part, rest in ((word[:cut], word[cut:]), (word[-cut:], word[:-cut])):
                for mark in self._latin.get(part, ()):
                    model = mark.kind == "series" and part == word[:cut] and _is_size(part, rest)
                    if model or made_of(rest, self._own[mark.id]):
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


def _is_size(series: str, rest: str) -> bool:
    """Whether the rest of a word is a model's size: PUMA 2600SY read as PUMA2600SY."""
    return series.isalpha() and rest[0].isdigit() and len(rest) <= 6
