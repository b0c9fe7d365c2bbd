"""Where footage comes from: lists, auto-archiver, folders that fill."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from datasets.errors import NameplateError, UsageError
from evidence.case.work_queue import FootageSource
from evidence.work.folders import Trouble
from evidence.work.sources import Feed, read_sources
from tests.evidence.work.helping import JPEG, MP4, lay, troubles, until
from tests.ordinary import ordinary

LIST = """Path;URL;Channel;Upload date;Factory;Comment;tape
clip one.mp4;https://example.org/1;Звезда;2023-05;Ижевск;"opening; part 2";17
;;;;;noted
missing.mp4;;;;;
folder;;ТВ;;;;
a;b;c;d;e;f;g;h
"""


@pytest.mark.parametrize(
    "encoded",
    [LIST.encode("utf-8-sig"), LIST.encode(), LIST.replace("\n", "\r\n").encode("utf-16")],
    ids=["utf-8 with mark", "utf-8", "utf-16 from Excel"],
)
def test_a_source_list_is_taken_line_by_line(tmp_path, encoded):
    lay(tmp_path, clip_mp4=MP4, folder__a_mp4=MP4, folder__deep__b_mp4=MP4)
    (tmp_path / "clip.mp4").rename(tmp_path / "clip one.mp4")
    (tmp_path / "list.csv").write_bytes(encoded)
    items = list(read_sources(tmp_path / "list.csv"))
    sources = {Path(one.path).name: one for one in items if isinstance(one, FootageSource)}
    assert sorted(sources) == ["a.mp4", "b.mp4", "clip one.mp4"]
    stat = (tmp_path / "clip one.mp4").stat()
    assert sources["clip one.mp4"] == FootageSource(
        str(tmp_path / "clip one.mp4"), stat.st_size, stat.st_mtime_ns,
        "https://example.org/1", "Звезда", "2023-05", "Ижевск", "opening; part 2",
        {"list": "list.csv", "line": 2, "columns": {"tape": "17"}},
    )  # fmt: skip
    assert sources["b.mp4"].publisher == "ТВ"
    said = troubles(items)
    assert [message.split(": ", 1)[1] for message in said] == [
        "no path",
        f"{tmp_path / 'missing.mp4'}: no such file; correct the path",
        "8 cells under 7 columns; put text that holds the separator in quotes",
    ]
    assert [message.split(":")[0].rsplit(" ", 1)[1] for message in said] == ["3", "4", "6"]


def test_a_wrong_line_takes_no_other_with_it(tmp_path):
    lay(tmp_path, **{f"{n}_mp4": MP4 for n in range(6)})
    (tmp_path / "bare").mkdir()
    items = listed(
        tmp_path,
        'path;note\n0.mp4;"two\nlines"\n1.mp4;"not closed\n2.mp4;\n3.mp4;"said"\n'
        'bare;\n4.mp4;"nor this one\n5.mp4;\n',
    )
    taken = [(Path(i.path).name, i.provenance) for i in items if isinstance(i, FootageSource)]
    lines = [(name, provenance and provenance["line"]) for name, provenance in taken]
    assert lines == [("0.mp4", 2), ("2.mp4", 5), ("3.mp4", 6), ("5.mp4", 9)]
    not_csv, bare, nor_this = troubles(items)
    assert "line 4: not CSV" in not_csv and "line 8: not CSV" in nor_this
    assert "line 7" in bare and "holds neither clips nor pictures" in bare


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"name,where\na.mp4,b\n", "no column named path"),
        (b"path,file\na.mp4,b\n", "mean the same"),
        ("path\nцех.mp4\n".encode("cp1251"), "line 2: not UTF-8"),
    ],
)
def test_a_list_that_cannot_be_used_is_refused(tmp_path, content, says):
    (tmp_path / "list.csv").write_bytes(content)
    with pytest.raises(UsageError, match=says):
        list(read_sources(tmp_path / "list.csv"))


def listed(folder: Path, text: str) -> list[FootageSource | Trouble]:
    """What a list in a folder gives."""
    (folder / "list.csv").write_text(text)
    return list(read_sources(folder / "list.csv"))


def archived(folder: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
    """What auto-archiver knows of one post, as its `Metadata` and `Media` objects hold it."""
    metadata: dict[str, object] = {
        "_processed_at": datetime(2024, 3, 1, 10, 30, 5, 1234, tzinfo=UTC),
        "url": "https://t.me/zavod/1",
        "title": "Новый цех",
        "channel": "zavod",
        "timestamp": datetime(2023, 12, 5, 8, 0, tzinfo=UTC),
        "comments": [{"author": "x", "text": 'it\'s "here"\n'}],
    }
    place = "archive/zavod/0123456789abcdef01234567.mp4"
    digest = {"hash": "SHA-256:0123456789abcdef0123456789abcdef", "duration": 12.5}
    media: list[dict[str, object]] = [
        {"filename": f"tmp8xh2/{name}", "_key": key, "urls": urls, "properties": properties}
        | {"_mimetype": mime}
        for name, key, urls, properties, mime in (
            ("video.mp4", place, [f"./{place}"], digest, "video/mp4"),
            ("gone.mp4", None, [], {}, "video/mp4"),
            ("shot.png", "shot.png", ["./archive/shot.png"], {"id": "screenshot"}, "image/png"),
        )
    ]
    lay(folder, archive__zavod__0123456789abcdef01234567_mp4=MP4, archive__shot_png=JPEG)
    return metadata, media


def check(folder: Path, items: list[FootageSource | Trouble], published: str) -> None:
    (source,) = [one for one in items if isinstance(one, FootageSource)]
    assert Path(source.path) == folder / "archive" / "zavod" / "0123456789abcdef01234567.mp4"
    assert (source.origin_url, source.publisher) == ("https://t.me/zavod/1", "zavod")
    assert (source.published, source.note) == (published, "Новый цех")
    assert source.provenance is not None
    kept = source.provenance["auto-archiver"]
    assert kept["metadata"]["comments"] == [{"author": "x", "text": 'it\'s "here"\n'}]
    assert kept["media"]["properties"]["duration"] == 12.5
    assert json.loads(json.dumps(source.provenance)) == source.provenance
    (lost,) = troubles(list(items))
    assert "gone.mp4: not found beside the list" in lost


def test_the_csv_of_auto_archiver_gives_provenance(tmp_path):
    metadata, media = archived(tmp_path)
    file = tmp_path / "db.csv"
    with file.open("w", encoding="utf-8") as out:
        # As its csv_db module writes: the text of Python's own dictionaries.
        writer = csv.DictWriter(out, ("status", "metadata", "media", "_context"))
        writer.writeheader()
        row = {"status": "yt-dlp: success", "metadata": metadata, "media": media, "_context": {}}
        writer.writerow(row)
        writer.writerow(row | {"metadata": "__import__('os').abort()"})
    *items, wrong = read_sources(file)
    check(tmp_path, items, "2023-12-05T08:00:00+00:00")
    assert isinstance(wrong, Trouble) and "not what auto-archiver writes" in wrong.message


def write_record(file: Path, metadata: object, media: object) -> None:
    record = {"status": "yt-dlp: success", "metadata": metadata, "media": media}
    file.write_text(json.dumps(record, default=str), "utf-8")


def test_the_json_of_auto_archiver_gives_provenance(tmp_path):
    file = tmp_path / "archive" / "zavod" / "metadata.json"
    write_record(file, *archived(tmp_path))
    (tmp_path / "archive" / "other.json").write_text('{"status": 1}')
    check(tmp_path, list(read_sources(file)), "2023-12-05 08:00:00+00:00")
    check(tmp_path, list(read_sources(tmp_path)), "2023-12-05 08:00:00+00:00")
    with pytest.raises(UsageError, match="not JSON as auto-archiver writes it"):
        list(read_sources(tmp_path / "archive" / "other.json"))


def test_a_moved_archive_never_leads_outside_its_folder(tmp_path):
    metadata, media = archived(tmp_path / "inner")
    lay(tmp_path, secret_mp4=MP4)
    media[0] |= {"urls": ["../secret.mp4"], "_key": None, "filename": "", "properties": {}}
    file = tmp_path / "inner" / "metadata.json"
    write_record(file, metadata, media)
    assert not [one for one in read_sources(file) if isinstance(one, FootageSource)]


def test_a_watched_folder_gives_a_file_once_it_is_still(tmp_path):
    growing = tmp_path / "growing.mp4"
    growing.write_bytes(MP4)
    taken: list[FootageSource | Trouble] = []
    with Feed([tmp_path], watch=True, poll=0.01, still=0.5) as feed:
        for _ in range(20):
            with growing.open("ab") as file:
                file.write(bytes(1000))
            taken += feed.take()
        assert not taken and not feed.ended
        until(lambda: taken.extend(feed.take()) or taken, "the file is taken")
        first = taken[0]
        assert isinstance(first, FootageSource) and first.size == growing.stat().st_size
        with growing.open("ab") as file:
            file.write(b"more")
        until(lambda: taken.extend(feed.take()) or len(taken) > 1, "the changed file is taken")
    last = taken[-1]
    assert isinstance(last, FootageSource) and last.size == growing.stat().st_size


def test_a_search_that_fails_does_not_pass_for_one_that_has_found_everything(tmp_path, monkeypatch):
    def fail(root: Path) -> Iterator[FootageSource]:
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr("evidence.work.sources.walk", fail)
    with Feed([tmp_path]) as feed:
        until(lambda: not feed._thread.is_alive(), "the thread ends")
        assert not feed.ended
        with pytest.raises(NameplateError, match=r"not all .* nobody thought of this"):
            feed.take()


def test_a_path_that_cannot_be_asked_about_is_one_wrong_line(tmp_path):
    lay(tmp_path, clip_mp4=MP4, locked__a_mp4=MP4)
    (tmp_path / "~tilde.mp4").write_bytes(MP4)
    (tmp_path / "locked").chmod(0o600)
    deep = tmp_path.joinpath(*["d" * 200] * 12)
    deep.mkdir(parents=True)
    (deep / "a.mp4").write_bytes(MP4)
    lines = ["path", "x" * 300, "~nobody-here/a.mp4", "locked/a.mp4", str(deep), "~tilde.mp4"]
    file = tmp_path / "list.csv"
    file.write_text("\n".join([*lines, "~a\0b", "clip.mp4", ""]))
    with ordinary(), Feed([], [file]) as feed:
        until(lambda: not feed._thread.is_alive(), "the list ends")
        items = feed.take()
    named = [Path(one.path).name for one in items if isinstance(one, FootageSource)]
    assert named == ["~tilde.mp4", "clip.mp4"]
    *wrong, null = troubles(list(items))
    assert null.startswith(f"{file}, line 7: ") and "no such file" in null
    long = wrong.pop()
    assert "a path of more than 2400 bytes" in long
    assert wrong == [
        f"{file}, line 2: {tmp_path / lines[1]}: cannot be read (File name too long); "
        "correct the path",
        f"{file}, line 3: {tmp_path / lines[2]}: no such file; correct the path",
        f"{file}, line 4: {tmp_path / lines[3]}: cannot be read (Permission denied); "
        "correct the path",
    ]


@pytest.mark.parametrize("date", ["datetime.datetime(2023)", f"datetime.datetime({10**30}, 1, 1)"])
def test_a_date_that_is_none_is_one_wrong_line(tmp_path, date):
    metadata, media = archived(tmp_path)
    file = tmp_path / "db.csv"
    with file.open("w", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(("status", "metadata", "media"))
        writer.writerow(("done", f"{{'timestamp': {date}}}", media))
        writer.writerow(("done", metadata, media))
    wrong, *items = read_sources(file)
    assert isinstance(wrong, Trouble) and "line 2: not what auto-archiver" in wrong.message
    check(tmp_path, items, "2023-12-05T08:00:00+00:00")


def test_what_cannot_be_read_of_an_archives_folder_is_told_and_the_rest_taken(tmp_path):
    lay(tmp_path, archive__locked_json=b"{}", closed__metadata_json=b"{}")
    write_record(tmp_path / "archive" / "metadata.json", *archived(tmp_path))
    (tmp_path / "archive" / "locked.json").chmod(0)
    (tmp_path / "closed").chmod(0)
    with ordinary():
        folder, file, *items = read_sources(tmp_path)
    assert troubles([folder, file]) == [
        f"{tmp_path / 'closed'}: cannot be read (Permission denied); the rest goes on",
        f"{tmp_path / 'archive' / 'locked.json'}: cannot be read (Permission denied); "
        "check the path",
    ]
    check(tmp_path, items, "2023-12-05 08:00:00+00:00")


def test_dates_are_kept_as_they_are_compared_and_what_is_none_is_told(tmp_path):
    lay(tmp_path, a_mp4=MP4, b_mp4=MP4, c_mp4=MP4)
    text = "path,published_at\na.mp4,31.12.2023\nb.mp4,yesterday\nc.mp4,2024-05\n"
    items = listed(tmp_path, text)
    found = [one for one in items if isinstance(one, FootageSource)]
    assert [one.published for one in found] == ["2023-12-31", None, "2024-05"]
    said = [(one.provenance or {}).get("published") for one in found]
    assert said == ["31.12.2023", "yesterday", None]
    assert troubles(items) == [
        f"{tmp_path / 'list.csv'}, line 3: published 'yesterday' is no date and is not taken; a "
        "date known from before stays. Write a year, a month or a day, such as 2024, 2024-05 or "
        "2024-05-31"
    ]


def test_lines_about_one_path_that_differ_are_told_of(tmp_path):
    lay(tmp_path, a_mp4=MP4)
    file = tmp_path / "list.csv"
    items = listed(
        tmp_path,
        "path,url,plant,published,shelf\n"
        "a.mp4,https://example.org/0,,,0\n"
        "a.mp4,https://example.org/1,Kazan works,2024,1\n"
        "a.mp4,https://example.org/1,,,1\n"
        "a.mp4,https://example.org/2,,,2\n",
    )
    assert troubles(items) == [
        f"{file}, line {line}: {tmp_path / 'a.mp4'} has another url than line {earlier} gives; "
        "the later line stands. Keep one line"
        for line, earlier in ((3, 2), (5, 4))
    ]
    assert not any(isinstance(one, Trouble) and one.lost for one in items)
