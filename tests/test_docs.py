"""What the documents say is true: examples run, links lead somewhere, names are the code's."""

from __future__ import annotations

import doctest
import importlib
import linecache
import re
from pathlib import Path

import pytest

from datasets.errors import FootageError, NameplateError
from detector.settings import Settings

ROOT = Path(__file__).parent.parent
ROOMS = ("datasets", "detector", "training", "evidence", "api")
MODULES = sorted(
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for room in ROOMS
    for file in (ROOT / room).rglob("*.py")
    if file.stem not in ("__init__", "__main__")
)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    # Doctest's debugger would look at every file that other tests have had lines of.
    linecache.clearcache()
    failed, _ = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text("utf-8"))
    local = [t for t in targets if "://" not in t and not t.startswith("mailto:")]
    missing = [t for t in local if not (page.parent / t).exists()]
    assert not missing


def kinds(error: type[NameplateError]) -> set[str]:
    return {error.kind}.union(*(kinds(child) for child in error.__subclasses__()))


def test_every_kind_of_footage_error_is_documented():
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    missing = {kind for kind in kinds(FootageError) - {"footage"} if f"`{kind}`" not in text}
    assert not missing


def test_every_setting_is_documented():
    text = (ROOT / "docs" / "reference.md").read_text("utf-8")
    for part, values in Settings().model_dump().items():
        for name in values:
            assert f"`{part}.{name}`" in text, f"{part}.{name} is not in docs/reference.md"
