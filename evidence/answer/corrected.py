"""A share seen through a detector that errs, corrected for its errors."""

from __future__ import annotations

import math

from scipy.special import ndtri

from datasets.messages import Message
from evidence.answer.estimators.intervals import LEVEL, Estimate, check_counts, check_level

METHOD = "Rogan & Gladen 1978, interval of Lang & Reiczigel 2014"
LEAST = 0.5
"""Sensitivity and specificity below which Lang & Reiczigel did not try their interval."""


def rogan_gladen(apparent: float, sensitivity: float, specificity: float) -> float | None:
    """The share behind an apparent one.

    (AP + Sp - 1) / (Se + Sp - 1): Rogan & Gladen, "Estimating prevalence from the results of a
    screening test", American Journal of Epidemiology 107 (1978) 71-76, cut to [0, 1].

    Returns:
        None where the detector says as much of what is not there as of what is (Se + Sp <= 1).

    Example:
        >>> round(rogan_gladen(23 / 150, 0.96, 0.89), 4)
        0.051
    """
    power = sensitivity + specificity - 1
    if power <= 0:
        return None
    return min(1.0, max(0.0, (apparent + specificity - 1) / power))


def lang_reiczigel(
    positive: float,
    tested: float,
    hits: float,
    positives: float,
    rejected: float,
    negatives: float,
    level: float = LEVEL,
) -> Estimate:
    """Rogan & Gladen's share with an interval that knows how uncertain the detector's errors are.

    Equations 2, 6, 7, 16 and 17 of Lang & Reiczigel, "Confidence limits for prevalence of
    disease adjusted for estimated sensitivity and specificity", Preventive Veterinary Medicine
    113 (2014) 13-22; in the variance (4) `(1 - P)^2` stands for the printed `(1 + P)^2`, as its
    derivation demands and as R's asht has it. Counts may be effective ones, so not whole: with
    several plants give as many machines as those count as.

    Args:
        positive, tested: machines said to be of the origin, of all machines.
        hits, positives: those said so of audited machines that are.
        rejected, negatives: those not said so of audited machines that are not.

    Raises:
        UsageError: counts or level out of range.
    """
    check_level(level)
    for count, of in ((positive, tested), (hits, positives), (rejected, negatives)):
        check_counts(count, of)
    if not tested or not positives or not negatives:
        lacking = Message("there are no audited machines that are not of the origin")
        if not tested:
            lacking = Message("there are no machines")
        elif not positives:
            lacking = Message("there are no audited machines that are of the origin")
        return Estimate(None, 0.0, 1.0, METHOD, level, (lacking,))
    z = -float(ndtri((1 - level) / 2))
    sensitivity, specificity = hits / positives, rejected / negatives
    value = rogan_gladen(positive / tested, sensitivity, specificity)
    size, share = tested + z * z, (positive + z * z / 2) / (tested + z * z)
    n_se, se = positives + 2, (hits + 1) / (positives + 2)
    n_sp, sp = negatives + 2, (rejected + 1) / (negatives + 2)
    power = se + sp - 1
    if value is None or power <= 0:
        return Estimate(
            None, 0.0, 1.0, METHOD, level, (Message("the detector does not tell the two apart"),)
        )
    middle = (share + sp - 1) / power
    of_se, of_sp = se * (1 - se) / n_se, sp * (1 - sp) / n_sp
    shift = 2 * z * z * (middle * of_se - (1 - middle) * of_sp)
    variance = share * (1 - share) / size + middle**2 * of_se + (1 - middle) ** 2 * of_sp
    half = z * math.sqrt(variance) / power
    warnings = []
    if min(sensitivity, specificity) < LEAST:
        warnings.append(
            Message("made for a sensitivity and a specificity of at least %(least)s", least=LEAST)
        )
    low, high = max(0.0, middle + shift - half), min(1.0, middle + shift + half)
    if low >= 1 or high <= 0:
        warnings.append(
            Message("the interval lies beyond 0 to 1: the errors do not fit what was claimed")
        )
    return Estimate(value, min(low, 1.0), max(high, 0.0), METHOD, level, tuple(warnings))
