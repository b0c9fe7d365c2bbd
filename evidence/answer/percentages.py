"""Shares as people read them: rounded so that no more is said than holds."""

from __future__ import annotations

import math


def percent(share: float | None) -> str:
    """A share for people; nothing and all are written of no other share.

    >>> percent(0.0295), percent(0.5), percent(None)
    ('2.9 %', '50 %', 'not known')
    >>> percent(0.0), percent(0.0002), percent(0.998), percent(1.0)
    ('0 %', '<0.1 %', '>99 %', '100 %')
    """
    if share is None:
        return "not known"
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def above(share: float) -> str:
    """A limit above which something holds, rounded up: it holds above what is written too.

    >>> above(0.04049), above(0.0002), above(0.25)
    ('4.1 %', '0.1 %', '25.0 %')
    """
    return f"{math.ceil(round(1000 * share, 6)) / 10:.1f} %"


def at_least(share: float) -> str:
    """A lower limit, rounded down: no more is written than holds.

    >>> at_least(0.757), at_least(0.0299), at_least(0.0009), at_least(0.0)
    ('75 %', '2.9 %', '<0.1 %', '0 %')
    """
    steps = 1000 if share < 0.1 else 100
    return percent(math.floor(round(steps * share, 6)) / steps or min(share, 0.0004))


def at_most(share: float) -> str:
    """An upper limit, rounded up: no less is written than holds.

    >>> at_most(0.493), at_most(0.0361), at_most(0.0002), at_most(0.0)
    ('50 %', '3.7 %', '0.1 %', '0 %')
    >>> at_most(0.9871), at_most(0.9901), at_most(1.0)
    ('99 %', '>99 %', '100 %')
    """
    steps = 1000 if share < 0.1 else 100
    up = math.ceil(round(steps * share, 6)) / steps
    return percent(up if share == 1 else min(up, 0.999))
