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


def test_a_line_that_tells_excel_the_separator_is_none_of_the_list(tmp_path: Path) -> None:
    """And is counted among the lines; by it a comma in the title of a column separates nothing."""
    (tmp_path / "a.mp4").write_bytes(b"footage")
    file = tmp_path / "list.csv"
    for first in ("sep=;", '"sep=;"', "sep=;;;"):
        file.write_text(f"{first}\r\npath;plant;shelf, row, place\r\na.mp4;Kazan;3\r\nb.mp4;;\r\n")
        one, wrong = read_sources(file)
        assert isinstance(one, FootageSource) and one.plant_claimed == "Kazan"
        assert one.provenance is not None and one.provenance["line"] == 3
        assert isinstance(wrong, Trouble) and wrong.message.startswith(f"{file}, line 4: ")


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (r"C:\video\a.mp4", "a path as Windows writes it"),
        ("D:/video/a.mp4", "a path as Windows writes it"),
        (r"video\a.mp4", "a path as Windows writes it"),
        (r"\\nas\video\a.mp4", "a path as Windows writes it"),
        ("file:///video/a.mp4", "an address; write the path alone"),
        ("https://example.org/a.mp4", "an address; write the path alone"),
        ("video/a.mp4", "correct the path"),
        (r"video/a\b.mp4", "correct the path"),
    ],
)
def test_a_path_as_others_write_it_is_told_of_as_that(tmp_path: Path, said: str, hint: str) -> None:
    file = tmp_path / "list.csv"
    file.write_text(f"path;url\n{said};\n")
    (only,) = read_sources(file)
    assert isinstance(only, Trouble)
    assert f"no such file; {hint}" in only.message
    # A name may hold any of it; what lies there is taken.
    place = tmp_path / said.replace("file:///", "").lstrip("/")
    if "://" not in said:
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"footage")
        (only,) = read_sources(file)
        assert isinstance(only, FootageSource)
