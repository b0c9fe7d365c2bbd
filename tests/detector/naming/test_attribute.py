"""Which builder a track's readings name, and how surely."""

from __future__ import annotations

from fractions import Fraction

import pytest

from datasets.registry import Registry, load_registry
from detector.matching.match import Matcher
from detector.naming.attribute import Attributor, mark_length
from detector.naming.chances import probabilities
from detector.settings import Attributing
from detector.types import Attribution
from tests.detector.reads import DOOR, PANEL, moved, named, read


def test_one_wordmark_names_its_builder_uncorroborated(attributor: Attributor) -> None:
    assert named(attributor.attribute([read("MAZAK")])) == ("mazak", "B")


def test_the_same_mark_in_another_view_corroborates(attributor: Attributor) -> None:
    once = attributor.attribute([read("MAZAK")])
    again = attributor.attribute([read("MAZAK"), read("MAZAK", moved(DOOR, 60), 3)])
    assert named(again) == ("mazak", "A")
    assert again.probability > once.probability


def test_the_same_pixels_again_corroborate_nothing(attributor: Attributor) -> None:
    once = attributor.attribute([read("MAZAK")])
    still = attributor.attribute([read("MAZAK", at=t) for t in range(5)])
    assert (still.grade, still.probability) == ("B", once.probability)


@pytest.mark.parametrize(
    ("cue", "builder"),
    [("INTEGREX", "mazak"), ("MAZATROL", "mazak"), ("马扎克", "mazak")],
    ids=["series", "own-control", "han-name"],
)
def test_another_cue_of_the_builder_corroborates(
    attributor: Attributor, cue: str, builder: str
) -> None:
    assert named(attributor.attribute([read("MAZAK"), read(cue, PANEL)])) == (builder, "A")


@pytest.mark.parametrize("badge", ["FANUC", "SINUMERIK", "HEIDENHAIN"])
def test_a_controls_badge_names_no_builder(attributor: Attributor, badge: str) -> None:
    alone = attributor.attribute([read(badge)])
    assert named(alone) == (None, "U")
    assert alone.control is not None
    beside = attributor.attribute([read("OKUMA"), read(badge, PANEL)])
    assert (beside.builder, beside.control) == ("okuma", alone.control)


def test_mazatrol_is_fitted_by_mazak_only(attributor: Attributor) -> None:
    assert named(attributor.attribute([read("MAZATROL", PANEL)])) == ("mazak", "B")


@pytest.mark.parametrize("text", ["STAR", "INDEX", "OKK", "DMG", "ЗВЕЗДА", "ZVEZDA", "MITSUBISHI"])
def test_weak_marks_never_name_alone(attributor: Attributor, text: str) -> None:
    views = [read(text, moved(DOOR, 60 * t), t) for t in range(4)]
    assert named(attributor.attribute(views)) == (None, "U")


def test_two_builders_on_one_machine_leave_it_unknown(attributor: Attributor) -> None:
    result = attributor.attribute([read("MAZAK"), read("MAKINO", PANEL)])
    assert named(result) == (None, "U")
    assert {line.id for line in result.evidence} == {"mazak", "makino"}


@pytest.mark.parametrize(
    ("lines", "builder"),
    [
        (("HAAS SCHLEIFMASCHINEN", "MULTIGRIND"), "haas-schleif"),
        (("NAGASE INTEGREX",), "nagase-integrex"),
        (("YAMAZAKI GIKEN",), "yamazaki-giken"),
        (("HAAS", "VF-2"), "haas"),
        (("YAMAZAKI",), "mazak"),
        (("BÖHRINGER",), "boehringer"),
    ],
)
def test_who_shares_a_name_is_not_taken_for_the_better_known(
    attributor: Attributor, lines: tuple[str, ...], builder: str
) -> None:
    places = (DOOR, PANEL)
    found = attributor.attribute([read(t, places[n]) for n, t in enumerate(lines)])
    assert found.builder == builder


def test_a_series_alone_is_less_sure_than_the_name(attributor: Attributor) -> None:
    series = attributor.attribute([read("INTEGREX", score=1.0)])
    name = attributor.attribute([read("MAZAK", score=1.0)])
    assert (series.builder, series.grade, series.series) == ("mazak", "B", "INTEGREX")
    assert series.probability < name.probability


