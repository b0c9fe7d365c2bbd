"""Messages for people: an English template, and what is filled in.

A message is its English text. A page translates the template with gettext. It writes figures and
countries as the reader's language does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from gettext import NullTranslations
from typing import Any, Self

from datasets.places import country_name

VERBATIM = frozenset({"author", "kinds", "name", "note", "path", "texts", "why"})
"""Under these names people, files and other programs speak: no figure in them is rewritten."""
_PLACE = re.compile(r"%\((\w+)\)s|%%")
_SHARE = re.compile(r"([<>]?[0-9]+)\.([0-9]+( %)?)")
_LARGE = re.compile(r"[0-9]{1,3}(,[0-9]{3})+")
_WITH_ARTICLE = frozenset({"AE", "DO", "GB", "NL", "PH", "US"})


class Message(str):
    """English text that keeps its template and its parameters, so that it can be translated.

    template: English, with a place `%(name)s` for each parameter; `%%` is a percent sign.
    plural: the template for any `num` but 1.
    values: the parameters. `country`: a code, written as its name after a preposition ("in the
    United States"). A list is written with semicolons. A message is translated in its turn.

    >>> found = Message("%(num)s machine", "%(num)s machines", num=2)
    >>> found, found.template, found.values
    ('2 machines', '%(num)s machine', {'num': 2})
    """

    template: str
    plural: str | None
    values: dict[str, Any]

    def __new__(cls, template: str, plural: str | None = None, /, **values: Any) -> Self:
        words = template if plural is None or values["num"] == 1 else plural
        values = {name: _kept(value) for name, value in values.items()}
        made = super().__new__(cls, _fill(words, values, "en", NullTranslations()))
        made.template, made.plural, made.values = template, plural, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str, str | None], dict[str, Any]]:
        return (self.template, self.plural), self.values

    def fill(self, **values: Any) -> Self:
        """The message with these parameters.

        >>> Message("%(number)s of %(all)s").fill(number=3, all=4)
        '3 of 4'
        """
        return type(self)(self.template, self.plural, **values)

    def replaced(self, old: str, new: str) -> Self:
        """The message with `new` for `old` in its parameters."""

        def change(value: Any) -> Any:
            if isinstance(value, Message):
                return value.replaced(old, new)
            if isinstance(value, tuple):
                return tuple(map(change, value))
            return value.replace(old, new) if isinstance(value, str) else value

        return self.fill(**{name: change(value) for name, value in self.values.items()})


def joined(parts: Iterable[str], mark: str) -> Message:
    """One message of several texts, with `mark` between them.

    >>> joined(["hall.mp4", "the file is empty"], ": ")
    'hall.mp4: the file is empty'
    """
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Message(mark.join(f"%({name})s" for name in values), **values)


def encode(text: str) -> Any:
    """A text as plain data: of a message its template and parameters."""
    if not isinstance(text, Message):
        return text
    plain: dict[str, Any] = {"template": text.template}
    if text.plural is not None:
        plain["plural"] = text.plural
    return plain | {"values": {name: _encoded(value) for name, value in text.values.items()}}


def decode(plain: Any) -> str:
    """The text of such data, which may come from anybody. Raises ValueError: the data is not a
    message."""
    if isinstance(plain, str):
        return plain
    try:
        template, plural = plain["template"], plain.get("plural")
        values = {str(name): _decoded(value) for name, value in plain["values"].items()}
        if not isinstance(template, str) or not isinstance(plural, str | None):
            raise TypeError
        return Message(template, plural, **values)
    except (AttributeError, KeyError, TypeError, RecursionError) as error:
        raise ValueError("a text that is no message") from error


def _encoded(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_encoded(part) for part in value]
    return encode(value) if isinstance(value, str) else value


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(part) for part in value)
    return value if isinstance(value, int | float) else decode(value)


def _kept(value: Any) -> Any:
    """A parameter as plain data or a message."""
    if isinstance(value, list | tuple):
        return tuple(_kept(part) for part in value)
    return value if isinstance(value, str | int | float) else str(value)


def translate(text: str, code: str, catalogue: NullTranslations) -> str:
    """A message in another language; any other text as `write_figure` has it.

    code: of the language, as `uk`. catalogue: its messages.
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
    if isinstance(value, tuple):
        return "; ".join(translate(part, code, catalogue) for part in value)
    if isinstance(value, str) and (name not in VERBATIM or isinstance(value, Message)):
        return translate(value, code, catalogue)
    return str(value)
