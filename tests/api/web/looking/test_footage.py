"""Footage over HTTP: found, described, sighting by sighting, in the reader's language."""

from __future__ import annotations

import httpx2 as httpx
import pytest
from sqlalchemy import select, update

from api.web.site import Site
from detector.types import Manifest
from evidence.browse.search import write_cursor
from evidence.case.places import leave
from evidence.case.sighting_tables import Link, MachineRow, Membership
from evidence.case.tables import FootageRow, Item, Location
from evidence.case.work_queue import FootageSource, add_work, set_aside, take
from evidence.clip.record import manifest
from tests.api.conftest import table
from tests.api.web.looking.conftest import judge, sha_of


def names(client: httpx.Client, **asked: str) -> list[str]:
    answer = client.get("/api/v1/footage", params=asked)
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


@pytest.mark.databases
@pytest.mark.parametrize(("asked", "found"), table("footage-searches"))
def test_footage_is_searched(client, asked, found):
    assert names(client, **asked) == found


@pytest.mark.parametrize("after", ["x", "!!", "W10", "WzFd", "bnVsbA", "WyJhIl0", "é"])
def test_what_is_no_cursor_is_refused(client, after):
    answer = client.get("/api/v1/footage", params={"after": after})
    assert answer.status_code == 400
    assert answer.json()["error"]["kind"] == "usage"


def test_a_clip_is_told_of_with_its_losses_and_where_it_is_from(client, films):
    told = client.get(f"/api/v1/footage/{sha_of(films[0])}").json()
    assert told["duration"] == {"exact": "4", "seconds": 4.0}
    assert told["places"][0]["plant_claimed"] == "Завод № 7"
    assert told["analysed"]["frames_decoded"] == told["analysed"]["frames_expected"] - 1
    assert "damaged packet" in told["analysed"]["losses"][0]
    assert [text["text"] for text in told["analysed"]["overlays"]] == ["ЗВЕЗДА"]
    [lone] = told["analysed"]["lone"]
    assert lone["mark"]["text"] == "OMAX"
    assert [text["text"] for text in lone["beside"]] == ["CAUTION"]


def test_sightings_come_with_their_exact_tracks(client, films):
    items = client.get(f"/api/v1/footage/{sha_of(films[0])}/sightings").json()["items"]
    assert [one["name"] for one in items] == ["m1", "m2", "m3"]
    first = films[0].survey.analysis.sightings[0]
    assert [row[0] for row in items[0]["track"]] == [str(o.pts) for o in first.track.observations]
    assert items[0]["builder"]["name"] == "Mazak"
    assert items[0]["readings"][0]["text"] == "MAZAK"
    assert {still["role"] for still in items[0]["stills"]} == {"best", "mark"}
    assert items[0]["machine"] is not None


def test_a_verdict_is_shown_to_others_only_once_it_is_settled(client, site, films, key):
    sha256, sighting = sha_of(films[0]), key(films[0], "m1")
    with site.session() as session, session.begin():
        session.merge(Item(item=sighting, kind="claim", needs=2, state="partial", given=1))
    judge(site, sighting, sha256, "boris")
    judge(site, sighting, sha256, "anna")

    def authors() -> list[str]:
        told = client.get(f"/api/v1/footage/{sha256}").json()["verdicts"]
        return [one["author"] for one in told]

    assert authors() == ["anna"]
    with site.session() as session, session.begin():
        session.merge(Item(item=sighting, state="settled"))
    assert authors() == ["boris", "anna"]


def test_what_is_of_the_audit_sample_is_told_only_once_it_is_settled(client, site, films, key):
    sha256, sighting = sha_of(films[0]), key(films[0], "m1")
    lists = [f"/api/v1/footage/{sha256}/sightings"]
    (machine,) = {
        one["machine"] for one in client.get(lists[0]).json()["items"] if one["key"] == sighting
    }
    lists.append(f"/api/v1/machines/{machine}/sightings")

    def told() -> list[tuple[str | None, str | None]]:
        found = [one for path in lists for one in client.get(path).json()["items"]]
        judged = [one["judged"] for one in found if one["key"] == sighting]
        assert [one["item"] for one in judged] == [sighting, sighting]
        return [(one["kind"], one["reason"]) for one in judged]

    for state, kind, said in (
        ("open", "audit", (None, None)),
        ("partial", "audit", (None, None)),
        ("disputed", "audit", (None, None)),
        ("open", "claim", ("claim", "why")),
        ("settled", "audit", ("audit", "why")),
    ):
        with site.session() as session, session.begin():
            session.merge(Item(item=sighting, kind=kind, reason="why", state=state))
        assert told() == [said, said], (state, kind)


def test_footage_that_is_not_there(client):
    assert client.get(f"/api/v1/footage/{'0' * 64}").status_code == 404
    assert client.get("/api/v1/footage/..%2F..%2Fetc%2Fpasswd").status_code in (404, 422)


def test_the_case_in_numbers(client):
    told = client.get("/api/v1/case").json()
    assert (told["footage"], told["sightings"]) == (2, 6)
    assert told["work"][0]["here"] and told["work"][0]["done"] == 2
    assert {row["builder"] for row in told["machines"]} == {"mazak", "okuma", None}


