"""What footage a walk through folders finds, and what it tells of."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from detector.footage.files import list_footage
from evidence.work.folders import FoundFootage, Trouble, walk
from tests.evidence.work.helping import JPEG, MP4, lay, troubles
from tests.ordinary import ordinary


def found(root: Path) -> list[str]:
    return sorted(
        str(one.path.relative_to(root)) for one in walk(root) if isinstance(one, FoundFootage)
    )


def test_a_walk_finds_what_analyze_finds(tmp_path: Path) -> None:
    lay(
        tmp_path,
        a_mp4=MP4, noise_txt=b"hello", b__c_MKV=b"\x1aE\xdf\xa3", b__photo_jpg=JPEG,
        stills__1_jpg=JPEG, stills__2_png=b"broken", disguised__clip_jpg=MP4,
        nameless__clip_dat=MP4, broken__clip_mp4=b"", deep__er__still_JPG=JPEG,
        tape__news_MXF=b"\x06\x0e\x2b\x34" + bytes(40), phone__1_heic=b"\0\0\0\x18ftypheic",
        tape__hall_jpg=JPEG, spoken__1_jpg=JPEG, spoken__note_m4a=MP4, spoken__note_ogg=b"OggS\0\2",
        camera__1_mjpg=JPEG, camera__2_jpg=JPEG,
    )  # fmt: skip
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "x.mp4").write_bytes(MP4)
    (tmp_path / "linked").symlink_to(tmp_path / "b")
    expected = [str(path.relative_to(tmp_path)) for path in list_footage(tmp_path)]
    assert found(tmp_path) == sorted(expected)
    # What is not read is set aside by name; a voice hides no photographs.
    assert {"tape/news.MXF", "tape", "phone", "spoken"} <= set(expected)


def test_photographs_beside_a_clip_are_footage_too(tmp_path: Path) -> None:
    lay(tmp_path, hall_mp4=MP4, photo_1_jpg=JPEG, photo_2_jpg=JPEG)
    assert found(tmp_path) == [".", "hall.mp4"]
    assert list_footage(tmp_path) == [tmp_path, tmp_path / "hall.mp4"]


def test_a_folder_of_pictures_is_known_by_all_of_them(tmp_path: Path) -> None:
    lay(tmp_path, a_jpg=JPEG, b_jpg=JPEG + JPEG)
    os.utime(tmp_path / "a.jpg", ns=(5, 5))
    os.utime(tmp_path / "b.jpg", ns=(9, 9))
    assert list(walk(tmp_path)) == [FoundFootage(tmp_path, 3 * len(JPEG), 9)]


def test_what_nameplate_wrote_is_no_footage(tmp_path: Path) -> None:
    lay(
        tmp_path,
        clip_mp4=MP4,
        case__case_json=b"{}", case__lock_x=b"", case__stills__a_jpg=JPEG,
        pack__case_json=b"{}", pack__contents_json=b"{}", pack__stills__b_jpg=JPEG,
        judged__judged_json=b"{}", judged__pictures__c_jpg=JPEG,
        results__report_html=b"", results__sightings_json=b"{}", results__stills__m1_jpg=JPEG,
    )  # fmt: skip
    (tmp_path / "case" / "lock").touch()
    assert found(tmp_path) == ["clip.mp4"]
    (only,) = walk(tmp_path / "case" / "stills")
    assert isinstance(only, Trouble) and "which Nameplate wrote" in only.message


def test_a_folder_that_cannot_be_read_is_named_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay(tmp_path, locked__a_mp4=MP4, open__b_mp4=MP4)
    scan = os.scandir

    # A test that runs as root may read everything: the refusal is the system's, put on by hand.
    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    items = list(walk(tmp_path))
    assert [one.path.name for one in items if isinstance(one, FoundFootage)] == ["b.mp4"]
    assert troubles(items) == [
        f"{tmp_path / 'locked'}: cannot be read (Permission denied); the rest goes on"
    ]


def test_what_lies_behind_links_is_told_of(tmp_path: Path) -> None:
    lay(tmp_path, archive__a_mp4=MP4, elsewhere__b_mp4=MP4)
    archive, elsewhere = tmp_path / "archive", tmp_path / "elsewhere"
    (archive / "2023").symlink_to(elsewhere)
    (archive / "b.mp4").symlink_to(elsewhere / "b.mp4")
    (archive / "gone.mp4").symlink_to(elsewhere / "gone.mp4")
    (archive / "gone.txt").symlink_to(elsewhere / "gone.txt")
    assert found(archive) == ["a.mp4", "b.mp4"]
    linked, lost = sorted(troubles(list(walk(archive))))
    assert linked == f"{archive / '2023'}: a linked folder, left out; name it to look at it"
    assert lost == f"{archive / 'gone.mp4'}: a link that leads nowhere; the rest goes on"


def test_a_folder_that_may_not_be_searched_is_told_of(tmp_path: Path) -> None:
    lay(tmp_path, locked__a_mp4=MP4)
    (tmp_path / "locked").chmod(0o600)
    with ordinary():
        items = list(walk(tmp_path / "locked"))
    assert troubles(items) == [
        f"{tmp_path / 'locked' / 'a.mp4'}: cannot be read (Permission denied); the rest goes on"
    ]
