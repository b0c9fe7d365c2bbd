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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, get_args
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from datasets.errors import DataError
from datasets.exchange.incoming import (
    Brought,
    ImportOptions,
    find_files,
    find_picture,
    guessed_split,
    named_split,
    picture_of_size,
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
from datasets.photographs.annotations import Box, By, Photograph, Role, Scene

# What XML 1.0 has no way to write: https://www.w3.org/TR/xml/#charsets
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


PICTURE = "photograph"
"""The label of the tag that describes the picture as a whole."""

COLOURS = {
    "machine": "#e69f00",
    "wordmark": "#009e73",
    "control": "#56b4e9",
    "concealed": "#d55e00",
    PICTURE: "#8d96a1",
}


_TRUTH = ("true", "false")
_FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "machine": {
        "number": ("",), "cnc": ("unknown", *_TRUTH), "kind": ("",), "builder": ("",),
        "by": ("none", *get_args(By)), "truncated": ("false",), "ignore": ("false",), "more": ("",),
    },
    "wordmark": {
        "text": ("",), "role": get_args(Role), "of": ("",), "legible": ("false",), "id": ("",),
        "ignore": ("false",), "more": ("",),
    },
    "control": {"of": ("",), "ignore": ("false",), "more": ("",)},
    "concealed": {},
    PICTURE: {"scene": get_args(Scene), "source": ("",), "more": ("",)},
}  # fmt: skip
"""Of each label the attributes, with their values: an empty one is any text."""


def cvat_labels() -> list[dict[str, Any]]:
    """Each label with its attributes, as CVAT's label constructor takes them."""
    inputs: dict[tuple[str, ...], str] = {("",): "text", ("false",): "checkbox"}
    return [
        {
            "name": name,
            "color": COLOURS[name],
            "type": "tag" if name == PICTURE else "rectangle",
            "attributes": [
                {
                    "name": field,
                    "mutable": False,
                    "input_type": inputs.get(values, "select"),
                    "default_value": values[0],
                    "values": list(values),
                }
                for field, values in fields.items()
            ],
        }
        for name, fields in _FIELDS.items()
    ]


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
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    size = str(len(photographs))
    _texts(task, {"name": split, "size": size, "mode": "annotation", "subset": split})
    labels = SubElement(task, "labels")
    for label in cvat_labels():
        one = SubElement(labels, "label")
        _texts(one, {key: label[key] for key in ("name", "color", "type")})
        attributes = SubElement(one, "attributes")
        for attribute in label["attributes"]:
            values = {"mutable": "False", "values": "\n".join(attribute["values"])}
            _texts(SubElement(attributes, "attribute"), attribute | values)
    for number, photograph in enumerate(photographs):
        image = _image(photograph, number)
        bad = _UNWRITABLE.search(ElementTree.tostring(image, "unicode"))
        if bad:
            raise DataError(
                f"{photograph.path}: XML cannot hold the character U+{ord(bad[0]):04X} of its "
                "annotations; take it out, or export as COCO"
            )
        root.append(image)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, "unicode")
    # A parser makes line feeds of carriage returns, unless they are written as numbers.
    return '<?xml version="1.0" encoding="utf-8"?>\n' + text.replace("\r", "&#13;") + "\n"


def _texts(parent: Element, values: Mapping[str, str]) -> None:
    for name, text in values.items():
        SubElement(parent, name).text = text


def _image(photograph: Photograph, number: int) -> Element:
    size = {"width": str(photograph.width), "height": str(photograph.height)}
    image = Element("image", {"id": str(number), "name": name_of(photograph)} | size)
    for entry in entries_of(photograph):
        given = {"label": entry.name, "source": "manual", "occluded": "0", "z_order": "0"}
        places = zip(_CORNERS, map(repr, entry.box), strict=True)
        _add_attributes(SubElement(image, "box", given | dict(places)), entry.attributes)
    tag = SubElement(image, "tag", {"label": PICTURE, "source": "manual"})
    _add_attributes(tag, attributes_of(photograph))
    return image


def _add_attributes(element: Element, values: Attributes) -> None:
    for name, value in values.items():
        SubElement(element, "attribute", {"name": name}).text = _word(name, value)


def _word(name: str, value: Any) -> str:
    """A value as CVAT's inputs hold it: all are texts, and none is nothing."""
    if value is None:
        return {"cnc": "unknown", "by": "none"}.get(name, "")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


_CORNERS = ("xtl", "ytl", "xbr", "ybr")
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
    for file in find_files(path, "CVAT", "annotations.xml", "*/annotations.xml", "*.xml"):
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
    width, height = _side(image, "width", where), _side(image, "height", where)
    size = picture_of_size(picture, width, height, where)

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


def _side(image: Element, name: str, where: str) -> int | None:
    value = image.get(name)
    if value is None:
        return None
    if not value.isdecimal() or len(value) > MOST_DIGITS:
        raise DataError(f"{where}: {name}: a whole number of pixels is wanted, got {value!r}")
    return int(value)


def _box(shape: Element, where: str) -> Box:
    """The upright box round a box, turned or not, or a polygon; other shapes are refused."""
    if shape.tag == "box":
        x1, y1, x2, y2 = _numbers(shape.attrib, where, *_CORNERS)
        degrees = _numbers(shape.attrib, where, "rotation") if shape.get("rotation") else [0.0]
        box = turned((x1, y1, x2, y2), degrees[0])
    elif shape.tag == "polygon":
        points = (point.partition(",") for point in shape.get("points", "").split(";"))
        xs, ys = zip(*(_numbers({"x": x, "y": y}, where, "x", "y") for x, _, y in points),
                     strict=True)  # fmt: skip
        box = (min(xs), min(ys), max(xs), max(ys))
    else:
        raise DataError(
            f"{where}: a {shape.tag} has no box round it; draw a rectangle, or leave its label "
            "out with --class"
        )
    if not (box[0] < box[2] and box[1] < box[3]):
        raise DataError(f"{where}: a box from left to right and top to bottom is wanted, got {box}")
    return box


def _numbers(values: Mapping[str, str], where: str, *names: str) -> list[float]:
    found = []
    for name in names:
        try:
            value = float(values.get(name, ""))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise DataError(f"{where}: {name}: a number is wanted, got {values.get(name)!r}")
        found.append(value)
    return found
