"""Measuring programs: not installed, and no part of `make check`.

archive and clip (`make bench`): speed beside decoding alone. simulate (`make simulate`): how often
an interval holds the truth. world: a whole case whose truth is known. kills: what a sweep survives.
upload: files of gigabytes. canon: whether two cases hold equal rows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Cost:
    """seconds: wall time; peak: bytes resident in its largest process; output: what it printed."""

    seconds: float
    peak: int
    output: str


def run(command: Sequence[str]) -> Cost:
    """The cost of a command, run to its end.

    Raises:
        subprocess.CalledProcessError: it failed; a benchmark of a failure means nothing.
    """
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Cost(seconds, usage.ru_maxrss << 10, output)


def arguments(name: str, description: str | None) -> argparse.ArgumentParser:
    """The parser of `python -m NAME`, whose help is its module's docstring, line by line."""
    return argparse.ArgumentParser(
        prog=f"python -m {name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
