"""A scene: where the camera and the machines stand; drawn, it gives a picture and its truth."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from datasets.errors import DataError
from datasets.files import unwritten, write_text
from datasets.maker.broadcast import expose, grain, mosaic, random_overlay, smear, wear
from datasets.maker.canvas import Box, Camera, Canvas, Picture, Size, Vector, box_faces
from datasets.maker.hall import draw_backdrop, draw_hall, random_thing, shadow_polygon
from datasets.maker.lettering import Chance
from datasets.maker.machine import DrawnControl, DrawnMachine, MachineSpec, Truth, random_machine
from datasets.maker.parts import machine_parts
from datasets.maker.sheet import DrawnMark, PartFace, Sheet, Stand
from datasets.photographs.annotations import ANNOTATIONS, parse_photograph
from datasets.photographs.splits import labels_of, to_yolo

Setting = Literal["hall", "studio"]
NEGATIVE_SHARE = 0.15
_SIZES = ((1280, 720), (1280, 720), (1024, 768), (960, 720), (720, 960), (640, 480), (854, 480))
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


def random_scene(
    seed: int,
    size: Size = (1280, 720),
    *,
    machines: Sequence[MachineSpec] | None = None,
    setting: Setting | None = None,
    negative: bool | None = None,
) -> Scene:
    """A scene from a seed; the same seed and arguments give the same scene.

    size: width and height of the picture. machines: what shall stand there, left to right; by
    default one to five at random. setting: by default mostly halls. negative: a hall without a
    machine; by default `NEGATIVE_SHARE` of the scenes.
    """
    rng = np.random.default_rng(seed)
    if negative is None:
        negative = machines is None and rng.random() < NEGATIVE_SHARE
    if setting is None:
        setting = "studio" if not negative and rng.random() < 0.15 else "hall"
    specs = list(machines or ())
    if machines is None and not negative:
        count = 1 if setting == "studio" else int(rng.choice(5, p=(0.4, 0.22, 0.16, 0.12, 0.1))) + 1
        specs = [random_machine(rng) for _ in range(count)]
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
        z, x = float(rng.uniform(2.5, 4.5)), float(rng.uniform(1.3, 2.8))
        if rng.random() < 0.5:
            return _row_of(specs, x, z, turn, gap)
        z += length * float(np.sin(turn))
        return _row_of(specs, -x - length * float(np.cos(turn)), z, -turn, gap)
    yaw = float(rng.uniform(-0.35, 0.35))
    share = float(rng.uniform(0.8, 1.15))
    z = max(focal * length / (share * w), focal * 3.0 / h, 3.5)
    x = -length / 2 * float(np.cos(yaw)) + float(rng.normal(0, 0.5))
    z -= length / 2 * float(np.sin(yaw))
    return _row_of(specs, x, max(2.5, float(z)), yaw, gap)


def _row_of(
    specs: Sequence[MachineSpec], x: float, z: float, yaw: float, gap: float
) -> list[PlacedMachine]:
    """Machines side by side along their fronts, `gap` metres apart."""
    standing: list[PlacedMachine] = []
    for spec in specs:
        standing.append(PlacedMachine(spec, (x, 0.0, z), yaw))
        step = spec.size[0] + gap
        x, z = x + step * float(np.cos(yaw)), z + step * float(np.sin(yaw))
    return standing


@dataclass(slots=True)
class _Thing:
    """What stands in a scene, a machine by its number; and what was drawn of it."""

    parts: list[PartFace]
    footprint: Vector
    distance: float
    machine: int | None
    stand: Stand
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
    things = sorted(_things(scene, rng), key=lambda thing: -thing.distance)
    for thing in things:
        outline = scene.camera.outline(thing.footprint)
        softness = float(np.clip(0.12 * scene.camera.focal / max(1.0, thing.distance), 1.5, 60))
        canvas.darken(outline, softness, 0.6 if scene.setting == "hall" else 0.4)
    number = 0
    for thing in things:
        for i, part in enumerate(thing.parts):
            number += 1
            if scene.settled is not None:
                seed = _lasting(scene, thing, part)
            elif thing.machine is None:
                seed = (scene.seed, 0, number)
            else:
                # Streams of their own: what stands about a machine does not change how it looks.
                seed = (scene.seed, thing.machine + 1, i)
            _draw_part(canvas, part, number, seed, thing)
    return canvas.picture, _truth(scene, canvas, things)


def _lasting(scene: Scene, thing: _Thing, part: PartFace) -> tuple[int, int, int]:
    """A seed that follows from the part's place on its thing, from wherever it is seen."""
    face = part.face
    x, y, z = face.point(face.width / 2, face.height / 2) - thing.stand.corner
    cos, sin = np.cos(thing.stand.yaw), np.sin(thing.stand.yaw)
    own = np.array([x * cos + z * sin, y, z * cos - x * sin, face.width, face.height])
    place = zlib.crc32(np.round(own * 1000).astype(np.int64).tobytes())
    if thing.machine is None:
        return scene.seed, 0, place
    return scene.machines[thing.machine].spec.seed, 1, place


