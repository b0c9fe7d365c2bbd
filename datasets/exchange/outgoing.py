"""A data set as YOLO, COCO or CVAT: each picture with boxes of classes and attributes.

Boxes may be moved, added and removed in another tool. So a machine carries its `number`, and a
mark's `of` names that number, never a place in the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from datasets.errors import DataError
from datasets.files import place_picture, write_text
from datasets.photographs.annotations import CLASS_NAMES, Box, By, Photograph, Role, Scene
from datasets.photographs.splits import labels_of, to_yolo

CLASSES = ("machine", "wordmark", "control", "concealed")
Attributes = dict[str, Any]
Splits = Mapping[str, Sequence[Photograph]]
Format = Literal["yolo", "coco", "cvat"]
Files = Iterator[tuple[str, str]]
"""Files by their path, with their texts."""


def entries_of(photograph: Photograph) -> list[tuple[str, Box, Attributes]]:
    """Everything boxed in a picture, in order: one of `CLASSES`, its box in pixels, attributes."""
    entries: list[tuple[str, Box, Attributes]] = []
    own = (photograph.machines, photograph.marks, photograph.controls)
    for name, parts in zip(CLASSES, own, strict=False):
        for number, part in enumerate(parts):
            values = part.model_dump(mode="json", exclude={"box", *part.more})
            numbered = {"number": number} if name == "machine" else {}
            entries.append((name, part.box, numbered | values | _more(part.more)))
    return entries + [("concealed", box, {}) for box in photograph.concealed]


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


def _in_yolo(splits: Splits) -> Files:
    for split, photographs in splits.items():
        for photograph in photographs:
            labels = PurePosixPath(name_of(photograph)).with_suffix(".txt")
            yield f"{split}/labels/{labels}", to_yolo(labels_of(photograph))
    # No `path`: a trainer then takes the folders from beside the file, wherever it lies.
    lines = [f"{split}: {split}/images" for split in splits]
    names = ", ".join(f"{id}: {name}" for id, name in enumerate(CLASS_NAMES))
    yield "data.yaml", "\n".join([*lines, f"names: {{{names}}}", ""])


def _in_coco(splits: Splits) -> Files:
    for split, photographs in splits.items():
        text = json.dumps(to_coco(photographs), ensure_ascii=False, indent=1)
        yield f"annotations/instances_{split}.json", text + "\n"


DECIMALS = 6


def to_coco(photographs: Sequence[Photograph]) -> dict[str, Any]:
    """One split as a COCO object; ids count from 1."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for id, photograph in enumerate(photographs, start=1):
        size = {"width": photograph.width, "height": photograph.height}
        name = {"id": id, "file_name": name_of(photograph)}
        images.append(name | size | attributes_of(photograph))
        for kind, (x1, y1, x2, y2), attributes in entries_of(photograph):
            w, h = (round(side, DECIMALS) for side in (x2 - x1, y2 - y1))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": id,
                    "category_id": CLASSES.index(kind) + 1,
                    "bbox": [x1, y1, w, h],
                    "area": round(w * h, DECIMALS),
                    "iscrowd": 0,
                    "segmentation": [],
                    "attributes": attributes,
                }
            )
    return {
        "info": {"description": "Nameplate data set"},
        "licenses": [],
        "categories": [{"id": id, "name": name} for id, name in enumerate(CLASSES, start=1)],
        "images": images,
        "annotations": annotations,
    }


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
TEXT, TICK, _TRUTH = ("",), ("false",), ("true", "false")
FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "machine": {
        "number": TEXT, "cnc": ("unknown", *_TRUTH), "kind": TEXT, "builder": TEXT,
        "by": ("none", *get_args(By)), "truncated": TICK, "ignore": TICK, "more": TEXT,
    },
    "wordmark": {
        "text": TEXT, "role": get_args(Role), "of": TEXT, "legible": TICK, "id": TEXT,
        "ignore": TICK, "more": TEXT,
    },
    "control": {"of": TEXT, "ignore": TICK, "more": TEXT},
    "concealed": {},
    PICTURE: {"scene": get_args(Scene), "source": TEXT, "more": TEXT},
}  # fmt: skip
"""Of each label the attributes, with their values: an empty one is any text."""


