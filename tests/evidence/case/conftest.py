"""Surveys, built by hand, of what the clip of `tests/evidence` might show."""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detector.settings import Settings
from detector.types import Analysis, Look, Print, Still, Survey
from evidence.case.case import Case
from evidence.case.summary import add_recipe
from evidence.case.tables import Recipe, Work
from evidence.case.work_queue import FootageSource, add_work, take
from tests.rows import keep

BOX = (40.0, 50.5, 300.25, 260.0)


def encoded(seed: int, form: str) -> bytes:
    """A small picture of noise."""
    noise = np.random.default_rng(seed).integers(0, 256, (24, 32, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(noise).save(out, form)
    return out.getvalue()


def to_survey(analysis: Analysis) -> Survey:
    names = [sighting.id for sighting in analysis.sightings]
    return Survey(
        analysis=analysis,
        prints=tuple(
            Print(Fraction(n, 2), 0 if n < 4 else None, bytes([n]) * 14, 0.5) for n in range(6)
        ),
        looks=tuple(Look(n, Fraction(1), BOX, b"\0\0\x80?" * 8, b"\x01\x02") for n in names),
        stills=(
            *(Still(n, "best", Fraction(1), BOX, encoded(i, "JPEG")) for i, n in enumerate(names)),
            Still("m1", "mark", Fraction(1), (60.0, 70.0, 160.0, 90.0), encoded(9, "PNG")),
        ),
    )


@pytest.fixture(scope="session")
def survey(analysis) -> Survey:
    return to_survey(replace(analysis, settings_hash=Settings().digest))


@pytest.fixture
def other_survey(survey) -> Callable[[str], Survey]:
    """The same found in other footage, known by a word."""

    def make(word: str) -> Survey:
        footage = replace(survey.analysis.footage, sha256=hashlib.sha256(word.encode()).hexdigest())
        return replace(survey, analysis=replace(survey.analysis, footage=footage))

    return make


@pytest.fixture
def recipe(case, registry) -> Recipe:
    """The recipe the surveys were made with, known to the case."""
    with case.session() as session, session.begin():
        return add_recipe(session, "aa" * 32, Settings(), registry)


@pytest.fixture
def swept(case, recipe, survey) -> Case:
    """A case whose one clip has been looked at."""
    keep(case, recipe, survey)
    return case


@pytest.fixture
def listed(case, recipe) -> Callable[..., list[Work]]:
    """Adds paths to the list of work, and takes as many as there are."""

    def add(*paths: str, priority: int = 0) -> list[Work]:
        with case.session() as session, session.begin():
            add_work(session, recipe, [FootageSource(path, 1000, 1) for path in paths], priority)
            return take(session, recipe, 1000)

    return add


def _mount(*words: str | Path) -> None:
    done = subprocess.run(["mount", *words], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"mounting is not allowed here: {done.stderr.strip()}")


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A disk of one mebibyte."""
    folder = tmp_path / "small"
    folder.mkdir()
    _mount("-t", "tmpfs", "-o", "size=1m", "none", folder)
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.fixture
def read_only() -> Iterator[Callable[[Path], None]]:
    """Makes a folder read-only: to root, whom permissions do not stop, by a mount."""
    mounted: list[Path] = []
    closed: list[Path] = []

    def close(folder: Path) -> None:
        if os.geteuid():
            for path in (*folder.rglob("*"), folder):
                path.chmod(path.stat().st_mode & ~0o222)
                closed.append(path)
            return
        _mount("--bind", folder, folder)
        mounted.append(folder)
        _mount("-o", "remount,ro,bind", folder)

    yield close
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)
    for path in reversed(closed):
        path.chmod(path.stat().st_mode | 0o200)
