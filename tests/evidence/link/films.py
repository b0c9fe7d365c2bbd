"""Footage for telling copies: drawn scenes, filmed by a camera that moves, and what is done to it.

Frames go straight to the collector of prints, as the two passes would hand them over; only
single pictures are ever encoded.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import cv2
import numpy as np

from detector.footage.frames import thumbnail_size
from detector.known_again.prints import PrintCollector
from detector.types import Frame, Picture, Print
from evidence.link.fingerprint import Fingerprint, HashIndex
from evidence.link.match import CopyMatch, Likenesses, match_hits

Edit = Callable[[Picture], Picture]
SCENE = (960, 540)
SIZE = (320, 180)
RATE = 8


@dataclass(frozen=True)
class Take:
    """A shot of a drawn scene: its seconds, and where the view begins and ends, as middle and
    width in shares of the scene."""

    scene: int
    seconds: Fraction = Fraction(2)
    begin: tuple[float, float, float] = (0.42, 0.5, 0.7)
    end: tuple[float, float, float] = (0.58, 0.5, 0.7)


@lru_cache(maxsize=64)
def scene(seed: int) -> Picture:
    """A picture full of things of all sizes."""
    rng = np.random.default_rng(seed)
    picture = np.full((SCENE[1], SCENE[0], 3), rng.integers(60, 180, 3), np.uint8)
    for size, count in ((260, 6), (150, 12), (80, 24), (40, 40)):
        for _ in range(count):
            x, y = int(rng.integers(0, SCENE[0])), int(rng.integers(0, SCENE[1]))
            w, h = (int(v) for v in rng.integers(size // 3, size, 2))
            colour = [int(v) for v in rng.integers(0, 255, 3)]
            if rng.random() < 0.5:
                cv2.rectangle(picture, (x, y), (x + w, y + h), colour, -1)
            else:
                cv2.ellipse(picture, (x, y), (w // 2, h // 2), 0, 0, 360, colour, -1)
    return picture


def frames(takes: Sequence[Take], edit: Edit | None = None) -> Iterator[tuple[Frame, int]]:
    """Every frame with the number of its shot; the first of each shot is a keyframe."""
    number = 0
    for shot, take in enumerate(takes):
        count = int(take.seconds * RATE)
        for n in range(count):
            share = n / max(1, count - 1)
            view = [a + (b - a) * share for a, b in zip(take.begin, take.end, strict=True)]
            picture = _view(scene(take.scene), *view)
            picture = picture if edit is None else edit(picture)
            yield Frame(Fraction(number, RATE), picture, n == 0), shot
            number += 1


def _view(still: Picture, x: float, y: float, width: float) -> Picture:
    w, h = width * SCENE[0], width * SCENE[1]
    scale = SIZE[0] / w
    matrix = np.array(
        [[scale, 0, -scale * (x * SCENE[0] - w / 2)], [0, scale, -scale * (y * SCENE[1] - h / 2)]]
    )
    flags = cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(still, matrix, SIZE, flags=flags), np.uint8)


def prints(
    takes: Sequence[Take], edit: Edit | None = None, *, dense: bool = True
) -> tuple[Print, ...]:
    """The prints of a film; `dense`: every frame was looked at, not keyframes alone."""
    collector = PrintCollector()
    for frame, _ in frames(takes, edit):
        if frame.keyframe:
            collector.keyframe(frame)
    for frame, shot in frames(takes, edit) if dense else ():
        size = thumbnail_size(*frame.image.shape[1::-1])
        small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
        collector.dense(frame.pts, np.asarray(small, np.uint8), shot)
    return collector.finish()


def film(
    name: str, takes: Sequence[Take], edit: Edit | None = None, *, dense: bool = True
) -> Fingerprint:
    """The fingerprint of a film, under the SHA-256 of its name."""
    length = sum((take.seconds for take in takes), Fraction(0))
    shown = next((frame.image for frame, _ in frames(takes, edit)), None)
    size = None if shown is None else (shown.shape[1], shown.shape[0])
    return Fingerprint.of(sha(name), prints(takes, edit, dense=dense), length, size)


def match(a: Fingerprint, b: Fingerprint) -> CopyMatch | None:
    """What two films have in common, seen from `a`."""
    low, high = sorted((a, b), key=lambda one: one.footage)
    index = HashIndex()
    index.add(0, high.hash[high.fresh])
    found = match_hits(low, high, Likenesses.of(low, index).hits(0, high))
    if found is None or low is a:
        return found
    spans = tuple(span.turned() for span in found.spans)
    shares = {"share_a": found.share_b, "share_b": found.share_a}
    return replace(found, a=found.b, b=found.a, spans=spans, **shares)


def sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def recompressed(picture: Picture) -> Picture:
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def rescaled(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, (220, 124), interpolation=cv2.INTER_AREA), np.uint8)


def cropped(x1: float, y1: float, x2: float, y2: float) -> Edit:
    def edit(picture: Picture) -> Picture:
        h, w = picture.shape[:2]
        kept = picture[round(y1 * h) : round(y2 * h), round(x1 * w) : round(x2 * w)]
        return np.asarray(cv2.resize(kept, (w, h), interpolation=cv2.INTER_LINEAR), np.uint8)

    return edit


def mirrored(picture: Picture) -> Picture:
    return np.ascontiguousarray(picture[:, ::-1])


def in_bars(picture: Picture) -> Picture:
    """In the middle of a 4:3 frame, black above and below."""
    h, w = picture.shape[:2]
    frame = np.zeros((w * 3 // 4, w, 3), np.uint8)
    top = (len(frame) - h) // 2
    frame[top : top + h] = picture
    return frame


def upright_blurred(picture: Picture) -> Picture:
    """In the middle of a 9:16 frame, before itself, enlarged and blurred."""
    w, h = 180, 320
    tall = cv2.resize(picture, (round(h * 16 / 9), h), interpolation=cv2.INTER_LINEAR)
    left = (tall.shape[1] - w) // 2
    frame = np.asarray(cv2.GaussianBlur(tall[:, left : left + w], (0, 0), 9), np.uint8)
    small = cv2.resize(picture, (w, round(w * 9 / 16)), interpolation=cv2.INTER_AREA)
    top = (h - len(small)) // 2
    frame[top : top + len(small)] = small
    return frame


def captioned(picture: Picture) -> Picture:
    """With a strap over the lower part and a bug in a corner."""
    h, w = picture.shape[:2]
    picture = picture.copy()
    picture[round(0.78 * h) : round(0.92 * h), round(0.05 * w) : round(0.8 * w)] = (170, 20, 30)
    picture[round(0.82 * h) : round(0.87 * h), round(0.08 * w) : round(0.6 * w)] = 250
    picture[round(0.06 * h) : round(0.12 * h), round(0.86 * w) : round(0.94 * w)] = 250
    return picture


def one_after_another(*edits: Edit) -> Edit:
    def edit(picture: Picture) -> Picture:
        for one in edits:
            picture = one(picture)
        return picture

    return edit
