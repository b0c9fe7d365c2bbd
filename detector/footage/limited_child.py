"""The decoder process, forked by the forkserver for one footage.

It limits itself before it opens anything, opens only the files that its parent names, and
answers requests until the parent closes the channel. FFmpeg's parsers meet hostile bytes here;
whatever goes wrong with them ends with this process.
"""

from __future__ import annotations

import errno
import resource
import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

from datasets.errors import FootageError
from datasets.messages import encode
from detector.footage.clip import ClipReader
from detector.footage.manifest import read as read_manifest
from detector.footage.process import Header, pack, read_exactly, unpack
from detector.footage.reasons import OUT_OF_MEMORY
from detector.footage.stills import StillReader
from detector.inference import release_memory
from detector.types import Frame, Picture, Span

# A sign of life at least this often; a look for a "stop" somewhat oftener. Seconds.
_ALIVE_EVERY = 1.0
_LISTEN_EVERY = 0.2
# Seconds between the signal that ends the process and the kernel's own kill.
_CPU_GRACE = 5


class _Stopped(Exception):
    """The parent wants no more of this pass."""


class _Server:
    """Answers requests one after the other."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._sent = self._heard = time.monotonic()

    def serve(self) -> None:
        request = self._next()
        most = request.get("most_cpu_seconds", request["cpu_seconds"])
        _limit(request["address_space"], request["cpu_seconds"], most)
        try:
            if request["do"] == "manifest":
                path, container = Path(request["path"]), request["container"]
                told = read_manifest(path, container, self._beat)
                self._send({"is": "manifest", "manifest": told})
                return
            reader = _reader(request, self._beat)
            self._send({"is": "probe", **asdict(reader.probe)})
            while True:
                request = self._next()
                if request["do"] != "stop":
                    _limit_cpu(request["cpu_seconds"], most)
                    self._pass(reader, request)
                    release_memory()  # else what is free stays here while networks compute
        except FootageError as error:
            self._refuse(error)
        except (MemoryError, OSError, ImportError) as error:
            # A library that cannot be mapped for want of address space fails to import.
            if not _wants_memory(error):
                raise
            self._refuse(OUT_OF_MEMORY.of(Path(request["path"])))

    def _pass(self, reader: ClipReader | StillReader, request: dict[str, Any]) -> None:
        try:
            for header, pictures in _answers(reader, request):
                self._send({"is": "frame"} | header, pictures)
                self._listen()
        except _Stopped:
            pass
        if isinstance(reader, ClipReader):
            reader.rest()
        loss = reader.loss
        told = asdict(loss) | {"reasons": [encode(one) for one in loss.reasons]}
        self._send({"is": "done", **told, **asdict(reader.probe)})

    def _refuse(self, error: FootageError) -> None:
        self._send({"is": "error", "kind": error.kind, "text": encode(error.message)})

    def _next(self) -> dict[str, Any]:
        return unpack(self._read, 0, None)[0]

    def _read(self, count: int) -> bytearray:
        return read_exactly(self._channel.recv_into, count)

    def _send(self, header: Header, pictures: Sequence[Picture] = ()) -> None:
        shapes = [picture.shape for picture in pictures]
        length = sum(picture.nbytes for picture in pictures)
        self._channel.sendall(pack({**header, "shapes": shapes}, length))
        for picture in pictures:
            self._channel.sendall(picture.data)
        self._sent = time.monotonic()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._heard > _LISTEN_EVERY:
            self._listen()
        if now - self._sent > _ALIVE_EVERY:
            self._send({"is": "alive"})

    def _listen(self) -> None:
        self._heard = time.monotonic()
        if select.select([self._channel], [], [], 0)[0]:
            self._next()
            raise _Stopped


def _wants_memory(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or "map" in str(error).lower()


def _limit(address_space: int, cpu_seconds: int, most_cpu_seconds: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    _limit_cpu(cpu_seconds, most_cpu_seconds)
    resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))


def _limit_cpu(seconds: int, most: int) -> None:
    # How long the footage is, and so how much it may take, is known once it has been opened. The
    # kernel's own kill stays where it is, since nobody may put that off.
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, most + _CPU_GRACE))


def _reader(request: dict[str, Any], beat: Callable[[], None]) -> ClipReader | StillReader:
    if request["kind"] == "video":
        limits = request["pixels"], request["frames"]
        path, sparing = Path(request["path"]), request["sparing"]
        return ClipReader(path, request["demuxer"], *limits, beat, sparing)
    files = [Path(file) for file in request["files"]]
    return StillReader(files, request["kind"] == "stills", request["pixels"], beat)


def _answers(
    reader: ClipReader | StillReader, request: dict[str, Any]
) -> Iterator[tuple[Header, list[Picture]]]:
    if request["do"] == "dense":
        spans = [Span(Fraction(a), Fraction(b), "hit") for a, b in request["spans"]]
        for number, sample in reader.dense(spans, Fraction(request["every"])):
            header, pictures = ({}, []) if sample.frame is None else _frame(sample.frame)
            yield header | {"span": number, "pts": sample.pts}, [sample.thumbnail, *pictures]
    elif request["do"] == "at":
        yield from map(_frame, reader.at([Fraction(time) for time in request["times"]]))
    else:
        among = request["among"] and [(Fraction(a), Fraction(b)) for a, b in request["among"]]
        frames = reader.keyframes(Fraction(request["spacing"]), request["widest"], among)
        yield from map(_frame, frames)


def _frame(frame: Frame) -> tuple[Header, list[Picture]]:
    header: Header = {"pts": frame.pts, "keyframe": frame.keyframe, "file": frame.file}
    return header, [frame.image]


def main() -> None:
    with suppress(EOFError, ConnectionError):  # the parent is gone
        _Server(socket.socket(fileno=0)).serve()
