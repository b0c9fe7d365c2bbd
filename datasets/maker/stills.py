"""Stills from a seed, and sets of them laid out like the labelled photographs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from datasets.errors import DataError
from datasets.files import unwritten, write_text
from datasets.maker.broadcast import expose, grain, random_overlay, wear
from datasets.maker.canvas import Camera, Picture
from datasets.maker.lettering import BUILDER_MARKS, BuilderMark, Chance
from datasets.maker.machine import MachineSpec, Truth, random_machine
from datasets.maker.scene import PlacedMachine, Scene, Setting, draw_scene, row_of
from datasets.photographs.annotations import ANNOTATIONS, parse_photograph
from datasets.photographs.splits import labels_of, to_yolo

NEGATIVE_SHARE = 0.15
_SIZES = ((1280, 720), (1280, 720), (1024, 768), (960, 720), (720, 960), (640, 480), (854, 480))


def random_scene(
    seed: int,
    size: tuple[int, int] = (1280, 720),
    marks: Sequence[BuilderMark] = BUILDER_MARKS,
    *,
    machines: Sequence[MachineSpec] | None = None,
    setting: Setting | None = None,
    negative: bool | None = None,
) -> Scene:
    """A scene from a seed.

    seed: the same seed and arguments give the same scene.
    size: width and height of the picture.
    marks: builders' marks to choose from.
    machines: what shall stand there, left to right; by default one to five at random.
    setting: a hall or a studio; by default mostly halls.
    negative: a hall without a machine; by default `NEGATIVE_SHARE` of the scenes.
    """
    rng = np.random.default_rng(seed)
    if negative is None:
        negative = machines is None and rng.random() < NEGATIVE_SHARE
    if setting is None:
        setting = "studio" if not negative and rng.random() < 0.15 else "hall"
    specs = list(machines or ())
    if machines is None and not negative:
        count = 1 if setting == "studio" else int(rng.choice(5, p=(0.4, 0.22, 0.16, 0.12, 0.1))) + 1
        specs = [random_machine(rng, marks) for _ in range(count)]
    camera = Camera(
        position=np.array([0.0, rng.uniform(1.35, 2.4), 0.0]),
        yaw=float(rng.normal(0, 0.04)),
        pitch=float(rng.normal(0.05, 0.04)),
        roll=float(rng.normal(0, 0.012)),
        focal=float(max(size) * rng.uniform(0.65, 1.15)),
        size=size,
    )
    standing = _place(rng, specs, camera)
    furthest = max((s.corner[2] for s in standing), default=6.0)
    return Scene(
        camera=camera,
        setting=setting,
        machines=tuple(standing),
        half_width=float(rng.uniform(9, 20)),
        depth=float(furthest + rng.uniform(5, 18)),
        clutter=0 if setting == "studio" else int(rng.integers(3, 14)),
        seed=int(rng.integers(2**31)),
    )


def _place(rng: Chance, specs: Sequence[MachineSpec], camera: Camera) -> list[PlacedMachine]:
    if not specs:
        return []
    (w, h), focal = camera.size, camera.focal
    if len(specs) == 1:
        width, height, depth = specs[0].size
        yaw = float(rng.uniform(-0.65, 0.65))
        close = rng.random() < 0.22
        share = rng.uniform(1.0, 1.9) if close else rng.uniform(0.3, 0.88)
        wide = width * np.cos(yaw) + depth * abs(np.sin(yaw))
        away = 0.0 if close else focal * (height + 0.7) / (0.97 * h)
        z = max(focal * wide / (share * w), away, 1.5)
        slack = (0.15 if close else max(0.0, 1 - share) / 2) * w * z / focal
        x = float(rng.uniform(-slack, slack)) - width / 2 * np.cos(yaw)
        return [PlacedMachine(specs[0], (float(x), 0.0, float(z)), yaw)]
    gap = float(rng.uniform(0.5, 1.6))
    length = sum(s.size[0] for s in specs) + gap * (len(specs) - 1)
    if rng.random() < 0.5:  # a row that runs away along one side of an aisle
        turn = float(rng.uniform(0.7, 1.35))
        nearest = float(rng.uniform(2.5, 4.5))
        side = float(rng.uniform(1.3, 2.8))
        if rng.random() < 0.5:
            return row_of(specs, (side, nearest), turn, gap)
        start = (-side - length * float(np.cos(turn)), nearest + length * float(np.sin(turn)))
        return row_of(specs, start, -turn, gap)
    yaw = float(rng.uniform(-0.35, 0.35))
    share = float(rng.uniform(0.8, 1.15))
    z = max(focal * length / (share * w), focal * 3.0 / h, 3.5)
    x = -length / 2 * float(np.cos(yaw)) + float(rng.normal(0, 0.5))
    z -= length / 2 * float(np.sin(yaw))
    return row_of(specs, (x, max(2.5, float(z))), yaw, gap)


def draw_still(
    seed: int,
    size: tuple[int, int] = (1280, 720),
    marks: Sequence[BuilderMark] = BUILDER_MARKS,
    *,
    degrade: bool = False,
    negative: bool | None = None,
) -> tuple[Picture, Truth]:
    """A picture of a shop floor and what is in it.

    seed: the same seed and arguments give the same picture.
    size: width and height in pixels before degradation.
    marks: builders' marks to choose from.
    degrade: scale, blur, noise, JPEG blocks and broadcast overlays, as archives have them; the size
    of the picture may change.
    negative: force a hall without a machine, or a hall with some.
    Returns uint8 RGB of shape (height, width, 3) and its truth.
    """
    scene = random_scene(seed, size, marks, negative=negative)
    picture, truth = draw_scene(scene)
    rng = np.random.default_rng((seed, 1))
    picture = expose(picture, rng)
    if not degrade:
        return grain(picture, rng, 2.0), truth
    if rng.random() < 0.35:
        factor = float(rng.uniform(0.45, 0.95))
        small = (max(160, round(size[0] * factor)), max(120, round(size[1] * factor)))
        scale = (small[0] / size[0], small[1] / size[1])
        picture = np.asarray(cv2.resize(picture, small, interpolation=cv2.INTER_AREA), np.uint8)
        truth = truth.moved(small, scale, (0.0, 0.0))
    if rng.random() < 0.25:
        random_overlay(picture, rng)
    return wear(picture, rng), truth


def write_stills(folder: Path, count: int, seed: int = 0) -> list[Truth]:
    """Write a labelled set: images/ID.jpg, labels/ID.txt and annotations.jsonl.

    folder: made if need be; files of an earlier set under the same names are replaced.
    count: how many pictures.
    seed: the same seed gives the same set.
    Raises DataError: the folder cannot be written.
    """
    truths: list[Truth] = []
    lines = ""
    try:
        for i in range(count):
            rng = np.random.default_rng((seed, i))
            size = _SIZES[rng.integers(len(_SIZES))]
            picture, truth = draw_still(int(rng.integers(2**31)), size, degrade=True)
            _, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 93])
            line = truth.annotation(f"images/r{seed:03d}-{i:05d}.jpg")
            photograph = parse_photograph(line, folder, str(folder))
            write_text(photograph.labels, to_yolo(labels_of(photograph)))
            photograph.path.parent.mkdir(exist_ok=True)
            photograph.path.write_bytes(coded.tobytes())
            lines += json.dumps(line, ensure_ascii=False) + "\n"
            truths.append(truth)
        write_text(folder / ANNOTATIONS, lines)
    except OSError as error:
        raise DataError(unwritten(folder, error, "the pictures")) from error
    return truths
