"""Aligning a reading with a mark: an edit distance whose edits are misreadings.

Wagner-Fischer with a price for each pair of letters, and with edits of several letters at once (RN
read for M). The method is that of Brill and Moore, "An improved error model for noisy channel
spelling correction", 2000.

Everything here works on folded letters (`datasets.letters`): capitals, with Cyrillic and Greek
twins of Latin letters made one. A price is 0 for the same letter and 1 for another one. Letters
that a reader mixes up lie between. The recogniser knows no Cyrillic. Where the head that does
(`detector.read.cyrillic`) is not sure, the reading has the Latin letters or digits that a Cyrillic
letter looks like. Those are listed one way, mark to text, and are cheap.

Prices come from counts of the reader's errors (`confusions.json`). Ranks set by hand smooth them:
shapes of letters, and misreadings of painted marks (FANUG, MAXINO, TRAUE, MORISEIKl, DMGMOR1).
With n of N letters m read as r, and h the rank of the pair (`datasets/data/misreadings.yaml`),

    p     = (n + K q(h)) / (N + K),   q(h) = SURE^(1-h) RARE^h,   K = 3000
    price = log(SURE / p) / log(SURE / RARE), at least 0.05 and at most 1

So a confusion met once in `1 / SURE` letters is almost free, and one in `1 / RARE` is dear. SURE,
RARE, K and the least price of a dropped or added letter were chosen on
`tests/detector/strangers.txt` and the train split. The reader often drops letters of small marks:
at their counted price alone half of all words would be some mark misread.

Characters in Han are counted apart (`confusions-han.json`), with K = 100. Each is taken for few
others, so only twins and 川 (three strokes) have a rank set by hand. What was never seen stays as
dear as any other letter; what was seen a few times does not. A character left out (川) costs what
counts say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from datasets.letters import script_of
from datasets.registry import DATA
from datasets.yamlfile import read_lists

SURE, RARE = 0.15, 0.001
"""Shares of a letter's readings that cost nothing, and as much as any other letter."""
WEIGHT, HAN_WEIGHT = 3000.0, 100.0
"""Letters' worth of counts that the ranks set by hand weigh."""
LEAST = 0.05
"""No misreading is free: an exact reading is always nearer."""
OTHER = 1.0
"""Price of a letter read as one it does not look like."""
LEAST_BESIDE, MOST_BESIDE = 0.4, 0.6
"""Price of a letter before or after a mark, where an emblem may be read as one (XEXCETEK)."""
_MISSING, _MISSING_THIN, _THIN = 0.8, 0.6, frozenset("I1LJ")
"""Ranks and least prices of a letter dropped or added. Edges and gaps of panels make or hide thin
ones."""


Prices = dict[str, dict[str, float]]


def _ranks() -> tuple[Prices, Prices]:
    """Ranks of single letters both ways, and of runs, by what stands on the mark."""
    tables = read_lists(DATA / "misreadings.yaml")
    single: Prices = {}
    runs: Prices = {}
    for on_mark, read_as, rank in _items(tables["runs"]):
        runs.setdefault(on_mark, {})[read_as] = float(rank)
    for pair, rank in _items(tables["pairs"]):
        single.setdefault(pair[0], {})[pair[1]] = float(rank)
        single.setdefault(pair[1], {})[pair[0]] = float(rank)
    for on_mark, line in tables["cyrillic"].items():
        for read_as, rank in _items([line]):
            table = single if len(read_as) == 1 else runs
            table.setdefault(on_mark, {})[read_as] = float(rank)
    return single, runs


def _items(lines: Iterable[str]) -> Iterator[list[str]]:
    return (item.split() for line in lines for item in line.split(","))


class _Counts:
    """What was counted, as prices; see the module for the formula. `weight`: its K."""

    def __init__(self, file: str, weight: float) -> None:
        counted = json.loads(files("detector").joinpath(file).read_text("utf-8"))
        self._weight = weight
        self._letters: dict[str, int] = counted["letters"]
        self.edits: dict[str, dict[str, int]] = counted["edits"]
        self._edge: dict[str, int] = counted["edge"]
        self._texts = int(counted["texts"])

    def price(self, on_mark: str, read: str, rank: float) -> float:
        """Price of a text on the mark read as something else, or as nothing."""
        count = self.edits.get(on_mark, {}).get(read, 0)
        return self._priced(count, self._letters.get(on_mark, 0), rank)

    def added(self, letter: str, rank: float) -> float:
        """Price of a letter read between others where none stands."""
        count = self.edits.get("", {}).get(letter, 0)
        return self._priced(count, self._letters.get(letter, 0), rank)

    def beside(self, letter: str, rank: float) -> float:
        """Price of a letter read before or after a mark: an emblem, a rivet, an edge."""
        return self._priced(self._edge.get(letter, 0), 2 * self._texts, rank)

    def _priced(self, count: int, of: int, rank: float) -> float:
        expected = SURE ** (1 - rank) * RARE**rank
        share = (count + self._weight * expected) / (of + self._weight)
        price = math.log(SURE / share) / math.log(SURE / RARE)
        return round(min(OTHER, max(LEAST, price)), 3)