def cvat_labels() -> list[dict[str, Any]]:
    """Each label with its attributes, as CVAT's label constructor takes them."""
    inputs: dict[tuple[str, ...], str] = {TEXT: "text", TICK: "checkbox"}
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
        for name, fields in FIELDS.items()
    ]


def _in_cvat(splits: Splits) -> Files:
    for split, photographs in splits.items():
        yield f"{split}/annotations.xml", to_cvat(photographs, split)
    yield "labels.json", json.dumps(cvat_labels(), ensure_ascii=False, indent=1) + "\n"


def to_cvat(photographs: Sequence[Photograph], split: str) -> str:
    """One split as the text of an `annotations.xml`. Raises DataError: a text holds a character
    that XML cannot; the message names the picture."""
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    _texts(task, {"name": split, "size": str(len(photographs))})
    _texts(task, {"mode": "annotation", "subset": split})
    labels = SubElement(task, "labels")
    for label in cvat_labels():
        one = SubElement(labels, "label")
        _texts(one, {key: label[key] for key in ("name", "color", "type")})
        attributes = SubElement(one, "attributes")
        for attribute in label["attributes"]:
            values = {"mutable": "False", "values": "\n".join(attribute["values"])}
            _texts(SubElement(attributes, "attribute"), attribute | values)
    for number, photograph in enumerate(photographs):
        values = {"id": str(number), "name": name_of(photograph)}
        values |= {"width": str(photograph.width), "height": str(photograph.height)}
        image = SubElement(root, "image", values)
        for name, box, own in entries_of(photograph):
            given = {"label": name, "source": "manual", "occluded": "0", "z_order": "0"}
            places = zip(CORNERS, map(repr, box), strict=True)
            _add_attributes(SubElement(image, "box", given | dict(places)), own)
        tag = SubElement(image, "tag", {"label": PICTURE, "source": "manual"})
        _add_attributes(tag, attributes_of(photograph))
        if bad := _UNWRITABLE.search(ElementTree.tostring(image, "unicode")):
            raise DataError(
                f"{photograph.path}: XML cannot hold the character U+{ord(bad[0]):04X} of its "
                "annotations; take it out, or export as COCO"
            )
    ElementTree.indent(root)
    text = ElementTree.tostring(root, "unicode")
    # A parser makes line feeds of carriage returns, unless they are written as numbers.
    return '<?xml version="1.0" encoding="utf-8"?>\n' + text.replace("\r", "&#13;") + "\n"


def _texts(parent: Element, values: Mapping[str, str]) -> None:
    for name, text in values.items():
        SubElement(parent, name).text = text


def _add_attributes(element: Element, values: Attributes) -> None:
    """Values as CVAT's inputs hold them: all are texts, and none is nothing."""
    for name, value in values.items():
        if value is None:
            text = {"cnc": "unknown", "by": "none"}.get(name, "")
        elif isinstance(value, bool | dict):
            text = json.dumps(value, ensure_ascii=False)
        else:
            text = str(value)
        SubElement(element, "attribute", {"name": name}).text = text


FORMATS: dict[Format, tuple[str, Callable[[Splits], Files]]] = {
    "yolo": ("{split}/images", _in_yolo),
    "coco": ("images/{split}", _in_coco),
    "cvat": ("{split}/images", _in_cvat),
}
"""Of each format where pictures lie, and what else it writes."""


def write_format(folder: Path, splits: Splits, format: Format, link: bool = False) -> None:
    """Fills a folder with the splits in a format. Raises DataError: a picture cannot be read, or a
    text holds what the format cannot. OSError: the folder cannot be written."""
    pictures, files = FORMATS[format]
    for split, photographs in splits.items():
        for photograph in photographs:
            target = folder / pictures.format(split=split) / name_of(photograph)
            place_picture(photograph.path, target, link=link)
    for name, text in files(splits):
        write_text(folder / name, text)
