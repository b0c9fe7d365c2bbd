"""One picture's file read into pixels: by Pillow, by FFmpeg, as far as it goes, upright.

Runs in the decoder process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile
from PIL.TiffImagePlugin import TiffImageFile

from datasets.errors import (
    DecoderOutOfMemory,
    FootageEmpty,
    FootageError,
    FootageTooLarge,
    FootageUnreadable,
    FootageUnsupported,
)
from datasets.messages import Message
from detector.footage.losses import CUT_SHORT, EMPTY, NOT_READ, OUT_OF_MEMORY, SHRUNK
from detector.footage.sniff import HEAD_BYTES, PICTURES, look_further, sniff
from detector.footage.tiles import (
    MOST_PIXELS,
    PictureTask,
    has_known_items,
    is_cut_short,
    read_by_ffmpeg,
)
from detector.types import Picture

# The size is checked against our own cap before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

_LARGE = Message(
    "%(path)s: %(width)s x %(height)s pixels; photographs of at most %(pixels)s are looked at"
)
_DAMAGED = Message("%(path)s: the picture is damaged (%(why)s); fetch it again")

# Pillow reads these as far as they go.
_CUT_SHORT = ("jpeg", "png", "tiff")
_WEBP_IN_TIFF = 50001
# Rows of a shrunk picture that are made at a time.
_STRIP = 256

# What brings a picture upright, by its EXIF orientation (CIPA DC-008, 4.6.5.1).
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(
    path: Path,
    pixels: int,
    tell: Callable[[str], None] = lambda reason: None,
    beat: Callable[[], None] = lambda: None,
) -> Picture:
    """The upright picture, its EXIF orientation honoured: (height, width, 3) RGB.

    Args:
        pixels: a picture of more is shrunk to so many while it is decoded.
        tell: gets each reason why it is not the whole picture.
        beat: called now and then while a large one is decoded.

    Raises:
        FootageTooLarge: more than `MOST_PIXELS`, by its header.
        FootageUnsupported: an animation, only a preview of what the file holds, or colours that
            are not read.
        FootageUnreadable: damaged throughout, or no picture.
        FootageEmpty: no bytes.
        DecoderOutOfMemory: it needs more than there is.
    """
    reasons: set[str] = set()
    picture = _read(PictureTask(path, container_of(path), pixels, reasons.add, beat))
    for reason in sorted(reasons):
        tell(reason)
    return picture


def _read(task: PictureTask) -> Picture:
    if task.container == "heic":
        _read_heic()
    try:
        return _by_pillow(task)
    except FootageError:
        raise
    except MemoryError as error:
        raise DecoderOutOfMemory(OUT_OF_MEMORY.fill(path=task.path)) from error
    # On damaged data, and on kinds it does not know, Pillow raises whatever it comes upon.
    except Exception as error:
        picture = _otherwise(task, error)
        if picture is not None:
            return picture
        if task.container == "tiff" and _is_unknown_tiff(task.path):
            kind = Message("the TIFF, by its colours, bits or compression,")
            raise _not_read(task.path, kind) from error
        if "nsupported" in str(error):
            raise _not_read(task.path, Message("a picture coded like this")) from error
        raise FootageUnreadable(_DAMAGED.fill(path=task.path, why=error)) from error


def _by_pillow(task: PictureTask) -> Picture:
    path, container = task.path, task.container
    if container == "heic" and not has_known_items(path):
        raise ValueError("it has items of no known type")  # at which libheif's wrapper dies
    # Pillow warns of odd metadata; what matters here is whether the picture can be read.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=[PICTURES[container]]) as image:
            if image.width * image.height > MOST_PIXELS:
                width, height = image.size
                raise FootageTooLarge(
                    _LARGE.fill(path=path, width=width, height=height, pixels=MOST_PIXELS)
                )
            if part := _only_a_part(image):
                raise FootageUnsupported(
                    Message(
                        "%(path)s: %(what)s is not read; save it anew first, an animation as "
                        "MP4, a picture as PNG",
                        path=path,
                        what=part,
                    )
                )
            white_is_zero = isinstance(image, TiffImageFile) and image.tag_v2.get(262) == 0
            scale = sqrt(min(1.0, task.pixels / (image.width * image.height)))
            size = max(1, int(image.width * scale)), max(1, int(image.height * scale))
            if container in ("heic", "avif") and is_cut_short(path):
                task.tell(CUT_SHORT)
            if size == image.size:
                image.load()
                return _rgb(_upright(image, image), white_is_zero, path)
            # Pillow would hold these several times over.
            picture = read_by_ffmpeg(task) if container in ("webp", "heic") else None
            if picture is not None:
                return picture
            task.tell(SHRUNK)
            image.draft(None, size)
            image.load()
            mode = image.mode if is_deep(image) else "RGB"
            shrunk = _upright(_shrunk(image, mode, size), image)
            return _rgb(shrunk, white_is_zero, path)


def _shrunk(image: Image.Image, mode: str, size: tuple[int, int]) -> Image.Image:
    """A picture shrunk in strips: whole, Pillow would make two more copies of it."""
    shrunk = Image.new(mode, size)
    scale = image.height / size[1]
    for top in range(0, size[1], _STRIP):
        bottom = min(size[1], top + _STRIP)
        first, last = int(top * scale), min(image.height, ceil(bottom * scale))
        box = (0, top * scale - first, image.width, min(bottom * scale, image.height) - first)
        strip = image.crop((0, first, image.width, last)).convert(mode)
        strip = strip.resize((size[0], bottom - top), box=box, reducing_gap=2.0)
        shrunk.paste(strip, (0, top))
    return shrunk


def _otherwise(task: PictureTask, error: Exception) -> Picture | None:
    """What Pillow does not read, by FFmpeg, or as far as it goes; None where neither helps."""
    try:
        picture = read_by_ffmpeg(task)
        if picture is not None or task.container not in _CUT_SHORT:
            return picture
        # It also passes over texts that are too large, which are no part of the picture.
        whole = task.container == "png" and isinstance(error, ValueError)
        ImageFile.LOAD_TRUNCATED_IMAGES = True
        picture = _by_pillow(task)
        if not whole:
            task.tell(CUT_SHORT)
        is_blank = not whole and picture.min() == picture.max()
        return None if is_blank else picture
    except MemoryError as lack:
        raise DecoderOutOfMemory(OUT_OF_MEMORY.fill(path=task.path)) from lack
    except Exception:
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


@cache
def _read_heic() -> None:
    """Teaches Pillow to read what phones take photographs in."""
    import pi_heif

    # One thread, as everywhere; and the picture alone, without previews and depths beside it.
    options = pi_heif.options
    options.DECODE_THREADS = 1
    options.THUMBNAILS = options.AUX_IMAGES = options.DEPTH_IMAGES = False
    pi_heif.register_heif_opener()


def _not_read(path: Path, what: str) -> FootageUnsupported:
    return FootageUnsupported(NOT_READ.fill(path=path, what=what))


def _is_unknown_tiff(path: Path) -> bool:
    """True if Pillow lacks this TIFF's kind; False if the TIFF is damaged.

    Pillow looks the kinds up, and `Image.open` does not say that it found none. Of WebP in a TIFF
    it knows, and the library that it comes with does not.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with TiffImageFile(path) as image:
                return image.tag_v2.get(ExifTags.Base.Compression) == _WEBP_IN_TIFF
        except SyntaxError as error:
            return isinstance(error.__cause__, KeyError)
        except (ValueError, OSError):  # a list of tags that lies nowhere
            return False