_COUNTS = _Counts("confusions.json", WEIGHT)
_HAN_COUNTS = _Counts("confusions-han.json", HAN_WEIGHT)


def _is_han(letter: str) -> bool:
    return script_of(letter) == "han"


def _counts_of(on_mark: str) -> _Counts:
    return _HAN_COUNTS if _is_han(on_mark[0]) else _COUNTS


def _prices() -> tuple[Prices, Prices]:
    single, runs = _ranks()
    for on_mark, read in (*_COUNTS.edits.items(), *_HAN_COUNTS.edits.items()):
        for text in read if len(on_mark) == 1 else ():
            if len(text) == 1:
                single.setdefault(on_mark, {}).setdefault(text, OTHER)
    for table in (single, runs):
        for on_mark, ranks in table.items():
            counts = _counts_of(on_mark)
            table[on_mark] = {
                text: counts.price(on_mark, text, rank) for text, rank in ranks.items()
            }
    return single, runs


SINGLE, RUNS = _prices()
"""SINGLE[letter on the mark][letter read] and RUNS[run on the mark][run read]: prices."""


def _rank(letter: str) -> float:
    return _MISSING_THIN if letter in _THIN else _MISSING


@cache
def missing(letter: str) -> float:
    """The price of this letter of a mark dropped."""
    if _is_han(letter):
        return _HAN_COUNTS.price(letter, "", OTHER)
    rank = _rank(letter)
    return max(rank, _COUNTS.price(letter, "", rank))


@cache
def added(letter: str) -> float:
    """The price of this letter read between the letters of a mark."""
    rank = _rank(letter)
    return max(rank, _COUNTS.added(letter, rank))


@cache
def beside(letter: str) -> float:
    """The price of this letter read before or after the mark; never dearer than within."""
    rank = _rank(letter)
    return min(MOST_BESIDE, max(LEAST_BESIDE, _COUNTS.beside(letter, rank)))


_Run = tuple[int, str, float]

_ENDING: dict[str, list[tuple[str, Mapping[str, float]]]] = {}
"""Runs of letters and what they are read as, by the last letter."""
for _on_mark, _readings in RUNS.items():
    _ENDING.setdefault(_on_mark[-1], []).append((_on_mark, _readings))


@dataclass(frozen=True, slots=True)
class Template:
    """A mark's letters made ready: the prices of each, and the runs that end at it. Templates are
    made when first asked for, and kept."""

    letters: str
    prices: tuple[dict[str, float], ...]
    missing: tuple[float, ...]
    runs: tuple[tuple[_Run, ...], ...]

    @classmethod
    @cache
    def of(cls, letters: str) -> Template:
        return cls(
            letters,
            tuple(map(_prices_of, letters)),
            tuple(missing(letter) for letter in letters),
            tuple(
                tuple(
                    (len(on_mark), read_as, price)
                    for on_mark, readings in _ENDING.get(letters[end - 1], ())
                    if letters.endswith(on_mark, 0, end)
                    for read_as, price in readings.items()
                )
                for end in range(1, len(letters) + 1)
            ),
        )


@cache
def _prices_of(letter: str) -> dict[str, float]:
    """Prices of one letter by the letter it is read as; templates share them."""
    return {**SINGLE.get(letter, {}), letter: 0.0}


def distance(mark: Template, read: str, limit: float) -> float:
    """The least price of misreading the mark as `read`; infinity above `limit`.

    Example:
        >>> distance(Template.of("FANUC"), "FANUG", 1.0)
        0.383
    """
    within = [added(letter) for letter in read]
    around = [beside(letter) for letter in read]
    row = [0.0]
    for price in around:
        row.append(row[-1] + price)
    rows = [row]
    # A run may reach two rows back, so the search ends when three rows in a row are too dear.
    dear = 0
    for i, prices in enumerate(mark.prices, 1):
        above = rows[-1]
        gone = mark.missing[i - 1]
        row = [above[0] + gone]
        runs = [run for run in mark.runs[i - 1] if run[1] in read]
        more = around if i == len(mark.letters) else within
        for j, letter in enumerate(read, 1):
            best = above[j - 1] + prices.get(letter, OTHER)
            if (price := above[j] + gone) < best:
                best = price
            if (price := row[j - 1] + more[j - 1]) < best:
                best = price
            for length, text, dearer in runs:
                if read.endswith(text, 0, j):
                    best = min(best, rows[i - length][j - len(text)] + dearer)
            row.append(best)
        least = min(row)
        dear = dear + 1 if least > limit else 0
        if dear == 3:
            return float("inf")
        rows.append(row)
    return rows[-1][-1] if rows[-1][-1] <= limit else float("inf")
