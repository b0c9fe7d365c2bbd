"""One file is known under one name, however a person has led there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datasets.files import straight
from evidence.case.queue import FootageSource
from evidence.work.folders import FoundFootage, Trouble, walk
from evidence.work.sources import read_sources


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with `2023/tour.mp4` and, elsewhere, `deep/real`, to which `linked` leads."""
    (tmp_path / "2023").mkdir()
    (tmp_path / "2023" / "tour.mp4").write_bytes(b"footage")
    (tmp_path / "deep" / "real").mkdir(parents=True)
    (tmp_path / "deep" / "2023").mkdir()
    (tmp_path / "deep" / "2023" / "tour.mp4").write_bytes(b"other footage")
    (tmp_path / "linked").symlink_to(tmp_path / "deep" / "real")
    return tmp_path


@pytest.mark.parametrize(
    ("path", "is_known_as"),
    [
        ("2023/tour.mp4", "2023/tour.mp4"),
        ("deep/../2023/tour.mp4", "2023/tour.mp4"),
        ("nowhere/../2023/gone.mp4", "2023/gone.mp4"),
        ("linked/../2023/tour.mp4", "linked/../2023/tour.mp4"),  # that is deep/2023/tour.mp4
    ],
)
def test_a_path_is_made_straight_where_it_leads_to_the_same(
    archive: Path, path: str, is_known_as: str
) -> None:
    assert straight(archive / path) == archive / is_known_as


def test_a_list_beside_the_footage_names_it_as_a_sweep_of_its_folder_does(archive: Path) -> None:
    (archive / "lists").mkdir()
    (archive / "lists" / "a.csv").write_text("path,url\n../2023/tour.mp4,https://example.org/1\n")
    (listed,) = read_sources(archive / "lists" / "a.csv")
    (met,) = walk(archive / "2023")
    assert isinstance(listed, FootageSource) and isinstance(met, FoundFootage)
    assert listed.path == str(met.path)


def test_from_within_a_case_other_folders_can_be_named(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (archive / "case").mkdir()
    for mark in ("case.json", "lock"):
        (archive / "case" / mark).touch()
    monkeypatch.chdir(archive / "case")
    (met,) = walk(Path("../2023").absolute())
    assert isinstance(met, FoundFootage)


def test_a_pipe_called_as_a_clip_is_told_of(archive: Path) -> None:
    os.mkfifo(archive / "live.mp4")
    os.mkfifo(archive / "control")
    told = [one.message for one in walk(archive) if isinstance(one, Trouble)]
    odd = f"{archive / 'live.mp4'}: neither a file nor a folder, left out; the rest goes on"
    assert odd in told and not any("control" in one for one in told)
