"""Every route says who may call it, and lets in nobody else; the docs say what is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.routing import Mount

from api.web.accounts import NewToken
from api.web.app import ROUTES
from api.web.auth import AT_ANY_NAME, AT_ONE_NAME
from api.web.errors import _STATUS
from api.web.pages import static, static_root
from api.web.site import Limits
from evidence.accounts import LASTS, SHORTEST
from tests.api.web.access.asking import HOST
from tests.api.web.access.conftest import ROLES
from tests.api.web.access.routes import all_routes, filled

ORIGIN = {"Origin": f"http://{HOST}"}
WHOLE = ("anyone", *ROLES)
pytestmark = pytest.mark.sqlite


def test_every_route_names_the_least_role_that_may_call_it():
    assert [str(route) for route in all_routes() if route.role not in WHOLE] == []


def test_whoever_is_asked_for_nothing_is_let_to_no_more_than_the_login():
    open_to_all = {str(route) for route in all_routes() if route.role == "anyone"}
    login = {"GET /login", "POST /api/v1/login", "DELETE /api/v1/login"}
    assert open_to_all == login | {"GET /font/han.otf"}


def test_nothing_is_served_but_routes_and_static_files(team):
    mounts = [route for route in team.app.routes if isinstance(route, Mount)]
    assert [mount.path for mount in mounts] == [static_root()]
    assert len(team.app.routes) == len(ROUTES) + 1


def test_each_route_lets_in_whom_it_says(team, asking, fill, packed_here):
    fill(team.site)
    wrong, asked = [], 0
    for route in all_routes():
        path = filled(team.site, route.path)
        callers: list[tuple[str, int, dict[str, str]]] = [("nobody", 0, ORIGIN)]
        for rank, role in enumerate(ROLES, 1):
            callers.append((role, rank, ORIGIN | team.cookie(role)))
            callers.append((f"a token of {role}", rank, team.bearer(role)))
        asked += len(callers)
        for name, rank, headers in callers:
            try:
                answer = asking(route.method, path, headers)
            except Exception as error:  # so that the others are walked too
                wrong.append(f"{route} by {name}: {error!r}")
                continue
            enough = rank >= WHOLE.index(route.role or "")
            expected = 0 if enough else 403 if rank else 401
            if answer.refused != expected or answer.status >= 500:
                wrong.append(f"{route} by {name}: {answer.status}, and it says {route.role}")
    assert wrong == []
    assert asked == 7 * len(list(all_routes()))


def test_static_files_are_for_anyone(asking):
    assert asking("GET", static("style.css")).status == 200


def test_a_role_taken_away_is_gone_at_once(team, asking):
    from evidence.accounts import change_account

    cookie, token = team.cookie("lead"), team.bearer("lead")
    change_account(team.site.case, "lead", closed=True)
    assert asking("GET", "/api/v1/login", cookie).status == 401
    assert asking("GET", "/api/v1/login", token).status == 401
    change_account(team.site.case, "lead", closed=False, role="reviewer")
    assert asking("GET", "/api/v1/login", cookie).status == 401
    assert b'"reviewer"' in asking("GET", "/api/v1/login", team.cookie("lead")).body


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
