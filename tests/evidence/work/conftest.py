"""A few tiny clips, workers that every test may use, and what an undisturbed sweep finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from distributed import Client

from datasets.maker.scene import draw_still
from datasets.registry import load_registry
from detector import Settings
from evidence.case.case import Case
from evidence.work.progress import Stop
from evidence.work.sources import Feed
from evidence.work.sweep import Order, sweep
from tests.evidence.work.helping import Clip, Noted, dask_cluster, write_clip
from tests.rows import rows

SEEDS = (5, 1, 0, 3)
"""Of what is drawn in each clip: three machines of which little, more, most is to be read, and
nothing that counts as a machine. A clip with several takes as long as all of these."""
CLIPS = len(SEEDS)


@pytest.fixture(scope="session")
def clips(tmp_path_factory) -> Path:
    """A folder with a few clips of half a second, one in a sub-folder, and a copy of the first
    under another name."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "цех").mkdir()
    for number, seed in enumerate(SEEDS):
        place = folder / "цех" if number == CLIPS - 1 else folder
        write_clip(place / f"clip-{number}.mp4", Clip(draw_still(seed=seed)[0]))
    shutil.copyfile(folder / "clip-0.mp4", folder / "цех" / "again.mp4")
    return folder


@pytest.fixture(scope="session")
def place() -> Iterator[Client]:
    """Two workers of this machine, kept for all tests: they load the model once."""
    with dask_cluster(2) as client:
        yield client


@pytest.fixture
def order(place) -> Order:
    """A sweep on those workers."""
    return Order(Settings.archive(), load_registry(), cluster=place.scheduler.address)


@pytest.fixture(scope="session")
def in_peace(clips, place, tmp_path_factory) -> Path:
    """The folder of a case that swept the clips in peace."""
    order = Order(Settings.archive(), load_registry(), cluster=place.scheduler.address)
    folder = tmp_path_factory.mktemp("peace") / "case"
    with Case.new(folder, "Plant 12") as case:
        ending = sweep(case, order, Feed([clips]), Stop(), Noted())
        assert (ending.outcome, ending.tally.done) == ("done", CLIPS + 1)
    return folder


@pytest.fixture(scope="session")
def undisturbed(in_peace) -> dict[str, list[tuple[object, ...]]]:
    """Every derived row of that case."""
    with Case.open(in_peace) as case:
        return rows(case)


@pytest.fixture
def small(tmp_path) -> Iterator[Case]:
    """A new case on SQLite, for what does not depend on the database."""
    with Case.new(tmp_path / "case", "Plant 12") as made:
        yield made
