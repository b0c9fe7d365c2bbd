"""Test material: tiny clips and pictures, made with PyAV and Pillow, the same on every run.

Frame n of a clip is a grey ground whose brightness gives n, with a red square in the upper
left corner. So a test knows which frame it has and which way up it is.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from detector.types import Span

WHOLE = [Span(Fraction(0), Fraction(10**6), "hit")]


def decoder(path: Path, **limits: float) -> Decoder:
    """A decoder of a file under usual limits, some of them changed."""
    return Decoder(open_footage(path), Decoding.model_validate(limits))


WIDTH, HEIGHT = 96, 64
RATE = 25


def image(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """Frame `number`, (height, width, 3) RGB: grey 40 + 12 (number mod 16), one corner red."""
    picture = np.full((height, width, 3), 40 + 12 * (number % 16), np.uint8)
    picture[: height // 4, : width // 4] = (250, 20, 20)
    return picture


def number_of(picture: NDArray[np.uint8]) -> int:
    """Which frame (mod 16) a picture made by `image` is, from its middle."""
    height, width, _ = picture.shape
    middle = picture[height // 2 - 4 : height // 2 + 4, width // 2 - 4 : width // 2 + 4]
    return round((float(middle.mean()) - 40) / 12)


def red_corner(picture: NDArray[np.uint8]) -> str:
    """Where the red square is: "top left", "bottom right", ..."""
    height, width, _ = picture.shape
    corners = {
        "top left": picture[height // 8, width // 8],
        "top right": picture[height // 8, -width // 8],
        "bottom left": picture[-height // 8, width // 8],
        "bottom right": picture[-height // 8, -width // 8],
    }
    return max(corners, key=lambda c: int(corners[c][0]) - int(corners[c][1]))


def write_clip(
    path: Path,
    frames: int = 50,
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    format: str | None = None,
    gop: int = 10,
    b_frames: int = 2,
    pts: Sequence[int] | None = None,
    rate: int = RATE,
    rotation: int | None = None,
    aspect: Fraction | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    pix_fmt: str = "yuv420p",
    images: Sequence[NDArray[np.uint8]] | None = None,
) -> Path:
    """A clip of `frames` frames, `rate` a second, or at the given `pts` (in 1/1000 s)."""
    defaults = {"threads": "1"}
    if codec == "libx264":
        defaults |= {"preset": "ultrafast", "crf": "18"}
    with av.open(str(path), "w", format=format, container_options=container_options or {}) as out:
        stream = out.add_stream(codec, rate=rate, options={**defaults, **(options or {})})
        stream.width, stream.height = size
        stream.pix_fmt = pix_fmt
        stream.gop_size = gop
        # x264 sets the key frames alone; a scene cut would add others.
        if codec in ("libx264", "mpeg4", "mpeg2video"):
            stream.codec_context.max_b_frames = b_frames
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if pts is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
        for n in range(frames):
            picture = images[n] if images is not None else image(n, *size)
            frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(format=pix_fmt)
            frame.pts = n if pts is None else pts[n]
            frame.time_base = Fraction(1, rate) if pts is None else Fraction(1, 1000)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_sound(path: Path) -> Path:
    """Half a second of silence in an MP4."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


def write_late_clip(path: Path, frames: int = 250, *, late: int, b_frames: int = 2) -> Path:
    """A clip with sound from 0 s to its end, whose pictures begin after `late` seconds, as in a
    recording cut without decoding it. One keyframe, the first."""
    with av.open(str(path), "w") as out:
        options = {"threads": "1", "preset": "ultrafast"}
        pictures = out.add_stream("libx264", rate=RATE, options=options)
        pictures.width, pictures.height, pictures.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        pictures.gop_size, pictures.codec_context.max_b_frames = frames, b_frames
        sound = out.add_stream("aac", rate=8000, layout="mono")
        for start in range(0, (late * RATE + frames) * 8000 // RATE, 1024):
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            silence.sample_rate, silence.pts = 8000, start
            out.mux(sound.encode(silence))
        out.mux(sound.encode(None))
        for n in range(frames):
            frame = av.VideoFrame.from_ndarray(image(n), "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = late * RATE + n, Fraction(1, RATE)
            out.mux(pictures.encode(frame))
        out.mux(pictures.encode(None))
    return path


def write_two_streams(path: Path) -> Path:
    """A clip of two frames with two streams of pictures, the second one smaller."""
    with av.open(str(path), "w") as out:
        streams = [out.add_stream("mpeg4", rate=RATE) for _ in range(2)]
        for stream, size in zip(streams, ((WIDTH, HEIGHT), (HEIGHT, HEIGHT)), strict=True):
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
        for stream in streams:
            for n in range(2):
                drawn = av.VideoFrame.from_ndarray(image(n, stream.width, stream.height), "rgb24")
                out.mux(stream.encode(drawn.reformat(format="yuv420p")))
            out.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, options: dict[str, str] | None = None) -> Path:
    """The same packets in another container."""
    with (
        av.open(str(source)) as read,
        av.open(str(target), "w", container_options=options or {}) as out,
    ):
        stream = read.streams.video[0]
        copy = out.add_stream_from_template(stream)
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                out.mux(packet)
    return target


def write_picture(path: Path, number: int = 0, orientation: int | None = None) -> Path:
    """One picture; the suffix gives its format, `orientation` is the EXIF value."""
    picture = Image.fromarray(image(number))
    exif = Image.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    picture.save(path, exif=exif)
    return path


def write_odd_photo(path: Path, number: int, odd: bytes) -> Path:
    """A JPEG turned clockwise by its EXIF (orientation 6), which holds an odd entry besides.

    Args:
        odd: 12 bytes: tag, type, count, value (CIPA DC-008, 4.6.2), little-endian.
    """
    turned = struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\0\0II" + struct.pack("<HIH", 42, 8, 2) + odd + turned + bytes(4)
    Image.fromarray(image(number)).save(path, exif=exif)
    return path


def patch(path: Path, target: Path, offset: int, new: bytes) -> Path:
    """A copy of `path` with the bytes at `offset` replaced."""
    data = bytearray(path.read_bytes())
    data[offset : offset + len(new)] = new
    target.write_bytes(data)
    return target


def claim_frames(path: Path, target: Path, count: int) -> Path:
    """A copy of an AVI whose stream header claims `count` frames (dwLength of `strh`)."""
    at = path.read_bytes().index(b"strh") + 8
    return patch(path, target, at + 32, count.to_bytes(4, "little"))


def claim_size(path: Path, target: Path, side: int) -> Path:
    """A copy of a PNG, or of a clip of PNGs, whose pictures claim to be side x side."""
    data = bytearray(path.read_bytes())
    at = data.find(b"IHDR")
    while at >= 0:
        data[at + 4 : at + 12] = side.to_bytes(4, "big") * 2
        data[at + 17 : at + 21] = zlib.crc32(data[at : at + 17]).to_bytes(4, "big")
        at = data.find(b"IHDR", at + 1)
    target.write_bytes(data)
    return target


def claim_length(path: Path, seconds: float) -> Path:
    """A Matroska or FLV clip, made to declare that it lasts so long."""
    data = path.read_bytes()
    if path.suffix == ".mkv":
        at = data.index(b"\x44\x89\x88") + 3
        told = struct.pack(">d", seconds * 1000)
    else:
        at = data.index(b"duration\0") + 9
        told = struct.pack(">d", seconds)
    path.write_bytes(data[:at] + told + data[at + 8 :])
    return path
