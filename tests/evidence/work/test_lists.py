"""Lists that name nothing, or not all that they seem to; the rest is in `test_sources`."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence.case.queue import FootageSource
from evidence.work.folders import Trouble
from evidence.work.sources import read_sources


@pytest.mark.parametrize("name", ["list.csv", "archive"])
def test_a_list_that_names_nothing_is_told_of(tmp_path: Path, name: str) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "list.csv").write_text("path;url\n;\n")
    (tmp_path / "archive" / "other.json").write_text("[1, 2]")
    (only,) = read_sources(tmp_path / name)
    assert only == Trouble(f"{tmp_path / name}: names no footage; name another list")


@pytest.mark.parametrize("content", [b'{"status": "success", "meta', b"\xff\xfe{", b"[" * 100_000])
def test_a_damaged_record_of_a_post_is_told_of(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "metadata.json").write_bytes(content)
    (only,) = read_sources(tmp_path)
    assert isinstance(only, Trouble) and only.lost
    assert only.message.startswith(f"{tmp_path / 'metadata.json'}: damaged, or no JSON")


def test_columns_of_ones_own_are_all_kept(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"footage")
    (tmp_path / "list.csv").write_text("path,tag,tag,,\na.mp4,one,two,three,four\n")
    (only,) = read_sources(tmp_path / "list.csv")
    assert isinstance(only, FootageSource) and only.provenance is not None
    assert list(only.provenance["columns"].values()) == ["one", "two", "three", "four"]
