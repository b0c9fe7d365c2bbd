"""The page of an evaluation, its curves, and cases cut by what makes a mark hard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from datasets.registry import load_registry
from training.evaluate.comparison import MeasureDifference, ModelComparison
from training.evaluate.detection import Spotted
from training.evaluate.footage import FootageReport, Heard
from training.evaluate.measures import Share
from training.evaluate.naming import FalseName, NamingCase, NamingClaim, NamingCounts, slices
from training.evaluate.page import page_of
from training.evaluate.report import Report, chances


def case(truth: str, outcome: str, height: float, script: str = "latin") -> NamingCase:
    said = {"right": truth, "wrong": "okk"}.get(outcome)
    return NamingCase(
        f"images/{truth}{height:.0f}.jpg", 0, truth, said, outcome,  # type: ignore[arg-type]
        "B", 0.97, ("<b>READ</b>",), ("MARK",),
        source="s", script=script, height=height, sharpness=0.9,  # type: ignore[arg-type]
    )  # fmt: skip


CASES = [
    case("mazak", "right", 30),
    case("mazak", "unknown", 10),
    case("dmtg", "wrong", 30, "han"),
    case("x-nobody", "unknown", 30),
]
CLAIMS = [
    NamingClaim("images/a.jpg", "s", "mazak", "mazak", 0.98, True, True),
    NamingClaim("images/b.jpg", "s", "mazak", "okk", 0.6, False, True),
    NamingClaim("images/c.jpg", "s", None, None, 0.0, False, False),
]


@pytest.fixture
def report() -> Report:
    named = NamingCounts(
        cases=CASES,
        claims=CLAIMS,
        false_names=[FalseName("images/n.jpg", "star", None, "negative", "B", 0.95, ("STAR",), ())],
        negatives=2,
        named_negatives=1,
    )
    heard = Heard("a.mp4", 60.0, True, 1, (), (("okuma", "OKUMA"),))
    return Report(
        "val", 4, 1, "a" * 64, "s" * 64, "r" * 64, 0.35, 0.2, Spotted(0.35, 0.2), named,
        slices=slices(CASES, load_registry()), footage=FootageReport((heard,)),
    )  # fmt: skip


def test_cases_are_cut_by_what_makes_a_mark_hard():
    cut = slices(CASES, load_registry())
    assert cut["script"]["latin"]["right"] == Share(1, 2)
    assert cut["script"]["han"]["wrong"] == Share(1, 1)
    assert cut["height"]["shorter side < 12 px"]["unknown"] == Share(1, 1)
    assert cut["height"]["shorter side 24 to 48 px"]["right"] == Share(1, 2)
    assert cut["home"]["China"]["wrong"] == Share(1, 1)
    assert cut["blur"]["sharpness 0.85 to 0.95"]["right"] == Share(1, 3)


def test_a_case_without_its_picture_stands_in_no_row_of_blur():
    cut = slices([replace(CASES[0], sharpness=None)], load_registry())
    assert all(row["right"].total == 0 for row in cut["blur"].values())


def test_the_page_shows_everything(report):
    compared = ModelComparison(
        "o" * 64,
        "a" * 64,
        (MeasureDifference("named right", 0.2, 0.4, 0.1, 0.3, 20, 20),),
        ("x.jpg mazak",),
        (),
        0.5,
        7,
    )
    text = page_of(report, compared)
    for said in ("n.jpg", "x.jpg mazak", "a.mp4", "+20.0", "60 s",
                 "What naming more would cost", "+10.0 to +30.0 (too few)",
                 "registry has their builders: 7."):  # fmt: skip
        assert said in text


def test_the_parts_not_asked_for_are_left_out(report):
    assert "### Footage" in page_of(report)
    assert "Footage" not in page_of(replace(report, footage=None))


def test_a_report_of_nothing_is_a_page():
    empty = Report(
        "val", 1, 1, "a" * 64, "s" * 64, "r" * 64, 0.35, 0.2, Spotted(0.35, 0.2), NamingCounts()
    )
    assert "Probabilities" not in page_of(empty) and "### Case by case" in page_of(empty)


def test_claims_without_a_candidate_are_not_calibrated():
    values = chances(CLAIMS, cases=4)
    assert (values["claims"], values["without_candidate"]) == (2, 1)
    assert values["risk_coverage"][-1] == {"chance": 0.6, "coverage": 0.5, "risk": 0.5}


def test_a_source_is_drawn_once_however_it_is_spelt():
    spelt = [replace(CLAIMS[0], source=" S"), *CLAIMS[1:]]
    interval = chances(CLAIMS, cases=4)["calibration_interval"]
    assert chances(spelt, cases=4)["calibration_interval"] == interval
