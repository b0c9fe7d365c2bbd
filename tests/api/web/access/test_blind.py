"""Numbers do not tell one of two that they disagree."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import select

from evidence.case.sighting_tables import Verdict
from evidence.review.judgement import judge, test_context
from tests.api.web.access.asking import Asking
from tests.api.web.access.conftest import Team
from tests.api.web.reviewed import fill


def test_who_disagrees_is_not_told_so_by_a_number(
    team: Team, asking: Asking, tmp_path: Path
) -> None:
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
        assert (row["states"]["partial"], row["states"]["disputed"]) == (
            counts["partial"],
            counts["disputed"],
        )
        page = asking("GET", "/", by).body.decode()
        told[role] = (counts["partial"], counts["disputed"], "Disputed" in page)
    assert told == {"reviewer": (1, 0, False), "lead": (0, 1, True)}


def test_who_gives_another_verdict_is_not_told_that_others_differ(
    team: Team, asking: Asking, tmp_path: Path
) -> None:
    (claim,) = fill(team.site, tmp_path, claims=1, others=0, halls=0)
    with team.site.session() as session, session.begin():
        bench = test_context(session, team.site.registry)
        first = judge(session, bench, claim, "reviewer", "accept").number
        judge(session, bench, claim, "admin", "unknown")
    by = team.cookie("reviewer") | {
        "Origin": "http://127.0.0.1",
        "Content-Type": "application/json",
    }
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
