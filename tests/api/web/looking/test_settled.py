"""What people settled goes before what the program read; positive controls are none of a case's."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import httpx2 as httpx
import pytest

from evidence.answer.audit import keep_control
from evidence.case.base import values_of
from evidence.case.sighting_tables import Flag, SightingRow
from evidence.case.tables import Item, LeadRow, Location
from tests.api.conftest import table
from tests.api.web.drawn import claim_on
from tests.api.web.looking.conftest import sha_of
from tests.api.web.looking.test_machines import decide, machine_of

Settle = Callable[..., str]


@pytest.fixture
def settle(site, films, key) -> Settle:
    """Settles a sighting of the first film, and gives its key."""

    def put(name: str, outcome: str, builder: str | None = None, film: int = 0) -> str:
        with site.session() as session, session.begin():
            row = session.query(SightingRow).filter_by(key=key(films[film], name)).one()
            item = session.get(Item, row.key) or claim_on(row)
            session.add(item)
            item.state, item.outcome, item.builder = "settled", outcome, builder
            return row.key

    return put


@pytest.fixture
def joined(client, films, key) -> Callable[[str], str]:
    """Joins a sighting of the first film with the second's first, and gives their machine."""

    def join(sighting: str) -> str:
        decide(client, "join", sighting, key(films[1], "m1"))
        return machine_of(client, sighting)

    return join


def listed(client: httpx.Client, **asked: str) -> set[str]:
    return {one["id"] for one in client.get("/api/v1/machines", params=asked).json()["items"]}


def counted(client: httpx.Client) -> dict[tuple[str | None, str | None], tuple[int, int]]:
    rows = client.get("/api/v1/case").json()["told"]["rows"]
    return {(one["builder"], one["origin"]): (one["machines"], one["settled"]) for one in rows}


def test_a_machine_settled_as_anothers_is_found_and_shown_by_what_people_settled(client, settle):
    before = counted(client)
    machine = machine_of(client, settle("m1", "builder", "smtcl"))
    assert machine in listed(client, builder="smtcl") & listed(client, origin="CN")
    assert machine not in listed(client, builder="mazak") | listed(client, origin="JP")
    told = client.get(f"/api/v1/machines/{machine}").json()
    assert told["builder"]["id"] == "mazak" and told["origin"]["code"] == "JP"
    assert told["settled"]["said"] == "builder" and not told["settled"]["same"]
    assert told["settled"]["builder"]["id"] == "smtcl" and told["settled"]["origin"]["code"] == "CN"
    for page in (client.get("/machines").text, client.get(f"/machines/{machine}").text):
        assert "SMTCL" in page and "confirmed by people" in page
        assert "the program read Mazak" in page
    heading = client.get(f"/machines/{machine}").text.split("<h1>")[1].split("</h1>")[0]
    assert "SMTCL" in heading and "Mazak" not in heading
    # Grade and probability are of what the program read.
    assert (
        "probability"
        not in client.get(f"/machines/{machine}").text.split("<main")[1].split("<dt>Lead<")[0]
    )
    after = counted(client)
    assert after["smtcl", "CN"] == (1, 1)
    assert after.get(("mazak", "JP"), (0, 0))[0] == before["mazak", "JP"][0] - 1
    assert "SMTCL" in client.get("/").text


@pytest.mark.parametrize(("outcome", "said", "words"), table("settled-as-nobodys"))
def test_a_machine_that_people_name_nobodys_is_of_no_origin(client, settle, outcome, said, words):
    """It is called as the key that settled it."""
    found = said == "unknown"
    machine = machine_of(client, settle("m1", outcome))
    assert machine not in listed(client, builder="mazak") | listed(client, origin="JP")
    assert (machine in listed(client, builder="unknown")) is found
    assert (machine in listed(client, origin="open")) is found
    assert machine in listed(client)
    assert client.get(f"/api/v1/machines/{machine}").json()["settled"]["said"] == said
    none = client.get("/api/v1/case").json()["told"]["none"]
    assert none == (0 if found else 1)
    assert words in client.get(f"/machines/{machine}").text.split("<h1>")[1].split("</h1>")[0]


def test_what_the_program_read_is_borne_out(client, settle):
    machine = machine_of(client, settle("m1", "accept", "mazak"))
    assert machine in listed(client, builder="mazak") & listed(client, origin="JP")
    assert client.get(f"/api/v1/machines/{machine}").json()["settled"]["same"]
    page = client.get(f"/machines/{machine}").text
    assert "confirmed by people" in page and "the program read" not in page
    assert 'title="What people settled' in page


def test_a_machine_that_nothing_asks_about_is_judged_from_its_page(client, person, key, films):
    """Whoever judged it alone is told as one; its other sightings say that it is settled."""
    alone, other = key(films[0], "m3"), key(films[1], "m3")
    machine = machine_of(client, alone)
    shown = client.get(f"/api/v1/machines/{machine}/sightings").json()["items"]
    assert {one["key"] for one in shown} == {alone, other}
    assert [one["judged"] for one in shown] == [None, None]
    page = client.get(f"/machines/{machine}").text
    assert page.count(">Judge this</a>") == 3 and f"/review/{other.replace(':', '%3A')}" in page
    assert client.get(f"/review/{other}").status_code == 200
    card = client.get(f"/api/v1/review/items/{other}").json()
    assert (card["kind"], card["state"]) == (None, "open")
    assert client.get(f"/api/v1/machines/{machine}/sightings").json()["items"] == shown

    def give(who: httpx.Client, item: str) -> None:
        body = {"item": item, "verdict": "builder", "builder": "haas"}
        assert who.post("/api/v1/verdicts", json=body).status_code == 201

    give(client, other)
    told = client.get(f"/api/v1/machines/{machine}").json()["settled"]
    assert (told["builder"]["id"], told["people"]) == ("haas", 1)
    assert "confirmed by one person" in client.get(f"/machines/{machine}").text
    clip = client.get(f"/footage/{sha_of(films[0])}").text
    assert ">the machine: Haas</a>" in clip and "confirmed by one person" in clip
    # What people confirmed comes before what the program is surest of.
    assert client.get("/api/v1/machines").json()["items"][0]["id"] == machine
    give(person("boris"), alone)
    assert "confirmed by people" in client.get(f"/machines/{machine}").text


