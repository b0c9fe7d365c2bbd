"""Uploads far larger than the memory of the server that takes them in.

python -m lab.upload [--gib 4] [--limit 512] [--at-once 10]

A small clip with a `free` box behind it, filled with noise, is sent to `nameplate serve`: whole;
cut off five times and gone on with; ten of a tenth of the size at once. The server is a process
of its own, held by a control group (version 1; needs root) to so many MiB, the pages of its files
among them; where there is none it is only measured. Printed is the most memory that the server
process itself had resident (VmHWM), and whether what it kept has the SHA-256 of what was sent.
Nobody works on the case meanwhile: the trial holds its lock.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datasets.maker.stills import draw_still
from evidence.store import Case
from lab.commands import NAMEPLATE, Failed
from tests.evidence.sweep.helping import Clip, write_clip

MIB, GIB = 1 << 20, 1 << 30
CUTS = 5
_GROUPS = Path("/sys/fs/cgroup/memory")


@dataclass(frozen=True)
class Film:
    """A clip of `size` bytes, made as it is read, and each time the same."""

    head: bytes
    size: int
    seed: int

    def blocks(self, start: int = 0) -> Iterator[bytes]:
        """Its bytes from `start` on."""
        rest = self.size - len(self.head)
        head = self.head + b"\0\0\0\1free" + rest.to_bytes(8, "big")
        noise = random.Random(self.seed).randbytes(MIB)
        at = 0
        while at < self.size:
            # Each block differs, so that one in the wrong place would be noticed.
            block = noise[at // MIB % 997 :] + noise[: at // MIB % 997]
            if at == 0:
                block = (head + block)[:MIB]
            block = block[: self.size - at]
            if at + len(block) > start:
                yield block[max(0, start - at) :]
            at += len(block)

    def sha256(self) -> str:
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()


class Server:
    """`nameplate serve` as a process, held to so many bytes where the system can."""

    def __init__(self, case: Path, limit: int) -> None:
        self._group = _group(limit)
        join = f"echo $$ > {self._group / 'cgroup.procs'} && " if self._group else ""
        command = [*NAMEPLATE, "serve", str(case), "--port", "0"]
        self._process = subprocess.Popen(
            ["sh", "-c", f'{join}exec "$@"', "sh", *command], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().rpartition(":")[2])
        self.limited = self._group is not None

    def peak(self) -> int:
        """The most bytes it has had resident."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) << 10

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        headers |= {"Origin": f"http://127.0.0.1:{self.port}"}
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told: dict[str, Any] = json.loads(answer.read())
        connection.close()
        if answer.status >= 300:
            raise Failed(f"{method} {path}: {answer.status} {told}")
        return told

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)
        assert self._process.stdout is not None
        self._process.stdout.close()
        if self._group:
            self._group.rmdir()


def _group(limit: int) -> Path | None:
    """A control group of that many bytes below this process's own."""
    with suppress(OSError):
        line = next(
            one for one in Path("/proc/self/cgroup").read_text().splitlines() if ":memory:" in one
        )
        group = _GROUPS / line.rpartition(":")[2].lstrip("/") / f"nameplate-{os.getpid()}"
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(limit))
        return group
    return None


def whole(server: Server, film: Film) -> str:
    """All of it in one request."""
    told = server.call(
        "POST",
        f"/api/v1/footage?name={quote('film.mp4')}",
        film.blocks(),
        **{"Content-Length": str(film.size)},
    )
    return str(told["footage"])


def interrupted(server: Server, film: Film) -> str:
    """Cut off five times, and gone on with where the server was."""
    asked = json.dumps({"name": "film.mp4", "size": film.size})
    number = server.call("POST", "/api/v1/uploads", asked, **{"Content-Type": "application/json"})
    path = f"/api/v1/uploads/{number['id']}"
    cuts = sorted(random.Random(film.seed).sample(range(film.size), CUTS))
    for cut in cuts:
        _send_until(server, film, path, cut)
    offset = _offset(server, path)
    headers = {"Content-Length": str(film.size - offset), "Upload-Offset": str(offset)}
    return str(server.call("PATCH", path, film.blocks(offset), **headers)["footage"])


def _send_until(server: Server, film: Film, path: str, cut: int) -> None:
    """Sends what is missing, and closes the connection without a word at `cut`."""
    offset = _offset(server, path)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=600)
    connection.putrequest("PATCH", path)
    connection.putheader("Origin", f"http://127.0.0.1:{server.port}")
    connection.putheader("Upload-Offset", str(offset))
    connection.putheader("Content-Length", str(film.size - offset))
    connection.endheaders()
    for block in film.blocks(offset):
        if offset + len(block) > cut:
            break
        connection.send(block)
        offset += len(block)
    connection.close()


def _offset(server: Server, path: str) -> int:
    """How much has come, once the server is done with what was under way."""
    before = -1
    while (now := int(server.call("GET", path)["offset"])) != before:
        before = now
        time.sleep(0.5)
    return now


@contextmanager
def _case(folder: Path) -> Iterator[Path]:
    """A new case that is held, so that nobody works on it."""
    at = folder / "case"
    with Case.new(at, "trial") as case, case.lock():
        yield at
    shutil.rmtree(at)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m lab.upload", description=__doc__)
    parser.add_argument("--gib", type=float, default=4.0)
    parser.add_argument("--limit", type=int, default=512, help="MiB")
    parser.add_argument("--at-once", type=int, default=10)
    given = parser.parse_args()
    size, many = int(given.gib * GIB), given.at_once
    print("| sent | seconds | MB a second | most resident | bytes equal |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as name:
        folder = Path(name)
        head = write_clip(folder / "head.mp4", Clip(draw_still(seed=4)[0])).read_bytes()
        rounds = (
            ("nothing", [], whole),
            (f"{given.gib:g} GiB in one request", [Film(head, size, 1)], whole),
            (f"the same, cut off {CUTS} times", [Film(head, size, 2)], interrupted),
            (f"{many} of a tenth at once", [Film(head, size // 10, n) for n in range(many)], whole),
        )
        for what, films, send in rounds:
            with _case(folder) as case:
                print(_round(what, films, send, case, given.limit * MIB), flush=True)


def _round(what: str, films: list[Film], send: Any, case: Path, limit: int) -> str:
    """One line of the table."""
    expected = [film.sha256() for film in films]
    server = Server(case, limit)
    try:
        server.call("GET", "/api/v1/uploads")
        begun = time.monotonic()
        with ThreadPoolExecutor(max(1, len(films))) as pool:
            got = list(pool.map(lambda film: send(server, film), films))
        seconds = time.monotonic() - begun
        peak = server.peak()
    finally:
        server.end()
    kept = [_kept(case, sha256) for sha256 in got]
    total = sum(film.size for film in films)
    rate = f"{total / seconds / 1e6:.0f}" if films else ""
    equal = ("yes" if expected == got == kept else "**no**") if films else ""
    note = "" if server.limited else " (not limited)"
    return f"| {what} | {seconds:.0f} | {rate} | {peak / MIB:.0f} MiB{note} | {equal} |"


def _kept(case: Path, sha256: str) -> str:
    """The hash of what lies where the footage of that name must."""
    (path,) = (case / "footage" / sha256[:2]).glob(f"{sha256}*")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    main()
