"""The machine that each sighting shows, and what its name is worth."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from datasets.photographs.annotations import Photograph
from datasets.registry import load_registry
from detector.types import (
    Attribution,
    Box,
    Evidence,
    Grade,
    Observation,
    Reading,
    Shot,
    Sighting,
    Track,
)
from tests.datasets import sets
from tests.datasets.sets import Line
from training.evaluate.measures import Share
from training.evaluate.naming import NamingCounts, as_entries, assign, candidate, outcomes

LEFT = (0.0, 0.0, 100.0, 100.0)
RIGHT = (150.0, 0.0, 250.0, 100.0)
WIDE = (0.0, 0.0, 400.0, 200.0)


def machine(box: Box, builder: str | None = None, **changed: Any) -> Line:
    by = "wordmark" if builder else None
    return sets.machine(**{"box": box, "builder": builder, "by": by} | changed)


def mark(of: int, box: Box, text: str = "MAZAK", **changed: Any) -> Line:
    return sets.mark(of=of, box=box, text=text, id=None, **changed)


def photograph(
    *machines: Line, marks: tuple[Line, ...] = (), scene: str = "shopfloor"
) -> Photograph:
    size = {"width": 400, "height": 200, "controls": [], "concealed": []}
    values = sets.line("a.jpg", scene=scene, source="s", machines=machines, marks=marks, **size)
    return Photograph.model_validate(values)


def sighting(box: Box, builder: str | None = None, text: str = "MAZAK") -> Sighting:
    seen = Observation(Fraction(0), box, 0.9)
    shot = Shot(0, Fraction(0), Fraction(0), "hit")
    grade: Grade = "B" if builder else "U"
    reading = Reading(text, 0.9, box, Fraction(0), "latin")
    return Sighting("s1", Track(shot, (seen,)), seen, Attribution(builder, 0.95, grade), (reading,))


MARKED_LEFT = mark(0, (10, 10, 40, 20))
MAZAK = photograph(machine(LEFT, "mazak"), marks=(MARKED_LEFT,))
UNJUDGED = photograph(machine(LEFT, "mazak", ignore=True), marks=(MARKED_LEFT,))
UNREAD = photograph(machine(LEFT, "mazak"), marks=(mark(0, (10, 10, 40, 20), ignore=True),))


@pytest.mark.parametrize(
    ("true", "seen", "owners"),
    [
        pytest.param([LEFT, RIGHT], [RIGHT, LEFT], [1, 0], id="by overlap, in any order"),
        pytest.param([LEFT], [LEFT, LEFT], [0, None], id="each machine once"),
        pytest.param([LEFT, RIGHT], [WIDE], [0], id="by the mark where the overlap is small"),
        pytest.param([LEFT], [(0, 0, 8, 8)], [None], id="neither overlap nor mark"),
        pytest.param([LEFT], [WIDE, LEFT], [None, 0], id="overlap goes before the mark"),
        pytest.param([], [LEFT], [None], id="no machine"),
        pytest.param([LEFT], [], [], id="no sighting"),
    ],
)
def test_sightings_are_assigned(true, seen, owners):
    picture = photograph(*(machine(b, "mazak") for b in true), marks=(MARKED_LEFT,))
    assert assign(picture, [sighting(b) for b in seen]) == owners


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        pytest.param([sighting(LEFT, "mazak")], "right", id="named right"),
        pytest.param([sighting(LEFT)], "unknown", id="left unknown"),
        pytest.param([sighting(LEFT, "haas")], "wrong", id="named wrong"),
        pytest.param([sighting(RIGHT, "mazak")], "unseen", id="only another place"),
        pytest.param([], "unseen", id="nothing"),
    ],
)
def test_a_case_has_one_outcome(seen, outcome):
    named = NamingCounts()
    named.add(MAZAK, seen)
    (case,) = named.cases
    assert (case.outcome, case.truth, case.marks) == (outcome, "mazak", ("MAZAK",))
    assert outcomes(named.cases)[case.outcome] == Share(1, 1) and case.in_registry


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(photograph(machine(LEFT, "mazak")), id="no mark"),
        pytest.param(photograph(machine(LEFT, "mazak"), marks=(mark(0, LEFT, legible=False),)),
                     id="illegible"),
        pytest.param(photograph(machine(LEFT, "mazak", by="series"), marks=(MARKED_LEFT,)),
                     id="by series"),
        pytest.param(photograph(machine(LEFT), machine(RIGHT, "mazak"), marks=(MARKED_LEFT,)),
                     id="another machine's mark"),
        pytest.param(UNJUDGED, id="a machine nobody judged"),
        pytest.param(UNREAD, id="a mark nobody judged"),
    ],
)  # fmt: skip
def test_only_machines_a_person_can_name_are_cases(picture):
    named = NamingCounts()
    named.add(picture, [sighting(LEFT)])
    assert named.cases == []


def test_a_builder_outside_the_registry_stands_apart():
    named = NamingCounts()
    named.add(photograph(machine(LEFT, "x-nobody"), marks=(MARKED_LEFT,)), [sighting(LEFT, "haas")])
    (case,) = named.cases
    assert case.outcome == "wrong" and not case.in_registry


@pytest.mark.parametrize(
    ("picture", "seen", "why"),
    [
        pytest.param(MAZAK, sighting(LEFT, "haas"), "other", id="another builder"),
        pytest.param(MAZAK, sighting(RIGHT, "mazak"), "nothing", id="no machine there"),
        pytest.param(photograph(machine(LEFT)), sighting(LEFT, "haas"), "untold", id="untold"),
        pytest.param(
            photograph(machine(LEFT, ignore=True)), sighting(LEFT, "haas"), None, id="unjudged"
        ),
        pytest.param(
            photograph(scene="negative"), sighting(LEFT, "haas"), "negative", id="negative"
        ),
        pytest.param(MAZAK, sighting(LEFT, "mazak"), None, id="a true name"),
        pytest.param(UNREAD, sighting(WIDE, "mazak"), None, id="a true name, the mark unjudged"),
        pytest.param(photograph(scene="negative"), sighting(LEFT), None, id="no name"),
    ],
)
def test_false_names_say_why(picture, seen, why):
    named = NamingCounts()
    named.add(picture, [seen])
    assert [false.why for false in named.false_names] == ([why] if why else [])
    assert named.named_share == Share(int(why == "negative"), int(picture.scene == "negative"))


def test_a_case_says_how_hard_its_mark_is():
    marks = (mark(0, (10, 10, 40, 20)), mark(0, (10, 30, 90, 60), "沈阳机床"))
    picture = np.zeros((200, 400, 3), np.uint8)
    picture[30:60, 10:90:2] = 255
    named = NamingCounts()
    named.add(photograph(machine(LEFT, "smtcl"), marks=marks), [], picture)
    (case,) = named.cases
    assert (case.script, case.height, case.source) == ("han", 30, "s")
    assert case.sharpness is not None and case.sharpness >= 0
    named.add(photograph(machine(LEFT, "smtcl"), marks=marks), [])
    assert named.cases[1].sharpness is None


@pytest.mark.parametrize(
    ("picture", "seen", "claims"),
    [
        pytest.param(MAZAK, sighting(LEFT, "mazak"), [("mazak", True, True)], id="right"),
        pytest.param(MAZAK, sighting(LEFT, "haas"), [("haas", False, True)], id="wrong"),
        pytest.param(MAZAK, sighting(RIGHT, "haas"), [], id="no labelled machine there"),
        pytest.param(photograph(machine(LEFT)), sighting(LEFT, "haas"), [], id="untold"),
        pytest.param(
            photograph(scene="negative"), sighting(LEFT, "haas"), [("haas", False, False)],
            id="negative",
        ),
        pytest.param(
            photograph(machine(LEFT, "mazak", by="series")), sighting(LEFT, "mazak"),
            [("mazak", True, False)], id="no mark",
        ),
        pytest.param(UNJUDGED, sighting(LEFT, "haas"), [], id="a machine nobody judged"),
        pytest.param(UNREAD, sighting(LEFT, "mazak"), [("mazak", True, False)],
                     id="a mark nobody judged"),
    ],
)  # fmt: skip
def test_claims_are_of_sightings_whose_truth_is_known(picture, seen, claims):
    named = NamingCounts()
    named.add(picture, [seen])
    assert [(c.best, c.right, c.case) for c in named.claims] == claims


def test_a_builder_that_has_its_entry_now_is_asked_for_by_its_id():
    registry = load_registry()
    listed, unknown = photograph(machine(LEFT, "x-mazak")), photograph(machine(LEFT, "x-nobody"))
    told = as_entries([listed, unknown], registry)
    assert [p.machines[0].builder for p in told] == ["mazak", "x-nobody"]
    assert told[0].path == listed.path


def unknown(probability: float, *lines: tuple[str, str | None, float]) -> Attribution:
    evidence = tuple(Evidence(kind, id, "text", weight) for kind, id, weight in lines)  # type: ignore[arg-type]
    return Attribution(None, probability, "U", evidence=evidence)


@pytest.mark.parametrize(
    ("said", "builder", "chance"),
    [
        pytest.param(Attribution("mazak", 0.95, "B"), "mazak", 0.95, id="named"),
        pytest.param(unknown(0.4, ("wordmark", "mazak", 5.0)), "mazak", 0.6, id="one candidate"),
        pytest.param(
            unknown(0.2, ("wordmark", "a", 5.0), ("wordmark", "b", 5.0)), "a", 0.4, id="two alike"
        ),
        pytest.param(
            unknown(0.2, ("series", "b", 3.0), ("wordmark", "b", 2.0), ("wordmark", "a", 5.0)),
            "a", 0.4, id="cues of one builder add up",
        ),
        pytest.param(unknown(1.0), None, 0.0, id="nothing read"),
        pytest.param(unknown(1.0, ("control", "ctl-fanuc", 7.0)), None, 0.0, id="a control"),
        pytest.param(unknown(1.0, ("overlay", "mazak", 0.0)), None, 0.0, id="a caption"),
    ],
)  # fmt: skip
def test_the_likeliest_builder(said, builder, chance):
    best, found = candidate(said)
    assert best == builder
    assert found == pytest.approx(chance)
