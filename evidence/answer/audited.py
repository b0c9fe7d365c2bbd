"""The share that the detector claims, put right by a random sample that people judged."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from datasets.errors import UsageError
from datasets.messages import Message
from evidence.answer.estimators.clustered import few_plants
from evidence.answer.estimators.intervals import LEVEL, Estimate, check_level

METHOD = "prediction-powered (Angelopoulos and others 2023), weighted by inclusion, over plants"
FEW = 10
"""Plants, or audited machines that the detector had wrong, below which is warned."""


def audited(
    claimed: ArrayLike,
    judged: ArrayLike,
    chance: ArrayLike,
    plants: ArrayLike,
    level: float = LEVEL,
) -> Estimate:
    """Mean claim plus the mean error found in the audit, each weighted by 1 / its chance.

    The difference estimator of survey sampling (Särndal, Swensson & Wretman, "Model Assisted
    Survey Sampling", 1992, 6.3), which for equal chances is prediction-powered inference for a
    mean (Angelopoulos, Bates, Fannjiang, Jordan & Zrnic, Science 382 (2023) 669-674). The
    variance is that between plants; Student's t with plants - 1 degrees. Where all plants come out
    alike it would be none, and the interval is everything.

    Args:
        claimed: (machines,) what the program says, a probability or 0 and 1.
        judged: (machines,) what people say, 0 or 1; NaN where the machine was not drawn.
        chance: (machines,) of having been drawn; of machines not drawn as well.
        plants: (machines,) the plant each stands in.

    Raises:
        UsageError: arrays of unlike length, or a chance out of range.
    """
    check_level(level)
    f, y, pi = (np.asarray(one, float) for one in (claimed, judged, chance))
    names, of = np.unique(np.asarray(plants), return_inverse=True)
    if not f.shape == y.shape == pi.shape == of.shape or f.ndim != 1:
        raise UsageError("claims, verdicts, chances and plants must be one for each machine")
    drawn = ~np.isnan(y)
    if (pi[drawn] <= 0).any() or (pi > 1).any():
        raise UsageError("chances of being drawn run from above 0 to 1")
    if not drawn.any():
        return Estimate(None, 0.0, 1.0, METHOD, level, (Message("nothing was drawn and judged"),))
    corrected = f.copy()
    corrected[drawn] += (y[drawn] - f[drawn]) / pi[drawn]
    value = float(corrected.mean())
    groups = len(names)
    warnings = []
    if groups < 2:
        return Estimate(min(1.0, max(0.0, value)), 0.0, 1.0, METHOD, level, (few_plants(1),))
    if groups < FEW:
        warnings.append(few_plants(groups))
    if int((np.abs(y[drawn] - f[drawn]) > 0.5).sum()) < FEW:
        # The normal approximation rests on seeing errors; where there are few it is too sure.
        warnings.append(Message("the audit found few errors, so how many there are is uncertain"))
    sums = np.bincount(of, corrected - value, groups)
    if np.allclose(sums, 0):
        # As where few errors were found, or none: that nothing varies here is no certainty.
        warnings.append(Message("plants that all come out alike do not show how plants differ"))
        clipped = min(1.0, max(0.0, value))
        return Estimate(clipped, 0.0, 1.0, METHOD, level, tuple(warnings))
    variance = groups / (groups - 1) * float((sums**2).sum()) / len(f) ** 2
    half = -float(stdtrit(groups - 1, (1 - level) / 2)) * math.sqrt(variance)
    if value - half >= 1 or value + half <= 0:
        warnings.append(Message("the estimate lies beyond 0 to 1: the audit is too small for it"))
        return Estimate(None, 0.0, 1.0, METHOD, level, tuple(warnings))
    value, low, high = (min(1.0, max(0.0, one)) for one in (value, value - half, value + half))
    return Estimate(value, low, high, METHOD, level, tuple(warnings))
