"""What the tables keep: odd text, exact times, many rows."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from evidence.case.base import insert_all, insert_new
from evidence.case.sighting_tables import MachineRow
from evidence.case.tables import FootageRow, Location
from tests.rows import fetch

pytestmark = pytest.mark.databases

ODD = ("\udcff.mp4", "nul\0byte", r"\u0000", r"\udcff", r"\u005c", "\\u005cudcff", "цех", "🙂", "")


@pytest.mark.parametrize("text", ODD, ids=range(len(ODD)))
def test_odd_text_comes_back(case, text):
    values = {"said": text, text: ["\ud800", "\0", 1.5, None]}
    with case.session() as session, session.begin():
        session.add(Location(path=text, held=False, note=text, provenance=values))
    with case.session() as session:
        found = session.scalars(select(Location).where(Location.note == text)).one()
        assert (found.path, found.note, found.provenance) == (text, text, values)


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.text(st.characters()), min_size=1, max_size=5, unique=True))
def test_any_text_comes_back_and_differs_from_any_other(case, texts):
    with case.session() as session, session.begin():
        session.execute(delete(Location))
        session.add_all(Location(path=text, held=False) for text in texts)
    assert set(fetch(case, select(Location.path))) == set(texts)


def test_paths_sort_by_code_point_in_every_database(case):
    paths = ["b", "B", "a", "ä", "A", "_", "a b", "a/b", "a-b", "ц", "🙂", "中"]
    with case.session() as session, session.begin():
        session.add_all(Location(path=path, held=False) for path in paths)
    assert fetch(case, select(Location.path).order_by(Location.path)) == sorted(paths)


@pytest.mark.parametrize("time", [Fraction(0), Fraction(1001, 24000), Fraction(10**30, 7**30)])
def test_times_are_exact(case, time):
    row = FootageRow(sha256="a" * 64, size=1 << 60, kind="video", container="mp4", duration=time)
    with case.session() as session, session.begin():
        session.add(row)
    with case.session() as session:
        assert session.scalars(select(FootageRow.duration)).one() == time


def test_nothing_is_null_and_not_a_json_null(case):
    with case.session() as session, session.begin():
        session.add(Location(path="a", held=False, provenance=None))
    with case.session() as session:
        assert session.scalars(select(Location).where(Location.provenance.is_(None))).one()


@pytest.mark.parametrize("how", [insert_all, insert_new])
def test_rows_of_which_some_are_empty_here_and_some_there_take_one_statement(case, how):
    builders = [None, "haas", None, "mazak", None, None, "okuma"]
    rows = [
        {
            "id": f"{number:032x}", "model": "aa" * 32, "settings": "bb" * 32, "builder": builder,
            "grade": "U", "probability": 0.1, "sightings": 1, "footages": 1, "conflict": False,
        }
        for number, builder in enumerate(builders)
    ]  # fmt: skip
    sent: list[str] = []
    event.listen(
        case.engine, "before_cursor_execute", lambda _c, _cursor, said, *_: sent.append(said)
    )
    with Session(case.engine) as session, session.begin():
        how(session, MachineRow, rows)
    assert len([said for said in sent if said.startswith("INSERT")]) == 1
    with case.session() as session:
        query = select(MachineRow.builder).order_by(MachineRow.id)
        assert session.scalars(query).all() == builders
