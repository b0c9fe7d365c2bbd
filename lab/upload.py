"""Uploads far larger than the memory of the server that takes them in.

python -m lab.upload [--gib 4] [--at-once 10]

A small clip with a `free` box behind it, filled with noise, is sent to `nameplate serve` in three
ways. It is sent whole. It is cut off five times and continued. Ten of a tenth of the size are sent
at once. Printed is the most memory that the server process itself had resident (VmHWM), and whether
what it kept has the SHA-256 of what was sent. Nobody works on the case meanwhile: the trial holds
its lock.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from datasets.maker.scene import draw_still
from evidence.case.case import Case
from lab import MIB, arguments
from lab.processes import NAMEPLATE, Failed
from tests.evidence.work.helping import Clip, write_clip

GIB = 1 << 30
CUTS = 5


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
        for at in range(0, self.size, MIB):
            # Each block differs, so that one in the wrong place would be noticed.
            block = noise[at // MIB % 997 :] + noise[: at // MIB % 997]
            block = ((head + block)[:MIB] if at == 0 else block)[: self.size - at]
            if at + len(block) > start:
                yield block[max(0, start - at) :]

    def sha256(self) -> str:
        digest = hashlib.sha256()
        for block in self.blocks():
            digest.update(block)
        return digest.hexdigest()


class Server:
    """`nameplate serve` as a process."""

    def __init__(self, case: Path) -> None:
        command = [*NAMEPLATE, "serve", str(case), "--port", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline().rpartition(":")[2])

    def peak(self) -> int:
        """The most bytes it has had resident."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) << 10

    def call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """The server's answer to what `httpx` is asked to send."""
        address = f"http://127.0.0.1:{self.port}"
        headers = {"Origin": address, **request.pop("headers", {})}
        answer = httpx.request(method, address + path, headers=headers, timeout=600, **request)
        if answer.status_code >= 300:
            raise Failed(f"{method} {path}: {answer.status_code} {answer.text}")
        return dict(answer.json())

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.communicate(timeout=60)


def send_whole(server: Server, film: Film) -> str:
    """The footage's hash after one request with all of it."""
    headers = {"Content-Length": str(film.size)}
    path = "/api/v1/footage?name=film.mp4"
    return str(server.call("POST", path, content=film.blocks(), headers=headers)["footage"])


def send_interrupted(server: Server, film: Film) -> str:
    """The footage's hash after five cuts, each gone on with where the server was."""
    asked = {"name": "film.mp4", "size": film.size}
    path = f"/api/v1/uploads/{server.call('POST', '/api/v1/uploads', json=asked)['id']}"
    answer: dict[str, Any] = {}
    for cut in (*sorted(random.Random(film.seed).sample(range(film.size), CUTS)), film.size):
        offset = _offset(server, path)
        headers = {"Content-Length": str(film.size - offset), "Upload-Offset": str(offset)}
        blocks = _until(cut, film, offset)
        with suppress(_Cut):
            answer = server.call("PATCH", path, content=blocks, headers=headers)
    return str(answer["footage"])


class _Cut(Exception):
    """Raised while a request is sent, closes its connection without a word."""


def _until(cut: int, film: Film, offset: int) -> Iterator[bytes]:
    """The bytes of a film from `offset` on; from the block that holds byte `cut`, none."""
    for block in film.blocks(offset):
        offset += len(block)
        if offset > cut:
            raise _Cut
        yield block


def _offset(server: Server, path: str) -> int:
    """The bytes that have come, once the server is done with what was under way."""
    before = -1
    while (now := int(server.call("GET", path)["offset"])) != before:
        before = now
        time.sleep(0.5)
    return now


def main() -> None:
    parser = arguments("lab.upload", __doc__)
    parser.add_argument("--gib", type=float, default=4.0)
    parser.add_argument("--at-once", type=int, default=10)
    given = parser.parse_args()
    size, many = int(given.gib * GIB), given.at_once
    print("| sent | seconds | MB a second | most resident | bytes equal |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="nameplate-lab-") as name:
        folder = Path(name)
        head = write_clip(folder / "head.mp4", Clip(draw_still(seed=4)[0])).read_bytes()
        tenths = [Film(head, size // 10, number) for number in range(many)]
        for what, films, send in (
            ("nothing", [], send_whole),
            (f"{given.gib:g} GiB in one request", [Film(head, size, 1)], send_whole),
            (f"the same, cut off {CUTS} times", [Film(head, size, 2)], send_interrupted),
            (f"{many} of a tenth at once", tenths, send_whole),
        ):
            with Case.new(folder / "case", "trial") as case, case.lock():
                print(f"| {what} | {_measure(films, send, case.folder)} |", flush=True)
            shutil.rmtree(folder / "case")


def _measure(films: list[Film], send: Callable[[Server, Film], str], case: Path) -> str:
    """The cells of one line of the table."""
    expected = [film.sha256() for film in films]
    server = Server(case)
    try:
        server.call("GET", "/api/v1/uploads")
        began = time.monotonic()
        with ThreadPoolExecutor(max(1, len(films))) as pool:
            got = list(pool.map(lambda film: send(server, film), films))
        seconds = time.monotonic() - began
        peak = server.peak()
    finally:
        server.end()
    kept = []
    for sha256 in got:
        (path,) = (case / "footage" / sha256[:2]).glob(f"{sha256}*")
        with path.open("rb") as file:
            kept.append(hashlib.file_digest(file, "sha256").hexdigest())
    rate = f"{sum(film.size for film in films) / seconds / 1e6:.0f}" if films else ""
    equal = ("yes" if expected == got == kept else "**no**") if films else ""
    return f"{seconds:.0f} | {rate} | {peak / MIB:.0f} MiB | {equal}"


if __name__ == "__main__":
    main()
