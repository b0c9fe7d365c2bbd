"""Footage in, pictures out: the parent's side of the decoder process.

Whatever the bytes do to the decoder happens in a process of its own, under limits. Here it
becomes a named error, and the next footage can be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from datasets.messages import decode
from detector.footage.process import DecoderProcess, Header
from detector.footage.sniff import DEMUXERS
from detector.settings import MOST_HOURS, Decoding
from detector.types import Footage, Frame, Loss, Picture, Probe, Sample, Span


class Decoder:
    """Decodes one footage, pass by pass, each forward only.

    A pass ends when it is exhausted, closed, or when the next one begins. Losses are summed over
    all passes, each frame once. They and `probe` are up to date when a pass has ended. Where the
    container gives no length, or only that of one part, the first pass finds it.

    limits: those of time are for an hour of footage (`Decoding.of_length`).
    sparing: after the first pass spare frames of 4K and larger clips to which no other refers
    and whose whole pictures are not due. The others come as they would without it.
    Raises FootageError, on entering and while iterating; afterwards the decoder is closed.
    """

    probe: Probe
    loss: Loss

    def __init__(self, footage: Footage, limits: Decoding, sparing: bool = False) -> None:
        self._footage = footage
        self._sparing = sparing
        self._limits = limits
        self._process: DecoderProcess | None = None
        self._pass = 0
        self._running = False
        self.loss = Loss()

    def __enter__(self) -> Decoder:
        footage, limits = self._footage, self._limits
        self._process = DecoderProcess(footage.path, limits)
        request: Header = {
            "do": "open",
            "kind": footage.kind,
            "path": footage.path.absolute(),
            "demuxer": DEMUXERS.get(footage.container),
            "files": [file.absolute() for file in footage.files or (footage.path,)],
            "address_space": limits.address_space,
            "cpu_seconds": limits.cpu_seconds,
            "most_cpu_seconds": limits.of_length(MOST_HOURS * 3600).cpu_seconds,
            "pixels": limits.pixels,
            "frames": limits.frames,
            "sparing": self._sparing,
        }
        try:
            self._process.send(request)
            header, _ = self._process.receive()
            self._learn(header)
        except BaseException:
            self.close()
            raise
        self.loss = Loss(total=self.probe.declared_frames or 0)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the decoder process; nothing can be decoded afterwards."""
        self._running = False
        if self._process is not None:
            self._process.close()

    def keyframes(
        self,
        spacing: Fraction,
        widest: int | None = None,
        among: Sequence[tuple[Fraction, Fraction]] | None = None,
    ) -> Iterator[Frame]:
        """Keyframes alone, at least `spacing` seconds apart; the first pass.

        Stills give every picture. A clip without a keyframe to show gives its first frame. Between
        keyframes far apart come some other frames.

        widest: pixels; wider pictures come shrunk to it, in proportion. None shrinks none.
        among: sorted, disjoint stretches, both ends included, with the frames that are wanted
        of all these. None: all of them.
        """
        request: Header = {"do": "keyframes", "spacing": spacing, "widest": widest, "among": among}
        for header, pictures in self._answers(request):
            yield _frame(header, pictures[-1])

    def dense(self, spans: Sequence[Span], every: Fraction) -> Iterator[tuple[int, Sample]]:
        """Every frame in the spans, in time order: (index of its span, sample).

        spans: sorted, not overlapping.
        every: seconds; the full picture comes with the first frame of a span and then
        whenever so much has passed since the last one.
        """
        if any(a.end > b.start for a, b in pairwise(spans)):
            raise ValueError("spans must be sorted and must not overlap")
        pairs = [(span.start, span.end) for span in spans]
        for header, pictures in self._answers({"do": "dense", "spans": pairs, "every": every}):
            thumbnail, *whole = pictures
            frame = _frame(header, whole[0]) if whole else None
            yield header["span"], Sample(Fraction(header["pts"]), thumbnail, frame)

    def at(self, times: Sequence[Fraction]) -> Iterator[Frame]:
        """The frame on screen at each time (sorted): exactly that frame where it is a PTS."""
        if any(a > b for a, b in pairwise(times)):
            raise ValueError("times must be sorted")
        for header, pictures in self._answers({"do": "at", "times": times}):
            yield _frame(header, pictures[-1])

    def _answers(self, request: Header) -> Iterator[tuple[dict[str, Any], list[Picture]]]:
        """One pass: send the request, give its answers, keep the loss it ends with."""
        if self._process is None:
            raise RuntimeError("the decoder is not open; use it in a with statement")
        if self._running:
            self._stop()
        self._pass += 1
        own = self._pass
        process = self._process
        process.send(request | {"cpu_seconds": process.limits.cpu_seconds})
        self._running = True
        try:
            while True:
                header, pictures = process.receive()
                if header["is"] == "done":
                    self._done(header)
                    return
                yield header, pictures
                if own != self._pass:
                    raise RuntimeError("another pass has begun; this one is over")
        except GeneratorExit:
            if own == self._pass and self._running:
                self._stop()
            raise
        except BaseException:
            # Interrupted within a message, perhaps: what follows could not be understood.
            if own == self._pass:
                self.close()
            raise

    def _stop(self) -> None:
        """End the running pass early, keeping the process for the next one."""
        assert self._process is not None
        try:
            self._process.send({"do": "stop"})
            while (header := self._process.receive()[0])["is"] != "done":
                pass
            self._done(header)
        except BaseException:
            self.close()
            raise

    def _learn(self, header: dict[str, Any]) -> None:
        """What the footage is, as far as is known by now."""
        self.probe = _probe(header)
        if self._process is not None:
            self._process.limits = self._limits.of_length(self.probe.duration)

    def _done(self, header: dict[str, Any]) -> None:
        self._running = False
        self._learn(header)
        self.loss = Loss(
            header["expected"],
            header["decoded"],
            header["total"],
            tuple(map(decode, header["reasons"])),
        )


def _frame(header: dict[str, Any], picture: Picture) -> Frame:
    file = header["file"]
    return Frame(Fraction(header["pts"]), picture, header["keyframe"], file and Path(file))


def _probe(header: dict[str, Any]) -> Probe:
    values = {name: header[name] for name in Probe.__dataclass_fields__}
    for name in ("time_base", "start", "duration", "average_rate", "sample_aspect"):
        values[name] = None if values[name] is None else Fraction(values[name])
    return Probe(**values)
