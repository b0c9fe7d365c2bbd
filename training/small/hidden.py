"""What the network for hidden marks learns from: photographs with parts that are hidden by hand.

Marks and other places are pixelated or smeared as broadcasters do, in rectangles, ellipses and
rounded shapes, with hard and soft borders. Then the whole is worn: scaled, shaken, noisy, darkened,
compressed. A quarter of the pictures are soft in half of them, as if out of focus: nothing is
hidden there. Where hiding changed next to nothing nobody is asked.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from datasets.photographs.annotations import Box, read_photographs, split_folder
from detector.read.concealment import CELL
from detector.types import Picture
from training.evaluate.evaluation import open_picture
from training.export import write_traced
from training.fit import Batch, Step, TrainingPlan, fit
from training.vendor import every_instruction, has_bfloat16, open_torch

PATCH = 192
"""Side of what is learnt from, pixels."""
LONGEST = 1400
"""Longer side of a photograph, pixels: larger ones are made smaller."""
LEAST_MARK = 14
"""Shorter side of a mark that is hidden, pixels."""
HIDDEN = 0.42
"""Share of the patches in which something is hidden."""
TELLING = 4.0
"""Grey levels that hiding must change a place by on average: a bare sheet stays what it was."""

Cells = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Ground:
    """A photograph, RGB, and the marks in it, in its pixels."""

    picture: Picture
    marks: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """A part (PATCH, PATCH, 3), which of its cells are hidden, 0 or 1, and what each counts."""

    picture: Picture
    hidden: Cells
    weight: Cells


def read_grounds(data: Path, split: str) -> list[Ground]:
    """The photographs of a split that are large enough.

    Raises:
        DataError: a picture or its annotations cannot be read.
    """
    found = []
    for photograph in read_photographs(split_folder(data, split)):
        picture = open_picture(photograph)
        scale = min(1.0, LONGEST / max(picture.shape[:2]))
        if scale < 1:
            picture = _scaled(picture, scale)
        if min(picture.shape[:2]) < PATCH // 2:
            continue
        boxes = [(a * scale, b * scale, c * scale, d * scale) for a, b, c, d in
                 (mark.box for mark in photograph.marks)]  # fmt: skip
        large = [box for box in boxes if min(box[2] - box[0], box[3] - box[1]) >= LEAST_MARK]
        found.append(Ground(picture, tuple(large)))
    return found


def draw_patch(rng: np.random.Generator, grounds: Sequence[Ground]) -> Patch:
    """A part of one of the photographs, something of it hidden or not."""
    ground = grounds[int(rng.integers(len(grounds)))]
    rows, columns = ground.picture.shape[:2]
    scale = float(np.exp(rng.uniform(np.log(0.35), np.log(1.15))))
    scale = max(scale, (PATCH + 1) / min(rows, columns))
    at: Box | None = None
    if ground.marks and rng.random() < 0.7:
        x1, y1, x2, y2 = (scale * v for v in ground.marks[int(rng.integers(len(ground.marks)))])
        at = (x1, y1, x2, y2)
        x, y = (x1 + x2) / 2 + rng.uniform(-70, 70), (y1 + y2) / 2 + rng.uniform(-70, 70)
    else:
        x, y = rng.uniform(0, scale * columns), rng.uniform(0, scale * rows)
    left = int(np.clip(x - PATCH / 2, 0, scale * columns - PATCH))
    top = int(np.clip(y - PATCH / 2, 0, scale * rows - PATCH))
    part = ground.picture[
        int(top / scale) : int((top + PATCH) / scale) + 1,
        int(left / scale) : int((left + PATCH) / scale) + 1,
    ]
    picture = _resized(part, PATCH, PATCH, cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    if rng.random() < 0.25:
        picture = _soft_in_half(rng, picture)
    hidden, weight = np.zeros((2, PATCH, PATCH), np.float32)
    weight[:] = 1
    if rng.random() < HIDDEN:
        box = None if at is None else (at[0] - left, at[1] - top, at[2] - left, at[3] - top)
        for place in [box, None] if rng.random() < 0.25 else [box]:
            picture = _hide(rng, picture, place, hidden, weight)
    picture = _wear(rng, picture)
    if rng.random() < 0.5:
        picture, hidden, weight = picture[:, ::-1], hidden[:, ::-1], weight[:, ::-1]
    if rng.random() < 0.5:
        picture = picture[:, :, ::-1]
    share, counted = _cells(hidden), _cells(weight)
    # A border runs through a cell: which side it is on matters little.
    counted = np.where((share > 0.15) & (share < 0.85), 0.2, 1.0) * (counted > 0.5)
    return Patch(
        np.ascontiguousarray(picture), (share > 0.5).astype(np.float32), counted.astype(np.float32)
    )


def _hide(
    rng: np.random.Generator, picture: Picture, mark: Box | None, hidden: Cells, weight: Cells
) -> Picture:
    """The picture with a mark, or any place, hidden; marked so in `hidden`, or not in `weight`."""
    if mark is not None:
        size = mark[3] - mark[1]
        spare = rng.uniform(0, 0.5) * size
        place = (mark[0] - spare, mark[1] - spare, mark[2] + spare, mark[3] + spare)
    else:
        size = rng.uniform(14, 60)
        height = size * rng.uniform(1, 1.6)
        width = min(170.0, height * rng.uniform(0.8, 5))
        x, y = rng.uniform(10, PATCH - 10, 2)
        place = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    x1, y1, x2, y2 = (int(np.clip(v, 0, PATCH)) for v in place)
    if min(x2 - x1, y2 - y1) < 12:
        return picture
    before = picture[y1:y2, x1:x2].copy()
    smeared = hide(rng, picture, (x1, y1, x2, y2), min(size, 110.0))
    shape = _shape(rng, y2 - y1, x2 - x1)
    soft = cv2.GaussianBlur(shape, (0, 0), rng.uniform(0.5, 4)) if rng.random() < 0.35 else shape
    after = (before * (1 - soft[..., None]) + smeared * soft[..., None]).astype(np.uint8)
    picture = picture.copy()
    picture[y1:y2, x1:x2] = after
    changed = np.abs(after.astype(np.float32) - before)[shape > 0]
    if changed.size and float(changed.mean()) > TELLING:
        hidden[y1:y2, x1:x2] = np.maximum(hidden[y1:y2, x1:x2], shape)
    else:
        weight[y1:y2, x1:x2] = 0
    return picture


def hide(
    rng: np.random.Generator, picture: Picture, box: tuple[int, int, int, int], size: float
) -> Picture:
    """What a box of a picture looks like pixelated or smeared.

    Args:
        picture: (height, width, 3).
        box: in whole pixels of it.
        size: height of what is to be made unreadable, pixels.
    """
    x1, y1, x2, y2 = box
    width, height = x2 - x1, y2 - y1
    if rng.random() < 0.5:
        block = max(3.0, size * rng.uniform(0.12, 0.5))
        how = cv2.INTER_AREA if rng.random() < 0.7 else cv2.INTER_NEAREST
        few = _resized(
            picture[y1:y2, x1:x2], max(1, round(width / block)), max(1, round(height / block)), how
        )
        return _resized(few, width, height, cv2.INTER_NEAREST)
    sigma = max(2.2, size * rng.uniform(0.16, 0.75))
    reach = int(3 * sigma) + 1
    top, left = max(0, y1 - reach), max(0, x1 - reach)
    part = picture[top : y2 + reach, left : x2 + reach]
    way = rng.random()
    if way < 0.6:
        part = cv2.GaussianBlur(part, (0, 0), sigma).astype(np.uint8)
    elif way < 0.85:
        side = int(2 * sigma) | 1
        for _ in range(int(rng.integers(1, 4))):
            part = cv2.blur(part, (side, side)).astype(np.uint8)
    else:
        rows, columns = part.shape[:2]
        few = _resized(
            part, max(1, int(columns / sigma)), max(1, int(rows / sigma)), cv2.INTER_AREA
        )
        way_back = cv2.INTER_LINEAR if rng.random() < 0.5 else cv2.INTER_CUBIC
        part = _resized(few, columns, rows, way_back)
    return part[y1 - top : y1 - top + height, x1 - left : x1 - left + width]


def _shape(rng: np.random.Generator, rows: int, columns: int) -> Cells:
    """A rectangle, an ellipse, or a rectangle without its corners: (rows, columns), 0 or 1."""
    which = rng.random()
    if which < 0.6:
        return np.ones((rows, columns), np.float32)
    shape = np.zeros((rows, columns), np.float32)
    if which < 0.85:
        middle, half = (columns // 2, rows // 2), (max(1, columns // 2), max(1, rows // 2))
        cv2.ellipse(shape, middle, half, 0, 0, 360, 1, -1)
    else:
        corner = int(0.3 * min(rows, columns))
        cv2.rectangle(shape, (corner, 0), (columns - corner, rows), 1, -1)
        cv2.rectangle(shape, (0, corner), (columns, rows - corner), 1, -1)
    return shape


def _soft_in_half(rng: np.random.Generator, picture: Picture) -> Picture:
    """Out of focus on one side of a line, the other sharp; in between both are mixed."""
    turn, away = rng.uniform(0, 2 * np.pi), rng.uniform(-60, 60)
    y, x = np.mgrid[:PATCH, :PATCH].astype(np.float32) - PATCH / 2
    beyond = x * np.cos(turn) + y * np.sin(turn) - away
    mixed = np.clip(beyond / rng.choice([30, 90]) + 0.5, 0, 1)[..., None]
    soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(1, 5))
    return np.asarray(picture * (1 - mixed) + soft * mixed, np.uint8)


def _wear(rng: np.random.Generator, picture: Picture) -> Picture:
    rows, columns = picture.shape[:2]
    if rng.random() < 0.35:
        scale = rng.uniform(0.5, 0.95)
        less = _resized(picture, int(columns * scale), int(rows * scale), cv2.INTER_AREA)
        picture = _resized(less, columns, rows, cv2.INTER_LINEAR)
    if rng.random() < 0.2:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.3)).astype(np.uint8)
    if rng.random() < 0.15:
        reach = int(rng.integers(3, 8))
        shaken = np.zeros((reach, reach), np.float32)
        shaken[reach // 2] = 1 / reach
        picture = cv2.filter2D(picture, -1, shaken if rng.random() < 0.7 else shaken.T).astype(
            np.uint8
        )
    if rng.random() < 0.2:
        noise = rng.normal(0, rng.uniform(1, 6), picture.shape)
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        lit, lifted = rng.uniform(0.6, 1.25), rng.uniform(-25, 25)
        picture = np.clip(picture * lit + lifted, 0, 255).astype(np.uint8)
    if rng.random() < 0.85:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))]
        packed = cv2.imencode(".jpg", picture, quality)[1]
        picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    if rng.random() < 0.1:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    return np.asarray(picture, np.uint8)


def _cells(pixels: Cells) -> Cells:
    side = PATCH // CELL
    return np.asarray(
        np.ascontiguousarray(pixels).reshape(side, CELL, side, CELL).mean((1, 3)), np.float32
    )


def _scaled(picture: Picture, scale: float) -> Picture:
    rows, columns = picture.shape[:2]
    return _resized(picture, round(columns * scale), round(rows * scale), cv2.INTER_AREA)


def _resized(picture: Picture, columns: int, rows: int, how: int) -> Picture:
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=how), np.uint8)


BATCH, RATE, DECAY = 16, 2e-3, 0.02
WIDTH = 32
"""Channels of the network, which has 89,000 weights."""
DILATIONS = (1, 2, 4, 8)
"""How far its layers look: some 80 pixels each way, more than most marks are high."""


def main() -> None:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    asked.add_argument("data", type=Path)
    asked.add_argument("out", type=Path)
    asked.add_argument("--steps", type=int, default=6000)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with every_instruction():
        network = teach(read_grounds(given.data, "train"), given.steps, given.seed, given.out)
    export(network, given.out, {"steps": given.steps, "seed": given.seed})


def build_network() -> Any:
    """In torch: (n, 3, rows, columns) in 0..1 to logits (n, rows / 4, columns / 4)."""
    torch = open_torch()
    nn = torch.nn

    def convolution(taken: int, given: int, side: int, stride: int = 1, apart: int = 1) -> Any:
        pad = apart if side == 3 else 1
        return nn.Sequential(
            nn.Conv2d(taken, given, side, stride, pad, apart, bias=False), nn.BatchNorm2d(given)
        )

    class Looking(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, apart: int) -> None:
            super().__init__()
            self.far, self.near = (
                convolution(WIDTH, WIDTH, 3, apart=apart),
                convolution(WIDTH, WIDTH, 3),
            )

        def forward(self, seen: Any) -> Any:
            return torch.relu(seen + self.near(torch.relu(self.far(seen))))

    class Hidden(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Sequential(
                nn.PixelUnshuffle(2), convolution(12, 24, 3), nn.ReLU(),
                convolution(24, WIDTH, 4, stride=2), nn.ReLU(),
            )  # fmt: skip
            self.body = nn.Sequential(*map(Looking, DILATIONS))
            self.head = nn.Conv2d(WIDTH, 1, 1)
            nn.init.constant_(self.head.bias, -3.0)

        def forward(self, pictures: Any) -> Any:
            return self.head(self.body(self.stem(pictures)))[:, 0]

    return Hidden()


def teach(grounds: Sequence[Ground], steps: int, seed: int, out: Path) -> Any:
    """The network after so many steps; stopped, the same call goes on from `out`/checkpoint.pt.

    Its loss is cross entropy and, since hidden cells are few, how little what it finds and what is
    hidden overlap (Dice; Milletari and others, "V-Net", 2016).
    """
    torch = open_torch()
    torch.manual_seed(seed)
    cv2.setNumThreads(1)

    def batch_at(step: int, share: float) -> Batch:
        numbers = range(step * BATCH, (step + 1) * BATCH)
        drawn = [draw_patch(np.random.default_rng([seed, number]), grounds) for number in numbers]
        parts = zip(*((patch.picture, patch.hidden, patch.weight) for patch in drawn), strict=True)
        return BATCH, [torch.from_numpy(np.stack(part)) for part in parts]

    def loss_of(network: Any, content: Any) -> tuple[Any, dict[str, float]]:
        pictures, hidden, weight = content
        shown = pictures.permute(0, 3, 1, 2).float().div_(255)
        logits = network(shown.contiguous(memory_format=torch.channels_last)).float()
        entropy = torch.nn.functional.binary_cross_entropy_with_logits(
            logits, hidden, reduction="none"
        )
        chance, wanted = logits.sigmoid() * weight, hidden * weight
        apart = 1 - (2 * (chance * wanted).sum() + 50) / ((chance + wanted).sum() + 50)
        entropy = (entropy * weight).mean()
        return 4 * entropy + 0.5 * apart, {"entropy": float(entropy.detach())}

    def show(step: Step) -> None:
        if step.samples % (100 * BATCH) == 0:
            left = step.seconds_left / 60
            print(f"{step.samples}/{step.of}, loss {step.loss:.4f}, {left:.0f} minutes left")

    plan = TrainingPlan(steps * BATCH, RATE, seed, DECAY, bfloat16=has_bfloat16(torch, "cpu"))
    network = build_network()
    return fit(network, loss_of, batch_at, plan, out / "checkpoint.pt", progress=show)


def export(network: Any, out: Path, asked: dict[str, int]) -> None:
    """Writes hidden.xml, hidden.bin and hidden.json: chances of pictures of any size."""
    torch = open_torch()
    example = torch.zeros((1, 3, PATCH, PATCH))
    head = torch.nn.Sequential(network, torch.nn.Sigmoid()).eval()
    write_traced(head, out / "hidden.xml", example, (1, 3, -1, -1), asked)


if __name__ == "__main__":
    main()
