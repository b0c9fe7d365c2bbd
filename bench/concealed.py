"""Marks hidden by hand: on how many photographs that is told, and what else is called hidden.

python -m bench.concealed DATA [--split val] [--model DIR]

Of each photograph with machines the legible builders' marks of 20 pixels and more are pixelated,
coarsely or finely, or smeared, one way at a time; it is saved as a JPEG of quality 80 and looked
at as any photograph. It is told where a place that is called hidden lies on one that was; every
other such place is a false one, as are all those in photographs and clips that nobody touched.

Each of these photographs is a film, too, of two seconds in which the camera pans and zooms: once
with its marks hidden in one of the ways, and once with a head that was drawn before the largest
machine, walks by and is hidden. Whatever is called hidden in the latter is a false one.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench import arguments
from datasets.annotations import Box, Photograph, read_photographs, split_folder
from datasets.maker.degrade import mosaic, smear
from datasets.maker.encode import Encoding, encode
from detector import Analyst
from detector.boxes import area
from detector.read.reader import overlap_of_smaller
from detector.types import Analysis, Picture
from training.evaluate.evaluation import open_picture

LEAST_HEIGHT = 20
QUALITY = 80
FILM = Encoding(size=(960, 540), crf=None, bit_rate=1_500_000)
FRAMES = 50
SPARE, CLOSER = 1.12, 0.06
"""By how much a photograph is larger than a film's screen, and how far the camera zooms in."""
WALK = 0.3  # of the screen's width
HEADS = (34, 70)  # pixels high
SKIN, HAIR, CLOTH = (198, 152, 126), (60, 44, 36), (40, 60, 110)
ON_IT = 0.3
"""Share of the smaller of two places, one hidden and one called so, that they have in common."""
WAYS: dict[str, Callable[[Picture, Box], None]] = {
    "pixelated, five blocks high": lambda picture, box: mosaic(picture, box, 5),
    "pixelated, three blocks high": lambda picture, box: mosaic(picture, box, 3),
    "smeared": smear,
}
HEADINGS = ("looked at", "told", "with a machine seen", "with a false one", "false ones")


