"""Aligning a reading with a mark: an edit distance whose edits are misreadings.

Wagner-Fischer with prices per letter pair, and with edits of several letters at once (RN read
for M), as in Brill and Moore, "An improved error model for noisy channel spelling correction",
2000. Prices come from `detector.fold`.
"""

from __future__ import annotations

from dataclasses import dataclass

from detector.fold import MISSING, MISSING_THIN, OTHER, RUNS, SINGLE, THIN

_Run = tuple[int, str, float]


@dataclass(frozen=True, slots=True)
class Template:
    """A mark's letters made ready: for each, its prices and the runs that end at it."""

    letters: str
    prices: tuple[dict[str, float], ...]
    missing: tuple[float, ...]
    runs: tuple[tuple[_Run, ...], ...]

    @classmethod
    def of(cls, letters: str) -> Template:
        return cls(
            letters,
            tuple({**SINGLE.get(letter, {}), letter: 0.0} for letter in letters),
            tuple(missing(letter) for letter in letters),
            tuple(
                tuple(
                    (len(on_mark), read_as, price)
                    for on_mark, readings in RUNS.items()
                    if letters.endswith(on_mark, 0, end)
                    for read_as, price in readings.items()
                )
                for end in range(1, len(letters) + 1)
            ),
        )


def missing(letter: str) -> float:
    """The price of this letter dropped or added."""
    return MISSING_THIN if letter in THIN else MISSING


def distance(mark: Template, read: str, limit: float) -> float:
    """The least price of misreading the mark as `read`; infinity where it exceeds `limit`.

    Example:
        >>> distance(Template.of("FANUC"), "FANUG", 1.0)
        0.25
    """
    added = [missing(letter) for letter in read]
    row = [0.0]
    for price in added:
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
        for j, letter in enumerate(read, 1):
            best = above[j - 1] + prices.get(letter, OTHER)
            best = min(best, above[j] + gone, row[j - 1] + added[j - 1])
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
