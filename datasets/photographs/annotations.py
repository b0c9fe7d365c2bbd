"""Labelled photographs on disk: `annotations.jsonl` and YOLO labels, read and checked.

A data set is a folder of splits, each laid out as

    train/  images/ID.jpg   labels/ID.txt   annotations.jsonl

`annotations.jsonl` holds one picture a line (fields as in `Photograph`). A label file holds one box
a line, `class cx cy w h`, as shares of the picture's sides (the YOLO format). Fields unknown here
(a note, the picture's origin) are kept as they are. A set that is read and written again has lost
nothing. `docs/learning.md` has every field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
)

from datasets.errors import DataError
from datasets.photographs.pictures import check_upright

CLASS_NAMES: tuple[str, ...] = ("machine", "wordmark", "control")
ANNOTATIONS = "annotations.jsonl"

# Boxes drawn by eye may pass the picture's edge by the rounding of a scaled display.
EDGE_TOLERANCE = 1.0
# A YOLO centre and side are written with six decimals: their sum may pass 1 by as much.
SHARE_TOLERANCE = 1e-4

Scene = Literal["shopfloor", "fair", "studio", "render", "negative"]
By = Literal["wordmark", "series", "appearance", "metadata"]
Role = Literal["builder", "series", "control", "dealer", "plant", "safety", "overlay", "other"]


def _ordered(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f"a box is [x1, y1, x2, y2] with x1 < x2 and y1 < y2, got {list(box)}")
    return box


Box = Annotated[tuple[float, float, float, float], AfterValidator(_ordered)]
# Tools that know no null write an empty text: an id of no letters is no id.
Id = Annotated[str | None, BeforeValidator(lambda value: None if value == "" else value)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", strict=False)

    @property
    def more(self) -> dict[str, Any]:
        """The fields unknown here, as they were read."""
        return dict(self.model_extra or {})


class _Boxed(_Part):
    box: Box

    @property
    def ignore(self) -> bool:
        """Whether it is neither to be learnt nor to count as background: nobody judged it."""
        return self.more.get("ignore") is True


class AnnotatedMachine(_Boxed):
    """One machine tool. `cnc` None: cannot be told; `builder` `x-...`: not in the registry."""

    cnc: bool | None
    kind: str
    builder: Id
    by: By | None
    truncated: bool


class AnnotatedMark(_Boxed):
    """Something written in the picture; `of` is the index of the machine that bears it."""

    text: str
    role: Role
    of: int | None = Field(ge=0)
    legible: bool
    id: Id


class OperatorPanel(_Boxed):
    """An operator panel."""

    of: int | None = Field(ge=0)


class Photograph(_Part):
    """One labelled picture. Boxes are in pixels of the stored picture. `path` is the picture on
    disk, `folder` the split it lies in. Splits are kept apart by `source`."""

    image: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    scene: Scene
    source: str
    machines: tuple[AnnotatedMachine, ...]
    marks: tuple[AnnotatedMark, ...]
    controls: tuple[OperatorPanel, ...]
    concealed: tuple[Box, ...]
    _folder: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def path(self) -> Path:
        return self._folder / self.image

    @property
    def footage(self) -> str | None:
        """The hash of the footage it was cut from, where `origin` names one."""
        origin = self.more.get("origin")
        footage = origin.get("footage") if isinstance(origin, dict) else None
        return footage if isinstance(footage, str) else None

    @property
    def labels(self) -> Path:
        below = Path(self.image).relative_to("images").with_suffix(".txt")
        return self._folder / "labels" / below

    def legible_builder_marks(self, machine: int) -> tuple[AnnotatedMark, ...]:
        """Marks naming the builder of the machine with that index which a person can read. A mark
        to be ignored is none: nobody judged what it says."""
        own = (m for m in self.marks if m.of == machine and not m.ignore)
        return tuple(m for m in own if m.role == "builder" and m.legible)


class Label(NamedTuple):
    """One line of a YOLO label file: a class and a box as shares of the picture's sides."""

    class_id: int
    cx: float
    cy: float
    w: float
    h: float


def split_folder(data: Path, split: str) -> Path:
    """The folder of one split of a data set. Raises DataError: there is none; the message says what
    was looked for."""
    folder = data / split
    if not folder.is_dir():
        raise DataError(
            f"{data}: no folder {split!r} in it; a data set holds {split}/images, "
            f"{split}/labels and {split}/{ANNOTATIONS}"
        )
    return folder


def read_photographs(folder: Path) -> tuple[Photograph, ...]:
    """The labelled pictures of one split, in the order of their file, each checked.

    folder: holds `annotations.jsonl` and what it names.
    Raises DataError: a missing file or picture, one that is not stored upright, or a wrong line;
    the message names file, line and field.
    """
    found: list[Photograph] = []
    for photograph in scan_photographs(folder):
        if isinstance(photograph, DataError):
            raise photograph
        found.append(photograph)
    if not found:
        raise DataError(f"{folder / ANNOTATIONS}: it names no picture")
    return tuple(found)


