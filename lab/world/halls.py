"""Halls with several machines, filmed from several places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal

import numpy as np

from datasets.errors import DataError
from datasets.maker.canvas import Box
from datasets.maker.clip import ROOM, CameraView, ShotSpec
from datasets.maker.machine import MachineSpec, Truth
from datasets.maker.scene import Scene, draw_scene, random_scene

Angle = Literal["home", "framed", "zoomed", "moved"]
_HALL_TRIES = 60
_GLIMPSE = 320  # pixels


def lay_out(
    specs: Sequence[MachineSpec], rng: np.random.Generator, size: tuple[int, int], least: int = 2
) -> Scene:
    """A hall with most machines well seen from the door, found by trying seeds.

    size: of the frame, pixels; the still drawn is larger. least: so many machines must be well
    seen, or all where there are fewer.
    Raises DataError: no such hall was found.
    """
    still = (round(size[0] * ROOM), round(size[1] * ROOM))
    for _ in range(_HALL_TRIES):
        scene = random_scene(int(rng.integers(2**31)), still, machines=specs, setting="hall")
        scene = replace(scene, settled=scene.camera, clutter=int(rng.integers(14, 24)))
        seen = [m for m in _glimpse(scene).machines if _large(m.box, still)]
        if len(seen) >= min(least, len(specs)):
            return scene
    raise DataError(f"no hall for {len(specs)} machines in {_HALL_TRIES} tries; use another seed")


def _large(box: Box, size: tuple[int, int]) -> bool:
    return (box[2] - box[0]) * (box[3] - box[1]) > 0.03 * size[0] * size[1]


def shoot(home: Scene, angle: Angle, seconds: Fraction, rng: np.random.Generator) -> ShotSpec:
    """A slow pan over a hall laid out before, so that a machine at least is well seen."""
    scene = home
    for _ in range(_HALL_TRIES):
        seen = _seen_from(home, angle, rng)
        if angle == "home" or any(_large(m.box, seen.camera.size) for m in _glimpse(seen).machines):
            scene = seen
            break
    width = float(rng.uniform(0.85, 1.0)) if angle == "home" else float(rng.uniform(0.7, 0.95))
    x, y = (0.5, 0.5) if angle == "home" else (float(v) for v in rng.uniform(0.35, 0.65, 2))
    turn = float(rng.uniform(-0.05, 0.05))
    return ShotSpec(scene, seconds, CameraView(x - turn, y, width), CameraView(x + turn, y, width))


def _glimpse(scene: Scene) -> Truth:
    """What is seen of a scene's machines, nearly: drawn small and without the hall."""
    camera = scene.camera
    w, h = camera.size
    factor = max(w, h) / _GLIMPSE
    size = (round(w / factor), round(h / factor))
    small = replace(camera, size=size, focal=camera.focal / factor)
    bare = replace(scene, camera=small, setting="studio", clutter=0)
    return draw_scene(bare)[1].moved(camera.size, (factor, factor), (0, 0))


def _seen_from(scene: Scene, angle: Angle, rng: np.random.Generator) -> Scene:
    """The same hall through a camera that stands elsewhere and looks at one of its machines."""
    home = scene.camera
    if angle in ("home", "framed"):
        return scene
    standing = scene.machines[rng.integers(len(scene.machines))]
    w, h, d = standing.spec.size
    cos, sin = np.cos(standing.yaw), np.sin(standing.yaw)
    inward = [w / 2 * cos - d / 2 * sin, h / 2, w / 2 * sin + d / 2 * cos]
    middle = np.array(standing.corner) + np.array(inward)
    position, focal = home.position.copy(), home.focal
    far = middle - position
    if angle == "zoomed":
        focal *= float(rng.uniform(1.4, 2.2))
    else:
        turn = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.04, 0.2))
        near = float(rng.uniform(0.75, 1.1))
        c, s = np.cos(turn), np.sin(turn)
        position[0] = middle[0] - near * (c * far[0] - s * far[2])
        position[2] = max(-1.8, middle[2] - near * (s * far[0] + c * far[2]))
        position[1] += float(rng.uniform(-0.3, 0.5))
        inside = scene.half_width - 0.6
        position[0] = float(np.clip(position[0], -inside, inside))
    look = middle - position
    yaw = float(np.arctan2(look[0], look[2]))
    pitch = float(-np.arctan2(look[1], np.hypot(look[0], look[2])))
    camera = replace(home, position=position, yaw=yaw, pitch=pitch, focal=focal)
    return replace(scene, camera=camera)
