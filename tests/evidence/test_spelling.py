"""Days of publication and names of plants, however they are written."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from evidence.spelling import PlantNames, fold, read_date


def test_no_writing_of_the_packaged_plants_is_of_two():
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
def test_a_plant_is_known_by_its_whole_name_alone(written, name):
    assert PlantNames(load_registry().plants).name(written) == name


@pytest.mark.parametrize(
    "plants",
    [[("Alpha", "Заря"), ("Beta", "«заря»")], [("Alpha", "Альфа"), ("Alpha", "Заря")]],
    ids=["another writing", "the name"],
)
def test_what_is_written_of_two_plants_joins_none(plants):
    writings = PlantNames(plants)
    assert writings.key("Заря") != writings.key("Альфа")
    assert writings.name("Заря") == "Заря"


def test_of_quotation_marks_alone_something_is_left():
    assert PlantNames().once(['""', "", " "]) == ['""'] and fold('""') != fold("")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("2024", "2024"),
        (" 2024-05 ", "2024-05"),
        ("2024-05-31", "2024-05-31"),
        ("2024-05-31T08:00:00+03:00", "2024-05-31T08:00:00+03:00"),
        ("2024-05-31 08:00", "2024-05-31 08:00"),
        ("31.12.2023", "2023-12-31"),
        ("1.2.2023", "2023-02-01"),
        ("2023/12/31", "2023-12-31"),
        ("20231231", "2023-12-31"),
        ("2023-4-12", "2023-04-12"),
        ("2023/4/1", "2023-04-01"),
        ("2023-4", "2023-04"),
        ("12.04.2023 10:00", "2023-04-12 10:00"),
        ("12.04.2023 9:05:07", "2023-04-12 09:05:07"),
        ("20231231T0:00Z", "2023-12-31T00:00Z"),
        ("2023-12-31 24:00", "2023-12-31 24:00"),
    ],
)
def test_dates_as_lists_write_them(written, kept):
    assert read_date(written) == kept
    assert read_date(kept) == kept


@pytest.mark.parametrize(
    "written",
    ["", "soon", "yesterday", "2023-13", "2023-02-30", "31.13.2023", "05/06/2024", "202405",
     "0000", "2024-05-", "24-05-31", "2024T08:00", "2024-05T08:00",
     "2023-04-12T99:99", "2023-04-12 24:01", "2023-04-12 10:60", "2023-04-12 10:000",
     "2023-04-12 10:00:61", "2023-4/12", "2023412", "12.4.23", "12.04.2023T"],
)  # fmt: skip
def test_what_is_no_date(written):
    assert read_date(written) is None
