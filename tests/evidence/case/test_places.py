"""What was claimed of footage stays with its bytes, whatever comes to lie at its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from datasets.registry import load_registry
from detector.types import Survey
from evidence.answer.sources import SourceRecord as From
from evidence.answer.sources import read_sources
from evidence.browse.footage import FootageFilter, FootageSummary, find_footage, list_footage
from evidence.browse.machines import MachineFilter as WantedMachines
from evidence.browse.machines import list_machines
from evidence.browse.search import View
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.places import claimed_plants, correct, count_replaced, lay_at
from evidence.case.rows import record_survey
from evidence.case.tables import FormerPlace, Location, Recipe
from evidence.case.work_queue import FootageSource, add_work, done, set_aside, take
from evidence.link.machines import update_machines
from tests.rows import act, fetch, look

pytestmark = pytest.mark.databases

SAID = {"origin_url": "http://a.example", "publisher": "TV", "plant_claimed": "Kazan works"}
PUBLISHED = "2024-05"
Sweep = Callable[..., None]


@pytest.fixture
def sweep(swept, recipe, survey, registry) -> Sweep:
    """Lists the clip's path, or another, as a file of so many bytes, and finds there some footage:
    the clip itself, unless another survey is given; none where it is not to be read."""
    own = str(survey.analysis.footage.path)

    def again(
        size: int, found: Survey = survey, path: str = own, read: bool = True, **claims: object
    ) -> None:
        with swept.session() as session, session.begin():
            add_work(session, recipe, [FootageSource(path, size, 1, **claims)])  # type: ignore[arg-type]
            waiting = take(session, recipe, 1)
            if read and waiting:
                record_survey(session, swept, found, registry)
                update_machines(session, recipe.model, recipe.settings)
                assert done(session, waiting[0], found.analysis.footage.sha256)

    act(swept, update_machines, recipe.model, recipe.settings)
    again(survey.analysis.footage.path.stat().st_size, published=PUBLISHED, **SAID)
    return again


@pytest.fixture
def path(survey) -> str:
    return str(survey.analysis.footage.path)


@pytest.fixture
def sha256(survey) -> str:
    return survey.analysis.footage.sha256


@pytest.fixture
def other(other_survey) -> Survey:
    """Footage in which nothing was found."""
    found = other_survey("another")
    nothing = replace(found.analysis, sightings=(), shots=(), overlays=())
    return replace(found, analysis=nothing, prints=(), looks=(), stills=())


def claims(case: Case, path: str) -> dict[str, object]:
    with case.session() as session:
        row = session.get_one(Location, path)
        return {name: getattr(row, name) for name in ("published", *SAID)}


def clips(case: Case, recipe: Recipe, **wanted: object) -> list[FootageSummary]:
    with case.session() as session:
        found: list[FootageSummary] = []
        asked, after = FootageFilter(**wanted), None  # type: ignore[arg-type]
        while True:  # a page for each, so that cursors are tried as well
            page = list_footage(View(session, recipe, load_registry()), asked, after, 1)
            found += page.items
            after = page.next
            if after is None:
                return found


def test_another_file_at_a_path_starts_without_what_was_claimed_there(
    swept, sweep, path, sha256, other, recipe
):
    sweep(11, other)
    assert not any(claims(swept, path).values())
    with swept.session() as session:
        [former] = session.scalars(select(FormerPlace))
        sources = read_sources(session, recipe, load_registry())
    assert (former.path, former.footage, former.published) == (path, sha256, PUBLISHED)
    assert sources == {
        sha256: From(sha256, "Kazan works", PUBLISHED, named=("Kazan works",), first=PUBLISHED),
        other.analysis.footage.sha256: From(other.analysis.footage.sha256, None, None),
    }


@pytest.mark.parametrize("between", [False, True], ids=["touched", "another and back"])
def test_the_same_bytes_again_have_what_they_had(swept, sweep, path, other, between):
    if between:
        sweep(11, other, publisher="Other TV")
    sweep(12, note="seen again")
    assert claims(swept, path) == SAID | {"published": PUBLISHED}
    former = fetch(swept, select(FormerPlace.footage))
    assert former == ([other.analysis.footage.sha256] if between else [])


def test_what_was_put_right_comes_back_with_the_bytes(swept, sweep, path, other):
    act(swept, correct, path, {"plant_claimed": "Plant 12", "publisher": None}, "anna")
    sweep(11, other)
    sweep(12, publisher="TV")
    found = claims(swept, path)
    assert (found["plant_claimed"], found["publisher"]) == ("Plant 12", None)


def test_what_was_said_of_bytes_nobody_has_read_stays(case, recipe):
    for source in (FootageSource("/a.mp4", 1, 1, publisher="TV"), FootageSource("/a.mp4", 2, 2)):
        act(case, add_work, recipe, [source])
    assert claims(case, "/a.mp4")["publisher"] == "TV"


def test_the_bytes_found_elsewhere_keep_where_they_are_from(swept, sweep, sha256, other, recipe):
    sweep(11, other)
    sweep(10, path="/archive/moved.mp4")
    found = {clip.sha256: clip for clip in clips(swept, recipe)}
    moved = found[sha256]
    assert (moved.path, moved.lies, moved.plant_claimed) == (
        "/archive/moved.mp4", True, "Kazan works",
    )  # fmt: skip
    assert found[other.analysis.footage.sha256].plant_claimed is None
    assert look(swept, read_sources, recipe, load_registry())[sha256].plant == "Kazan works"


def test_lists_and_pages_show_where_it_lay(swept, sweep, path, sha256, other, recipe, registry):
    sweep(11, other)
    found = clips(swept, recipe)
    assert {(clip.path, clip.sha256, clip.lies) for clip in found} == {
        (path, sha256, False),
        (path, other.analysis.footage.sha256, True),
    }
    [clip] = clips(swept, recipe, plant="kazan", since="2024")
    assert (clip.sha256, clip.published, clip.origin_url) == (sha256, PUBLISHED, SAID["origin_url"])
    with swept.session() as session:
        page = find_footage(View(session, recipe, registry), sha256, "anna")
        assert page is not None
        [place] = page.places
        assert (place.path, place.former, place.unread) == (path, True, False)
        assert page.name == Path(path).name
        view = View(session, recipe, registry)
        [*machines] = list_machines(view, WantedMachines(plant="kazan")).items
        assert machines and all(one.plants == ["Kazan works"] for one in machines)
        assert claimed_plants(session) == ["Kazan works"]


def test_a_check_tells_of_footage_that_lies_nowhere(swept, sweep, path, sha256, other):
    before = [finding.about for finding in check(swept)]
    sweep(11, other)
    [finding] = [one for one in check(swept) if one.about not in (*before, path)]
    assert (finding.about, finding.wrong) == (f"footage {sha256[:12]}", True)
    assert f"it lay at {path}, where another file lies now" in finding.what
    assert "sweep the folder where it is now" in finding.todo
    sweep(10, path="/archive/moved.mp4")
    assert not [one for one in check(swept) if one.about == finding.about]


def test_a_file_that_was_not_read_is_not_called_another(swept, sweep, path, sha256, recipe):
    sweep(11, read=False)
    with swept.session() as session, session.begin():
        assert set_aside(session, take(session, recipe, 1)[0], "empty", "it is empty")
    [finding] = [one for one in check(swept) if one.about == f"footage {sha256[:12]}"]
    assert f"it {lay_at(path, unread=True)}" in finding.what
    # It was read, and is empty.
    assert "what lies there now was not read yet, or could not be" in finding.what
    assert look(swept, count_replaced, datetime.now(UTC) - timedelta(hours=1)) == 0


def test_what_was_replaced_is_counted(swept, sweep, other):
    begun = datetime.now(UTC)
    sweep(12)  # touched alone
    assert look(swept, count_replaced, begun) == 0
    sweep(11, other)
    with swept.session() as session:
        assert count_replaced(session, begun) == 1
        assert count_replaced(session, datetime.now(UTC)) == 0
