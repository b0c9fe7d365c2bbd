"""Reading YAML so that a slip is reported, not swallowed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from datasets.errors import RegistryError

LONGEST = 20_000_000
"""Letters and values of a file with its aliases written out; the registry has some 240,000."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The safe loader (in C where built: ten times faster), but a key written twice is an error."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[str] = set()
    for key, _ in node.value:
        wrong = None
        if not isinstance(key, yaml.ScalarNode):
            wrong = "a field's name must be plain text"
        elif key.value in seen:
            wrong = f"{key.value!r} is written twice"
        if wrong:
            raise yaml.constructor.ConstructorError(None, None, wrong, key.start_mark)
        seen.add(key.value)
    return dict(loader.construct_pairs(node, deep=True))


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> object:
    """The content of a YAML file. Raises RegistryError: it cannot be read, is not UTF-8 or is not
    YAML; the message says where."""
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_Loader)  # a subclass of SafeLoader
        _written_out(content, {})
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RegistryError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise RegistryError(f"{path}: not valid YAML{where}: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise RegistryError(f"{path}: not valid YAML: {error}") from error
    return content


def read_lists(path: Path) -> Mapping[str, Any]:
    """The lists of a packaged YAML file, by name."""
    lists = read_yaml(path)
    assert isinstance(lists, dict)
    return lists


def _written_out(value: object, known: dict[int, int]) -> int:
    """How many letters and values there are when every alias is written out.

    A few lines of lists in lists, each repeated by its alias, would fill any memory as soon as one
    stood in a message.
    """
    if isinstance(value, str | bytes):
        return 1 + len(value)
    if not isinstance(value, dict | list | tuple | set):
        return 1
    if id(value) not in known:
        parts = (*value, *value.values()) if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_written_out(part, known) for part in parts)
    if known[id(value)] > LONGEST:
        raise ValueError("its aliases make it too long; write it out")
    return known[id(value)]


def complain(path: Path, entry: str, error: ValidationError) -> RegistryError:
    """A RegistryError out of pydantic's: file, entry, field and what is wrong, a line each."""
    lines = []
    for problem in error.errors():
        field = ""
        for part in problem["loc"]:
            field += f"[{part}]" if isinstance(part, int) else f".{part}" if field else str(part)
        kind, given = problem["type"], problem["input"]
        if kind == "too_short" and given:
            continue  # what is in it is wrong, and told
        wrong = problem["msg"].removeprefix("Value error, ")
        if kind in _FAULTS:
            wrong = _FAULTS[kind].replace("GIVEN", f"{given!r:.40}")
        where = f"{field}: " if field else ""
        lines.append(f"{path}: {entry}: {where}{wrong}")
    return RegistryError("\n".join(lines))


_FAULTS = {
    "extra_forbidden": "no such field; see docs/registry.md for those there are",
    "missing": "this field is required",
    "string_type": "a text is wanted, got GIVEN; write it in quotes",
    "tuple_type": "a list is wanted, as [a, b], got GIVEN",
    "model_type": "fields with names are wanted, as {name: ...}, got GIVEN",
    "string_pattern_mismatch": (
        "lower-case letters, digits and single hyphens are wanted, got GIVEN"
    ),
    "too_short": "at least one is wanted",
}
