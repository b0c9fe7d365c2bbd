"""The nursery's own process: it loads what decoders need, and forks them; see `forkserver`.

It has one thread and opens no footage.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import traceback
from contextlib import suppress
from typing import NoReturn

import av

# PyAV loads it with the first clip.
import av.subtitles.stream
from PIL import Image

from detector.footage import child

# What a decoder works with is loaded here, once.
from detector.footage import clip as clip
from detector.footage import pictures as pictures
from detector.footage.forkserver import HANDED, NUMBER, START

# More descriptors than are ever open here.
_MOST_DESCRIPTORS = 1 << 16


class _Ward:
    """The decoders that live, by the descriptors that tell of them."""

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
    # Pillow loads its readers when first asked; a decoder's memory may be too little by then.
    Image.init()
    av.logging.set_level(None)
    ward = _Ward(socket.socket(fileno=0))
    try:
        ward.tend()
    finally:
        ward.close()


if __name__ == "__main__":
    main()
