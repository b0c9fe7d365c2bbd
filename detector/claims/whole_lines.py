"""Lines that hold a part's word and are no part's name, compared whole: SPINDLE BORE 80 MM."""

from __future__ import annotations

import re

from datasets.letters import letters
from datasets.plates import Lines

_FIGURES = re.compile(
    r"(?:(?<![^\W_])[A-ZΦØ]{1,3})?\d[\w.,/×*:-]*(?:\s*(?:M/MIN|MM|M|KG|T|KN|КН|KW|V|HZ|ГЦ|RPM|MPA|BAR|ММ|КГ|В)\b)?",
    re.IGNORECASE,
)
"""Figures with their units, and sizes: 80 MM, A2-6."""
_RULES = re.compile(r"[TТ][PР] ?[TТ][CС] ?0(?:04|10|20)/2011", re.IGNORECASE)
"""Regulations of the Eurasian Union by which machines are certified, as their plates must say; not
032/2013, by which valves are."""


class WholeLines:
    """Knows those lines, figures and units aside; build it once.

    Example:
        >>> from datasets.plates import load_plate_words
        >>> known = WholeLines(load_plate_words().lines)
        >>> known.has("POWER ON"), known.has("SPINDLE NOSE A2-6")
        (True, False)
        >>> known.has("SPINDLE NOSE A2-6", rows=True)
        True
    """

    def __init__(self, lines: Lines) -> None:
        self._kinds = frozenset(map(letters, lines.kinds))
        self._signs = frozenset(map(letters, lines.signs))
        self._rows = frozenset(map(letters, lines.rows))

    def has(self, text: str, *, rows: bool = False) -> bool:
        """Whether it is a kind of machine, or a sign or key that says nothing either way.

        Args:
            rows: whether rows of figures count as well.
        """
        rest = without_rules(text)
        said = _without_figures(rest)
        row = said in self._rows or (not said and rest != text)
        return said in self._kinds or said in self._signs or (rows and row)

    def is_kind(self, text: str) -> bool:
        """Whether it says what kind of machine this is."""
        return _without_figures(text) in self._kinds


def without_rules(text: str) -> str:
    """The text without the regulations that any machine's plate may name.

    Example:
        >>> without_rules("EAC ТР ТС 010/2011"), without_rules("ТР ТС 032/2013")
        ('EAC  ', 'ТР ТС 032/2013')
    """
    return _RULES.sub(" ", text)


def _without_figures(text: str) -> str:
    return letters(_FIGURES.sub(" ", text))
