"""Machines to draw at random, and the truth of what was drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from datasets.maker.canvas import Box, Size
from datasets.maker.lettering import (
    BUILDER_MARKS,
    LISTS,
    Badge,
    BuilderMark,
    Chance,
    Colour,
    Lettering,
    Script,
    pick,
    random_lettering,
)
from datasets.maker.sheet import Cover, DrawnMark

Kind = Literal["mill", "lathe", "cell"]
Variant = Literal["marked", "unknown", "concealed", "control-only"]
Pattern = Literal["plain", "door", "lower", "left", "slant", "band"]

_KINDS: tuple[Kind, ...] = get_args(Kind)
_VARIANTS: tuple[Variant, ...] = get_args(Variant)
_SIZES: dict[Kind, tuple[tuple[float, float], ...]] = {
    "mill": ((1.8, 3.2), (1.9, 2.5), (1.8, 2.6)),
    "lathe": ((2.2, 4.2), (1.55, 2.0), (1.4, 2.0)),
    "cell": ((2.0, 3.4), (2.2, 2.9), (2.2, 3.4)),
}
"""Of each kind the least and the greatest width, height and depth, in metres."""
_PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
_COVERS: tuple[Cover, ...] = ("tape", "sticker", "mosaic", "blur")


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


def random_machine(
    rng: Chance, *, variant: Variant | None = None, mark: BuilderMark | None = None
) -> MachineSpec:
    """A machine drawn at random; what is given is kept."""
    kind = _KINDS[rng.choice(3, p=(0.45, 0.35, 0.2))]
    variant = variant or _VARIANTS[rng.choice(4, p=(0.66, 0.1, 0.12, 0.12))]
    # Sizes of every kind are drawn, so that what follows is the same for each.
    w, h, d = {name: [rng.uniform(*ends) for ends in sides] for name, sides in _SIZES.items()}[kind]
    body, accent, dark = pick(rng, LISTS.liveries)
    tints = zip(body, rng.normal(0, 7, 3), strict=True)
    r, g, b = (int(min(250, max(10, tone + tint))) for tone, tint in tints)
    body = (r, g, b)
    chosen = mark or pick(rng, BUILDER_MARKS)
    written = variant in ("marked", "concealed")
    series: str | None = None
    if written and rng.random() < 0.7:
        own = LISTS.series.get(chosen.builder)
        common = LISTS.common_series["cyrillic" if chosen.script == "cyrillic" else "latin"]
        series = pick(rng, own if own and rng.random() < 0.7 else common)
    badge: Badge | None = None
    if variant == "control-only" or (variant != "unknown" and rng.random() < 0.75):
        badge = pick(rng, LISTS.badges)
    return MachineSpec(
        kind=kind,
        size=(w, h, d),
        body=body,
        accent=accent,
        dark=dark,
        pattern=pick(rng, _PATTERNS),
        variant=variant,
        mark=chosen if written else None,
        mark_style=random_lettering(rng, body, chosen.script),
        series=series,
        series_style=random_lettering(rng, body, "latin"),
        badge=badge,
        cover=pick(rng, _COVERS) if variant == "concealed" else "none",
        pendant=bool(rng.random() < 0.5),
        tower=bool(rng.random() < 0.6),
        column=kind == "mill" and bool(rng.random() < 0.8),
        conveyor=bool(rng.random() < 0.4),
        seed=int(rng.integers(2**31)),
    )


# A mark lower than this, in pixels, is not legible to a person (judged by eye on drawn marks).
LEGIBLE_HEIGHT = 9.0


@dataclass(frozen=True, slots=True)
class DrawnControl:
    """An operator panel in the picture."""

    box: Box
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMachine:
    """What can be told of a machine that is shown: builder and control by registry id.

    - number: its place in the scene. It stays the same when others are cut away.
    - builder: None where no mark is in sight or the mark is concealed.
    - wordmark: what is written on it all the same.
    """

    number: int
    variant: Variant
    builder: str | None
    wordmark: str | None
    script: Script | None
    series: str | None
    control: str | None
    concealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnMachine(ShownMachine):
    """A machine in the picture."""

    box: Box
    kind: str
    truncated: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything drawn in a picture of `size` (width, height); boxes in its pixels."""

    size: Size
    machines: tuple[DrawnMachine, ...] = ()
    marks: tuple[DrawnMark, ...] = ()
    controls: tuple[DrawnControl, ...] = ()

    def moved(self, size: Size, scale: tuple[float, float], shift: tuple[float, float]) -> Truth:
        """The truth after x' = scale * x + shift, cut to a picture of `size`.

        A mark goes where less than half is left, a control below 35 %, a machine below 4 %.
        Anything too small to see goes too. `of` counts among the machines that are left.
        """

        def cut(box: Box, share: float, least: float) -> tuple[Box | None, bool]:
            """What is left of a box that was moved, None if too little, and whether that is all."""
            left, right = (scale[0] * x + shift[0] for x in (box[0], box[2]))
            top, bottom = (scale[1] * y + shift[1] for y in (box[1], box[3]))
            x1, y1 = max(0.0, left), max(0.0, top)
            x2, y2 = min(float(size[0]), right), min(float(size[1]), bottom)
            if x2 - x1 < least or y2 - y1 < least:
                return None, False
            enough = (x2 - x1) * (y2 - y1) >= share * ((right - left) * (bottom - top))
            kept = (x1, y1, x2, y2)
            return (kept if enough else None), kept == (left, top, right, bottom)

        machines: list[DrawnMachine] = []
        index: dict[int, int] = {}
        for i, machine in enumerate(self.machines):
            box, whole = cut(machine.box, 0.04, 14.0)
            if box:
                index[i] = len(machines)
                machines.append(replace(machine, box=box, truncated=machine.truncated or not whole))
        marks: list[DrawnMark] = []
        for mark in self.marks:
            box, whole = cut(mark.box, 0.5, 5.0)
            if box and mark.of in index:
                high = box[3] - box[1] >= LEGIBLE_HEIGHT and whole
                legible = mark.legible and high and not mark.concealed
                marks.append(replace(mark, box=box, of=index[mark.of], legible=legible))
        panels = [(cut(one.box, 0.35, 9.0)[0], index.get(one.of)) for one in self.controls]
        controls = [DrawnControl(box, of) for box, of in panels if box and of is not None]
        return Truth(size, tuple(machines), tuple(marks), tuple(controls))

    def annotation(self, image: str) -> dict[str, object]:
        """One line of `annotations.jsonl`, in the fields of the labelled photographs."""

        def rounded(box: Box) -> list[float]:
            return [round(v, 1) for v in box]

        machines = [
            {"box": rounded(m.box), "cnc": True, "kind": m.kind, "builder": m.builder,
             "by": "wordmark" if m.builder else None, "truncated": m.truncated}
            for m in self.machines
        ]  # fmt: skip
        names = ("text", "role", "of", "legible", "id")
        return {
            "image": image,
            "width": self.size[0],
            "height": self.size[1],
            "scene": "render" if self.machines else "negative",
            "source": "maker",
            "machines": machines,
            "marks": [
                {"box": rounded(m.box)} | {name: getattr(m, name) for name in names}
                for m in self.marks
                if not m.concealed
            ],
            "controls": [{"box": rounded(c.box), "of": c.of} for c in self.controls],
            "concealed": [rounded(m.box) for m in self.marks if m.concealed],
        }
