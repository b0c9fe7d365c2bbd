"""Countries by name, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable

from datasets.countries import country_name


def country(code: str | None, language: str) -> str:
    """The name of a country, or its code where there is none; empty for None.

    >>> country("DE", "uk")
    'Німеччина'
    """
    return "" if code is None else country_name(code, language)


_ALPHABET = "абвгґдеєёжзиіїйклмнопрстуфхцчшщъыьэюя"
"""Of Ukrainian and Russian together; by their code points Є, І and Ї would stand before А."""


def by_name(codes: Iterable[str], code: str) -> list[str]:
    """Countries as the reader looks for them: by their names, in the alphabet's order.

    >>> by_name(["DE", "IT", "CH", "AT"], "uk")
    ['AT', 'IT', 'DE', 'CH']
    """
    order = {ord(letter): chr(0x430 + place) for place, letter in enumerate(_ALPHABET)}
    return sorted(codes, key=lambda one: country(one, code).casefold().translate(order))
