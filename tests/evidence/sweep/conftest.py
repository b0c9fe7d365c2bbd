"""A few tiny clips, workers that every test may use, and what an undisturbed sweep finds."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from datasets.maker.stills import draw_still
from datasets.registry import load_registry
from detector import Settings
from evidence.store import Case
from evidence.sweep.cluster import Workplace, local_workplace
from evidence.sweep.feed import Feed
from evidence.sweep.run import Order, sweep
from evidence.sweep.stop import Stop
from tests.evidence.sweep.helping import Clip, Noted, write_clip
from tests.rows import rows

CLIPS = 4


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with half a second of a machine in each of a few clips, one in a sub-folder,
    and a copy of the first under another name."""
    folder = tmp_path_factory.mktemp("archive")
    (folder / "цех").mkdir()
    for number in range(CLIPS):
        place = folder / "цех" if number == CLIPS - 1 else folder
        write_clip(place / f"clip-{number}.mp4", Clip(draw_still(seed=number)[0]))
    shutil.copyfile(folder / "clip-0.mp4", folder / "цех" / "again.mp4")
    return folder


@pytest.fixture(scope="session")
def place() -> Iterator[Workplace]:
    """Two workers of this machine, kept for all tests: they load the model once."""
    with local_workplace(2) as workplace:
        yield workplace


@pytest.fixture
def order(place: Workplace) -> Order:
    """A sweep on those workers."""
    return Order(Settings.archive(), load_registry(), cluster=place.client.scheduler.address)


@pytest.fixture(scope="session")
def undisturbed(
    clips: Path, place: Workplace, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[tuple[object, ...]]]:
    """Every derived row of a case that swept the clips in peace."""
    order = Order(Settings.archive(), load_registry(), cluster=place.client.scheduler.address)
    with Case.new(tmp_path_factory.mktemp("peace") / "case", "Plant 12") as case:
        ending = sweep(case, order, Feed([clips]), Stop(), Noted())
        assert (ending.outcome, ending.tally.done) == ("done", CLIPS + 1)
        return rows(case)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Case]:
    """A new case on SQLite, for what does not depend on the database."""
    with Case.new(tmp_path / "case", "Plant 12") as made:
        yield made
