"""Disks that fill up or turn read-only, and network folders that go away: real ones, made here.

Needs root; the network folder needs sshfs and OpenSSH's sftp-server (no sshd, no network: the
two talk over a pair of sockets).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path

from bench.commands import Unable

MIB = 1 << 20
SFTP_SERVER = Path("/usr/lib/openssh/sftp-server")


def need(*programs: str) -> None:
    """Raises `Unable` where root's rights or a program is missing."""
    if os.geteuid() != 0:
        raise Unable("mounting needs root")
    for program in programs:
        if shutil.which(program, path=f"{os.environ['PATH']}:/sbin:/usr/sbin") is None:
            raise Unable(f"{program} is not installed")


def call(*command: str) -> None:
    """One call of a system's tool.

    Raises:
        Unable: it failed.
    """
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Unable(f"{' '.join(command)}: {done.stderr.strip()}")


class Disk:
    """An ext4 file system of `size` bytes in a file beside `at`, mounted there."""

    def __init__(self, at: Path, size: int = 96 * MIB) -> None:
        need("mkfs.ext4", "mount", "e2fsck")
        self.at, self._image = at, at.with_suffix(".img")
        self._filler = at / "filler"
        with self._image.open("wb") as image:
            image.truncate(size)
        call("mkfs.ext4", "-q", "-m", "0", str(self._image))
        at.mkdir()
        self._mount()

    def fill(self, leave: int) -> None:
        """Fill it until `leave` bytes are free, or whoever else writes there has taken them."""
        with suppress(OSError), self._filler.open("wb", buffering=0) as filler:
            os.posix_fallocate(filler.fileno(), 0, max(1, self.free() - leave - 64 * 1024))
            filler.seek(0, os.SEEK_END)
            while self.free() > leave:
                filler.write(bytes(4096))
                os.fsync(filler.fileno())

    def empty(self) -> None:
        """Take the filler away, for good."""
        self._filler.unlink()
        call("sync", "--file-system", str(self.at))

    def free(self) -> int:
        state = os.statvfs(self.at)
        return state.f_bavail * state.f_frsize

    def turn_read_only(self) -> None:
        """What the kernel does to a file system on a failing disk: from now on EROFS."""
        call("mount", "-o", "remount,abort", str(self.at))

    def repair(self) -> None:
        """Unmount, check, mount again: what whoever looks after the disk does."""
        call("umount", str(self.at))
        subprocess.run(["e2fsck", "-fy", str(self._image)], capture_output=True)
        self._mount()

    def _mount(self) -> None:
        call("mount", "-o", "loop", str(self._image), str(self.at))

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *_: object) -> None:
        call("umount", "--lazy", str(self.at))
        self._image.unlink()


class NetworkFolder:
    """The folder `source` served over SFTP and mounted at `at`, as a file server's would be."""

    def __init__(self, source: Path, at: Path) -> None:
        need("sshfs", "mount")
        if not SFTP_SERVER.exists():
            raise Unable("OpenSSH's sftp-server is not installed")
        self.source, self.at = source, at
        at.mkdir(exist_ok=True)
        self.come()

    def come(self) -> None:
        """Mount it."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self._server = subprocess.Popen(
                [SFTP_SERVER], stdin=theirs.fileno(), stdout=theirs.fileno()
            )
            options = "passive,cache=no,idmap=user"
            command = ["sshfs", "-f", "-o", options, f":{self.source}", str(self.at)]
            self._client = subprocess.Popen(command, stdin=ours.fileno(), stdout=ours.fileno())
        while not self.at.is_mount():
            if self._client.poll() is not None:
                raise Unable(f"sshfs ended with {self._client.returncode}")

    def vanish(self) -> None:
        """It is unmounted: the folder is there and empty."""
        self._server.kill()
        self._server.wait()
        self._client.wait()

    def snap(self) -> None:
        """Its client dies: every call says that the endpoint is not connected."""
        self._client.kill()
        self._client.wait()
        self._server.wait()

    def hang(self) -> None:
        """Its server says nothing any more: every call waits."""
        self._server.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    def clear(self) -> None:
        """Take away what `snap` left."""
        subprocess.run(["umount", "--lazy", str(self.at)], capture_output=True)

    def __enter__(self) -> NetworkFolder:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.kill()
        self._server.wait()
        self._client.kill()
        self._client.wait()
        self.clear()
