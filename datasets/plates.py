"""The words of makers' plates, and the places they name, read and checked.

>>> places = load_places()
>>> [code for code in places if any(place.latin == "TENGZHOU" for place in places[code])]
['CN']
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from datasets.entry import Country, Text
from datasets.errors import RegistryError
from datasets.letters import letters, script_of
from datasets.registry import DATA
from datasets.yamlfile import complain, read_yaml

ABSENT = "_"
"""Written where a place has no Han or no Latin name on plates."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in both scripts; `region`: a province or the country itself, not a town."""

    han: str | None
    latin: str | None
    region: bool


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _place(value: object) -> tuple[str | None, str | None]:
    """The Han and the Latin name in one entry such as `滕州 TENGZHOU`."""
    han, _, latin = value.partition(" ") if isinstance(value, str) else ("", "", "")
    right = han == ABSENT or (han and all(script_of(letter) == "han" for letter in han))
    spelt = latin == ABSENT or (latin.isascii() and latin.replace(" ", "").isalpha())
    if not right or not spelt or (not latin.isupper() and latin != ABSENT) or han == latin:
        raise ValueError(f"{value!r} is no place: a Han name, a space, a Latin name in capitals")
    return None if han == ABSENT else han, None if latin == ABSENT else latin


Names = Annotated[tuple[str | None, str | None], BeforeValidator(_place)]


class _Country(_Part):
    regions: tuple[Names, ...] = Field(min_length=1)
    cities: tuple[Names, ...] = ()


class _Places(_Part):
    countries: dict[Country, _Country]

    @model_validator(mode="after")
    def _one_country_a_name(self) -> Self:
        seen: dict[str, str] = {}
        for code, country in self.countries.items():
            for names in (*country.regions, *country.cities):
                for name in filter(None, names):
                    if seen.setdefault(name, code) != code:
                        raise ValueError(f"{name} is listed for {seen[name]} and for {code}")
        return self


class MadeIn(_Part):
    """The ways to say where a thing was made, by language.

    verbs: what comes before the country; verbs_before, verbs_after: the same where a text
    consists of nothing else; countries: what each is called; soviet: the Soviet Union.
    """

    verbs: dict[str, tuple[Text, ...]]
    verbs_before: dict[str, tuple[Text, ...]]
    verbs_after: dict[str, tuple[Text, ...]]
    countries: dict[Country, dict[str, tuple[Text, ...]]]
    soviet: dict[str, tuple[Text, ...]]

    @model_validator(mode="after")
    def _every_language_has_a_verb(self) -> Self:
        spoken = {*self.verbs, *self.verbs_before, *self.verbs_after}
        for code, names in [*self.countries.items(), ("soviet", self.soviet)]:
            for language in names.keys() - spoken:
                raise ValueError(f"{code}: {language}: there is no verb in that language")
        return self


class KindWords(_Part):
    """Words for machines and their makers, by script; `han_japan` those of Japanese alone."""

    han: tuple[Text, ...]
    han_japan: tuple[Text, ...] = ()
    latin: tuple[Text, ...]
    cyrillic: tuple[Text, ...] = ()


class Telling(_Part):
    """Characters no reader takes for their other form."""

    simplified: Text
    traditional: Text

    @model_validator(mode="after")
    def _are_pairs(self) -> Self:
        if letters(self.simplified) != letters(self.traditional):
            raise ValueError("traditional is not simplified, character by character")
        return self


class Works(_Part):
    """Works of the Soviet Union and of its successors."""

    names: tuple[Text, ...]
    cities: dict[Country, tuple[Text, ...]]
    owner: tuple[Text, ...]


class WholeLines(_Part):
    """Lines that are compared whole."""

    kinds: tuple[Text, ...]
    rows: tuple[Text, ...]
    signs: tuple[Text, ...]


class PlateWords(_Part):
    """What `datasets/data/plates.yaml` holds; the file says what each list is for."""

    made_in: MadeIn
    machine_tools: KindWords
    machinery: KindWords
    makers_taiwan: tuple[Text, ...]
    machine_kinds: KindWords
    badge: KindWords
    own: KindWords
    lines: WholeLines
    forms_of: dict[Text, tuple[Country, ...]]
    builders_elsewhere: tuple[Text, ...]
    towns_of_parts: tuple[Text, ...]
    against: tuple[Text, ...]
    between: KindWords
    forms: KindWords
    telling: Telling
    labels: KindWords
    parts: KindWords
    part_makers: tuple[Text, ...]
    other_names: tuple[Text, ...]
    sellers: KindWords
    rows: KindWords
    works: Works


_Model = TypeVar("_Model", bound=BaseModel)


def read_places(path: Path) -> Mapping[str, tuple[Place, ...]]:
    """The places of one file, by country.

    Raises:
        RegistryError: a place is wrong; the message names file, country and place.
    """
    checked = _check(path, "places", _Places, read_yaml(path), within="countries")
    return {
        code: (
            *(Place(han, latin, True) for han, latin in country.regions),
            *(Place(han, latin, False) for han, latin in country.cities),
        )
        for code, country in checked.countries.items()
    }


def read_plate_words(path: Path) -> PlateWords:
    """The words of one file.

    Raises:
        RegistryError: a list is wrong or missing; the message names file and field.
    """
    return _check(path, "words", PlateWords, read_yaml(path))


@cache
def load_places() -> Mapping[str, tuple[Place, ...]]:
    """The packaged places."""
    return read_places(DATA / "places.yaml")


@cache
def load_plate_words() -> PlateWords:
    """The packaged words."""
    return read_plate_words(DATA / "plates.yaml")


def _check(
    path: Path, what: str, model: type[_Model], raw: object, within: str | None = None
) -> _Model:
    """The content of a file as `model`; as its one field `within`, where given."""
    if not isinstance(raw, dict):
        raise RegistryError(f"{path}: expected named lists")
    try:
        return model.model_validate({within: raw} if within else raw)
    except ValidationError as error:
        raise complain(path, what, error) from error
