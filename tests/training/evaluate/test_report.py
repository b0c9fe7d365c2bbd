"""What is written of a measurement: JSON, the page, the card; and bad pictures refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from api.cli.train import evaluate as measure
from datasets.errors import DataError, ModelError, ResultError
from datasets.photographs.annotations import read_photographs
from datasets.registry import load_registry
from detector.look.model_files import PACKAGED
from detector.types import MACHINE, Detections
from training.evaluate.comparison import MeasureDifference, ModelComparison
from training.evaluate.detection import Spotted
from training.evaluate.evaluation import chances, report_of
from training.evaluate.footage import Heard, footage_report
from training.evaluate.measures import Share
from training.evaluate.naming import FalseName, NamingCase, NamingClaim, NamingCounts, slices
from training.evaluate.page import page_of, table, write_card
from training.pictures import read_photograph
from training.results import Journal, write_text
from training.weights import traces_of

MODEL = "a" * 64
RECIPE = {"epochs": 3, "seed": 7, "classes": ["machine", "wordmark", "control"]}
COUNTS = {"pictures": 8, "negatives": 1, "machine": 9, "wordmark": 0, "control": 0}
FACTS = {
    "sha256": MODEL,
    "training": {
        "recipe": RECIPE,
        "counts": {"train": COUNTS, "synthetic": COUNTS | {"pictures": 5}},
        "versions": {"torch": "2.9"},
        "weights_sha256": "b" * 64,
    },
}


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


ABOUT = {
    "split": "val", "pictures": 4, "sources": 1, "data_sha256": "d" * 64, "model_sha256": MODEL,
    "settings_sha256": "s" * 64, "registry_sha256": "r" * 64, "confidence": 0.35,
    "mark_confidence": 0.2,
}  # fmt: skip


@pytest.fixture
def report(made_data) -> dict[str, Any]:
    spotted = Spotted(0.35, 0.2)
    for photograph in read_photographs(made_data / "val"):
        box = np.array([photograph.machines[0].box], np.float32)
        found = Detections(box, np.array([0.9], np.float32), np.array([MACHINE], np.int64))
        spotted.add(photograph, found)
    named = NamingCounts(
        cases=CASES,
        claims=CLAIMS,
        false_names=[FalseName("images/n.jpg", "star", None, "negative", "B", 0.95, ("STAR",), ())],
        negatives=2,
        named_negatives=1,
    )
    heard = Heard("a.mp4", 60.0, True, 1, (), (("okuma", "OKUMA"),))
    return report_of(ABOUT, spotted, named, load_registry(), footage_report([heard]))


def test_the_json_holds_every_number_and_every_case(report):
    values = json.loads(json.dumps(report))
    assert values["detection"][0]["recall"]["hits"] == 4
    assert values["naming"]["in_registry"]["right"] == {
        "hits": 1, "total": 3, "share": 0.3333, "low": 0.0615, "high": 0.7923,
    }  # fmt: skip
    assert values["negatives"]["named"]["hits"] == 1
    assert [c["truth"] for c in values["cases"]] == ["mazak", "mazak", "dmtg", "x-nobody"]
    assert values["false_names"][0]["said"] == "star"


def test_a_result_that_cannot_be_written_leaves_the_one_before(tmp_path):
    file = write_text(tmp_path / "evaluation.json", "before")
    (tmp_path / "evaluation.json.part").symlink_to("/dev/full")
    told = r"evaluation\.json: it could not be written \(No space left .*; free some space"
    with pytest.raises(ResultError, match=told):
        write_text(file, "after")
    assert file.read_text("utf-8") == "before"


def test_the_tables_show_the_bad_rows_first(report):
    text = page_of(report)
    assert "| machine | CNC machines | 100.0 % (4/4, 51-100) |" in text
    assert "| in the registry | 33.3 % (1/3, 6-79) |" in text
    assert text.index("| dmtg30") < text.index("| mazak10") < text.index("| mazak30")
    assert "| n.jpg | star |  | negative | B | 0.950 | STAR |" in text


def test_the_card_says_what_it_learnt_from_and_names_no_picture(report, tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(FACTS), "utf-8")
    markdown, values = write_card(tmp_path, report)
    text = markdown.read_text("utf-8")
    assert "| photographs | 8 | 1 | 9 | 0 | 0 | 0 |" in text
    assert "| made pictures | 5 |" in text
    assert "| seed | 7 |" in text and MODEL in text and "AGPL-3.0" in text
    for name in ("dmtg30", "n.jpg", "a.mp4"):
        assert name not in text and name not in values.read_text("utf-8")
    card = json.loads(values.read_text("utf-8"))
    assert card["measured"]["naming"]["in_registry"]["wrong"]["hits"] == 1


def test_a_card_claims_unlearnt_pictures_only_where_what_was_learnt_from_is_recorded(
    report, tmp_path
):
    for training, claim in (
        (None, "some of which it may know"),
        (FACTS["training"], "some of which it may know"),
        ({**FACTS["training"], "learnt": []}, "that it was not trained on"),  # type: ignore[dict-item]
    ):
        (tmp_path / "model.json").write_text(json.dumps({**FACTS, "training": training}), "utf-8")
        text = write_card(tmp_path, report)[0].read_text("utf-8")
        assert claim in text
        assert ("not trained on" in text) is (claim == "that it was not trained on")


def test_no_card_is_measured_on_what_the_model_learnt_from(made_data, tmp_path):
    model = Path(shutil.copytree(PACKAGED, tmp_path / "model"))
    facts = json.loads((model / "model.json").read_text("utf-8"))
    learnt = traces_of(read_photographs(made_data / "train"))
    facts["training"]["learnt"] = sorted(learnt)
    (model / "model.json").write_text(json.dumps(facts), "utf-8")
    card = (model / "CARD.md").read_text("utf-8")
    with pytest.raises(DataError, match=r"source 'made-train' is learnt from as well \(.*model\)"):
        measure(made_data, "train", model, card=True)
    assert (model / "CARD.md").read_text("utf-8") == card


def test_a_card_of_another_model_is_refused(report, tmp_path):
    (tmp_path / "model.json").write_text(json.dumps(FACTS | {"sha256": "c" * 64}), "utf-8")
    with pytest.raises(ModelError, match="the report is of the model aaaaaaaaaaaa"):
        write_card(tmp_path, report)
    with pytest.raises(ModelError, match=r"model\.json: cannot be read"):
        write_card(tmp_path / "none", report)


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
    right = MeasureDifference("named right", 0.2, 0.4, 0.1, 0.3, 20, 20)
    compared = ModelComparison("o" * 64, "a" * 64, (right,), ("x.jpg mazak",), (), 0.5, 7)
    text = page_of(report, compared)
    for said in ("n.jpg", "x.jpg mazak", "a.mp4", "+20.0", "60 s",
                 "What naming more would cost", "+10.0 to +30.0 (too few)",
                 "registry has their builders: 7."):  # fmt: skip
        assert said in text
    # Parts not asked for are left out.
    assert "### Footage" in text and "Footage" not in page_of(report | {"footage": None})


def test_a_report_of_nothing_is_a_page():
    empty = report_of(ABOUT, Spotted(0.35, 0.2), NamingCounts(), load_registry())
    assert "Probabilities" not in page_of(empty) and "### Case by case" in page_of(empty)


def test_claims_without_a_candidate_are_not_calibrated():
    values = chances(CLAIMS, cases=4)
    assert (values["claims"], values["without_candidate"]) == (2, 1)
    assert values["risk_coverage"][-1] == {"chance": 0.6, "coverage": 0.5, "risk": 0.5}


def test_a_source_is_drawn_once_however_it_is_spelt():
    spelt = [replace(CLAIMS[0], source=" S"), *CLAIMS[1:]]
    interval = chances(CLAIMS, cases=4)["calibration_interval"]
    assert chances(spelt, cases=4)["calibration_interval"] == interval


def test_cells_cannot_break_a_table():
    assert (str(Share(27, 29)), str(Share(0, 0))) == ("93.1 % (27/29, 78-98)", "-")
    assert table(("a",), [("x|y\nz",)]) == "| a |\n| --- |\n| x\\|y z |"


def test_a_picture_of_another_size_or_none_is_refused(made_data):
    photograph = read_photographs(made_data / "val")[0]
    assert read_photograph(photograph).shape == (96, 96, 3)
    Image.new("RGB", (10, 20)).save(photograph.path)
    with pytest.raises(DataError, match=r"val0\.jpg: it has 10x20 pixels"):
        read_photograph(photograph)
    photograph.path.write_text("no picture", "utf-8")
    with pytest.raises(DataError, match=r"val0\.jpg: not a picture"):
        read_photograph(photograph)


RUN = {"data": "a", "model": "b"}


def never() -> object:
    raise AssertionError("it was worked out before")


def test_what_was_answered_is_not_asked_again(tmp_path):
    file = tmp_path / "out" / "journal.jsonl"
    first = Journal(file, RUN)
    for _ in range(2):
        assert first.ask("one", lambda: [1, "机床"]) == [1, "机床"]
    second = Journal(file, RUN)
    assert second.ask("one", never) == [1, "机床"]
    assert second.ask("two", lambda: 2) == 2
    # A head, and each answer once.
    assert len(file.read_text("utf-8").splitlines()) == 3
    assert Journal(file, RUN | {"model": "x"}).ask("one", lambda: 2) == 2


def test_a_line_cut_off_by_a_crash_is_worked_out_again(tmp_path):
    file = tmp_path / "journal.jsonl"
    journal = Journal(file, RUN)
    journal.ask("one", lambda: 1)
    journal.ask("two", lambda: 2)
    file.write_bytes(file.read_bytes()[:-4])
    again = Journal(file, RUN)
    assert again.ask("one", never) == 1
    assert again.ask("two", lambda: 3) == 3
    assert Journal(file, RUN).ask("two", never) == 3


def test_a_full_disk_loses_none_of_what_was_answered(tmp_path):
    """As where a run that ended for want of room is begun again before there is any."""
    file = tmp_path / "journal.jsonl"
    Journal(file, RUN).ask("one", lambda: 1)
    full = tmp_path / "journal.jsonl.part"
    full.symlink_to("/dev/full")
    with pytest.raises(ResultError, match=r"journal\.jsonl: it could not be written"):
        Journal(file, RUN)
    full.unlink()
    assert Journal(file, RUN).ask("one", never) == 1


def test_without_a_file_everything_is_worked_out():
    journal = Journal(None, RUN)
    assert [journal.ask("one", lambda: 1), journal.ask("one", lambda: 2)] == [1, 2]


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(ResultError, match=r"journal\.jsonl: it could not be written"):
        Journal(tmp_path / "out" / "journal.jsonl", RUN)