@pytest.mark.parametrize(
    ("mark", "type", "builder"),
    [
        ("MAZAK", "SMOOTHG", "mazak"),
        ("MAZAK", "MAZATROL MATRIX", "mazak"),
        ("OKUMA", "OSP-P300L", "okuma"),
    ],
)
def test_a_controls_type_is_not_the_machines_model(
    attributor: Attributor, mark: str, type: str, builder: str
) -> None:
    result = attributor.attribute([read(mark), read(type, PANEL)])
    assert (result.builder, result.series) == (builder, None)
    model = attributor.attribute(
        [read(mark), read(type, PANEL), read("INTEGREX", moved(DOOR, 200))]
    )
    assert model.series == ("INTEGREX" if builder == "mazak" else None)


def test_two_words_read_apart_are_one_mark(attributor: Attributor) -> None:
    left, right = (100.0, 100.0, 180.0, 130.0), (195.0, 100.0, 290.0, 131.0)
    assert attributor.attribute([read("MORI", left), read("SEIKI", right)]).builder == "mori-seiki"


def test_dmg_within_dmg_mori_is_not_a_second_builder(attributor: Attributor) -> None:
    left, right = (100.0, 100.0, 180.0, 130.0), (195.0, 100.0, 290.0, 131.0)
    assert attributor.attribute([read("DMG", left), read("MORI", right)]).builder == "dmg-mori"


def test_what_only_the_mirror_shows_names_nobody(attributor: Attributor) -> None:
    result = attributor.attribute([read("MAZAK", mirrored=True)])
    assert named(result) == (None, "U")
    assert [(line.kind, line.id, line.weight) for line in result.evidence] == [
        ("mirrored", "mazak", 0.0)
    ]


def test_a_picture_that_is_mirrored_as_a_whole_may_name(attributor: Attributor) -> None:
    readings = [read("MAZAK", mirrored=True), read("INTEGREX", PANEL, mirrored=True)]
    assert named(attributor.attribute(readings)) == ("mazak", "B")


def test_a_control_of_a_builder_that_the_registry_lacks_names_nobody() -> None:
    less = Registry(entry for entry in load_registry() if entry.id != "mazak")
    attributor = Attributor(Matcher(less), less, Attributing())
    readings = [read("MAZATROL", PANEL), read("MAZATROL", moved(PANEL, 200), 2)]
    said = attributor.attribute(readings)
    assert (named(said), said.control) == ((None, "U"), "ctl-mazatrol")


def test_the_broadcast_names_nobody(attributor: Attributor) -> None:
    result = attributor.attribute([read("MAZAK OKUMA HAAS", overlay=True)])
    assert named(result) == (None, "U")
    assert [line.kind for line in result.evidence] == ["overlay"]


def test_a_builder_whose_origin_is_under_test_takes_more(attributor: Attributor) -> None:
    faint = [read("大连机床", score=0.8)]
    assert attributor.attribute(faint).builder is None
    assert named(attributor.attribute([read("大连机床", score=0.99)])) == ("dmtg", "B")


def test_hidden_marks_are_told_and_name_nobody(attributor: Attributor) -> None:
    result = attributor.attribute([], [(Fraction(2), DOOR)])
    assert (result.builder, result.concealed) == (None, True)
    assert [(line.kind, line.box) for line in result.evidence] == [("concealed", DOOR)]


def test_nothing_read_is_unknown(attributor: Attributor) -> None:
    assert attributor.attribute([]) == Attribution(None, 1.0, "U")


def test_unknown_and_builders_share_one_probability() -> None:
    chances = probabilities({"a": 9.0, "b": 4.0, "c": 12.0})
    assert 0 < sum(chances.values()) <= 1 + 1e-12
    assert chances["c"] > chances["a"] > chances["b"]


def test_han_characters_count_as_two_letters() -> None:
    assert mark_length("大连 DMTG") == 8


@pytest.mark.parametrize(
    "codes", [("TC-200", "TM-3000Y2"), ("VF-2SS", "ST-25Y", "TM-1"), ("LB3000 EX II", "MU-500V")]
)
def test_model_codes_alone_name_nobody_however_many(
    attributor: Attributor, codes: tuple[str, ...]
) -> None:
    boxes = [moved(DOOR, 200 * n) for n in range(len(codes))]
    readings = [read(code, box) for code, box in zip(codes, boxes, strict=True)]
    assert named(attributor.attribute(readings)) == (None, "U")


