"""Machines over HTTP: found, described, joined and cut."""

from __future__ import annotations

import httpx2 as httpx
import pytest

from evidence.case.tables import Item, Location
from evidence.link.ties import ALIKE
from tests.api.conftest import table
from tests.api.web.looking.conftest import sha_of


def named(value: object) -> str:
    """A case's name, the same in every process."""
    return str(sorted(map(str, value)) if isinstance(value, set) else value)


def every(client: httpx.Client, **asked: str) -> list[dict[str, object]]:
    """The machines, one page after the other."""
    found, after = [], {}
    while True:
        page = client.get("/api/v1/machines", params=asked | {"limit": "1"} | after).json()
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def machine_of(client: httpx.Client, sighting: str) -> str:
    """The machine of a sighting, as the API tells it."""
    for one in every(client):
        members = client.get(f"/api/v1/machines/{one['id']}/sightings").json()["items"]
        if sighting in [member["key"] for member in members]:
            return str(one["id"])
    raise AssertionError("every sighting belongs to a machine")


def decide(client: httpx.Client, what: str, a: str, b: str, **more: str) -> httpx.Response:
    return client.post("/api/v1/decisions", json={"what": what, "a": a, "b": b} | more)


@pytest.mark.databases
@pytest.mark.parametrize("sort", ["grade", "seen", "builder"])
def test_every_machine_comes_once_page_by_page(client, sort):
    whole = client.get("/api/v1/machines", params={"sort": sort}).json()["items"]
    paged = [one["id"] for one in every(client, sort=sort)]
    assert paged == [one["id"] for one in whole]
    assert len(set(paged)) == len(paged) > 2


@pytest.mark.databases
@pytest.mark.parametrize(("asked", "builders"), table("machine-searches"))
def test_machines_are_searched(client, asked, builders):
    answer = client.get("/api/v1/machines", params=asked)
    assert answer.status_code == 200, answer.text
    found = {one["builder"]["id"] if one["builder"] else None for one in answer.json()["items"]}
    assert found == set(builders)


@pytest.mark.databases
@pytest.mark.parametrize(
    ("written", "asked", "told"),
    [
        (("завод №7", "ЗАВОД  No. 7", "Завод № 8"), ("завод n7",), ["ЗАВОД No. 7", "Завод № 8"]),
        (
            ("Завод № 9", "Plant No. 9", "УВЗ"),
            ("plant n9", "завод №9", "uralvagon"),
            ["Plant No. 9", "Uralvagonzavod", "Завод № 7"],
        ),
    ],
    ids=["ways", "languages"],
)
def test_a_plant_that_is_written_in_several_ways_or_languages_is_one(
    client, site, films, key, written, asked, told
):
    with site.session() as session, session.begin():
        for number, plant in enumerate(written):
            place = Location(path=f"/copy/{number}", footage=sha_of(films[0]), held=False)
            place.plant_claimed = plant
            session.add(place)
    machine = machine_of(client, key(films[0], "m1"))
    for plant in asked:
        listed = client.get("/api/v1/machines", params={"plant": plant}).json()["items"]
        assert machine in [one["id"] for one in listed]
        (clip, *_) = client.get("/api/v1/footage", params={"plant": plant}).json()["items"]
        assert clip["sha256"] == sha_of(films[0])
    assert client.get(f"/api/v1/machines/{machine}").json()["plants"] == told


def test_the_number_of_a_plant_is_meant_as_a_whole(client, site, films):
    with site.session() as session, session.begin():
        place = Location(path="/copy", footage=sha_of(films[1]), held=False)
        place.plant_claimed = "Завод № 75"
        session.add(place)
    for plant, film in (("завод № 7", films[0]), ("№ 75", films[1]), ("Завод № 75", films[1])):
        listed = client.get("/api/v1/footage", params={"plant": plant}).json()["items"]
        assert [one["sha256"] for one in listed] == [sha_of(film)]


def test_the_beginning_of_a_list_is_that_of_what_is_searched(client):
    asked = {"sort": "seen", "limit": "1"}
    cursor = client.get("/api/v1/machines", params=asked).json()["next"]
    page = client.get("/machines", params={"grade": "U", "sort": "seen", "after": cursor})
    assert 'class="button" href="/machines?grade=U&amp;sort=seen"' in page.text
    assert 'class="button" href="/machines' not in client.get("/machines").text


def test_the_page_of_a_machine_names_each_clip(client, films, key):
    page = client.get(f"/machines/{machine_of(client, key(films[0], 'm1'))}").text
    assert f'<dt>Footage</dt><dd class="break">{films[0].path.name}</dd>' in page


def test_unknown_machines_are_listed_as_they_are_counted(client):
    assert 'href="/machines?builder=unknown&amp;origin=open"' in client.get("/").text


