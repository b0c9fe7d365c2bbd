"""What the maker writes and paints: marks, series, badges, words of halls and broadcasts, colours.

The lists stand in `datasets/data/drawn.yaml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from datasets.maker.lettering import Colour, Script
from datasets.yamlfile import read_lists

_LISTS = read_lists(Path(__file__).parents[1] / "data" / "drawn.yaml")


class BuilderMark(NamedTuple):
    """A wordmark as it is written: the registry's id of its builder, the text, its script."""

    builder: str
    text: str
    script: Script


class Badge(NamedTuple):
    """The badge of a control: its id, the text, the colours of plate and letters."""

    control: str
    text: str
    plate: Colour
    ink: Colour


def _colours(name: str) -> tuple[Colour, ...]:
    return tuple(map(_colour, _LISTS[name]))


def _colour(values: Any) -> Colour:
    r, g, b = values
    return r, g, b


BUILDER_MARKS: tuple[BuilderMark, ...] = tuple(
    BuilderMark(mark.partition(" ")[0], mark.partition(" ")[2], script)
    for script, marks in _LISTS["marks"].items()
    for mark in marks
)
SERIES: dict[str, list[str]] = _LISTS["series"]
COMMON_SERIES: list[str] = _LISTS["common_series"]
COMMON_SERIES_CYRILLIC: list[str] = _LISTS["common_series_cyrillic"]
BADGES = tuple(
    Badge(control, text, _colour(plate), _colour(ink))
    for control, text, plate, ink in _LISTS["badges"]
)
HALL_WORDS: list[str] = _LISTS["hall"]
BUGS: list[str] = _LISTS["bugs"]
CAPTIONS: tuple[tuple[str, str], ...] = tuple((strap, line) for strap, line in _LISTS["captions"])
BARS, FLOORS, WALLS = map(_colours, ("bars", "floors", "walls"))
LIVERIES = tuple(
    (_colour(body), _colour(accent), _colour(dark)) for body, accent, dark in _LISTS["liveries"]
)
