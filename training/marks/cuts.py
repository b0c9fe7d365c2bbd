"""Cut-outs to learn from: drawn wordmarks, logos, and what the photographs show.

All are grey. A drawn mark or a transparent logo carries its cover, to be laid on any ground. A cut
from a photograph carries its surroundings, so that its box can be drawn less exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from datasets.errors import UsageError
from datasets.letters import letters
from datasets.maker.lettering import Chance, Script, draw_lettering, random_lettering
from datasets.photographs.annotations import AnnotatedMark, Photograph
from datasets.registry import Registry
from detector.read.logo_files import Grey, fit, scaled

_DRAWN_HEIGHT = 36
_KEPT_HEIGHT = 48
_SURROUNDINGS = 0.35
_FACE_SHARE = 0.7
# A mark cut by the picture's edge or by a door (ORI SEIKI) still is its builder's.
_SAME_MARK = 0.75


@dataclass(frozen=True, slots=True)
class Cut:
    """A mark, or what is none.

    tone: grey, (height, width). cover: how far each pixel is the mark's own (0..255), None
    for a cut from a photograph. inner: the mark's box in it, (x1, y1, x2, y2) pixels.
    """

    tone: Grey
    cover: Grey | None
    inner: tuple[int, int, int, int]


def seeded(seed: int, name: str) -> Chance:
    """A generator that depends on a seed and a name alone."""
    return np.random.default_rng([seed, int(hashlib.sha256(name.encode()).hexdigest()[:12], 16)])


def find_faces(folder: Path | None) -> tuple[Path, ...]:
    """Typefaces (`.ttf`, `.otf`) anywhere under a folder that can draw A and a, in order. Raises
    UsageError: the folder holds none."""
    if folder is None:
        return ()
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in {".ttf", ".otf"})
    faces = tuple(path for path in files if can_draw(path, "Aa"))
    if not faces:
        raise UsageError(f"{folder}: no typeface (.ttf, .otf) in it; leave the option out")
    return faces


@lru_cache(maxsize=65536)
def _draws(face: Path, letter: str) -> bool:
    """Whether a typeface has a shape of its own for a letter."""
    try:
        type_ = ImageFont.truetype(str(face), 20, layout_engine=ImageFont.Layout.BASIC)
        shape = bytes(type_.getmask(letter))
        return any(shape) and shape != bytes(type_.getmask("\uffff"))
    except OSError:
        return False


def can_draw(face: Path, text: str) -> bool:
    """Whether a typeface has every letter of a text."""
    return all(_draws(face, letter) for letter in text if not letter.isspace())


def draw(text: str, rng: Chance, faces: Sequence[Path]) -> Cut:
    """One drawing of a text, 36 pixels to the capital, in a random style and typeface."""
    script: Script = "han" if any("一" <= c <= "鿿" for c in text) else "latin"
    style = random_lettering(rng, (200, 200, 200), script)
    if faces and rng.random() < _FACE_SHARE:
        face = faces[int(rng.integers(len(faces)))]
        if can_draw(face, text):
            style = replace(style, face=face, weight=float(rng.uniform(0.0, 0.03)))
    said = text
    if rng.random() < 0.3:
        said = text.title() if rng.random() < 0.7 else text.lower()
    drawn = draw_lettering(said if letters(said) == letters(text) else text, style, _DRAWN_HEIGHT)
    tone = np.asarray(cv2.cvtColor(drawn[..., :3], cv2.COLOR_RGB2GRAY), np.uint8)
    return _sized(tone, np.ascontiguousarray(drawn[..., 3]))


def _sized(tone: Grey, cover: Grey | None) -> Cut:
    scale = min(1.0, 40 / tone.shape[0], 320 / tone.shape[1])
    covered = None if cover is None else scaled(cover, scale)
    tone = scaled(tone, scale)
    return Cut(tone, covered, (0, 0, tone.shape[1], tone.shape[0]))


def load_logo(file: Path, part: tuple[float, float, float, float] = (0, 0, 1, 1)) -> Cut | None:
    """A logo, or a part of it (shares of its sides), trimmed of its even border. None where the
    file is of a kind that cannot be read (SVG)."""
    read = cv2.imread(str(file), cv2.IMREAD_UNCHANGED)
    if read is None:
        return None
    if read.ndim == 2:
        read = cv2.cvtColor(read, cv2.COLOR_GRAY2BGR)
    rows, columns = read.shape[:2]
    x1, y1, x2, y2 = part
    read = read[int(y1 * rows) : round(y2 * rows), int(x1 * columns) : round(x2 * columns)]
    bgr = read[..., :3]
    cover = read[..., 3] if read.shape[2] == 4 and read[..., 3].min() < 250 else None
    corner = bgr[:2, :2].reshape(-1, 3).mean(axis=0)
    unlike = np.abs(bgr.astype(np.int16) - corner).max(axis=2) > 30
    strange = unlike if cover is None else cover > 60
    across, down = np.flatnonzero(strange.any(axis=0)), np.flatnonzero(strange.any(axis=1))
    if not len(across):
        return None
    here = slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)
    tone = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY), np.uint8)[here]
    return _sized(tone, None if cover is None else np.ascontiguousarray(cover[here]))


def cut_box(picture: Grey, box: Sequence[float]) -> Cut | None:
    """A box with surroundings on every side; None where it is smaller than 4 pixels."""
    x1, y1, x2, y2 = (round(side) for side in box)
    shorter = min(x2 - x1, y2 - y1)
    if shorter < 4:
        return None
    pad = round(_SURROUNDINGS * shorter)
    left, top = max(0, x1 - pad), max(0, y1 - pad)
    cut = picture[top : y2 + pad, left : x2 + pad]
    scale = min(1.0, _KEPT_HEIGHT / shorter)
    if scale < 1:
        cut = scaled(cut, scale)
    inner = [(x1 - left) * scale, (y1 - top) * scale, (x2 - left) * scale, (y2 - top) * scale]
    rows, columns = cut.shape
    a, b, c, d = (round(v) for v in inner)
    return Cut(cut.copy(), None, (a, b, min(c, columns), min(d, rows)))


def class_of(mark: AnnotatedMark, registry: Registry) -> str | None:
    """The class of a mark in a photograph; None where it is neither text nor a known logo."""
    folded = letters(mark.text)
    if folded:
        if mark.role == "builder" and mark.id in registry:
            for known in registry.get(str(mark.id)).wordmarks:
                same = SequenceMatcher(None, folded, letters(known.text)).ratio()
                if same >= _SAME_MARK:
                    return letters(known.text)
        return folded
    return f"logo:{mark.id}" if mark.role == "builder" and mark.id else None


def random_boxes(
    photograph: Photograph, rng: Chance, count: int
) -> Iterable[tuple[float, float, float, float]]:
    """Boxes of the shapes of marks that touch no builder's mark of the photograph."""
    taken = [mark.box for mark in photograph.marks if mark.role == "builder"]
    for _ in range(count):
        height = float(np.exp(rng.uniform(np.log(10), np.log(70))))
        width = height * float(rng.uniform(0.7, 5))
        if width >= photograph.width or height >= photograph.height:
            continue
        x1 = float(rng.uniform(0, photograph.width - width))
        y1 = float(rng.uniform(0, photograph.height - height))
        box = (x1, y1, x1 + width, y1 + height)
        x2, y2 = box[2:]
        if not any(x1 < t[2] and t[0] < x2 and y1 < t[3] and t[1] < y2 for t in taken):
            yield box


