"""A scene: where the camera and the machines stand; drawn, it gives a picture and its truth."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import cv2
import numpy as np

from datasets.maker.broadcast import mosaic, smear
from datasets.maker.canvas import Box, Camera, Canvas, Picture, Vector, box_faces
from datasets.maker.hall import draw_backdrop, draw_hall, random_thing, shadow_polygon
from datasets.maker.lettering import Chance
from datasets.maker.machine import LEGIBLE_HEIGHT, DrawnControl, DrawnMachine, MachineSpec, Truth
from datasets.maker.parts import PartFace, machine_parts
from datasets.maker.sheet import DrawnMark, Sheet

Setting = Literal["hall", "studio"]
_MOST_SIDE = 2000  # texture pixels; a machine that fills a 4K frame needs no more


@dataclass(frozen=True, slots=True)
class PlacedMachine:
    """A machine in the scene: lower left front corner in metres, turn in radians."""

    spec: MachineSpec
    corner: tuple[float, float, float]
    yaw: float


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides a picture, before it is drawn.

    - clear: nothing else stands between the camera and a machine.
    - settled: for a scene seen from several cameras, the one that the other things were put up for.
      They stay where they are, and every part looks the same from everywhere. Machines of one spec
      are then alike to the last sticker.
    """

    camera: Camera
    setting: Setting
    machines: tuple[PlacedMachine, ...]
    half_width: float
    depth: float
    clutter: int
    seed: int
    clear: bool = False
    settled: Camera | None = None


@dataclass(slots=True)
class _Item:
    parts: list[PartFace]
    footprint: Vector
    distance: float
    machine: int | None
    corner: Vector
    yaw: float


@dataclass(slots=True)
class _Record:
    """What the faces of one machine left in the picture."""

    numbers: list[int] = field(default_factory=list)
    marks: list[tuple[Vector, int, DrawnMark]] = field(default_factory=list)
    panels: list[tuple[Vector, int]] = field(default_factory=list)


def draw_scene(scene: Scene) -> tuple[Picture, Truth]:
    """Draw a scene: uint8 RGB (height, width, 3), and what is in it."""
    rng = np.random.default_rng(scene.seed)
    canvas = Canvas(scene.camera)
    if scene.setting == "hall":
        draw_hall(canvas, rng, scene.half_width, scene.depth)
    else:
        draw_backdrop(canvas, rng)
    items = sorted(_items(scene, rng), key=lambda item: -item.distance)
    for item in items:
        outline = scene.camera.outline(item.footprint)
        softness = float(np.clip(0.12 * scene.camera.focal / max(1.0, item.distance), 1.5, 60))
        canvas.darken(outline, softness, 0.6 if scene.setting == "hall" else 0.4)
    records: dict[int, _Record] = {}
    number = 0
    for item in items:
        record, machine = _Record(), item.machine
        for i, part in enumerate(item.parts):
            number += 1
            if scene.settled is not None:
                seed = _lasting(scene, item, part)
            else:
                # Streams of their own: what stands about a machine does not change how it looks.
                seed = (scene.seed, 0, number) if machine is None else (scene.seed, machine + 1, i)
            _draw_part(canvas, part, number, seed, record)
        if machine is not None:
            records[machine] = record
    truth, hidden = _truth(scene, canvas, records)
    for mark, box in hidden:
        (mosaic if scene.machines[mark].spec.cover == "mosaic" else smear)(canvas.picture, box)
    return canvas.picture, truth


def _lasting(scene: Scene, item: _Item, part: PartFace) -> tuple[int, int, int]:
    """A seed that follows from the part's place on its thing, from wherever it is seen."""
    face = part.face
    x, y, z = face.point(face.width / 2, face.height / 2) - item.corner
    cos, sin = np.cos(item.yaw), np.sin(item.yaw)
    own = np.array([x * cos + z * sin, y, z * cos - x * sin, face.width, face.height])
    place = zlib.crc32(np.round(own * 1000).astype(np.int64).tobytes())
    if item.machine is None:
        return scene.seed, 0, place
    return scene.machines[item.machine].spec.seed, 1, place


