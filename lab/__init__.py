"""Measuring programs: not installed, and no part of `make check`.

archive and clip (`make bench`): speed beside decoding alone. simulate (`make simulate`): how often
an interval holds the truth. world: a whole case whose truth is known. kills: what a sweep survives.
upload: files of gigabytes. canon: whether two cases hold equal rows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import psutil

MIB = 1 << 20


SAMPLE_SECONDS = 0.2
"""Between two looks at a command's processes."""


@dataclass(frozen=True)
class Cost:
    """What a command took.

    - seconds: wall time. processor: seconds of all its processes.
    - peak: bytes resident in its largest process.
    - memory: of all its processes; what they share counts once.
    - output: what it printed.
    """

    seconds: float
    processor: float
    peak: int
    memory: int
    output: str


def used_by(root: psutil.Process) -> tuple[float, int]:
    """Processor seconds and bytes of a process and all below it; what they share counts once."""
    processor, memory = 0.0, 0
    with suppress(psutil.Error):
        for process in (root, *root.children(recursive=True)):
            with suppress(psutil.Error):
                # Those that have ended count with the one that waited for them.
                processor += sum(process.cpu_times()[:4])
                memory += process.memory_full_info().pss
    return processor, memory


def run(command: Sequence[str]) -> Cost:
    """The cost of a command, run to its end.

    Raises:
        subprocess.CalledProcessError: it failed; a benchmark of a failure means nothing.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    root, over, most = psutil.Process(process.pid), threading.Event(), [(0.0, 0)]

    def sample() -> None:
        while not over.wait(SAMPLE_SECONDS):
            most.append(used_by(root))

    samples = threading.Thread(target=sample, daemon=True)
    samples.start()
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    over.set()
    samples.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    processors, memories = zip(*most, strict=True)
    processor = max(*processors, usage.ru_utime + usage.ru_stime)
    return Cost(seconds, processor, usage.ru_maxrss << 10, max(memories), output)


def arguments(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of `python -m NAME`, whose help is its module's docstring, line by line."""
    return argparse.ArgumentParser(
        prog=f"python -m {name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
