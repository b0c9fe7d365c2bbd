"""The wheel, installed into an environment of its own, works away from the repository."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from PIL import Image

from datasets.maker.scene import draw_still
from tests.evidence.work.helping import ROOT

PARTS = ("api", "datasets", "detector", "evidence", "training")


@pytest.mark.nightly
def test_a_wheel_carries_all_that_it_needs(tmp_path):
    source, fresh = tmp_path / "source", tmp_path / "fresh"
    for part in PARTS:
        shutil.copytree(ROOT / part, source / part, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-q", "-w", str(tmp_path), str(source)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(fresh, with_pip=False)
    install = ["--python", str(fresh / "bin/python"), "install", "--no-deps", "-q", str(wheel)]
    subprocess.run([*pip, *install], check=True)
    # What it depends on is this environment's; a folder named so brings none of its own links.
    (place,) = fresh.glob("lib/*/site-packages")
    (place / "needed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    Image.fromarray(draw_still(seed=4)[0]).save(tmp_path / "hall.jpg", quality=92)
    program = [str(fresh / "bin/nameplate"), "analyze", "--json", "--out", "results", "hall.jpg"]
    ended = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (record,) = map(json.loads, ended.stdout.splitlines())
    assert record["machines"] and (tmp_path / record["results"] / "report.html").exists()
    asked = [str(fresh / "bin/python"), "-c", "import api.web.app as a; print(a.__file__)"]
    where = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert Path(where.stdout.strip()).is_relative_to(fresh)
