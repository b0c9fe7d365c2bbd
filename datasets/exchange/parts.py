"""What every format makes of a picture: boxes of named classes with attributes.

Boxes may be moved, added and removed in another tool. So a machine carries its `number`, and a
mark's `of` names that number, never a place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from datasets.photographs.annotations import Box, Photograph

CLASSES = ("machine", "wordmark", "control", "concealed")
Attributes = dict[str, Any]
Splits = Mapping[str, Sequence[Photograph]]


@dataclass(frozen=True, slots=True)
class ExchangeBox:
    """One box as formats exchange it; `name` is one of `CLASSES`, the box in pixels."""

    name: str
    box: Box
    attributes: Attributes = field(default_factory=dict)


def entries_of(photograph: Photograph) -> list[ExchangeBox]:
    """Everything boxed in a picture: machines, marks, controls, concealed marks, in order."""
    entries = []
    parts = {
        "machine": photograph.machines,
        "wordmark": photograph.marks,
        "control": photograph.controls,
    }
    for name, own in parts.items():
        for number, part in enumerate(own):
            values = part.model_dump(mode="json", exclude={"box", *part.more})
            numbered = {"number": number} if name == "machine" else {}
            entries.append(ExchangeBox(name, part.box, numbered | values | _more(part.more)))
    return entries + [ExchangeBox("concealed", box) for box in photograph.concealed]


def attributes_of(photograph: Photograph) -> Attributes:
    """The attributes of the whole picture: scene, source, and fields unknown here."""
    values: Attributes = {"scene": photograph.scene, "source": photograph.source}
    return values | _more(photograph.more)


def name_of(photograph: Photograph) -> str:
    """The picture's path below `images/`, which other tools call its name."""
    return PurePosixPath(photograph.image).relative_to("images").as_posix()


def _more(more: Attributes) -> Attributes:
    # `ignore` is a field of its own, so that a person can tick it off in another tool.
    ignored = {"ignore": True} if more.get("ignore") is True else {}
    others = {name: value for name, value in more.items() if name not in ignored}
    return ignored | ({"more": others} if others else {})
