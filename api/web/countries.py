"""Countries by name, in the reader's language."""

from __future__ import annotations

from datasets.countries import country_name


def country(code: str | None, language: str) -> str:
    """The name of a country, or its code where there is none; empty for None.

    >>> country("DE", "uk")
    'Німеччина'
    """
    return "" if code is None else country_name(code, language)
