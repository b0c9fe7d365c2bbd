"""The version of the program; the model and the settings stand beside it by digest."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version


@cache
def program() -> str:
    """The version of this program, of at most 32 characters (`AnalysisRow.nameplate`)."""
    return version("nameplate")
