"""One picture's file read into pixels: by Pillow, by FFmpeg, as far as it goes, upright.

Runs in the decoder process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from itertools import count
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from datasets.errors import FootageError
from datasets.messages import Message
from detector.footage import reasons
from detector.footage.jpeg import clip_follows
from detector.footage.reasons import CLIP_BEHIND, CUT_SHORT, FURTHER_PAGE, SHRUNK
from detector.footage.sniff import PICTURES, sniff_file
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

    pixels: a picture of more is shrunk to so many while it is decoded.
    tell: gets each reason why it is not the whole picture.
    beat: called now and then while a large one is decoded.
    Raises FootageError: the kind that fits (`detector.footage.reasons`).
    """
    told: set[str] = set()
    container = container_of(path)
    picture = _read(PictureTask(path, container, pixels, told.add, beat))
    for reason in sorted(told):
        tell(reason)
    with suppress(OSError):  # gone since it was read: what came of it stays
        for reason in _list_unread(path, container, beat):
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
        raise reasons.OUT_OF_MEMORY.of(task.path) from error
    # On damaged data, and on kinds it does not know, Pillow raises whatever it comes upon.
    except Exception as error:
        picture = _read_another_way(task, error)
        if picture is not None:
            return picture
        if task.container == "tiff" and _is_unknown_tiff(task.path):
            kind = Message("the TIFF, by its colours, bits or compression,")
            raise reasons.NOT_READ.of(task.path, what=kind) from error
        if "nsupported" in str(error):
            kind = Message("a picture coded like this")
            raise reasons.NOT_READ.of(task.path, what=kind) from error
        raise reasons.DAMAGED_PICTURE.of(task.path, why=error) from error


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
                raise reasons.TOO_MANY_PIXELS.of(
                    path, width=width, height=height, pixels=MOST_PIXELS
                )
            if part := _only_a_part(image):
                raise reasons.PART.of(path, what=part)
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


def _read_another_way(task: PictureTask, error: Exception) -> Picture | None:
    """What Pillow does not read, by FFmpeg, or as far as it goes; None where neither helps. Of a
    damaged JPEG FFmpeg does not say that it is: it comes last. It reads those of twelve bits."""
    try:
        if task.container != "jpeg":
            picture = read_by_ffmpeg(task)
            if picture is not None or task.container not in _CUT_SHORT:
                return picture
        # Pillow also passes over texts that are too large, which are no part of the picture.
        whole = is_text = task.container == "png" and isinstance(error, ValueError)
        picture = _as_far_as_it_goes(task)
        if picture is None and task.container == "jpeg":
            whole = isinstance(error, UnidentifiedImageError)
            picture = read_by_ffmpeg(task)
        if picture is None or (not is_text and (picture == picture[0, 0]).all()):
            return None
        if not whole:
            task.tell(CUT_SHORT)
        return picture
    except MemoryError as lack:
        raise reasons.OUT_OF_MEMORY.of(task.path) from lack
    # Whatever FFmpeg's plan comes upon in damaged data: what Pillow said is told then.
    except Exception:
        return None


def _as_far_as_it_goes(task: PictureTask) -> Picture | None:
    """What Pillow reads of a damaged picture; None if nothing."""
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        return _by_pillow(task)
    except MemoryError:
        raise
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


def _is_unknown_tiff(path: Path) -> bool:
    """True if Pillow lacks this TIFF's kind, and does not say so; False if it is damaged. Pillow
    knows of WebP in a TIFF; the library that it comes with does not."""
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
    """The colours of a picture that was loaded. Raises FootageUnsupported: they are unknown."""
    if is_deep(image):
        image = Image.fromarray(_eight_bits(image, white_is_zero))
    try:
        return np.asarray(image.convert("RGB"))
    except ValueError as error:
        what = Message("a picture in %(mode)s", mode=image.mode)
        raise reasons.NOT_READ.of(path, what=what) from error


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
    Pillow's own `exif_transpose` rewrites the EXIF; one odd tag in it prevents that."""
    try:
        turn = _TURNS.get(stored.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:
        return image
    return image if turn is None else image.transpose(turn)


def container_of(path: Path) -> str:
    """What kind of picture a file is; raises as `read_picture`."""
    try:
        with path.open("rb") as file:
            found = sniff_file(file, path)
    except OSError as error:
        raise reasons.CHANGED_FILE.of(path, why=error.strerror) from error
    if found.kind != "still":
        raise reasons.MISNAMED.of(path)
    return found.container


def is_deep(image: Image.Image) -> bool:
    """True for greys of more than eight bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _eight_bits(image: Image.Image, white_is_zero: bool) -> NDArray[np.uint8]:
    """The greys of a picture that `is_deep`: 16 bits as they are, others from darkest to lightest.

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


# A page that is none: a smaller copy of another, or its mask (TIFF 6.0, NewSubfileType; and
# SubfileType, which files of old have).
_NO_PAGE, _OLD_REDUCED = 1 | 4, 2


def _list_unread(path: Path, container: str, beat: Callable[[], None]) -> Iterator[str]:
    """What is not looked at in a picture's file, once for each page or clip."""
    if container == "jpeg":
        with path.open("rb") as file:
            if clip_follows(file):
                yield CLIP_BEHIND
    if container == "tiff":
        yield from (FURTHER_PAGE for _ in range(_count_pages(path, beat)))


def _count_pages(path: Path, beat: Callable[[], None]) -> int:
    """The pages behind the first, as far as they can be found."""
    pages = 0
    with warnings.catch_warnings(), Image.open(path, formats=["TIFF"]) as image:
        warnings.simplefilter("ignore")
        assert isinstance(image, TiffImageFile)
        for number in count(1):
            beat()
            try:
                image.seek(number)
            except MemoryError:
                raise
            except SyntaxError:
                pass  # a page of a kind that is not read; its tags are there all the same
            # On damaged data Pillow's readers raise whatever they come upon.
            except Exception:
                break
            kind = image.tag_v2.get(ExifTags.Base.NewSubfileType, 0)
            old = image.tag_v2.get(ExifTags.Base.SubfileType, 0)
            # A damaged one may be a text.
            copied = isinstance(kind, int) and bool(kind & _NO_PAGE)
            pages += not copied and old != _OLD_REDUCED
    return pages
