"""Our data set as CVAT for images 1.1: a folder a split, `annotations.xml` and `images/`.

Each folder is what CVAT exports of one task. `labels.json` beside them is for CVAT's label
constructor: a task must know labels and attributes before it takes the annotations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from datasets.annotations import Photograph
from datasets.errors import DataError
from datasets.formats.cvat_labels import PICTURE, cvat_labels
from datasets.formats.parts import Attributes, Entry, attributes_of, entries_of, name_of
from datasets.output import place_picture, write_text

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
        yield from _box(entry)
    yield f'    <tag label="{PICTURE}" source="manual">'
    yield from _attributes(attributes_of(photograph))
    yield "    </tag>"
    yield "  </image>"


def _box(entry: Entry) -> Iterator[str]:
    sides = zip(("xtl", "ytl", "xbr", "ybr"), entry.box, strict=True)
    corners = " ".join(f'{name}="{value!r}"' for name, value in sides)
    yield f'    <box label="{entry.name}" source="manual" occluded="0" {corners} z_order="0">'
    yield from _attributes(entry.attributes)
    yield "    </box>"


def _attributes(values: Attributes) -> Iterator[str]:
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
