"""Numbers do not tell one of two that they disagree."""

from __future__ import annotations

import json
from pathlib import Path

from evidence.review.judge import bench_of, judge
from tests.api.web.access.asking import Asking
from tests.api.web.access.conftest import Team
from tests.api.web.reviewed import fill


def test_who_disagrees_is_not_told_so_by_a_number(
    team: Team, asking: Asking, tmp_path: Path
) -> None:
    (claim,) = fill(team.site, tmp_path, claims=1, others=0, halls=0)
    with team.site.session() as session, session.begin():
        bench = bench_of(session, team.site.registry)
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
