"""Our data set as CVAT for images 1.1: a folder a split, `annotations.xml` and `images/`.

Each folder is what CVAT exports of one task. `labels.json` beside them is for CVAT's label
constructor: a task must know labels and attributes before it takes the annotations.
`datasets.exchange.incoming` reads it back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from datasets.errors import DataError
from datasets.exchange.parts import Attributes, Splits, attributes_of, entries_of, name_of
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import By, Photograph, Role, Scene

CORNERS = ("xtl", "ytl", "xbr", "ybr")
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


def write_cvat(folder: Path, splits: Splits, link: bool = False) -> None:
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
        places = zip(CORNERS, map(repr, entry.box), strict=True)
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