def test_what_another_says_of_an_item_shows_nowhere_until_it_is_settled(person, site, films, key):
    sighting, sha256 = key(films[0], "m1"), sha_of(films[0])
    anna, boris, carla = (person(name) for name in ("anna", "boris", "carla"))
    machine = machine_of(anna, sighting)
    of_it, clip = f"/machines/{machine}", f"/footage/{sha256}"
    addresses = (
        *("/machines", "/api/v1/machines", of_it, f"/api/v1{of_it}", f"/api/v1{of_it}/sightings"),
        *(clip, f"/api/v1{clip}/sightings"),
        *(f"/api/v1/machines?state={state}" for state in ("waiting", "settled", "none")),
    )

    def give(who: httpx.Client, verdict: str, **more: str) -> None:
        body = {"item": sighting, "verdict": verdict} | more
        assert who.post("/api/v1/verdicts", json=body).status_code == 201

    def seen() -> list[str]:
        answers = [anna.get(address) for address in addresses]
        assert [one.status_code for one in answers] == [200] * len(addresses)
        return [one.text for one in answers]

    def state() -> str:
        with site.session() as session:
            return session.get_one(Item, sighting).state

    unjudged = seen()
    give(boris, "builder", builder="smtcl")
    assert state() == "partial" and seen() == unjudged
    give(anna, "unknown")
    assert state() == "disputed"
    for name in ("partial", "disputed"):
        assert anna.get(f"/api/v1/machines?state={name}").status_code == 422
    # Anna sees her own verdict, and for the rest what she saw before.
    told = seen()
    differ = [
        address for one, two, address in zip(unjudged, told, addresses, strict=True) if one != two
    ]
    assert differ == ["/machines", f"/machines/{machine}", f"/footage/{sha256}"]
    assert "you judged it; it waits for another person" in told[0]
    assert not any("boris" in one or "disputed" in one for one in told)
    give(carla, "unknown")
    assert state() == "settled" and seen()[4] != told[4]


@pytest.mark.databases
def test_sightings_are_joined_and_cut_while_a_sweep_holds_the_case(client, site, films, key):
    a, b = key(films[0], "m1"), key(films[1], "m2")
    with site.case.lock():
        done = decide(client, "join", a, b, note="the same dent")
    assert done.status_code == 201, done.text
    told = done.json()
    assert told["machine_a"] == told["machine_b"] == machine_of(client, a)
    assert told["decision"]["author"] == "anna"
    whole = client.get(f"/api/v1/machines/{told['machine_a']}").json()
    assert whole["conflict"] and whole["seen"] >= 2
    assert "the same dent" in client.get(f"/machines/{told['machine_a']}").text

    apart = decide(client, "cut", b, a).json()
    assert apart["machine_a"] != apart["machine_b"]


def test_the_ten_digits_that_a_page_shows_name_a_sighting(client, films, key):
    a, b = key(films[0], "m1"), key(films[1], "m2")
    done = decide(client, "join", a[:10] + a[32:], b[:10] + b[32:])
    assert done.status_code == 201, done.text
    assert {done.json()["decision"][one] for one in "ab"} == {a, b}
    assert decide(client, "join", a[:9] + a[32:], b).status_code == 422
    assert decide(client, "cut", a, a).status_code == 422
    assert decide(client, "join", a, a[:10] + a[32:]).status_code == 409  # one and the same


def test_what_was_cut_apart_by_hand_is_not_joined_through_others(client, films, key):
    a, b, c = key(films[0], "m1"), key(films[0], "m2"), key(films[0], "m3")
    assert decide(client, "cut", a, b).status_code == 201
    assert decide(client, "join", a, c).status_code == 201
    answer = decide(client, "join", b, c)
    assert answer.status_code == 409
    assert "cut apart by hand" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("change", "status"), table("refused-decisions"))
def test_a_decision_that_cannot_be_is_refused(client, films, key, change, status):
    wish = {"what": "join", "a": key(films[0], "m1"), "b": key(films[1], "m1")} | change
    answer = client.post("/api/v1/decisions", json=wish)
    assert answer.status_code == status


def test_a_note_is_kept_as_it_was_written(client, films, key):
    a, b = key(films[0], "m1"), key(films[1], "m3")
    done = decide(client, "cut", a, b, note="дверь\n<b>\x00</b>")
    assert done.status_code == 201
    told = done.json()["decision"]["note"]
    assert told.startswith("дверь") and "<b>" in told and "\x00" not in told


def test_a_note_that_no_text_can_hold_is_refused(client, films, key):
    a, b = key(films[0], "m1"), key(films[1], "m3")
    body = f'{{"what": "cut", "a": "{a}", "b": "{b}", "note": "half a \\ud800 pair"}}'
    answer = client.post(
        "/api/v1/decisions", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert "note" in answer.json()["error"]["fields"]


def test_machines_that_look_alike_are_others(client, films, key):
    a, b = key(films[0], "m2"), key(films[1], "m2")
    apart = decide(client, "cut", a, b).json()
    found = client.get(f"/api/v1/machines/{apart['machine_a']}/alike").json()
    assert apart["machine_a"] not in [one["machine"]["id"] for one in found]
    assert found[0]["machine"]["id"] == apart["machine_b"]
    assert min(one["score"] for one in found) >= ALIKE and found[0]["score"] > 0.5
