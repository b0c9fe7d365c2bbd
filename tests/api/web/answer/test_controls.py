"""Positive controls that a case keeps: who may say so, and what the answer makes of them."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from api.web.site import Site
from evidence.case.sighting_tables import SightingRow
from tests.api.web.answer.conftest import furnish_judged
from tests.conftest import Furnish


@pytest.fixture
def furnish() -> Furnish:
    return furnish_judged


def footage_of(site: Site, builder: str) -> str:
    with site.session() as session:
        query = select(SightingRow.footage).where(SightingRow.builder == builder)
        found = session.scalar(query.order_by(SightingRow.footage).limit(1))
    assert found is not None
    return found


def test_a_clip_is_kept_as_a_control(judged, client):
    before = client.get("/api/v1/answer").json()["answer"]
    footage = footage_of(judged, "dmtg")
    kept = client.post("/api/v1/controls", json={"footage": footage, "builder": "dmtg"})
    assert kept.status_code == 201
    assert (kept.json()["author"], kept.json()["builder"]["id"]) == ("anna", "dmtg")
    again = client.post("/api/v1/controls", json={"footage": footage, "builder": "dmtg"})
    assert again.json() == kept.json()
    assert client.get("/api/v1/controls").json()["items"] == [kept.json()]
    after = client.get("/api/v1/answer").json()["answer"]
    assert after["controls"]["of"] == after["controls"]["hits"] == 1
    assert after["counts"]["machines"] == before["counts"]["machines"] - 1
    assert after["noticed"]["sensitivity"] == 1
    assert "1 of 1 positive controls" in client.get("/answer").text
    gone = client.delete(f"/api/v1/controls/{footage}?builder=dmtg")
    assert gone.status_code == 204
    assert client.delete(f"/api/v1/controls/{footage}?builder=dmtg").status_code == 404
    assert client.get("/api/v1/answer").json()["answer"] == before


@pytest.mark.parametrize(
    ("footage", "builder", "status"),
    [("0" * 64, "dmtg", 404), (None, "nobody", 400), ("hall.mp4", "dmtg", 422)],
)
def test_a_control_that_cannot_be_kept(judged, client, footage, builder, status):
    footage = footage or footage_of(judged, "dmtg")
    told = client.post("/api/v1/controls", json={"footage": footage, "builder": builder})
    assert told.status_code == status and told.json()["error"]["message"]
    assert client.get("/api/v1/controls").json()["items"] == []


def test_controls_of_other_kinds_are_no_lack_of_controls(judged, client):
    footage = footage_of(judged, "dmtg")
    why = "no positive controls"
    for listed in (None, "dmtg", "smtcl"):
        if listed:
            body = {"footage": footage, "builder": listed}
            assert client.post("/api/v1/controls", json=body).status_code == 201
            why = f"no positive control of this kind, {1 + (listed == 'smtcl')} of others"
        found = client.get("/api/v1/answer?country=FR").json()["answer"]
        assert found["controls"]["of"] == 0
        caveat = f"recognised was not measured ({why})"
        assert any(caveat in one["text"] for one in found["caveats"])
        page = client.get("/answer?country=FR").text
        report = client.get("/api/v1/answer/report?country=FR").text
        for told in (page, report):
            assert caveat in told and f"Not known: {why}." in told
            assert ("no positive controls" in told) == (listed is None)
