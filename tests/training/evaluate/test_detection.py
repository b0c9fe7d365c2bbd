"""The table of detection: what is asked for, what is let pass."""

from __future__ import annotations

import numpy as np
import pytest

from datasets.annotations import Control, Machine, Mark, Photograph
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections
from training.evaluate.detection import Row, Spotted
from training.evaluate.measures import Share

BIG = (0.0, 0.0, 200.0, 200.0)
SMALL = (300.0, 0.0, 340.0, 100.0)
MARK = (10.0, 10.0, 90.0, 40.0)
PANEL = (150.0, 50.0, 190.0, 120.0)


def picture(scene: str = "shopfloor", cnc: bool | None = True, box: Box = BIG) -> Photograph:
    machine = Machine(box=box, cnc=cnc, kind="lathe", builder=None, by=None, truncated=False)
    mark = Mark(box=MARK, text="MAZAK", role="builder", of=0, legible=True, id="mazak")
    return Photograph(
        image="images/a.jpg",
        width=400,
        height=200,
        scene=scene,
        source="s",
        machines=() if scene == "negative" else (machine,),
        marks=() if scene == "negative" else (mark,),
        controls=() if scene == "negative" else (Control(box=PANEL, of=0),),
        concealed=(),
    )


def seen(*found: tuple[int, Box, float]) -> Detections:
    return Detections(
        np.array([b for _, b, _ in found], np.float32).reshape(-1, 4),
        np.array([c for _, _, c in found], np.float32),
        np.array([k for k, _, _ in found], np.int64),
    )


def row(spotted: Spotted, class_name: str, of: str) -> Row:
    return next(r for r in spotted.rows() if (r.class_name, r.of) == (class_name, of))


def test_everything_found_is_counted_in_its_row() -> None:
    spotted = Spotted(0.35, 0.2)
    spotted.add(picture(), seen((MACHINE, BIG, 0.9), (WORDMARK, MARK, 0.3), (CONTROL, PANEL, 0.3)))
    machines = row(spotted, "machine", "CNC machines")
    assert (machines.precision, machines.recall, machines.ap50) == (Share(1, 1), Share(1, 1), 1.0)
    assert row(spotted, "machine", "kind lathe").recall == Share(1, 1)
    assert row(spotted, "machine", "scene shopfloor").recall == Share(1, 1)
    assert row(spotted, "wordmark", "legible builder marks").recall == Share(1, 1)
    assert row(spotted, "wordmark", "shorter side 24 to 48 px").recall == Share(1, 1)
    assert row(spotted, "wordmark", "shorter side < 12 px").recall == Share(0, 0)
    assert row(spotted, "control", "operator panels").recall == Share(1, 1)


def test_what_is_below_the_operating_point_counts_in_ap_alone() -> None:
    spotted = Spotted(0.35, 0.2)
    spotted.add(picture(), seen((MACHINE, BIG, 0.3)))
    machines = row(spotted, "machine", "CNC machines")
    assert (machines.precision, machines.recall, machines.ap50) == (Share(0, 0), Share(0, 1), 1.0)


@pytest.mark.parametrize("cnc", [False, None], ids=["no CNC", "cannot be told"])
def test_a_machine_that_is_no_cnc_is_neither_hit_nor_false_alarm(cnc: bool | None) -> None:
    spotted = Spotted(0.35, 0.2)
    spotted.add(picture(cnc=cnc), seen((MACHINE, BIG, 0.9)))
    machines = row(spotted, "machine", "CNC machines")
    assert (machines.precision, machines.recall) == (Share(0, 0), Share(0, 0))


def test_what_nobody_judged_is_neither_hit_nor_false_alarm() -> None:
    values = picture().model_dump()
    for part in (*values["machines"], *values["marks"], *values["controls"]):
        part["ignore"] = True
    spotted = Spotted(0.35, 0.2)
    spotted.add(Photograph.model_validate(values), seen((MACHINE, BIG, 0.9), (CONTROL, PANEL, 0.3)))
    machines, panels = (
        row(spotted, "machine", "CNC machines"),
        row(spotted, "control", "operator panels"),
    )
    assert (machines.precision, machines.recall) == (Share(0, 0), Share(0, 0))
    assert (panels.precision, panels.recall) == (Share(0, 0), Share(0, 0))
    assert row(spotted, "wordmark", "legible builder marks").recall == Share(0, 0)


def test_small_machines_are_left_out_of_the_row_of_large_ones() -> None:
    spotted = Spotted(0.35, 0.2)
    spotted.add(picture(box=SMALL), seen())
    assert row(spotted, "machine", "CNC machines").recall == Share(0, 1)
    assert row(spotted, "machine", "shorter side > 60 px").recall == Share(0, 0)


def test_machines_seen_in_negatives_are_counted_by_picture_and_in_all() -> None:
    spotted = Spotted(0.35, 0.2)
    spotted.add(picture("negative"), seen((MACHINE, BIG, 0.9), (MACHINE, SMALL, 0.5)))
    spotted.add(picture("negative"), seen((MACHINE, BIG, 0.1), (WORDMARK, MARK, 0.9)))
    assert spotted.false_on_negatives == 2
    assert spotted.disturbed_share == Share(1, 2)


def test_found_and_false_machines_are_counted_by_their_size() -> None:
    spotted = Spotted(0.35, 0.2)
    near = (0.0, 0.0, 140.0, 200.0)  # of the machine, though smaller than it
    spotted.add(picture(), seen((MACHINE, near, 0.9), (MACHINE, SMALL, 0.9)))
    large = row(spotted, "machine", "shorter side 150 to 300 px")
    assert (large.precision, large.recall) == (Share(1, 1), Share(1, 1))
    small = row(spotted, "machine", "shorter side < 60 px")
    assert (small.precision, small.recall) == (Share(0, 1), Share(0, 0))
    between = row(spotted, "machine", "shorter side 60 to 150 px")
    assert (between.precision, between.recall) == (Share(0, 0), Share(0, 0))


def test_each_picture_is_counted_for_comparison() -> None:
    spotted = Spotted(0.35, 0.2)
    spotted.add(picture(), seen((MACHINE, BIG, 0.9), (MACHINE, SMALL, 0.9), (WORDMARK, MARK, 0.3)))
    (count,) = spotted.counts
    assert (count.wanted, count.found, count.reported, count.hits) == (1, 1, 2, 1)
    assert (count.marks, count.marks_found) == (1, 1)
