"""Opening footage: what a file is, told by its bytes; the hash; what a folder holds."""

from __future__ import annotations

import hashlib
import os
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.errors import (
    FootageDisguised,
    FootageEmpty,
    FootageEncrypted,
    FootageError,
    FootageMissing,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from detector.footage.decoder import Decoder
from detector.footage.files import known_footage, open_footage
from detector.footage.sniff import sniff
from detector.settings import Decoding
from tests.detector.clips import number_of, write_clip, write_picture
from tests.ordinary import ordinary


def test_the_hash_is_the_sha256_of_the_bytes(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 3)
    footage = open_footage(clip)
    assert footage.sha256 == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert (footage.size, footage.kind, footage.container) == (clip.stat().st_size, "video", "mp4")


def test_the_name_does_not_matter(tmp_path):
    clip = write_clip(tmp_path / "a.mkv", 3)
    renamed = clip.rename(tmp_path / "a.jpg")
    assert open_footage(renamed).container == "matroska"


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_a_picture_is_a_still(tmp_path, suffix):
    footage = open_footage(write_picture(tmp_path / f"a.{suffix}"))
    assert footage.kind == "still"


def test_a_folder_of_pictures_is_one_footage_known_by_names_and_bytes(tmp_path):
    folder = tmp_path / "stills"
    folder.mkdir()
    for number in (2, 1):
        write_picture(folder / f"{number}.png", number)
    (folder / "notes.txt").write_text("not a picture")
    footage = open_footage(folder)
    assert [f.name for f in footage.files] == ["1.png", "2.png"]
    assert footage.kind == "stills"
    assert open_footage(folder).sha256 == footage.sha256
    (folder / "1.png").rename(folder / "3.png")
    assert open_footage(folder).sha256 != footage.sha256


def test_opening_changes_no_byte(tmp_path):
    clip = write_clip(tmp_path / "a.mp4", 3)
    before = (clip.read_bytes(), clip.stat().st_mtime_ns)
    clip.chmod(0o444)
    open_footage(clip)
    assert (clip.read_bytes(), clip.stat().st_mtime_ns) == before


MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(60)
HEADS = {
    "empty": (b"", FootageEmpty),
    "m3u": (b"#EXTM3U\n#EXT-X-VERSION:3\nhttp://example.org/a.ts\n", FootageDisguised),
    "m3u with a mark": (b"\xef\xbb\xbf#EXTM3U\n", FootageDisguised),
    "dash": (b'<?xml version="1.0"?>\n<MPD type="static"></MPD>', FootageDisguised),
    "concat": (b"ffconcat version 1.0\nfile /etc/passwd\n", FootageDisguised),
    "html": (b"<!DOCTYPE html><html><body>404</body></html>", FootageDisguised),
    "text": ("Завод, цех №5".encode(), FootageDisguised),
    "text of western europe": (("Größe der Halle\n" * 9).encode("latin-1"), FootageDisguised),
    "text, two bytes a letter": ("Halle 3".encode("utf-16"), FootageDisguised),
    "lines that begin with G": ((b"G" + b"," * 186 + b"\n") * 9, FootageDisguised),
    "zip": (b"PK\x03\x04" + bytes(60), FootageDisguised),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(60), FootageDisguised),
    "gzip": (b"\x1f\x8b\x08" + bytes(60), FootageDisguised),
    "pdf": (b"%PDF-1.7\n", FootageDisguised),
    "mxf": (b"\x06\x0e\x2b\x34\x02\x05\x01\x01" + bytes(60), FootageUnsupported),
    "gif": (b"GIF89a" + bytes(60), FootageUnsupported),
    "dv": (b"\x1f\x07\x00\xbf" + bytes(60), FootageUnsupported),
    "wtv": (bytes.fromhex("b7d800203749da11a64e0007e95ead8d") + bytes(60), FootageUnsupported),
    "y4m": (b"YUV4MPEG2 W640 H360\n", FootageUnsupported),
    "heif": (b"\x00\x00\x00\x18ftypmif1" + bytes(60), FootageUnsupported),
    "h264": (b"\x00\x00\x00\x01\x67\x42" + bytes(60), FootageUnsupported),
    "h264, short start code": (b"\x00\x00\x01\x67\x42" + bytes(60), FootageUnsupported),
    "h264 from a later picture": (b"\x00\x00\x01\x09\x10" + bytes(60), FootageUnsupported),
    "h265": (b"\x00\x00\x01\x40\x01\x0c" + bytes(60), FootageUnsupported),
    "m4v": (b"\x00\x00\x01\xb0\x01" + bytes(60), FootageUnsupported),
    "jxl": (b"\x00\x00\x00\x0cJXL \r\n\x87\n" + bytes(60), FootageUnsupported),
    "naked jxl": (b"\xff\x0a\xfa\x1f" + bytes(60), FootageUnsupported),
    "jp2": (b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(60), FootageUnsupported),
    "naked jp2": (b"\xff\x4f\xff\x51\x00\x2f" + bytes(60), FootageUnsupported),
    "ico": (
        b"\x00\x00\x01\x00\x01\x00\x20\x20\x00\x00\x01\x00\x20\x00"
        b"\x68\x04\x00\x00\x16\x00\x00\x00" + bytes(60),
        FootageUnsupported,
    ),
    "raf": (b"FUJIFILMCCD-RAW 0201" + bytes(60), FootageUnsupported),
    "crw": (b"II\x1a\x00\x00\x00HEAPCCDR" + bytes(60), FootageUnsupported),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", FootageUnsupported),
    "eps with a preview": (b"\xc5\xd0\xd3\xc6" + bytes(60), FootageUnsupported),
    "sgi": (b"\x01\xda\x01\x01\x00\x03" + bytes(60), FootageUnsupported),
    "a picture of mpeg": (b"\x00\x00\x01\x00\x00\x0f\xff\xf8" + bytes(60), FootageUnreadable),
    "cr3": (b"\x00\x00\x00\x18ftypcrx " + bytes(60), FootageUnsupported),
    "x3f": (b"FOVb\2\0\2\0" + bytes(60), FootageUnsupported),
    "r3d": (b"\0\0\4\x88RED2" + bytes(60), FootageUnsupported),
    "aiff": (b"FORM\0\0\1\x1aAIFFCOMT" + bytes(60), NoPictures),
    "mp3": (b"ID3\x04" + bytes(60), NoPictures),
    "ogg": (b"OggS\0\2" + bytes(22) + b"\1\x13OpusHead" + bytes(60), NoPictures),
    "wav": (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(60), NoPictures),
    "zeros": (bytes(5000), FootageUnreadable),
    "noise": (bytes(range(256, 0, -1)[i % 255] & 0xFF for i in range(5000)), FootageUnreadable),
    "scrambled": ((b"\x47\x01\x00\x90" + bytes(184)) * 20, FootageEncrypted),
}


