"""A machine tool before it is drawn: its kind, size, livery and what is written on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from datasets.maker.lettering import Colour, Lettering, random_lettering
from datasets.maker.marks import (
    COMMON_SERIES,
    COMMON_SERIES_CYRILLIC,
    CONTROL_BADGES,
    SERIES,
    BuilderMark,
    Script,
)
from datasets.maker.sheetmetal import Cover

Kind = Literal["mill", "lathe", "cell"]
Variant = Literal["marked", "unknown", "concealed", "control-only"]
Pattern = Literal["plain", "door", "lower", "left", "slant", "band"]
Badge = tuple[str, str, Script, Colour, Colour]

_KINDS: tuple[Kind, ...] = ("mill", "lathe", "cell")
_PATTERNS: tuple[Pattern, ...] = ("plain", "door", "lower", "left", "slant", "band")
_COVERS: tuple[Cover, ...] = ("tape", "sticker", "mosaic", "blur")
# Body, accent, dark parts: liveries as they are seen on shop floors.
LIVERIES: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((222, 222, 216), (84, 88, 94), (62, 65, 70)),
    ((228, 228, 224), (178, 32, 44), (58, 60, 64)),
    ((226, 228, 228), (28, 84, 160), (52, 58, 70)),
    ((214, 208, 188), (120, 132, 120), (84, 92, 88)),
    ((60, 64, 70), (196, 200, 202), (38, 40, 44)),
    ((44, 46, 50), (226, 226, 222), (30, 31, 34)),
    ((232, 232, 226), (238, 200, 40), (66, 70, 76)),
    ((150, 176, 168), (92, 118, 112), (70, 84, 82)),
    ((128, 148, 178), (222, 222, 214), (66, 84, 120)),
    ((216, 220, 218), (30, 120, 104), (60, 72, 72)),
    ((232, 232, 232), (236, 124, 30), (50, 52, 56)),
    ((136, 24, 44), (222, 220, 214), (44, 44, 48)),
    ((196, 204, 208), (40, 60, 120), (40, 48, 66)),
    ((120, 150, 120), (180, 190, 170), (70, 90, 74)),
)


@dataclass(frozen=True, slots=True)
class MachineSpec:
    """All that decides how one machine looks. Sizes in metres; `seed` settles the details."""

    kind: Kind
    size: tuple[float, float, float]
    body: Colour
    accent: Colour
    dark: Colour
    pattern: Pattern
    variant: Variant
    mark: BuilderMark | None
    mark_style: Lettering
    series: str | None
    series_style: Lettering
    badge: Badge | None
    cover: Cover
    pendant: bool
    tower: bool
    column: bool
    conveyor: bool
    seed: int


def script_of(text: str) -> Script:
    """The script a text is written in, by its first telling letter."""
    if any("一" <= c <= "鿿" for c in text):
        return "han"
    return "cyrillic" if any("А" <= c <= "я" for c in text) else "latin"


def random_machine(
    rng: np.random.Generator,
    marks: Sequence[BuilderMark],
    *,
    variant: Variant | None = None,
    mark: BuilderMark | None = None,
    kind: Kind | None = None,
) -> MachineSpec:
    """A machine drawn at random; what is given is kept."""
    kind = kind or _KINDS[rng.choice(3, p=(0.45, 0.35, 0.2))]
    if variant is None:
        variants: tuple[Variant, ...] = ("marked", "unknown", "concealed", "control-only")
        variant = variants[rng.choice(4, p=(0.66, 0.1, 0.12, 0.12))]
    size = {
        "mill": (rng.uniform(1.8, 3.2), rng.uniform(1.9, 2.5), rng.uniform(1.8, 2.6)),
        "lathe": (rng.uniform(2.2, 4.2), rng.uniform(1.55, 2.0), rng.uniform(1.4, 2.0)),
        "cell": (rng.uniform(2.0, 3.4), rng.uniform(2.2, 2.9), rng.uniform(2.2, 3.4)),
    }[kind]
    body, accent, dark = LIVERIES[rng.integers(len(LIVERIES))]
    tint = rng.normal(0, 7, 3)
    body = _tinted(body, tint)
    chosen = mark or marks[int(rng.integers(len(marks)))]
    written = variant in ("marked", "concealed")
    series: str | None = None
    if written and rng.random() < 0.7:
        own = SERIES.get(chosen.builder, ())
        common = COMMON_SERIES_CYRILLIC if chosen.script == "cyrillic" else COMMON_SERIES
        pool = own if own and rng.random() < 0.7 else common
        series = pool[rng.integers(len(pool))]
    badge: Badge | None = None
    if variant == "control-only" or (variant != "unknown" and rng.random() < 0.75):
        control, text, plate, ink = CONTROL_BADGES[rng.integers(len(CONTROL_BADGES))]
        badge = (control, text, script_of(text), plate, ink)
    return MachineSpec(
        kind=kind,
        size=size,
        body=body,
        accent=accent,
        dark=dark,
        pattern=_PATTERNS[rng.integers(len(_PATTERNS))],
        variant=variant,
        mark=chosen if written else None,
        mark_style=random_lettering(rng, body, chosen.script),
        series=series,
        series_style=random_lettering(rng, body, "latin"),
        badge=badge,
        cover=_COVERS[rng.integers(len(_COVERS))] if variant == "concealed" else "none",
        pendant=bool(rng.random() < 0.5),
        tower=bool(rng.random() < 0.6),
        column=kind == "mill" and bool(rng.random() < 0.8),
        conveyor=bool(rng.random() < 0.4),
        seed=int(rng.integers(2**31)),
    )


def _tinted(colour: Colour, tint: np.ndarray) -> Colour:
    r, g, b = (int(min(250, max(10, c + t))) for c, t in zip(colour, tint, strict=True))
    return r, g, b
