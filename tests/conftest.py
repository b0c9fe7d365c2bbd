"""What every test shares: the labelled photographs, the databases a case may live in, and a
log that must stay quiet."""

from __future__ import annotations

import gc
import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from evidence import accounts
from evidence.case.case import Case
from tests import statements
from tests.postgres import PostgresServer, binaries, in_memory
from tests.sightings import Swept, sweep_once

ROOT = Path(__file__).parent.parent
LONG = (
    "tests/api/web/access/test_schema.py",
    "tests/api/web/test_upload_page.py",
    "tests/lab/",
    "tests/evidence/work/",
    "tests/test_promises.py",
    "tests/training/",
)
"""Tests that take half a minute a file, and more."""
TOGETHER = ("tests/evidence/work/", "tests/training/")
"""Folders in which all share workers that have loaded the models, or torch."""
LAST_LOOK_SECONDS = 30.0
WORKER_BYTES = 2 << 30
"""What a process that tests needs, with all that it starts."""

# How fast a machine is, and what else it does, is no test's concern.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


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
    with PostgresServer(programs, in_memory()) as server:
        yield server


Furnish = Callable[[Case], None]


def nothing(case: Case) -> None:
    """Leaves a case as it is when new."""


@pytest.fixture
def furnish() -> Furnish:
    """What puts into `case` that with which a test begins. Where tests of a folder or a module
    all begin with the same, they override this with one function, and it is done once."""
    return nothing


@pytest.fixture(scope="session")
def made_once(tmp_path_factory, request) -> Callable[[str, Furnish], Path]:
    """The folder of a case on a kind of database, furnished. To copy it takes half the time of
    making a new one, and a tenth of furnishing it."""
    made: dict[tuple[str, Furnish], Path] = {}

    def folder(kind: str, furnish: Furnish) -> Path:
        if (kind, furnish) not in made:
            path = tmp_path_factory.mktemp("made") / "case"
            server = kind == "postgresql" and request.getfixturevalue("postgres")
            with Case.new(path, "Plant 12", server.database() if server else None) as case:
                furnish(case)
            made[kind, furnish] = path
        return made[kind, furnish]

    return folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> Iterator[str | None]:
    """What `Case.new` takes as `database`. A test marked `databases`, and with `--all` any other,
    runs once on each kind. Beside the fixture `case` it is that case's own."""
    if request.param == "sqlite":
        yield None
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    # The fixture `case` makes its own of this name, as a copy.
    url = server.database(make="made_once" not in request.fixturenames)
    yield url
    server.drop(url)


@pytest.fixture
def case(tmp_path, database, made_once, furnish, request) -> Iterator[Case]:
    """A new case, with what `furnish` puts into it, on each kind of database."""
    folder = tmp_path / "case"
    shutil.copytree(made_once("sqlite" if database is None else "postgresql", furnish), folder)
    if database is not None:
        facts = json.loads((folder / "case.json").read_text("utf-8"))
        request.getfixturevalue("postgres").copy(facts["database"], database)
        (folder / "case.json").write_text(json.dumps(facts | {"database": database}), "utf-8")
    with Case.open(folder) as made:
        yield made
        # Who looked for those who watched may be at its last look. Nobody closes a connection that
        # comes back after the case was closed, and it is another test's trouble.
        for thread in threading.enumerate():
            if thread.name == "board":
                thread.join(LAST_LOOK_SECONDS)


@pytest.fixture
def weak_passwords(monkeypatch) -> Iterator[None]:
    """What is kept of passwords is weak, as to make it or to try one takes a fifth of a second
    otherwise. No answer depends on that. `tests/evidence/test_accounts.py` has both."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(accounts, "_HASHER", weak)
    accounts._nobody.cache_clear()
    yield
    accounts._nobody.cache_clear()


@pytest.fixture(scope="session")
def published(tmp_path_factory) -> Swept:
    """The five published sightings as drawn clips that a case has looked at."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return sweep_once(shared / "published")