def test_codes_of_other_trades_on_one_machine_name_nobody(attributor: Attributor) -> None:
    texts = """G54 G0 X100. Z50.|M03 S1500|T0101|F2000|H10|N100 G02 X20 R5|BT40|HSK-A63|VDI 40|ER32
    CNMG 120408|S7-1200|SINAMICS S120|6204-2RS|42CrMo4|HRC 58|DIN 912|M16|TC1|TC2|XT1|QF2|KM1|C16
    IP54|AC 380 V|DC 24V|R 25|250 BAR|P 100|H 2000|KR 210|IRB 6700|M-20iA|LC 200|C 400|S-400|A-12
    ЦЕХ 12|УЧ. 3|15 КВТ|КБ-1|MAX 500 KG|2500 RPM|CO2|LED 50W|USB 3.0|RS-232""".replace("\n", "|")
    readings = [
        read(text, moved(DOOR, 400.0 * n))
        for n, text in enumerate(map(str.strip, texts.split("|")))
    ]
    assert attributor.attribute(readings).builder is None


def test_a_models_name_and_its_code_name_the_builder(attributor: Attributor) -> None:
    result = attributor.attribute([read("Chakra"), read("BMV 60 TC24", PANEL)])
    assert named(result) == ("bfw", "B")


@pytest.mark.parametrize(
    ("badge", "model", "builder"),
    [
        ("STAR", "SR-20RIV", "star-micronics"),
        ("FEELER", "QM-22APC", "feeler-ffg"),
        ("GROB", "G350T", "grob"),
        ("VICTOR", "VCENTER-102", "victor-taichung"),
        ("CITIZEN", "L20X", "citizen"),
        ("DMG", "CTX beta 800", "dmg"),
        ("TOS", "WHN 13 CNC", "tos-varnsdorf"),
        ("Hanwho", "XD32H", "hanwha"),
        ("QROMI", "D 1250", "romi"),
        ("TAKISAWR", "TM-3000Y2", "takisawa"),
    ],
)
def test_a_badge_that_may_not_name_alone_does_beside_its_model(
    attributor: Attributor, badge: str, model: str, builder: str
) -> None:
    assert named(attributor.attribute([read(badge), read(model, PANEL)])) == (builder, "A")


def test_a_short_badge_over_anothers_code_names_nobody(
    attributor: Attributor,
) -> None:
    """Half a MAZAK was read as Mas, over a code of Mazak's."""
    badge, model = (59.8, 77.5, 97.6, 96.4), (61.1, 90.4, 109.1, 104.5)
    alone = [read("Mas", badge), read("KX650", model)]
    assert attributor.attribute(alone).builder == "kovosvit"
    for mark, score in (("Mas", 0.7), ("Mas", 0.97), ("BFW", 0.97)):
        over_anothers = [read(mark, badge, score=score), read("VTC-160A", model)]
        assert named(attributor.attribute(over_anothers)) == (None, "U")
    over_its_own = [read("Mas", badge), read("MCV 754", model)]
    assert attributor.attribute(over_its_own).builder == "kovosvit"


@pytest.mark.parametrize(
    ("text", "model"), [("DEMAG", "VL 4"), ("QROMI", "VL 4"), ("HAAST", "VF-2SS")]
)
def test_a_text_that_is_no_mark_names_nobody_beside_a_model(
    attributor: Attributor, text: str, model: str
) -> None:
    assert attributor.attribute([read(text), read(model, PANEL)]).builder is None


def test_a_mark_that_was_read_is_not_hidden(attributor: Attributor) -> None:
    """Something else is blurred there; where a code alone names, the mark may well be hidden."""
    read_twice = [read("MAZAK"), read("MAZAK", at=1)]
    result = attributor.attribute(read_twice, [(Fraction(2), DOOR)])
    assert (result.builder, result.concealed) == ("mazak", False)
    assert all(line.kind != "concealed" for line in result.evidence)


def test_a_control_that_was_read_is_no_badge_and_the_badge_may_be_hidden(
    attributor: Attributor,
) -> None:
    result = attributor.attribute([read("MAZATROL", PANEL)], [(Fraction(2), DOOR)])
    assert (result.builder, result.concealed) == ("mazak", True)
    assert "concealed" in {line.kind for line in result.evidence}
