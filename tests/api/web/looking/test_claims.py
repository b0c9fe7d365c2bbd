"""The page of a clip corrects where its footage comes from."""

from __future__ import annotations

import httpx2 as httpx
import pytest
from playwright.sync_api import Route, expect

from tests.api.conftest import table
from tests.api.web.browser import open_clip
from tests.api.web.looking.conftest import sha_of
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
