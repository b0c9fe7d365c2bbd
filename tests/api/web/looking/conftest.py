"""A case with two drawn clips of one hall, looked at, linked and served."""

from __future__ import annotations

from fractions import Fraction

import pytest

from api.web.site import Site
from datasets.registry import load_registry
from detector import Settings
from evidence.case.case import Case
from evidence.case.sighting_tables import analysis_id, sighting_key
from evidence.case.summary import add_recipe
from evidence.case.tables import Recipe
from evidence.case.verdicts import append
from evidence.link.machines import update_machines
from tests.api.web.looking.hall import MODEL, Film, film
from tests.conftest import Furnish
from tests.rows import keep


@pytest.fixture(scope="session")
def films(tmp_path_factory) -> tuple[Film, Film]:
    """The hall panned over twice, the second time from a little further on."""
    folder = tmp_path_factory.mktemp("films")
    return film(folder, "цех № 3.mp4"), film(folder, "again.mp4", first=5)


@pytest.fixture(scope="session")
def furnish(films) -> Furnish:
    """Both clips stored, and their sightings linked."""
    first, second = films

    def put(case: Case) -> None:
        recipe = recipe_of(case)
        keep(
            case, recipe, first.survey,
            publisher="ТВ Урал", published="2024-03-05", plant_claimed="Завод № 7",
        )  # fmt: skip
        keep(case, recipe, second.survey, publisher="Other", published="2022", note="sent by mail")
        with case.session() as session, session.begin():
            update_machines(session, recipe.model, recipe.settings)

    return put


@pytest.fixture
def site(case) -> Site:
    """The case, served to the one person at this machine."""
    return Site(case, load_registry(), Settings(), recipe_of(case), local="anna")


def recipe_of(case: Case) -> Recipe:
    with case.session() as session, session.begin():
        return add_recipe(session, MODEL, Settings(), load_registry())


@pytest.fixture
def key(site) -> object:
    """The key of a sighting of a film, by its name."""

    def of(one: Film, name: str) -> str:
        recipe = site.recipe
        sha256 = one.survey.analysis.footage.sha256
        return sighting_key(analysis_id(sha256, recipe.model, recipe.settings), name)

    return of


def judge(site: Site, sighting: str, footage: str, author: str) -> None:
    """A verdict, as the review gives one."""
    given = {"verdict": "accept", "author": author, "sighting": sighting}
    with site.session() as session, session.begin():
        append(session, footage=footage, pts=Fraction(1), **given)


def sha_of(one: Film) -> str:
    return one.survey.analysis.footage.sha256
