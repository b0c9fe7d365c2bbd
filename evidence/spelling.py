"""How sources write plants and days of publication, and how both are compared."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from unicodedata import normalize

from datasets.messages import Message

_NUMBER = re.compile(r"\s*(?:№|(?<!\w)(?:no|n[º°]?))[\s.]*(?=\d)")
"""What stands before a plant's number, in small letters."""

_ALIKE = str.maketrans("ё\u2010\u2011\u2012\u2013\u2014", "е-----", '«»„“”‟"')
"""Signs that are written one way here and another there, and quotation marks."""


def fold(plant: str) -> str:
    """What all ways of writing one plant in one language have in common.

    The same plant whatever the case of letters, spaces, quotation marks, length of a dash, dots
    of ё, or way to write "number" before a figure.

    Example:
        >>> {fold(one) for one in ("Plant No. 12", "plant  no.12", "Plant № 12", "“Plant” N12")}
        {'plant №12'}
        >>> fold("Завод № 12"), fold("Plant 12"), fold("Casino 12")
        ('завод №12', 'plant 12', 'casino 12')
    """
    plain = normalize("NFC", plant).casefold().translate(_ALIKE)
    # Of nothing but quotation marks something must be left: it is not the lack of a plant.
    words = plain.split() or plant.split()
    return _NUMBER.sub(" №", " ".join(words)).strip()


class PlantNames:
    """Which ways of writing a plant are of one: those that are the same when folded, and those
    that the registry's plants give. Nothing is guessed: what is a bit like a name is another plant.

    Example:
        >>> writings = PlantNames([("Plant No. 9", "Завод № 9"), ("Uralmash", "УЗТМ")])
        >>> writings.key("завод №9") == writings.key("Plant № 9"), writings.name("завод №9")
        (True, 'Plant No. 9')
        >>> writings.name("  Завод  № 99 ")
        'Завод № 99'
    """

    def __init__(self, plants: Iterable[Sequence[str]] = ()) -> None:
        """plants: the ways to write each; the first is its name."""
        folded = {tuple(plant): {fold(one) for one in plant} for plant in plants}
        meant = Counter(key for keys in folded.values() for key in keys)
        # What is written of two plants tells neither.
        self._known = {
            key: plant
            for plant, keys in folded.items()
            if meant[fold(plant[0])] == 1
            for key in keys
            if meant[key] == 1
        }

    def known(self, plant: str) -> str | None:
        """The name of a plant that the registry has; None for another."""
        found = self._known.get(fold(plant))
        return found[0] if found else None

    def name(self, plant: str) -> str:
        """The registry's name of a plant; of another the name as written."""
        return self.known(plant) or " ".join(plant.split())

    def key(self, plant: str) -> str:
        """What all ways of writing one plant have in common."""
        return fold(self.name(plant))

    def once(self, plants: Iterable[str]) -> list[str]:
        """Each plant once, in order, by its name; of one that the registry has not, and that is
        written in several ways, the first of them.

        Example:
            >>> PlantNames().once(["Plant № 2", "plant no.2", " Plant  1", "", "Plant No. 2"])
            ['Plant 1', 'Plant No. 2']
        """
        named = {self.name(plant) for plant in plants} - {""}
        keyed = {fold(plant): plant for plant in sorted(named, reverse=True)}
        return [keyed[key] for key in sorted(keyed)]

    def holds(self, plant: str, wanted: str) -> bool:
        """Whether the words stand in any way of writing the plant, a number as a whole.

        Example:
            >>> [PlantNames().holds(one, "plant 1") for one in ("Plant 1, hall 2", "Plant 12")]
            [True, False]
        """
        sought = re.compile(rf"(?<!\d(?=\d)){re.escape(fold(wanted))}(?!(?<=\d)\d)")
        writings = (plant, *self._known.get(fold(plant), ()))
        return any(sought.search(fold(one)) for one in writings)


_TIME = r"(?P<time>[T ](?:(?:[01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)(?![0-9]|:[6-9]).*)?"
_WRITTEN = (
    re.compile(r"(?P<year>[0-9]{4})(?P<month>)(?P<day>)" + _TIME),
    re.compile(r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})" + _TIME),
    re.compile(
        r"(?P<year>[0-9]{4})(?P<gap>[-/.])(?P<month>[0-9]{1,2})(?:(?P=gap)(?P<day>[0-9]{1,2}))?"
        + _TIME
    ),
    re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})" + _TIME),
)

HOW = Message("a year, a month or a day, such as 2024, 2024-05 or 2024-05-31")
NO_DATE = Message("no date: write %(what)s")


def read_date(text: str) -> str | None:
    """`YYYY`, `YYYY-MM` or `YYYY-MM-DD`, with the time behind it if any; None if no date.

    Reads ISO 8601, the forms `31.05.2024`, `2024/05/31` and `2024-5-31` of lists, and `20240531` of
    video sites. Not `05/06/2024`: who wrote it decides what it means.

    >>> read_date("31.5.2024"), read_date("20240531"), read_date("2024-05"), read_date("soon")
    ('2024-05-31', '2024-05-31', '2024-05', None)
    """
    found = next(filter(None, (form.fullmatch(text.strip()) for form in _WRITTEN)), None)
    if found is None:
        return None
    year, month, day, time = (found[name] for name in ("year", "month", "day", "time"))
    if time and not day:
        return None
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    parts = [year, *(part.zfill(2) for part in (month, day) if part)]
    if time and time[2] == ":":
        time = f"{time[0]}0{time[1:]}"
    return "-".join(parts) + (time or "")
