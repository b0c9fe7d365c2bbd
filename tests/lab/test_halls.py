"""A hall and its machines, seen from elsewhere."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from datasets.maker.lettering import BUILDER_MARKS
from datasets.maker.machine import random_machine
from datasets.maker.scene import Scene, draw_scene
from lab.world.halls import lay_out, shoot

SIZE = (192, 108)


@pytest.fixture(scope="module")
def hall() -> Scene:
    rng = np.random.default_rng(1)
    specs = [random_machine(rng, BUILDER_MARKS) for _ in range(2)]
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