def main() -> None:
    parser = arguments("bench.concealed", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--split", default="val")
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    analyst = Analyst(model=given.model)
    told: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path, film = Path(folder, "hidden.jpg"), Path(folder, "film.mp4")
        photographs = read_photographs(split_folder(given.data, given.split))
        for number, photograph in enumerate(photographs):
            shows = "machines" if photograph.machines else "no machine"
            count(told, f"untouched, {shows}", analyst.analyze(photograph.path), [])
            marks = large_marks(photograph)
            if not marks:
                continue
            picture = open_picture(photograph)
            for way in WAYS:
                hidden = Image.fromarray(without(picture, marks, way))
                hidden.save(path, quality=QUALITY)
                count(told, way, analyst.analyze(path), marks)
            way = list(WAYS)[number % len(WAYS)]
            camera = Camera(without(picture, marks, way), number)
            encode(film, camera.frames(), FILM)
            count(told, f"film, {way}", analyst.analyze(film), marks, camera)
            machine = max((one.box for one in photograph.machines), key=area)
            encode(film, passed_by(Camera(picture, number), machine, number), FILM)
            count(told, "film, a hidden face", analyst.analyze(film), [])
    for clip in sorted((given.data / "clips").glob("*.*")):
        if clip.suffix != ".json" and clip.with_suffix(".json").is_file():
            count(told, "untouched, clips", analyst.analyze(clip), [])
    print("\n".join(table(told)))


def large_marks(photograph: Photograph) -> list[Box]:
    """Legible marks of builders on machines that are high enough to be hidden."""
    return [
        mark.box
        for number in range(len(photograph.machines))
        for mark in photograph.legible_builder_marks(number)
        if min(mark.box[2] - mark.box[0], mark.box[3] - mark.box[1]) >= LEAST_HEIGHT
    ]


def without(picture: Picture, marks: Sequence[Box], way: str) -> Picture:
    """A copy of a picture with its marks hidden in one of the `WAYS`."""
    hidden = np.array(picture)
    for box in marks:
        WAYS[way](hidden, box)
    return hidden


class Camera:
    """Pans over a picture, whichever way, and zooms in or out: what it shows, and where."""

    def __init__(self, picture: Picture, number: int) -> None:
        (width, height), (rows, columns) = FILM.size, picture.shape[:2]
        scale = min(1.0, SPARE * (1 + CLOSER) * max(width / columns, height / rows))
        # Made smaller beforehand: `warpAffine` leaves pixels out.
        size = round(scale * columns), round(scale * rows)
        self._picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        self._whole = picture.shape[:2]
        self._shrunk = size[0] / columns
        self._right, self._in = number % 3 > 0, number % 2 > 0

    def frames(self) -> Iterator[tuple[int, Picture]]:
        """The film's pictures with their numbers."""
        for number in range(FRAMES):
            scale, x, y = self._view(number / (FRAMES - 1))
            left = scale / self._shrunk
            onto = np.array([[left, 0, -x * scale], [0, left, -y * scale]])
            yield number, np.asarray(cv2.warpAffine(self._picture, onto, FILM.size), np.uint8)

    def shown(self, box: Box, share: float) -> Box:
        """Where a box of the picture is on the screen after a share of the film."""
        scale, x, y = self._view(share)
        x1, y1, x2, y2 = box
        return (scale * (x1 - x), scale * (y1 - y), scale * (x2 - x), scale * (y2 - y))

    def _view(self, share: float) -> tuple[float, float, float]:
        """Its scale and the picture's pixel in the screen's upper left corner."""
        (width, height), (rows, columns) = FILM.size, self._whole
        scale = SPARE * max(width / columns, height / rows)
        scale *= 1 + CLOSER * (share if self._in else -share)
        aside = 0.5 + 0.35 * (share - 0.5) * (1 if self._right else -1)
        return scale, (columns - width / scale) * aside, (rows - height / scale) / 2


def passed_by(camera: Camera, machine: Box, number: int) -> Iterator[tuple[int, Picture]]:
    """The film with somebody who walks before a machine, the face pixelated or smeared."""
    rng = np.random.default_rng(number)
    high, hide = int(rng.integers(*HEADS)), list(WAYS.values())[int(rng.integers(len(WAYS)))]
    wide, (width, height) = round(0.8 * high), FILM.size
    x1, y1, x2, y2 = camera.shown(machine, 0.5)
    for time, picture in camera.frames():
        walked = WALK * width * (time / (FRAMES - 1) - 0.5) * (1 if number % 2 else -1)
        x = int(np.clip((x1 + x2) / 2 + walked, wide, width - wide))
        y = int(np.clip((y1 + y2) / 2, high, height - high))
        cv2.rectangle(picture, (x - wide, y + high // 2), (x + wide, height), CLOTH, -1)
        cv2.ellipse(picture, (x, y), (wide // 2, high // 2), 0, 0, 360, SKIN, -1)
        cv2.ellipse(picture, (x, y - high // 4), (wide // 2, high // 4), 0, 0, 360, HAIR, -1)
        for side in (-1, 1):
            cv2.circle(picture, (x + side * wide // 5, y), 2, HAIR, -1)
        hide(picture, (x - wide // 2, y - high // 2, x + wide // 2, y + high // 2))
        yield time, picture


def count(
    told: dict[str, Counter[str]],
    row: str,
    found: Analysis,
    hidden: list[Box],
    camera: Camera | None = None,
) -> None:
    """Adds one picture or clip to a row; a camera that moves says where the hidden ones are."""
    places = [
        (line.pts, line.box)
        for one in found.sightings
        for line in one.attribution.evidence
        if line.kind == "concealed" and line.box is not None and line.pts is not None
    ]

    def there(box: Box, pts: Fraction) -> Box:
        last = Fraction(FRAMES - 1) / FILM.rate
        return box if camera is None else camera.shown(box, float(pts / last))

    false = sum(
        not any(overlap_of_smaller(place, there(box, pts)) >= ON_IT for box in hidden)
        for pts, place in places
    )
    counts = told.setdefault(row, Counter())
    counts["looked at"] += 1
    counts["told"] += len(places) > false
    counts["with a machine seen"] += bool(found.sightings)
    counts["with a false one"] += false > 0
    counts["false ones"] += false


def table(told: dict[str, Counter[str]]) -> Iterator[str]:
    """The counts, as Markdown."""
    yield f"| marks | {' | '.join(HEADINGS)} |"
    yield "|---" * (len(HEADINGS) + 1) + "|"
    for name, counts in sorted(told.items()):
        yield f"| {name} | {' | '.join(str(counts[heading]) for heading in HEADINGS)} |"


if __name__ == "__main__":
    main()
