"""One plant, however it is written, and never two as one."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from evidence.spelling import PlantNames, fold


def test_no_writing_of_the_packaged_plants_is_of_two() -> None:
    plants = load_registry().plants
    keys = [key for plant in plants for key in {fold(one) for one in plant}]
    assert len(keys) == len(set(keys))
    writings = PlantNames(plants)
    assert all(writings.name(one) == plant[0] for plant in plants for one in plant)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("завод №9", "Plant No. 9"),
        ("PLANT NO 9", "Plant No. 9"),
        ("УВЗ", "Uralvagonzavod"),
        ("уралвагонзавод", "Uralvagonzavod"),
        ("Завод имени Дегтярева", "Degtyarev Plant"),
        ('ОКБ  "Новатор"', "OKB Novator"),
        ("ОДК–Сатурн", "UEC-Saturn"),
        ("Завод № 99", "Завод № 99"),
        ("Завод № 9, цех 2", "Завод № 9, цех 2"),
        ("НПЗ", "НПЗ"),
    ],
)
def test_a_plant_is_known_by_its_whole_name_alone(written: str, name: str) -> None:
    assert PlantNames(load_registry().plants).name(written) == name


@pytest.mark.parametrize(
    "plants",
    [
        [("Alpha", "Заря"), ("Beta", "«заря»")],
        [("Alpha", "Альфа"), ("Alpha", "Заря")],
    ],
    ids=["another writing", "the name"],
)
def test_what_is_written_of_two_plants_joins_none(plants: list[tuple[str, str]]) -> None:
    writings = PlantNames(plants)
    assert writings.key("Заря") != writings.key("Альфа")
    assert writings.name("Заря") == "Заря"


def test_of_quotation_marks_alone_something_is_left() -> None:
    assert PlantNames().once(['""', "", " "]) == ['""'] and fold('""') != fold("")
