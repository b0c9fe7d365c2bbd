"""A case in numbers: machines by builder, and those of unknown builders by what plates tell."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from datasets.registry import Registry
from detector import Settings
from detector.types import Origin, Sighting, Survey
from evidence.browse.machine_summary import machine_counts
from evidence.browse.machines import MachineFilter, list_machines
from evidence.browse.search import View
from evidence.case.base import values_of
from evidence.case.case import Case
from evidence.case.rows import record_survey
from evidence.case.sighting_tables import MachineRow, Membership, machine_id, sighting_key
from evidence.case.summary import add_recipe, last_settings, summarise
from evidence.case.tables import Recipe
from evidence.case.work_queue import FootageSource, add_work
from tests.evidence.conftest import plated, rebadged
from tests.rows import act

pytestmark = pytest.mark.databases


def machine_row(key: str, recipe: tuple[str, str], sightings: int, **said: object) -> MachineRow:
    names = {"id": machine_id(key), "model": recipe[0], "settings": recipe[1]}
    return MachineRow(**names, **said, sightings=sightings, footages=1, conflict=False)


def store(
    case: Case, survey: Survey, registry: Registry, machines: list[list[Sighting]]
) -> list[dict[str, object]]:
    """The table of machines of a case with these, each seen in so many sightings."""
    named = [replace(s, id=f"m{n}") for n, s in enumerate(s for some in machines for s in some)]
    analysis = replace(survey.analysis, sightings=tuple(named))
    with case.session() as session, session.begin():
        key = record_survey(session, case, Survey(analysis), registry)
        left = iter(named)
        for some in machines:
            keys = [sighting_key(key, next(left).id) for _ in some]
            said = values_of(some[0].attribution, "builder", "grade", "probability")
            machine = machine_row(keys[0], ("aa" * 32, "bb" * 32), len(keys), **said)
            session.add(machine)
            session.flush()
            session.add_all(Membership(sighting=one, machine=machine.id) for one in keys)
    return list(summarise(case, registry)["machines"])


def without_origin(sighting: Sighting, origin: Origin | None = None) -> Sighting:
    return replace(sighting, attribution=replace(sighting.attribution, origin=origin))


def test_unknown_builders_are_counted_by_what_their_plates_tell(case, survey, registry):
    once, unread = plated(), without_origin(plated())
    found = store(case, survey, registry, [[once], [unread, once], [unread]])
    assert [(row["name"], row["origin"], row["machines"], row["sightings"]) for row in found] == [
        ("unknown, origin from the plate", "CN", 2, 3),
        ("unknown", None, 1, 1),
    ]
    assert [row["builder"] for row in found] == [None, None]


def test_a_machine_whose_plates_disagree_has_no_origin(case, survey, registry):
    other = without_origin(plated(), Origin("TW", "plate", "B"))
    (row,) = store(case, survey, registry, [[plated(), other]])
    assert (row["name"], row["origin"]) == ("unknown", None)


def test_a_sellers_home_is_not_the_origin_of_its_machines(case, survey, registry):
    (row,) = store(case, survey, registry, [[rebadged()]])
    assert (row["name"], row["origin"]) == ("MetalTec (a seller's badge)", None)


def test_a_plate_goes_before_a_sellers_badge_wherever_machines_are_told(case, survey, registry):
    """As in the answer: else a machine is Chinese there and of no known origin in every list."""
    once = without_origin(rebadged(), Origin("CN", "plate", "A"))
    read = store(case, survey, registry, [[once], [rebadged()]])
    name = "MetalTec (a seller's badge)"
    assert {(row["name"], row["origin"], row["machines"]) for row in read} == {
        (name, "CN", 1),
        (name, None, 1),
    }
    recipe = Recipe(model="aa" * 32, settings="bb" * 32)
    with case.session() as session:
        told = machine_counts(View(session, recipe, registry)).rows
        assert {(row.name, row.origin) for row in told} == {(name, "CN"), (name, None)}
        for code, basis in (("CN", "plate"), ("open", "rebadger")):
            wanted = MachineFilter(origin=code)
            (one,) = list_machines(View(session, recipe, registry), wanted).items
            assert one.origin is not None
            assert (one.origin.code or "open", one.origin.basis) == (code, basis)


def test_photographs_have_no_length(case, survey, registry):
    """They are gone through one a second, which is nothing that was filmed."""
    analysis = survey.analysis
    stills = replace(analysis.footage, kind="stills", sha256="ee" * 32)
    with case.session() as session, session.begin():
        for one in (analysis, replace(analysis, footage=stills)):
            record_survey(session, case, replace(survey, analysis=one), registry)
    summary = summarise(case, registry)
    assert analysis.probe.duration
    assert (summary["footage"], summary["seconds"]) == (2, float(analysis.probe.duration))


def test_a_machine_found_with_two_models_is_not_two(case, survey, registry):
    """Counted are those found with what was worked with last, or with what is asked for."""
    (unread,) = store(case, survey, registry, [[without_origin(plated())]])
    assert unread["machines"] == 1, "nothing was ever worked with: all are counted"
    with case.session() as session, session.begin():
        (first,) = session.scalars(select(MachineRow))
        before = Recipe(model=first.model, settings=first.settings, registry_hash="", values={})
        session.add(before)
        now = add_recipe(session, "cc" * 32, Settings(), registry)
        for recipe in (before, now):
            said = {"builder": "mazak", "grade": "A", "probability": 0.9}
            session.add(machine_row(recipe.model, (recipe.model, recipe.settings), 2, **said))
        add_work(session, before, [FootageSource("/clip.mp4")])
    assert counted(case, registry) == {None: 1, "mazak": 1}
    assert counted(case, registry, now) == {"mazak": 1}
    act(case, add_work, now, [FootageSource("/clip.mp4")])
    assert counted(case, registry) == {"mazak": 1}
    assert summarise(case, registry)["sightings"] == 0, "that one was found with neither"


def test_the_settings_worked_with_last_are_told_where_footage_would_be_looked_at_so_again(
    case, registry
):
    model, fewer = "cc" * 32, Settings.archive({"sweeping": {"budget": 0.5, "sampling": "1/3"}})
    with case.session() as session, session.begin():
        assert last_settings(session, model, registry) is None, "nothing was worked with"
        recipe = add_recipe(session, model, fewer, registry)
        add_work(session, recipe, [FootageSource("/clip.mp4")])
        assert last_settings(session, model, registry) == fewer
        assert last_settings(session, "dd" * 32, registry) is None, "it was another model"
        assert last_settings(session, model, Registry(())) is None, "it was another registry"
        for unknown in ({"looking": {"twice": True}}, {}):
            recipe.values = unknown
            session.flush()
            assert last_settings(session, model, registry) is None, "an older version's"


def counted(case: Case, registry: Registry, recipe: Recipe | None = None) -> dict[object, int]:
    rows = summarise(case, registry, recipe)["machines"]
    return {row["builder"]: row["machines"] for row in rows}


def test_how_often_the_scout_was_wrong_is_counted(case, survey, registry):
    analysis = survey.analysis
    assert summarise(case, registry)["scouted"] == {"shots": 0, "wrong": 0}
    shots = tuple(replace(shot, reason="scouted") for shot in analysis.shots)
    seen = {one.track.shot.index for one in analysis.sightings}
    sightings = tuple(
        replace(one, track=replace(one.track, shot=shots[one.track.shot.index]))
        for one in analysis.sightings
    )
    with case.session() as session, session.begin():
        changed = replace(analysis, shots=shots, sightings=sightings)
        record_survey(session, case, Survey(changed), registry)
    scouted = summarise(case, registry)["scouted"]
    assert scouted == {"shots": len(shots), "wrong": len(seen)} and seen
