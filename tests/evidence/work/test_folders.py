"""Where footage is found: in folders, in lists, behind links."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from datasets.files import straight
from evidence.case.work_queue import FootageSource
from evidence.work.folders import Trouble, walk
from evidence.work.sources import Feed, read_sources
from tests.evidence.work.helping import JPEG, MP4, lay, troubles, until
from tests.ordinary import ordinary


def found(root: Path) -> list[str]:
    return sorted(
        os.path.relpath(one.path, root) for one in walk(root) if isinstance(one, FootageSource)
    )


def test_a_walk_finds_clips_and_folders_of_pictures(tmp_path):
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
    assert found(tmp_path) == sorted([
        "a.mp4", "b", "b/c.MKV", "stills", "disguised/clip.jpg", "nameless/clip.dat",
        "broken/clip.mp4", "deep/er", "camera", "camera/1.mjpg",
        # What is not read is set aside by name; a voice hides no photographs.
        "tape", "tape/news.MXF", "phone", "spoken",
    ])  # fmt: skip


def test_a_folder_of_pictures_is_known_by_all_of_them(tmp_path):
    lay(tmp_path, a_jpg=JPEG, b_jpg=JPEG + JPEG)
    os.utime(tmp_path / "a.jpg", ns=(5, 5))
    os.utime(tmp_path / "b.jpg", ns=(9, 9))
    assert list(walk(tmp_path)) == [FootageSource(str(tmp_path), 3 * len(JPEG), 9)]


def test_what_nameplate_wrote_is_no_footage(tmp_path):
    lay(
        tmp_path,
        clip_mp4=MP4,
        case__case_json=b"{}", case__lock_x=b"", case__stills__a_jpg=JPEG,
        pack__case_json=b"{}", pack__case_db=b"{}", pack__stills__b_jpg=JPEG,
        judged__judged_json=b"{}", judged__pictures__c_jpg=JPEG,
        results__report_html=b"", results__sightings_json=b"{}", results__stills__m1_jpg=JPEG,
    )  # fmt: skip
    (tmp_path / "case" / "lock").touch()
    assert found(tmp_path) == ["clip.mp4"]
    (only,) = walk(tmp_path / "case" / "stills")
    assert isinstance(only, Trouble) and "which Nameplate wrote" in only.message


def test_what_lies_behind_links_is_told_of(tmp_path):
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


def test_what_may_not_be_read_is_named_and_the_rest_goes_on(tmp_path):
    lay(tmp_path, closed__a_mp4=MP4, unsearched__a_mp4=MP4, z__b_mp4=MP4)
    (tmp_path / "closed").chmod(0)
    (tmp_path / "unsearched").chmod(0o600)
    with ordinary():
        items = list(walk(tmp_path))
    named = [Path(one.path).name for one in items if isinstance(one, FootageSource)]
    assert named == ["b.mp4"]
    assert troubles(items) == [
        f"{tmp_path / name}: cannot be read (Permission denied); the rest goes on"
        for name in ("closed", "unsearched/a.mp4")
    ]


def test_a_watched_file_that_is_put_back_as_it_was_is_given_again(tmp_path):
    clip = tmp_path / "clip.mp4"
    taken: list[int | None] = []
    with Feed([tmp_path], watch=True, poll=0.01, still=0.0) as feed:
        for size in (5, 7, 5):
            new = tmp_path / ".new"
            new.write_bytes(bytes(size))
            os.utime(new, ns=(size, size))
            new.replace(clip)
            count = len(taken) + 1

            def given(count: int = count) -> bool:
                taken.extend(one.size for one in feed.take() if isinstance(one, FootageSource))
                return len(taken) >= count

            until(given, "the file was given")
    assert taken == [5, 7, 5]


@pytest.mark.parametrize("content", [b'{"status": "success", "meta', b"\xff\xfe{", b"[" * 100_000])
def test_a_damaged_record_of_a_post_is_told_of(tmp_path, content):
    (tmp_path / "metadata.json").write_bytes(content)
    (only,) = read_sources(tmp_path)
    assert isinstance(only, Trouble) and only.lost
    assert only.message.startswith(f"{tmp_path / 'metadata.json'}: damaged, or no JSON")


def test_columns_of_ones_own_are_all_kept(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"footage")
    (tmp_path / "list.csv").write_text("path,tag,tag,,\na.mp4,one,two,three,four\n")
    (only,) = read_sources(tmp_path / "list.csv")
    assert isinstance(only, FootageSource) and only.provenance is not None
    assert list(only.provenance["columns"].values()) == ["one", "two", "three", "four"]


@pytest.fixture
def archive(tmp_path) -> Path:
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
def test_a_path_is_made_straight_where_it_leads_to_the_same(archive, path, is_known_as):
    assert straight(archive / path) == archive / is_known_as


def test_a_list_beside_the_footage_names_it_as_a_sweep_of_its_folder_does(archive):
    (archive / "lists").mkdir()
    (archive / "lists" / "a.csv").write_text("path,url\n../2023/tour.mp4,https://example.org/1\n")
    (listed,) = read_sources(archive / "lists" / "a.csv")
    (met,) = walk(archive / "2023")
    assert isinstance(listed, FootageSource) and isinstance(met, FootageSource)
    assert listed.path == met.path


def test_from_within_a_case_other_folders_can_be_named(archive, monkeypatch):
    (archive / "case").mkdir()
    for mark in ("case.json", "lock"):
        (archive / "case" / mark).touch()
    monkeypatch.chdir(archive / "case")
    (met,) = walk(Path("../2023").absolute())
    assert isinstance(met, FootageSource)


def test_a_pipe_called_as_a_clip_is_told_of(archive):
    os.mkfifo(archive / "live.mp4")
    os.mkfifo(archive / "control")
    told = [one.message for one in walk(archive) if isinstance(one, Trouble)]
    odd = f"{archive / 'live.mp4'}: neither a file nor a folder, left out; the rest goes on"
    assert odd in told and not any("control" in one for one in told)
