"""A folder of two photographs of unlike sizes and shapes, each with one machine, and its case."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

from api.web.site import Site
from detector import types
from detector.footage.decoder import Decoder
from detector.footage.files import open_footage
from detector.footage.pictures import read_picture
from detector.look.stills import encode_frame
from detector.settings import Decoding
from tests.api.web.drawn import to_png
from tests.rows import keep

MACHINE, MARK = (205, 40, 160), (60, 90, 230)
"""Colours that nothing else on the screen has."""


@dataclass(frozen=True)
class Photograph:
    """width, height; where the machine and its mark are; when it comes in the folder."""

    size: tuple[int, int]
    box: types.Box
    mark: types.Box
    pts: Fraction


WIDE = Photograph((1280, 720), (150, 200, 650, 640), (200, 260, 420, 320), Fraction(0))
TALL = Photograph((1500, 2000), (300, 900, 1200, 1800), (500, 1000, 900, 1100), Fraction(1))


def take_photographs(folder: Path) -> Path:
    """The folder, with the wide picture and the larger, tall one."""
    folder.mkdir()
    for name, one in (("1.png", WIDE), ("2.png", TALL)):
        picture = np.full((one.size[1], one.size[0], 3), 45, np.uint8)
        for colour, box in ((MACHINE, one.box), (MARK, one.mark)):
            x1, y1, x2, y2 = map(int, box)
            picture[y1:y2, x1:x2] = colour
        Image.fromarray(picture).save(folder / name)
    return folder


def seen(best: Photograph, read: Photograph, builder: str | None = "smtcl") -> types.Sighting:
    """A machine best seen in one of them, whose mark was read in one."""
    views = [
        types.Observation(one.pts, one.box, 0.9) for one in (WIDE, TALL) if one in (best, read)
    ]
    track = types.Track(types.Shot(0, Fraction(0), Fraction(1), "hit"), tuple(views))
    (at,) = [one for one in views if one.pts == best.pts]
    if builder is None:
        return types.Sighting("m1", track, at, types.Attribution(None, 0.1, "U"))
    line = types.Evidence("wordmark", builder, builder.upper(), 9.0, read.pts, read.mark)
    found = types.Attribution(
        builder, 0.97, "B", evidence=(line,), origin=types.Origin("CN", "builder", "B")
    )
    reading = types.Reading(builder.upper(), 0.98, read.mark, read.pts, "latin")
    return types.Sighting("m1", track, at, found, (reading,), file=Path(f"{int(best.pts) + 1}.png"))


def survey_of(
    site: Site, folder: Path, sighting: types.Sighting, kept: bool = True
) -> types.Survey:
    """What a sweep finds in the folder; with its pictures where they are `kept`."""
    footage = open_footage(folder)
    pictures = [read_picture(file, 1 << 25) for file in footage.files]
    with Decoder(footage, Decoding()) as decoder:
        probe = decoder.probe
    analysis = types.Analysis(
        footage, probe, types.Loss(2, 2, 2), (sighting.track.shot,), (sighting,), (),
        site.recipe.model, site.settings.digest, site.settings.model_dump(mode="json"),
    )  # fmt: skip
    best = sighting.best
    stills = [types.Still("m1", "best", best.pts, best.box, encode_frame(pictures[int(best.pts)]))]
    for part in sighting.attribution.evidence:
        assert part.pts is not None and part.box is not None
        mark = to_png(pictures[int(part.pts)], part.box)
        stills.append(types.Still("m1", "mark", part.pts, part.box, mark))
    return types.Survey(analysis, stills=tuple(stills) if kept else tuple(stills[1:]))


def fill(site: Site, survey: types.Survey) -> str:
    """Stores what was found; gives the SHA-256 of the footage."""
    keep(site.case, site.recipe, survey)
    return survey.analysis.footage.sha256


def painted(page: Page, within: Locator, colour: tuple[int, int, int]) -> list[float]:
    """Where in the window that colour is to be seen within an element: left, top, right, bottom."""
    place = within.bounding_box()
    assert place is not None
    picture = np.asarray(Image.open(BytesIO(page.screenshot(clip=place))).convert("RGB"))
    there = np.abs(picture.astype(int) - colour).max(axis=2) < 40
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    assert len(rows) and len(columns), "nothing of that colour is on the screen"
    x, y = place["x"], place["y"]
    found = (x + columns[0], y + rows[0], x + columns[-1] + 1, y + rows[-1] + 1)
    return [float(edge) for edge in found]


def edges(one: Locator) -> list[float]:
    """Where in the window a drawn rectangle lies: left, top, right, bottom."""
    box = one.evaluate(
        "one => { const m = one.getScreenCTM(), b = one.getBBox();"
        " const at = (x, y) => new DOMPoint(x, y).matrixTransform(m);"
        " const [p, q] = [at(b.x, b.y), at(b.x + b.width, b.y + b.height)];"
        " return [p.x, p.y, q.x, q.y]; }"
    )
    return list(box)