_LOWEST, _HIGHEST = 10.0, 40.0
_LEAST_CONTRAST = 28


def degrade(cut: Cut, rng: Chance, grounds: Sequence[Grey], much: float = 1.0) -> Grey:
    """The embedder's input (32, 128) for one look at a cut.

    cut: drawn, a logo, or from a photograph.
    rng: decides everything.
    grounds: grey pictures to lay drawn marks on.
    much: 1 as in training; less for gentler looks (prototypes).
    """
    picture = _laid(cut, rng, grounds) if cut.cover is not None else _boxed(cut, rng, much)
    if rng.random() < 0.7 * much:
        picture = _turned(picture, rng, much)
    lowest = _LOWEST if much >= 1 else 18.0
    wanted = float(np.exp(rng.uniform(np.log(lowest), np.log(_HIGHEST))))
    how = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_LINEAR
    picture = scaled(picture, min(1.0, wanted / min(picture.shape)), how)
    if rng.random() < 0.35 * much:
        if rng.random() < 0.5:
            picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.4, 1.2)))
        else:
            length = int(rng.integers(2, 5))
            kernel = np.full((1, length), 1 / length, np.float32)
            picture = cv2.filter2D(picture, -1, kernel if rng.random() < 0.7 else kernel.T)
    if rng.random() < 0.4 * much:
        noise = rng.normal(0, rng.uniform(2, 14), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.5 * much:
        quality = int(rng.integers(8, 60))
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), np.uint8)
    if rng.random() < 0.25 * much:
        # A reflection across it, or a shadow on one side.
        places = np.arange(picture.shape[1])
        centre, width = rng.uniform(0, len(places)), rng.uniform(0.1, 0.5) * len(places)
        band = np.exp(-(((places - centre) / width) ** 2)) * rng.uniform(-70, 90)
        picture = np.asarray(np.clip(picture + band[None], 0, 255), np.uint8)
    if rng.random() < 0.12:
        picture = 255 - picture
    return fit(picture)


