"""Folders that are whole or not there; pages that are made in part."""

from __future__ import annotations

import ast
import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from datasets.errors import UsageError
from datasets.files import fill_page, unwritten

ROOT = Path(__file__).parents[2]
ROOMS = ("datasets", "detector", "training", "evidence", "api")


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.ENOENT, "make its folder first"),
        (errno.EISDIR, "move away what is in its way"),
        (errno.ENOTDIR, "move away what is in its way"),
        (errno.EEXIST, "move away what is in its way"),
        (errno.EACCES, "check its permissions and the disk"),
        (errno.EIO, "check its permissions and the disk"),
    ],
)
def test_each_failure_has_its_remedy(code, remedy):
    why = os.strerror(code)
    error = OSError(code, why)
    assert unwritten(Path("a.json"), error) == f"a.json: it could not be written ({why}); {remedy}"
    assert unwritten("out", error, "the card", "give another --out") == (
        f"out: the card could not be written ({why}); {remedy} or give another --out"
    )


def strings(tree: ast.AST) -> list[tuple[int, str]]:
    """Every text of a file as it would be read, `{}` for what is filled in, with its line."""
    found, within = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
            found.append((node.lineno, "".join(map(str, parts))))
            within |= {id(part) for part in node.values}
        elif isinstance(node, ast.Constant) and id(node) not in within:
            found.append((node.lineno, str(node.value)))
    return found


def test_no_message_ends_with_what_the_file_system_said():
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for room in ROOMS
        for file in sorted((ROOT / room).rglob("*.py"))
        for line, text in strings(ast.parse(file.read_text("utf-8")))
        if re.search(r"\b(written|made|kept) \((\{\}|%\(\w+\)s)\)$", text)
    ]
    assert not wrong


BEGIN, END = "<!-- made -->\n", "<!-- end -->\n"


def test_what_stands_around_the_marks_stays(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"first\n{BEGIN}old\n{END}last\n{END}", "utf-8")
    made = fill_page(page, BEGIN, END, "new\n")
    assert made == f"first\n{BEGIN}\nnew\n\n{END}last\n{END}"
    page.write_text(made, "utf-8")
    assert fill_page(page, BEGIN, END, "new\n") == made


@pytest.mark.parametrize(
    ("content", "missing"),
    [("first\nlast\n", "made"), (f"{END}{BEGIN}last\n", "end"), (f"{END}last\n", "made")],
)
def test_a_missing_mark_is_named(tmp_path, content, missing):
    page = tmp_path / "page.md"
    page.write_text(content, "utf-8")
    with pytest.raises(UsageError, match=rf"page\.md: no line '<!-- {missing} -->'"):
        fill_page(page, BEGIN, END, "new\n")


def test_a_page_without_marks_stays_as_it_is(tmp_path):
    page = tmp_path / "reference.md"
    page.write_text("first\nlast\n", "utf-8")
    call = [sys.executable, "-m", "api.cli.commands", str(tmp_path)]
    done = subprocess.run(call, cwd=ROOT, capture_output=True)
    assert done.returncode and b"reference.md: no line" in done.stderr
    assert page.read_text("utf-8") == "first\nlast\n"
