"""Our data set as CVAT for images 1.1, out and in: a folder a split, `annotations.xml`, `images/`.

Each folder is what CVAT exports of one task. `labels.json` beside them is for CVAT's label
constructor: a task must know labels and attributes before it takes the annotations. What other
tools wrote is read with the defaults of `docs/learning.md`.
"""

from __future__ import annotations

import json
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape, quoteattr

from datasets.errors import DataError, UsageError
from datasets.exchange.cvat_labels import PICTURE, cvat_labels
from datasets.exchange.incoming import (
    Brought,
    ImportOptions,
    find_picture,
    guessed_split,
    named_split,
    read_text,
)
from datasets.exchange.parts import (
    Attributes,
    ExchangeBox,
    attributes_of,
    class_of,
    entries_of,
    name_of,
    photograph_of,
    turned,
)
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import Box, Photograph
from datasets.photographs.pictures import check_size, picture_size

# What XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A parser makes line feeds of carriage returns, unless they are written as numbers.
_KEPT = {"\r": "&#13;"}


def write_cvat(
    folder: Path, splits: Mapping[str, Sequence[Photograph]], link: bool = False
) -> None:
    """Fills a folder with the splits as CVAT for images.

    Raises:
        DataError: a picture cannot be read, or a text holds what XML cannot.
        OSError: the folder cannot be written.
    """
    for split, photographs in splits.items():
        for photograph in photographs:
            target = folder / split / "images" / name_of(photograph)
            place_picture(photograph.path, target, link=link)
        write_text(folder / split / "annotations.xml", to_cvat(photographs, split))
    labels = json.dumps(cvat_labels(), ensure_ascii=False, indent=1)
    write_text(folder / "labels.json", labels + "\n")


def to_cvat(photographs: Sequence[Photograph], split: str) -> str:
    """One split as the text of an `annotations.xml`.

    Raises:
        DataError: a text holds a character that XML cannot; the message names the picture.
    """
    lines = ['<?xml version="1.0" encoding="utf-8"?>', "<annotations>", "  <version>1.1</version>"]
    lines += _meta(split, len(photographs))
    for number, photograph in enumerate(photographs):
        text = "\n".join(_image(photograph, number))
        bad = _UNWRITABLE.search(text)
        if bad:
            raise DataError(
                f"{photograph.path}: XML cannot hold the character U+{ord(bad[0]):04X} of its "
                "annotations; take it out, or export as COCO"
            )
        lines.append(text)
    return "\n".join([*lines, "</annotations>", ""])


def _meta(split: str, count: int) -> Iterator[str]:
    yield "  <meta>"
    yield "    <task>"
    yield f"      <name>{escape(split)}</name>"
    yield f"      <size>{count}</size>"
    yield "      <mode>annotation</mode>"
    yield f"      <subset>{escape(split)}</subset>"
    yield "      <labels>"
    for label in cvat_labels():
        yield f"        <label><name>{label['name']}</name><color>{label['color']}</color>"
        yield f"          <type>{label['type']}</type><attributes>"
        for attribute in label["attributes"]:
            values = "\n".join(attribute["values"])
            yield (
                f"          <attribute><name>{attribute['name']}</name><mutable>False</mutable>"
                f"<input_type>{attribute['input_type']}</input_type>"
                f"<default_value>{attribute['default_value']}</default_value>"
                f"<values>{values}</values></attribute>"
            )
        yield "        </attributes></label>"
    yield "      </labels>"
    yield "    </task>"
    yield "  </meta>"


def _image(photograph: Photograph, number: int) -> Iterator[str]:
    yield (
        f'  <image id="{number}" name={_quoted(name_of(photograph))} '
        f'width="{photograph.width}" height="{photograph.height}">'
    )
    for entry in entries_of(photograph):
        yield from _write_box(entry)
    yield f'    <tag label="{PICTURE}" source="manual">'
    yield from _write_attributes(attributes_of(photograph))
    yield "    </tag>"
    yield "  </image>"


