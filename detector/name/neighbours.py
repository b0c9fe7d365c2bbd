"""Which marks a text may be: a misreading of one, or a longer word that begins or ends with one.

Alignment is exact but slow. So a lower bound on its price is computed for all marks at once, from
the letters regardless of their order. It leaves a handful to align.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from datasets.letters import script_of
from detector.name.align import OTHER, RUNS, SINGLE, Template, beside, distance, missing
from detector.name.marks import HAN_WORDS, LATIN_WORDS, SHORT, EntryMark, made_of

_TWINS = str.maketrans("OI", "01")
"""Letters that a model code shares with digits."""
TWIN = 0.05
"""Price of one of them read as the other: no font shows the difference."""
ROUND = frozenset("OQCG0")
"""Letters that a round emblem before a wordmark is read as (QROMI)."""


class NeighbourIndex:
    """Marks by the letters a reader may return for them."""

    def __init__(self, marks: Sequence[EntryMark], margin: float) -> None:
        self._margin = margin
        codes = [mark for mark in marks if 0 < mark.limit <= TWIN * 2]
        self._codes: dict[str, list[EntryMark]] = {}
        for mark in codes:
            self._codes.setdefault(mark.letters.translate(_TWINS), []).append(mark)
        # Too short for a far misreading, but an emblem before them changes none of their letters.
        self._emblazoned: dict[str, list[EntryMark]] = {}
        for mark in marks:
            if mark.kind == "wordmark" and len(mark.letters) == SHORT + 1 and not mark.han:
                self._emblazoned.setdefault(mark.letters, []).append(mark)
        # Marks that match only exactly still stand as rivals: DMIG is not DMTG for DMG's sake.
        texts = [m for m in marks if m.limit > 0.1 or m.kind == "wordmark"]
        self._marks = texts
        self._length = np.array([len(mark.letters) for mark in texts])
        self._limits = np.array([mark.limit for mark in texts], np.float32)
        self._far = np.array([max(mark.limit, mark.far) for mark in texts], np.float32)
        cheapest = {c: _cheapest(c) for c in {c for mark in texts for c in mark.letters}}
        letters = sorted({read for prices in cheapest.values() for read in prices})
        self._column = {letter: i for i, letter in enumerate(letters)}
        # price[m, t]: the least that a mark letter m costs if t stands in the reading.
        price = np.full((len(letters), len(letters)), OTHER, np.float32)
        for m, read_as in cheapest.items():
            price[self._column[m], [self._column[t] for t in read_as]] = list(read_as.values())
        self._price = price.clip(max=np.array([[missing(m)] for m in letters], np.float32))
        self._count = np.zeros((len(texts), len(letters)), np.float32)
        self._read_price = np.zeros((len(texts), len(letters)), np.float32)
        added = np.array([beside(t) for t in letters], np.float32)
        for row, mark in enumerate(texts):
            columns = [self._column[letter] for letter in mark.letters]
            np.add.at(self._count[row], columns, 1)
            self._read_price[row] = np.minimum(price[columns].min(axis=0), added)

    def find(
        self, readings: Sequence[str], far: Sequence[bool]
    ) -> Iterator[list[tuple[EntryMark, float]]]:
        """For each reading the marks it is a misreading of, with the price.

        Marks of several entries are given only if they share one text. A reading yields none if the
        nearest mark of another entry is less than the margin dearer.

        far: for each reading, whether a far misreading counts if there is no nearer one.
        """
        if not readings or not self._marks:
            yield from ([] for _ in readings)
            return
        for reading, hint, least in zip(readings, far, self._at_least(readings), strict=True):
            found = self._within(reading, least, self._limits)
            if not found and hint:
                found = self._within(reading, least, self._far) or self._behind_emblem(reading)
            if found:
                within = found[0][0] + self._margin
                rivals = self._priced(reading, least <= within, np.full(len(self._marks), within))
                yield self._undisputed(found, rivals)
            else:
                yield list(self._code(reading))

    def _code(self, reading: str) -> Iterator[tuple[EntryMark, float]]:
        """Model codes that differ from the reading only in O for 0 or I for 1."""
        if len(reading) <= SHORT or reading.isalpha():
            return
        for mark in self._codes.get(reading.translate(_TWINS), ()):
            unlike = sum(a != b for a, b in zip(mark.letters, reading, strict=True))
            price = unlike * TWIN
            if 0 < price <= mark.limit:
                yield mark, price

    def _behind_emblem(self, reading: str) -> list[tuple[float, EntryMark]]:
        """Wordmarks of four letters, exact behind a round emblem read as a letter."""
        marks = self._emblazoned.get(reading[1:], []) if reading[0] in ROUND else []
        return [(beside(reading[0]), mark) for mark in marks]

    def _at_least(self, readings: Sequence[str]) -> NDArray[np.float32]:
        """(readings, marks): a price that aligning them cannot undercut.

        Every letter of the reading costs at least its cheapest origin in the mark. Every letter of
        the mark costs at least its cheapest reading. Order and number are left to the alignment.
        """
        counts = np.zeros((len(readings), len(self._column)), np.float32)
        cheapest = np.ones_like(counts)
        foreign = np.zeros((len(readings), 1), np.float32)
        for row, reading in enumerate(readings):
            known = [self._column[letter] for letter in reading if letter in self._column]
            np.add.at(counts[row], known, 1)
            cheapest[row] = self._price[:, known].min(axis=1, initial=OTHER)
            foreign[row] = sum(beside(c) for c in reading if c not in self._column)
        of_reading = counts @ self._read_price.T + foreign
        bound: NDArray[np.float32] = np.maximum(of_reading, cheapest @ self._count.T)
        bound -= np.float32(1e-3)
        # A quarter more or fewer letters than the mark has is no misreading of it.
        lengths = np.array([len(reading) for reading in readings])
        bound[np.abs(self._length - lengths[:, None]) > 1 + self._length / 4] = np.inf
        return bound

    def _within(
        self, reading: str, least: NDArray[np.float32], limits: NDArray[np.float32]
    ) -> list[tuple[float, EntryMark]]:
        return self._priced(reading, (least <= limits) & (limits > 0), limits)

    def _priced(
        self, reading: str, among: NDArray[np.bool_], most: NDArray[np.floating]
    ) -> list[tuple[float, EntryMark]]:
        """Marks that are no dearer than their `most`, cheapest first."""
        found = []
        for i in np.flatnonzero(among):
            mark = self._marks[i]
            price = distance(Template.of(mark.letters), reading, float(most[i]) + 1e-6)
            if price < float("inf"):
                found.append((price, mark))
        return sorted(found, key=lambda item: item[0])

    def _undisputed(
        self, found: list[tuple[float, EntryMark]], rivals: list[tuple[float, EntryMark]]
    ) -> list[tuple[EntryMark, float]]:
        """The nearest marks, unless another entry's mark of another text is about as near."""
        least = found[0][0]
        best = [mark for price, mark in found if price == least]
        texts = {mark.letters for mark in best}
        ids = {mark.id for mark in best}
        if len(texts) > 1 and len(ids) > 1:
            return []
        for price, rival in rivals:
            close = price < least + self._margin
            if close and rival.letters not in texts and rival.id not in ids:
                return []
        return [(mark, least) for mark in best]


