"""A table of any files: done, refused by kind, or no answer; memory, seconds, frames.

python -m lab.corpus FOLDER... [--analyze] [--seconds 60]

Each file is decoded whole, beside FFmpeg's own decoding of it; with --analyze it is looked at as
`nameplate analyze` does. Memory is that of all processes together. Below the table stands what to
look into: no answer, too much memory, refused though FFmpeg decodes it, other frames without a
reason.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import av
import psutil

from datasets.errors import FootageError
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.settings import Decoding
from detector.types import Span
from lab import MIB, arguments, used_by

MOST_MEMORY = 1536 * MIB
POLL_SECONDS = 0.1
NO_ANSWER, CRASHED, DONE = "no answer", "crashed", "done"
# Refused for what they are, whatever FFmpeg makes of them.
NO_FOOTAGE = ("disguised", "unsupported", "no-pictures", "empty", "missing", "encrypted")


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """What became of one file. `reason`: the error's or the loss's. `seconds`: by the clock;
    `cpu_seconds` of the processor; `memory` in bytes. `frames`: None for a picture."""

    file: str
    outcome: str
    reason: str
    frames: int | None
    ffmpeg: int | None
    memory: int
    seconds: float
    cpu_seconds: float

    @property
    def doubt(self) -> str | None:
        """What is to be looked into, if anything."""
        if self.outcome in (NO_ANSWER, CRASHED):
            return self.outcome
        if self.memory > MOST_MEMORY:
            return f"{self.memory // MIB} MiB"
        if self.outcome not in (DONE, *NO_FOOTAGE) and self.ffmpeg:
            return "refused, and FFmpeg decodes it"
        if self.outcome == DONE and self.frames is not None and not self.reason:
            return None if self.ffmpeg in (None, self.frames) else "other frames and no reason"
        return None


def main() -> None:
    parser = arguments("lab.corpus", __doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--analyze", action="store_true")
    parser.add_argument("--seconds", type=float, default=60, help="for one file")
    given = parser.parse_args()
    inside = [path for folder in given.folders for path in (folder, *sorted(folder.rglob("*")))]
    files = [path for path in inside if path.is_file()]
    with closing(run(files, given.seconds, given.analyze)) as rows:
        report(rows)


def run(paths: Iterable[Path], seconds: float, whole: bool = False) -> Generator[CorpusRow]:
    """A row for each file, in order; `whole`: it is analysed, not decoded alone."""
    look, other = FileWorker(analyze if whole else decode), FileWorker(count)
    try:
        for path in paths:
            answer = {"outcome": NO_ANSWER, "reason": "", "frames": None} | look.ask(path, seconds)
            yield CorpusRow(path.name, ffmpeg=other.ask(path, seconds).get("frames"), **answer)
    finally:
        look.end()
        other.end()


def report(rows: Iterator[CorpusRow]) -> None:
    """Prints the table and what is to be looked into."""
    print("| file | outcome | frames | FFmpeg | MiB | s | CPU s |\n|---|---|---|---|---|---|---|")
    seen: list[CorpusRow] = []
    for row in rows:
        seen.append(row)
        frames, ffmpeg = ("-" if n is None else n for n in (row.frames, row.ffmpeg))
        cost = f"{row.memory // MIB} | {row.seconds:.1f} | {row.cpu_seconds:.1f}"
        print(f"| {row.file} | {row.outcome} | {frames} | {ffmpeg} | {cost} |", flush=True)
    outcomes = Counter(row.outcome for row in seen)
    print("\n" + ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common()))
    print(*(f"- {row.file}: {row.doubt} ({row.reason})" for row in seen if row.doubt), sep="\n")


class FileWorker:
    """A process that answers for one file after the other; started again if it did not answer."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._process: SpawnProcess | None = None

    def ask(self, path: Path, seconds: float) -> Answer:
        """The answer, and the `memory`, `seconds` and `cpu_seconds` that it took."""
        if self._process is None:
            context = get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=serve, args=(self._task, theirs))
            self._process.start()
            theirs.close()
            self._pipe.recv()  # it has loaded what it needs
        process, root = self._process, psutil.Process(self._process.pid)
        idle = used_by(root)[0]
        begun, peak, cpu, ready = time.monotonic(), 0, 0.0, False
        self._pipe.send(path.absolute())
        while not ready and time.monotonic() - begun < seconds and process.is_alive():
            ready = self._pipe.poll(POLL_SECONDS)
            processor, memory = used_by(root)
            peak, cpu = max(peak, memory), max(cpu, processor - idle)
        cost = {"memory": peak, "seconds": time.monotonic() - begun, "cpu_seconds": cpu}
        with suppress(EOFError):
            if ready:
                return self._pipe.recv() | cost
        crashed = {"outcome": CRASHED} if ready or not process.is_alive() else {}
        self.end()
        return crashed | cost

    def end(self) -> None:
        """End it and its children."""
        if self._process is not None:
            with suppress(psutil.Error):
                for one in psutil.Process(self._process.pid).children(recursive=True)[::-1]:
                    one.kill()
            self._process.kill()
            self._process.join()
            self._pipe.close()
            self._process = None


Answer = dict[str, Any]
Task = Callable[[Path], Answer]


def serve(task: Task, pipe: Connection) -> None:
    """Answers for each path that comes, and prints nothing: libraries do."""
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    if task is analyze:
        analyst()
    pipe.send(None)
    while True:
        try:
            answer = task(pipe.recv())
        except FootageError as error:
            answer = {"outcome": error.kind, "reason": str(error)}
        pipe.send(answer)


def decode(path: Path) -> Answer:
    """Every frame, as the passes of an analysis ask for them."""
    whole = [Span(Fraction(-1 << 40), Fraction(1 << 40), "hit")]
    with Decoder(open_footage(path), Decoding()) as decoder:
        list(decoder.keyframes(Fraction(1, 2), 640))
        frames = sum(1 for _ in decoder.dense(whole, Fraction(1, 2)))
        film = decoder.probe.codec not in ("jpeg", "png", "webp", "bmp", "tiff", "heic", "avif")
        reasons = "; ".join(decoder.loss.reasons)
    return {"outcome": DONE, "reason": reasons, "frames": frames if film else None}


@cache
def analyst() -> Any:
    """Loaded when it is first needed."""
    from detector import Analyst

    return Analyst()


def analyze(path: Path) -> Answer:
    """Looks at it as `nameplate analyze` does."""
    return {"outcome": DONE, "reason": "; ".join(analyst().analyze(path).loss.reasons)}


def count(path: Path) -> Answer:
    """The frames that FFmpeg itself gives of the stream that it holds to be the best."""
    try:
        with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.best("video")
            return {"frames": 0 if stream is None else sum(1 for _ in container.decode(stream))}
    except (av.FFmpegError, ValueError, MemoryError):
        return {}


if __name__ == "__main__":
    main()
