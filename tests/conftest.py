"""What every test shares: the labelled photographs, the databases a case may live in, and a
log that must stay quiet."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence.store import Case
from tests.postgres import PostgresServer, binaries
from tests.sightings import Swept, sweep_all

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real photographs and clips, or a skip with the reason."""
    folder = ROOT.parent / "shared"
    if not (folder / "data").is_dir():
        pytest.skip("the labelled photographs (../shared) are not here")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server that every test may make databases in, or a skip with the reason."""
    programs = binaries()
    if programs is None:
        pytest.skip("PostgreSQL's programs are not here (Debian: apt-get install postgresql)")
    with PostgresServer(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """What `Case.new` takes as `database`: the test runs once on each kind."""
    if request.param == "sqlite":
        yield None
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.database()
    yield url
    server.drop(url)


@pytest.fixture
def case(tmp_path: Path, database: str | None) -> Iterator[Case]:
    """A new case, on each kind of database."""
    with Case.new(tmp_path / "case", "Plant 12", database) as made:
        yield made


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Swept:
    """The five published sightings as drawn clips that a case has looked at."""
    return sweep_all(tmp_path_factory.mktemp("published"))


@pytest.fixture(autouse=True)
def nothing_logged_as_an_error(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test fails if anything logged an error behind its back."""
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert not errors, errors


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screens",
        metavar="DIR",
        type=Path,
        default=None,
        help="keep the pictures of pages that the browser tests take, as for docs/screens",
    )
