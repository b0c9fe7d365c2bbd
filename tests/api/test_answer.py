"""`nameplate answer`, called as a shell would."""

from __future__ import annotations

import json
from pathlib import Path

from evidence.store import Case
from tests.api.conftest import Nameplate


def test_a_case_that_was_never_looked_at(nameplate: Nameplate, tmp_path: Path) -> None:
    Case.new(tmp_path / "case", "Plant").close()
    ended = nameplate("answer", tmp_path / "case")
    assert ended.code == 2
    assert "nothing was looked at yet" in ended.err


def test_flags_that_exclude_each_other(nameplate: Nameplate, tmp_path: Path) -> None:
    Case.new(tmp_path / "case", "Plant").close()
    for words in (
        ("--origin", "CN", "--builder", "mazak"),
        ("--origin", "China"),
        ("--builder", "nobody"),
        ("--since", "2024", "--until", "2023"),
        ("--from", tmp_path / "package"),
    ):
        ended = nameplate("answer", tmp_path / "case", *words)
        assert ended.code == 2, words
        assert ended.err.startswith("nameplate: ")


def test_a_picture_asked_and_answered(nameplate: Nameplate, picture: Path, tmp_path: Path) -> None:
    assert nameplate("sweep", picture.parent, "--case", "case", "--workers", 1).code == 0
    ended = nameplate("answer", "case", "--json", "--out", "answer.html", "--package", "kept")
    assert ended.code == 0, ended.err
    said = json.loads(ended.out)["answer"]
    assert said["said"]["kind"] == "open"
    assert said["said"]["sentence"] in Path("answer.html").read_text("utf-8")
    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 0
    assert b"comes out the same" in ended.out
    assert nameplate("answer", "case", "--out", "nowhere/answer.pdf").code == 3
