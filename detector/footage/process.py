"""Starting, hearing and ending the decoder process; no footage can make the parent hang."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets.errors import DecoderDied, FootageError
from datasets.messages import decode, joined
from detector.footage import forkserver, reasons

if TYPE_CHECKING:
    from detector.settings import Decoding  # decoders, which need none of it, load this module

_ERRORS: dict[str, type[FootageError]] = {c.kind: c for c in FootageError.__subclasses__()}
# The largest pipe an ordinary user gets: the child decodes on while the parent looks.
_PIPE_BYTES = 1 << 20
# Of what a dying process said, this much is kept.
_LAST_WORDS = 2000
# A process that was killed, or whose pipe closed, is gone within moments. Seconds.
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
        self._words = b""
        # A picture and its thumbnail; stretching to square pixels makes it at most 4 x wider.
        self._most_body = 3 * 4 * limits.pixels + (1 << 20)
        try:
            self._child = forkserver.start()
        except OSError as error:
            why = error.strerror or error
            raise reasons.NOT_STARTED.of(path, why=why) from error
        self._down, self._up, self._err = self._child.down, self._child.up, self._child.err
        with suppress(OSError):
            fcntl.fcntl(self._up, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._answers, self._requests = select.poll(), select.poll()
        self._answers.register(self._up, select.POLLIN)
        self._answers.register(self._err, select.POLLIN)
        self._requests.register(self._down, select.POLLOUT)

    @property
    def pid(self) -> int:
        return self._child.pid

    def send(self, request: Header) -> None:
        """Send a request. Raises as `receive`."""
        try:
            data = memoryview(pack(request))
            while data:
                self._wait(self._requests, self._down)
                # So much a pipe that has room takes at once; for more it could keep us waiting.
                data = data[self._down.write(data[: select.PIPE_BUF]) :]
        except BrokenPipeError:
            self._died()

    def receive(self) -> tuple[dict[str, Any], bytearray]:
        """The next message that is no mere sign of life.

        Raises FootageError: what the process reported, what its end means, or that it was too slow.
        """
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
            if header["is"] != "alive":
                return header, body

    def _read(self, count: int) -> bytearray:
        """Exactly `count` bytes, waiting no longer than the limits allow."""
        data = bytearray(count)
        view = memoryview(data)
        while view:
            self._wait(self._answers, self._up)
            got = self._up.readinto(view)
            if not got:
                self._died()
            view = view[got:]
        return data

    def _wait(self, poll: select.poll, pipe: FileIO) -> None:
        """Until the pipe, one of those polled, can be read or written."""
        if pipe.closed:
            raise DecoderDied(f"{self._path}: the decoder has been closed")
        begun = time.monotonic()
        stall = self.limits.stall_seconds
        while True:
            left = self.limits.wall_seconds - self._waited
            spent = time.monotonic() - begun
            if spent >= min(stall, left):
                self.close()
                over, limit = (reasons.SLOW, self.limits.wall_seconds)
                if stall < left:
                    over, limit = reasons.SILENT, stall
                raise over.of(self._path, seconds=f"{limit:g}")
            ready = dict(poll.poll((min(stall, left) - spent) * 1000))
            if self._err.fileno() in ready:
                self._listen()
            if pipe.fileno() in ready:
                # It was never silent for longer: this process was stopped meanwhile.
                self._waited += min(time.monotonic() - begun, stall)
                return

    def _listen(self) -> None:
        words = os.read(self._err.fileno(), 1 << 16)
        if not words:
            self._answers.unregister(self._err)
        self._words = (self._words + words)[-_LAST_WORDS:]

    def _died(self) -> None:
        """The pipe is closed: find out how the process ended, and say so."""
        ended = self._child.wait(_GRACE)
        code = self._child.code
        before = None
        while ended and before != self._words and select.select([self._err], [], [], 0)[0]:
            before = self._words
            self._words = (before + os.read(self._err.fileno(), 1 << 16))[-_LAST_WORDS:]
        self.close()
        if code == -signal.SIGXCPU:
            raise reasons.BUSY.of(self._path, seconds=self.limits.cpu_seconds)
        words = self._words.decode("utf-8", "replace").strip()
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


def pack(header: Header, body_length: int = 0) -> bytes:
    """The bytes that precede a body of `body_length` bytes."""
    # Fractions and paths are sent as text.
    text = json.dumps(header, separators=(",", ":"), default=str).encode()
    return LENGTHS.pack(len(text), body_length) + text


def unpack(
    read: Callable[[int], bytearray], most_body: int, most_header: int | None = MOST_HEADER
) -> tuple[Header, bytearray]:
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
