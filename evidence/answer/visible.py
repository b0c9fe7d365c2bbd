"""The share among the machines visible in the footage: a finite population, partly judged.

What nobody can identify may be of the kind or not, so the share has two ends. What was drawn at
random tells of the rest of its pool with exact limits for a finite population: where every
machine was judged there is no sampling error.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

from evidence.answer.intervals import LEVEL, Estimate

METHOD = (
    "bounds over the unidentified (Manski 1990), exact limits of the audit sample "
    "(hypergeometric), reviewers' and linking errors, joined by MOVER (Zou & Donner 2008)"
)
TAIL = (1 - LEVEL) / 2
SPLIT = 1 + 570 / 1014
"""How many times a machine, filmed twice, may be counted: so many pairs split (docs/linking.md)."""


@dataclass(frozen=True, slots=True)
class MachinePool:
    """Machines with one chance of being drawn.

    machines: all, those settled to be none too. kind, other, none: settled so, drawn or not.
    drawn: drawn at random and judged; drawn_kind, drawn_other, drawn_none: settled so of them.
    waiting: claims that nobody settled, or drawn ones that nobody judged.
    """

    name: str
    machines: int
    kind: int = 0
    other: int = 0
    none: int = 0
    drawn: int = 0
    drawn_kind: int = 0
    drawn_other: int = 0
    drawn_none: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class ReviewErrors:
    """How often reviewers err, by pictures whose builder is known.

    false_shown, false_accepted: machines of other kinds judged, and settled as of the kind. shown,
    lost: machines of the kind judged, and settled as another. Before any was judged 1 in 100 and
    1 in 16 are assumed, as if 100 and 16 had been.
    """

    false_shown: int = 0
    false_accepted: int = 0
    shown: int = 0
    lost: int = 0

    @property
    def accepts(self) -> tuple[float, float]:
        """Beta parameters of the chance that a false claim is accepted."""
        return 1.0 + self.false_accepted, 99.0 + self.false_shown - self.false_accepted

    @property
    def loses(self) -> tuple[float, float]:
        """Beta parameters of the chance that a machine of the kind is settled as another."""
        return 1.0 + self.lost, 15.0 + self.shown - self.lost


NO_ERRORS = ReviewErrors()


@dataclass(frozen=True, slots=True)
class Linking:
    """How many times machines may be counted: those of the kind, and the others; at least 1."""

    kind: float = 1.0
    others: float = 1.0


ONCE = Linking()


def count_limits(hits: int, drawn: int, total: int) -> tuple[int, int]:
    """The exact limits of a count in a finite population, from a random sample of it.

    The counts that a two-sided hypergeometric test does not reject (Buonaccorsi, "A note on
    confidence intervals for proportions in finite populations", The American Statistician 41
    (1987) 215-218).

    >>> count_limits(0, 50, 200), count_limits(24, 200, 200)
    ((0, 12), (24, 24))
    """
    least, most = hits, total - (drawn - hits)

    def low_holds(count: int) -> bool:
        return 1 - _below(hits, count, drawn, total) > TAIL

    def high_holds(gap: int) -> bool:
        return _below(hits + 1, most - gap, drawn, total) > TAIL

    low = bisect_left(range(least, most), True, key=low_holds)
    return least + low, most - bisect_left(range(most - least), True, key=high_holds)


def _below(hits: int, count: int, drawn: int, total: int) -> float:
    """The chance of fewer hits than these, of so many in the population."""
    x = np.arange(max(0, drawn - (total - count)), min(hits, count + 1, drawn + 1))
    if not len(x):
        return 0.0
    log = _choose(count, x) + _choose(total - count, drawn - x) - _choose(total, np.array(drawn))
    return float(min(1.0, np.exp(log).sum()))


def _choose(of: int, some: NDArray[np.int_]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = gammaln(of + 1.0) - gammaln(some + 1.0) - gammaln(of - some + 1.0)
    return found


def _tail(at_least: int, of: int, chance: tuple[float, float]) -> float:
    """The chance of so many events or more, whose chance is uncertain (beta-binomial)."""
    k = np.arange(at_least, of + 1)
    if not len(k):
        return 0.0
    log = _choose(of, k) + betaln(k + chance[0], of - k + chance[1]) - betaln(*chance)
    return float(min(1.0, np.exp(log).sum()))


def false_confirmations(confirmed: int, judged: int, errors: ReviewErrors) -> int:
    """How many confirmations may be mistakes, of so many machines judged."""
    few = (n for n in range(confirmed) if _tail(n + 1, judged, errors.accepts) <= TAIL)
    return next(few, confirmed)


def lost_machines(confirmed: int, others: int, errors: ReviewErrors) -> int:
    """How many machines settled as others may be of the kind, beside so many confirmed."""
    few = (n for n in range(others) if _tail(n + 1, confirmed + n + 1, errors.loses) <= TAIL)
    return next(few, others)


@dataclass(frozen=True, slots=True)
class _Counts:
    """Machines of the kind in one pool: at least `least`, at most `most`, with their limits `low`
    and `high`. taken, added: by reviewers' errors. real: the fewest real machines."""

    least: float
    low: float
    most: float
    high: float
    taken: float
    added: float
    real: float


