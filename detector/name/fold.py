"""What a reader takes for what: the price of each letter misread.

Everything here works on folded letters (`datasets.letters`): capitals, with Cyrillic and Greek
twins of Latin letters made one. A price is 0 for the same letter and 1 for another one. Letters
that a reader mixes up lie between. The recogniser knows no Cyrillic. Where the head that does
(`detector.read.cyrillic`) is not sure, the reading has the Latin letters or digits that a Cyrillic
letter looks like. Those are listed one way, mark to text, and are cheap.

Prices come from counts of the reader's errors (`confusions.json`, made by
`training/small/confusions.py`). Ranks set by hand smooth them: shapes of letters, and misreadings
of painted marks (FANUG, MAXINO, TRAUE, MORISEIKl, DMGMOR1). With n of N letters m read as r, and h
the rank of the pair,

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
from functools import cache
from importlib.resources import files

from datasets.letters import script_of

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

_PAIRS = """
O0 .05  I1 .05  IL .15  1L .15
OQ .2   0Q .2   OD .3   0D .3   QD .4   OC .4   0C .4   OU .45
IT .4   1T .4   LT .4   IJ .4   17 .3   T7 .35  I7 .4   LE .5   JU .45
B8 .2   38 .35  3B .4   B6 .35  68 .35  BE .5   BR .45  EF .35  E3 .5
S5 .2   S8 .4   58 .4   56 .45  Z2 .2   Z7 .35  27 .4
GC .25  G6 .25  C6 .4   C0 .4   9G .35  Q9 .4   EC .45  CL .45
UV .25  VY .35  UY .45  MN .4   NH .35  MH .4   WM .5   WV .4   WN .5
KX .35  KR .45  KH .45  XY .4   A4 .25  AR .5   PF .45  PR .45  RF .5   PD .45
FT .45  YT .45  4Y .45  94 .45  DB .45  HA .5   4H .45  床庄 .2  日曰 .1  末未 .2  土士 .2
川I .2  川1 .2  川L .2
"""
_RUNS = """
M RN .25   M NN .3    M IN .4    M NI .4    M III .3   W VV .15   W VY .4    W LU .4    W UI .4
N II .4    N IV .4    N IX .45   H II .4    H LI .4    H IT .45   U LI .4    U II .4    D CL .35
D ID .4    D IO .35   D I0 .35   B 13 .25   B I3 .25   B IB .45   K IC .4    K IX .35   K LC .4
K I1 .5    R IZ .45   R I2 .45   A 11 .5    NN M .3    RN M .25   VV W .15   CL D .35   LI U .4
II H .4    II N .4    II U .4    IJ U .4    13 B .25   I3 B .25   IC K .4    & 8 .3
& 6 .4     & S .45    8 & .3     FI R .45   TI N .45   TT П .3    OO CO .4   IO 10 .1   LL U .45
"""
# The reader's likely Latin reading of the Cyrillic letters that have no Latin twin.
_PROJECTION = """
Ш W .1  III .15  LLI .25  LLL .25  LL .3  IIL .2  M .3  LU .25  WI .3  UI .3  H .4
Щ W .15  III .2  LLL .25  LU .3  LLI .25  WI .25  M .35
Я R .1  9 .2  A .3  8 .35  FI .3
И N .1  U .15  H .2  M .3  II .2  LI .25  W .3  V .3
Ж X .2  K .2  M .3  XK .2  HK .25  KK .25  IK .25  W .35  H .3
П N .1  H .2  II .15  M .3  TT .3  R .3  F .35  I1 .2
Д A .15  D .2  G .25  4 .25  II .3  R .35  N .3  O .4  L .4  JI .3
Л N .15  A .1  JI .1  J .2  II .15  R .35  H .3  M .35  71 .3  I .3
Ц U .1  LI .25  LL .25  II .25  N .25  4 .35  H .3  UI .25
Б 6 .1  5 .15  B .15  S .3  E .3  G .3  8 .3
Г R .15  T .2  F .2  I .35  1 .35  L .35
Ч 4 .1  Y .2  H .25  U .3  9 .35  V .3
Ю IO .1  10 .1  I0 .1  1O .1  HO .15  H0 .15  KO .25  FO .3  TO .3  LO .2  O .4  D .4
Э 3 .1  9 .25  O .4  G .35  S .35  B .35
Ы BI .1  B1 .1  BL .15  61 .1  6I .1  HI .2  EI .3  M .35  H .35
Ь B .1  6 .1  5 .25  L .35
Ъ B .15  6 .15  TB .2
Ф O .2  Q .2  D .2  P .3  0 .2  CP .2  8 .3  M .4
Ђ H .2
Є E .15  C .2
"""


Prices = dict[str, dict[str, float]]


def _ranks() -> tuple[Prices, Prices]:
    """Ranks of single letters both ways, and of runs, by what stands on the mark."""
    single: Prices = {}
    runs: Prices = {}
    items = _PAIRS.split()
    for pair, price in zip(items[::2], items[1::2], strict=True):
        single.setdefault(pair[0], {})[pair[1]] = float(price)
        single.setdefault(pair[1], {})[pair[0]] = float(price)
    items = _RUNS.split()
    for on_mark, read_as, price in zip(items[::3], items[1::3], items[2::3], strict=True):
        runs.setdefault(on_mark, {})[read_as] = float(price)
    for line in _PROJECTION.strip().splitlines():
        on_mark, *items = line.split()
        for read_as, price in zip(items[::2], items[1::2], strict=True):
            table = single if len(read_as) == 1 else runs
            table.setdefault(on_mark, {})[read_as] = float(price)
    return single, runs


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
