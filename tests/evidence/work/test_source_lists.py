"""What every source list promises (`evidence.work.sources.SourceList`), asked of each there is; and
clips that yt-dlp fetched: where they came from, and which are still to be fetched."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from evidence.case.work_queue import FootageSource
from evidence.work.folders import Trouble
from evidence.work.sources import SourceList, read_sources, walk_sources
from tests.evidence.work.helping import MP4, lay, troubles

Names = Sequence[str]


def folder(root: Path, names: Names) -> Path:
    """A folder in which a name without a file is a link that leads nowhere."""
    for name in names:
        if not (root / "clips" / name).exists():
            (root / "clips" / name).symlink_to(root / "nowhere.mp4")
    return root / "clips"


def own_csv(root: Path, names: Names) -> Path:
    rows = ["path,publisher", *(f"clips/{name},Plant TV" for name in names)]
    (root / "list.csv").write_text("\n".join(rows), "utf-8")
    return root / "list.csv"


def posts(names: Names) -> list[dict[str, object]]:
    """Posts as auto-archiver keeps them, one a clip."""
    return [
        {
            "status": "success",
            "metadata": {"url": f"https://example.org/{name}", "channel": "zavod"},
            "media": [{"filename": f"clips/{name}", "urls": [], "_mimetype": "video/mp4"}],
        }
        for name in names
    ]


def archiver_csv(root: Path, names: Names) -> Path:
    with (root / "db.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, ("status", "metadata", "media"))
        writer.writeheader()
        writer.writerows(posts(names))
    return root / "db.csv"


def archiver_json(root: Path, names: Names) -> Path:
    for number, post in enumerate(posts(names)):
        (root / f"{number}.json").write_text(json.dumps(post), "utf-8")
    return root


LISTS: dict[str, tuple[SourceList, Callable[[Path, Names], Path]]] = {
    "folder": (walk_sources, folder),
    "list of one's own": (read_sources, own_csv),
    "CSV of auto-archiver": (read_sources, archiver_csv),
    "JSON of auto-archiver": (read_sources, archiver_json),
}


@pytest.mark.parametrize(("read", "write"), LISTS.values(), ids=LISTS)
def test_a_source_list_gives_all_footage_and_names_what_is_lost(tmp_path, read, write):
    lay(tmp_path, clips__a_mp4=MP4, clips__b_mp4=MP4)
    before = sorted(tmp_path.rglob("*.mp4"))
    listed = write(tmp_path, ["a.mp4", "gone.mp4", "b.mp4"])
    found = list(read(listed))
    sources = [one for one in found if isinstance(one, FootageSource)]
    assert sorted(Path(one.path) for one in sources) == before
    for one in sources:
        stat = Path(one.path).stat()
        assert (one.size, one.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
    [trouble] = [one for one in found if isinstance(one, Trouble)]
    assert "gone.mp4" in trouble.message
    assert list(read(listed)) == found


@pytest.mark.parametrize(("read", "write"), LISTS.values(), ids=LISTS)
def test_a_source_list_without_footage_says_so(tmp_path, read, write):
    (tmp_path / "clips").mkdir()
    [trouble] = read(write(tmp_path, []))
    assert isinstance(trouble, Trouble) and str(tmp_path) in trouble.message
    assert trouble.message.endswith(("names no footage; name another list", "name another folder"))


ADDRESS = "https://example.org/watch?v=1&list=2"
INFO = {
    "id": "1",
    "title": "Новый цех",
    "webpage_url": ADDRESS,
    "uploader": "Plant TV",
    "upload_date": "20240305",
    "formats": [{"url": "https://example.org/secret"}],
}


def fetched(root: Path) -> Path:
    lay(root, **{"clips__tour [1]_mp4": MP4, "clips__other_mp4": MP4})
    (root / "clips" / "tour [1].info.json").write_text(json.dumps(INFO), "utf-8")
    (root / "clips" / "other.info.json").write_text("[", "utf-8")
    return root / "clips"


def test_what_yt_dlp_wrote_beside_a_clip_is_its_provenance(tmp_path):
    found = {
        Path(one.path).name: one
        for one in walk_sources(fetched(tmp_path))
        if isinstance(one, FootageSource)
    }
    one = found["tour [1].mp4"]
    assert (one.origin_url, one.publisher, one.published) == (ADDRESS, "Plant TV", "2024-03-05")
    assert one.note == "Новый цех" and "secret" not in json.dumps(one.provenance)
    assert found["other.mp4"].origin_url is None


def test_a_list_of_addresses_says_what_is_not_downloaded_and_how_to_fetch_it(tmp_path):
    fetched(tmp_path)
    file = tmp_path / "addresses.txt"
    file.write_text(f"{ADDRESS}\nhttps://example.org/watch?v=it's\n", "utf-8")
    found = list(read_sources(file))
    (one,) = [one for one in found if isinstance(one, FootageSource)]
    assert Path(one.path).name == "tour [1].mp4" and one.origin_url == ADDRESS
    (wrong,) = troubles(found)
    assert "line 2: not downloaded yet; fetch it with: yt-dlp --write-info-json" in wrong
    assert str(tmp_path) in wrong and wrong.endswith("""'https://example.org/watch?v=it'"'"'s'""")


def test_a_line_with_an_address_and_no_path_means_what_was_fetched_from_there(tmp_path):
    fetched(tmp_path)
    file = tmp_path / "list.csv"
    file.write_text(f"path;url;plant\n;{ADDRESS};Plant 12\nclips/other.mp4;;Plant 13\n", "utf-8")
    found = {one.plant_claimed: one for one in read_sources(file) if isinstance(one, FootageSource)}
    assert Path(found["Plant 12"].path).name == "tour [1].mp4"
    assert Path(found["Plant 13"].path).name == "other.mp4"
