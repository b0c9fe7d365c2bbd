"""Countries by name, in the reader's language (Unicode CLDR, through Babel)."""

from __future__ import annotations

from functools import cache

from babel import Locale


@cache
def country(code: str | None, language: str) -> str:
    """The name of a country, or its code where there is none; empty for None.

    >>> country("DE", "uk")
    'Німеччина'
    """
    if code is None:
        return ""
    name = Locale.parse(language).territories.get(code, code)
    return str(name)