def test_what_one_sighting_is_settled_as_names_no_machine_that_another_still_claims(
    client, settle, joined
):
    machine = joined(settle("m1", "not-a-machine"))
    told = client.get(f"/api/v1/machines/{machine}").json()
    assert told["seen"] == 2
    assert told["settled"] is None and machine in listed(client, builder="mazak")


@pytest.mark.parametrize("outcome", ["unknown", "concealed"])
def test_unknown_on_a_poor_copy_hides_no_builder_read_on_a_good_one(
    client, settle, joined, outcome
):
    machine = joined(settle("m1", outcome))
    told = client.get(f"/api/v1/machines/{machine}").json()
    assert told["settled"] is None and told["builder"] is not None
    assert machine in listed(client, builder=told["builder"]["id"])
    assert any(builder == told["builder"]["id"] for builder, _ in counted(client))


def test_unknown_hides_no_lead_to_a_tested_origin_on_another_sighting(site, client, settle, films):
    with site.session() as session, session.begin():
        [row] = session.query(SightingRow).filter_by(footage=sha_of(films[1]), name="m3")
        led = values_of(row, "analysis", "footage", "model", "settings") | {"sighting": row.name}
        session.add(LeadRow(**led, number=1, origin="CN", probability=0.6, evidence=[]))
        session.add(Flag(**led, kind="lead", pts=row.pts, priority=430, reason="perhaps"))
        place = session.query(Location).filter_by(footage=row.footage).one()
        place.plant_claimed = "Завод № 8"
    machine = machine_of(client, settle("m3", "unknown"))
    assert listed(client, lead="CN") == {machine}
    plant = client.get("/plants").text.split("Завод № 8")[-1].split("</tr>")[0]
    assert '<td class="number">1</td>' in plant  # the lead that waits
    settle("m3", "unknown", film=1)
    assert listed(client, lead="CN") == set()


def test_machines_and_footage_leave_as_tables(client, settle):
    machine = machine_of(client, settle("m1", "builder", "smtcl"))
    answer = client.get("/api/v1/machines.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = {
        row["machine"]: row for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))
    }
    assert set(rows) == listed(client)
    told = rows[machine]
    assert (told["builder_id"], told["country"], told["settled"]) == ("smtcl", "China", "builder")
    assert told["file"].endswith(".mp4") and told["at"].startswith("0:")
    assert told["grade"] == ""  # which is of what the program read
    some = client.get("/api/v1/machines.csv?builder=smtcl").text
    assert machine in some and len(some.splitlines()) == 1 + len(listed(client, builder="smtcl"))
    assert "/api/v1/machines.csv?builder=smtcl" in client.get("/machines?builder=smtcl").text
    footage = client.get("/api/v1/footage.csv").text.lstrip("\ufeff")
    items = client.get("/api/v1/footage").json()["items"]
    assert [row["sha256"] for row in csv.DictReader(io.StringIO(footage))] == [
        one["sha256"] for one in items
    ]


def test_people_who_name_several_builders_name_none(client, settle, joined):
    settle("m1", "builder", "okuma", film=1)
    machine = joined(settle("m1", "builder", "smtcl"))
    assert machine not in listed(client, origin="CN") | listed(client, builder="smtcl")
    assert client.get(f"/api/v1/machines/{machine}").json()["settled"]["said"] == "several"


def test_machines_of_positive_controls_are_none_of_the_cases(client, site, films, key):
    everything = listed(client)
    assert counted(client)["mazak", "JP"][0] > 0
    with site.session() as session, session.begin():
        for film in films:
            keep_control(session, site.registry, sha_of(film), "mazak", "anna")
    assert listed(client) == set() and counted(client) == {}
    assert listed(client, controls="with") == listed(client, controls="only") == everything
    told = client.get("/api/v1/case").json()
    assert told["told"]["controls"] == len(everything)
    assert sum(row["machines"] for row in told["machines"]) == len(everything)
    assert (
        f"{len(everything)} machines of positive controls are not counted" in client.get("/").text
    )
    assert "positive control" in client.get("/machines?controls=with").text
    assert (
        f"{len(everything)} machines of positive controls are not listed"
        in client.get("/machines").text
    )
    one = next(iter(everything))
    assert client.get(f"/api/v1/machines/{one}").json()["control"] is True


def test_a_machine_seen_beside_a_control_counts(client, site, films):
    with site.session() as session, session.begin():
        keep_control(session, site.registry, sha_of(films[0]), "mazak", "anna")
    footage = {
        one["id"]: {
            row["footage"]
            for row in client.get(f"/api/v1/machines/{one['id']}/sightings").json()["items"]
        }
        for one in client.get("/api/v1/machines?controls=with").json()["items"]
    }
    elsewhere = {id_ for id_, there in footage.items() if sha_of(films[1]) in there}
    assert listed(client) <= elsewhere
