"""The answer over HTTP: what the command says, kept while the case stays, and taken away."""

from __future__ import annotations

import json
import os
import re
import unicodedata
import zipfile
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from io import BytesIO
from pathlib import Path

import httpx2 as httpx
import pymupdf
import pytest
from sqlalchemy import select

from api.web.site import Site
from datasets.errors import ResultError, UsageError
from evidence.answer.case import Answers, Kept
from evidence.answer.intervals import at_least, at_most
from evidence.answer.question import Question
from evidence.case.sighting_tables import SightingRow
from evidence.case.summary import beat, begin_run
from evidence.case.tables import Item, Location
from evidence.case.verdicts import append
from evidence.link.machines import join
from evidence.pdf import MARGIN, run_in_process
from evidence.work.progress import SweepTally
from tests.api.conftest import nameplate, table
from tests.api.web.access.conftest import asking, secret, team
from tests.api.web.answer.conftest import furnish_judged
from tests.conftest import Furnish

__all__ = ["asking", "nameplate", "secret", "team"]
SENTENCE = "1 to 3 machines of Chinese make confirmed in 1 plant, among "


@pytest.fixture
def furnish() -> Furnish:
    return furnish_judged


def heading(answer: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    assert found is not None
    return " ".join(found[1].split())


@pytest.mark.parametrize(("query", "words"), table("questions"))
def test_a_program_is_told_what_the_command_says(judged, client, nameplate, query, words):
    told = client.get(f"/api/v1/answer?{query}").json()
    ended = nameplate("answer", judged.case.folder, "--json", *words)
    assert ended.code == 0  # type: ignore[attr-defined]
    said = json.loads(ended.out)  # type: ignore[attr-defined]
    assert told["answer"] == said["answer"]
    assert told["facts"] == said["facts"]
    assert told["statuses"] == said["statuses"]
    page = client.get(f"/answer?{query}")
    assert page.status_code == 200
    assert heading(page) == said["answer"]["said"]["sentence"]


def test_the_page_shows_the_numbers_of_the_answer(judged, client):
    found = client.get("/api/v1/answer").json()["answer"]
    page = client.get("/answer")
    assert heading(page) == found["said"]["sentence"] and heading(page).startswith(SENTENCE)
    text = unescape(page.text)
    means = text.partition("</h1>")[2].partition("</p>")[0].strip().removeprefix("<p>")
    assert means == found["said"]["means"] and means.startswith("Confirmed means: people who")
    for share in (at_least(found["low"]["low"]), at_most(found["high"]["high"])):
        assert share in text
    for caveat in found["caveats"]:
        assert caveat["text"] in text and caveat["text"] in found["warnings"]
    assert "no positive controls" in text
    for kind in ("flow, by value", "stock, by count"):
        assert kind in text


def test_what_sweeps_left_out_is_counted_in_status_overview_and_answer(judged, client, nameplate):
    tally = SweepTally()
    for _ in range(2):
        tally.leave_out("/archive/b: a linked folder, left out; name it to look at it")
    with judged.session() as session, session.begin():
        beat(session, begin_run(session, "sweep", judged.recipe), tally.to_json())
    status = nameplate("sweep", "--status", "--case", judged.case.folder)
    assert b"left out: 1 file or folder not looked at" in status.out
    assert "1 file or folder was left out, and not looked at" in client.get("/").text
    assert 'Left out, not looked at</dt><dd><a href="/">1</a>' in client.get("/answer").text
    nameplate("answer", judged.case.folder, "--out", "answer.html")
    assert "<dt>Left out, not looked at</dt><dd>1</dd>" in Path("answer.html").read_text("utf-8")


def test_every_machine_of_the_kind_is_linked(judged, client):
    text = client.get("/answer").text
    kind = text.partition('id="of-kind"')[2].partition("</section>")[0]
    links = re.findall(r'href="(/machines/[0-9a-f]{32})"', kind)
    assert len(links) == 5  # three confirmed and two that wait
    assert all(client.get(link).status_code == 200 for link in links)
    every = set(re.findall(r'href="(/machines/[0-9a-f]{32})"', text))
    assert len(every) == client.get("/api/v1/answer").json()["answer"]["counts"]["machines"]


def test_of_a_machine_joined_across_plants_none_is_known_for_certain(judged, client):
    """Nobody judged either; a machine that was judged stands where it was (`population.py`)."""
    lying = select(SightingRow.key).join(Location, Location.footage == SightingRow.footage)
    with judged.session() as session, session.begin():
        keys = [
            session.scalars(lying.where(Location.plant_claimed == plant)).first()
            for plant in ("Plant 2", "Dark hall")
        ]
        join(session, str(keys[0]), str(keys[1]), "ben")
    page = client.get("/answer").text
    table = page.partition('aria-labelledby="by-plant"')[2].partition("</section>")[0]
    assert table.count("no plant known for certain") == 2 and "no plant stated" not in page
    # A row is named after its clip, and says what is counted.
    assert table.count('<a class="break" href="/footage/') == 2 and "looked at; a builder" in table
    assert "A recording is a clip with all its copies." in table
    shares = page.split('id="share"')[1].split("</section>")[0]
    assert "the low end counts none of it, the high end all" in shares


def test_a_second_look_is_kept_until_something_comes(judged, client):
    first = client.get("/api/v1/answer").json()
    assert client.get("/api/v1/answer").json() == first
    with judged.session() as session, session.begin():
        row = session.query(SightingRow).filter(SightingRow.builder == "smtcl").first()
        assert row is not None
        append(session, footage=row.footage, pts=row.pts, verdict="accept", author="anna",
               sighting=row.key, builder="smtcl")  # fmt: skip
    second = client.get("/api/v1/answer").json()
    assert second["computed"] > first["computed"]
    assert second["facts"]["verdicts"] == first["facts"]["verdicts"] + 1


def test_joining_two_machines_makes_the_answer_another(judged, client):
    before = client.get("/api/v1/answer").json()["answer"]["counts"]["machines"]
    with judged.session() as session, session.begin():
        keys = [
            row.key
            for row in session.query(SightingRow)
            .filter(SightingRow.builder == "okuma")
            .order_by(SightingRow.key)
            .limit(2)
        ]
        join(session, *keys, "anna", None)
    assert client.get("/api/v1/answer").json()["answer"]["counts"]["machines"] == before - 1


def test_those_computed_longest_ago_go_first(judged, monkeypatch):
    monkeypatch.setattr("evidence.answer.case.MOST", 2)
    answers = Answers(judged.case, judged.registry)
    with judged.case.snapshot() as session:
        china, japan, taiwan = (Question("origin", code) for code in ("CN", "JP", "TW"))
        first, second = (answers.find(session, one) for one in (china, japan))
        assert answers.find(session, china) is first
        answers.find(session, taiwan)
        assert answers.find(session, japan) is second
        assert answers.find(session, china) is not first


@pytest.mark.parametrize(("query", "status", "why"), table("refused-questions"))
def test_what_cannot_be_asked(judged, client, query, status, why):
    for path in ("/api/v1/answer", "/api/v1/answer/report", "/api/v1/answer/package"):
        told = client.get(f"{path}?{query}")
        assert told.status_code == status
        assert why in told.json()["error"]["message"]
    page = client.get(f"/answer?{query}")
    assert page.status_code == status
    if status == 400:
        assert heading(page).startswith("This cannot be asked: ") and why in heading(page)
        assert 'name="since"' in page.text  # to be put right there


def test_a_plant_that_no_source_names_is_told_of_with_those_there_are(judged, client):
    page = client.get("/answer?plant=Plant 99")
    assert page.status_code == 400
    assert "Plant 99: no source names such a plant; those named are: " in page.text
    told = client.get("/api/v1/answer?plant=Plant 99&since=2023-13")
    assert told.status_code == 400 and "2023-13: no such day" in told.json()["error"]["message"]


@pytest.mark.parametrize(("code", "sentence", "means", "word"), table("answer-in-words"))
def test_it_is_said_in_the_reader_s_language(judged, client, code, sentence, means, word):
    page = client.get("/answer", headers={"Accept-Language": code})
    assert heading(page).startswith(sentence) and word in page.text
    assert means in page.text
    shown = page.text.partition("<main")[2]  # above it stands what scripts may have to say
    assert not re.search(r"no frame|recording [0-9a-f]|%\(", shown)
    told = client.get("/api/v1/answer", headers={"Accept-Language": code}).json()
    assert told["answer"]["said"]["sentence"].startswith(SENTENCE)
    report = client.get("/api/v1/answer/report", headers={"Accept-Language": code})
    assert f'<html lang="{code}">' in report.text
    assert sentence in report.text and means in report.text and word in report.text


def test_the_report_is_of_the_same_answer(judged, client):
    found = client.get("/api/v1/answer").json()["answer"]
    report = client.get("/api/v1/answer/report")
    assert report.headers["content-disposition"] == 'attachment; filename="answer-origin-CN.html"'
    shared = client.get("/api/v1/answer/report?to_share=true").headers["content-disposition"]
    assert shared == 'attachment; filename="answer-to-share-origin-CN.html"'
    sentence = found["said"]["sentence"]
    assert sentence in report.text and found["says"] in report.text
    means = found["said"]["means"]
    assert f"{sentence}</p>\n<p>{means}</p>" in unescape(report.text)
    pdf = client.get("/api/v1/answer/report?format=pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    with pymupdf.open("pdf", pdf.content) as document:
        text = " ".join("".join(page.get_text() for page in document).split())
    assert f"{sentence} {means}" in unicodedata.normalize("NFKC", text)  # letters are joined
    client.cookies.set("language", "uk")  # whose legend is the widest
    pdf = client.get("/api/v1/answer/report?format=pdf")
    with pymupdf.open("pdf", pdf.content) as document:
        words = [word for page in document for word in page.get_text("words")]
        assert max(word[2] for word in words) < document[0].rect.width - MARGIN / 2
    assert {"підтверджено", "названо", "приховано", "невідомо"} <= {word[4] for word in words}


def test_the_package_computes_the_same_anew(judged, client, nameplate, tmp_path):
    here = Path.cwd()
    given = client.get("/api/v1/answer/package?by=origin&country=CN")
    assert given.headers["content-type"] == "application/zip", given.text
    assert int(given.headers["content-length"]) == len(given.content)
    with zipfile.ZipFile(BytesIO(given.content)) as archive:
        archive.extractall(tmp_path / "taken")
    (package,) = (tmp_path / "taken").iterdir()
    kept = json.loads((package / "data" / "answer.json").read_text("utf-8"))
    assert kept["answer"] == client.get("/api/v1/answer").json()["answer"]
    ended = nameplate("answer", "--from", package)
    assert ended.code == 0  # type: ignore[attr-defined]
    assert b"comes out the same" in ended.out  # type: ignore[attr-defined]
    assert Path.cwd() == here


def test_one_package_is_made_at_a_time(judged, client):
    making = client.app.state.site.packing  # type: ignore[attr-defined]
    with making:
        told = client.get("/api/v1/answer/package")
        assert told.status_code == 429 and int(told.headers["Retry-After"]) >= 1
    assert not making.locked()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # the package's tests have both
def test_of_a_case_that_contradicts_itself_no_package_is_given(judged, client):
    """No fault of the server's, and asking again does not help."""
    with judged.session() as session, session.begin():
        session.query(Item).update({"given": 9})
    told = client.get("/api/v1/answer/package")
    assert told.status_code == 409, told.text
    error = told.json()["error"]
    assert error["kind"] == "case-damaged" and "contradicts itself" in error["message"]


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_program_that_sends_is_told_what_is_wrong_as_data(client):
    told = client.post("/api/v1/controls", json={}, headers=BROWSER)
    assert told.status_code == 422 and told.json()["error"]["kind"] == "fields"


def test_what_several_ask_at_once_is_computed_once(judged):
    answers = Answers(judged.case, judged.registry)

    def find(_: int) -> Kept:
        with judged.case.snapshot() as session:
            return answers.find(session, Question())

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(find, range(4))
    assert all(one is first for one in others)


def test_what_fails_in_another_process_is_told_here(judged):
    with pytest.raises(UsageError, match="nobody: no builder"):
        run_in_process(Question("builder", "nobody").check, judged.registry)
    with pytest.raises(ResultError, match="its process was killed"):
        run_in_process(os._exit, 3)


def footage_of(site: Site, builder: str) -> str:
    with site.session() as session:
        query = select(SightingRow.footage).where(SightingRow.builder == builder)
        found = session.scalar(query.order_by(SightingRow.footage).limit(1))
    assert found is not None
    return found


def test_a_clip_is_kept_as_a_control(judged, client):
    before = client.get("/api/v1/answer").json()["answer"]
    footage = footage_of(judged, "dmtg")
    kept = client.post("/api/v1/controls", json={"footage": footage, "builder": "dmtg"})
    assert kept.status_code == 201
    assert (kept.json()["author"], kept.json()["builder"]["id"]) == ("anna", "dmtg")
    again = client.post("/api/v1/controls", json={"footage": footage, "builder": "dmtg"})
    assert again.json() == kept.json()
    assert client.get("/api/v1/controls").json()["items"] == [kept.json()]
    after = client.get("/api/v1/answer").json()["answer"]
    assert after["controls"]["of"] == after["controls"]["hits"] == 1
    assert after["counts"]["machines"] == before["counts"]["machines"] - 1
    assert after["noticed"]["sensitivity"] == 1
    assert "1 of 1 positive controls" in client.get("/answer").text
    gone = client.delete(f"/api/v1/controls/{footage}?builder=dmtg")
    assert gone.status_code == 204
    assert client.delete(f"/api/v1/controls/{footage}?builder=dmtg").status_code == 404
    assert client.get("/api/v1/answer").json()["answer"] == before


@pytest.mark.parametrize(
    ("footage", "builder", "status"),
    [("0" * 64, "dmtg", 404), (None, "nobody", 400), ("hall.mp4", "dmtg", 422)],
)
def test_a_control_that_cannot_be_kept(judged, client, footage, builder, status):
    footage = footage or footage_of(judged, "dmtg")
    told = client.post("/api/v1/controls", json={"footage": footage, "builder": builder})
    assert told.status_code == status and told.json()["error"]["message"]
    assert client.get("/api/v1/controls").json()["items"] == []


def test_controls_of_other_kinds_are_no_lack_of_controls(judged, client):
    footage = footage_of(judged, "dmtg")
    why = "no positive controls"
    for listed in (None, "dmtg", "smtcl"):
        if listed:
            body = {"footage": footage, "builder": listed}
            assert client.post("/api/v1/controls", json=body).status_code == 201
            why = f"no positive control of this kind, {1 + (listed == 'smtcl')} of others"
        found = client.get("/api/v1/answer?country=FR").json()["answer"]
        assert found["controls"]["of"] == 0
        caveat = f"recognised was not measured ({why})"
        assert any(caveat in one["text"] for one in found["caveats"])
        page = client.get("/answer?country=FR").text
        report = client.get("/api/v1/answer/report?country=FR").text
        for told in (page, report):
            assert caveat in told and f"Not known: {why}." in told
            assert ("no positive controls" in told) == (listed is None)
