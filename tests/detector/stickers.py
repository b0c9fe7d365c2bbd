"""Texts as they stand on badges, plates and stickers, as data, and what they say."""

from __future__ import annotations

from pathlib import Path

from detector.leads import Lead
from detector.types import Attribution
from training.readings import lay_out

DATA = Path(__file__).parents[1] / "data"


def rows(name: str) -> list[list[str]]:
    """The rows of one file of `tests/data`, in columns."""
    lines = (DATA / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def first_lead(said: Attribution) -> Lead | None:
    return said.leads[0] if said.leads else None


__all__ = ["first_lead", "lay_out", "rows"]
