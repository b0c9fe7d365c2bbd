"""`nameplate answer`, called as a shell would."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evidence.answer.package import write_tables
from evidence.case.sighting_tables import SightingRow
from evidence.case.verdicts import append
from tests.evidence.answer.conftest import Builder, build, judge_all
from tests.evidence.case.conftest import encoded
from tests.evidence.conftest import registry

__all__ = ["build", "registry"]


def test_a_picture_asked_and_answered(nameplate, picture, tmp_path):
    assert nameplate("sweep", picture.parent, "--case", "case", "--workers", 1).code == 0
    ended = nameplate("answer", "case", "--json", "--out", "answer.html", "--package", "kept")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)["answer"]
    assert said["said"]["kind"] == "open"
    assert said["said"]["sentence"] in Path("answer.html").read_text("utf-8")
    ended = nameplate("answer", "case", "--out", "again.html")
    assert ended.out.endswith(b"report: again.html\n")
    # What forbids "none" is marked as on the page.
    assert b". *\n" in ended.out and b"* While this holds, the answer does not say" in ended.out
    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 0
    assert b"comes out the same" in ended.out
    for name in ("answer.pdf", "answer.html"):
        ended = nameplate("answer", "case", "--out", Path("nowhere") / name)
        assert ended.code == 3
        assert f"nowhere/{name}: it could not be written" in ended.err
        assert "make its folder first" in ended.err

    Path("kept/data/answer.json").write_text("{}", "utf-8")
    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 1
    assert "data/answer.json was altered" in ended.err
    assert nameplate("answer", "--from", tmp_path).code == 2


@pytest.fixture
def shown(case, build) -> Path:
    """The folder of a case with one confirmed machine, and a picture of it."""
    sha256 = case.put_still(encoded(1, "JPEG"))

    def fill(b: Builder) -> None:
        b.add("Plant 1", claim="dmtg", outcome="accept")
        b.still(sha256)
        judge_all(b.session)

    build(fill)
    return case.folder


def test_what_is_told_is_what_the_package_says(nameplate, case, shown, monkeypatch):
    """Somebody gives a verdict while it is written."""

    def judge_and_write(*given: Any) -> None:
        with case.session() as session, session.begin():
            row = session.query(SightingRow).one()
            append(session, footage=row.footage, pts=row.pts, verdict="not-a-machine",
                   author="carla", sighting=row.key)  # fmt: skip
        write_tables(*given)

    monkeypatch.setattr("evidence.answer.package.write_tables", judge_and_write)
    ended = nameplate("answer", shown, "--json", "--out", "answer.html", "--package", "kept")
    assert ended.code == 0, ended.err
    said, kept = json.loads(ended.out), json.loads(Path("kept/data/answer.json").read_bytes())
    assert said == {name: kept[name] for name in ("facts", "answer", "statuses")}
    assert {one["status"] for one in said["answer"]["seen"]} <= said["statuses"].keys()
    assert Path("answer.html").read_bytes() == Path("kept/data/report.html").read_bytes()


def test_the_share_is_told_with_its_confidence(nameplate, shown):
    ended = nameplate("answer", shown)
    assert b"of the machines in this footage, with 95 % confidence" in ended.out


def test_a_package_without_a_picture_is_told_of(nameplate, case, shown):
    (still,) = (case.folder / "stills").glob("*/*.jpg")
    still.write_bytes(encoded(2, "JPEG"))
    ended = nameplate("answer", shown, "--package", "kept")
    assert ended.code == 1
    line = f"stills/{still.parent.name}/{still.name}: not in it; it was gone"
    assert f"kept: {line}" in ended.err
    assert b"1 machine of Chinese make confirmed" in ended.out
    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 1 and line in ended.err
    assert b"comes out the same" not in ended.out


@pytest.mark.parametrize("other", ["0.0.1", "99.0.0"])
def test_a_package_of_another_nameplate_is_said_to_be(nameplate, shown, other):
    """Another one may draw and word what it says otherwise, which is no sign of tampering."""
    import bagit

    assert nameplate("answer", shown, "--package", "kept").code == 0
    assert b"Written by" not in nameplate("answer", "--from", "kept").out
    file = Path("kept/data/answer.json")
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"nameplate": other}), "utf-8")
    report = Path("kept/data/report.html")
    report.write_text(
        report.read_text("utf-8").replace("Confirmed means:", "Confirmed is:"), "utf-8"
    )
    bagit.Bag("kept").save(manifests=True)
    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 0, ended.err
    assert f"Written by Nameplate {other}; computed anew by ".encode() in ended.out


def test_a_package_of_other_rules_is_not_compared(nameplate, shown):
    import bagit

    assert nameplate("answer", shown, "--package", "kept").code == 0
    file = Path("kept/data/answer.json")
    for number, word in ((1, "an older"), (99, "a newer")):
        said = json.loads(file.read_bytes()) | {"format": number}
        file.write_text(json.dumps(said), "utf-8")
        bagit.Bag("kept").save(manifests=True)
        ended = nameplate("answer", "--from", "kept")
        assert ended.code == 2 and f"written by {word} Nameplate" in ended.err


def test_it_says_how_many_judgements_halve_the_interval(nameplate, shown):
    ended = nameplate("answer", shown, "--plan", "--plants-like-these")
    assert ended.code == 0 and b"Plan: " in ended.out
    assert b"of plants like those filmed, with 95 % confidence" in ended.out
