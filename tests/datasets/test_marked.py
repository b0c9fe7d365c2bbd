"""What is made stands between its marks; a page without them stays as it is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from datasets.errors import UsageError
from datasets.marked import filled

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- made -->\n", "<!-- end -->\n"


def test_what_stands_around_the_marks_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"first\n{BEGIN}old\n{END}last\n{END}", "utf-8")
    made = filled(page, BEGIN, END, "new\n")
    assert made == f"first\n{BEGIN}\nnew\n\n{END}last\n{END}"
    page.write_text(made, "utf-8")
    assert filled(page, BEGIN, END, "new\n") == made


@pytest.mark.parametrize(
    ("content", "missing"),
    [("first\nlast\n", "made"), (f"{END}{BEGIN}last\n", "end"), (f"{END}last\n", "made")],
)
def test_a_missing_mark_is_named(tmp_path: Path, content: str, missing: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(content, "utf-8")
    with pytest.raises(UsageError, match=rf"page\.md: no line '<!-- {missing} -->'"):
        filled(page, BEGIN, END, "new\n")


@pytest.mark.parametrize("module", ["evidence.case.description", "api.web.app"])
def test_a_page_without_marks_stays_as_it_is(tmp_path: Path, module: str) -> None:
    page = tmp_path / "page.md"
    page.write_text("first\nlast\n", "utf-8")
    done = subprocess.run([sys.executable, "-m", module, str(page)], cwd=ROOT, capture_output=True)
    assert done.returncode
    assert page.read_text("utf-8") == "first\nlast\n"
    assert b"page.md: no line" in done.stderr
