"""A YAML file that a few lines make endless is refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.errors import RegistryError
from datasets.yamlfile import read_yaml


def lists(*levels: str) -> str:
    """Lists in lists, each of ten times the one before."""
    named = zip(levels, ("xxxxxxxxxx", *(f"*{level}" for level in levels)), strict=False)
    return "".join(f"{name}: &{name} [{', '.join([what] * 10)}]\n" for name, what in named)


@pytest.mark.parametrize(
    "content", [lists(*"abcdefgh"), f"a: &a {'x' * 90_000}\nb: [{'*a, ' * 300}]"]
)
def test_what_aliases_make_too_long_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(content)
    with pytest.raises(
        RegistryError, match=r"own\.yaml: not valid YAML: its aliases make it too long"
    ):
        read_yaml(file)


def test_some_aliases_are_no_trouble(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(lists(*"abc"))
    read = read_yaml(file)
    assert isinstance(read, dict) and read["c"][9][9][9] == "xxxxxxxxxx"
