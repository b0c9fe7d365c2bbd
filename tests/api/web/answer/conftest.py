"""A case of known machines, some judged, served."""

from __future__ import annotations

from dataclasses import replace

import pytest

from api.web.site import Site
from datasets.registry import load_registry
from detector import Settings
from detector.look.model_files import model_digest
from evidence.case.case import Case
from evidence.case.summary import add_recipe
from tests.api.web.answer.pictured import fill_pictured
from tests.conftest import Furnish
from tests.evidence.answer.conftest import Builder, build, judge_all
from tests.evidence.conftest import registry

__all__ = ["build", "registry"]


def fill(b: Builder) -> None:
    """Four plants, and footage without a plant. One has Chinese machines confirmed, one a claim
    that waits; in one nothing could be read; one has other makes."""
    for year in ("2022-03", "2023-05-01", "2024"):
        b.add("Завод № 7", claim="dmtg", outcome="accept", published=year)
    for _ in range(6):
        b.add("Завод № 7", claim="mazak", outcome="accept", chance=0.5, published="2023-05-01")
    for _ in range(2):
        b.add("Plant 2", claim="smtcl", published="2024-02")
    for _ in range(5):
        b.add("Plant 2", claim="okuma", published="2024-02", chance=0.2)
    for _ in range(4):
        b.add("Dark hall", published="2023")
    for _ in range(8):
        b.add("Plant 3", claim="haas", outcome="builder", builder="mazak", chance=0.5)
    b.add("Plant 3", outcome="concealed")
    b.add(None, claim="hermle")
    b.frame("Plant 2", "nothing")
    b.frame("Plant 3", "missed", chance=0.25)
    b.frame("Plant 3", "nothing")


def furnish_judged(case: Case) -> None:
    """Fills a case as `fill` says, after what `site` adds to any."""
    registry = load_registry()
    with case.session() as session, session.begin():
        add_recipe(session, model_digest(None), Settings.archive(), registry)
        builder = Builder(session, add_recipe(session, "aa" * 32, Settings(), registry))
        fill(builder)
        judge_all(builder.session)


@pytest.fixture(scope="session")
def furnish_pictured(tmp_path_factory) -> Furnish:
    """Fills a case as `fill_pictured` says, with 14 controls."""
    clips = tmp_path_factory.mktemp("clips")

    def put(case: Case) -> None:
        settings, registry = Settings.archive(), load_registry()
        with case.session() as session, session.begin():
            recipe = add_recipe(session, model_digest(None), settings, registry)
        fill_pictured(Site(case, registry, settings, recipe, local="anna"), clips, controls=14)

    return put


@pytest.fixture
def judged(site) -> Site:
    """The site, where `furnish` has filled the case."""
    return replace(site)
