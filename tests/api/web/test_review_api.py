"""The review over HTTP, as a program calls it."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2 as httpx
import pytest

from evidence.accounts import add_account, make_token
from evidence.case.tables import Location, Upload
from tests.api.conftest import table
from tests.api.web.reviewed import draw_all, fill

BOX = [10.0, 20.0, 110.0, 90.5]


@pytest.fixture
def keys(site, tmp_path) -> list[str]:
    """Sightings of two claims and two others, and a frame, all in the sample."""
    draw_all(site)
    return fill(site, tmp_path, claims=2, others=2, halls=1)


def items(client: httpx.Client, number: int = 20) -> list[dict[str, object]]:
    answer = client.get(f"/api/v1/review/next?n={number}")
    assert answer.status_code == 200
    return answer.json()["items"]


def give(client: httpx.Client, item: str, verdict: str, **more: object) -> httpx.Response:
    return client.post("/api/v1/verdicts", json={"item": item, "verdict": verdict} | more)


def test_a_hand_has_all_the_screen_needs(client, keys):
    hand = items(client)
    assert {card["item"] for card in hand} == set(keys)
    first = hand[0]
    assert first["kind"] == "claim"
    assert first["pictures"]["frame"]["address"].startswith("/api/v1/stills/")
    assert "way=enhanced" in first["pictures"]["enhanced"]["address"]
    (frame,) = [card for card in hand if card["about"] == "frame"]
    assert "/frame?pts=0" in frame["pictures"]["frame"]["address"]
    assert frame["pictures"]["mark"] is None


def test_a_verdict_tells_how_its_author_was_known(client, site, keys):
    """By the name the server was started with as long as there is no account, then by a login."""
    (key,) = [card["item"] for card in items(client) if card["about"] == "frame"]
    assert give(client, key, "nothing").json()["verdict"]["signed"] == "name"
    add_account(site.case, "ben", None, "seven lathes in a hall")
    client.headers["Authorization"] = f"Bearer {make_token(site.case, 'ben', 'test', None)[0]}"
    doubted = client.post(f"/api/v1/review/items/{key}/doubt", json={}).json()["verdict"]
    taken = client.delete(f"/api/v1/verdicts/{doubted['number']}").json()["verdict"]
    other = next(one for one in keys if one.endswith(":m1"))
    judged = give(client, other, "unknown").json()["verdict"]
    assert [one["signed"] for one in (doubted, taken, judged)] == ["login"] * 3


def test_uploaded_footage_is_called_what_it_came_as(client, site, tmp_path):
    fill(site, tmp_path, claims=1, others=0, halls=0)
    now = datetime.now(UTC)
    with site.session() as session, session.begin():
        place = session.query(Location).one()
        place.held = True
        brought = {"author": "anna", "name": "hall-only.jpg", "size": 9, "state": "kept"}
        where = {"footage": place.footage, "path": place.path, "made": now, "changed": now}
        session.add(Upload(id="aa" * 16, **brought, **where))
    (card,) = items(client)
    assert card["footage"]["name"] == "hall-only.jpg"  # type: ignore[index]


def test_judged_undone_and_judged_again(client, keys):
    answer = give(client, keys[2], "accept", seconds=2.5, note="clear")
    assert answer.status_code == 201
    number = answer.json()["verdict"]["number"]
    assert keys[2] not in {card["item"] for card in items(client)}
    assert give(client, keys[2], "unknown").status_code == 409
    taken = client.delete(f"/api/v1/verdicts/{number}")
    assert taken.status_code == 200
    assert taken.json()["verdict"]["supersedes"] == number
    assert client.delete(f"/api/v1/verdicts/{number}").status_code == 409
    assert keys[2] in {card["item"] for card in items(client)}
    assert give(client, keys[2], "unknown").status_code == 201
    card = client.get(f"/api/v1/review/items/{keys[2]}").json()
    assert (card["state"], card["outcome"]) == ("settled", "unknown")
    assert [one["verdict"] for one in card["verdicts"]] == ["accept", "withdrawn", "unknown"]
    named = give(client, keys[3], "builder", builder="haas").json()["verdict"]
    [told] = client.get(f"/api/v1/review/items/{keys[3]}").json()["verdicts"]
    assert named["builder_name"] == told["builder_name"] == "Haas"


def test_a_frame_is_found_by_its_time(client, keys):
    frame = next(key for key in keys if "@" in key)
    assert give(client, frame, "accept").status_code == 400
    assert give(client, frame, "missed", box=BOX).status_code == 201
    card = client.get(f"/api/v1/review/items/{frame}").json()
    assert card["outcome"] == "missed" and card["verdicts"][0]["box"] == BOX


def test_skipping_leaves_it_to_others(client, keys):
    first = items(client, 1)[0]["item"]
    assert client.post(f"/api/v1/review/items/{first}/skip").status_code == 204
    assert items(client, 1)[0]["item"] != first
    assert client.get("/api/v1/review/counts").json()["put_off"] == 1


def test_the_log_comes_in_pages(client, keys):
    for key in keys[2:4]:
        give(client, key, "unknown")
    page = client.get("/api/v1/verdicts?limit=1").json()
    assert [one["number"] for one in page["items"]] == [1] and page["next"] == 1
    page = client.get("/api/v1/verdicts?limit=2&after=1").json()
    assert [one["number"] for one in page["items"]] == [2] and page["next"] is None


def test_a_note_that_turns_its_letters_is_shown_as_it_is(client, keys):
    body = {"item": keys[0], "verdict": "unknown", "note": "\u202egpj.exe"}
    assert client.post("/api/v1/verdicts", json=body).status_code == 201
    card = client.get(f"/api/v1/review/items/{keys[0]}").json()
    assert [one["note"] for one in card["verdicts"]] == ["\ufffdgpj.exe"]
    # The log tells it as it was given, or its digest could not be computed.
    (row,) = client.get("/api/v1/verdicts").json()["items"]
    assert row["note"] == "\u202egpj.exe"


WRONG = table("refused-verdicts")


@pytest.mark.parametrize(("body", "status"), WRONG)
def test_what_comes_from_outside_is_checked(client, body, status):
    answer = client.post("/api/v1/verdicts", json=body)
    assert answer.status_code == status
    assert answer.json().keys() == {"error"}


@pytest.mark.parametrize(("path", "status"), table("dead-addresses"))
def test_addresses_that_lead_nowhere(client, path, status):
    assert client.get(path).status_code == status
