"""Messages for people: an English template, and what is filled in.

A message is its English text. A page translates the template with gettext, and writes figures and
countries as the reader's language does.
"""

from __future__ import annotations

import re
from gettext import NullTranslations
from typing import Any, Self

from datasets.countries import country_name

VERBATIM = frozenset({"author", "kinds", "name", "note", "path", "texts", "why"})
"""Under these names people, files and other programs speak: no figure in them is rewritten."""

_PLACE = re.compile(r"%\((\w+)\)s|%%")
_SHARE = re.compile(r"([<>]?[0-9]+)\.([0-9]+( %)?)")
_LARGE = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
_WITH_ARTICLE = frozenset({"AE", "DO", "GB", "NL", "PH", "US"})


class Message(str):
    """English text that keeps its template and its parameters, so that it can be translated.

    Args:
        template: English, with a place `%(name)s` for each parameter; `%%` is a percent sign.
        plural: the template for any `num` but 1.
        values: the parameters. `country`: a code, written as its name after a preposition
            ("in the United States"). A list is written with semicolons. A message is
            translated in its turn.

    Example:
        >>> found = Message("%(num)s machine", "%(num)s machines", num=2)
        >>> found, found.template, found.values
        ('2 machines', '%(num)s machine', {'num': 2})
    """

    template: str
    plural: str | None
    values: dict[str, Any]

    def __new__(cls, template: str, plural: str | None = None, /, **values: Any) -> Self:
        words = template if plural is None or values["num"] == 1 else plural
        made = super().__new__(cls, _fill(words, values, "en", NullTranslations()))
        made.template, made.plural, made.values = template, plural, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str, str | None], dict[str, Any]]:
        return (self.template, self.plural), self.values


def translate(text: str, code: str, catalogue: NullTranslations) -> str:
    """A message in another language; any other text as `write_figure` has it.

    Args:
        code: of the language, as `uk`.
        catalogue: its messages.
    """
    if code == "en":
        return str(text)
    if not isinstance(text, Message):
        return write_figure(text, code)
    words = (
        catalogue.gettext(text.template)
        if text.plural is None
        else catalogue.ngettext(text.template, text.plural, text.values["num"])
    )
    return _fill(words, text.values, code, catalogue)


def write_figure(text: str, code: str) -> str:
    """A figure as the language writes it; any other text as it is.

    >>> write_figure("4.0 %", "uk"), write_figure("Plant 4.0 %", "uk"), write_figure("4.0 %", "en")
    ('4,0 %', 'Plant 4.0 %', '4.0 %')
    """
    if code == "en":
        return text
    if _LARGE.fullmatch(text):
        return text.replace(",", "\N{NO-BREAK SPACE}")
    return _SHARE.sub(r"\1,\2", text) if _SHARE.fullmatch(text) else text


def _fill(words: str, values: dict[str, Any], code: str, catalogue: NullTranslations) -> str:
    """The words with every place filled; a place without a value stays."""

    def write(place: re.Match[str]) -> str:
        name = place[1]
        if name is None:
            return "%"
        return _written(name, values[name], code, catalogue) if name in values else place[0]

    return _PLACE.sub(write, words)


def _written(name: str, value: Any, code: str, catalogue: NullTranslations) -> str:
    if name == "country":
        country = country_name(value, code)
        return f"the {country}" if code == "en" and value in _WITH_ARTICLE else country
    if isinstance(value, list | tuple):
        return "; ".join(translate(part, code, catalogue) for part in value)
    if isinstance(value, str) and (name not in VERBATIM or isinstance(value, Message)):
        return translate(value, code, catalogue)
    return str(value)
