"""The version of the program; the model and the settings stand beside it by digest."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version


@cache
def program() -> str:
    """The version of this program, of at most 32 characters (`AnalysisRow.nameplate`)."""
    return version("nameplate")


def is_later(one: str, other: str) -> bool:
    """True if one program (`program`) has a later version than another.

    >>> is_later("0.10.0", "0.9.2"), is_later("0.9.2", "0.9.2")
    (True, False)
    """
    its, others = (
        tuple(map(int, re.findall("[0-9]+", name.split("+")[0]))) for name in (one, other)
    )
    return its > others