def _cheapest(on_mark: str) -> dict[str, float]:
    """The least a letter of a mark, alone or in a run, can cost, by letter of a reading. The
    letters of the longer side share the price of a run, so that no sum of shares exceeds it."""
    found = dict(SINGLE.get(on_mark, {}))
    for run, readings in RUNS.items():
        for reading, price in readings.items() if on_mark in run else ():
            share = price / max(len(run), len(reading))
            found |= {letter: min(share, found.get(letter, OTHER)) for letter in reading}
    return {**found, on_mark: 0.0}


_HAN_ANYWHERE = 3
"""Han marks of at least so many characters count anywhere in a run of Han."""
_CODE = re.compile(r"[A-Z]{2,}\d+|[A-Z]\d{3,}")
"""A model code that has variants; one letter and two figures are fuses and ports too."""
_VARIANT = re.compile(r"[A-Z]{1,4}\d?")
"""What a builder puts after a code: VF-2 SS, GLS-150 LY, SR-20 RIV, TM-3000 Y2."""
_LONGEST_VARIANT = 5


class JoinedMarks:
    """The marks that may stand at an end of a longer word, by their letters."""

    def __init__(self, own: Mapping[str, Sequence[str]], marks: Sequence[EntryMark]) -> None:
        trade = LATIN_WORDS | HAN_WORDS
        self._own = {
            id: trade | {text for text in texts if len(text) >= SHORT} for id, texts in own.items()
        }
        self._latin: dict[str, list[EntryMark]] = {}
        self._han: dict[str, list[EntryMark]] = {}
        self._families: dict[str, list[EntryMark]] = {}
        self._codes: dict[str, list[EntryMark]] = {}
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

    def inside(self, word: str) -> Iterator[EntryMark]:
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

    def variants(self, said: Sequence[str]) -> Iterator[EntryMark]:
        """Codes that these words together vary: VF-2SS is a VF-2, HD-F6020 an HD-F.

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

    def _inside_han(self, run: str) -> Iterator[EntryMark]:
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
    """True if what follows a family's name is a model's size: PUMA 2600SY read as PUMA2600SY."""
    return rest[0].isdigit() and len(rest) <= 6
