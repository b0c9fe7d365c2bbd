"""Where decoder processes come from: a process that has loaded FFmpeg forks one a footage.

To start Python and load FFmpeg takes a tenth of a second, a third of what a short clip takes
in all; to fork takes milliseconds. The forkserver never opens footage, so each decoder begins
as clean as a program just started; it limits itself and ends with its footage.

A process that decodes has one forkserver. A message with four descriptors makes it fork: the
decoder's three standard ones, and a socket. Over that socket the forkserver sends its process
id and, at last, how it ended. When the other side of that socket is shut, on purpose or because
the parent has died, the forkserver kills the decoder.
"""

from __future__ import annotations

import atexit
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from typing import NoReturn

NUMBER = struct.Struct(">i")
"""What the forkserver tells: a process id, then an exit code, negative for a signal."""
START = b"start"
HANDED = 4
_HOUSE = Path(__file__).parents[2]


class Child:
    """One decoder process, seen from its parent: its three pipes, its id and its end.

    Raises OSError: the forkserver ended before it could begin.
    """

    def __init__(self, down: FileIO, up: FileIO, err: FileIO, life: socket.socket) -> None:
        self.down, self.up, self.err = down, up, err
        self._life = life
        self._ended = False
        self.code: int | None = None
        pid = self._hear()
        if pid is None:
            raise ChildProcessError("the forkserver has ended")
        self.pid = pid

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended, within so many seconds; `code` then tells how.

        That is its exit code, negative for a signal; None where the forkserver was killed.
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


class _Forkserver:
    """One forkserver, seen from the process it belongs to."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._asked = False
        with ExitStack() as undone:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            undone.enter_context(self._control)
            threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
            with theirs:
                self._process = subprocess.Popen(
                    # -P: a stray av.py in the working folder must not be imported for PyAV.
                    [sys.executable, "-P", "-B", "-m", "detector.footage.forkserver"],
                    stdin=theirs.fileno(),
                    env={**os.environ, **threads, "PYTHONPATH": str(_HOUSE)},
                    # It outlasts many a working folder, and without one no manifest can be read.
                    cwd="/",
                    # An interrupt at the terminal is the parent's to handle.
                    start_new_session=True,
                )
            undone.pop_all()

    def start(self) -> Child:
        self._asked = True
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
            if not self._asked:
                self._process.kill()  # it may still be loading, and has nothing to end
            with suppress(OSError):
                # A fork of this process may hold the socket, too: closing would not be enough.
                self._control.shutdown(socket.SHUT_RDWR)
            self._process.wait()
        self._control.close()


_lock = threading.Lock()
_forkserver: _Forkserver | None = None


def start() -> Child:
    """A decoder process, ready for its first request.

    Raises OSError: no process can be started.
    """
    with _lock:
        # It may have been killed: then a new one is started below.
        with suppress(OSError):
            return _own().start()
        return _own(anew=True).start()


def begin() -> None:
    """Starts the forkserver, so that it loads what it needs while the caller loads its own."""
    with _lock, suppress(OSError):  # told when a decoder is asked for
        _own()


def _own(anew: bool = False) -> _Forkserver:
    """This process's forkserver."""
    global _forkserver
    if _forkserver is not None and (anew or _forkserver.owner != os.getpid()):
        _forkserver.end()
        _forkserver = None
    _forkserver = _forkserver or _Forkserver()
    return _forkserver


@atexit.register
def _end() -> None:
    if _forkserver is not None:
        _forkserver.end()


def _pipe(reader: ExitStack, writer: ExitStack) -> tuple[FileIO, FileIO]:
    """A pipe's two ends, each closed with whose it is."""
    reading, writing = os.pipe()
    return (
        reader.enter_context(FileIO(reading, "rb")),
        writer.enter_context(FileIO(writing, "wb")),
    )


# From here on: the process of its own, which has one thread and opens no footage.

# More descriptors than are ever open here.
_MOST_DESCRIPTORS = 1 << 16


class _Children:
    """The decoders that run, by the descriptors that tell of them."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)
        # Of each decoder: a descriptor that is readable when it has ended, and its socket.
        self._ends: dict[int, tuple[int, socket.socket]] = {}
        self._lives: dict[int, int] = {}

    def tend(self) -> None:
        """Until the parent has gone."""
        while True:
            for descriptor, _ in self._poll.poll():
                if descriptor in self._ends:
                    self._ended(descriptor)
                elif descriptor in self._lives:
                    self._unwanted(descriptor)
                elif descriptor == self._control.fileno() and not self._asked():
                    return

    def _asked(self) -> bool:
        """Start a decoder; false where there is nobody left to ask."""
        asked, handed, _, _ = socket.recv_fds(self._control, len(START), HANDED)
        if not asked:
            return False
        pid = os.fork()
        if pid == 0:
            _decode(handed[:3])
        for descriptor in handed[:3]:
            os.close(descriptor)
        life = socket.socket(fileno=handed[3])
        end = os.pidfd_open(pid)
        self._ends[end] = pid, life
        self._lives[life.fileno()] = pid
        self._poll.register(end, select.POLLIN)
        self._poll.register(life, select.POLLIN)
        _tell(life, pid)
        return True

    def _unwanted(self, descriptor: int) -> None:
        # It has not been waited for, so the number is still its own.
        os.kill(self._lives.pop(descriptor), signal.SIGKILL)
        self._poll.unregister(descriptor)

    def _ended(self, descriptor: int) -> None:
        pid, life = self._ends.pop(descriptor)
        self._poll.unregister(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        if self._lives.pop(life.fileno(), None) is not None:
            self._poll.unregister(life)
        _tell(life, os.waitstatus_to_exitcode(status))
        life.close()

    def close(self) -> None:
        """Kill those that are left."""
        for pid in self._lives.values():
            os.kill(pid, signal.SIGKILL)


def _tell(life: socket.socket, number: int) -> None:
    with suppress(OSError):
        life.send(NUMBER.pack(number))


def _decode(standard: list[int]) -> NoReturn:
    """Be a decoder: with the three descriptors given and no other."""
    code = 1
    try:
        for place, descriptor in enumerate(standard):
            os.dup2(descriptor, place)
        from detector.footage import child

        os.closerange(3, _MOST_DESCRIPTORS)
        child.main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)


def main() -> None:
    """Loads what a decoder needs, and forks decoders until the parent has gone."""
    import av

    # PyAV loads it with the first clip.
    import av.subtitles.stream
    from PIL import Image

    from detector.footage import child as child  # loaded before it is forked

    # Pillow loads its readers when first asked; a decoder's memory may be too little by then.
    Image.init()
    av.logging.set_level(None)
    children = _Children(socket.socket(fileno=0))
    try:
        children.tend()
    finally:
        children.close()


if __name__ == "__main__":
    main()