def _write_box(entry: ExchangeBox) -> Iterator[str]:
    sides = zip(("xtl", "ytl", "xbr", "ybr"), entry.box, strict=True)
    corners = " ".join(f'{name}="{value!r}"' for name, value in sides)
    yield f'    <box label="{entry.name}" source="manual" occluded="0" {corners} z_order="0">'
    yield from _write_attributes(entry.attributes)
    yield "    </box>"


def _write_attributes(values: Attributes) -> Iterator[str]:
    for name, value in values.items():
        text = escape(_word(name, value), _KEPT)
        yield f"      <attribute name={_quoted(name)}>{text}</attribute>"


def _word(name: str, value: Any) -> str:
    """A value as CVAT's inputs hold it: all are texts, and none is nothing."""
    if value is None:
        return {"cnc": "unknown", "by": "none"}.get(name, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _quoted(text: str) -> str:
    return quoteattr(text, {"\r": "&#13;", "\n": "&#10;", "\t": "&#9;"})


MOST_DIGITS = 6
"""Of a picture's side in pixels."""


class _Builder(ElementTree.TreeBuilder):
    """Refuses a document type: CVAT writes none, and entities in one can fill the memory."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise DataError("it declares a document type, which no CVAT file does")


def read_cvat(path: Path, wish: ImportOptions) -> Brought:
    """The pictures of a CVAT file, or of the files in a folder.

    Args:
        path: an XML file, or a folder with `annotations.xml`, `*/annotations.xml` or `*.xml`.
        wish: what the user said.

    Raises:
        UsageError: the folder holds no such file.
        DataError: something in a file is wrong; the message names file, picture and field.
    """
    brought: Brought = defaultdict(list)
    for file in _files(path):
        root = _parse(file)
        if root.tag != "annotations":
            raise DataError(f"{file}: <annotations> is wanted, got <{root.tag}>")
        if root.find("track") is not None:
            raise DataError(
                f"{file}: it holds tracks (CVAT for video); export it as 'CVAT for images 1.1'"
            )
        # A task's file names its subset; within a folder of splits its folder may, too.
        said = (root.findtext("meta/task/subset") or "").strip()
        folder = file.parent.name if file.parent != path and path.is_dir() else ""
        word = said if said.lower() != "default" and said else folder
        for image in root.iter("image"):
            subset = image.get("subset") or word
            split = (
                named_split(subset, wish, f"{file}: image {image.get('name')!r}")
                if subset
                else guessed_split(file.stem, wish)
            )
            brought[split].append(_picture(image, file, subset, wish, wish.source_of(split)))
    return dict(brought)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for pattern in ("annotations.xml", "*/annotations.xml", "*.xml"):
        found = sorted(path.glob(pattern))
        if found:
            return found
    raise UsageError(f"{path}: no CVAT file in it (annotations.xml)")


def _parse(file: Path) -> Element:
    text = read_text(file)
    parser = ElementTree.XMLParser(target=_Builder())
    try:
        # As bytes: a text that declares its own encoding is refused otherwise.
        parser.feed(text.encode("utf-8"))
        root = parser.close()
    except ElementTree.ParseError as error:
        raise DataError(f"{file}:{error.position[0]}: not XML ({error})") from error
    except DataError as error:
        raise DataError(f"{file}: {error}") from error
    if not isinstance(root, Element):
        raise DataError(f"{file}: nothing in it")
    return root


def _picture(
    image: Element, file: Path, subset: str, wish: ImportOptions, source: str
) -> tuple[Photograph, Path]:
    given = image.get("name")
    if not given:
        raise DataError(f"{file}: image {image.get('id')!r}: name: there is none")
    where = f"{file}: image {given!r}"
    root = file.parent
    folders = [root / "images" / subset, root / "images", root / subset, root]
    name, picture = find_picture(given, [wish.images] if wish.images else folders, where)
    if image.get("width") is None and image.get("height") is None:
        size = picture_size(picture)
    else:
        size = (_side(image, "width", where), _side(image, "height", where))
    check_size(picture, *size, where)

    entries: list[ExchangeBox] = []
    own: Attributes = {}
    for number, shape in enumerate(child for child in image if child.tag != "tag"):
        label = shape.get("label", "")
        place = f"{where}: {shape.tag} {number} ({label})"
        ours, kind = class_of(label, wish.classes, place)
        if ours is None:
            continue
        attributes = _attributes(shape)
        if kind is not None:
            attributes.setdefault("kind", kind)
        entries.append(ExchangeBox(ours, _box(shape, place), attributes, place))
    for tag in image.iter("tag"):
        # Other tags are other people's: a picture's tag is no box.
        if tag.get("label") == PICTURE:
            own |= _attributes(tag)
    return photograph_of(name, size, entries, own, source, where), picture


def _attributes(element: Element) -> Attributes:
    return {
        child.get("name", ""): child.text or "" for child in element if child.tag == "attribute"
    }


def _side(image: Element, name: str, where: str) -> int:
    value = image.get(name, "")
    if not value.isdecimal() or len(value) > MOST_DIGITS:
        raise DataError(f"{where}: {name}: a whole number of pixels is wanted, got {value!r}")
    return int(value)


def _box(shape: Element, where: str) -> Box:
    """The upright box round a shape.

    A turned box, an ellipse or a polygon gives the box round it; shapes without an area, or
    with a third dimension, are refused.
    """
    if shape.tag == "box":
        x1, y1, x2, y2 = _numbers(shape, where, "xtl", "ytl", "xbr", "ybr")
        box = turned((x1, y1, x2, y2), _rotation(shape, where))
    elif shape.tag == "ellipse":
        cx, cy, rx, ry = _numbers(shape, where, "cx", "cy", "rx", "ry")
        angle = math.radians(_rotation(shape, where))
        w = math.hypot(rx * math.cos(angle), ry * math.sin(angle))
        h = math.hypot(rx * math.sin(angle), ry * math.cos(angle))
        box = (cx - w, cy - h, cx + w, cy + h)
    elif shape.tag == "polygon":
        box = _around(shape, where)
    elif shape.tag == "mask":
        left, top, w, h = _numbers(shape, where, "left", "top", "width", "height")
        box = (left, top, left + w, top + h)
    else:
        raise DataError(
            f"{where}: a {shape.tag} has no box round it; draw a rectangle, or leave its label "
            "out with --class"
        )
    if not (box[0] < box[2] and box[1] < box[3]):
        raise DataError(f"{where}: a box from left to right and top to bottom is wanted, got {box}")
    return box


def _rotation(shape: Element, where: str) -> float:
    """Degrees; CVAT writes none for a shape that is not turned."""
    return _numbers(shape, where, "rotation")[0] if shape.get("rotation") else 0.0


def _around(shape: Element, where: str) -> Box:
    try:
        points = [
            tuple(float(value) for value in point.split(","))
            for point in shape.get("points", "").split(";")
        ]
        xs, ys = [x for x, _ in points], [y for _, y in points]
    except ValueError as error:
        raise DataError(f"{where}: points: 'x,y;x,y;...' is wanted") from error
    if not all(math.isfinite(value) for value in (*xs, *ys)):
        raise DataError(f"{where}: points: finite numbers are wanted")
    return (min(xs), min(ys), max(xs), max(ys))


def _numbers(shape: Element, where: str, *names: str) -> list[float]:
    found = []
    values: Mapping[str, str] = shape.attrib
    for name in names:
        try:
            value = float(values.get(name, ""))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DataError(f"{where}: {name}: a number is wanted, got {values.get(name)!r}")
        found.append(value)
    return found
