"""`nameplate answer`, called as a shell would."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence.store import Case
from tests.api.conftest import Nameplate
from tests.evidence.answer.authority import Authority


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

    authority = Authority(tmp_path / "authority")
    assert nameplate("answer", "--from", "kept", "--timestamp-request", "kept.tsq").code == 0
    authority.answer(Path("kept.tsq"), Path("kept.tsr"))
    ended = nameplate("answer", "--from", "kept", "--timestamp-response", "kept.tsr")
    assert ended.code == 0, ended.err
    assert b"by CN=Test authority; signature: not checked" in ended.out
    ended = nameplate("answer", "--from", "kept", "--timestamp-root", authority.root)
    assert ended.code == 0 and b"signature: as it was signed" in ended.out
    other = Authority(tmp_path / "other")
    ended = nameplate("answer", "--from", "kept", "--timestamp-root", other.root)
    assert ended.code == 1 and "not as a trusted authority signed it" in ended.err

    Path("kept/data/answer.json").write_text("{}", "utf-8")
    ended = nameplate("answer", "--from", "kept")
    assert ended.code == 1
    assert "data/answer.json was altered" in ended.err
    assert nameplate("answer", "--from", tmp_path).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--timestamp-request", "a.tsq"),
        ("--package", "kept", "--timestamp-response", "a.tsr"),
        ("--timestamp-root", "root.pem"),
    ],
    ids=" ".join,
)
def test_a_time_stamp_is_of_a_package(
    nameplate: Nameplate, tmp_path: Path, words: tuple[str, ...]
) -> None:
    Case.new(tmp_path / "case", "Plant").close()
    ended = nameplate("answer", tmp_path / "case", *words)
    assert ended.code == 2 and "go" in ended.err
