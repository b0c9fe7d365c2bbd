"""What every format makes of a picture: boxes of named classes with attributes, and back.

Of a machine's number and what refers to it: boxes may be moved about, added and removed in
another tool. So a machine carries its `number`, and `of` names that number, never a place in
the file: a mark must not end up on another machine.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any, get_args

from datasets.entry import Kind
from datasets.errors import DataError, UsageError
from datasets.photographs.annotations import EDGE_TOLERANCE, Box, Photograph, parse_photograph

Attributes = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExchangeBox:
    """One box as formats exchange it.

    name: `machine`, `wordmark`, `control` or `concealed`. box: pixels. attributes: by field, JSON
    values, or texts where the format knows nothing else. where: what a message about it begins
    with.
    """

    name: str
    box: Box
    attributes: Attributes = field(default_factory=dict)
    where: str = ""


def entries_of(photograph: Photograph) -> list[ExchangeBox]:
    """Everything boxed in a picture: machines, marks, controls, concealed marks, in order."""
    entries = []
    for number, machine in enumerate(photograph.machines):
        values = machine.model_dump(mode="json", exclude={"box", *machine.more})
        entries.append(ExchangeBox("machine", machine.box, {"number": number, **values}))
        _add_more(entries[-1].attributes, machine.more)
    for name, parts in (("wordmark", photograph.marks), ("control", photograph.controls)):
        for part in parts:
            values = part.model_dump(mode="json", exclude={"box", *part.more})
            entries.append(ExchangeBox(name, part.box, values))
            _add_more(entries[-1].attributes, part.more)
    entries += [ExchangeBox("concealed", box) for box in photograph.concealed]
    return entries


def attributes_of(photograph: Photograph) -> Attributes:
    """The attributes of the whole picture: scene, source, and fields unknown here."""
    values: Attributes = {"scene": photograph.scene, "source": photograph.source}
    _add_more(values, photograph.more)
    return values


def name_of(photograph: Photograph) -> str:
    """The picture's path below `images/`, which other tools call its name."""
    return PurePosixPath(photograph.image).relative_to("images").as_posix()


def photograph_of(
    name: str,
    size: tuple[int, int],
    entries: Sequence[ExchangeBox],
    attributes: Mapping[str, Any],
    source: str,
    where: str,
) -> Photograph:
    """The picture that these boxes and attributes make; what is not said gets the default.

    Args:
        name: its path below `images/`.
        size: width and height in pixels.
        entries: its boxes; one that passes the edge is cut there.
        attributes: of the picture as a whole.
        source: where `attributes` names none.
        where: what a message begins with.

    Raises:
        DataError: a wrong value or a reference that leads nowhere, named with its entry.
    """
    numbers, taken = _number_machines(entries)
    parts: dict[str, list[Any]] = {name: [] for name in CLASSES}
    for entry in entries:
        given, box = entry.attributes, list(_cut(entry, size))
        if entry.name == "concealed":
            parts[entry.name].append(box)
            continue
        own = _more(given, entry.where) | {"box": box}
        if _flag(given, "ignore", False, entry.where):
            own["ignore"] = True
        if entry.name == "machine":
            own |= {
                "cnc": _flag(given, "cnc", None, entry.where),
                "kind": _text(given, "kind", "other"),
                "builder": _text(given, "builder", None),
                "by": _choice(given, "by"),
                "truncated": _flag(given, "truncated", False, entry.where),
            }
        else:
            own["of"] = _owner(entry, numbers, taken)
        if entry.name == "wordmark":
            own |= {
                "text": _text(given, "text", ""),
                # What a category of marks is drawn for, and what keeps its label.
                "role": _choice(given, "role") or "builder",
                "legible": _flag(given, "legible", False, entry.where),
                "id": _text(given, "id", None),
            }
        parts[entry.name].append(own)
    machines = parts["machine"]
    values = _more(attributes, where) | {
        "image": f"images/{name}",
        "width": size[0],
        "height": size[1],
        "scene": _choice(attributes, "scene") or ("shopfloor" if machines else "negative"),
        "source": _text(attributes, "source", None) or source,
        "machines": machines,
        "marks": parts["wordmark"],
        "controls": parts["control"],
        "concealed": parts["concealed"],
    }
    return parse_photograph(values, Path(), where)


def turned(box: Box, degrees: float) -> Box:
    """The upright box round one turned about its centre, as CVAT turns them (clockwise).

    Example:
        >>> [round(v) for v in turned((0.0, 0.0, 40.0, 20.0), 90.0)]
        [10, -10, 30, 30]
    """
    if degrees == 0:
        return box
    x1, y1, x2, y2 = box
    cos, sin = abs(math.cos(math.radians(degrees))), abs(math.sin(math.radians(degrees)))
    w, h = (x2 - x1) / 2, (y2 - y1) / 2
    wide, high = w * cos + h * sin, w * sin + h * cos
    cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
    return (cx - wide, cy - high, cx + wide, cy + high)


def _add_more(attributes: Attributes, more: Attributes) -> None:
    # A field of its own, so that a person can tick it off in another tool.
    if more.get("ignore") is True:
        attributes["ignore"] = True
        more = {name: value for name, value in more.items() if name != "ignore"}
    if more:
        attributes["more"] = more