def scan_photographs(folder: Path) -> Iterator[Photograph | DataError]:
    """Each line of a split: the picture it describes, or what is wrong with it. Raises DataError:
    the file as a whole cannot be read."""
    file = folder / ANNOTATIONS
    seen: dict[str, int] = {}
    for number, line in _lines(file):
        where = f"{file}:{number}"
        try:
            photograph = parse_photograph(json.loads(line), folder, where)
            if photograph.image in seen:
                raise DataError(
                    f"{where}: image: {photograph.image} is already on line "
                    f"{seen[photograph.image]}; keep one of them"
                )
            seen[photograph.image] = number
            if not photograph.path.is_file():
                raise DataError(f"{where}: image: there is no {photograph.path}")
            check_upright(photograph.path, f"{where}: image")
        except DataError as error:
            yield error
        except (RecursionError, ValueError) as error:
            yield DataError(f"{where}: not JSON ({error})")
        else:
            yield photograph


def parse_photograph(values: Mapping[str, Any], folder: Path, where: str) -> Photograph:
    """One picture from the fields of its line, checked; its files are not looked at.

    values: the fields of `Photograph`, and any others. folder: the split that holds the picture.
    where: what a message begins with, such as `FILE:LINE`.
    Raises DataError: a wrong field; the message names the first.
    """
    try:
        photograph = Photograph.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "line"
        raise DataError(f"{where}: {field}: {first['msg']}") from error
    _check_references(photograph, where)
    photograph._folder = folder
    return photograph


def read_labels(file: Path) -> tuple[Label, ...]:
    """The boxes of one YOLO label file; an empty file is a picture with nothing in it. Raises
    DataError: a missing file or a wrong line; the message names file, line and field."""
    return tuple(_parse_label(line, file, number) for number, line in _lines(file) if line.strip())


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        text = file.read_text("utf-8")
    except OSError as error:
        raise DataError(f"{file}: it cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{file}: it is not UTF-8 text (byte {error.start})") from error
    if text.startswith("\ufeff"):
        raise DataError(f"{file}: it begins with a byte order mark; save it as UTF-8 without (BOM)")
    # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
    return enumerate(text.removesuffix("\n").split("\n") if text else [], start=1)


def _check_references(photograph: Photograph, where: str) -> None:
    below = Path(photograph.image).parts
    if below[:1] != ("images",) or ".." in below or len(below) < 2 or "\0" in photograph.image:
        wrong = f"{photograph.image!r} must be a path below images/ of its split"
        raise DataError(f"{where}: image: {wrong}")
    named: dict[str, Sequence[_Boxed]] = {
        "machines": photograph.machines,
        "marks": photograph.marks,
        "controls": photograph.controls,
    }
    parts = {f"{name}.{i}": part for name, own in named.items() for i, part in enumerate(own)}
    boxes = {place: part.box for place, part in parts.items()}
    boxes |= {f"concealed.{i}": box for i, box in enumerate(photograph.concealed)}
    w, h, machines = photograph.width, photograph.height, len(photograph.machines)
    for place, (x1, y1, x2, y2) in boxes.items():
        if min(x1, y1, w - x2, h - y2) < -EDGE_TOLERANCE:
            wrong = f"{[x1, y1, x2, y2]} leaves the picture of {w}x{h}"
            raise DataError(f"{where}: {place}.box: {wrong}")
        if max(x1, 0) >= min(x2, w) or max(y1, 0) >= min(y2, h):
            wrong = f"nothing of {[x1, y1, x2, y2]} is in the picture"
            raise DataError(f"{where}: {place}.box: {wrong}")
    for place, part in parts.items():
        said, of = part.more.get("ignore", False), getattr(part, "of", None)
        # A text "true" would be learnt from as if somebody had judged it.
        if not isinstance(said, bool):
            raise DataError(f"{where}: {place}.ignore: true or false, got {said!r:.40}")
        if of is not None and of >= machines:
            wrong = f"machine {of}, but the line has {machines} machines"
            raise DataError(f"{where}: {place}.of: {wrong}")


def _parse_label(line: str, file: Path, number: int) -> Label:
    try:
        class_id, *shares = line.split()
        label = Label(int(class_id), *map(float, shares))
        inside = all(
            side > 0 and side / 2 - SHARE_TOLERANCE <= centre <= 1 - side / 2 + SHARE_TOLERANCE
            for centre, side in ((label.cx, label.w), (label.cy, label.h))
        )
        if label.class_id not in range(len(CLASS_NAMES)) or not inside:
            raise ValueError("no such class, or a box that leaves the picture")
    except (ValueError, TypeError) as error:
        raise DataError(
            f"{file}:{number}: a label is 'class cx cy w h', in shares of the sides, got "
            f"{line!r:.60} ({error})"
        ) from error
    return label
