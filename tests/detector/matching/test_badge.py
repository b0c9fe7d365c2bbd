"""A short mark beside a model code is a builder's badge; on a poster it is a word."""

from __future__ import annotations

from fractions import Fraction

import pytest

from datasets.registry import load_registry
from detector.matching.badge import is_model_code
from detector.matching.match import matcher_of
from detector.naming.attribute import Attributor
from detector.settings import Attributing
from detector.types import Box, Reading
from tests.detector.stickers import views

DOOR: Box = (100.0, 100.0, 160.0, 130.0)
UNDER: Box = (95.0, 132.0, 190.0, 152.0)
FAR_OFF: Box = (700.0, 600.0, 800.0, 620.0)


def read(text: str, box: Box = DOOR, at: int = 0) -> Reading:
    return Reading(text, 0.97, box, Fraction(at), "latin")


@pytest.mark.parametrize("text", ["BMV 50 TC24", "FSG-1224ADIII", "LL25T", "BVL 800H", "J300"])
def test_a_model_code_is_known_by_its_letters_and_figures(text: str) -> None:
    assert is_model_code(text)


@pytest.mark.parametrize("text", ["VTL-1", "MACHINE-03", "2019", "DANGER", "U1-MACHINE-21", "日"])
def test_labels_of_plants_and_plain_numbers_are_no_model_codes(text: str) -> None:
    assert not is_model_code(text)


@pytest.mark.parametrize("mark, builder", [("BFW", "bfw"), ("OKK", "okk"), ("LMW", "lmw")])
def test_a_short_mark_beside_a_model_code_names_its_builder(
    attributor: Attributor, mark: str, builder: str
) -> None:
    assert attributor.attribute([read(mark)]).builder is None
    said = attributor.attribute([read(mark), read("BX 65 TC24", UNDER)])
    assert (said.builder, said.grade) == (builder, "B")


@pytest.mark.parametrize("text", ["ANGER", "STAR", "TOP", "KOMATSU", "HYUNDAI", "HACO"])
def test_what_may_be_a_label_cut_short_or_a_fork_lift_is_no_badge(
    attributor: Attributor, text: str
) -> None:
    """ANGER is a builder, and DANGER without its first letter; HACO is, and НАСОС, a pump, without
    its last."""
    beside_a_code = [read(text), read("FG 25 TC", UNDER)]
    twice = [read(text), read(text, FAR_OFF)]
    for said in ([read(text)], beside_a_code, twice):
        assert attributor.attribute(said).builder is None


def test_a_code_at_the_other_end_of_the_machine_is_not_beside_it(attributor: Attributor) -> None:
    said = attributor.attribute([read("BFW"), read("BX 65 TC24", FAR_OFF)])
    assert said.builder is None


@pytest.mark.parametrize("mark", ["BFW", "OKK", "JET", "CHEVALIER"])
def test_a_mark_that_runs_down_the_machine_reaches_no_further(
    attributor: Attributor, mark: str
) -> None:
    down = read(mark, (100.0, 100.0, 140.0, 400.0))
    assert attributor.attribute([down, read("QX-500", FAR_OFF)]).builder is None
    for box in ((150.0, 380.0, 230.0, 400.0), (95.0, 405.0, 180.0, 425.0)):
        assert attributor.attribute([down, read("QX-500", box)]).builder is not None


def test_the_same_short_mark_in_two_places_of_one_frame_names(attributor: Attributor) -> None:
    twice = attributor.attribute([read("OKK"), read("OKK", FAR_OFF)])
    later = attributor.attribute([read("OKK"), read("OKK", FAR_OFF, at=3)])
    assert twice.builder == "okk"
    assert later.builder is None  # a camera that moves shows one poster in two places


@pytest.mark.parametrize(
    ("code", "builder"),
    [("XT40-B", None), ("MVR35-FM", "mhi-nidec"), ("FA20S", "mitsubishi-electric-edm")],
)
def test_a_text_that_two_builders_share_names_the_one_whose_code_stands_under_it(
    attributor: Attributor, code: str, builder: str | None
) -> None:
    said = attributor.attribute([read("MITSUBISHI"), read(code, UNDER)])
    assert said.builder == builder


@pytest.mark.parametrize("text", ["WALDRICH", "H.A. WALDRICH", "WALDRICH||20-10 FP 300"])
def test_a_name_of_two_works_is_neither_by_itself(attributor: Attributor, text: str) -> None:
    """Waldrich Coburg is Chinese-owned, Waldrich Siegen is not."""
    assert attributor.attribute(views(text, 2)).builder is None


def test_a_short_mark_of_an_origin_under_test_is_never_enough_with_a_code() -> None:
    registry = load_registry()
    settings = Attributing(tested_origins=("IN",))
    said = Attributor(matcher_of(registry), registry, settings).attribute(
        [read("BFW"), read("BX 65 TC24", UNDER)]
    )
    assert said.builder is None


def test_a_far_misreading_names_only_beside_a_series_of_the_same_builder(
    attributor: Attributor,
) -> None:
    assert attributor.attribute([read("TRAUG")]).builder is None
    assert attributor.attribute([read("TRAUG"), read("TNK 36", UNDER)]).builder == "traub"
    assert attributor.attribute([read("TRAUG"), read("GLS-150", UNDER)]).builder is None


def test_a_name_made_with_a_hyphen_is_another_firm(attributor: Attributor) -> None:
    assert attributor.attribute([read("HERMLE")]).builder == "hermle"
    assert attributor.attribute([read("SUMITOMO-HERMLE")]).builder is None
    assert attributor.attribute([read("OKUMA")]).builder == "okuma"
    assert attributor.attribute([read("JC-OKUMA")]).builder is None, "BYJC-OKUMA, its head lost"