def _number_machines(entries: Sequence[ExchangeBox]) -> tuple[dict[int, int], Counter[int]]:
    """The index of the machine with a number, and how often each number was given."""
    numbers: dict[int, int] = {}
    taken: Counter[int] = Counter()
    machines = [entry for entry in entries if entry.name == "machine"]
    for index, entry in enumerate(machines):
        number = _whole(entry.attributes, "number", entry.where)
        if number is not None:
            numbers[number] = index
            taken[number] += 1
    return numbers, taken


def _owner(entry: ExchangeBox, numbers: Mapping[int, int], taken: Counter[int]) -> int | None:
    of = _whole(entry.attributes, "of", entry.where)
    if of is None:
        return None
    if taken[of] != 1:
        many = f"{taken[of]} machines have" if taken[of] else "no machine of the picture has"
        raise DataError(
            f"{entry.where}: of: {many} the number {of}; give each machine a number of its own, "
            "or empty this field"
        )
    return numbers[of]


def _cut(entry: ExchangeBox, size: tuple[int, int]) -> Box:
    """The box, cut at the picture's edge where it passes it by more than a rounding."""
    x1, y1, x2, y2 = entry.box
    if min(x1, y1) >= -EDGE_TOLERANCE and all(
        high <= side + EDGE_TOLERANCE for high, side in ((x2, size[0]), (y2, size[1]))
    ):
        return entry.box
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, float(size[0])), min(y2, float(size[1])))
    if not (cut[0] < cut[2] and cut[1] < cut[3]):
        raise DataError(
            f"{entry.where}: box: nothing of {list(entry.box)} is in the picture of "
            f"{size[0]}x{size[1]}"
        )
    return cut


def _text(attributes: Mapping[str, Any], name: str, default: str | None) -> str | None:
    """A text. Tools that guess types make numbers of marks such as 500: made text again."""
    value = attributes.get(name)
    if value is None:
        return default
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _choice(attributes: Mapping[str, Any], name: str) -> str | None:
    """One of several words; none chosen reads as None."""
    value = _text(attributes, name, None)
    return None if value in (None, "", "none") else value


def _flag(
    attributes: Mapping[str, Any], name: str, default: bool | None, where: str
) -> bool | None:
    value = attributes.get(name)
    word = value.strip().lower() if isinstance(value, str) else value
    if word is None or word in ("", "unknown"):
        return default
    if word in (True, 1, "true", "1", "yes"):
        return True
    if word in (False, 0, "false", "0", "no"):
        return False
    raise DataError(f"{where}: {name}: {value!r} is neither true nor false")


def _whole(attributes: Mapping[str, Any], name: str, where: str) -> int | None:
    value = attributes.get(name)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number < 0 or (isinstance(value, float) and value != number):
        raise DataError(f"{where}: {name}: {value!r} is not the number of a machine (0, 1, ...)")
    return number


def _more(attributes: Mapping[str, Any], where: str) -> Attributes:
    """The fields unknown here, which an earlier export kept under `more`."""
    value = attributes.get("more")
    if isinstance(value, str):
        try:
            value = json.loads(value) if value.strip() else None
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: more: not JSON ({error})") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DataError(f"{where}: more: a JSON object is wanted, got {value!r:.60}")
    return value


CLASSES = ("machine", "wordmark", "control", "concealed")
NONE = "none"
"""What a category stands for that is to be left out."""

_ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "machine tool": "machine",
        "cnc": "machine",
        "cnc machine": "machine",
        "cnc machine tool": "machine",
        "logo": "wordmark",
        "brand": "wordmark",
        "mark": "wordmark",
        "nameplate": "wordmark",
        "control panel": "control",
        "operator panel": "control",
        "cnc control": "control",
        "pendant": "control",
        "concealed mark": "concealed",
    }
)


def parse_classes(words: list[str]) -> dict[str, str]:
    """`NAME=CLASS` from a command line, read; names without regard to case.

    Raises:
        UsageError: no `=`, or no such class.

    Example:
        >>> parse_classes(["Forklift=none"])
        {'forklift': 'none'}
    """
    found = {}
    for word in words:
        name, equals, ours = word.rpartition("=")
        if not equals or not name or ours not in (*CLASSES, NONE):
            raise UsageError(
                f"--class {word}: NAME=CLASS is wanted, CLASS one of {', '.join(CLASSES)}, {NONE}"
            )
        found[_plain(name)] = ours
    return found


def class_of(name: str, given: Mapping[str, str], where: str) -> tuple[str | None, str | None]:
    """Our class for a category, and the machine's kind where the category says it.

    Args:
        name: the category's name.
        given: categories the user named, see `parse_classes`.
        where: what a message begins with.

    Returns:
        Class and kind; the class is None where the category is to be left out.

    Raises:
        DataError: a category nobody named.

    Example:
        >>> class_of("Lathe", {}, "a.json")
        ('machine', 'lathe')
    """
    plain = _plain(name)
    if plain in given:
        return (None if given[plain] == NONE else given[plain]), None
    if plain in CLASSES:
        return plain, None
    if plain in _ALIASES:
        return _ALIASES[plain], None
    kind = plain.replace(" ", "-")
    if kind in get_args(Kind) and kind not in ("control", "other"):
        return "machine", kind
    raise DataError(
        f"{where}: category {name!r} is none of {', '.join(CLASSES)}; say what it is with "
        f"--class '{name}=CLASS', or leave it out with --class '{name}={NONE}'"
    )


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").replace("-", " ").lower().split())
