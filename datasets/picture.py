"""What a picture file says of itself: its size, without decoding it."""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import Image

from datasets.errors import DataError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
_ORIENTATION = 0x0112  # the EXIF tag; 5 to 8 stand for a quarter turn


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as stored, no turn by EXIF applied.

    Raises:
        DataError: no such file, or not a picture of `FORMATS`.
    """
    try:
        with warnings.catch_warnings():
            # Only the head is read: how many pixels follow is no danger here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as picture:
                return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        reason = getattr(error, "strerror", None) or f"not one of {', '.join(FORMATS)}"
        raise DataError(f"{path}: it cannot be read as a picture ({reason})") from error


def check_size(path: Path, width: int, height: int, where: str) -> None:
    """Whether a picture has the size its annotation gives: else its boxes lie elsewhere.

    Raises:
        DataError: it has another; the message begins with `where`.
    """
    stored = picture_size(path)
    if stored == (width, height):
        return
    turned = stored == (height, width) and _is_turned(path)
    hint = "; it is stored turned (EXIF): save it upright" if turned else ""
    raise DataError(
        f"{where}: {path.name} is {stored[0]}x{stored[1]}, but is said to be {width}x{height}{hint}"
    )


def _is_turned(path: Path) -> bool:
    with Image.open(path, formats=FORMATS) as picture:
        return int(picture.getexif().get(_ORIENTATION, 1)) >= 5
