"""Numbers do not tell one of two that they disagree."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Location, Upload
from evidence.review.judgement import judge, test_context
from tests.api.web.access.asking import HOST
from tests.api.web.reviewed import fill


def test_who_disagrees_is_not_told_so_by_a_number(team, asking, tmp_path):
    (claim,) = fill(team.site, tmp_path, claims=1, others=0, halls=0)
    with team.site.session() as session, session.begin():
        bench = test_context(session, team.site.registry)
        judge(session, bench, claim, "reviewer", "accept")
        judge(session, bench, claim, "admin", "unknown")
    told = {}
    for role in ("reviewer", "lead"):
        by = team.cookie(role)
        counts = json.loads(asking("GET", "/api/v1/review/counts", by).body)
        (row,) = json.loads(asking("GET", "/api/v1/case", by).body)["review"]
        for state in ("partial", "disputed"):
            assert row["states"][state] == counts[state]
        page = asking("GET", "/", by).body.decode()
        told[role] = (counts["partial"], counts["disputed"], "Disputed" in page)
    assert told == {"reviewer": (1, 0, False), "lead": (0, 1, True)}


def test_who_gives_another_verdict_is_not_told_that_others_differ(team, asking, tmp_path):
    (claim,) = fill(team.site, tmp_path, claims=1, others=0, halls=0)
    with team.site.session() as session, session.begin():
        bench = test_context(session, team.site.registry)
        first = judge(session, bench, claim, "reviewer", "accept").number
        judge(session, bench, claim, "admin", "unknown")
    by = team.cookie("reviewer") | {"Origin": f"http://{HOST}", "Content-Type": "application/json"}
    said = {"item": claim, "verdict": "accept", "note": "sure", "supersedes": first}
    given = asking("POST", "/api/v1/verdicts", by, [json.dumps(said).encode()])
    assert given.status == 201
    for path in ("/api/v1/verdicts", f"/api/v1/review/items/{claim}"):
        assert b"sure" in asking("GET", path, by).body
        assert b"disputed" not in asking("GET", path, by).body
    assert b"disputed" not in given.body
    with team.site.session() as session:  # it is kept all the same
        states = [row.before["item"]["state"] for row in session.scalars(select(Verdict))]
    assert states == ["open", "partial", "disputed"]


@pytest.mark.parametrize(
    ("role", "brought_by", "status"),
    [("reviewer", None, 403), ("reviewer", "lead", 403), ("reviewer", "reviewer", 200),
     ("lead", "reviewer", 200), ("reviewer", "reviewer once more", 403)],
)  # fmt: skip
def test_who_may_put_it_right(team, fill, role, brought_by, status):
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
