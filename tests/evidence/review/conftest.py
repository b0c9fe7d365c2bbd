"""A case of many sightings, built by hand, for the review."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import count

import pytest

from datasets.registry import load_registry
from detector.settings import Settings
from detector.types import Analysis, Attribution, Evidence, Origin, Print, Sighting, Survey
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import analysis_id, settings_key, sighting_key
from evidence.case.summary import add_recipe
from evidence.case.tables import Recipe
from evidence.case.verdicts import verify
from evidence.review.audit import AuditMember, AuditPlan, chosen, frame_item
from evidence.review.items import rebuild
from evidence.review.judgement import TestContext
from tests.evidence.case.conftest import to_survey
from tests.evidence.conftest import PLATE, read, sighting
from tests.rows import act, look, rows

MODEL = "aa" * 32
Store = Callable[..., str]


def named(name: str, builder: str, grade: str = "B", origin: str = "JP") -> Sighting:
    mark = Evidence(
        "wordmark", builder, builder.upper(), 9.0, Fraction(1), (60.0, 70.0, 160.0, 90.0)
    )
    found = Attribution(
        builder, 0.98, grade, evidence=(mark,), origin=Origin(origin, "builder", grade)
    )
    return sighting(name, found, [read(builder.upper())])


def plated(name: str) -> Sighting:
    line = Evidence("plate", None, PLATE, 0.0, Fraction(1), (60.0, 70.0, 160.0, 90.0))
    found = Attribution(None, 0.9, "U", evidence=(line,), origin=Origin("CN", "plate", "B"))
    return sighting(name, found, [read(PLATE, script="han")])


def nameless(name: str, text: str = "КРАСНЫЙ") -> Sighting:
    return sighting(name, Attribution(None, 0.1, "U"), [read(text)])


ALL = (
    named("m1", "smtcl", origin="CN"),
    plated("m2"),
    named("m3", "mazak"),
    nameless("m4"),
    named("m5", "haas", grade="A", origin="US"),
)
"""Two claims, an uncorroborated one, one that is unread, and one without a flag."""


@pytest.fixture
def store(case, analysis, registry) -> Store:
    """Stores footage, known by a word, that shows these sightings and some empty frames."""

    def put(word: str = "one", sightings: Sequence[Sighting] = ALL, frames: int = 6) -> str:
        survey = survey_of(analysis, word, sightings, frames)
        return act(case, record_survey, case, survey, registry)

    return put


def survey_of(
    analysis: Analysis, word: str, sightings: Sequence[Sighting], frames: int = 6
) -> Survey:
    """A survey of footage known by a word; its empty frames lie after the sightings."""
    footage = replace(analysis.footage, sha256=undrawn(word))
    found = replace(
        analysis,
        footage=footage,
        sightings=tuple(sightings),
        settings_hash=Settings().digest,
        settings=Settings().model_dump(mode="json"),
    )
    survey = to_survey(found)
    prints = tuple(
        Print(Fraction(n, 2), None, bytes([n % 251]) * 14, 0.5) for n in range(6 + frames)
    )
    stills = tuple(one for one in survey.stills if one.sighting in {s.id for s in sightings})
    return replace(survey, prints=prints, stills=stills)


@cache
def undrawn(word: str) -> str:
    """The hash of footage of which the audit sample draws nothing, whatever the registry is: what
    it draws follows from the hashes of footage, model, settings and registry."""
    settings = settings_key(Settings().digest, load_registry().digest)
    for number in count():
        sha256 = hashlib.sha256(f"{word} {number}".encode()).hexdigest()
        analysis = analysis_id(sha256, MODEL, settings)
        names = [sighting_key(analysis, f"m{n}") for n in range(1, 10)]
        frames = [frame_item(analysis, Fraction(n, 2)) for n in range(20)]
        members = [AuditMember(name, "sighting-claim", Fraction(0), name) for name in names]
        members += [AuditMember(name, "frame", Fraction(0)) for name in frames]
        if not any(chosen(AuditPlan(), member) for member in members):
            break
    return sha256


def sound(case: Case) -> bool:
    """Nothing is wrong, and making all items anew makes the same."""
    before = rows(case)
    act(case, rebuild)
    wrong = [one for one in check(case) if "item" in one.about or "verdict" in one.about]
    return rows(case) == before and wrong == [] == look(case, verify)


@pytest.fixture
def recipe(case, registry) -> Recipe:
    return act(case, add_recipe, MODEL, Settings(), registry)


@pytest.fixture
def bench(registry) -> TestContext:
    return TestContext(registry, ("CN",))
