"""Starting, hearing and ending the decoder process; no footage can make the parent hang."""

from __future__ import annotations

import json
import signal
import struct
import time
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from datasets.errors import DecoderDied, FootageError
from datasets.messages import decode, joined
from detector.footage import forkserver, reasons
from detector.types import Picture

if TYPE_CHECKING:
    from detector.settings import Decoding  # decoders, which need none of it, load this module

_ERRORS: dict[str, type[FootageError]] = {c.kind: c for c in FootageError.__subclasses__()}
# A process that was killed, or whose channel closed, is gone within moments. Seconds.
_GRACE = 5


class DecoderProcess:
    """One running decoder. Not a public name; see `Decoder`.

    limits: what it may use; each request says how much processor time it has.

    Raises DecoderDied: no process can be started.
    """

    def __init__(self, path: Path, limits: Decoding) -> None:
        self._path = path
        self.limits = limits
        # Time spent waiting for it, not while the caller was busy with its pictures.
        self._waited = 0.0
        # A picture and its thumbnail; stretching to square pixels makes it at most 4 x wider.
        self._most_body = 3 * 4 * limits.pixels + (1 << 20)
        try:
            self._child = forkserver.start()
        except OSError as error:
            why = error.strerror or error
            raise reasons.NOT_STARTED.of(path, why=why) from error

    @property
    def pid(self) -> int:
        return self._child.pid

    def send(self, request: Header) -> None:
        """Send a request. Raises as `receive`."""
        data = memoryview(pack(request))
        try:
            while data:
                data = data[self._timed(self._child.channel.send, data) :]
        except ConnectionError:
            self._died()

    def receive(self) -> tuple[dict[str, Any], list[Picture]]:
        """The next message that is no mere sign of life, and the pictures that came with it. Raises
        FootageError: what the process reported, what its end means, or that it was too slow."""
        while True:
            try:
                header, body = unpack(self._read, self._most_body)
            except ValueError as error:
                self.close()
                raise DecoderDied(f"{self._path}: the decoder sent nonsense ({error})") from error
            if header["is"] == "error":
                self.close()
                text = decode(header["text"])
                if str(self._path) not in text:
                    text = joined([str(self._path), text], ": ")
                raise _ERRORS[str(header["kind"])](text)
            if header["is"] == "frame":
                return header, self._pictures(header["shapes"], body)
            if header["is"] != "alive":
                return header, []

    def _pictures(self, shapes: Sequence[Sequence[int]], body: bytearray) -> list[Picture]:
        """The body cut into pictures of these shapes, (height, width, 3) each."""
        ends = [0, *accumulate(map(prod, shapes))]
        known = bool(shapes) and all(one[2:] == [3] and min(one) > 0 for one in shapes)
        if not known or ends[-1] != len(body):
            self.close()
            raise DecoderDied(
                f"{self._path}: the decoder sent {len(body)} bytes as pictures of the shapes "
                f"{shapes}; look at it again"
            )
        whole = np.frombuffer(body, np.uint8)
        return [
            whole[start:end].reshape(shape)
            for (start, end), shape in zip(pairwise(ends), shapes, strict=True)
        ]

    def _read(self, count: int) -> bytearray:
        """Exactly `count` bytes, waiting no longer than the limits allow."""
        try:
            return read_exactly(
                lambda view: self._timed(self._child.channel.recv_into, view), count
            )
        except (EOFError, ConnectionError):
            self._died()

    def _timed(self, move: Callable[[memoryview], int], data: memoryview) -> int:
        """How many bytes were sent or received, once the channel is ready for some."""
        if self._child.channel.fileno() < 0:
            raise DecoderDied(f"{self._path}: the decoder has been closed")
        stall, left = self.limits.stall_seconds, self.limits.wall_seconds - self._waited
        begun = time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._child.channel.settimeout(min(stall, left))
            return move(data)
        except TimeoutError as error:
            self.close()
            if stall < left:
                raise reasons.SILENT.of(self._path, seconds=f"{stall:g}") from error
            seconds = f"{self.limits.wall_seconds:g}"
            raise reasons.SLOW.of(self._path, seconds=seconds) from error
        finally:
            # It was never silent for longer: this process was stopped meanwhile.
            self._waited += min(time.monotonic() - begun, stall)

    def _died(self) -> NoReturn:
        """The channel is closed: find out how the process ended, and say so."""
        self._child.wait(_GRACE)
        code, words = self._child.code, self._child.words()
        self.close()
        if code == -signal.SIGXCPU:
            raise reasons.BUSY.of(self._path, seconds=self.limits.cpu_seconds)
        if "MemoryError" in words or "bad_alloc" in words:
            raise reasons.OUT_OF_MEMORY.of(self._path)
        end = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        last = words.splitlines()[-1] if words else "no last words"
        raise reasons.DIED.of(self._path, why=f"{end}; {last}")

    def close(self) -> None:
        """Kill the process and wait for it; doing so twice does it once."""
        self._child.kill()


LENGTHS = struct.Struct(">II")
# The header of an answer is a few hundred bytes; the parent refuses more than this. A request
# names each file or time asked for, and comes from whom the decoder process trusts.
MOST_HEADER = 1 << 16
Header = dict[str, object]


def read_exactly(receive: Callable[[memoryview], int], count: int) -> bytearray:
    """So many bytes, piece by piece; `receive` fills a part of what it is given. Raises EOFError:
    the other side has gone."""
    data = bytearray(count)
    view = memoryview(data)
    while view:
        got = receive(view)
        if not got:
            raise EOFError
        view = view[got:]
    return data


def pack(header: Header, body_length: int = 0) -> bytes:
    """The bytes that precede a body of `body_length` bytes."""
    # Fractions and paths are sent as text.
    text = json.dumps(header, separators=(",", ":"), default=str).encode()
    return LENGTHS.pack(len(text), body_length) + text


def unpack(
    read: Callable[[int], bytearray], most_body: int, most_header: int | None = MOST_HEADER
) -> tuple[dict[str, Any], bytearray]:
    """One message; `read(n)` gives exactly n bytes or raises.

    most_body, most_header: bytes; a header of any length is taken where it is None.
    Raises ValueError: the bytes are no message, or one larger than is allowed.
    """
    header_length, body_length = LENGTHS.unpack(read(LENGTHS.size))
    too_long = most_header is not None and header_length > most_header
    if too_long or body_length > most_body:
        raise ValueError(f"a message of {header_length} + {body_length} bytes")
    header = json.loads(read(header_length))
    if not isinstance(header, dict):
        raise ValueError("a message whose header is no object")
    return header, read(body_length)
