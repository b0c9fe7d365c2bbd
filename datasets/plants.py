"""Plants: where footage is said to have been shot."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from datasets.entry import Confidence, Text
from datasets.errors import RegistryError
from datasets.yamlfile import complain, read_yaml


class Plant(BaseModel):
    """A plant. `also`: further ways in which it is written, each of this plant alone. `lat` and
    `lon` (degrees, WGS 84) are those of its city, not of the site."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: Text
    name_ru: Text
    also: tuple[Text, ...] = ()
    city: Text
    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    products: str
    confidence: Confidence

    @property
    def writings(self) -> tuple[str, ...]:
        """How it is written, the name that it is told by first."""
        return (self.name, self.name_ru, *self.also)


def read_plants(path: Path) -> tuple[Plant, ...]:
    """The checked plants of one file.

    Raises:
        RegistryError: a plant is wrong; the message names file, plant and field.
    """
    raw = read_yaml(path)
    if not isinstance(raw, list):
        raise RegistryError(f"{path}: expected a list of plants, each beginning '- id: ...'")
    plants: dict[str, Plant] = {}
    for number, item in enumerate(raw, 1):
        id = item.get("id") if isinstance(item, dict) else None
        name = f"plant {id}" if id else f"plant {number}"
        try:
            plant = Plant.model_validate(item)
        except ValidationError as error:
            raise complain(path, name, error) from error
        if plant.id in plants:
            raise RegistryError(f"{path}: {name}: id: listed twice in this file")
        plants[plant.id] = plant
    return tuple(plants.values())


@cache
def load_plants() -> tuple[Plant, ...]:
    """The packaged plants."""
    return read_plants(Path(__file__).parent / "data" / "plants.yaml")