@pytest.mark.parametrize("name", HEADS)
def test_what_is_no_footage_ends_in_its_named_error(tmp_path, name):
    data, error = HEADS[name]
    path = tmp_path / "clip.mp4"
    path.write_bytes(data)
    with pytest.raises(error, match=r"clip\.mp4") as caught:
        open_footage(path)
    assert type(caught.value) is error


@pytest.mark.parametrize("name", ["jxl", "naked jxl", "jp2", "naked jp2", "ico", "heif", "raf"])
def test_a_picture_of_a_kind_that_is_not_read_is_to_be_saved_as_another(name):
    with pytest.raises(FootageUnsupported, match="not read; save it as PNG or JPEG"):
        sniff(HEADS[name][0], Path("hall.jpg"))


def test_a_program_stream_is_told_from_a_raw_one(tmp_path):
    options = {"codec": "mpeg2video", "format": "mpeg"}
    whole = write_clip(tmp_path / "a.mpg", 30, **options).read_bytes()
    for start in (0, 4, whole.index(b"\x00\x00\x01\xe0")):
        assert sniff(whole[start:], Path("a.mpg")).container == "mpeg-ps"


def test_packets_of_204_bytes_are_looked_at(tmp_path):
    short = write_clip(tmp_path / "a.ts", 60).read_bytes()
    long = tmp_path / "b.ts"
    packets = [short[at : at + 188] + bytes(16) for at in range(0, len(short), 188)]
    long.write_bytes(b"".join(packets))
    with Decoder(open_footage(long), Decoding()) as decoder:
        assert len(list(decoder.keyframes(Fraction(0)))) == 6
        [frame] = decoder.at([Fraction(2)])
        assert (frame.pts, number_of(frame.image)) == (2, 50 % 16)


