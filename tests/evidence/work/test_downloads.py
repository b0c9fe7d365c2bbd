"""Clips that yt-dlp fetched: where they came from, and which of a list are still to be fetched."""

from __future__ import annotations

import json
from pathlib import Path

from evidence.case.queue import FootageSource
from evidence.work.sources import read_sources, walk_sources
from tests.evidence.work.helping import MP4, lay, troubles

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


def test_what_yt_dlp_wrote_beside_a_clip_is_its_provenance(tmp_path: Path) -> None:
    found = {
        Path(one.path).name: one
        for one in walk_sources(fetched(tmp_path))
        if isinstance(one, FootageSource)
    }
    one = found["tour [1].mp4"]
    assert (one.origin_url, one.publisher, one.published) == (ADDRESS, "Plant TV", "2024-03-05")
    assert one.note == "Новый цех" and "secret" not in json.dumps(one.provenance)
    assert found["other.mp4"].origin_url is None


def test_a_list_of_addresses_says_what_is_not_downloaded_and_how_to_fetch_it(
    tmp_path: Path,
) -> None:
    fetched(tmp_path)
    file = tmp_path / "addresses.txt"
    file.write_text(f"{ADDRESS}\nhttps://example.org/watch?v=it's\n", "utf-8")
    found = list(read_sources(file))
    (one,) = [one for one in found if isinstance(one, FootageSource)]
    assert Path(one.path).name == "tour [1].mp4" and one.origin_url == ADDRESS
    (wrong,) = troubles(found)
    assert "line 2: not downloaded yet; fetch it with: yt-dlp --write-info-json" in wrong
    assert str(tmp_path) in wrong and wrong.endswith("""'https://example.org/watch?v=it'"'"'s'""")


def test_a_line_with_an_address_and_no_path_means_what_was_fetched_from_there(
    tmp_path: Path,
) -> None:
    fetched(tmp_path)
    file = tmp_path / "list.csv"
    file.write_text(f"path;url;plant\n;{ADDRESS};Plant 12\nclips/other.mp4;;Plant 13\n", "utf-8")
    found = {one.plant_claimed: one for one in read_sources(file) if isinstance(one, FootageSource)}
    assert Path(found["Plant 12"].path).name == "tour [1].mp4"
    assert Path(found["Plant 13"].path).name == "other.mp4"
