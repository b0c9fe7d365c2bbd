"""Two drawn clips of one shop floor, and what a detector without fault would have found there."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from datasets.maker.lettering import BUILDER_MARKS
from datasets.maker.machine import Truth, random_machine
from datasets.maker.scene import draw_scene, random_scene
from detector import types
from detector.known_again.surroundings import look_of_sighting
from detector.look.stills import encode_frame
from detector.settings import Settings
from tests.api.web.drawn import to_png
from tests.detector.clips import write_clip
from tests.evidence.conftest import lone_mark
from tests.probe import probe as probe_of

SIZE = (640, 360)
DRAWN = (880, 400)
RATE, FRAMES = 10, 40
MODEL = "aa" * 32
STEP = 4  # pixels that the camera pans from one frame to the next


@dataclass(frozen=True)
class Film:
    """A clip, its frames as they were drawn, and what is to be seen in it."""

    path: Path
    pictures: list[types.Picture]
    survey: types.Survey


def box_at(box: types.Box, frame: int) -> types.Box:
    """Where a box of the drawn picture lies in a frame; it may reach over its edge."""
    x1, y1, x2, y2 = box
    dx, dy = frame * STEP, 20
    return x1 - dx, y1 - dy, x2 - dx, y2 - dy


def drawn_hall() -> tuple[types.Picture, Truth]:
    """Three machines in a row: MAZAK, OKUMA, and one without a mark."""
    rng = np.random.default_rng(5)
    marks = {mark.builder: mark for mark in BUILDER_MARKS if mark.script == "latin"}
    machines = [
        random_machine(rng, variant="marked", mark=marks["mazak"]),
        random_machine(rng, variant="marked", mark=marks["okuma"]),
        random_machine(rng, variant="unknown"),
    ]
    scene = random_scene(4, DRAWN, machines=machines, setting="hall")
    return draw_scene(replace(scene, settled=scene.camera, clutter=6))


def film(folder: Path, name: str, first: int = 0, codec: str = "libx264") -> Film:
    """A clip that pans over the hall from frame `first` of the pan on."""
    hall, truth = drawn_hall()
    width, height = SIZE
    pictures = [
        np.ascontiguousarray(hall[20 : 20 + height, at * STEP : at * STEP + width])
        for at in range(first, first + FRAMES)
    ]
    facts = {"rate": RATE, "size": SIZE, "codec": codec, "gop": 10}
    path = write_clip(folder / name, len(pictures), images=pictures, **facts)
    return Film(path, pictures, _survey(path, pictures, truth, first))


def _survey(path: Path, pictures: list[types.Picture], truth: Truth, first: int) -> types.Survey:
    content = path.read_bytes()
    footage = types.Footage(path, hashlib.sha256(content).hexdigest(), len(content), "video", "mp4")
    shot = types.Shot(0, Fraction(0), Fraction(FRAMES - 1, RATE), "hit")
    sightings, looks, stills = [], [], []
    for machine in truth.machines:
        name = f"m{len(sightings) + 1}"
        seen = [
            types.Observation(Fraction(at, RATE), box, 0.9)
            for at in range(0, FRAMES, 5)
            if (box := _within(box_at(machine.box, first + at))) is not None
        ]
        areas = {one: (one.box[2] - one.box[0]) * (one.box[3] - one.box[1]) for one in seen}
        best = max(seen, key=lambda one: (areas[one], -one.pts))
        at = int(best.pts * RATE)
        frame = pictures[at]
        readings: tuple[types.Reading, ...] = ()
        said = types.Attribution(None, 0.2, "U")
        for mark in truth.marks:
            where = _within(box_at(mark.box, first + at))
            if truth.machines[mark.of] is machine and mark.role == "builder" and where:
                readings = (types.Reading(mark.text, 0.97, where, best.pts, "latin"),)
                line = types.Evidence("wordmark", mark.id, mark.text, 9.1, best.pts, where)
                home = types.Origin("JP", "builder", "B")
                said = types.Attribution(mark.id, 0.97, "B", evidence=(line,), origin=home)
                stills.append(types.Still(name, "mark", best.pts, where, to_png(frame, where)))
                break
        sightings.append(types.Sighting(name, types.Track(shot, tuple(seen)), best, said, readings))
        stills.append(types.Still(name, "best", best.pts, best.box, encode_frame(frame)))
        boxes = [_within(box_at(m.box, first + at)) for m in truth.machines if m is not machine]
        others = [box for box in boxes if box is not None]
        looks.append(
            types.Look(name, best.pts, best.box, *look_of_sighting(frame, best.box, (), others))
        )
    probe = probe_of(SIZE, Fraction(FRAMES, RATE), ticks=12800, rate=RATE, frames=FRAMES)
    analysis = types.Analysis(
        footage=footage,
        probe=probe,
        loss=types.Loss(FRAMES, FRAMES - 1, FRAMES, ("1 frame at 0:02.0: a damaged packet",)),
        shots=(shot,),
        sightings=tuple(sightings),
        overlays=(
            types.Reading(
                "ЗВЕЗДА", 0.99, (500.0, 10.0, 600.0, 34.0), Fraction(1), "cyrillic", overlay=True
            ),
        ),
        model_hash=MODEL,
        settings_hash=Settings().digest,
        lone_marks=(lone_mark("OMAX", "omax"),),
    )
    return types.Survey(analysis, looks=tuple(looks), stills=tuple(stills))


def _within(box: types.Box) -> types.Box | None:
    """The part of a box within the frame, where it is at least 40 pixels wide."""
    width, height = SIZE
    x1, y1, x2, y2 = (round(v, 2) for v in box)
    cut = max(0.0, x1), max(0.0, y1), min(float(width), x2), min(float(height), y2)
    return cut if cut[2] - cut[0] >= 40 else None


def decoded(content: bytes) -> types.Picture:
    """A picture as RGB."""
    return np.asarray(Image.open(BytesIO(content)).convert("RGB"))