def _items(scene: Scene, rng: Chance) -> list[_Item]:
    items: list[_Item] = []
    home = scene.settled or scene.camera
    taken: list[tuple[Vector, float]] = []

    def put(parts: list[PartFace], footprint: Vector, radius: float, *where: Any) -> None:
        middle = footprint.mean(axis=0)
        items.append(_Item(parts, footprint, scene.camera.depth(middle), *where))
        taken.append((middle, radius))

    for index, standing in enumerate(scene.machines):
        corner, (w, _, d) = np.array(standing.corner), standing.spec.size
        parts = machine_parts(standing.spec, corner, standing.yaw, scene.camera)
        footprint = shadow_polygon(corner, standing.yaw, standing.spec.size)
        put(parts, footprint, 0.62 * float(np.hypot(w, d)), index, corner, standing.yaw)
    for _ in range(scene.clutter):
        for _ in range(12):
            z = float(rng.uniform(3.2, scene.depth - 1.5))
            spread = min(scene.half_width - 1.5, 0.62 * z * home.size[0] / home.focal)
            at = np.array([rng.uniform(-spread, spread), 0.0, z])
            apart = all(np.linalg.norm(at - middle) > radius + 0.9 for middle, radius in taken)
            if apart and not (_before(scene, at) and (scene.clear or rng.random() < 0.85)):
                break
        else:
            continue
        yaw = float(rng.choice((0.0, np.pi / 2, -np.pi / 2)) + rng.normal(0, 0.08))
        parts, size = random_thing(rng, at, yaw, scene.camera)
        footprint = shadow_polygon(at, 0.0 if size[2] == 0.35 else yaw, size)
        put(parts, footprint, 0.5 * float(np.hypot(size[0], size[2])), None, at, yaw)
    return items


def _before(scene: Scene, at: Vector) -> bool:
    """Whether a thing at `at` would stand between the camera and a machine."""
    for standing in scene.machines:
        footprint = shadow_polygon(np.array(standing.corner), standing.yaw, standing.spec.size)
        sides = footprint[:, 0] / np.maximum(footprint[:, 2], 0.5)
        nearer = at[2] < footprint[:, 2].max()
        if nearer and (at[0] - 0.4) / at[2] < sides.max() and (at[0] + 2.2) / at[2] > sides.min():
            return True
    return False


def _draw_part(
    canvas: Canvas, part: PartFace, number: int, seed: tuple[int, int, int], record: _Record
) -> None:
    face = part.face
    outline = canvas.camera.outline(face.corners())
    w, h = canvas.camera.size
    if len(outline) < 3 or (outline.max(0) < 0).any() or (outline.min(0) > (w, h)).any():
        return
    across, down = canvas.camera.density(face)
    scale = float(np.clip(max(across, down), 8, _MOST_SIDE / max(face.width, face.height)))
    sheet = Sheet(face.width, face.height, scale, part.colour)
    part.paint(sheet, np.random.default_rng(seed))
    sheet.shade(np.random.default_rng((*seed, 1)), part.level, part.grime)
    image, cover = sheet.image, sheet.cover
    columns = max(2, round(min(1.0, across / scale) * image.shape[1]))
    rows = max(2, round(min(1.0, down / scale) * image.shape[0]))
    if columns < 0.75 * image.shape[1] or rows < 0.75 * image.shape[0]:
        # Seen aslant: averaged first, or fine lines would break up.
        image = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
        if cover is not None:
            cover = cv2.resize(cover, (columns, rows), interpolation=cv2.INTER_AREA)
    canvas.lay(face, image, cover, number=number)
    if part.body:
        record.numbers.append(number)

    def seen(place: Box) -> Vector:
        x, y, w, h = place
        corners = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
        return canvas.camera.outline(np.stack([face.point(*corner) for corner in corners]))

    record.marks += [(seen(mark.box), number, mark) for mark in sheet.marks]
    record.panels += [(seen(place), number) for place in sheet.panels]


