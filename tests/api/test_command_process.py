"""The command as a process of its own: pipes, encodings and signals."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.cli.exits import Exit
from evidence.case.case import Case
from tests.detector.clips import write_clip
from tests.evidence.work.helping import ROOT


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "api.cli", *map(str, words)]


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **more}


def run(*words: object, stdout: Any = subprocess.PIPE, **more: str) -> Any:
    """How a command ended, called here."""
    return subprocess.run(
        command(*words), stdout=stdout, stderr=subprocess.PIPE, env=environment(**more), check=False
    )


@pytest.mark.parametrize("words", [("--json",), ()], ids=["json", "table"])
def test_letters_that_the_terminal_lacks_are_no_trouble(picture, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    plain = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    ended = run("analyze", *words, picture, **plain)
    assert ended.returncode == 0
    if words:
        assert json.loads(ended.stdout.decode("utf-8"))["footage"] == str(picture)
        assert "цех" in ended.stdout.decode("utf-8")
    else:
        assert b"report.html" in ended.stdout


def test_json_survives_a_terminal_without_the_letters():
    words = ("builders", "list", "krasny-proletary", "--json")
    ended = run(*words, PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert json.loads(ended.stdout)["name"] == "Красный пролетарий (Москва)"


FULL = "standard output: the disk is full; make room and run again"
UNWRITTEN = "standard output: it could not be written (No space"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    ("words", "said"), [(("analyze", "--json"), UNWRITTEN), (("builders", "HAAS"), FULL)]
)
def test_a_full_disk_behind_standard_output_is_told(picture, words, said):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        ended = run(*words, *([picture] if "analyze" in words else ()), stdout=full)
    assert ended.returncode == Exit.RESULT
    assert said in ended.stderr.decode() and b"Traceback" not in ended.stderr


@pytest.mark.parametrize("words", [("analyze", "--json"), ("builders", "HAAS")], ids=" ".join)
def test_a_reader_that_goes_away_ends_it_quietly(picture, words):
    away, end = os.pipe()
    os.close(away)
    try:
        ended = run(*words, *([picture] if "analyze" in words else ()), stdout=end)
    finally:
        os.close(end)
    assert (ended.returncode, ended.stderr) == (Exit.PIPE, b"")


def test_streams_that_are_closed_are_missed_by_nobody(tmp_path):
    (tmp_path / "empty").mkdir()
    Case.new(tmp_path / "case", "Plant 12").close()
    words = command("sweep", "empty", "--case", "case", "--json")
    ended = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&-', "sh", *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (Exit.USAGE, "")


def begun(words: list[str], folder: Path) -> subprocess.Popen[bytes]:
    """A command that hears Ctrl-C: a shell that starts the tests in the background has them ignore
    it, and a process inherits what its parent ignores."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, env=environment()
        )
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("module", ["rich", "typer", "pydantic", "api.cli.case"])
def test_interrupted_while_it_starts_it_ends_without_a_word(module, tmp_path):
    python, *words = command("builders", "list")
    running = begun([python, "-X", "importtime", *words], tmp_path)
    assert running.stderr is not None
    for line in running.stderr:  # one for each module that has been loaded
        if line.split()[-1].decode() == module:
            running.send_signal(signal.SIGINT)
            break
    out, err = running.communicate()
    assert (running.returncode, out) == (Exit.INTERRUPTED, b"")
    assert b"Traceback" not in err


def test_interrupted_it_keeps_what_was_done_and_nothing_half(picture, tmp_path):
    slow = write_clip(tmp_path / "slow.mp4", 100, size=(1920, 1080), codec="mpeg4", gop=100)
    running = begun(command("analyze", "--json", "--out", "found", picture, slow), tmp_path)
    assert running.stdout is not None
    first = json.loads(running.stdout.readline())
    running.send_signal(signal.SIGINT)
    out, err = running.communicate()
    assert running.returncode == 130 and out == b""
    assert "interrupted; 1 analysed in full" in err.decode("utf-8")
    assert [f"found/{path.name}" for path in (tmp_path / "found").iterdir()] == [first["results"]]
