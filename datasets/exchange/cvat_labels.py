"""The labels and attributes a CVAT task needs, as CVAT's label constructor takes them."""

from __future__ import annotations

from typing import Any, get_args

from datasets.photographs.annotations import By, Role, Scene

PICTURE = "photograph"
"""The label of the tag that carries what is said of the picture as a whole."""

COLOURS = {
    "machine": "#e69f00",
    "wordmark": "#009e73",
    "control": "#56b4e9",
    "concealed": "#d55e00",
    PICTURE: "#8d96a1",
}


def cvat_labels() -> list[dict[str, Any]]:
    """Each label with its attributes: name, input type, values (the first is the default)."""
    attributes: dict[str, list[dict[str, Any]]] = {
        "machine": [
            _text("number"),
            _select("cnc", "unknown", "true", "false"),
            _text("kind"),
            _text("builder"),
            _select("by", "none", *get_args(By)),
            _checkbox("truncated"),
            _checkbox("ignore"),
            _text("more"),
        ],
        "wordmark": [
            _text("text"),
            _select("role", *get_args(Role)),
            _text("of"),
            _checkbox("legible"),
            _text("id"),
            _checkbox("ignore"),
            _text("more"),
        ],
        "control": [_text("of"), _checkbox("ignore"), _text("more")],
        "concealed": [],
        PICTURE: [_select("scene", *get_args(Scene)), _text("source"), _text("more")],
    }
    return [
        {
            "name": name,
            "color": COLOURS[name],
            "type": "tag" if name == PICTURE else "rectangle",
            "attributes": own,
        }
        for name, own in attributes.items()
    ]


def _attribute(name: str, input_type: str, *values: str) -> dict[str, Any]:
    return {
        "name": name,
        "mutable": False,
        "input_type": input_type,
        "default_value": values[0],
        "values": list(values),
    }


def _text(name: str) -> dict[str, Any]:
    return _attribute(name, "text", "")


def _select(name: str, *values: str) -> dict[str, Any]:
    return _attribute(name, "select", *values)


def _checkbox(name: str) -> dict[str, Any]:
    return _attribute(name, "checkbox", "false")
