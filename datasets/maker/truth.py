"""What a drawn picture holds, exactly: machines, marks, operator panels, hidden marks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from datasets.maker.canvas import Box
from datasets.maker.machine import Variant
from datasets.maker.marks import Script
from datasets.maker.sheet import Role

# A mark lower than this, in pixels, is not legible to a person (judged by eye on drawn marks).
LEGIBLE_HEIGHT = 9.0
_LEAST = {"machine": 14.0, "mark": 5.0, "control": 9.0}


@dataclass(frozen=True, slots=True)
class DrawnMark:
    """A mark in the picture. `of` is its machine's index; `id` a builder's or a control's."""

    box: Box
    role: Role
    text: str
    script: Script
    id: str | None
    of: int
    concealed: bool
    legible: bool


@dataclass(frozen=True, slots=True)
class DrawnControl:
    """An operator panel in the picture."""

    box: Box
    of: int


@dataclass(frozen=True, slots=True)
class DrawnMachine:
    """A machine in the picture: builder and control by registry id.

    `builder` is None where no mark is in sight or the mark is concealed; `wordmark` is what
    is written on it all the same. `number` is its place in the scene and stays with it
    when others are cut away.
    """

    number: int
    box: Box
    kind: str
    variant: Variant
    builder: str | None
    wordmark: str | None
    script: Script | None
    series: str | None
    control: str | None
    concealed: bool
    truncated: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything drawn in a picture of `size` (width, height); boxes in its pixels."""

    size: tuple[int, int]
    machines: tuple[DrawnMachine, ...] = ()
    marks: tuple[DrawnMark, ...] = ()
    controls: tuple[DrawnControl, ...] = ()

    def moved(
        self, size: tuple[int, int], scale: tuple[float, float], shift: tuple[float, float]
    ) -> Truth:
        """The truth after x' = scale * x + shift, cut to a picture of `size`.

        A mark of which less than half is left goes, a control below 35 %, a machine below
        4 %, and anything too small to see. `of` counts among the machines that are left.
        """

        def moved_box(box: Box) -> Box:
            x1, x2 = (scale[0] * x + shift[0] for x in (box[0], box[2]))
            y1, y2 = (scale[1] * y + shift[1] for y in (box[1], box[3]))
            return x1, y1, x2, y2

        machines: list[DrawnMachine] = []
        index: dict[int, int] = {}
        for i, machine in enumerate(self.machines):
            whole = moved_box(machine.box)
            box = _cut(whole, size, 0.04, _LEAST["machine"])
            if box:
                index[i] = len(machines)
                truncated = machine.truncated or box != whole
                machines.append(replace(machine, box=box, truncated=truncated))
        marks: list[DrawnMark] = []
        for mark in self.marks:
            whole = moved_box(mark.box)
            box = _cut(whole, size, 0.5, _LEAST["mark"])
            if box and mark.of in index:
                high = box[3] - box[1] >= LEGIBLE_HEIGHT and box == whole
                legible = mark.legible and high and not mark.concealed
                marks.append(replace(mark, box=box, of=index[mark.of], legible=legible))
        controls: list[DrawnControl] = []
        for control in self.controls:
            box = _cut(moved_box(control.box), size, 0.35, _LEAST["control"])
            if box and control.of in index:
                controls.append(DrawnControl(box, index[control.of]))
        return Truth(size, tuple(machines), tuple(marks), tuple(controls))

    def mirrored(self) -> Truth:
        """The truth of the picture flipped left to right; nothing in it is legible as it is."""
        w = self.size[0]

        def flipped(box: Box) -> Box:
            return w - box[2], box[1], w - box[0], box[3]

        return Truth(
            self.size,
            tuple(replace(m, box=flipped(m.box)) for m in self.machines),
            tuple(replace(m, box=flipped(m.box)) for m in self.marks),
            tuple(replace(c, box=flipped(c.box)) for c in self.controls),
        )

    def yolo(self) -> str:
        """Label lines `class x y w h`, shares of the picture: 0 machine, 1 wordmark, 2 control."""
        w, h = self.size
        boxes = [(0, m.box) for m in self.machines]
        boxes += [(1, m.box) for m in self.marks]
        boxes += [(2, c.box) for c in self.controls]
        return "\n".join(
            f"{label} {(x1 + x2) / 2 / w:.5f} {(y1 + y2) / 2 / h:.5f}"
            f" {(x2 - x1) / w:.5f} {(y2 - y1) / h:.5f}"
            for label, (x1, y1, x2, y2) in boxes
        )

    def annotation(self, image: str) -> dict[str, object]:
        """One line of `annotations.jsonl`, in the fields of the labelled photographs."""
        return {
            "image": image,
            "width": self.size[0],
            "height": self.size[1],
            "scene": "render" if self.machines else "negative",
            "source": "maker",
            "machines": [
                {
                    "box": _rounded(m.box),
                    "cnc": True,
                    "kind": m.kind,
                    "builder": m.builder,
                    "by": "wordmark" if m.builder else None,
                    "truncated": m.truncated,
                }
                for m in self.machines
            ],
            "marks": [
                {
                    "box": _rounded(m.box),
                    "text": m.text,
                    "role": m.role,
                    "of": m.of,
                    "legible": m.legible,
                    "id": m.id,
                }
                for m in self.marks
                if not m.concealed
            ],
            "controls": [{"box": _rounded(c.box), "of": c.of} for c in self.controls],
            "concealed": [_rounded(m.box) for m in self.marks if m.concealed],
        }


def _cut(box: Box, size: tuple[int, int], share: float, least: float) -> Box | None:
    x1, y1 = max(0.0, box[0]), max(0.0, box[1])
    x2, y2 = min(float(size[0]), box[2]), min(float(size[1]), box[3])
    if x2 - x1 < least or y2 - y1 < least:
        return None
    area = (box[2] - box[0]) * (box[3] - box[1])
    return (x1, y1, x2, y2) if (x2 - x1) * (y2 - y1) >= share * area else None


def _rounded(box: Box) -> list[float]:
    return [round(v, 1) for v in box]
