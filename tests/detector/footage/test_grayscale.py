"""Pictures of more than eight bits: their greys come as they are meant, or they are refused."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from datasets.errors import FootageUnreadable, FootageUnsupported
from detector.footage.files import open_footage
from detector.footage.pictures import read_picture

PIXELS = 1 << 25
# From black to white, as 8 bits.
RAMP = np.tile(np.linspace(0, 255, 64).astype(np.uint8), (32, 1))


def write_tiff(
    path: Path, pixels: NDArray[np.generic], photometric: int = 1, **told: tuple[int, int]
) -> Path:
    """An uncompressed TIFF, little-endian, of pixels of any type.

    Args:
        told: further tags, each as its number and its 16-bit value.
    """
    height, width = pixels.shape[:2]
    bands = pixels.size // (height * width)
    kind = {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    data = pixels.tobytes()
    bits = 8 * pixels.dtype.itemsize
    entries = {
        256: (3, 1, width), 257: (3, 1, height), 258: (3, 1, bits), 259: (3, 1, 1),
        262: (3, 1, photometric), 273: (4, 1, 8), 277: (3, 1, bands), 278: (3, 1, height),
        279: (4, 1, len(data)), 339: (3, 1, kind), **{tag: (3, 1, v) for tag, v in told.values()},
    }  # fmt: skip
    behind = 8 + len(data) + 2 + 12 * len(entries) + 4
    if bands == 2:
        entries[258], entries[339] = (3, 2, bits * 0x10001), (3, 2, kind * 0x10001)
    elif bands > 2:
        entries[258], entries[339] = (3, bands, behind), (3, bands, behind + 2 * bands)
    listed = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(entries.items()))
    values = struct.pack(f"<{2 * bands}H", *[bits] * bands, *[kind] * bands)
    head = b"II*\0" + struct.pack("<I", 8 + len(data))
    path.write_bytes(head + data + struct.pack("<H", len(entries)) + listed + bytes(4) + values)
    return path


def grey(path: Path) -> NDArray[np.int16]:
    """The greys that are looked at."""
    assert open_footage(path).kind == "still"
    picture = read_picture(path, PIXELS)
    assert (picture == picture[..., :1]).all()
    return picture[..., 0].astype(np.int16)


@pytest.mark.parametrize(
    "pixels",
    [
        RAMP.astype(np.float32) / 255,
        RAMP.astype(np.float32),
        RAMP.astype(np.int32),
        RAMP.astype(np.int32) * (0x7FFFFFFF // 255),
        RAMP.astype(np.uint16) * 257,
    ],
    ids=["0..1", "8 in floats", "8 in 32", "31", "16"],
)
@pytest.mark.parametrize("photometric", [1, 0], ids=["black is zero", "white is zero"])
def test_greys_are_brought_to_eight_bits(tmp_path, pixels, photometric):
    path = write_tiff(tmp_path / "a.tif", pixels, photometric)
    try:
        seen = grey(path)
    except FootageUnsupported as error:
        # Of white at zero Pillow knows floats and 16 bits alone.
        assert photometric == 0 and pixels.dtype.itemsize == 4 and "PNG or JPEG" in str(error)
        return
    assert abs(seen - (RAMP if photometric else 255 - RAMP.astype(np.int16))).max() <= 1


def test_twelve_bits_of_two_greys_in_three_bytes_are_brought_to_eight(tmp_path):
    pairs = (RAMP.astype(np.int32) * 4095 // 255).reshape(32, 32, 2)
    first, second = pairs[..., 0], pairs[..., 1]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], axis=-1)
    data = packed.astype(np.uint8).reshape(32, 96)
    path = write_tiff(tmp_path / "a.tif", data, width=(256, 64), bits=(258, 12))
    assert abs(grey(path) - RAMP).max() <= 1


def test_what_is_no_number_is_black(tmp_path):
    pixels = np.where(RAMP > 9, RAMP, np.nan).astype(np.float32)
    seen = grey(write_tiff(tmp_path / "a.tif", pixels))
    assert abs(seen - np.where(RAMP > 9, RAMP, 0)).max() <= 1


def test_a_tiff_of_a_kind_that_is_not_read_is_not_called_damaged(tmp_path):
    colours = write_tiff(tmp_path / "a.tif", np.dstack([RAMP] * 3).astype(np.float32) / 255, 2)
    white = write_tiff(tmp_path / "b.tif", RAMP.astype(np.uint32), 0)
    squeezed = write_tiff(tmp_path / "c.tif", RAMP, method=(259, 34712))
    photographic = write_tiff(tmp_path / "e.tif", RAMP, method=(259, 50001))
    veiled = write_tiff(tmp_path / "d.tif", np.dstack([RAMP, RAMP]), veil=(338, 1))
    assert abs(read_picture(colours, PIXELS)[..., 0].astype(np.int16) - RAMP).max() <= 1
    for path in (white, squeezed, photographic, veiled):
        with pytest.raises(FootageUnsupported, match=f"{path.name}.*not read; save it as PNG"):
            read_picture(path, PIXELS)


def test_a_tiff_whose_list_of_tags_is_torn_is_damaged(tmp_path):
    path = write_tiff(tmp_path / "a.tif", RAMP)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(FootageUnreadable, match="fetch it again"):
        read_picture(path, PIXELS)


def test_a_large_tiff_is_read(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(RAMP).save(path, big_tiff=True)
    assert path.read_bytes()[:4] == b"II+\0" and abs(grey(path) - RAMP).max() == 0
