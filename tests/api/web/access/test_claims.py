"""Where footage comes from is put right by whoever brought it, and by leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.web.site import Site
from evidence.case.tables import Location, Upload
from tests.api.web.access.asking import HOST
from tests.api.web.access.conftest import Team


@pytest.mark.parametrize(
    ("role", "brought_by", "status"),
    [("reviewer", None, 403), ("reviewer", "lead", 403), ("reviewer", "reviewer", 200),
     ("lead", "reviewer", 200), ("reviewer", "reviewer once more", 403)],
)  # fmt: skip
def test_who_may_put_it_right(
    team: Team, fill: Callable[[Site], str], role: str, brought_by: str | None, status: int
) -> None:
    sha256 = fill(team.site)
    with team.site.session() as session, session.begin():
        path = session.scalars(select(Location.path)).one()
        if brought_by:
            now = datetime.now(UTC)
            session.add(
                Upload(
                    id="a" * 32, author=brought_by.split()[0], name="hall.mp4", size=1,
                    state="kept", reason="duplicate" if "more" in brought_by else None,
                    footage=sha256, path=path, made=now, changed=now,
                )
            )  # fmt: skip
    with TestClient(team.app, f"http://{HOST}") as client:
        said = {"path": path, "plant_claimed": "Plant 12"}
        url = f"/api/v1/footage/{sha256}/claims"
        assert client.patch(url, json=said, headers=team.bearer(role)).status_code == status
        page = client.get(f"/footage/{sha256}", headers=team.bearer(role)).text
    assert ('data-path="' in page) == (status == 200)
    with team.site.session() as session:
        found = session.get_one(Location, path).plant_claimed
    assert found == ("Plant 12" if status == 200 else None)
