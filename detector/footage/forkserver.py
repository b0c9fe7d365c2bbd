"""Where decoder processes come from: a process that has loaded FFmpeg forks one a footage.

To start Python and load FFmpeg takes a tenth of a second, a third of what a short clip takes
in all; to fork takes milliseconds. The forkserver never opens footage, so each decoder begins
as clean as a program just started; it limits itself and ends with its footage. The standard
library's forkserver will not do: it runs the caller's main program in each process again, and
lets a decoder that hangs outlive a parent that was killed.

A process that decodes has one forkserver. A message with three sockets makes it fork a watcher,
which forks the decoder: the decoder's channel, its standard error, and the watcher's own. Over
that one the watcher sends the decoder's process id and, at last, how it ended. When its other
side is shut, on purpose or because the parent has died, the watcher kills the decoder.
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
from pathlib import Path
from typing import NoReturn

NUMBER = struct.Struct(">i")
"""What a watcher tells: a process id, then an exit code, negative for a signal."""
START = b"start"
# The decoder's channel, its standard error, and its watcher's socket.
_KINDS = (socket.SOCK_STREAM, socket.SOCK_STREAM, socket.SOCK_SEQPACKET)
# As much as an ordinary user gets, up to this: the decoder goes on while the parent looks.
_AHEAD_BYTES = 1 << 20
_HOUSE = Path(__file__).parents[2]


class Child:
    """One decoder process, seen from its parent: its channel, its last words and its end. Raises
    OSError: the forkserver ended before it could begin."""

    def __init__(self, channel: socket.socket, words: socket.socket, life: socket.socket) -> None:
        self.channel = channel
        self._words, self._life = words, life
        self._ended = False
        self.code: int | None = None
        pid = self._hear()
        if pid is None:
            raise ChildProcessError("the forkserver has ended")
        self.pid = pid

    def wait(self, seconds: float | None = None) -> bool:
        """Whether it has ended, within so many seconds; `code` then tells how. That is its exit
        code, negative for a signal; None where its watcher was killed."""
        if not self._ended and select.select([self._life], [], [], seconds)[0]:
            self.code = self._hear()
            self._ended = True
        return self._ended

    def words(self) -> str:
        """What it has written to its standard error, as far as there was room for it."""
        said = b""
        with suppress(BlockingIOError):
            while part := self._words.recv(1 << 16):
                said += part
        return said.decode("utf-8", "replace").strip()

    def kill(self) -> None:
        """End it at once, wait for that and close its channel; doing so twice does it once."""
        if not self._ended:
            with suppress(OSError):
                self._life.shutdown(socket.SHUT_WR)
            self.wait()
        for end in (self.channel, self._words, self._life):
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
            near, far = list[socket.socket](), list[socket.socket]()
            for kind in _KINDS:
                here, there = socket.socketpair(socket.AF_UNIX, kind)
                near.append(ours.enter_context(here))
                far.append(theirs.enter_context(there))
            far[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _AHEAD_BYTES)
            # Nobody reads the words before the end; what there is no room for is lost.
            for end in (near[1], far[1]):
                end.setblocking(False)
            socket.send_fds(self._control, [START], [end.fileno() for end in far])
            theirs.close()
            child = Child(*near)
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
    """A decoder process, ready for its first request. Raises OSError: no process can be started."""
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


# From here on: the process of its own, which has one thread and opens no footage.

# More descriptors than are ever open here.
_MOST_DESCRIPTORS = 1 << 16


def _fork_decoders(control: socket.socket) -> None:
    """Starts what is asked for, until the parent has gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
    while True:
        asked, handed, _, _ = socket.recv_fds(control, len(START), len(_KINDS))
        if not asked:
            return
        if os.fork() == 0:
            control.close()
            _watch(*handed)
        for descriptor in handed:
            os.close(descriptor)


def _watch(channel: int, words: int, own: int) -> NoReturn:
    """Be a watcher: fork a decoder, and tell its id and its end."""
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pid = os.fork()
        if pid == 0:
            _decode(channel, words)
        os.close(channel)
        os.close(words)
        life, end = socket.socket(fileno=own), os.pidfd_open(pid)
        _tell(life, pid)
        if own in select.select([own, end], [], [])[0]:
            # It has not been waited for, so the number is still its own.
            os.kill(pid, signal.SIGKILL)
        _tell(life, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    finally:
        os._exit(0)


def _tell(life: socket.socket, number: int) -> None:
    with suppress(OSError):
        life.send(NUMBER.pack(number))


def _decode(channel: int, words: int) -> NoReturn:
    """Be a decoder: with the channel and the standard error given and nothing else."""
    code = 1
    try:
        for place, descriptor in enumerate((channel, words, words)):
            os.dup2(descriptor, place)
        from detector.footage import limited_child

        os.closerange(3, _MOST_DESCRIPTORS)
        limited_child.main()
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

    from detector.footage import limited_child as limited_child  # loaded before it is forked

    # Pillow loads its readers when first asked; a decoder's memory may be too little by then.
    Image.init()
    av.logging.set_level(None)
    _fork_decoders(socket.socket(fileno=0))


if __name__ == "__main__":
    main()