def _laid(cut: Cut, rng: Chance, grounds: Sequence[Grey]) -> Grey:
    """A covered cut on a ground, its box drawn tight or loose."""
    assert cut.cover is not None
    rows, columns = cut.tone.shape
    pads = [round(rows * float(rng.uniform(-0.06, 0.3))) for _ in range(4)]
    top, left = max(0, pads[0]), max(0, pads[1])
    size = rows + top + max(0, pads[2]), columns + left + max(0, pads[3])
    level = float(rng.uniform(10, 245))
    ground = _ground(rng, grounds, size, level)
    cover = cut.cover.astype(np.float32) / 255
    tone = cut.tone.astype(np.float32)
    # Drawn letters are of one tone and take any ink; a plate or a logo keeps its own.
    if cover.mean() < 0.75 and float(tone[cover > 0.5].std() if (cover > 0.5).any() else 0) < 12:
        ink = float(rng.uniform(0, 255))
        if abs(ink - level) < _LEAST_CONTRAST:
            ink = level + _LEAST_CONTRAST * (1 if level < 128 else -1) * float(rng.uniform(1, 3))
        tone = np.full_like(tone, ink)
    here = ground[top : top + rows, left : left + columns]
    here[...] = here * (1 - cover) + tone * cover
    cropped = ground[max(0, -pads[0]) :, max(0, -pads[1]) :]
    below, beside = max(0, -pads[2]), max(0, -pads[3])
    cropped = cropped[: cropped.shape[0] - below or None, : cropped.shape[1] - beside or None]
    return np.clip(cropped, 0, 255).astype(np.uint8)


def _ground(
    rng: Chance, grounds: Sequence[Grey], size: tuple[int, int], level: float
) -> NDArray[np.float32]:
    rows, columns = size
    if grounds and rng.random() < 0.4:
        chosen = grounds[int(rng.integers(len(grounds)))]
        plain = cv2.resize(chosen, (columns, rows)).astype(np.float32)
        return np.asarray((plain - plain.mean()) * rng.uniform(0.2, 0.8) + level, np.float32)
    slope = rng.uniform(-25, 25, 2)
    down = np.linspace(-1, 1, rows, dtype=np.float32)[:, None] * np.float32(slope[0])
    across = np.linspace(-1, 1, columns, dtype=np.float32)[None] * np.float32(slope[1])
    return np.asarray(down + across + np.float32(level), np.float32)


def _boxed(cut: Cut, rng: Chance, much: float) -> Grey:
    """A cut from a photograph, its box moved on each side by up to a seventh of its height."""
    x1, y1, x2, y2 = cut.inner
    reach = 0.14 * min(y2 - y1, x2 - x1) * much
    moved = rng.uniform(-reach * 0.6, reach, 4)
    left, top = max(0, round(x1 - moved[0])), max(0, round(y1 - moved[1]))
    right, bottom = round(x2 + moved[2]), round(y2 + moved[3])
    picture = cut.tone[top : max(bottom, top + 4), left : max(right, left + 4)]
    return picture if min(picture.shape) >= 3 else cut.tone


def _turned(picture: Grey, rng: Chance, much: float) -> Grey:
    """Seen askew: each corner moved by up to an eighth of the height, and leant."""
    rows, columns = picture.shape
    reach = 0.13 * rows * much
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    moved = corners + rng.uniform(-reach, reach, (4, 2)).astype(np.float32)
    lean = float(rng.uniform(-0.15, 0.15)) * rows * much
    moved[:2, 0] += lean
    wide = float(rng.uniform(0.75, 1.2))
    moved[:, 0] *= wide
    matrix = cv2.getPerspectiveTransform(corners, moved)
    size = (max(4, round(columns * wide)), rows)
    turned = cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(turned, np.uint8)
