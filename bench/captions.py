"""A caption over machines: is what it says taken for a mark on one of them?

python -m bench.captions DATA [--films 40] [--model DIR]

Photographs of `val` become films of two takes in which nothing moves, a builder's name drawn over
both, and films of one take in which it comes, or comes and goes. Nothing else could tell there that
it is drawn. The film is looked at as any footage; the table says how often that builder was named,
and how many builders else were, beside the same films with nothing drawn over them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench import arguments
from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.fonts import font
from datasets.maker.encode import Encoding, encode
from detector import Analyst
from detector.types import Picture
from training.evaluate.evaluation import open_picture

TEXT, BUILDER = "HISION", "hision"
TAKES = ("one take", "two takes")
STYLES = ("bar", "outline", "shade", "plain")
SIZE = (1280, 720)
TAKE = 30  # frames of one of two takes; of one alone there are twice as many
SEED = 5
NOISE = 3.0  # grey levels, standard deviation


@dataclass
class Told:
    """films: how many; captioned: in how many of them the caption's builder was named; others: how
    many sightings name another one; bare: how many name one where nothing is drawn."""

    films: int = 0
    captioned: int = 0
    others: int = 0
    bare: int = 0


def main() -> None:
    parser = arguments("bench.captions", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("--films", type=int, default=40)
    parser.add_argument("--model", type=Path)
    given = parser.parse_args()
    photographs = [
        one
        for one in read_photographs(split_folder(given.data, "val"))
        if one.machines and all(machine.builder != BUILDER for machine in one.machines)
    ]
    order = np.random.default_rng(SEED).permutation(len(photographs))
    analyst = Analyst(model=given.model)
    told: dict[tuple[str, str], Told] = {}
    with tempfile.TemporaryDirectory() as folder:
        for n in range(given.films):
            pair = [photographs[order[(n + k) % len(order)]] for k in (0, 1)]
            style = STYLES[n % len(STYLES)]
            for takes in TAKES:
                one = told.setdefault((takes, style), Told())
                builders = named(analyst, pair, takes, style, n, Path(folder, "film.mp4"))
                one.films += 1
                one.captioned += BUILDER in builders
                one.others += sum(builder != BUILDER for builder in builders)
                one.bare += len(named(analyst, pair, takes, None, n, Path(folder, "bare.mp4")))
            print(f"\r{n + 1} of {given.films}", end="", flush=True)
    print()
    print("\n".join(table(told)))


def named(
    analyst: Analyst,
    pair: Sequence[Photograph],
    takes: str,
    style: str | None,
    number: int,
    film: Path,
) -> list[str]:
    """The builders named in the film of two photographs, which is written to `film`."""
    encode(film, frames(pair, takes, style, number), Encoding(size=SIZE, crf=28))
    found = [one.attribution.builder for one in analyst.analyze(film).sightings]
    return [builder for builder in found if builder is not None]


def frames(
    pair: Sequence[Photograph], takes: str, style: str | None, number: int
) -> Iterator[tuple[int, Picture]]:
    """The film's pictures, with a sensor's noise: the caption over both takes, or from a quarter of
    the only one on, with every other film of a style to its end."""
    rng = np.random.default_rng((SEED, number))
    first, box = filling(pair[0])
    size = int(rng.choice((28, 40)))
    at = (
        min(max(20.0, (box[0] + box[2]) / 2 - 2.5 * size), SIZE[0] - 8.0 * size),
        min(max(20.0, box[1] + 0.6 * (box[3] - box[1])), SIZE[1] - 2.0 * size),
    )
    captioned = captioned_as(first, style, at, size)
    if takes == "two takes":
        second = captioned_as(filling(pair[1])[0], style, at, size)
        shown = [captioned] * TAKE + [second] * TAKE
    else:
        last = first if number // len(STYLES) % 2 else captioned
        shown = [first] * (TAKE // 2) + [captioned] * TAKE + [last] * (TAKE // 2)
    noise = rng.normal(0, NOISE, (4, *first.shape)).astype(np.float32)
    for time, picture in enumerate(shown):
        yield time, np.clip(picture + noise[time % 4], 0, 255).astype(np.uint8)


def filling(photograph: Photograph) -> tuple[Picture, tuple[float, ...]]:
    """The photograph cut so that it fills the screen, and there the box of its largest machine."""
    picture = open_picture(photograph)
    width, height = SIZE
    scale = max(width / picture.shape[1], height / picture.shape[0])
    whole = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    x, y = (whole.shape[1] - width) // 2, (whole.shape[0] - height) // 2
    boxes = np.array([machine.box for machine in photograph.machines]) * scale - (x, y, x, y)
    seen = np.clip(boxes, 0, (width, height, width, height))
    largest = seen[np.prod(seen[:, 2:] - seen[:, :2], axis=1).argmax()]
    cut = np.ascontiguousarray(whole[y : y + height, x : x + width])
    return np.asarray(cut, np.uint8), tuple(float(v) for v in largest)


def captioned_as(
    picture: Picture, style: str | None, at: tuple[float, float], size: int
) -> Picture:
    """The picture with the builder's name drawn over it in that style, from `at` on (x, y), letters
    of `size`; in pixels."""
    if style is None:
        return picture
    x, y = at
    over = Image.new("RGBA", SIZE)
    draw = ImageDraw.Draw(over)
    ground = {"bar": (160, 24, 34, 255), "shade": (20, 24, 34, 140)}.get(style)
    if ground is not None:
        draw.rectangle((x - 20, y - 8, x + 6 * size, y + 1.4 * size), fill=ground)
    outline = 2 if style == "outline" else 0
    draw.text(at, TEXT, "white", font(size), stroke_width=outline, stroke_fill="black")
    drawn = Image.alpha_composite(Image.fromarray(picture).convert("RGBA"), over)
    return np.asarray(drawn.convert("RGB"), np.uint8)


def table(told: Mapping[tuple[str, str], Told]) -> list[str]:
    rows = [
        "| film | caption | films | its builder named | others named | and without a caption |",
        "|---|---|---|---|---|---|",
    ]
    for (takes, style), one in sorted(told.items()):
        counts = f"{one.films} | {one.captioned} | {one.others} | {one.bare}"
        rows.append(f"| {takes} | {style} | {counts} |")
    return rows


if __name__ == "__main__":
    main()