@pytest.fixture(autouse=True)
def nothing_logged_as_an_error(caplog) -> Iterator[None]:
    """A test fails if anything logged an error behind its back."""
    # A Dask cluster of this process silences every handler that its logger has, pytest's too, for
    # as long as it runs. That of `tests/evidence/work` runs beside the tests of other folders.
    caplog.handler.setLevel(logging.NOTSET)
    yield
    errors = [r for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    ours = [r for r in errors if not _is_of_others(r.name, r.getMessage())]
    assert not ours, ours


def _is_of_others(logger: str, message: str) -> bool:
    """Whether it is only a task that Playwright left, as a page closed over a request held up, or
    of the cluster that runs beside: without a descriptor to be had it cannot watch its memory."""
    left = message.startswith("Task was destroyed but it is pending!")
    browser = logger == "asyncio" and left and "playwright/_impl" in message
    return browser or logger.split(".")[0] in ("distributed", "tornado")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--all",
        action="store_true",
        help="run what is marked `nightly` too, and every test of a case on both databases",
    )
    parser.addoption(
        "--screens",
        metavar="DIR",
        type=Path,
        default=None,
        help="keep the pictures of pages that the browser tests take, as for docs/screens",
    )


class _AtOnce:
    """Says which test failed as it fails: a run that is ended from outside has no summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            why = crash.message if crash else report.longreprtext
            terminal.write_line(f"\n{report.nodeid} failed at {report.when}:\n{why[:2000]}")


def pytest_configure(config: pytest.Config) -> None:
    statements.compile_once()
    side_by_side = getattr(config, "workerinput", None)
    if side_by_side is None:
        config.pluginmanager.register(_AtOnce(config))
        if (memory := in_memory()) is not None:
            # A folder with a file in it costs a tenth there.
            os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))
    else:
        _keep_to_own_cores(**side_by_side)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two more processes than cores, where there is memory for them: a third of the time a test
    waits for what it started, killed or serves."""
    cores = os.cpu_count() or 1
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // WORKER_BYTES
    return max(cores, min(cores + 2, room))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Gives each process whole files; what is made once for a folder of `TOGETHER` is made once."""
    from xdist.scheduler import LoadFileScheduling

    class LoadFolderScheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = str(super()._split_scope(nodeid))
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    return LoadFolderScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long begins first: begun last, it would be waited for by all the others."""
    every = config.getoption("--all")
    left = [item for item in items if (not every and _is_left_to_all(item)) or _is_for_sqlite(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in set(left)]
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def _is_left_to_all(item: pytest.Item) -> bool:
    """True if only `--all` runs it: a long test, or PostgreSQL where SQLite says enough."""
    if item.get_closest_marker("nightly"):
        return True
    return _is_on_postgres(item) and item.get_closest_marker("databases") is None


def _is_for_sqlite(item: pytest.Item) -> bool:
    """True if the database makes no difference: no need to run it on another."""
    return _is_on_postgres(item) and item.get_closest_marker("sqlite") is not None


def _is_on_postgres(item: pytest.Item) -> bool:
    found = getattr(item, "callspec", None)
    return found is not None and found.params.get("database") == "postgresql"


def pytest_collection_finish() -> None:
    """What is loaded by now stays: to look through it for garbage, again and again, took a sixth of
    the time of tests with a database."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _keep_to_own_cores(workerid: str, workercount: int, **_: object) -> None:
    """Each of the processes that test side by side has its share of the cores, and so has what it
    starts. Where all compute on all of them a quarter of the time goes into waiting for threads."""
    if not hasattr(os, "sched_setaffinity"):  # as on macOS
        return
    cores = sorted(os.sched_getaffinity(0))
    number = int(workerid.removeprefix("gw"))
    os.sched_setaffinity(0, cores[number::workercount] or {cores[number % len(cores)]})
