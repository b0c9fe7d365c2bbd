"""What was uploaded, as lists and pages tell of it afterwards."""

from __future__ import annotations

from fractions import Fraction

from api.web.site import Site
from evidence.answer.sources import read_sources
from evidence.case.sighting_tables import AnalysisRow, PrintRow, analysis_id
from tests.api.web.test_uploads import URL, begin, send, whole
from tests.evidence.case.conftest import encoded
from tests.evidence.conftest import clip as clip


def analysed(site: Site, sha256: str, expected: int, decoded: int) -> AnalysisRow:
    """That the footage was looked at, and how much of it could be decoded."""
    model, settings = site.recipe.model, site.recipe.settings
    return AnalysisRow(
        id=analysis_id(sha256, model, settings),
        footage=sha256,
        model=model,
        settings=settings,
        registry_hash=site.recipe.registry_hash,
        nameplate="test",
        frames_expected=expected,
        frames_decoded=decoded,
        frames_total=expected,
        losses=[],
        digest="00" * 32,
    )


def test_the_frames_lost_are_told_with_the_upload(client, site, clip):
    content = clip.read_bytes()
    made = begin(client, len(content))
    sha256 = send(client, made["id"], content, 0).json()["footage"]
    with site.session() as session, session.begin():
        session.add(analysed(site, sha256, expected=222, decoded=2))
    told = client.get(f"{URL}/{made['id']}").json()["analysis"]
    assert (told["state"], told["frames_expected"], told["frames_decoded"]) == ("done", 222, 2)
    (listed,) = client.get("/api/v1/footage").json()["items"]
    assert (listed["frames_expected"], listed["frames_decoded"]) == (222, 2)
    for page in ("/footage", f"/footage/{sha256}"):
        assert "frames lost: 220 of 222" in client.get(page).text


def test_a_report_without_machines_shows_what_was_looked_at(client, site, clip):
    content = clip.read_bytes()
    sha256 = send(client, begin(client, len(content))["id"], content, 0).json()["footage"]
    with site.session() as session, session.begin():
        session.add(row := analysed(site, sha256, expected=222, decoded=222))
        session.flush()
        names = {name: getattr(row, name) for name in ("footage", "model", "settings")}
        for number in range(30):
            pts, shown = Fraction(number, 10), {"hashes": b"", "detail": 0.5, "shot": None}
            session.add(PrintRow(analysis=row.id, number=number, pts=pts, **names, **shown))
    report = f"/api/v1/footage/{sha256}/report.html"
    assert client.get(report).text.count('<figure><img src="data:image/jpeg') == 12
    assert "<figure>" not in client.get(report, params={"to_share": True}).text


def test_footage_is_called_what_it_was_uploaded_as(client, person, clip):
    content = clip.read_bytes()
    for name, by in (("hall-only.mp4", client), ("again.mp4", person("ben"))):
        send(by, begin(by, len(content), name)["id"], content, 0)
    for words in ("HALL-only", "again", "footage/"):
        (listed,) = client.get("/api/v1/footage", params={"name": words}).json()["items"]
        assert listed["name"] == "hall-only.mp4"
    assert client.get("/api/v1/footage", params={"name": "other"}).json()["items"] == []
    told = client.get(f"/api/v1/footage/{listed['sha256']}").json()
    assert told["name"] == "hall-only.mp4"
    brought = [(one["author"], one["name"]) for one in told["uploads"]]
    assert brought == [("anna", "hall-only.mp4"), ("ben", "again.mp4")]
    page = client.get(f"/footage/{listed['sha256']}").text
    assert "<h1>hall-only.mp4</h1>" in page
    assert "by ben as again.mp4" in page


def test_a_photograph_has_no_length(client):
    photo = encoded(1, "JPEG")
    made = begin(client, len(photo), "hall.jpg")
    kept = send(client, made["id"], photo, 0).json()
    assert (kept["state"], kept["analysis"]["seconds"]) == ("kept", None)


def test_a_known_clip_uploaded_with_another_plant_is_shown_as_contested(client, site, clip):
    content = clip.read_bytes()
    for number, plant in enumerate(("Plant 12", "Plant 9"), 1):
        kept = whole(client, content, f"{number}.mp4", plant_claimed=plant).json()
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
