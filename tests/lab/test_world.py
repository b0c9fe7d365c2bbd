"""A whole case in a world whose truth is known: the plan, the halls, the reviewers, a small run."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from sqlalchemy import select

from datasets.errors import UsageError
from datasets.maker.machine import random_machine
from datasets.maker.scene import Scene, draw_scene
from datasets.registry import Registry, load_registry
from evidence.case.case import Case
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Draw
from lab.world import footage as footage_of
from lab.world.__main__ import CHANCES, run
from lab.world.footage import MachineView, WorldFile
from lab.world.halls import lay_out, shoot
from lab.world.outcome import BEGIN, END, in_view, publish, read_outcome, shown_by, stand_in
from lab.world.people import Errors, of_frame, of_sighting
from lab.world.plan import PlannedClip, PlannedShot, WorldPlan, WorldSpec, make_plan

pytestmark = pytest.mark.nightly

BOX = (100.0, 100.0, 300.0, 250.0)
READ = MachineView("p00-m0", 0.0, 2.0, True, False, ((0.0, BOX), (2.0, BOX)))
DARK = replace(READ, machine="p00-m1", legible=False)
NAMES = ("haas", "mazak", "okuma", "smtcl")
MANY = 20_000


@pytest.fixture(scope="module")
def registry() -> Registry:
    return load_registry()


@pytest.fixture(scope="module")
def plan(registry) -> WorldPlan:
    return make_plan(WorldSpec(), registry)


def chinese(plan: WorldPlan, registry: Registry) -> set[str]:
    return {
        id_
        for id_, one in plan.machines.items()
        if registry.get(one.mark.builder).origin == "CN"
    }  # fmt: skip


def test_a_world_has_as_many_chinese_and_unreadable_machines_as_asked(plan, registry):
    assert len(plan.machines) == 400
    assert len(chinese(plan, registry)) == 32
    why = Counter(one.unread for one in plan.machines.values())
    assert why == {"": 300, "unmarked": 25, "control-only": 25, "mosaic": 25, "blur": 25}
    assert Counter(one.plant for one in plan.machines.values()).most_common()[-1][1] == 10
    assert sum(one.copy_of is not None for one in plan.clips) == 12


def test_every_machine_is_shown_and_some_in_two_clips(plan):
    shown = Counter(
        id_
        for clip in plan.clips
        for group in {shot.group for shot in clip.shots} - {None}
        for id_ in plan.groups[clip.name.split("-")[0]][group]
    )
    assert shown.keys() == plan.machines.keys()
    assert Counter(shown.values()) == {1: 320, 2: 80}


def test_a_larger_share_adds_chinese_machines_and_takes_none_away(plan, registry):
    more = make_plan(WorldSpec(share=0.2), registry)
    none = make_plan(WorldSpec(share=0.0), registry)
    assert chinese(none, registry) == set()
    assert chinese(plan, registry) < chinese(more, registry)


def test_worlds_of_one_seed_differ_in_the_marks_of_chinese_machines_alone(plan, registry):
    none = make_plan(WorldSpec(share=0.0), registry)
    assert (none.groups, none.clips, none.controls) == (plan.groups, plan.clips, plan.controls)
    ours = chinese(plan, registry)
    for id_, one in plan.machines.items():
        assert none.machines[id_] == replace(one, mark=one.other)
        assert (one.mark == one.other) is (id_ not in ours)


def near(count: int, share: float) -> bool:
    """Within four standard deviations of what a share of many gives."""
    return abs(count - MANY * share) < 4 * (MANY * share * (1 - share)) ** 0.5


@pytest.mark.parametrize("claim", [None, "haas", "smtcl"])
def test_reviewers_err_as_often_as_stated_on_what_is_legible(claim):
    rng, errors = np.random.default_rng(1), Errors(wrong=0.02, unsure=0.05)
    said = Counter(of_sighting(READ, "haas", claim, rng, NAMES, errors) for _ in range(MANY))
    right = ("accept", None) if claim == "haas" else ("builder", "haas")
    assert near(said.pop(("unknown", None)), 0.05)
    assert near(said.pop(right), 0.93)
    assert near(sum(said.values()), 0.02)
    if claim == "smtcl":  # who errs follows the program where it errs
        assert set(said) == {("accept", None)}


def test_reviewers_seldom_name_what_is_not_legible():
    rng, errors = np.random.default_rng(2), Errors(guess=0.01)
    said = Counter(of_sighting(DARK, "haas", None, rng, NAMES, errors) for _ in range(MANY))
    assert near(said.pop(("unknown", None)), 0.99)
    assert all(word == "builder" and name != "haas" for word, name in said)
    hidden = replace(DARK, concealed=True)
    sure = Errors(guess=0.0)
    assert of_sighting(hidden, "haas", None, rng, NAMES, sure) == ("concealed", None)
    assert of_sighting(None, None, "smtcl", rng, NAMES) == ("not-a-machine", None)


def test_reviewers_overlook_missed_machines_as_often_as_stated():
    rng = np.random.default_rng(3)
    errors = Errors(wrong=0.0, unsure=0.0, overlook=0.05)
    said = Counter(of_frame(READ, "smtcl", rng, NAMES, errors) for _ in range(MANY))
    assert near(said.pop(("nothing", None)), 0.05)
    assert set(said) == {("missed", "smtcl")}
    assert of_frame(None, None, rng, NAMES) == ("nothing", None)


def test_a_sighting_is_of_the_machine_it_lies_on():
    aside = replace(DARK, boxes=((0.0, (320.0, 100.0, 520.0, 250.0)),), end=0.0)
    tiny = replace(READ, machine="p00-m2", boxes=((0.0, (0.0, 0.0, 20.0, 20.0)),), end=0.0)
    clip = WorldFile("p00-a", "p00-a.mp4", (640, 360), (READ, aside, tiny))
    assert shown_by(clip, 1.0, (105, 100, 300, 255)) is READ
    assert shown_by(clip, 0.2, (325, 100, 520, 255)) is aside
    assert shown_by(clip, 1.0, (325, 100, 520, 255)) is None  # it has gone by then
    assert shown_by(clip, 1.0, (400, 0, 600, 90)) is None
    assert [seen for seen, _ in stand_in(clip, 0.0)] == [READ, aside]
    assert in_view([clip]) == {"p00-m0", "p00-m1"}


SMALL = WorldSpec(seed=3, share=0.5, plants=2, machines=3, copies=1, controls=2, size=(640, 360))


def test_a_small_world_from_archive_to_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(footage_of, "SECONDS", Fraction(1))  # looked at twice, as is enough
    folder = tmp_path / "half"
    found = run(folder, SMALL)
    assert found.share == 0.5 and found.holds and found.confirmed_wrong == 0
    assert found.rows["sightings; of nothing"] != "0; 0"
    with Case.open(folder / "case") as case, case.session() as session:
        draws = session.scalars(select(Draw)).all()
        assert session.scalars(select(Verdict)).first()
    assert draws
    assert all(row.probability == CHANCES[row.stratum] for row in draws)
    footage = {one.name: one.stat().st_mtime_ns for one in (folder / "footage").iterdir()}
    assert run(folder, SMALL) == found == read_outcome(folder), "called again it does nothing again"
    assert {one.name: one.stat().st_mtime_ns for one in (folder / "footage").iterdir()} == footage
    with pytest.raises(UsageError, match="another world"):
        run(folder, replace(SMALL, seed=4))

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}former\n{END}after\n", "utf-8")
    publish(page, [found, replace(found, share=0.0)])
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{BEGIN}\n| | 50 % Chinese | 0 % Chinese |")
    assert text.endswith(f"{END}after\n")
    assert "former" not in text


def test_clips_of_a_plant_of_few_machines():
    """A plant of three machines has one group, seen from two places."""
    few = make_plan(SMALL, load_registry())
    shots = [shot for clip in few.clips if clip.copy_of is None for shot in clip.shots]
    assert Counter(shots) == {
        PlannedShot(0): 2,
        PlannedShot(0, again=True): 2,
        PlannedShot(None): 4,
    }
    assert isinstance(few.clip("p01-b"), PlannedClip)


SIZE = (192, 108)


@pytest.fixture(scope="module")
def hall() -> Scene:
    rng = np.random.default_rng(1)
    specs = [random_machine(rng) for _ in range(2)]
    return lay_out(specs, rng, SIZE)


def test_machines_of_a_hall_are_well_seen(hall):
    _, truth = draw_scene(hall)
    w, h = hall.camera.size
    shares = [(x2 - x1) * (y2 - y1) / (w * h) for x1, y1, x2, y2 in (m.box for m in truth.machines)]
    assert len(shares) == len(hall.machines) == 2 and min(shares) > 0.02


@pytest.mark.parametrize("angle", ["home", "framed", "zoomed", "moved", "turned"])
def test_a_shot_from_elsewhere_shows_the_same_machines(hall, angle):
    shot = shoot(hall, angle, Fraction(1), np.random.default_rng(2))
    assert shot.scene.machines == hall.machines
    camera, home = shot.scene.camera, hall.camera
    assert (camera.focal > home.focal) is (angle == "zoomed")
    assert bool((camera.position != home.position).any()) is (angle in ("moved", "turned"))
