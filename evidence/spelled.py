"""Plants that are written in several ways."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"\s*(?:№|(?<!\w)(?:no|n[º°]?))[\s.]*(?=\d)")
"""What stands before a plant's number, in small letters."""


def plant_key(plant: str) -> str:
    """What all ways of writing one plant have in common.

    Small and large letters make no other plant, nor do spaces, nor how "number" is written before
    a figure. A word in another language does.

    Example:
        >>> {plant_key(one) for one in ("Plant No. 12", "plant  no.12", "Plant № 12", "Plant N12")}
        {'plant №12'}
        >>> plant_key("Завод № 12"), plant_key("Plant 12"), plant_key("Casino 12")
        ('завод №12', 'plant 12', 'casino 12')
    """
    return _NUMBER.sub(" №", " ".join(plant.split()).casefold()).strip()


def plants_once(plants: Iterable[str]) -> list[str]:
    """Each plant once, in order; of one that is written in several ways the first of them.

    Example:
        >>> plants_once(["Plant № 2", "plant no.2", " Plant  1", "", "Plant No. 2"])
        ['Plant 1', 'Plant No. 2']
    """
    named = {" ".join(plant.split()) for plant in plants} - {""}
    keyed = {plant_key(plant): plant for plant in sorted(named, reverse=True)}
    return [keyed[key] for key in sorted(keyed)]
