"""Aligning a reading with a mark: an edit distance whose edits are misreadings.

Wagner-Fischer with a price for each pair of letters, and with edits of several letters at once (RN
read for M). The method is that of Brill and Moore, "An improved error model for noisy channel
spelling correction", 2000. Prices come from `detector.name.fold`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from detector.name.fold import OTHER, RUNS, SINGLE, added, beside, missing

_Run = tuple[int, str, float]

_ENDING: dict[str, list[tuple[str, Mapping[str, float]]]] = {}
"""Runs of letters and what they are read as, by the last letter."""
for _on_mark, _readings in RUNS.items():
    _ENDING.setdefault(_on_mark[-1], []).append((_on_mark, _readings))


@dataclass(frozen=True, slots=True)
class Template:
    """A mark's letters made ready: the prices of each, and the runs that end at it.

    Templates are made when first asked for, and kept.
    """

    letters: str
    prices: tuple[dict[str, float], ...]
    missing: tuple[float, ...]
    runs: tuple[tuple[_Run, ...], ...]

    @classmethod
    @cache
    def of(cls, letters: str) -> Template:
        return cls(
            letters,
            tuple(map(_prices, letters)),
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
def _prices(letter: str) -> dict[str, float]:
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
        least = row[0]
        runs = mark.runs[i - 1]
        more = around if i == len(mark.letters) else within
        for j, letter in enumerate(read, 1):
            best = above[j - 1] + prices.get(letter, OTHER)
            best = min(best, above[j] + gone, row[j - 1] + more[j - 1])
            for length, text, price in runs:
                if read.endswith(text, 0, j):
                    best = min(best, rows[i - length][j - len(text)] + price)
            row.append(best)
            least = min(least, best)
        dear = dear + 1 if least > limit else 0
        if dear == 3:
            return float("inf")
        rows.append(row)
    return rows[-1][-1] if rows[-1][-1] <= limit else float("inf")


@dataclass(frozen=True, slots=True)
class Edit:
    """`mark` read as `read`, either may be empty; `at`: letters of the mark before it."""

    mark: str
    read: str
    at: int


@dataclass(frozen=True, slots=True)
class Alignment:
    """The cheapest way from a mark to a reading: its price, and the edits that cost."""

    price: float
    edits: tuple[Edit, ...]


def edits(mark: Template, read: str) -> Alignment | None:
    """How the mark was misread as `read`; None if one of them is empty.

    Example:
        >>> edits(Template.of("FANUC"), "FANUG").edits
        (Edit(mark='C', read='G', at=4),)
    """
    if not mark.letters or not read:
        return None
    n, m = len(mark.letters), len(read)
    best: list[list[tuple[float, tuple[int, int]]]] = [
        [(0.0, (0, 0))] * (m + 1) for _ in range(n + 1)
    ]
    for i in range(n + 1):
        for j in range(m + 1):
            if i or j:
                best[i][j] = min(_steps(mark, read, i, j, best))
    found: list[Edit] = []
    i, j = n, m
    while i or j:
        price, (a, b) = best[i][j]
        if price > best[a][b][0]:
            found.append(Edit(mark.letters[a:i], read[b:j], a))
        i, j = a, b
    return Alignment(best[n][m][0], tuple(reversed(found)))


def _steps(
    mark: Template, read: str, i: int, j: int, best: list[list[tuple[float, tuple[int, int]]]]
) -> Iterator[tuple[float, tuple[int, int]]]:
    """Prices of reaching (i, j), each with the cell before it."""
    if i and j:
        price = mark.prices[i - 1].get(read[j - 1], OTHER)
        yield best[i - 1][j - 1][0] + price, (i - 1, j - 1)
    if i:
        yield best[i - 1][j][0] + mark.missing[i - 1], (i - 1, j)
    if j:
        more = beside if i in (0, len(mark.letters)) else added
        yield best[i][j - 1][0] + more(read[j - 1]), (i, j - 1)
    for length, text, price in mark.runs[i - 1] if i else ():
        if read.endswith(text, 0, j):
            yield best[i - length][j - len(text)][0] + price, (i - length, j - len(text))