def _rgb(image: Image.Image, white_is_zero: bool, path: Path) -> Picture:
    """The colours of a picture that was loaded.

    Raises:
        FootageUnsupported: they cannot be told.
    """
    if is_deep(image):
        image = Image.fromarray(_eight_bits(image, white_is_zero))
    try:
        return np.asarray(image.convert("RGB"))
    except ValueError as error:
        raise _not_read(path, Message("a picture in %(mode)s", mode=image.mode)) from error


def _only_a_part(image: Image.Image) -> str | None:
    """What the file is where the one picture that would be read is not all of it."""
    if image.format in ("PNG", "WEBP", "AVIF") and getattr(image, "is_animated", False):
        return Message("an animation")
    # Raw pictures of cameras (NEF, ARW, DNG) are TIFF files that begin with a preview.
    reduced = ExifTags.Base.NewSubfileType
    if isinstance(image, TiffImageFile) and image.tag_v2.get(reduced, 0) & 1:
        return Message("a camera's raw picture")
    return None


def _upright(image: Image.Image, stored: Image.Image) -> Image.Image:
    """The picture turned as the EXIF of the stored one says; not where that cannot be read.

    Pillow's own `exif_transpose` rewrites the EXIF; one odd tag in it prevents that.
    """
    try:
        turn = _TURNS.get(stored.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:
        return image
    return image if turn is None else image.transpose(turn)


def container_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if not head:
            raise FootageEmpty(EMPTY.fill(path=path))
        found = look_further(sniff(head, path), path)
    except OSError as error:
        raise FootageUnreadable(
            Message("%(path)s: cannot be read (%(why)s)", path=path, why=error.strerror)
        ) from error
    if found.kind != "still":
        raise FootageUnreadable(
            Message("%(path)s: a clip under a picture's name; look at it by itself", path=path)
        )
    return found.container


def is_deep(image: Image.Image) -> bool:
    """True for greys of more than eight bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _eight_bits(image: Image.Image, white_is_zero: bool) -> NDArray[np.uint8]:
    """The greys of a picture that `is_deep`: 16 bits as they are, others from darkest to lightest.

    Args:
        white_is_zero: as a TIFF may have it (TIFF 6.0, section 8).
    """
    greys = np.asarray(image)
    if image.mode.startswith("I;16"):
        # Some hold twelve bits.
        eight = (greys >> (8 if greys.max() >= 1 << 12 else 4)).astype(np.uint8)
    else:
        light = np.nan_to_num(greys.astype(np.float64), posinf=0.0, neginf=0.0)
        black, white = light.min(), max(light.max(), light.min() + 1e-9)
        eight = ((light - black) / (white - black) * 255 + 0.5).astype(np.uint8)
    return ~eight if white_is_zero else eight
