"""Files that hold more than one picture, or more than one stream of them."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from datasets.errors import FootageUnreadable
from detector.footage.decoder import Decoder
from detector.footage.files import list_footage, open_footage
from detector.footage.pictures import read_picture
from detector.settings import Decoding
from detector.types import Span
from tests.detector.clips import (
    HEIGHT,
    RATE,
    WIDTH,
    image,
    number_of,
    write_clip,
    write_jpegs,
    write_picture,
)

WHOLE = [Span(Fraction(0), Fraction(10**6), "hit")]
PIXELS = 1 << 25


def jpeg(number: int = 0, size: tuple[int, int] = (WIDTH, HEIGHT), **options: bytes) -> bytes:
    """A picture made by `image`, as the bytes of a JPEG."""
    held = io.BytesIO()
    Image.fromarray(image(number, *size)).save(held, "JPEG", quality=95, **options)
    return held.getvalue()


def reasons(path: Path) -> tuple[str, ...]:
    """What a look at all of the footage says of what was not looked at."""
    with Decoder(open_footage(path), Decoding()) as decoder:
        # What is looked at twice is told of once.
        for _ in range(2):
            list(decoder.keyframes(Fraction(0)))
        assert decoder.loss.lost == 0
        return decoder.loss.reasons


@pytest.mark.parametrize("name", ["a.mjpg", "a.jpg"])
def test_jpegs_one_behind_the_other_are_a_clip(tmp_path: Path, name: str) -> None:
    clip = write_clip(tmp_path / name, 60, codec="mjpeg", pix_fmt="yuvj420p", format="mjpeg")
    footage = open_footage(clip)
    assert (footage.kind, footage.container) == ("video", "mjpeg")
    # In a folder it goes by its name: two pictures in one file would hide those beside it.
    assert list_footage(tmp_path) == [clip if name == "a.mjpg" else tmp_path]
    with Decoder(footage, Decoding()) as decoder:
        keys = list(decoder.keyframes(Fraction(1)))
        assert [key.pts for key in keys] == [0, 1, 2]
        assert decoder.probe.duration == Fraction(60, RATE)
        samples = [sample for _, sample in decoder.dense(WHOLE, Fraction(0))]
        times = [Fraction(1, RATE), Fraction(1), Fraction(57, RATE)]
        frames = list(decoder.at(times))
        loss = decoder.loss
    assert (loss.expected, loss.decoded, loss.total, loss.reasons) == (60, 60, 60, ())
    assert [frame.pts for frame in frames] == times
    assert [number_of(frame.image) for frame in frames] == [1, 25 % 16, 57 % 16]
    for number, sample in enumerate(samples):
        assert sample.frame is not None and sample.pts == Fraction(number, RATE)
        assert number_of(sample.frame.image) == number % 16


def test_frames_that_are_larger_than_a_files_head_are_a_clip(tmp_path: Path) -> None:
    clip = tmp_path / "a.mjpg"
    write_jpegs(clip, 3)
    # Nor does a folder's photograph beside it make it one.
    write_picture(tmp_path / "b.jpg")
    assert list_footage(tmp_path) == [clip]
    with Decoder(open_footage(clip), Decoding()) as decoder:
        frames = list(decoder.keyframes(Fraction(0)))
    assert [number_of(frame.image) for frame in frames] == [0, 1, 2]


def test_a_clip_that_is_called_a_photograph_is_named_in_its_folder(tmp_path: Path) -> None:
    clip = tmp_path / "a.jpg"
    write_jpegs(clip, 2)
    write_picture(tmp_path / "b.jpg")
    with Decoder(open_footage(tmp_path), Decoding()) as decoder:
        assert [frame.pts for frame in decoder.keyframes(Fraction(0))] == [1]
        [told] = decoder.loss.reasons
    assert "a.jpg" in told
    with pytest.raises(FootageUnreadable, match="look at it by itself"):
        read_picture(clip, PIXELS)


def test_a_photograph_with_more_behind_it_is_no_clip(tmp_path: Path) -> None:
    container = (
        b"http://ns.adobe.com/xap/1.0/\0<x xmlns:c='http://ns.google.com/photos/1.0/container/'/>"
    )
    several = io.BytesIO()
    Image.fromarray(image(1)).save(
        several, "MPO", save_all=True, append_images=[Image.fromarray(image(2))]
    )
    indexed = jpeg(1)[:2] + b"\xff\xe1" + (len(container) + 2).to_bytes(2, "big") + container
    for name, content in {
        "alone": jpeg(1),
        "padded": jpeg(1) + bytes(5000),
        "marked": jpeg(1) + b"\xff\xd9" * 40 + b"SEFT" + b"ftyp",
        "a smaller one behind": jpeg(1) + jpeg(2, (48, 32)),
        "the next cut off": jpeg(1) + jpeg(2)[:20],
        "two views": several.getvalue(),
        "its original behind": indexed + jpeg(1)[2:] + jpeg(2),
    }.items():
        path = tmp_path / f"{name}.jpg"
        path.write_bytes(content)
        assert open_footage(path).kind == "still", name
        assert reasons(path) == (), name


@pytest.mark.parametrize("between", [b"", bytes(300), jpeg(2, (48, 32))], ids=["", "pad", "map"])
def test_a_clip_behind_a_photograph_is_told_of(tmp_path: Path, between: bytes) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 3).read_bytes()
    photo = tmp_path / "a.jpg"
    photo.write_bytes(jpeg(1) + between + clip)
    assert open_footage(photo).kind == "still"
    [told] = reasons(photo)
    assert "a clip behind the picture" in told and "times)" not in told


def test_a_moving_photograph_is_told_of_in_its_folder_too(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", 3)
    for number in range(2):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg(number) + clip.read_bytes())
    clip.unlink()
    [told] = reasons(tmp_path)
    assert "a clip behind the picture" in told and "(2 times)" in told


def test_further_pages_are_told_of_and_smaller_copies_are_none(tmp_path: Path) -> None:
    pages = [Image.fromarray(image(number)) for number in range(3)]
    several, copied = tmp_path / "several.tif", tmp_path / "copied.tif"
    pages[0].save(several, save_all=True, append_images=pages[1:])
    small = pages[0].resize((24, 16))
    small.encoderinfo = {"tiffinfo": {254: 1}}
    pages[0].save(copied, save_all=True, append_images=[small])
    [told] = reasons(several)
    assert "a further page" in told and "(2 times)" in told
    with Image.open(copied) as opened:
        assert getattr(opened, "n_frames", 1) == 2
    assert reasons(copied) == ()


def test_a_damaged_page_behind_the_first_takes_nothing_from_it(tmp_path: Path) -> None:
    page = Image.fromarray(image(3))
    path = tmp_path / "a.tif"
    page.save(path, save_all=True, append_images=[page])
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 20])
    with Decoder(open_footage(path), Decoding()) as decoder:
        [frame] = decoder.keyframes(Fraction(0))
    assert number_of(frame.image) == 3


def test_what_a_later_page_is_may_be_damaged(tmp_path: Path) -> None:
    """Its tag holds a text; the first page is as it was."""
    first, second = (Image.fromarray(image(n)) for n in (3, 4))
    kinds = ImageFileDirectory_v2()
    kinds.tagtype[254] = 2
    kinds[254] = "page"
    second.encoderinfo = {"tiffinfo": kinds}
    path = tmp_path / "a.tif"
    first.save(path, save_all=True, append_images=[second])
    with Image.open(path) as opened:
        opened.seek(1)
        assert opened.tag_v2[254] == "page"
    with Decoder(open_footage(path), Decoding()) as decoder:
        [frame] = decoder.keyframes(Fraction(0))
    assert number_of(frame.image) == 3


def test_two_pictures_in_one_file_hide_no_photographs(tmp_path: Path) -> None:
    for number in range(2):
        write_picture(tmp_path / f"{number}.jpg", number)
    assert list_footage(tmp_path) == [tmp_path]
    twice = (tmp_path / "0.jpg").read_bytes() * 2
    (tmp_path / "snap.jpg").write_bytes(twice)
    assert list_footage(tmp_path) == [tmp_path]
    with Decoder(open_footage(tmp_path), Decoding()) as decoder:
        assert len(list(decoder.keyframes(Fraction(0)))) == 2
    assert any("snap.jpg" in reason for reason in decoder.loss.reasons)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_a_lone_picture_does_not_hide_the_clip_beside_it(tmp_path: Path, name: str) -> None:
    clip = tmp_path / name
    with av.open(str(clip), "w") as out:
        moving = out.add_stream("mpeg4", rate=RATE)
        moving.width, moving.height, moving.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        lone = out.add_stream("mjpeg", rate=1)
        lone.width, lone.height, lone.pix_fmt = 2 * WIDTH, 2 * HEIGHT, "yuvj420p"
        drawn = av.VideoFrame.from_ndarray(image(9, 2 * WIDTH, 2 * HEIGHT), "rgb24")
        out.mux(lone.encode(drawn.reformat(format="yuvj420p")))
        out.mux(lone.encode(None))
        for number in range(30):
            drawn = av.VideoFrame.from_ndarray(image(number), "rgb24")
            out.mux(moving.encode(drawn.reformat(format="yuv420p")))
        out.mux(moving.encode(None))
    with Decoder(open_footage(clip), Decoding()) as decoder:
        assert (decoder.probe.width, decoder.probe.height) == (WIDTH, HEIGHT)
        assert len(list(decoder.dense(WHOLE, Fraction(1)))) == 30
        [told] = decoder.loss.reasons
    assert "a further stream of pictures" in told
