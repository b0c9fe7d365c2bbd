"""Where decoder processes come from: a process that has loaded FFmpeg forks one a footage.

To start Python and load FFmpeg takes a tenth of a second, a third of what a short clip takes
in all; to fork takes milliseconds. The nursery never opens footage, so each decoder begins
as clean as a program just started; it limits itself and ends with its footage.

A process that decodes has one nursery. A message with four descriptors has it fork: the
decoder's three standard ones, and a socket over which the nursery tells its process id and,
at last, how it ended. When the other side of that socket is shut, on purpose or because the
parent has died, the nursery kills the decoder.
"""

from __future__ import annotations

import atexit
import os
import select
import socket
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path

NUMBER = struct.Struct(">i")
"""What the nursery tells: a process id, then an exit code, negative for a signal."""

START = b"start"
HANDED = 4

_HOUSE = Path(__file__).parents[2]


class Child:
    """One decoder process, seen from its parent: its three pipes, its id and its end.

    Raises:
        OSError: the nursery ended before it could begin.
    """

    def __init__(self, down: FileIO, up: FileIO, err: FileIO, life: socket.socket) -> None:
        self.down, self.up, self.err = down, up, err
        self._life = life
        self._ended = False
        self.code: int | None = None
        pid = self._hear()
        if pid is None:
            raise ChildProcessError("the nursery has ended")
        self.pid = pid

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended, within so many seconds; `code` then tells how.

        That is its exit code, negative for a signal; None where the nursery was killed.
        """
        if not self._ended and select.select([self._life], [], [], seconds)[0]:
            self.code = self._hear()
            self._ended = True
        return self._ended

    def kill(self) -> None:
        """End it at once, wait for that and close its pipes; doing so twice does it once."""
        if not self._ended:
            with suppress(OSError):
                self._life.shutdown(socket.SHUT_WR)
            self.wait()
        for end in (self.down, self.up, self.err, self._life):
            end.close()

    def _hear(self) -> int | None:
        with suppress(OSError):
            if told := self._life.recv(NUMBER.size):
                return int(NUMBER.unpack(told)[0])
        return None


class _Nursery:
    """One nursery, seen from the process it belongs to."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        with ExitStack() as undone:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undone.enter_context(self._control)
            threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
            with theirs:
                self._process = subprocess.Popen(
                    # -P: a stray av.py in the working folder must not be imported for PyAV.
                    [sys.executable, "-P", "-B", "-m", "detector.footage.forkserver_process"],
                    stdin=theirs.fileno(),
                    env={**os.environ, **threads, "PYTHONPATH": str(_HOUSE)},
                    # It outlasts many a working folder, and without one no manifest can be read.
                    cwd="/",
                    # An interrupt at the terminal is the parent's to handle.
                    start_new_session=True,
                )
            undone.pop_all()

    def start(self) -> Child:
        with ExitStack() as ours, ExitStack() as theirs:
            stdin, down = _pipe(theirs, ours)
            up, stdout = _pipe(ours, theirs)
            err, stderr = _pipe(ours, theirs)
            life, end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            ours.enter_context(life)
            theirs.enter_context(end)
            numbers = [handed.fileno() for handed in (stdin, stdout, stderr, end)]
            socket.send_fds(self._control, [START], numbers)
            theirs.close()
            child = Child(down, up, err, life)
            ours.pop_all()
            return child

    def end(self) -> None:
        if self.owner == os.getpid():
            with suppress(OSError):
                # A fork of this process may hold the socket, too: closing would not be enough.
                self._control.shutdown(socket.SHUT_RDWR)
            self._process.wait()
        self._control.close()


_lock = threading.Lock()
_nursery: _Nursery | None = None


def start() -> Child:
    """A decoder process, ready for its first request.

    Raises:
        OSError: no process can be started.
    """
    global _nursery
    with _lock:
        if _nursery is not None:
            if _nursery.owner == os.getpid():
                # It may have been killed: then a new one is started below.
                with suppress(OSError):
                    return _nursery.start()
            _nursery.end()
        _nursery = _Nursery()
        return _nursery.start()


@atexit.register
def _end() -> None:
    if _nursery is not None:
        _nursery.end()


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe's two ends, each closed with whose it is."""
    reading, writing = os.pipe()
    return (
        reader.enter_context(FileIO(reading, "rb")),
        writer.enter_context(FileIO(writing, "wb")),
    )
