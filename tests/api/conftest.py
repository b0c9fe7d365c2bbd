"""The command line, called as a shell would, inside the test's own process."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from api.cli import run as run_command


class Ended(NamedTuple):
    """How a command ended: its exit code and every byte it wrote."""

    code: int
    out: bytes
    err: str


Nameplate = Callable[..., Ended]


def table(name: str) -> list[list[Any]]:
    """The rows of a table of cases: cells apart by tabs, each as JSON."""
    file = Path(__file__).parents[1] / "data" / "api" / f"{name}.tsv"
    rows = file.read_text("utf-8").strip().split("\n")
    return [[json.loads(cell) for cell in row.split("\t")] for row in rows]


@pytest.fixture
def nameplate(monkeypatch, capfdbinary, tmp_path) -> Nameplate:
    """`nameplate(*words)`, run in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Ended:
        capfdbinary.readouterr()
        monkeypatch.setattr(sys, "argv", ["nameplate", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            run_command()
        out, err = capfdbinary.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, out, err.decode("utf-8"))

    return run


def draw(path: Path, seed: int = 0) -> Path:
    """A small photograph of nothing much."""
    rough = np.random.default_rng(seed).integers(90, 160, (9, 16, 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rough).resize((320, 180), Image.Resampling.BILINEAR).save(path)
    return path


@pytest.fixture
def picture(tmp_path) -> Path:
    return draw(tmp_path / "цех.png")
