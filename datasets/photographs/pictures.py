"""What a picture file says of itself: its size, whether it is upright; and whether it is whole."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from datasets.errors import DataError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF")
_ORIENTATION = 0x0112  # the EXIF tag; 1 is upright, 2 to 8 are turned or mirrored
_TURNED = range(2, 9)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels as stored, no turn by EXIF applied. Raises DataError: no such
    file, or not a picture of `FORMATS`."""
    with opened(path) as picture:
        return picture.size


def check_upright(path: Path, where: str) -> None:
    """Whether a picture is stored as it is looked at.

    Some programs turn what EXIF calls turned, others do not. Boxes that were drawn in one lie
    elsewhere in the other. Nothing in a data set tells in which they were drawn.

    Raises DataError: it is not upright, or as `picture_size`; the message begins with `where`, or
    with the path.
    """
    turned = None
    # EXIF that cannot be read turns nothing.
    with opened(path) as picture, suppress(SyntaxError, ValueError, struct.error):
        # A PNG's may stand behind its pixels; its own `getexif` decodes these to get there.
        behind = picture.format == "PNG" and b"eXIf" in path.read_bytes()
        exif = picture.getexif() if behind else Image.Image.getexif(picture)
        turned = exif.get(_ORIENTATION)
    if turned in _TURNED:
        raise DataError(f"{where}: {path.name}: it is stored turned (EXIF): save it upright")


def check_whole(path: Path, where: str) -> None:
    """Whether all of a picture can be decoded: one that was cut short says so nowhere else. Raises
    DataError: it cannot, or as `picture_size`; the message begins with `where`, or the path."""
    with opened(path) as picture:
        # Of a JPEG every byte is read all the same, and a tenth of the work is done.
        picture.draft(None, (1, 1))
        try:
            picture.load()
        except (OSError, ValueError, SyntaxError, struct.error) as error:
            raise DataError(
                f"{where}: {path.name}: it is damaged or cut short ({error}): fetch it again, or "
                "leave it out"
            ) from error


@contextmanager
def opened(path: Path) -> Iterator[Image.Image]:
    """A picture file of `FORMATS`. Raises DataError: no such file, or what is done with the picture
    cannot be done."""
    try:
        with warnings.catch_warnings():
            # Only the head is read: how many pixels follow is no danger here, and EXIF that is
            # damaged turns nothing.
            warnings.simplefilter("ignore")
            with Image.open(path, formats=FORMATS) as picture:
                yield picture
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        other = isinstance(error, UnidentifiedImageError)
        reason = f"not one of {', '.join(FORMATS)}" if other else getattr(error, "strerror", error)
        raise DataError(f"{path}: it cannot be read as a picture ({reason})") from error
