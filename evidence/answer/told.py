"""Texts of an answer that can be said in other languages too.

Everything an answer says is English text, in its JSON, its report and its tables. A page that is
read in another language needs to know what the text was made of.
"""

from __future__ import annotations

import math
import re
from gettext import NullTranslations
from typing import Any, Self

from datasets.countries import country_name

_WITH_ARTICLE = frozenset({"AE", "DO", "GB", "NL", "PH", "US"})

_SHARE = re.compile(r"^([<>]?[0-9]+)\.([0-9]+( %)?)$")


class Told(str):
    """English text, with what it was made of: the words, and what is filled in.

    `num` chooses between one and many. `country`: a code, said by its name as it
    stands after a preposition ("in the United States"). A list of texts is
    said with semicolons between them.

    Example:
        >>> told = Told("%(num)s machine", "%(num)s machines", num=2)
        >>> told, told.one, told.values
        ('2 machines', '%(num)s machine', {'num': 2})
    """

    one: str
    many: str | None
    values: dict[str, Any]

    def __new__(cls, one: str, many: str | None = None, /, **values: Any) -> Self:
        words = one if many is None or values["num"] == 1 else many
        filled = {name: _plain(name, value, "en", str) for name, value in values.items()}
        made = super().__new__(cls, words % filled if filled else words.replace("%%", "%"))
        made.one, made.many, made.values = one, many, values
        return made

    def __getnewargs_ex__(self) -> tuple[tuple[str, str | None], dict[str, Any]]:
        return (self.one, self.many), self.values


def percent(share: float | None) -> str:
    """A share for people; nothing and all are written of no other share.

    >>> percent(0.0295), percent(0.5), percent(None)
    ('2.9 %', '50 %', 'not known')
    >>> percent(0.0), percent(0.0002), percent(0.998), percent(1.0)
    ('0 %', '<0.1 %', '>99 %', '100 %')
    """
    if share is None:
        return "not known"
    if 0 < share < 0.0005:
        return "<0.1 %"
    if 0.995 <= share < 1:
        return ">99 %"
    return f"{100 * share:.1f} %" if 0 < share < 0.1 else f"{100 * share:.0f} %"


def above(share: float) -> str:
    """A limit above which something holds, rounded up: it holds above what is written too.

    >>> above(0.04049), above(0.0002), above(0.25)
    ('4.1 %', '0.1 %', '25.0 %')
    """
    return f"{math.ceil(round(1000 * share, 6)) / 10:.1f} %"


def at_least(share: float) -> str:
    """A lower limit, rounded down: no more is written than holds.

    >>> at_least(0.757), at_least(0.0299), at_least(0.0009), at_least(0.0)
    ('75 %', '2.9 %', '<0.1 %', '0 %')
    """
    steps = 1000 if share < 0.1 else 100
    return percent(math.floor(round(steps * share, 6)) / steps or min(share, 0.0004))


def at_most(share: float) -> str:
    """An upper limit, rounded up: no less is written than holds.

    >>> at_most(0.493), at_most(0.0361), at_most(0.0002), at_most(0.0)
    ('50 %', '3.7 %', '0.1 %', '0 %')
    >>> at_most(0.9871), at_most(0.9901), at_most(1.0)
    ('99 %', '>99 %', '100 %')
    """
    steps = 1000 if share < 0.1 else 100
    up = math.ceil(round(steps * share, 6)) / steps
    return percent(up if share == 1 else min(up, 0.999))


def say_in(text: str, code: str, known: NullTranslations) -> str:
    """A text in another language, as far as it is known; where it is no `Told`, as `by_locale`.

    Args:
        code: of the language, as `uk`.
        known: its messages.
    """
    if code == "en" or not isinstance(text, Told):
        return by_locale(text, code)
    words = (
        known.gettext(text.one)
        if text.many is None
        else known.ngettext(text.one, text.many, text.values["num"])
    )
    filled = {
        name: _plain(name, value, code, lambda part: say_in(part, code, known))
        for name, value in text.values.items()
    }
    return words % filled if filled else words.replace("%%", "%")


def _plain(name: str, value: Any, code: str, say: Any) -> Any:
    if name == "country":
        name = country_name(value, code)
        return f"the {name}" if code == "en" and value in _WITH_ARTICLE else name
    if isinstance(value, list | tuple):
        return "; ".join(say(part) for part in value)
    if isinstance(value, str):
        return by_locale(say(value), code)
    return value


def by_locale(text: str, code: str) -> str:
    """A share with the sign between whole and part that the language has; any other text as it is.

    >>> by_locale("4.0 %", "uk"), by_locale("Plant 4.0 %", "uk"), by_locale("4.0 %", "en")
    ('4,0 %', 'Plant 4.0 %', '4.0 %')
    """
    return text if code == "en" else _SHARE.sub(r"\1,\2", text)
