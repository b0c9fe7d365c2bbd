"""What the holder of a case writes, while others write too."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from datasets.registry import load_registry
from detector import Settings
from evidence.case.summary import add_recipe
from evidence.case.tables import Location, Work
from evidence.case.work_queue import FootageSource
from evidence.work.ledger import Ledger
from evidence.work.progress import Stop
from evidence.work.sweep import Order
from tests.evidence.work.helping import Noted, until
from tests.postgres import somebody_waits
from tests.rows import act

pytestmark = [
    pytest.mark.databases,
    pytest.mark.parametrize("database", ["postgresql"], indirect=True),
]


@pytest.fixture
def watcher() -> Noted:
    return Noted()


@pytest.fixture
def ledger(case, watcher) -> Iterator[Ledger]:
    """The holder's, with two paths on the list."""
    registry = load_registry()
    recipe = act(case, add_recipe, "aa" * 32, Settings(), registry)
    with case.lock():
        ledger = Ledger(case, recipe, Order(Settings(), registry), Stop(), watcher)
        ledger.add([FootageSource("/a"), FootageSource("/b")])
        yield ledger


def wait_long(session: Session) -> None:
    """Has the server break off the other one, where this one and another wait for each other."""
    session.execute(text("SET LOCAL deadlock_timeout = '1min'"))


def test_a_step_that_got_in_the_way_of_another_is_tried_again(case, database, ledger, watcher):
    [(work, _), _] = ledger.take(2, [])
    with ThreadPoolExecutor(1) as pool:
        with case.session() as session, session.begin():
            wait_long(session)
            session.execute(update(Work).where(Work.path == "/a").values(priority=3))
            aside = pool.submit(ledger.set_aside, [work], "empty", "no bytes")
            until(partial(somebody_waits, database), "the holder waits")
            session.get_one(Location, "/a", with_for_update=True)
        aside.result()
    assert ledger.count() == 0 and ledger.tally.aside == {"empty": 1}
    assert [one.endswith("run again; waiting") for one in watcher.waits] == [True]


def test_paths_of_the_same_bytes_are_written_in_the_order_of_the_list(
    case, database, ledger, watcher
):
    works = [work for work, _ in ledger.take(2, [])]
    with ThreadPoolExecutor(1) as pool:
        with case.session() as session, session.begin():
            wait_long(session)
            session.get_one(Location, "/a", with_for_update=True)
            aside = pool.submit(ledger.set_aside, works[::-1], "empty", "no bytes")
            until(partial(somebody_waits, database), "the holder waits")
            session.get_one(Location, "/b", with_for_update=True)
        aside.result()
    assert ledger.count() == 0 and ledger.tally.aside == {"empty": 2}
    assert not watcher.waits


def test_linking_that_fails_is_told_of_once_until_something_is_stored(ledger, watcher, monkeypatch):
    def fail(*_: object) -> None:
        raise ValueError("a machine without a place")

    monkeypatch.setattr("evidence.work.ledger.update_machines", fail)
    monkeypatch.setattr("evidence.work.ledger.LINK_SHARE", 0)  # its share of time is long over
    ledger.tally.relink = True
    for _ in range(3):
        ledger.settle(idle=True)
    assert len(watcher.troubles) == 1 and ledger.tally.relink
    ledger.settle(last=True)
    assert len(watcher.troubles) == 2


def test_each_step_waits_its_turn_to_write(ledger):
    """On SQLite what it has read could else be out of date when it writes."""
    assert ledger._write(lambda session: session.connection().get_execution_options()["writes"])
