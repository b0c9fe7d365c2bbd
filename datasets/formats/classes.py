"""Which of our classes another tool's category is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import get_args

from datasets.entry import Kind
from datasets.errors import DataError, UsageError

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
