"""The promises that hold already: P1, no original byte changes; P5, no packet leaves."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from datasets.maker.stills import draw_still

ROOT = Path(__file__).parent.parent

# Python tells an audit hook of each name looked up and each connection opened; it is installed
# by the interpreter's own start-up file. The decoder process, which opens one file through
# FFmpeg's `file` protocol alone, is not watched by it.
WATCHER = """
import os, sys
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"):
        with open(os.environ["NETWORK_LOG"], "a") as log:
            log.write(f"{event} {args[1:]}\\n")
sys.addaudithook(watch)
"""


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    picture, _ = draw_still(seed=3)
    file = tmp_path_factory.mktemp("photograph") / "machine.png"
    Image.fromarray(picture).save(file)
    file.chmod(0o444)
    return file


def watched_run(folder: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], str]:
    (folder / "sitecustomize.py").write_text(WATCHER, "utf-8")
    log = folder / "network.log"
    log.touch()
    environment = os.environ | {
        "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}",
        "NETWORK_LOG": str(log),
        "HOME": str(folder),
    }
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True
    )
    return done, log.read_text("utf-8")


def test_the_watcher_sees_a_connection(tmp_path: Path) -> None:
    code = "import socket; socket.socket().connect_ex(('127.0.0.1', 9))"
    _, log = watched_run(tmp_path, "-c", code)
    assert "socket.connect" in log


def test_an_analysis_opens_no_connection_and_leaves_the_original_alone(
    photograph: Path, tmp_path: Path
) -> None:
    before = hashlib.sha256(photograph.read_bytes()).hexdigest(), photograph.stat().st_mtime_ns
    done, log = watched_run(
        tmp_path, "-m", "api.cli", "analyze", "--json", "--out", str(tmp_path), str(photograph)
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["sha256"] == before[0]
    assert log == ""
    after = hashlib.sha256(photograph.read_bytes()).hexdigest(), photograph.stat().st_mtime_ns
    assert before == after
