"""The five published sightings, entered over HTTP and on the page of a clip."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx2 as httpx
import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from api.web.site import Site
from datasets.registry import load_registry
from detector import Settings
from evidence.answer.answer import Answer
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Location, Recipe
from evidence.case.verdicts import verify
from tests.api.conftest import table
from tests.api.web.browser import open_clip
from tests.api.web.reviewed import choose
from tests.evidence.answer.made import answer_case
from tests.sightings import AT, SIZE

TOLD: dict[str, dict[str, Any]] = {
    "haas": {"builder": "haas", "concealed": True, "note": "all but a red H is covered"},
    "tsugami": {"builder": "tsugami", "probable": True},
    "fanuc": {"control": "ctl-fanuc"},
    "niles": {"builder": "niles-simmons", "made": "DE"},
    "fair": {"builder": "dmtg", "control": "ctl-siemens", "source": "a published account"},
}


@pytest.fixture
def case(published, tmp_path, database) -> Iterator[Case]:
    with published.open(tmp_path / "case", database) as made:
        yield made


@pytest.fixture
def site(case) -> Site:
    with case.session() as session:
        recipe = session.scalars(select(Recipe)).one()
        session.expunge(recipe)
    return Site(case, load_registry(), Settings.archive(), recipe, local="anna")


@pytest.fixture
def sha(site, published) -> Callable[[str], str]:
    def of(name: str) -> str:
        with site.session() as session:
            path = str(published.places[name].path)
            found = session.get_one(Location, path).footage
        assert found is not None
        return found

    return of


@pytest.fixture
def put(published, sha) -> Callable[..., httpx.Response]:
    def run(client: httpx.Client, name: str, **more: Any) -> httpx.Response:
        body = {"pts": str(AT), "box": list(published.places[name].box)} | TOLD[name] | more
        return client.post(f"/api/v1/footage/{sha(name)}/entered", json=body)

    return run


def ask(site: Site, by: Any = "origin", value: str = "CN") -> Answer:
    return answer_case(site.case, Question(by, value), site.registry)[0]


def kinds(found: Answer) -> dict[str, str]:
    return {one.plant.split()[0]: one.kind for one in found.entered}


def test_each_of_the_five_comes_out_as_what_it_is(site, person, put):
    anna, ben = person("anna"), person("ben")
    items = {}
    for name in TOLD:
        answer = put(anna, name)
        assert answer.status_code == 201, answer.text
        items[name] = answer.json()["item"]
        assert answer.json()["verdict"]["signed"] == "name"
        assert put(anna, name).json()["verdict"]["number"] == answer.json()["verdict"]["number"]
    found = ask(site)
    assert kinds(found) == {
        "Novosibirsk": "concealed, builder from a second cue",
        "Plant": "probable, not confirmed",
        "Titan-Barrikady": "a control, builder unknown",
        "Uraltrac": "builder confirmed",
        "Fair": "waits for others to judge",
    }
    assert (found.counts.machines, found.counts.confirmed, found.counts.probable) == (5, 0, 1)

    # The second person is shown the place and nothing of what the first one said.
    hand = ben.get("/api/v1/review/next?n=20").json()["items"]
    (card,) = [one for one in hand if one["item"] == items["fair"]]
    assert (card["about"], card["kind"], card["verdicts"]) == ("entered", "entered", [])
    assert "dmtg" not in json.dumps(card) and "ctl-siemens" not in json.dumps(card)
    still = card["pictures"]["frame"]["address"]
    assert still.startswith("/api/v1/stills/")
    assert ben.get(still).headers["content-type"] == "image/jpeg"
    told = {one["number"]: one for one in ben.get("/api/v1/verdicts").json()["items"]}
    assert [one["hidden"] for one in told.values()] == [False, True, False, False, True]
    given = ben.post(
        "/api/v1/verdicts", json={"item": items["fair"], "verdict": "builder", "builder": "dmtg"}
    )
    assert given.status_code == 201
    found = ask(site)
    assert found.said.sentence.startswith("1 machine of Chinese make confirmed in 1 plant")
    (fair,) = [one for one in found.entered if one.plant.startswith("Fair")]
    assert (fair.builder, fair.control, fair.authors) == ("dmtg", "ctl-siemens", ("anna", "ben"))

    for by, value, machines in (("origin", "DE", 1), ("owner", "US", 2), ("production", "DE", 1)):
        assert ask(site, by, value).counts.confirmed == machines, (by, value)
    with site.session() as session:
        assert verify(session) == []
    assert [str(one) for one in check(site.case) if one.wrong] == []


def test_every_page_shows_them(site, person, put, sha):
    anna, carla = person("anna"), person("carla")
    items = {name: put(anna, name).json()["item"] for name in TOLD}
    for name, item in items.items():
        for address in (f"/footage/{sha(name)}", f"/review/{item}", f"/api/v1/review/items/{item}"):
            assert anna.get(address).status_code == 200, address
            assert carla.get(address).status_code == 200, address
        clip = carla.get(f"/api/v1/footage/{sha(name)}").json()
        # Only its author sees what waits.
        waits = name in ("tsugami", "fair")
        assert [one["author"] for one in clip["verdicts"]] == ([] if waits else ["anna"])
    for address in ("/", "/machines", "/agreement", "/learning", "/api/v1/case"):
        assert carla.get(address).status_code == 200, address
    # Those that people entered were seen; the program found none of them.
    page, report = carla.get("/answer").text, carla.get("/api/v1/answer/report").text
    for told in (page, report):
        found = re.search(r"Machines found, each counted once.*?(\d+)</td>", told)
        confirmed = re.search(r"Confirmed to be of this kind</th>.*?(\d+)</td>", told)
        assert found and confirmed and (found[1], confirmed[1]) == ("5", "0")
        assert "machines entered by hand, which are in no estimated share: 4" in told
    assert "were entered by hand, or are not linked to machines yet." in page
    log = anna.get("/api/v1/verdicts").json()["items"]
    assert [one["item"] for one in log] == list(items.values())
    (people,) = carla.get("/api/v1/agreement").json()["people"]
    assert people["verdicts"] == 5


@pytest.mark.parametrize(("body", "status"), table("refused-entries"))
def test_what_makes_no_sense_is_refused(client, put, site, body, status):
    assert put(client, "haas", **body).status_code == status
    with site.session() as session:
        assert session.scalars(select(Verdict)).all() == []


def test_footage_that_is_not_there(client):
    answer = client.post(f"/api/v1/footage/{'0' * 64}/entered", json={"pts": "0"})
    assert answer.status_code == 404


@pytest.mark.parametrize("database", [None], ids=["sqlite"])
class TestPage:
    """The form on the page of a clip; the routes below it are tested on both databases."""

    def test_a_machine_is_entered_by_pointer(self, site, served, screen, sha, shoot):
        open_clip(screen, served, sha("haas"), "1%2F2")
        screen.click("#enter > summary")
        screen.click("#enter-draw")
        stage = screen.locator("#drawn").bounding_box()
        assert stage is not None
        fit = min(stage["width"] / SIZE[0], stage["height"] / SIZE[1])
        left = stage["x"] + (stage["width"] - SIZE[0] * fit) / 2
        top = stage["y"] + (stage["height"] - SIZE[1] * fit) / 2
        screen.mouse.move(left + 100 * fit, top + 130 * fit)
        screen.mouse.down()
        screen.mouse.move(left + 460 * fit, top + 340 * fit, steps=4)
        screen.mouse.up()
        screen.click("#enter-choose")
        choose(screen, "haas", "Haas")
        expect(screen.locator("#enter-builder")).to_have_text("Haas")
        screen.check("#enter input[name=concealed]")
        screen.select_option("#enter select[name=made]", label="Taiwan")
        screen.fill("#enter input[name=note]", "all but a red H is covered")
        screen.fill("#enter input[name=source]", "a newspaper")
        screen.evaluate("document.getElementById('stage').scrollIntoView()")
        shoot("footage-enter")
        screen.click("#enter-send")
        expect(screen.locator("#notices")).to_contain_text("Entered as verdict 1.")
        with site.session() as session:
            row = session.scalars(select(Verdict)).one()
        assert (row.verdict, row.builder, row.pts) == ("concealed", "haas", AT)
        assert row.box == pytest.approx([100, 130, 460, 340], abs=3)
        assert row.before["said"]["source"] == "a newspaper" and row.seconds is not None
        assert row.before["said"]["made"] == "TW"
        expect(screen.locator("#verdicts tbody")).to_contain_text("all but a red H is covered")
        # What was entered is off the form, and the next one begins with the whole frame.
        expect(screen.locator("#enter-builder")).to_have_text("unknown")
        expect(screen.locator("#enter-place")).to_have_text("the whole frame")
        screen.click("#notices a")
        screen.wait_for_selector("#desk[data-painted]")
        expect(screen.locator("#told")).to_contain_text("Entered by hand")
        expect(screen.locator("#told")).to_contain_text("mark concealed: Haas")

    def test_a_machine_is_entered_by_the_keyboard_alone(self, site, served, screen, sha):
        open_clip(screen, served, sha("fanuc"))
        screen.focus("#enter > summary")
        screen.keyboard.press("Enter")
        screen.focus("#enter-draw")
        screen.keyboard.press("Enter")
        screen.keyboard.press("ArrowRight")
        screen.keyboard.press("Shift+ArrowUp")
        screen.select_option("#enter select[name=control]", "ctl-fanuc")
        screen.focus("#enter-send")
        screen.keyboard.press("Enter")
        expect(screen.locator("#notices")).to_contain_text("Entered as verdict 1.")
        with site.session() as session:
            row = session.scalars(select(Verdict)).one()
        assert row.verdict == "unknown" and row.before["said"]["control"] == "ctl-fanuc"
        assert row.box == pytest.approx([204.8, 108, 460.8, 244.8], abs=0.1)

    def test_the_second_person_judges_it_by_a_key(self, site, person, put, screen, shoot):
        from tests.api.web.browser import serve

        item = put(person("ben"), "fair").json()["item"]
        with serve(site) as address:
            screen.goto(f"{address}/review/{item}")
            screen.wait_for_selector("#desk[data-painted]")
            expect(screen.locator("#told")).to_contain_text("Entered by hand")
            expect(screen.locator("#told")).not_to_contain_text("ben")
            expect(screen.locator("button[data-does=accept]")).to_be_hidden()
            sizes = screen.evaluate("[document.documentElement.scrollHeight, innerHeight]")
            assert sizes[0] <= sizes[1]  # one screen, without scrolling
            shoot("review-entered")
            screen.keyboard.press("h")
            choose(screen, "dmtg", "DMTG")
            expect(screen.locator("#told")).to_contain_text("settled")
        with site.session() as session:
            row = session.scalars(select(Verdict).order_by(Verdict.number.desc())).first()
            assert row is not None
            assert (row.verdict, row.builder, row.author) == ("concealed", "dmtg", "anna")
        found = ask(site)
        assert found.counts.confirmed == 1 and found.entered[0].concealed
