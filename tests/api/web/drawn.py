"""A case of drawn photographs: machines with marks, and halls without any, each a footage."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from io import BytesIO
from pathlib import Path

import numpy as np

from api.web.site import Site
from datasets.maker.broadcast import grain
from datasets.maker.canvas import Picture
from datasets.maker.lettering import BUILDER_MARKS
from datasets.maker.machine import random_machine
from datasets.maker.scene import draw_scene, random_scene
from detector import types
from detector.look.stills import crop_mark, encode_frame
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Item
from tests.probe import probe as probe_of

SIZE = (1280, 720)
NOW = Fraction(0)


@dataclass(frozen=True, eq=False)
class Drawn:
    """A picture, and of the machine in it the builder, the text and the boxes."""

    picture: Picture
    builder: str | None = None
    text: str | None = None
    box: types.Box | None = None
    mark: types.Box | None = None


@cache
def marked(number: int, builders: tuple[str, ...]) -> Drawn:
    """The `number`th drawing of one machine whose mark, of one of these, is in sight."""
    marks = [one for one in BUILDER_MARKS if one.builder in builders and one.script == "latin"]
    rng = np.random.default_rng(number)
    for seed in range(1000 * number, 1000 * number + 200):
        mark = marks[int(rng.integers(len(marks)))]
        spec = random_machine(rng, variant="marked", mark=mark)
        scene = random_scene(seed, SIZE, machines=[spec], setting="hall")
        picture, truth = draw_scene(scene)
        found = [one for one in truth.marks if one.role == "builder" and one.legible]
        if len(truth.machines) == 1 and found and found[0].box[3] - found[0].box[1] > 18:
            machine = truth.machines[0]
            return Drawn(picture, machine.builder, found[0].text, machine.box, found[0].box)
    raise AssertionError("no drawing with a mark in sight")


@cache
def empty() -> Drawn:
    """A hall without a machine."""
    return Drawn(draw_scene(random_scene(3, SIZE, negative=True, setting="hall"))[0])


def to_survey(
    site: Site, drawn: Drawn, folder: Path, number: int, origin: str | None = None
) -> types.Survey:
    """The picture as a file of its own, and what a sweep might have found in it."""
    content, mark = _photograph(drawn, number)
    path = folder / f"hall-{number:02d}.jpg"
    path.write_bytes(content)
    sightings: tuple[types.Sighting, ...] = ()
    stills: list[types.Still] = []
    if drawn.box is not None and drawn.mark is not None and drawn.text is not None:
        line = types.Evidence("wordmark", drawn.builder, drawn.text, 8.4, NOW, drawn.mark)
        home = None if origin is None else types.Origin(origin, "builder", "B")
        found = types.Attribution(drawn.builder, 0.97, "B", evidence=(line,), origin=home)
        seen = types.Observation(NOW, drawn.box, 0.9)
        shot = types.Shot(0, NOW, NOW, "hit")
        text = types.Reading(drawn.text, 0.98, drawn.mark, NOW, "latin")
        sightings = (types.Sighting("m1", types.Track(shot, (seen,)), seen, found, (text,)),)
        stills.append(types.Still("m1", "best", NOW, drawn.box, content))
        stills.append(types.Still("m1", "mark", NOW, drawn.mark, mark))
    analysis = types.Analysis(
        footage=types.Footage(
            path, hashlib.sha256(content).hexdigest(), len(content), "still", "jpeg"
        ),
        probe=probe_of(SIZE, None, "mjpeg", 25, None, 1),
        loss=types.Loss(1, 1, 1),
        shots=(types.Shot(0, NOW, NOW, "hit"),),
        sightings=sightings,
        overlays=(),
        model_hash=site.recipe.model,
        settings_hash=site.settings.digest,
        settings=site.settings.model_dump(mode="json"),
    )
    prints = (types.Print(NOW, 0, bytes([number % 251]) * 14, 0.5),)
    return types.Survey(analysis=analysis, prints=prints, looks=(), stills=tuple(stills))


def claim_on(row: SightingRow, given: int = 2) -> Item:
    """A claim under test, on a sighting."""
    names = ("analysis", "footage", "model", "settings", "pts", "box")
    known = {name: getattr(row, name) for name in names} | {"item": row.key, "sighting": row.key}
    return Item(kind="claim", reason="", priority=500, needs=2, given=given, state="open", **known)


@cache
def _photograph(drawn: Drawn, number: int) -> tuple[bytes, bytes]:
    """The `number`th photograph of it as JPEG, and its mark, if it has one, as PNG."""
    picture = grain(drawn.picture, np.random.default_rng(number), 4.0)
    return encode_frame(picture), b"" if drawn.mark is None else to_png(picture, drawn.mark)


def encoded(drawn: Drawn) -> tuple[bytes, bytes]:
    """The picture as JPEG, and its mark as PNG."""
    assert drawn.mark is not None
    return encode_frame(drawn.picture), to_png(drawn.picture, drawn.mark)


def to_png(picture: Picture, box: types.Box) -> bytes:
    out = BytesIO()
    crop_mark(picture, box).save(out, "PNG")
    return out.getvalue()
