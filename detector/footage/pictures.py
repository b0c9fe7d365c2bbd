"""A picture, or a folder of them, read as footage: frames at 0, 1, 2 ... seconds.

Runs in the decoder process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import cache
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from datasets.errors import (
    DecoderOutOfMemory,
    FootageEmpty,
    FootageError,
    FootageTooLarge,
    FootageUnreadable,
    FootageUnsupported,
    NoPictures,
)
from datasets.messages import Message
from detector.footage.frames import shrunk_size, thumbnail_size
from detector.footage.grayscale import eight_bits, is_deep, tags_of
from detector.footage.losses import Tally
from detector.footage.pages import further_in
from detector.footage.sniff import HEAD_BYTES, PICTURES, look_further, sniff
from detector.types import Frame, Loss, Picture, Probe, Sample, Span

# The size is checked against our own cap before anything is decoded.
Image.MAX_IMAGE_PIXELS = None

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


class StillReader:
    """Reads pictures; `folder` tells whether a damaged one is a loss or an error.

    Raises:
        FootageError: a single picture that cannot be read; see `read_picture`.
        NoPictures: a folder in which none can.
    """

    def __init__(
        self, files: Sequence[Path], folder: bool, pixels: int, beat: Callable[[], None]
    ) -> None:
        self._files = files
        self._folder = folder
        self._pixels = pixels
        self._beat = beat
        self._tally = Tally(len(files))
        # Those of which it was told what else is in their files.
        self._told: set[int] = set()
        for index in range(len(files)):
            self._tally.packet(index)
        self.probe = self._probe()

    @property
    def loss(self) -> Loss:
        return self._tally.loss()

    def keyframes(self, spacing: Fraction, widest: int | None = None) -> Iterator[Frame]:
        """Every picture: stills stand for themselves, however near. Shrunk, where they are wider
        than `widest` pixels."""
        for index in range(len(self._files)):
            for frame in self._frame(index):
                height, width, _ = frame.image.shape
                size = shrunk_size(width, height, widest or width)
                yield replace(frame, image=_shrunk(frame.image, size))

    def at(self, times: Sequence[Fraction]) -> Iterator[Frame]:
        for time in times:
            yield from self._frame(min(max(0, int(time)), len(self._files) - 1))

    def dense(self, spans: Sequence[Span], every: Fraction) -> Iterator[tuple[int, Sample]]:
        for number, span in enumerate(spans):
            last: Fraction | None = None
            for index in range(max(0, ceil(span.start)), min(len(self._files), ceil(span.end))):
                for frame in self._frame(index):
                    due = last is None or frame.pts - last >= every
                    last = frame.pts if due else last
                    yield number, Sample(frame.pts, _thumbnail(frame.image), frame if due else None)

    def _frame(self, index: int) -> Iterator[Frame]:
        self._beat()
        self._tally.ask(index)
        file = self._files[index]
        try:
            picture = read_picture(file, self._pixels)
        except FootageError as error:
            if not self._folder:
                raise
            self._tally.reason(f"{file.name}: {error.kind}")
            return
        self._tally.came(index)
        self._tell_further(index)
        yield Frame(Fraction(index), picture, True, file if self._folder else None)

    def _tell_further(self, index: int) -> None:
        """Once of each file, however often it is looked at."""
        if index not in self._told:
            self._told.add(index)
            file = self._files[index]
            # Gone since it was read: what came of it stays.
            with suppress(OSError, FootageError):
                for what in further_in(file, _container(file), self._beat):
                    self._tally.reason(what)

    def _probe(self) -> Probe:
        failed: FootageError | None = None
        for file in self._files:
            self._beat()
            try:
                height, width, _ = read_picture(file, self._pixels).shape
                codec = _container(file)
            except FootageError as error:
                if not self._folder:
                    raise
                failed = failed or error
                continue
            count = len(self._files)
            return Probe(
                width=width,
                height=height,
                codec=codec,
                time_base=Fraction(1),
                start=Fraction(0),
                duration=Fraction(count),
                average_rate=Fraction(1),
                declared_frames=count,
                rotation=0,
                sample_aspect=Fraction(1),
                interlaced=False,
            )
        folder = self._files[0].parent
        raise NoPictures(
            Message(
                "%(path)s: none of the pictures can be read; of the first: %(what)s",
                path=folder,
                what=failed,
            )
        )


def read_picture(path: Path, pixels: int) -> Picture:
    """The upright picture, its EXIF orientation honoured: (height, width, 3) RGB.

    Raises:
        FootageTooLarge: more than `pixels`; told from the header, before decoding.
        FootageUnsupported: an animation, only a preview of what the file holds, or colours or
            greys that are not read.
        FootageUnreadable: damaged, or no picture.
        FootageEmpty: no bytes.
        DecoderOutOfMemory: it needs more than there is.
    """
    container = _container(path)
    if container == "heic":
        _read_heic()
    try:
        # Pillow warns of odd metadata; what matters here is whether the picture can be read.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path, formats=[PICTURES[container]]) as image:
                if image.width * image.height > pixels:
                    raise FootageTooLarge(
                        Message(
                            "%(path)s: %(width)s x %(height)s pixels; at most %(pixels)s are "
                            "decoded (setting decoding.pixels)",
                            path=path,
                            width=image.width,
                            height=image.height,
                            pixels=pixels,
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
                image.load()
                return _rgb(_upright(image), tags, path)
    except FootageError:
        raise
    except MemoryError as error:
        raise DecoderOutOfMemory(
            Message(
                "%(path)s: the decoder needs more memory than it may have (setting "
                "decoding.address_space)",
                path=path,
            )
        ) from error
    except UnidentifiedImageError as error:
        if container == "tiff" and _is_unknown_tiff(path):
            raise _not_read(
                path, Message("the TIFF, by its colours, bits or compression,")
            ) from error
        raise _damaged(path, error) from error
    # On damaged data Pillow's readers raise whatever they come upon, struct.error among it.
    except Exception as error:
        raise _damaged(path, error) from error


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


def _upright(image: Image.Image) -> Image.Image:
    """The picture turned as its camera was held; as stored where its EXIF cannot be read.

    Pillow's own `exif_transpose` writes the EXIF anew, which one odd tag in it prevents.
    """
    try:
        turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:
        return image
    return image if turn is None else image.transpose(turn)


def _container(path: Path) -> str:
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


def _thumbnail(picture: Picture) -> Picture:
    height, width, _ = picture.shape
    return _shrunk(picture, thumbnail_size(width, height))


def _shrunk(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture at that width and height."""
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    small = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small)
