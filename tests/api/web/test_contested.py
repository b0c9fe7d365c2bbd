"""Sources that name different plants of one clip: both stand, and the conflict is marked."""

from __future__ import annotations

from pathlib import Path

import httpx2 as httpx

from api.web.site import Site
from evidence.answer.sources import read_sources
from tests.api.web.test_uploads import begin, send
from tests.evidence.conftest import clip as clip


def test_a_known_clip_uploaded_with_another_plant_is_shown_as_contested(
    client: httpx.Client, site: Site, clip: Path
) -> None:
    content = clip.read_bytes()
    for number, plant in enumerate(("Plant 12", "Plant 9"), 1):
        made = begin(client, len(content), f"{number}.mp4", plant_claimed=plant)
        kept = send(client, made["id"], content, 0).json()
    (row,) = client.get("/api/v1/footage").json()["items"]
    assert row["plants"] == ["Plant 12", "Plant 9"]
    told = client.get(f"/api/v1{kept['page']}").json()
    assert told["plants"] == ["Plant 12", "Plant 9"]
    assert [one["plant_claimed"] for one in told["uploads"]] == ["Plant 12", "Plant 9"]
    assert "sources disagree" in client.get("/footage").text
    page = client.get(kept["page"]).text
    assert "Sources name different plants" in page and "Plant 9" in page
    with site.session() as session:
        sources = read_sources(session, site.recipe, site.registry)
    (source,) = sources.values()
    assert source.named == ("Plant 12", "Plant 9") and source.plant is None
    # A person who puts it right ends the conflict.
    right = {"path": told["places"][0]["path"], "plant_claimed": "Plant 9"}
    answer = client.patch(f"/api/v1{kept['page']}/claims", json=right)
    assert answer.json()["plants"] == ["Plant 9"]
