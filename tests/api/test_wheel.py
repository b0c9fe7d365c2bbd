"""The wheel alone, installed into a bare environment of each Python that is here."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from datasets.maker.scene import draw_still
from tests.evidence.work.helping import ROOT

PARTS = ("api", "datasets", "detector", "evidence", "training")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built of a copy of the sources; it brings its models."""
    folder = tmp_path_factory.mktemp("wheel")
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / part, folder / "source" / part, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / "source")
    build = ["wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", *build, str(folder / "source")], check=True)
    (built,) = folder.glob("*.whl")
    return built


def python_of(version: str) -> Path | None:
    """An interpreter of a version that makes environments: the system's, or one of pyenv's."""
    kept = sorted((Path.home() / ".pyenv/versions").glob(f"{version}.*/bin/python"))
    for python in (*filter(None, [shutil.which(f"python{version}")]), *kept):
        asked = [python, "-c", "import ensurepip, venv"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return Path(python)
    return None


@pytest.mark.nightly
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_a_wheel_is_all_that_a_bare_python_needs(wheel, tmp_path, version):
    python = python_of(version)
    if python is None:
        pytest.skip(f"Python {version} is not here")
    fresh = tmp_path / "fresh"
    subprocess.run([python, "-m", "venv", fresh], check=True)
    try:
        install = [fresh / "bin/pip", "install", "--quiet", wheel]
        installed = subprocess.run(install, capture_output=True, text=True, check=False)
        if "Failed to establish a new connection" in installed.stderr:
            pytest.skip("no package index can be reached")
        assert installed.returncode == 0, installed.stderr
        Image.fromarray(draw_still(seed=4)[0]).save(tmp_path / "hall.jpg", quality=92)
        program = [fresh / "bin/nameplate", "analyze", "--json", "--out", "results", "hall.jpg"]
        ended = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        (record,) = map(json.loads, ended.stdout.splitlines())
        assert record["machines"] and (tmp_path / record["results"] / "report.html").exists()
        asked = [fresh / "bin/python", "-c", "import api.web.app as a; print(a.__file__)"]
        where = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert Path(where.stdout.strip()).is_relative_to(fresh)
    finally:
        shutil.rmtree(fresh)  # 1.3 GB
