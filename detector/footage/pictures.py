"""One picture's file read into pixels: by Pillow, by FFmpeg, as far as it goes, upright.

Runs in the decoder process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import av
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
from detector.footage.frames import Upright
from detector.footage.losses import CUT_SHORT, SHRUNK
from detector.footage.sniff import HEAD_BYTES, PICTURES, look_further, sniff
from detector.types import Picture

# The size is checked against our own cap before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

MOST_PIXELS = 200_000_000
"""Of a photograph, as telephones take them."""

# Which demuxer of FFmpeg reads what Pillow does not.
_DEMUXERS = {"tiff": "tiff_pipe", "heic": "mov", "avif": "mov"}

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
    path: Path, pixels: int, tell: Callable[[str], None] = lambda reason: None
) -> Picture:
    """The upright picture, its EXIF orientation honoured: (height, width, 3) RGB.

    Args:
        pixels: a picture of more is shrunk to so many while it is decoded.
        tell: gets each reason why it is not the whole picture.

    Raises:
        FootageTooLarge: more than `MOST_PIXELS`, by its header.
        FootageUnsupported: an animation, only a preview of what the file holds, or colours or
            greys that are not read.
        FootageUnreadable: damaged throughout, or no picture.
        FootageEmpty: no bytes.
        DecoderOutOfMemory: it needs more than there is.
    """
    container = container_of(path)
    if container == "heic":
        _read_heic()
    try:
        return _by_pillow(path, container, pixels, tell)
    except FootageError:
        raise
    except MemoryError as error:
        raise _out_of_memory(path) from error
    # On damaged data, and on kinds it does not know, Pillow raises whatever it comes upon.
    except Exception as error:
        picture = _otherwise(path, container, pixels, tell, error)
        if picture is not None:
            return picture
        if container == "tiff" and _is_unknown_tiff(path):
            kind = Message("the TIFF, by its colours, bits or compression,")
            raise _not_read(path, kind) from error
        if "nsupported" in str(error):
            raise _not_read(path, Message("a picture coded like this")) from error
        raise _damaged(path, error) from error


def _by_pillow(path: Path, container: str, pixels: int, tell: Callable[[str], None]) -> Picture:
    # Pillow warns of odd metadata; what matters here is whether the picture can be read.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=[PICTURES[container]]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise FootageTooLarge(
                    Message(
                        "%(path)s: %(width)s x %(height)s pixels; photographs of at most "
                        "%(pixels)s are looked at",
                        path=path,
                        width=image.width,
                        height=image.height,
                        pixels=MOST_PIXELS,
                    )
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
            tags = tags_of(image)
            size = _size_within(image, pixels)
            if size != image.size:
                tell(SHRUNK)
                image.draft(None, size)
            image.load()
            fits = image if size == image.size else image.resize(size, reducing_gap=2.0)
            return _rgb(_upright(fits, image), tags, path)


def _size_within(image: Image.Image, pixels: int) -> tuple[int, int]:
    width, height = image.size
    scale = sqrt(min(1.0, pixels / (width * height)))
    return max(1, int(width * scale)), max(1, int(height * scale))


def _otherwise(
    path: Path, container: str, pixels: int, tell: Callable[[str], None], error: Exception
) -> Picture | None:
    """What Pillow does not read, by FFmpeg, or as far as it goes; None where neither helps."""
    try:
        picture, whole = _by_ffmpeg(path, container, pixels, tell), False
        if picture is None and container in ("jpeg", "png", "tiff"):
            # It also passes over texts that are too large, which are no part of the picture.
            whole = container == "png" and isinstance(error, ValueError)
            ImageFile.LOAD_TRUNCATED_IMAGES = True
            picture = _by_pillow(path, container, pixels, tell)
            if not whole:
                tell(CUT_SHORT)
        is_blank = picture is None or (not whole and picture.min() == picture.max())
        return None if is_blank else picture
    except MemoryError as lack:
        raise _out_of_memory(path) from lack
    except Exception:
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False


def _by_ffmpeg(
    path: Path, container: str, pixels: int, tell: Callable[[str], None]
) -> Picture | None:
    if container not in _DEMUXERS:
        return None
    with path.open("rb") as file:
        if container != "tiff" and b"grid" in file.read(HEAD_BYTES):
            return None  # tiles, which FFmpeg gives one by one
    options = {"protocol_whitelist": "file", "max_pixels": str(pixels)}
    try:
        with av.open(f"file:{path}", format=_DEMUXERS[container], options=options) as opened:
            # An AVIF may hold one picture in several sizes.
            stream = max(opened.streams.video, key=lambda s: s.width * s.height)
            stream.codec_context.options = {"max_pixels": str(pixels)}
            packet = next(opened.demux(stream))
            frame = next(iter([*stream.decode(packet), *stream.decode(None)]), None)
    except av.FFmpegError as error:
        if isinstance(error, MemoryError):
            raise
        return None
    if frame is None:
        return None
    if packet.is_corrupt or frame.is_corrupt:
        tell(CUT_SHORT)
    return Upright(frame, Fraction(1)).picture(frame, Fraction(1))


def _out_of_memory(path: Path) -> DecoderOutOfMemory:
    return DecoderOutOfMemory(
        Message(
            "%(path)s: the decoder needs more memory than it may have (setting "
            "decoding.address_space)",
            path=path,
        )
    )


@cache
def _read_heic() -> None:
    """Teaches Pillow to read what phones take photographs in."""
    import pi_heif

    # One thread, as everywhere; and the picture alone, without previews and depths beside it.
    options = pi_heif.options
    options.DECODE_THREADS = 1
    options.THUMBNAILS = options.AUX_IMAGES = options.DEPTH_IMAGES = False
    pi_heif.register_heif_opener()


def _damaged(path: Path, error: Exception) -> FootageUnreadable:
    return FootageUnreadable(
        Message("%(path)s: the picture is damaged (%(why)s); fetch it again", path=path, why=error)
    )


def _not_read(path: Path, what: str) -> FootageUnsupported:
    return FootageUnsupported(
        Message(
            "%(path)s: %(what)s is of a kind that is not read; save it as PNG or JPEG",
            path=path,
            what=what,
        )
    )


def _is_unknown_tiff(path: Path) -> bool:
    """Whether a TIFF that Pillow does not open is one of which it lacks the kind, and not damaged:
    it looks the kinds up, and `Image.open` keeps to itself that none was found."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            TiffImageFile(path).close()
        except SyntaxError as error:
            return isinstance(error.__cause__, KeyError)
    return False


