"""What the maker writes and paints, from `datasets/data/drawn.yaml`, and how words are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from pydantic import BaseModel

from datasets.fonts import font
from datasets.yamlfile import read_lists

Script = Literal["latin", "han", "cyrillic"]
Chance = np.random.Generator
Colour = tuple[int, int, int]
Cutout = NDArray[np.uint8]
Emblem = Literal["none", "disc", "diamond", "bars", "ring", "hexagon"]
Choice = TypeVar("Choice")


def pick(rng: Chance, options: Sequence[Choice]) -> Choice:
    """One of the options at random."""
    return options[int(rng.integers(len(options)))]


@dataclass(frozen=True, slots=True)
class Lettering:
    """How a mark is written. Lengths are shares of the letter height.

    weight: extra stroke; shear: lean to the right; tracking: extra space between letters;
    stretch: width against the font's own; plate: colour of a box behind, if any.
    """

    ink: Colour
    plate: Colour | None = None
    outline: Colour | None = None
    serif: bool = False
    face: Path | None = None
    weight: float = 0.04
    shear: float = 0.0
    tracking: float = 0.0
    stretch: float = 1.0
    emblem: Emblem = "none"
    emblem_ink: Colour = (200, 30, 40)


def script_of(text: str) -> Script:
    """The script a text is written in, by its first telling letter."""
    if any("一" <= c <= "鿿" for c in text):
        return "han"
    return "cyrillic" if any("А" <= c <= "я" for c in text) else "latin"


def draw_lettering(text: str, style: Lettering, height: float) -> Cutout:
    """`text` in `style`, letters `height` pixels high, as (rows, columns, 4) uint8 RGBA. The
    cut-out is tight around the mark, plate and emblem included."""
    size = max(6, round(height * 1.36))  # capitals are about 0.73 of the em in both faces
    drawn = _letters(text, style, size)
    if style.shear:
        rows, columns = drawn.shape[:2]
        lean = abs(style.shear) * rows
        matrix = np.array([[1.0, -style.shear, lean if style.shear > 0 else 0], [0, 1, 0]])
        drawn = cv2.warpAffine(drawn, matrix, (int(columns + lean), rows), flags=cv2.INTER_LINEAR)
    if style.stretch != 1:
        wide = max(1, round(drawn.shape[1] * style.stretch))
        drawn = cv2.resize(drawn, (wide, drawn.shape[0]), interpolation=cv2.INTER_AREA)
    cover = drawn[..., 3] > 40
    rows, columns = np.flatnonzero(cover.any(axis=1)), np.flatnonzero(cover.any(axis=0))
    if len(rows):
        drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if style.emblem != "none":
        drawn = _with_emblem(drawn, style)
    if style.plate:
        rows, columns = drawn.shape[:2]
        y, x = max(2, rows // 3), max(3, rows // 2)
        plate = np.empty((rows + 2 * y, columns + 2 * x, 4), np.uint8)
        plate[...] = (*style.plate, 255)
        blend(plate[y : y + rows, x : x + columns, :3], drawn)
        return plate
    return drawn


def _letters(text: str, style: Lettering, size: int) -> Cutout:
    face = style.face if style.face and script_of(text) != "han" else None
    type_ = font(size, serif=style.serif, face=face)
    stroke = max(0, round(style.weight * size))
    edge = max(1, round(size * 0.05)) if style.outline else 0
    extra = style.tracking * size
    spaces = [type_.getlength(c) + extra for c in text]
    margin = stroke + edge + 2 + size // 4
    image = Image.new("RGBA", (int(sum(spaces)) + 2 * margin, int(size * 1.7)), (*style.ink, 0))
    pen = ImageDraw.Draw(image)
    for ink, width in ((style.outline, stroke + edge), (style.ink, stroke)):
        x = float(margin)
        for letter, space in zip(text, spaces, strict=True) if extra else ((text, 0.0),):
            if ink is not None:
                pen.text((x, 0), letter, fill=ink, font=type_, stroke_width=width)
            x += space
    return np.array(image)


def _with_emblem(drawn: Cutout, style: Lettering) -> Cutout:
    rows = drawn.shape[0]
    side = max(6, round(rows * 1.15))
    cover, half, smooth = np.zeros((side, side), np.uint8), side // 2, cv2.LINE_AA
    middle = (half, half)
    if style.emblem == "disc":
        cv2.circle(cover, middle, half - 1, 255, -1, smooth)
        cv2.ellipse(cover, middle, (half // 2, half // 4), 35, 0, 360, 0, -1, smooth)
    elif style.emblem == "ring":
        cv2.circle(cover, middle, max(2, half - side // 8), 255, max(1, side // 7), smooth)
        cv2.circle(cover, middle, max(1, side // 8), 255, -1, smooth)
    elif style.emblem == "bars":
        for x in (i * side // 3 for i in range(3)):
            bar = [[x + side // 6, 0], [x + side // 3, 0], [x + side // 5, side], [x, side]]
            cv2.fillConvexPoly(cover, np.array(bar, np.int32), 255, smooth)
    else:
        count, turn = (4, 0.0) if style.emblem == "diamond" else (6, np.pi / 6)
        angles = turn + np.arange(count) * 2 * np.pi / count
        points = half + (half - 1) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillConvexPoly(cover, np.round(points).astype(np.int32), 255, smooth)
        cv2.circle(cover, middle, max(1, side // 6), 0, -1, smooth)
    gap = rows // 3
    whole = np.zeros((max(side, rows), side + gap + drawn.shape[1], 4), np.uint8)
    whole[:side, :side, :3], whole[:side, :side, 3] = style.emblem_ink, cover
    top = (whole.shape[0] - rows) // 2
    whole[top : top + rows, side + gap :] = drawn
    return whole


def blend(ground: NDArray[np.uint8], drawn: Cutout) -> None:
    """Lays a cut-out over a ground of its size, in place."""
    weight = drawn[..., 3:].astype(np.float32) / 255
    ground[...] = (ground * (1 - weight) + drawn[..., :3] * weight).astype(np.uint8)


def _lightness(colour: Colour) -> float:
    r, g, b = colour
    return 0.3 * r + 0.59 * g + 0.11 * b


def random_lettering(rng: Chance, ground: Colour, script: Script) -> Lettering:
    """A style that reads on `ground`, as a badge maker might choose."""
    bright, dark = LISTS.colours["bright inks"], LISTS.colours["dark inks"]
    ink, plate, outline = pick(rng, dark if _lightness(ground) > 120 else bright), None, None
    if rng.random() < 0.2:
        plate = pick(rng, dark if rng.random() < 0.6 else bright)
        ink = pick(rng, dark if _lightness(plate) > 120 else bright[:1])
    signs = get_args(Emblem)[1:]
    emblem: Emblem = pick(rng, signs) if rng.random() < 0.3 else "none"
    if plate is None and rng.random() < 0.12:
        outline = (245, 245, 245) if _lightness(ink) < 120 else (30, 32, 36)
    return Lettering(
        ink=ink,
        plate=plate,
        outline=outline,
        serif=bool(rng.random() < 0.15),
        weight=float(rng.uniform(0.01, 0.06)),
        shear=float(rng.uniform(0.12, 0.28)) if rng.random() < 0.3 else 0.0,
        tracking=float(rng.uniform(0.05, 0.3)) if rng.random() < 0.3 else 0.0,
        stretch=float(rng.uniform(0.85, 1.5)) if script != "han" and rng.random() < 0.5 else 1.0,
        emblem=emblem,
        emblem_ink=pick(rng, dark[1:5]) if _lightness(ground) > 120 else bright[1],
    )


class BuilderMark(NamedTuple):
    """A wordmark as it is written: the registry's id of its builder, the text, its script."""

    builder: str
    text: str
    script: Script


class Badge(NamedTuple):
    """The badge of a control: its id, the text, the colours of plate and letters."""

    control: str
    text: str
    plate: Colour
    ink: Colour


class DrawnLists(BaseModel):
    """What `datasets/data/drawn.yaml` holds; the file says what each list is for."""

    marks: dict[Script, tuple[str, ...]]
    series: dict[str, tuple[str, ...]]
    common_series: dict[Script, tuple[str, ...]]
    badges: tuple[Badge, ...]
    hall: tuple[str, ...]
    bugs: tuple[str, ...]
    captions: tuple[tuple[str, str], ...]
    liveries: tuple[tuple[Colour, Colour, Colour], ...]
    colours: dict[str, tuple[Colour, ...]]


LISTS = DrawnLists.model_validate(read_lists(Path(__file__).parents[1] / "data" / "drawn.yaml"))
BUILDER_MARKS = tuple(
    BuilderMark(mark.partition(" ")[0], mark.partition(" ")[2], script)
    for script, marks in LISTS.marks.items()
    for mark in marks
)