def _bounds(outline: Vector) -> Box:
    x1, y1 = outline.min(axis=0)
    x2, y2 = outline.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def _truth(
    scene: Scene, canvas: Canvas, records: dict[int, _Record]
) -> tuple[Truth, list[tuple[int, Box]]]:
    machines: list[DrawnMachine] = []
    marks: list[DrawnMark] = []
    controls: list[DrawnControl] = []
    hidden: list[tuple[int, Box]] = []
    w, h = scene.camera.size
    for index in sorted(records):
        record, spec = records[index], scene.machines[index].spec
        extent = canvas.extent(record.numbers)
        if extent is None or extent[1] < 0.15 * _whole(scene, index) or extent[1] < 400:
            continue
        box, of = extent[0], len(machines)
        shown: list[DrawnMark] = []
        for outline, number, mark in record.marks:
            share = canvas.seen(outline, number)
            if share < 0.3:
                continue
            place = _bounds(outline)
            if mark.concealed and spec.cover in ("mosaic", "blur"):
                hidden.append((index, place))
            if share >= 0.5:
                high = place[3] - place[1] >= LEGIBLE_HEIGHT
                legible = high and share > 0.85 and not mark.concealed
                shown.append(replace(mark, box=place, of=of, legible=legible))
        controls += [
            DrawnControl(_bounds(outline), of)
            for outline, number in record.panels
            if canvas.seen(outline, number) > 0.4
        ]
        marks += shown
        builders = [m for m in shown if m.role == "builder"]
        covered = any(m.concealed for m in builders)
        mark_shown = spec.mark if builders else None
        machines.append(
            DrawnMachine(
                number=index,
                box=box,
                kind=spec.kind,
                variant=spec.variant,
                builder=mark_shown.builder if mark_shown and not covered else None,
                wordmark=mark_shown.text if mark_shown else None,
                script=mark_shown.script if mark_shown else None,
                series=next((m.text for m in shown if m.role == "series"), None),
                control=next((m.id for m in shown if m.role == "control"), None),
                concealed=covered,
                truncated=box[0] <= 0 or box[1] <= 0 or box[2] >= w or box[3] >= h,
            )
        )
    whole = Truth((w, h), tuple(machines), tuple(marks), tuple(controls))
    return whole.moved((w, h), (1, 1), (0, 0)), hidden


def _whole(scene: Scene, index: int) -> float:
    """Pixels of the frame the machine's box would cover with nothing before it."""
    standing = scene.machines[index]
    faces = box_faces(np.array(standing.corner), standing.yaw, standing.spec.size)
    w, h = scene.camera.size
    mask = np.zeros((h // 4 + 1, w // 4 + 1), np.uint8)  # a quarter of the size is near enough
    for name, face in faces.items():
        outline = scene.camera.outline(face.corners())
        if name != "back" and scene.camera.sees(face) and len(outline) > 2:
            near = np.clip(outline, -4.0 * w, 5.0 * w)
            cv2.fillConvexPoly(mask, np.round(near / 4).astype(np.int32), 1)
    return 16.0 * float(np.count_nonzero(mask))


def row_of(
    specs: Sequence[MachineSpec], start: tuple[float, float], yaw: float, gap: float
) -> list[PlacedMachine]:
    """Machines side by side from `start` (x, z) along their fronts, `gap` metres apart."""
    standing: list[PlacedMachine] = []
    x, z = start
    for spec in specs:
        standing.append(PlacedMachine(spec, (x, 0.0, z), yaw))
        step = spec.size[0] + gap
        x, z = x + step * float(np.cos(yaw)), z + step * float(np.sin(yaw))
    return standing
