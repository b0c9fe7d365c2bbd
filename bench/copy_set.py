"""Generated clips, copies of them of every kind, and clips that only look alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from datasets.maker import (
    ClipSpec,
    Encoding,
    Overlay,
    Scene,
    ShotSpec,
    View,
    draw_scene,
    encode,
    make_clip,
    random_scene,
)
from datasets.maker.canvas import Picture
from datasets.maker.copies import Part, Placed, make_copy
from datasets.maker.marks import BUGS, CAPTIONS

SIZE = (480, 270)
RATE = Fraction(12)
SHOTS = 4
SECONDS = Fraction(2)
ROOM = 1.4  # still over frame: what is left to pan over

Expected = Literal["copy", "shots", "none"]

KINDS: dict[str, set[str]] = {
    "recompressed, H.264 crf 33": {"recompressed"},
    "recompressed, MPEG-4": {"recompressed"},
    "rescaled to 180 lines": {"rescaled"},
    "cropped by 5 %": {"cropped"},
    "cropped by 15 %": {"cropped"},
    "cropped by 30 %": {"cropped"},
    "letterboxed, 4:3": {"letterboxed"},
    "in a window of 80 %": {"letterboxed"},
    "9:16, black bars": {"letterboxed"},
    "9:16, blurred bars": {"letterboxed"},
    "9:16, cut to its middle": {"cropped"},
    "mirrored": {"mirrored"},
    "captioned anew": {"recaptioned"},
    "excerpt of 3 s": {"recompressed"},
    "compilation": {"recompressed"},
    "mirrored, cropped by 15 %, captioned": {"mirrored", "cropped"},
    "mirrored excerpt, 9:16, blurred bars, captioned": {"mirrored", "letterboxed", "recaptioned"},
    "12 to 15 frames a second": {"recompressed"},
}
"""The kinds of copies, and what should be said to have been done to the picture."""


@dataclass(frozen=True)
class Case:
    """A clip, the original it is held against, what was done, and whether it is a copy of it.

    `shots`: a shot or two are shared and nothing else. placed: where what it shares with
    originals lies.
    """

    path: Path
    original: Path
    kind: str
    expected: Expected
    placed: tuple[Placed, ...] = ()


def build(folder: Path, originals: int, seed: int = 0) -> list[Case]:
    """Originals, drawn into `folder`, and all cases made of them."""
    folder.mkdir(parents=True, exist_ok=True)
    specs = [_spec(seed, n) for n in range(originals)]
    paths = [folder / f"o{n:02d}.mp4" for n in range(originals)]
    for path, spec in zip(paths, specs, strict=True):
        if not path.exists():
            make_clip(path, spec)
    cases: list[Case] = []
    for n in range(originals):
        other = paths[(n + 1) % originals]
        cases += copies_of(folder, paths[n], other, seed, n)
        cases += lookalikes(folder, paths[n], specs[n], seed, n)
        cases += studio(folder, seed, n)
        cases += test_card(folder, seed, n)
    return cases


def shared_seconds(cases: Sequence[Case], a: Path, b: Path) -> float:
    """Seconds of the longest stretch of one original that both clips truly show."""
    held = {case.path: case.placed for case in cases}
    longest = Fraction(0)
    for one in held.get(a) or (_itself(a),):
        for other in held.get(b) or (_itself(b),):
            if one.source == other.source:
                common = min(one.end, other.end) - max(one.start, other.start)
                longest = max(longest, common)
    return float(longest)


def _itself(path: Path) -> Placed:
    return Placed(path, Fraction(0), SHOTS * SECONDS, Fraction(0), (1.0, 0.0, 1.0, 0.0))


def _spec(seed: int, number: int) -> ClipSpec:
    rng = np.random.default_rng((seed, 30, number))
    shots = tuple(_shot(_hall(rng), rng) for _ in range(SHOTS))
    return ClipSpec(shots, _overlay(number), (_first(rng),), seed=number)


def _overlay(number: int) -> Overlay:
    """Every second clip is of one channel, with its bug and strap; every fourth has none."""
    if number % 4 == 3:
        return Overlay()
    bug = BUGS[0] if number % 2 == 0 else BUGS[1 + number % (len(BUGS) - 1)]
    return Overlay(bug=bug, caption=CAPTIONS[number % len(CAPTIONS)] if number % 3 else None)


def _hall(rng: np.random.Generator) -> Scene:
    still = (round(SIZE[0] * ROOM), round(SIZE[1] * ROOM))
    return random_scene(int(rng.integers(2**31)), still, setting="hall")


def _shot(scene: Scene, rng: np.random.Generator) -> ShotSpec:
    """A slow pan or zoom; every third shot stands still."""
    x, y = (float(v) for v in rng.uniform(0.42, 0.58, 2))
    width = float(rng.uniform(0.7, 0.9))
    begin = View(x, y, width)
    if rng.random() < 0.33:
        return ShotSpec(scene, SECONDS, begin, begin)
    turn = float(rng.choice((-1.0, 1.0)) * rng.uniform(0.03, 0.1))
    return ShotSpec(
        scene, SECONDS, View(x - turn, y, width), View(x + turn, y, width * rng.uniform(0.9, 1.1))
    )


def _first(rng: np.random.Generator) -> Encoding:
    return Encoding(
        size=SIZE, rate=RATE, crf=int(rng.integers(18, 26)), gop=int(rng.integers(10, 30))
    )


def copies_of(folder: Path, source: Path, other: Path, seed: int, number: int) -> Iterator[Case]:
    """One copy of every kind, and some of several at once."""
    rng = np.random.default_rng((seed, 31, number))
    whole = Part(source)
    again = Encoding(size=SIZE, rate=RATE, crf=33, gop=36)
    tall = replace(again, size=(270, 480), crf=28)
    caption = Overlay(bug="КАНАЛ 9", caption=("АРХИВ", "Оборудование прибыло на завод"))
    left, top = (float(v) for v in rng.uniform(0.0, 1.0, 2))

    def kept(share: float) -> tuple[float, float, float, float]:
        x, y = left * share, top * share
        return x, y, x + 1 - share, y + 1 - share

    begin = Fraction(int(rng.integers(8, 26)), 10)
    cut = replace(whole, start=begin, end=begin + 3)
    plans: dict[str, tuple[tuple[Part, ...], Encoding, Overlay | None]] = {
        "recompressed, H.264 crf 33": ((whole,), again, None),
        "recompressed, MPEG-4": ((whole,), replace(again, codec="mpeg4", crf=40), None),
        "rescaled to 180 lines": ((whole,), replace(again, size=(320, 180)), None),
        "cropped by 5 %": ((replace(whole, crop=kept(0.05)),), again, None),
        "cropped by 15 %": ((replace(whole, crop=kept(0.15)),), again, None),
        "cropped by 30 %": ((replace(whole, crop=kept(0.30)),), again, None),
        "letterboxed, 4:3": ((whole,), replace(again, size=(360, 270)), None),
        "in a window of 80 %": ((replace(whole, fill=0.8),), again, None),
        "9:16, black bars": ((whole,), tall, None),
        "9:16, blurred bars": ((replace(whole, bars="blurred"),), tall, None),
        "9:16, cut to its middle": ((replace(whole, crop=(0.342, 0, 0.658, 1)),), tall, None),
        "mirrored": ((replace(whole, mirrored=True),), again, None),
        "captioned anew": ((whole,), again, caption),
        "excerpt of 3 s": ((cut,), again, None),
        "compilation": (
            (Part(other, end=Fraction(2)), cut, Part(other, start=Fraction(4))),
            again,
            None,
        ),
        "mirrored, cropped by 15 %, captioned": (
            (replace(whole, crop=kept(0.15), mirrored=True),),
            again,
            caption,
        ),
        "mirrored excerpt, 9:16, blurred bars, captioned": (
            (replace(cut, mirrored=True, bars="blurred"),),
            tall,
            caption,
        ),
        "12 to 15 frames a second": ((whole,), replace(again, rate=Fraction(15)), None),
    }
    for place, (kind, (parts, how, overlay)) in enumerate(plans.items()):
        path = folder / f"{source.stem}-c{place:02d}.mp4"
        placed = make_copy(path, parts, how, overlay)
        yield Case(path, source, kind, "copy", placed)


def lookalikes(
    folder: Path, source: Path, spec: ClipSpec, seed: int, number: int
) -> Iterator[Case]:
    """Clips that share much with an original and are no copies of it."""
    rng = np.random.default_rng((seed, 32, number))
    fresh = [_shot(_hall(rng), rng) for _ in range(2 * SHOTS - 1)]
    plans: dict[str, tuple[ClipSpec, Expected]] = {
        "same scenes, other camera move": (
            replace(spec, shots=tuple(_shot(shot.scene, rng) for shot in spec.shots[::-1])),
            "none",
        ),
        "same halls, camera elsewhere": (
            replace(spec, shots=tuple(replace(s, scene=_moved(s.scene, rng)) for s in spec.shots)),
            "none",
        ),
        "same places, other machines": (
            replace(
                spec, shots=tuple(replace(s, scene=_refitted(s.scene, rng)) for s in spec.shots)
            ),
            "none",
        ),
        "same channel's layer": (replace(spec, shots=tuple(fresh[:SHOTS])), "none"),
        "same intro": (replace(spec, shots=(spec.shots[0], *fresh[SHOTS:])), "shots"),
    }
    for place, (kind, (made, expected)) in enumerate(plans.items()):
        path = folder / f"{source.stem}-n{place:02d}.mp4"
        if not path.exists():
            make_clip(path, replace(made, seed=1000 + number))
        shared = Placed(source, Fraction(0), SECONDS, Fraction(0), (1.0, 0.0, 1.0, 0.0))
        yield Case(path, source, kind, expected, (shared,) if expected == "shots" else ())


def studio(folder: Path, seed: int, number: int) -> Iterator[Case]:
    """One studio and a camera that never moves; another guest, and the same on another day."""
    rng = np.random.default_rng((seed, 33, number))
    room = draw_scene(random_scene(int(rng.integers(2**31)), SIZE, setting="hall"))[0]
    takes = {"first": (0, 0), "guest": (1, 1), "words": (0, 2)}
    paths = {name: folder / f"t{number:02d}-{name}.mp4" for name in takes}
    for name, (guest, words) in takes.items():
        frames = _talk(room, (seed, 34, number, guest), (seed, 35, number, words))
        encode(paths[name], frames, Encoding(size=SIZE, rate=RATE))
    yield Case(paths["guest"], paths["first"], "same studio, another guest", "none")
    yield Case(paths["words"], paths["first"], "same studio and guest, other words", "none")


def _talk(
    room: Picture, guest: tuple[int, ...], words: tuple[int, ...]
) -> Iterator[tuple[int, Picture]]:
    """Somebody who sits, sways and waves a hand before a room."""
    looks, moves = np.random.default_rng(guest), np.random.default_rng(words)
    w, h = SIZE
    coat, skin, hair = ([int(v) for v in looks.integers(30, 230, 3)] for _ in range(3))
    seat = w * float(looks.uniform(0.3, 0.7))
    shoulders = h * float(looks.uniform(0.28, 0.36))
    phase, pace = moves.uniform(0, 6, 3), moves.uniform(0.6, 1.6, 3)
    for number in range(6 * int(RATE)):
        sway, nod, wave = np.sin(phase + pace * number / float(RATE))
        picture = room.copy()
        x, y = round(seat + 0.03 * w * sway), round(0.4 * h + 0.01 * h * nod)
        size = round(0.14 * h)
        cv2.ellipse(picture, (x, h), (round(shoulders), round(0.5 * h)), 0, 180, 360, coat, -1)
        cv2.circle(picture, (x, y - size // 4), round(1.15 * size), hair, -1)
        cv2.ellipse(picture, (x, y), (round(0.8 * size), size), 0, 0, 360, skin, -1)
        hand = (round(x + shoulders * (0.6 + 0.3 * wave)), round(h * (0.8 - 0.12 * wave)))
        cv2.circle(picture, hand, size // 2, skin, -1)
        yield number, picture


def test_card(folder: Path, seed: int, number: int) -> Iterator[Case]:
    """Black, a test card, black, and then footage of their own."""
    rng = np.random.default_rng((seed, 36, number))
    paths = [folder / f"b{number:02d}-{n}.mp4" for n in range(2)]
    for path in paths:
        still = draw_scene(random_scene(int(rng.integers(2**31)), SIZE, setting="hall"))[0]
        black = np.zeros_like(still)
        pictures = [black] * 20 + [_bars()] * 36 + [black] * 10 + [still] * 36
        encode(path, enumerate(pictures), Encoding(size=SIZE, rate=RATE))
    yield Case(paths[1], paths[0], "same test card and black", "none")


def _bars() -> Picture:
    """EBU colour bars, 100/0/75/0."""
    columns = np.array(
        [(1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0)]
    )
    colours = columns * 191
    colours[0] = 255
    wide = np.repeat(colours, SIZE[0] // len(columns), axis=0).astype(np.uint8)
    return np.tile(wide, (SIZE[1], 1, 1))


def _moved(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same hall from a step or two to the side, looking a little elsewhere."""
    home = scene.camera
    position = home.position + np.array([rng.choice((-1.0, 1.0)) * rng.uniform(0.4, 1.2), 0, 0])
    camera = replace(home, position=position, yaw=home.yaw + float(rng.uniform(-0.08, 0.08)))
    return replace(scene, camera=camera, settled=home)


def _refitted(scene: Scene, rng: np.random.Generator) -> Scene:
    """The same hall from the same place, with other machines in it."""
    drawn = random_scene(int(rng.integers(2**31)), scene.camera.size, setting="hall")
    return replace(drawn, camera=scene.camera, half_width=scene.half_width, depth=scene.depth)
