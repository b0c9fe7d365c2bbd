"""The page on learning from verdicts, and the same for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import update

from api.web.site import Site
from datasets.exchange.conversion import import_data
from datasets.photographs.annotations import parse_photograph
from detector.look.model_files import PACKAGED, model_digest
from evidence.case.tables import Location
from evidence.learn.export import export_judged
from tests.judged import Filler, fill, other_model

ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What a page looks like is not the database's doing."""
# For the picture in the documents: where a test's case lies is nobody's business there.
ELSEWHERE = """path => {
  for (const one of document.querySelectorAll("pre, small"))
    one.textContent = one.textContent.replaceAll(path, "/archive/plant-12");
}"""


@pytest.fixture
def judged(site, tmp_path) -> dict[str, str]:
    return fill(site.case, site.registry, tmp_path / "clips")


def put_model(site: Site, verdict: str) -> Path:
    """A model trained for the case, as `nameplate train` leaves it."""
    folder = other_model(site.case.folder / "learning" / "run-1" / "model")
    row = {"of": "machines found (recall)", "old": 0.81, "new": 0.87, "low": 0.02, "high": 0.1}
    unmeasured = {"of": "named wrong", "old": None, "new": None, "low": None, "high": None}
    values = {
        "version": 2,
        "verdict": verdict,
        "reasons": ["machines found (recall): +6.0 points (+2.0 to +10.0)"],
        "old_model": model_digest(PACKAGED),
        "new_model": model_digest(folder),
        "validation": {"pictures": 90},
        "differences": [row, unmeasured],
    }
    (folder / "comparison.json").write_text(json.dumps(values), "utf-8")
    return folder


def test_what_was_judged_is_told_in_numbers(client, judged):
    told = client.get("/api/v1/learning").json()
    assert (told["settled"], told["waiting"], told["frames"], told["footage"]) == (6, 1, 4, 3)
    assert {row["outcome"]: row["items"] for row in told["outcomes"]} == {
        "accept": 2, "unknown": 1, "builder": 1, "not-a-machine": 1, "nothing": 1,
    }  # fmt: skip
    builders = [(row["builder"], row["items"]) for row in told["builders"]]
    assert builders == [("mazak", 2), ("haas", 1)]
    sides = {row["split"]: 0 for row in told["sources"]}
    for row in told["sources"]:
        sides[row["split"]] += row["frames"]
    assert sides["val"] == told["held_back"] and sides["train"] + sides["val"] == 4


def test_a_source_that_turns_its_letters_is_shown_as_it_is(client, site, judged):
    with site.session() as session, session.begin():
        session.execute(update(Location).values(publisher="Plant\u202e1", origin_url=None))
    page = client.get("/learning").text
    assert "Plant\ufffd1" in page and "\u202e" not in page


def test_a_new_verdict_is_counted_at_once(client, site, judged):
    assert client.get("/api/v1/learning").json()["settled"] == 6
    Filler(site.case, site.registry).judge(judged["fair"], "m2", "concealed")
    told = client.get("/api/v1/learning").json()
    assert told["settled"] == 7
    assert {"outcome": "concealed", "items": 1} in told["outcomes"]


def test_the_sides_told_are_those_of_the_export(client, site, judged, tmp_path):
    counts = export_judged(site.case, tmp_path / "out").counts
    assert counts["val"] == client.get("/api/v1/learning").json()["held_back"]


def test_an_empty_case_says_so(client):
    told = client.get("/api/v1/learning").json()
    assert told["frames"] == 0 and told["sources"] == []
    assert "Nothing that can be learnt from" in client.get("/learning").text
    assert client.get("/api/v1/learning/annotations").text == ""


def test_annotations_are_given_as_lines(client, judged):
    answer = client.get("/api/v1/learning/annotations")
    assert answer.headers["content-type"].startswith("application/jsonl")
    assert "judged.jsonl" in answer.headers["content-disposition"]
    lines = [json.loads(line) for line in answer.text.splitlines()]
    photographs = [parse_photograph(line, Path(), "line") for line in lines]
    assert len(photographs) == 4
    assert {one.more["origin"]["footage"] for one in photographs} == set(judged.values())
    assert "anna" not in answer.text


def test_annotations_are_given_as_coco(client, judged):
    told = client.get("/api/v1/learning/annotations?format=coco").json()
    assert len(told["images"]) == 4
    assert [row["name"] for row in told["categories"]][:2] == ["machine", "wordmark"]


def test_models_are_told_with_how_they_did(client, site):
    folder = put_model(site, "better")
    models = client.get("/api/v1/learning").json()["models"]
    first, second = models
    assert first["shipped"] and first["in_use"] and first["comparison"] is None
    assert second["folder"] == str(folder)
    assert second["comparison"]["verdict"] == "better"
    assert second["comparison"]["pictures"] == 90
    (folder / "comparison.json").write_text("{", "utf-8")
    [_, second] = client.get("/api/v1/learning").json()["models"]
    assert second["comparison"] is None and "not JSON" in second["trouble"]


def test_commands_name_the_case_and_the_next_free_run(client, site):
    told = client.get("/api/v1/learning").json()["commands"]
    assert str(site.case.folder) in told["export"] and "run-1" in told["train"]
    put_model(site, "better")
    assert "run-2" in client.get("/api/v1/learning").json()["commands"]["train"]


def test_what_was_corrected_is_what_the_command_learns_from(client, site, judged):
    def told() -> tuple[str, str]:
        commands = client.get("/api/v1/learning").json()["commands"]
        return commands["import"].split(" --out ")[1], commands["train"].split()[3]

    own = site.case.folder / "learning"
    export_judged(site.case, own / "judged", "cvat")
    assert told() == (str(own / "corrected"), str(own / "judged" / "data"))
    import_data(own / "judged" / "cvat", own / "corrected")
    assert told() == (str(own / "corrected-2"), str(own / "corrected"))
    # The next export has the corrections in it, and what was judged since.
    export_judged(site.case, own / "judged")
    assert told() == (str(own / "corrected-2"), str(own / "judged" / "data"))


COUNTED = [
    ("ru", "решённых объектов, кадра для обучения"),
    ("uk", "вирішених об’єктів, кадри для навчання"),
]


@pytest.mark.parametrize(("code", "words"), COUNTED)
def test_numbers_are_followed_by_the_form_they_ask_for(client, judged, code, words):
    page = client.get("/learning", headers={"Cookie": f"language={code}"}).text
    assert ", ".join(re.findall("<b>[64]</b><span>(.*?)</span>", page)) == words


@ON_SQLITE
def test_the_page_shows_how_it_stands(served, site, judged, screen, shoot):
    put_model(site, "better")
    screen.goto(f"{served}/learning")
    screen.wait_for_selector("text=frames to learn from")
    screen.click("#main summary")
    assert re.search(r"\+2\.0 … \+10\.0", screen.inner_text("#main"))
    screen.context.grant_permissions(["clipboard-read", "clipboard-write"])
    screen.click("button.copy >> nth=0")
    screen.wait_for_selector("text=Copied.")
    copied = screen.evaluate("navigator.clipboard.readText()")
    assert copied == screen.inner_text("#command-export").strip()
    wide = screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screen.evaluate(ELSEWHERE, str(site.case.folder))
    screen.evaluate("scrollTo(0, 0)")
    shoot("learning")
    screen.set_viewport_size({"width": 768, "height": 1024})
    assert wide and screen.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screen.set_viewport_size({"width": 390, "height": 844})
    command = screen.locator(".command").first
    assert command.evaluate("one => one.firstElementChild.offsetWidth === one.offsetWidth")
