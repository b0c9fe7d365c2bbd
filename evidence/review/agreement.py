"""How far reviewers agree beyond chance, who judged how much, and where they disagree.

Two verdicts are alike or not (nominal). Krippendorff, K. (2011), "Computing Krippendorff's
Alpha-Reliability", University of Pennsylvania, Departmental Papers (ASC) 43, section C: any number
of observers, nominal data, missing values.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from evidence.case.base import values_of
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Item
from evidence.case.verdicts import About, rows_about, whole_log
from evidence.review import standing

DRAWS = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class AgreementEstimate:
    """A coefficient, and between what bounds it lies with a probability of 0.95; `units`: of
    how many items. None where it cannot be told: too few, or all of one category."""

    value: float | None
    low: float | None
    high: float | None
    units: int


def _alphas(counts: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,): Krippendorff's alpha of any number of people, nominal (2011, section C).

    With n_uc the values c of unit u, n_u. their number, n_c that of c in units of two or more
    values, n of all those: alpha = 1 - (n - 1) * sum_u (sum_c<k n_uc n_uk / (n_u. - 1)) /
    sum_c<k n_c n_k.

    counts: (units, categories), people who put the unit into the category. times: (n, units), how
    often each unit is there.
    """
    values = counts.sum(axis=1)
    pairable, often = counts[values >= 2], times[:, values >= 2]
    values = values[values >= 2]
    number = often @ values
    unlike = (values**2 - (pairable**2).sum(axis=1)) / 2
    observed = often @ (unlike / (values - 1))
    totals = often @ pairable
    expected = (number**2 - (totals**2).sum(axis=1)) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        alphas: NDArray[np.float64] = 1 - (number - 1) * observed / expected
    alphas[~(expected > 0)] = np.nan
    return alphas


def alpha_of(units: Iterable[Mapping[str, Hashable]]) -> AgreementEstimate:
    """Krippendorff's alpha of what people, by name, said of each unit, with its bounds.

    A percentile bootstrap by units (Efron & Tibshirani 1993, chapter 13), seeded. Units that were
    judged alike are drawn together, by how often they are there, which is the same. Draws in which
    it is not defined, for they hold one category alone, are left out.
    """
    compared = [list(unit.values()) for unit in units if len(unit) >= 2]
    index = {said: n for n, said in enumerate(dict.fromkeys(chain.from_iterable(compared)))}
    alike = Counter(tuple(sorted(index[said] for said in unit)) for unit in compared)
    if not alike:
        return AgreementEstimate(None, None, None, 0)
    counts = np.array([np.bincount(said, minlength=len(index)) for said in alike], np.float64)
    often, number = np.array(list(alike.values()), np.float64), len(compared)
    drawn = np.random.default_rng(0).multinomial(number, often / number, DRAWS)
    (value,), known = _alphas(counts, often[np.newaxis]), _alphas(counts, drawn.astype(np.float64))
    known = known[~np.isnan(known)]
    if np.isnan(value) or number < 2 or not len(known):
        return AgreementEstimate(None if np.isnan(value) else float(value), None, None, number)
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return AgreementEstimate(float(value), float(low), float(high), number)


Record = dict[str, Any]
LISTED = 100  # disagreements shown, the latest first


def report_agreement(session: Session, person: str) -> Record:
    """For `person`: people with their counts, agreement by pair and of all, and disagreements.

    Agreement is between judgements that hold and were given blind: who settled a disagreement had
    seen both, who doubted all, and both are left out. An item counts where two or more judged it.
    """
    logs = {
        thing: ReviewedItem(log, standing.in_force(log), standing.independent(log))
        for thing, log in whole_log(session).items()
    }
    took = select(Verdict.number, Verdict.seconds).where(Verdict.seconds.is_not(None))
    seconds: dict[int, float | None] = dict(session.execute(took).all())
    units = [
        {one.author: one.says for one in judged.alone}
        for judged in logs.values()
        if not judged.kept_from(person)
    ]
    return {
        "people": _people(logs.values(), seconds),
        "pairs": _pairs(units),
        "alpha": vars(alpha_of(units)),
        "disagreements": _disagreements(session, logs, person),
    }


@dataclass(frozen=True, slots=True)
class ReviewedItem:
    """The verdicts on one item; of them `held`, those that hold, and `alone`, those given blind."""

    log: Sequence[standing.GivenVerdict]
    held: Sequence[standing.GivenVerdict]
    alone: Sequence[standing.GivenVerdict]

    @property
    def disagree(self) -> bool:
        """Whether people said different things, even if one had seen what others say."""
        return len({one.says for one in self.held if one.word in standing.COUNTED}) > 1

    def kept_from(self, person: str) -> bool:
        """Whether two disagree, nobody has settled it, and the person is one of them."""
        live = len(self.alone) == sum(one.word in standing.COUNTED for one in self.held)
        return live and self.disagree and standing.held_by(self.log, person) is not None


def _people(items: Iterable[ReviewedItem], seconds: Mapping[int, float | None]) -> list[Record]:
    words: dict[str, Counter[str]] = defaultdict(Counter)
    took: dict[str, list[float]] = defaultdict(list)
    for judged in items:
        for one in judged.held:
            words[one.author][one.word] += 1
            if one.word in standing.JUDGEMENTS and (lasted := seconds.get(one.number)) is not None:
                took[one.author].append(lasted)
    return [
        {
            "name": name,
            "verdicts": sum(number for word, number in some.items() if word in standing.JUDGEMENTS),
            "doubts": some["doubt"],
            "words": {word: some[word] for word in sorted(some) if word in standing.JUDGEMENTS},
            "seconds": round(median(took[name]), 1) if took[name] else None,
        }
        for name, some in sorted(words.items())
    ]


def _pairs(units: Iterable[Mapping[str, Any]]) -> list[Record]:
    both: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for unit in units:
        for a, b in combinations(sorted(unit), 2):
            both[a, b].append({a: unit[a], b: unit[b]})
    return [
        {"a": a, "b": b, "alike": sum(one[a] == one[b] for one in judged)} | vars(alpha_of(judged))
        for (a, b), judged in sorted(both.items())
    ]


def _disagreements(session: Session, logs: dict[About, ReviewedItem], person: str) -> list[Record]:
    """Items on which two disagree or disagreed; one not settled is hidden from those two."""
    found = [(thing, judged) for thing, judged in logs.items() if judged.disagree]
    found.sort(key=lambda one: one[1].log[-1].number, reverse=True)
    items = rows_about(session, Item, [thing for thing, _ in found[:LISTED]])
    listed = []
    for thing, judged in found[:LISTED]:
        for item in items[thing][:1]:
            waits = item.state == "disputed" and standing.held_by(judged.log, person) is None
            if item.state == "settled" or waits:
                verdicts = [
                    {"author": one.author, "verdict": one.word, "builder": one.builder}
                    for one in judged.held
                ]
                row = values_of(item, "item", "state", "outcome", "builder")
                listed.append(row | {"verdicts": verdicts})
    return listed
