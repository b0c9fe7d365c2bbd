"""Damaged footage, and what becomes of it: `python -m tests.detector.damage` prints the table."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from datasets.errors import FootageError
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from detector.types import Loss, Span
from tests.detector.clips import claim_frames, claim_size, write_clip, write_picture, write_sound

SEED = 20240607
FRAMES = 60


@dataclass(frozen=True)
class Outcome:
    """Either the frames of a footage that could be looked at, or its named error."""

    loss: Loss | None
    error: FootageError | None

    def __str__(self) -> str:
        if self.error is not None:
            return f"error `{self.error.kind}`"
        assert self.loss is not None
        return f"{self.loss.decoded} of {self.loss.expected} frames"


def outcome(path: Path, limits: Decoding | None = None) -> Outcome:
    """Everything the program does with footage: open, keyframes, then all of it, then a still."""
    try:
        with Decoder(open_footage(path), limits or Decoding()) as decoder:
            for _ in decoder.keyframes(Fraction(1, 2)):
                pass
            for _ in decoder.dense([Span(Fraction(0), Fraction(10**6), "hit")], Fraction(1, 2)):
                pass
            for _ in decoder.at([Fraction(1)]):
                pass
            return Outcome(decoder.loss, None)
    except FootageError as error:
        return Outcome(None, error)


def damages(folder: Path) -> Iterator[tuple[str, Path]]:
    """Each damage in words, and a file that has it. Two minutes of a clip would do as well as
    its 60 frames: what matters is where the damage falls."""
    first = write_clip(
        folder / "first.mp4", FRAMES, container_options={"movflags": "faststart"}
    ).read_bytes()
    last = write_clip(folder / "last.mp4", FRAMES).read_bytes()
    stream = write_clip(folder / "stream.ts", FRAMES).read_bytes()
    path = folder / "clip.mp4"

    def damaged(data: bytes) -> Path:
        path.write_bytes(data)
        return path

    yield "none (index first)", damaged(first)
    for percent in range(5, 100, 5):
        yield f"cut at {percent} %, index first", damaged(first[: len(first) * percent // 100])
    for percent in (25, 50, 75, 95):
        yield f"cut at {percent} %, index last", damaged(last[: len(last) * percent // 100])
        data = stream[: len(stream) * percent // 100]
        yield f"cut at {percent} %, transport stream", damaged(data)
    for flips in (1, 10, 100, 1000):
        for name, data in (("mp4", last), ("transport stream", stream)):
            yield f"{flips} bits flipped, {name}", damaged(flip(data, flips))
    yield "first 1000 bytes missing, mp4", damaged(first[1000:])
    yield "first 1000 bytes zero, mp4", damaged(bytes(1000) + first[1000:])
    yield "first 1000 bytes missing, transport stream", damaged(stream[1000:])
    yield "a playlist renamed .mp4", damaged(b"#EXTM3U\n#EXTINF:1,\nhttp://example.org/1.ts\n")
    yield "a web page renamed .mp4", damaged(b"<!DOCTYPE html><title>404</title>")
    yield "an archive renamed .mp4", damaged(b"PK\x03\x04" + bytes(100))
    yield "no bytes", damaged(b"")
    yield "noise", damaged(random.Random(SEED).randbytes(20_000))
    yield "noise behind an MP4 header", damaged(first[:40] + random.Random(SEED).randbytes(20_000))
    png = write_picture(folder / "one.png")
    yield "a 16000x16000 picture", claim_size(png, folder / "big.png", 16_000)
    pngs = write_clip(folder / "png.avi", 5, codec="png", pix_fmt="rgb24")
    yield "a 16000x16000 clip", claim_size(pngs, folder / "big.avi", 16_000)
    mjpeg = write_clip(folder / "mjpeg.avi", FRAMES, codec="mjpeg", pix_fmt="yuvj420p")
    yield "a clip claiming a million frames", claim_frames(mjpeg, folder / "many.avi", 1_000_000)
    yield "a clip claiming a thousand million", claim_frames(mjpeg, folder / "most.avi", 10**9)
    yield "sound only", write_sound(folder / "sound.mp4")
    yield "encrypted", write_encrypted(folder / "encrypted.mp4")


def flip(data: bytes, count: int) -> bytes:
    """`count` bits flipped, anywhere, the same ones on every run."""
    random_source = random.Random(SEED + count)
    copy = bytearray(data)
    for _ in range(count):
        copy[random_source.randrange(len(copy))] ^= 1 << random_source.randrange(8)
    return bytes(copy)


def write_encrypted(path: Path) -> Path:
    """A clip under common encryption (ISO 23001-7)."""
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "76" * 16}
    return write_clip(path, 10, container_options={**options, "encryption_kid": "a7" * 16})


def main() -> None:
    print("| damage | outcome | process survived |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in damages(Path(folder)):
            print(f"| {name} | {outcome(path)} | yes |", flush=True)


if __name__ == "__main__":
    main()