def _count(pool: MachinePool, errors: ReviewErrors) -> _Counts:
    rest = pool.machines - pool.other - pool.none
    # What was drawn stands for the whole pool; what is known of it is a limit in any case.
    drawn, scale = bool(pool.drawn), pool.machines / pool.drawn if pool.drawn else 1.0
    kind, other = (pool.drawn_kind, pool.drawn_other) if drawn else (pool.kind, pool.other)
    # Elsewhere only what was settled as of the kind can be a wrong claim.
    claims = kind + other if pool.name.startswith("claimed") else kind
    taken = scale * false_confirmations(kind, claims, errors)
    added = scale * lost_machines(kind, other, errors)
    if not drawn:
        return _Counts(kind, kind, rest, rest, taken, added, pool.machines - pool.none)
    total = pool.machines
    open_ = pool.drawn - pool.drawn_other - pool.drawn_none
    low, _ = count_limits(kind, pool.drawn, total)
    _, high = count_limits(open_, pool.drawn, total)
    _, gone = count_limits(pool.drawn_none, pool.drawn, total)
    least = min(rest, max(pool.kind, scale * kind))
    most = min(rest, max(least, scale * open_))
    real = total - (max(pool.none, gone) if pool.drawn_none else pool.none)
    low_, high_ = min(least, max(pool.kind, low)), max(most, min(rest, high))
    return _Counts(least, low_, most, high_, taken, added, real)


def visible_share(
    pools: Sequence[MachinePool], errors: ReviewErrors = NO_ERRORS, linking: Linking = ONCE
) -> tuple[Estimate, Estimate]:
    """The share with no unidentified machine of the kind, and with all of them.

    Both carry the whole interval. Sampling, reviewers' errors and linking are independent of each
    other, and their reaches are joined by MOVER.
    """
    counts = [_count(one, errors) for one in pools]
    most_real = sum(one.machines - one.none for one in pools)
    real = sum(one.real for one in counts)
    if not most_real:
        return (Estimate(None, 0.0, 1.0, METHOD),) * 2
    least, most = sum(one.least for one in counts), sum(one.most for one in counts)
    # Reviewers err alike in all pools: their errors add up, others' are independent.
    taken, added = sum(min(c.taken, c.least) for c in counts), sum(c.added for c in counts)
    below = math.sqrt(sum((c.least - c.low) ** 2 for c in counts) + taken**2)
    above = math.sqrt(sum((c.high - c.most) ** 2 for c in counts) + added**2)
    low = max(0.0, least - below) / most_real
    high = min(1.0, (most + above) / max(real, 1.0))
    low, high = relink(low, high, linking)
    first, last = (Estimate(min(1.0, n / most_real), low, high, METHOD) for n in (least, most))
    return first, last


def relink(low: float, high: float, linking: Linking) -> tuple[float, float]:
    """The ends, if machines of the kind, or the others, are counted several times each.

    >>> relink(0.12, 0.12, Linking()), relink(0.5, 0.5, Linking(2.0, 1.0))[0]
    ((0.12, 0.12), 0.3333333333333333)
    """
    of_kind = low / linking.kind
    others = (1 - high) / linking.others
    return of_kind / (of_kind + 1 - low) if low else 0.0, high / (high + others) if high else 0.0


def reviewer_reach(pools: Sequence[MachinePool], errors: ReviewErrors) -> tuple[float, float]:
    """By how much reviewers' errors may lower and raise a share of all these machines."""
    counts = [_count(one, errors) for one in pools]
    real = max(1.0, sum(one.real for one in counts))
    taken = sum(min(one.taken, one.least) for one in counts)
    return taken / real, sum(one.added for one in counts) / real


def more_judgements(
    pools: Sequence[MachinePool], errors: ReviewErrors = NO_ERRORS, linking: Linking = ONCE
) -> dict[str, int] | None:
    """By pool how many of those waiting to judge, so that the interval halves; empty: none waits.

    Those judged next are taken to be like those judged so far; where none was, one in ten cannot
    be identified and none is of the kind. None where all that wait are not enough: what was not
    drawn, or reviewers cannot identify, stays open.
    """
    if not any(one.waiting for one in pools):
        return {}

    def width(share: float) -> float:
        low, high = visible_share([_grown(one, share)[0] for one in pools], errors, linking)
        return high.high - low.low

    goal = width(0.0) / 2
    if width(1.0) > goal:
        return None
    low, high = 0.0, 1.0
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if width(middle) <= goal else (middle, high)
    return {one.name: more for one in pools if (more := _grown(one, high)[1])}


def _grown(pool: MachinePool, share: float) -> tuple[MachinePool, int]:
    """The pool with that share of what waits judged, and how many those are."""
    more = math.ceil(share * pool.waiting)
    if "flagged" in pool.name:
        known = pool.kind + pool.other
        kind = round(more * pool.kind / known) if known else 0
        return replace(pool, kind=pool.kind + kind, other=pool.other + more - kind), more
    if not more:
        return pool, 0
    drawn = pool.drawn + more
    scale = drawn / pool.drawn if pool.drawn else 0.0
    kind, none = round(scale * pool.drawn_kind), round(scale * pool.drawn_none)
    other = round(scale * pool.drawn_other) if pool.drawn else round(0.9 * drawn)
    other = min(other, drawn - kind - none)
    return replace(
        pool,
        kind=max(pool.kind, kind),
        other=max(pool.other, other),
        none=max(pool.none, none),
        drawn=drawn,
        drawn_kind=kind,
        drawn_other=other,
        drawn_none=none,
    ), more
