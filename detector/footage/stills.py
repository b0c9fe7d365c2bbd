"""Pictures read as footage: one, or a folder of them; frames at 0, 1, 2 ... seconds.

Runs in the decoder process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.errors import FootageError
from detector.footage.frames import THUMBNAIL_WIDTH, shrunk_size
from detector.footage.losses import Tally
from detector.footage.pictures import container_of, read_picture
from detector.footage.reasons import NONE_READABLE
from detector.footage.timeline import Among, lies_in
from detector.types import Frame, Loss, Picture, Probe, Sample, Span


class StillReader:
    """Reads pictures; `folder` tells whether a damaged one is a loss or an error.

    Raises FootageError: a single picture that cannot be read; see `read_picture`.
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
        # Pictures that were read: what is told of each is told once, however often it is looked at.
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
        self, spacing: Fraction, widest: int | None = None, among: Among | None = None
    ) -> Iterator[Frame]:
        """Every picture: stills stand for themselves, however near. As `Decoder.keyframes`."""
        for index in range(len(self._files)):
            if among is not None and not lies_in(among, Fraction(index)):
                continue
            for frame in self._frame(index):
                yield replace(frame, image=_shrunk(frame.image, widest or frame.image.shape[1]))

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
                    small = _shrunk(frame.image, THUMBNAIL_WIDTH)
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
        yield Frame(Fraction(index), picture, True, file if self._folder else None)

    def _read(self, index: int) -> Picture:
        if self._last is None or self._last[0] != index:
            self._last = None
            first = index not in self._told
            tell = self._tally.reason if first else lambda reason: None
            self._last = index, read_picture(self._files[index], self._pixels, tell, self._beat)
            self._told.add(index)
        return self._last[1]

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
        raise NONE_READABLE.of(self._files[0].parent, what=failed)


def _shrunk(picture: Picture, widest: int) -> Picture:
    """The picture, no wider than so many pixels."""
    height, width, _ = picture.shape
    size = shrunk_size(width, height, widest)
    if size == (width, height):
        return picture
    small = Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return np.asarray(small)