def test_a_recording_with_a_gap_is_not_taken_for_scrambled(tmp_path):
    whole = write_clip(tmp_path / "whole.ts", 60).read_bytes()
    torn = tmp_path / "torn.ts"
    torn.write_bytes(whole[: 188 * 20] + b"\xff" * 100 + whole[188 * 20 :])
    footage = open_footage(torn)
    assert footage.container == "mpegts"
    with Decoder(footage, Decoding()) as decoder:
        assert len(list(decoder.keyframes(Fraction(0)))) >= 5


@pytest.mark.parametrize(
    ("name", "told"), [("zip", "unpack it or leave it out"), ("pdf", "not footage; leave it out")]
)
def test_only_an_archive_is_to_be_unpacked(name, told):
    with pytest.raises(FootageDisguised, match=told):
        sniff(HEADS[name][0], Path("clip.mp4"))


@given(st.binary(min_size=1, max_size=2000))
def test_any_bytes_are_something_or_end_in_a_named_error(head):
    try:
        found = sniff(head, Path("clip"))
    except FootageError as error:
        assert "clip" in str(error)
    else:
        assert found.kind in ("video", "still")


def test_what_is_not_there_or_no_file_is_missing(tmp_path):
    with pytest.raises(FootageMissing, match="no such file"):
        open_footage(tmp_path / "absent.mp4")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FootageMissing, match="neither a file nor a folder"):
        open_footage(tmp_path / "pipe")


def test_a_path_that_cannot_be_asked_about_is_missing(tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "clip.mp4").write_bytes(b"")
    locked.chmod(0)
    for path, why in (
        (tmp_path / ("x" * 300), "File name too long"),
        (locked / "clip.mp4", "Permission denied"),
    ):
        with ordinary():
            with pytest.raises(FootageMissing, match=why):
                open_footage(path)
            with pytest.raises(FootageMissing, match=why):
                known_footage(path, "0" * 64, "video", "mp4")


def test_a_folder_with_nothing_usable_is_named(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(NoPictures, match=str(tmp_path)):
        open_footage(tmp_path)


def test_a_picture_of_a_kind_that_is_not_read_is_a_loss_of_its_folder(tmp_path):
    phone = tmp_path / "phone"
    phone.mkdir()
    write_picture(phone / "2.png")
    (phone / "1.cr3").write_bytes(HEADS["cr3"][0])
    with Decoder(open_footage(phone), Decoding()) as decoder:
        assert [frame.pts for frame in decoder.keyframes(Fraction(1))] == [1]
    assert decoder.loss.lost == 1 and "1.cr3: unsupported" in decoder.loss.reasons[0]


@pytest.mark.parametrize("kind", ["note.m4a", "note.ogg", "1.cr3", "1.gif"])
def test_beside_photographs_what_is_no_clip_hides_none_of_them(tmp_path, kind):
    photograph = write_picture(tmp_path / "2.png")
    (tmp_path / kind).write_bytes(HEADS[kind[-3:]][0] if kind != "note.m4a" else MP4)
    # A picture of a kind that is not read is named in the end; sound is not.
    unread = [] if kind.startswith("note") else [tmp_path / kind]
    assert list(open_footage(tmp_path).files) == [*unread, photograph]
