"""Pictures read as footage: one, or a folder of them; frames at 0, 1, 2 ... seconds.

Runs in the decoder process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from itertools import count
from math import ceil
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from datasets.errors import FootageError, NoPictures
from datasets.messages import Message
from detector.footage.frames import shrunk_size, thumbnail_size
from detector.footage.jpeg import clip_follows
from detector.footage.losses import CLIP_BEHIND, FURTHER_PAGE, Tally
from detector.footage.pictures import container_of, read_picture
from detector.types import Frame, Loss, Picture, Probe, Sample, Span


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
        # Pictures with more in their files, once that was reported.
        self._told: set[int] = set()
        # The last one read: each pass asks for it again.
        self._last: tuple[int, Picture] | None = None
        for index in range(len(files)):
            self._tally.packet(index)
        self.probe = self._probe()

    @property
    def loss(self) -> Loss:
        return self._tally.loss()

    def keyframes(
        self,
        spacing: Fraction,
        widest: int | None = None,
        among: Sequence[tuple[Fraction, Fraction]] | None = None,
    ) -> Iterator[Frame]:
        """Every picture: stills stand for themselves, however near. As `Decoder.keyframes`."""
        for index in range(len(self._files)):
            if among is not None and not any(a <= index <= b for a, b in among):
                continue
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
                    height, width, _ = frame.image.shape
                    small = _shrunk(frame.image, thumbnail_size(width, height))
                    yield number, Sample(frame.pts, small, frame if due else None)

    def _frame(self, index: int) -> Iterator[Frame]:
        self._beat()
        self._tally.ask(index)
        file = self._files[index]
        try:
            picture = self._read(index)
        except FootageError as error:
            if not self._folder:
                raise
            self._tally.reason(f"{file.name}: {error.kind}")
            return
        self._tally.came(index)
        self._tell_further(index)
        yield Frame(Fraction(index), picture, True, file if self._folder else None)

    def _read(self, index: int) -> Picture:
        if self._last is None or self._last[0] != index:
            self._last = None
            reasons: list[str] = []
            self._last = (
                index,
                read_picture(self._files[index], self._pixels, reasons.append, self._beat),
            )
            for reason in reasons if index not in self._told else ():
                self._tally.reason(reason)
        return self._last[1]

    def _tell_further(self, index: int) -> None:
        """Once of each file, however often it is looked at."""
        if index not in self._told:
            self._told.add(index)
            file = self._files[index]
            # Gone since it was read: what came of it stays.
            with suppress(OSError, FootageError):
                for what in further_in(file, container_of(file), self._beat):
                    self._tally.reason(what)

    def _probe(self) -> Probe:
        failed: FootageError | None = None
        for index, file in enumerate(self._files):
            self._beat()
            try:
                height, width, _ = self._read(index).shape
                codec = container_of(file)
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


def _shrunk(picture: Picture, size: tuple[int, int]) -> Picture:
    """The picture at that width and height."""
    if size == (picture.shape[1], picture.shape[0]):
        return picture
    small = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small)


# A page that is none: a smaller copy of another, or its mask (TIFF 6.0, NewSubfileType; and
# SubfileType, which files of old have).
_NO_PAGE, _OLD_REDUCED = 1 | 4, 2


def further_in(path: Path, container: str, beat: Callable[[], None]) -> Iterator[Message]:
    """What was not looked at in a picture's file, once for each page or clip.

    Args:
        container: as in `detector.footage.sniff`.
    """
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
