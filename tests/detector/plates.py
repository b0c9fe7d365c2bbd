"""Plates drawn on a machine's sheet metal, worn as a camera would (`datasets.maker.degrade`)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from datasets.maker.broadcast import wear
from datasets.maker.canvas import Picture
from datasets.maker.lettering import Lettering, draw_lettering


def draw_plate(lines: Sequence[str], height: int, rng: np.random.Generator) -> Picture:
    """A plate on sheet metal, RGB, its letters `height` pixels high."""
    dark = bool(rng.random() < 0.3)
    ink, ground = ((235, 235, 230), (40, 48, 70)) if dark else ((25, 27, 32), (205, 207, 204))
    weight = float(rng.uniform(0.0, 0.05))
    style = Lettering(ink, serif=bool(rng.random() < 0.2), weight=weight)
    cuts = [draw_lettering(line, style, height) for line in lines]
    pad, gap = 2 * height, round(0.7 * height)
    inner_height = sum(cut.shape[0] for cut in cuts) + gap * (len(cuts) - 1)
    size = (inner_height + 2 * pad, max(cut.shape[1] for cut in cuts) + 2 * pad)
    plate = np.full((*size, 3), ground, np.uint8)
    y = pad
    for cut in cuts:
        rows, columns = cut.shape[:2]
        here = plate[y : y + rows, pad : pad + columns]
        cover = cut[..., 3:].astype(np.float32) / 255
        here[...] = (here * (1 - cover) + cut[..., :3] * cover).astype(np.uint8)
        y += rows + gap
    metal = np.full((size[0] + 80, size[1] + 80, 3), (150, 156, 150), np.uint8)
    metal[40:-40, 40:-40] = plate
    return wear(metal, rng)