def _rgb(image: Image.Image, tags: Mapping[int, Any], path: Path) -> Picture:
    """The colours of a picture that was loaded; `tags` are those of its file.

    Raises:
        FootageUnsupported: they cannot be told.
    """
    if is_deep(image):
        image = Image.fromarray(eight_bits(image, tags, path))
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

    Pillow's own `exif_transpose` writes the EXIF anew, which one odd tag in it prevents.
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
            raise FootageEmpty(Message("%(path)s: the file is empty; fetch it again", path=path))
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


Greys = NDArray[Any]

# Tags of TIFF (TIFF 6.0, sections 8 and 19).
_BITS, _PHOTOMETRIC, _FORMAT = 258, 262, 339
_LOWEST, _HIGHEST = (340, 280), (341, 281)
_TAGS = (_BITS, _PHOTOMETRIC, _FORMAT, *_LOWEST, *_HIGHEST)
_WHITE_IS_ZERO, _UNSIGNED = 0, 1

# A range is evident where the lightest grey lies beyond a sixteenth of it, and in no smaller one.
_EVIDENT = 16


def tags_of(image: Image.Image) -> dict[int, Any]:
    """What a TIFF says of its greys, each tag with its value or the first of them; of other
    pictures nothing."""
    if not isinstance(image, TiffImageFile):
        return {}
    told = {tag: image.tag_v2[tag] for tag in _TAGS if tag in image.tag_v2}
    return {tag: v[0] if isinstance(v, tuple) and v else v for tag, v in told.items()}


def is_deep(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def eight_bits(image: Image.Image, tags: Mapping[int, Any], path: Path) -> NDArray[np.uint8]:
    """The greys of a picture that `is_deep`, black at 0 and white at 255.

    Args:
        tags: of its file, see `tags_of`. path: for the message.

    Raises:
        FootageUnsupported: their range is neither told nor evident.
    """
    greys = np.asarray(image)
    if image.mode.startswith("I;16"):
        spare = 4 if tags.get(_BITS) == 12 else 8
        eight = (greys >> spare).astype(np.uint8)
    else:
        if image.mode == "I" and tags.get(_BITS) == 32 and tags.get(_FORMAT, 1) == _UNSIGNED:
            greys = greys.view(np.uint32)
        found = _range(greys, tags)
        if found is None:
            raise FootageUnsupported(
                f"{path}: greys of 32 bits, from {greys.min():g} to {greys.max():g}, of which "
                "nothing tells which is white, are not read; save it as PNG or JPEG"
            )
        low, high = found
        share = (greys.astype(np.float64) - low) / (high - low)
        eight = (share * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return ~eight if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else eight


def _range(greys: Greys, tags: Mapping[int, Any]) -> tuple[float, float] | None:
    """The greys that are black and white, as told in the file, or as is evident from them."""
    darkest, lightest = float(greys.min()), float(greys.max())
    low, high = (_told(tags, names) for names in (_LOWEST, _HIGHEST))
    low = 0.0 if low is None else low
    fits = high is not None and low <= darkest and lightest <= high
    # Some tell what the bits would hold, and not what was put into them.
    if high is not None and fits and (lightest - low) * _EVIDENT > high - low:
        return low, high
    if darkest >= 0:
        if greys.dtype.kind == "f" and lightest <= 1:
            return 0.0, 1.0
        deepest = 0xFFFF if greys.dtype.kind == "f" else np.iinfo(greys.dtype).max
        top = next((top for top in (0xFF, 0xFFFF, deepest) if lightest <= top), None)
        if top is not None and lightest * _EVIDENT > top:
            return 0.0, float(top)
    return None


def _told(tags: Mapping[int, Any], names: tuple[int, ...]) -> float | None:
    values = (tags[name] for name in names if name in tags)
    return next((float(value) for value in values if isinstance(value, int | float)), None)
