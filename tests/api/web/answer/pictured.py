"""A case with pictures, as a team might have it half way: five plants, some of it judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web.site import Site
from detector.types import Attribution, Survey
from evidence.answer.audit import keep_control
from evidence.case.sighting_tables import AnalysisRow, SightingRow
from evidence.link.machines import update_machines
from evidence.review.audit import keep_plan
from evidence.review.items import add_items
from evidence.review.judgement import TestContext, judge
from tests.api.web.drawn import empty, marked, to_survey
from tests.api.web.reviewed import CLAIMED, EVERY, OTHERS
from tests.rows import keep

# Of each plant: years of its clips, and machines claimed, of other makes, unread; empty frames.
PLANTS = {
    "Завод № 7": (("2022-05", "2023-02-11", "2024"), (4, 8, 4), 2),
    "Motor works": (("2021", "2023-08"), (1, 9, 3), 2),
    "Instrument plant": (("2023-02", "2024-01"), (0, 6, 2), 2),
    "Plant 12": (("2024-06",), (2, 4, 2), 1),
    "Dark hall": (("2022",), (0, 0, 5), 1),
}


def fill_pictured(site: Site, folder: Path, controls: int) -> None:
    """Fills the case: claims of the first plant confirmed, one elsewhere refuted, two waiting.
    Every machine of other makes is drawn, most of them judged. There are so many controls of
    Chinese make; one was not recognised."""
    number = 0
    claims: dict[str, list[str]] = {}
    others: list[str] = []
    halls: list[str] = []
    for plant, (years, (claimed, named, unread), frames) in PLANTS.items():
        for kind, count in (("c", claimed), ("n", named), ("u", unread), ("f", frames)):
            for at in range(count):
                survey = _survey(site, folder, number, kind, at)
                known = {"plant_claimed": plant, "published": years[at % len(years)]}
                analysis = keep(site.case, site.recipe, survey, **known)
                number += 1
                key = f"{analysis}:m1" if kind != "f" else f"{analysis}@0"
                if kind == "c":
                    claims.setdefault(plant, []).append(key)
                else:
                    (halls if kind == "f" else others).append(key)
    for at in range(controls):
        survey = _survey(site, folder, number + at, "c" if at else "u", at)
        keep(site.case, site.recipe, survey, plant_claimed="studio", published="2020")
        (seen,) = survey.analysis.sightings
        with site.session() as session, session.begin():
            builder = seen.attribution.builder or "dmtg"
            keep_control(session, site.registry, survey.analysis.footage.sha256, builder, "carla")
    with site.session() as session, session.begin():
        # Some have been drawn as they came in, and draws are only ever added.
        keep_plan(session, EVERY)
        for analysis in session.scalars(select(AnalysisRow.id)).all():
            add_items(session, analysis)
    with site.session() as session, session.begin():
        update_machines(session, site.recipe.model, site.recipe.settings)
    bench = TestContext(site.registry, ("CN",))
    with site.session() as session, session.begin():
        for person in ("anna", "ben"):
            for key in claims["Завод № 7"]:
                judge(session, bench, key, person, "accept", seconds=3.0)
            judge(
                session, bench, claims["Motor works"][0], person, "builder", builder="mazak",
                seconds=5.0,
            )  # fmt: skip
        for key in others[:-6]:
            said = "accept" if _is_named(session, key) else "unknown"
            judge(session, bench, key, "anna", said, seconds=2.0)
        for key in halls[:-1]:
            judge(session, bench, key, "anna", "nothing", seconds=1.0)


def _survey(site: Site, folder: Path, number: int, kind: str, at: int) -> Survey:
    drawn = marked(at % 3, CLAIMED) if kind == "c" else marked(3 + at % 5, OTHERS)
    shown = empty() if kind == "f" else drawn
    survey = to_survey(site, shown, folder, number, "CN" if kind == "c" else None)
    if kind != "u":
        return survey
    (seen,) = survey.analysis.sightings
    dark = replace(seen, attribution=Attribution(None, 0.1, "U"), readings=())
    return replace(survey, analysis=replace(survey.analysis, sightings=(dark,)))


def _is_named(session: Session, key: str) -> bool:
    named = select(SightingRow.builder).where(SightingRow.key == key)
    return session.scalar(named) is not None
