"""Many rows go to the database at once, whatever is empty in them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from evidence.case.base import insert_all, insert_new
from evidence.case.case import Case
from evidence.case.sighting_tables import MachineRow

pytestmark = pytest.mark.databases


@pytest.mark.parametrize("how", [insert_all, insert_new])
def test_rows_of_which_some_are_empty_here_and_some_there_take_one_statement(
    case: Case, how: Callable[..., None]
) -> None:
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