def _things(scene: Scene, rng: Chance) -> Iterator[_Thing]:
    camera, home = scene.camera, scene.settled or scene.camera
    taken: list[tuple[Vector, float]] = []
    for index, standing in enumerate(scene.machines):
        spec, stand = standing.spec, Stand(np.array(standing.corner), standing.yaw, camera)
        footprint = shadow_polygon(stand.corner, stand.yaw, spec.size)
        middle = footprint.mean(axis=0)
        taken.append((middle, 0.62 * float(np.hypot(spec.size[0], spec.size[2]))))
        yield _Thing(machine_parts(spec, stand), footprint, camera.depth(middle), index, stand)
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
        stand = Stand(at, yaw, camera)
        parts, size = random_thing(rng, stand)
        footprint = shadow_polygon(at, 0.0 if size[2] == 0.35 else yaw, size)
        middle = footprint.mean(axis=0)
        taken.append((middle, 0.5 * float(np.hypot(size[0], size[2]))))
        yield _Thing(parts, footprint, camera.depth(middle), None, stand)


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
    canvas: Canvas, part: PartFace, number: int, seed: tuple[int, int, int], thing: _Thing
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
        thing.numbers.append(number)

    def seen(place: Box) -> Vector:
        x, y, w, h = place
        corners = ((x, y), (x + w, y), (x + w, y + h), (x, y + h))
        return canvas.camera.outline(np.stack([face.point(*corner) for corner in corners]))

    thing.marks += [(seen(mark.box), number, mark) for mark in sheet.marks]
    thing.panels += [(seen(place), number) for place in sheet.panels]


def _bounds(outline: Vector) -> Box:
    (x1, y1), (x2, y2) = outline.min(axis=0), outline.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def _truth(scene: Scene, canvas: Canvas, things: Sequence[_Thing]) -> Truth:
    """What the picture shows. Marks that the broadcaster hides are hidden in it now."""
    machines: list[DrawnMachine] = []
    marks: list[DrawnMark] = []
    controls: list[DrawnControl] = []
    w, h = scene.camera.size
    numbered = {thing.machine: thing for thing in things}
    for index, standing in enumerate(scene.machines):
        thing, spec, of = numbered[index], standing.spec, len(machines)
        extent = canvas.extent(thing.numbers)
        if extent is None or extent[1] < 0.15 * _whole(scene, standing) or extent[1] < 400:
            continue
        box, shown = extent[0], list[DrawnMark]()
        for outline, number, mark in thing.marks:
            share = canvas.seen(outline, number)
            if share < 0.3:
                continue
            place = _bounds(outline)
            if mark.concealed and spec.cover in ("mosaic", "blur"):
                (mosaic if spec.cover == "mosaic" else smear)(canvas.picture, place)
            if share >= 0.5:
                shown.append(replace(mark, box=place, of=of, legible=share > 0.85))
        controls += [
            DrawnControl(_bounds(outline), of)
            for outline, number in thing.panels
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
    return whole.moved((w, h), (1, 1), (0, 0))


def _whole(scene: Scene, standing: PlacedMachine) -> float:
    """Pixels of the frame the machine's box would cover with nothing before it."""
    w, h = scene.camera.size
    mask = np.zeros((h // 4 + 1, w // 4 + 1), np.uint8)  # a quarter of the size is near enough
    faces = box_faces(np.array(standing.corner), standing.yaw, standing.spec.size)
    for name, face in faces.items():
        outline = scene.camera.outline(face.corners())
        if name != "back" and scene.camera.sees(face) and len(outline) > 2:
            near = np.clip(outline, -4.0 * w, 5.0 * w)
            cv2.fillConvexPoly(mask, np.round(near / 4).astype(np.int32), 1)
    return 16.0 * float(np.count_nonzero(mask))


def draw_still(
    seed: int, size: Size = (1280, 720), *, degrade: bool = False
) -> tuple[Picture, Truth]:
    """A picture of a shop floor, uint8 RGB (height, width, 3), and what is in it.

    seed: the same seed and arguments give the same picture. size: in pixels, before degradation.
    degrade: scale, blur, noise, JPEG blocks and broadcast overlays, as archives have them; the size
    of the picture may change.
    """
    picture, truth = draw_scene(random_scene(seed, size))
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
    """Writes a labelled set of `count` pictures: images/ID.jpg, labels/ID.txt, annotations.jsonl.

    folder: made if need be; files of an earlier set under the same names are replaced. seed: the
    same seed gives the same set.
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
