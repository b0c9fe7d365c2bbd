"""What is kept in the user's cache folder, and what becomes of it when it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from datasets.cache import cache_key, load_bytes, load_or_make, store_bytes
from datasets.errors import RegistryError
from datasets.yamlfile import read_yaml


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nameplate"


def test_it_is_made_once(folder):
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    key = cache_key("numbers", b"of one kind")
    assert [load_or_make("number", key, make) for _ in range(3)] == [0, 0, 0]
    assert load_or_make("number", cache_key("others"), make) == 1
    assert len(list(folder.iterdir())) == 2, "a partial file stays"


@pytest.mark.parametrize("damage", [lambda kept: kept[:-1], lambda kept: b"", bytes.swapcase])
def test_what_is_damaged_is_made_again(folder, damage):
    store_bytes("text", "key", b"whole")
    (file,) = folder.iterdir()
    assert callable(damage)
    file.write_bytes(damage(file.read_bytes()))
    assert load_bytes("text", "key") is None
    assert load_or_make("text", "key", lambda: "made again") == "made again"
    assert load_or_make("text", "key", lambda: "not made") == "made again"


def test_what_python_cannot_unpack_is_made_again(folder):
    store_bytes("text", "key", b"no pickle")
    assert load_or_make("text", "key", lambda: "made again") == "made again"


def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert load_or_make("text", "key", lambda: "made") == "made"
    assert load_bytes("text", "key") is None


def lists(*levels: str) -> str:
    """Lists in lists, each of ten times the one before."""
    named = zip(levels, ("xxxxxxxxxx", *(f"*{level}" for level in levels)), strict=False)
    return "".join(f"{name}: &{name} [{', '.join([what] * 10)}]\n" for name, what in named)


@pytest.mark.parametrize(
    "content", [lists(*"abcdefgh"), f"a: &a {'x' * 90_000}\nb: [{'*a, ' * 300}]"]
)
def test_what_aliases_make_too_long_is_refused(tmp_path, content):
    file = tmp_path / "own.yaml"
    file.write_text(content)
    with pytest.raises(
        RegistryError, match=r"own\.yaml: not valid YAML: its aliases make it too long"
    ):
        read_yaml(file)


def test_some_aliases_are_no_trouble(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text(lists(*"abc"))
    read = read_yaml(file)
    assert isinstance(read, dict) and read["c"][9][9][9] == "xxxxxxxxxx"