@pytest.mark.parametrize(("q", "first"), [("maz", "mazak"), ("МАZAК", "mazak"), ("", None)])
def test_builders_are_found_by_what_is_typed(client, q, first):
    items = client.get("/api/v1/builders", params={"q": q}).json()["items"]
    assert (items[0]["id"] if items else None) == first
    assert all(one["type"] != "control" for one in items)


ODD = (
    "nul\x00byte", "100%_", "\\u0000", "\u202ekcatta", "'; DROP TABLE footage; --", "İ" * 60, "𝕏"
)  # fmt: skip


@pytest.mark.databases
@pytest.mark.parametrize("path", ["footage", "machines"])
def test_odd_words_are_searched_for_like_any(client, path):
    names = ["plant", "publisher", "text"] + (["name"] if path == "footage" else [])
    for word in ODD:
        for name in names:
            answer = client.get(f"/api/v1/{path}", params={name: word})
            assert answer.status_code == 200, answer.text
            assert answer.json() == {"items": [], "next": None}


@pytest.mark.databases
@pytest.mark.parametrize("sort", ["grade", "seen", "builder"])
def test_odd_places_are_refused_or_empty(client, sort):
    places: list[list[object]] = [
        ["A", 0.5, "x"], [2.5, "x"], ["nul\x00\ud800", "U", "x"], ["\U0010ffff", "Z", "x"],
        [-1, "x"], ["", "", ""], [[], {}, None], ["a" * 9999, "U", "x"],
    ]  # fmt: skip
    for place in places:
        after = write_cursor(place)
        answer = client.get("/api/v1/machines", params={"sort": sort, "after": after})
        assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    ("read", "said"),
    [(True, "lay there, where another file lies now"), (False, "what lies there now was not read")],
)
def test_pages_tell_where_footage_lay(client, site, films, read, said):
    with site.session() as session, session.begin():
        place = session.get_one(Location, str(films[0].path))
        leave(session, place)
        place.footage = sha_of(films[1]) if read else None
    page = client.get(f"/footage/{sha_of(films[0])}").text
    assert said in page and "Завод № 7" in page and "none of its places any more" in page
    assert names(client, plant="завод") == ["цех № 3.mp4"]
    assert client.get("/footage").text.count("lay there before") == 1


def say(site: Site, sha256: str, said: Manifest) -> None:
    with site.case.session() as session, session.begin():
        session.get_one(FootageRow, sha256).manifest = manifest(said)


def test_what_a_file_says_of_itself_is_told_as_its_own_words(client, site, films):
    sha256 = sha_of(films[0])
    assert client.get(f"/api/v1/footage/{sha256}").json()["manifest"] is None
    assert "Not looked for." in client.get(f"/footage/{sha256}").text
    said = Manifest(
        "stated", generator="<b>Hall</b> camera", signer="Camera 7", signature="valid",
        content="other", problems=("assertion.bmffHash.mismatch",),
    )  # fmt: skip
    say(site, sha256, said)
    told = client.get(f"/api/v1/footage/{sha256}").json()["manifest"]
    assert (told["signer"], told["content"]) == ("Camera 7", "other")
    page = client.get(f"/footage/{sha256}").text
    assert "&lt;b&gt;Hall&lt;/b&gt; camera" in page and "authentic" not in page
    assert "The footage is not what was signed" in page
    assert "nobody was asked whether the signer is to be trusted" in page


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (Manifest("none"), "It carries no C2PA manifest."),
        (Manifest("unreadable", problems=("Verify: cut",)), "that cannot be read"),
        (Manifest("elsewhere", address="http://example.org/x"), "The address was not followed."),
    ],
    ids=lambda value: value.state if isinstance(value, Manifest) else "",
)
def test_there_may_be_nothing_to_say(client, site, films, said, words):
    say(site, sha_of(films[0]), said)
    page = client.get(f"/footage/{sha_of(films[0])}").text
    assert words in page
    assert "The manifest is as it was signed" not in page and 'href="http://example.org' not in page


def test_a_seller_is_called_one_in_the_reader_s_language(client, site):
    with site.session() as session, session.begin():
        session.execute(update(MachineRow).values(builder="smstroi-penza"))
    page = client.get("/", headers={"Cookie": "language=ru"}).text
    assert "шильдик продавца" in page and "seller" not in page


def test_what_ties_two_sightings_is_told_in_the_reader_s_language(client, site):
    with site.session() as session:
        tied = select(Link.a).where(Link.kind == "place", Link.held)
        ids = select(Membership.machine).where(Membership.sighting.in_(tied))
        machine = session.scalars(ids.order_by(Membership.machine)).first()
    page = client.get(f"/machines/{machine}", headers={"Cookie": "language=uk"}).text
    assert "навколо верстата" in page and "points around" not in page


def test_why_a_clip_was_set_aside_is_told_in_the_reader_s_language(client, site):
    with site.session() as session, session.begin():
        names = ["a.mp4", "b.mp4", "c.mp4"]
        add_work(session, site.recipe, [FootageSource(f"/archive/{name}", 1, 1) for name in names])
        for work in take(session, site.recipe, 3):
            said = "damaged" if work.path.endswith("c.mp4") else f"{work.path}: damaged"
            assert set_aside(session, work, "unreadable", said)
    page = client.get("/", headers={"Cookie": "language=ru"}).text
    assert "3 × файл повреждён" in page and "unreadable" not in page and "ещё 2" in page
    assert all(f"/archive/{name}: damaged" in page for name in names)
