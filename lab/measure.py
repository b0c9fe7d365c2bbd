"""Runs a piece of work in a process of its own and says what it cost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass

KIB = 1024


@dataclass(frozen=True)
class Cost:
    """seconds: wall time; peak: bytes resident in its largest process; output: what it printed."""

    seconds: float
    peak: int
    output: str


def run(command: Sequence[str]) -> Cost:
    """Run `command` to its end.

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
    return Cost(seconds, usage.ru_maxrss * KIB, output)
