"""What footage says of its own making: read, checked, never believed, and nothing asked for it."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import c2pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detector.footage import forkserver, manifest
from detector.footage.files import open_footage
from detector.footage.manifest import STORE, read_manifest
from detector.settings import Decoding
from detector.types import Manifest
from tests.detector.clips import write_clip, write_picture
from tests.detector.signed import sign


def manifest_of(path: Path, limits: Decoding | None = None) -> Manifest:
    found = read_manifest(open_footage(path), limits or Decoding())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Path:
    return write_clip(tmp_path_factory.mktemp("plain") / "hall.mp4", 10)


@pytest.fixture(scope="module")
def signed(plain) -> Path:
    return sign(plain, plain.with_name("signed.mp4"))


def test_what_is_stated_is_told(signed):
    assert manifest_of(signed) == Manifest(
        state="stated",
        generator="Hall camera 1.0",
        title="hall.mp4",
        signer="Camera 7",
        organisation="Hall Camera Works",
        actions=("c2pa.created 2024-05-06T07:08:09Z digitalCapture",),
        signature="valid",
        content="same",
    )


def test_the_working_folder_may_go_away(tmp_path, monkeypatch):
    signed = sign(write_picture(tmp_path / "a.jpg"), tmp_path / "b.jpg")
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path / "there")
    monkeypatch.setattr(forkserver, "_forkserver", None)  # so that one begins there
    assert manifest_of(signed).state == "stated"
    (tmp_path / "there").rmdir()
    assert manifest_of(signed).state == "stated"
    forkserver._end()


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_pictures_may_carry_one(tmp_path, suffix):
    picture = write_picture(tmp_path / f"a{suffix}")
    assert manifest_of(picture) == Manifest("none")
    found = manifest_of(sign(picture, tmp_path / f"b{suffix}"))
    assert (found.state, found.signature, found.content) == ("stated", "valid", "same")


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_most_footage_has_none(tmp_path, suffix):
    assert manifest_of(write_clip(tmp_path / f"a{suffix}", 5)) == Manifest("none")


def test_in_a_folder_of_pictures_none_is_looked_for(tmp_path):
    write_picture(tmp_path / "a.png")
    assert read_manifest(open_footage(tmp_path), Decoding()) is None


def changed(path: Path, to: Path, at: int) -> Path:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    to.write_bytes(content)
    return to


def test_content_that_is_not_what_was_signed(signed, tmp_path):
    at = signed.read_bytes().rindex(b"mdat") + 100
    found = manifest_of(changed(signed, tmp_path / "other.mp4", at))
    assert (found.state, found.signature, found.content) == ("stated", "valid", "other")
    assert found.problems == ("assertion.bmffHash.mismatch",)


def test_words_that_are_not_those_that_were_signed(signed, tmp_path):
    at = signed.read_bytes().index(b"Hall camera")
    found = manifest_of(changed(signed, tmp_path / "other.mp4", at))
    assert (found.state, found.signature, found.content) == ("stated", "invalid", "unknown")
    assert found.generator == "Iall camera 1.0"


def test_an_assertion_that_is_not_the_one_that_was_signed(signed, tmp_path):
    at = signed.read_bytes().index(b"2024-05-06")
    found = manifest_of(changed(signed, tmp_path / "other.mp4", at))
    assert found.content == "unknown"
    assert "assertion.hashedURI.mismatch" in found.problems


def store(body: bytes) -> bytes:
    """A `uuid` box of a manifest store: purpose, offset of the Merkle box, the store itself."""
    inner = STORE + bytes(4) + b"manifest\0" + bytes(8) + body
    return (8 + len(inner)).to_bytes(4) + b"uuid" + inner


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff" * 4000,
        b"\0\0\0\x20jumb\0\0\0\x18jumd" + bytes(16),
        b"\xff\xff\xff\xffjumb" + bytes(64),
        (b"\0\0\x10\0jumb" + b"\0\0\0\x19jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03") * 200,
        b"\0" * (40 << 20),
    ],
    ids=["empty", "noise", "cut off", "too long", "nested", "huge"],
)
def test_a_damaged_one_is_said_to_be_so_and_nothing_else_happens(plain, tmp_path, body):
    clip = tmp_path / "hall.mp4"
    clip.write_bytes(plain.read_bytes() + store(body))
    found = manifest_of(clip)
    assert found.state == "unreadable" and found.problems


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.tuples(st.integers(30, 3200), st.integers(0, 255)), min_size=1, max_size=8))
def test_no_byte_of_it_does_harm(signed, tmp_path, places):
    content = bytearray(signed.read_bytes())
    for at, byte in places:
        content[at] = byte
    clip = tmp_path / "hall.mp4"
    clip.write_bytes(content)
    found = manifest_of(clip)
    assert found.signature != "valid" or found.generator in ("Hall camera 1.0", None)


def test_its_words_are_one_line_and_not_long(plain, tmp_path):
    found = manifest_of(sign(plain, tmp_path / "a.mp4", title="x\n\x1b[31m" + "y" * 5000))
    assert found.title is not None
    assert found.title.startswith("x [31myy") and len(found.title) == manifest.MOST_TEXT


def test_what_takes_too_much_is_given_up(signed):
    found = manifest_of(signed, Decoding(address_space=200 << 20))
    assert found.state == "unreadable" and len(found.problems) == 1


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """A server of this machine that notes whoever connects, and answers nobody."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    heard.append(connection.recv(100))

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hall.c2pa", heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_an_address_is_told_and_not_followed(plain, tmp_path):
    with listening() as (address, heard):
        clip = sign(plain, tmp_path / "linked.mp4", at=address)
        found = manifest_of(clip)
        assert heard == []
        assert (found.state, found.address) == ("elsewhere", address)
        # The library left to itself does follow it: the server would have heard.
        with pytest.raises(c2pa.C2paError):
            c2pa.Reader("video/mp4", io.BytesIO(clip.read_bytes()))
        assert heard
