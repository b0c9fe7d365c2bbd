"""The words of makers' plates, and the places they name, as `datasets/data` has them.

>>> places = load_places()
>>> [code for code in places if any(place.latin == "TENGZHOU" for place in places[code])]
['CN']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from datasets.registry import DATA
from datasets.yamlfile import read_lists

ABSENT = "_"
"""Written where a place has no Han or no Latin name on plates."""
Texts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in both scripts; `region`: a province or the country itself, not a town."""

    han: str | None
    latin: str | None
    region: bool


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class MadeIn(_Part):
    """The ways to say where a thing was made, by language.

    verbs: what comes before the country; verbs_before, verbs_after: the same where a text
    consists of nothing else; countries: what each is called; soviet: the Soviet Union.
    """

    verbs: dict[str, Texts]
    verbs_before: dict[str, Texts]
    verbs_after: dict[str, Texts]
    countries: dict[str, dict[str, Texts]]
    soviet: dict[str, Texts]


class KindWords(_Part):
    """Words for machines and their makers, by script; `han_japan` those of Japanese alone."""

    han: Texts
    han_japan: Texts = ()
    latin: Texts
    cyrillic: Texts = ()


class Telling(_Part):
    """Characters no reader takes for their other form."""

    simplified: str
    traditional: str


class Works(_Part):
    """Works of the Soviet Union and of its successors."""

    names: Texts
    cities: dict[str, Texts]
    owner: Texts


class WholeLines(_Part):
    """Lines that are compared whole."""

    kinds: Texts
    rows: Texts
    signs: Texts


class PlateWords(_Part):
    """What `datasets/data/plates.yaml` holds; the file says what each list is for."""

    made_in: MadeIn
    machine_tools: KindWords
    machinery: KindWords
    makers_taiwan: Texts
    machine_kinds: KindWords
    badge: KindWords
    own: KindWords
    lines: WholeLines
    forms_of: dict[str, Texts]
    builders_elsewhere: Texts
    towns_of_parts: Texts
    against: Texts
    between: KindWords
    forms: KindWords
    telling: Telling
    labels: KindWords
    parts: KindWords
    part_makers: Texts
    other_names: Texts
    sellers: KindWords
    rows: KindWords
    works: Works


@cache
def load_places() -> Mapping[str, tuple[Place, ...]]:
    """The packaged places, by country."""
    return {
        code: tuple(
            _place(names, region=kind == "regions") for kind in groups for names in groups[kind]
        )
        for code, groups in read_lists(DATA / "places.yaml").items()
    }


def _place(names: str, *, region: bool) -> Place:
    """The place of an entry such as `滕州 TENGZHOU`."""
    han, latin = (None if name == ABSENT else name for name in names.split(" ", 1))
    return Place(han, latin, region)


@cache
def load_plate_words() -> PlateWords:
    """The packaged words."""
    return PlateWords.model_validate(read_lists(DATA / "plates.yaml"))
