"""A clip is put right and looked at again: where it comes from, and the rest of its frames."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import httpx2 as httpx
import pytest
from playwright.sync_api import Route, expect

from datasets.registry import load_registry
from detector import Settings
from detector.look.plan import audit_chance
from detector.types import Loss, Survey
from evidence.case.check import check
from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import Item
from evidence.case.work_queue import take
from evidence.link.machines import update_machines
from evidence.work.whole import depth_of, replace_survey
from tests.api.conftest import table
from tests.api.web.browser import open_clip
from tests.api.web.looking.conftest import judge, sha_of
from tests.api.web.looking.hall import Film


def ask(client: httpx.Client, film: Film, **claims: object) -> httpx.Response:
    body = {"path": str(film.path), **claims}
    return client.patch(f"/api/v1/footage/{sha_of(film)}/claims", json=body)


def test_a_claim_is_put_right_and_what_stood_there_is_told(client, films):
    answer = ask(client, films[0], plant_claimed="Завод № 17", published="5.3.2023", note=None)
    assert answer.status_code == 200, answer.text
    [place] = answer.json()["places"]
    assert (place["plant_claimed"], place["published"]) == ("Завод № 17", "2023-03-05")
    assert place["publisher"] == "ТВ Урал"
    told = {
        one["claim"]: (one["before"], one["after"], one["author"]) for one in place["put_right"]
    }
    assert told == {
        "plant_claimed": ("Завод № 7", "Завод № 17", "anna"),
        "published": ("2024-03-05", "2023-03-05", "anna"),
    }
    found = client.get("/api/v1/footage", params={"plant": "№ 17"}).json()["items"]
    assert [one["sha256"] for one in found] == [sha_of(films[0])]


@pytest.mark.parametrize(("claims", "status"), table("refused-claims"))
def test_what_makes_no_sense_is_refused(client, films, claims, status):
    assert ask(client, films[0], **claims).status_code == status
    unknown = client.patch(f"/api/v1/footage/{'0' * 64}/claims", json={"path": "/a"})
    assert unknown.status_code == 404


@pytest.mark.parametrize("to", ["/upload", "/footage/{}"])
def test_known_plants_are_offered_in_each_language(client, films, to):
    shown = client.get(to.format(sha_of(films[0]))).text
    assert shown.count('list="plants"') == shown.count('<datalist id="plants">') == 1
    for plant in ("Plant No. 9", "Завод № 9", "УВЗ"):
        assert f'<option value="{plant}">' in shown


@pytest.mark.parametrize("database", [None], ids=["sqlite"])
def test_the_form_on_the_page(site, served, screen, films):
    open_clip(screen, served, sha_of(films[0]))
    screen.click("#claims summary")
    screen.fill("#claims input[name=plant_claimed]", "Завод № 17")
    screen.click("#claims button")
    expect(screen.locator("#notices")).to_contain_text("Put right.")
    expect(screen.locator("#claims")).to_contain_text("Завод № 7 → Завод № 17")
    # The form that came again works as well; what is no date is not sent.
    screen.click("#claims summary")
    screen.fill("#claims input[name=published]", "spring")
    screen.click("#claims button")
    assert screen.locator("#claims input[name=published]:user-invalid").count() == 1
    screen.fill("#claims input[name=published]", "")
    screen.click("#claims button")
    expect(screen.locator("#claims")).to_contain_text("Published: 2024-03-05 → –")


def test_a_page_that_cannot_be_shown_anew_says_so(served, screen, films):
    open_clip(screen, served, sha_of(films[0]))

    def log_in(route: Route) -> None:
        if route.request.resource_type == "xhr":
            route.fulfill(body="<title>Log in</title>", content_type="text/html")
        else:
            route.continue_()

    screen.route("**/footage/*", log_in)
    screen.click("#claims summary")
    screen.fill("#claims input[name=plant_claimed]", "Завод № 17")
    screen.click("#claims button")
    expect(screen.locator("#notices")).to_contain_text("load it anew")


def test_what_was_typed_outlives_the_login(served, chromium, films):
    ended = {"error": {"kind": "log-in", "message": "log in"}}
    screen = chromium.new_page(locale="en")  # on whose console a refusal may be told
    open_clip(screen, served, sha_of(films[0]))
    screen.click("#claims summary")
    screen.fill("#claims input[name=plant_claimed]", "Завод № 17")
    screen.route("**/claims", lambda route: route.fulfill(status=401, json=ended))
    screen.click("#claims button")
    expect(screen.locator("#notices")).to_contain_text("Log in in another window")
    assert screen.input_value("#claims input[name=plant_claimed]") == "Завод № 17"
    screen.unroute("**/claims")
    screen.click("#claims button")
    expect(screen.locator("#notices")).to_contain_text("Put right.")
    screen.close()


def whole(survey: Survey) -> Survey:
    """A later look: m1 is not found again, m2 and m3 are in another order, one is new."""
    _, second, third = survey.analysis.sightings
    names = {third.id: "m1", second.id: "m2"}
    shift = Fraction(100)
    seen = tuple(replace(one, pts=one.pts + shift) for one in third.track.observations)
    new = replace(third, id="m3", track=replace(third.track, observations=seen), best=seen[0])
    found = (replace(third, id="m1"), second, new)
    analysis = replace(survey.analysis, sightings=found, loss=Loss(90, 90, 90, ()))

    def named(parts: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(
            replace(one, sighting=names[one.sighting])  # type: ignore[attr-defined, type-var]
            for one in parts
            if one.sighting in names  # type: ignore[attr-defined]
        )

    looks, stills = named(survey.looks), named(survey.stills)
    return replace(survey, analysis=analysis, looks=looks, stills=stills)  # type: ignore[arg-type]


@pytest.mark.databases
def test_a_whole_look_keeps_what_was_found_and_judged(client, site, films, key):
    sha256, recipe = sha_of(films[0]), site.recipe
    path = f"/api/v1/footage/{sha256}"

    def found() -> dict[str, object]:
        items = client.get(f"{path}/sightings").json()["items"]
        return {one["name"]: (one["builder"] and one["builder"]["id"]) for one in items}

    before = found()
    judge(site, key(films[0], "m2"), sha256, "anna")
    assert client.post(f"{path}/rest").status_code == 204
    for _ in range(2):  # asked twice, it is the same
        with site.session() as session, session.begin():
            [work] = take(session, recipe, 9)
            assert depth_of(work) == "whole"
            replace_survey(session, site.case, whole(films[0].survey), load_registry())
            update_machines(session, recipe.model, recipe.settings)
        assert found() == before | {"m4": None}
    told = client.get(path).json()
    assert told["analysed"]["frames_decoded"] == told["analysed"]["frames_total"] == 90
    [verdict] = told["verdicts"]
    assert verdict["sighting"] == key(films[0], "m2")
    with site.session() as session:
        items = {item.sighting: item.given for item in session.query(Item) if item.sighting}
        assert items.get(key(films[0], "m2"), 1) == 1
        assert session.query(Verdict).count() == session.query(AnalysisRow).count() - 1
        assert not [one for one in check(site.case) if one.wrong]
    machines = client.get("/api/v1/machines").json()["items"]
    assert sum(one["seen"] for one in machines) == 7


def test_every_frame_is_in_a_whole_look():
    assert audit_chance(Settings.archive().sweeping.at("whole"), Fraction(9000)) == 1


def test_a_button_asks_for_the_rest(site, served, screen, films):
    with site.session() as session, session.begin():
        for row in session.query(AnalysisRow).filter_by(footage=sha_of(films[0])):
            row.frames_total = 4000
    screen.goto(f"{served}/footage/{sha_of(films[0])}")
    expect(screen.locator("#rest")).to_contain_text("39 of 4000 frames were looked at.")
    screen.click("#look-at-rest")
    expect(screen.locator("#rest")).to_contain_text("The rest waits to be looked at")
    expect(screen.locator("#look-at-rest")).to_have_count(0)
