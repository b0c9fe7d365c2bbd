"""Phrases found in what was read, however the reader parted or joined their words.

    >>> said = PhraseText.of("MODEL CK6140 MADEIN CHINA")
    >>> Phrases(["MADE IN"]).ends_in(said)
    [17]

Latin phrases are found exactly, except for O and 0, I and 1, which no font shows apart. Cyrillic
ones are also found in the Latin look-alikes that the recogniser returns, priced by
`detector.name.align`. Han phrases stand anywhere in a run of Han.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from datasets.letters import letters, scripts, words
from detector.name.align import RUNS, SINGLE, Template, distance

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

    Args:
        phrases: in Latin, Cyrillic or Han letters.
        misread: find Cyrillic ones in their Latin look-alikes too.
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
        """Where Latin or Cyrillic phrases end that begin with a word.

        The end may lie in the middle of a word: MADEIN in MADEINCHINA.
        """
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
