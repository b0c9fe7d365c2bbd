"""A builder that nobody knows, its logo, and a drawn machine that bears it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from datasets.maker.lettering import BUILDER_MARKS
from datasets.maker.machine import random_machine
from datasets.maker.scene import draw_scene, random_scene
from detector.types import Picture

ENTRY = """- id: veltranix
  name: Veltranix
  type: builder
  origin: DE
  wordmarks: [{text: VELTRANIX, script: latin}]
  series: [KX 250]
  confidence: medium
"""
MAZAK = next(mark for mark in BUILDER_MARKS if mark.text == "MAZAK")
SEED = 53
"""Of a machine whose mark and series stand large and whole in the picture."""


def draw_logo() -> Picture:
    """A ring and three wedges, as no letters are."""
    picture = np.full((120, 300, 3), 245, np.uint8)
    cv2.circle(picture, (60, 60), 48, (180, 30, 30), 12)
    for left in (130, 185, 240):
        wedge = np.array([[left, 20], [left + 40, 20], [left + 20, 100]])
        cv2.fillConvexPoly(picture, wedge, (25, 30, 110))
    return picture


def write_registry(folder: Path, *, logo: bool = True) -> Path:
    """A registry file with the builder, and the picture that it names."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logos").mkdir(exist_ok=True)
    Image.fromarray(draw_logo()).save(folder / "logos" / "veltranix.png")
    file = folder / "mine.yaml"
    file.write_text(ENTRY + ("  logo: logos/veltranix.png\n" if logo else ""), "utf-8")
    return file


def draw_machine(path: Path) -> Path:
    """A photograph of a machine that bears the logo and KX 250 where its own marks were."""
    bare = random_machine(np.random.default_rng(SEED), variant="marked", mark=MAZAK)
    scene = random_scene(SEED, (1792, 1008), machines=[bare], setting="hall")
    drawn, truth = draw_scene(replace(scene, clear=True))
    picture = drawn.copy()
    for mark in truth.marks:
        if mark.role == "control":
            continue
        x1, y1, x2, y2 = map(int, mark.box)
        above = picture[y1 - 14 : y1 - 6, x1:x2].reshape(-1, 3)
        picture[y1 - 6 : y2 + 6, x1 - 6 : x2 + 6] = np.median(above, axis=0)
        if mark.role == "builder":
            height = y2 - y1 + 10
            width = int(2.5 * height)
            small = cv2.resize(draw_logo(), (width, height), interpolation=cv2.INTER_AREA)
            picture[y1 - 5 : y1 - 5 + height, x1 + 20 : x1 + 20 + width] = small
        else:
            at, face = (x1 + 6, y2 - 4), cv2.FONT_HERSHEY_DUPLEX
            cv2.putText(picture, "KX 250", at, face, 1.1, (30, 30, 30), 2, cv2.LINE_AA)
    Image.fromarray(picture).save(path)
    return path
