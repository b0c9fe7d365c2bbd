"""The picture of a builder's logo that an entry of the registry may name."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
MOST_BYTES = 1 << 20
"""It goes with the registry to every worker."""
LEAST_SIDE, MOST_SIDE = 16, 4096


def read_logo(path: Path) -> bytes:
    """The bytes of a picture of a logo, checked. Raises ValueError: it cannot be read, or is not a
    fit picture; the message names it."""
    if path.exists() and not path.is_file():  # a pipe would be waited for
        raise ValueError(f"{path}: no file; name a picture")
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > MOST_BYTES:
        raise ValueError(f"{path}: larger than {MOST_BYTES >> 20} MiB; cut it close and save it so")
    try:
        logo_picture(content)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    return content


def logo_picture(content: bytes) -> NDArray[np.uint8]:
    """The picture, RGB (height, width, 3), or RGBA (height, width, 4) where it has a cover. Raises
    ValueError: it is no picture of `FORMATS`, too small or too large, or of one tone."""
    try:
        with warnings.catch_warnings():
            # A damaged profile or a palette's cover is no matter here; its size is looked at.
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                sides = opened.size
                fits = min(sides) >= LEAST_SIDE and max(sides) <= MOST_SIDE
                picture = _pixels(opened) if fits else None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"no picture that can be read (one of {', '.join(FORMATS)})") from error
    if picture is None:
        raise ValueError(f"{sides[0]}x{sides[1]} pixels; a side has {LEAST_SIDE} to {MOST_SIDE}")
    # What is looked at is the tone; where nothing is covered there is none.
    shown = picture[picture[..., 3] > 0] if picture.shape[2] == 4 else picture
    even = shown.size == 0 or int(np.ptp(shown[..., :3].reshape(-1, 3), axis=0).max()) == 0
    if even and (picture.shape[2] == 3 or int(np.ptp(picture[..., 3])) == 0):
        raise ValueError("all of one colour: there is no logo on it")
    return picture


def _pixels(opened: Image.Image) -> NDArray[np.uint8]:
    """Upright, greys of 16 bits as such of 8: Pillow would cut off what is lighter than 255."""
    upright = ImageOps.exif_transpose(opened)
    if upright.mode.startswith("I"):
        upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
    return np.asarray(upright.convert("RGBA" if upright.has_transparency_data else "RGB"))
