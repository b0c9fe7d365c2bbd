"""The rest of a clip is looked at when a person asks, and no verdict changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from playwright.sync_api import expect

from datasets.registry import load_registry
from detector import Settings
from detector.look.plan import audit_chance
from detector.types import Loss, Survey
from evidence.case.check import check
from evidence.case.queue import take
from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import Item
from evidence.link.machines import update_machines
from evidence.work.whole import depth_of, replace_survey
from tests.api.web.looking.conftest import judge, sha_of


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
