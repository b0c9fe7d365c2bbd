"""`docs/results.md` and `docs/serving.md` say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from api.web.accounts import NewToken
from api.web.auth import AT_ANY_NAME, AT_ONE_NAME
from api.web.errors import _STATUS
from api.web.site import Limits
from evidence.accounts import LASTS, ROLES, SHORTEST

DOCS = Path(__file__).parents[4] / "docs"
API = (DOCS / "results.md").read_text("utf-8")
SERVING = (DOCS / "serving.md").read_text("utf-8")


def test_every_status_an_error_is_told_by_is_documented():
    missing = {status for status in _STATUS if f"| {status} |" not in API}
    assert not missing


def test_the_most_a_request_may_hold_is_told():
    assert f"{Limits().body_bytes:,} bytes at most" in API


@pytest.mark.parametrize(
    ("words", "so"),
    [
        (f"{SHORTEST} characters or more", True),
        ("for twelve hours", LASTS.total_seconds() == 12 * 3600),
        ("64 KiB", Limits().body_bytes == 64 << 10),
        ("the sixth wrong password for a name", AT_ONE_NAME == (5, 60.0)),
        ("the twenty-first for any", AT_ANY_NAME == (20, 15.0)),
        ("after 90\ndays", NewToken(label="x").days == 90),
    ],
)
def test_what_is_said_of_limits_is_so(words, so):
    assert words in SERVING and so


def test_every_role_and_command_is_told_of():
    assert [role for role in ROLES if f"| `{role}` |" not in SERVING] == []
    commands = (DOCS / "reference.md").read_text("utf-8")
    said = re.findall(r"^### `nameplate accounts (\w+)`", commands, re.MULTILINE)
    assert len(said) == 6
    assert [word for word in said if not re.search(rf"\b{word}\b", SERVING)] == []
