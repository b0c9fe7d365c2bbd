"""What speaks against a claim though it names no builder: codes of ГОСТ, screens, parts' codes."""

from __future__ import annotations

import pytest

from datasets.registry import load_registry
from detector.claims.against import is_soviet_code
from detector.claims.part_codes import is_part_code, is_parts_plate
from detector.claims.screens import is_of_screen
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from tests.detector.stickers import views


@pytest.mark.parametrize(
    "text",
    [
        "16А20Ф3",
        "16K20",
        "2H135",
        "1M63",
        "СА700СФ3",
        "ЛТ260",
        "ТПК-125",
        "ФП-27",
        "6ДМ83Ш",
        "1516Ф3",
        *("16К20Ф3С32", "16А20Ф3С39", "2Р135Ф2-1", "6Р11МФ3-1", "1Б265НП-8К", "1B340Ф30"),
        *("1B340", "16B20", "3B161", "2B440A", "1E61M", "16A20F3", "6P13F3", "1К341", "1А62"),
        *("I6K20", "IK62", "IM63", "IA616"),
    ],
)
def test_a_code_of_gost_is_known(text: str) -> None:
    assert is_soviet_code(text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "VMC850",
            "CK6140",
            "CAK6150",
            "YK3150",
            "T-V856",
            "0I-TD",
            "828D",
            "3P100",
            "1P63",
            "3P63A",
            "4M12",
            "5A250V",
        ),
        *("IP54", "IP65", "IP23S", "IK08", "IK10"),
        *("ИНВ. № 123456", "ИНВ123", "ЦЕХ-12", "50 ГЦ", "50ГЦ", "380В", "12ШТ", "ГОСТ 12345"),
    ],
)
def test_other_codes_figures_and_labels_are_none(text: str) -> None:
    assert not is_soviet_code(text)


def test_a_soviet_code_does_not_speak_against_a_russian_builder() -> None:
    registry = load_registry()
    tested = Attributor(matcher_of(registry), registry, Attributing(tested_origins=("RU",)))
    assert tested.attribute(views("САСТА||СА700СФ3", 1)).builder == "sasta"


@pytest.mark.parametrize(
    "text", ["VMC850", "400 V", "25 KVA", "500 NM", "MAX TORQUE 500 NM", "SK50P"]
)
def test_rows_and_codes_of_machines_are_no_parts(text: str) -> None:
    assert not is_part_code(text)


@pytest.mark.parametrize(
    "lines",
    [
        ["SPINDLE SPEED 4000 RPM", "主轴电机功率 11KW"],
        ["380V", "TOTAL POWER 25 KVA"],
        ["380V", "25 KVA"],
        ["型号 CK6140", "5.5 KW"],
    ],
)
def test_a_machines_own_plate_is_no_parts_plate(lines: list[str]) -> None:
    assert not is_parts_plate(lines)


@pytest.mark.parametrize(
    "text", ["800 X 1500", "1250", "NO. 12", "SMTCL", "M12 X 40", "2019", "12.5"]
)
def test_sizes_and_numbers_of_a_machine_are_not_of_a_screen(text: str) -> None:
    assert not is_of_screen(text)
