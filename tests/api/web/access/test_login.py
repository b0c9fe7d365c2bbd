"""Logging in: cookies, guesses, where it leads; accounts and tokens over HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import httpx2 as httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from api.web.accounts import own_path
from api.web.auth import AT_ANY_NAME, AT_ONE_NAME, Attempts, Bucket
from api.web.errors import TooMany
from evidence.accounts import LASTS, add_account, digest
from evidence.case.tables import Login, Token
from tests.api.web.access.asking import HOST
from tests.api.web.access.conftest import PASSWORD

OWN = {"Origin": f"http://{HOST}", "Content-Type": "application/json"}


def enter(client: httpx.Client, name: str = "lead", password: str = PASSWORD) -> httpx.Response:
    return client.post("/api/v1/login", json={"name": name, "password": password})


def cookie_of(header: str) -> tuple[str, str, dict[str, str]]:
    [(name, morsel)] = SimpleCookie(header).items()
    return name, morsel.value, {key: str(value) for key, value in morsel.items() if value}


def test_a_browser_enters_and_leaves(visitor, team):
    assert visitor.get("/accounts").headers["location"] == "/login?next=/accounts"
    # Whoever follows a link to a file is led back to the page that has it.
    followed = visitor.get("/api/v1/answer/report?country=JP", headers={"Accept": "text/html"})
    assert followed.headers["location"] == "/login?next=/answer%3Fcountry%3DJP"
    answer = enter(visitor)
    assert answer.json() == {"name": "lead", "role": "lead", "local": False}
    assert visitor.get("/api/v1/login").json()["name"] == "lead"
    assert visitor.get("/login?next=/tokens").headers["location"] == "/tokens"
    assert visitor.get("/accounts").status_code == 403
    kept = dict(visitor.cookies)
    answer = visitor.delete("/api/v1/login")
    assert answer.status_code == 204 and answer.headers["clear-site-data"] == '"cache"'
    assert visitor.get("/api/v1/login").status_code == 401
    # The cookie is not only forgotten by the browser: it lets nobody in again.
    with TestClient(team.app, f"http://{HOST}", cookies=kept) as thief:
        assert thief.get("/api/v1/login").status_code == 401


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_scripts_and_other_sites_never_get_the_cookie(team, scheme):
    with TestClient(team.app, f"{scheme}://{HOST}", headers={"Origin": f"{scheme}://{HOST}"}) as at:
        answer = enter(at)
        name, value, flags = cookie_of(answer.headers["set-cookie"])
        expected = {"httponly": "True", "samesite": "strict", "path": "/", "max-age": "43200"}
        assert flags == expected | ({"secure": "True"} if scheme == "https" else {})
        assert name.startswith("__Host-") == (scheme == "https")
        assert value not in answer.text
        assert at.get("/api/v1/login").status_code == 200
        _, _, gone = cookie_of(at.delete("/api/v1/login").headers["set-cookie"])
        assert gone["max-age"] == "0"
    with team.site.session() as session:
        assert session.scalars(select(Login.digest)).all() == []


def test_nobody_chooses_the_cookie_of_another(visitor, team):
    name = f"nameplate-{team.site.case.id[:8]}"
    visitor.cookies.set(name, "chosen-by-somebody", domain=HOST)
    enter(visitor)
    [value] = [v for n, v in visitor.cookies.items() if n == name and v != "chosen-by-somebody"]
    with team.site.session() as session:
        assert session.scalars(select(Login.digest)).all() == [digest(value)]


def test_a_login_ends_by_itself(team, asking):
    cookie = team.cookie("lead")
    assert asking("GET", "/api/v1/login", cookie).status == 200
    with team.site.session() as session, session.begin():
        late = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(Login).values(expires=late))
    assert asking("GET", "/api/v1/login", cookie).status == 401
    team.cookie("admin")  # a new one clears the old ones away
    with team.site.session() as session:
        assert session.scalars(select(Login.account)).all() == ["admin"]
    assert timedelta(hours=12) == LASTS


WRONG = [("lead", "seven lathes in a shop"), ("nobody", PASSWORD), ("LEAD", PASSWORD), ("lead", "")]


@pytest.mark.parametrize(("name", "password"), WRONG)
def test_what_is_wrong_is_not_told(visitor, name, password):
    answer = enter(visitor, name, password)
    assert answer.status_code == 401 and "set-cookie" not in answer.headers
    why = "name and password do not belong together, or the account is closed"
    assert answer.json()["error"] == {"kind": "password", "message": why}


def test_guessing_is_slowed_down_and_nobody_else_is(team, asking):
    def tried(address: str, name: str, password: str) -> int:
        body = f'{{"name":"{name}","password":"{password}"}}'.encode()
        answer = asking("POST", "/api/v1/login", OWN, [body], client=(address, 5))
        if answer.status == 429:
            assert 0 < int(answer.headers["retry-after"]) <= 60
        return answer.status

    most = AT_ONE_NAME[0]
    assert [tried("192.0.2.1", "lead", "guess") for _ in range(most + 1)] == [401] * most + [429]
    assert tried("192.0.2.1", "lead", PASSWORD) == 429
    assert tried("192.0.2.1", "Lead", "guess") == 429
    assert tried("192.0.2.2", "lead", PASSWORD) == 200  # who is guessed at, from elsewhere
    assert tried("192.0.2.1", "admin", PASSWORD) == 200
    assert tried("2001:db8:0:1::1", "lead", PASSWORD) == 200


def guess(attempts: Attempts, *names: str, address: str = "192.0.2.1", right: bool = False) -> None:
    """Tries a password for each name, right ones or wrong ones."""
    for name in names:
        with attempts.attempt(address, name) as counts:
            if right:
                counts()


def test_a_network_of_ipv6_is_one_caller():
    attempts = Attempts(lambda: 0.0)
    for number in range(AT_ANY_NAME[0]):
        guess(attempts, f"name {number}", address=f"2001:db8::{number:x}")
    with pytest.raises(TooMany):
        guess(attempts, "another", address="2001:db8::ffff")
    guess(attempts, "another", address="2001:db8:0:1::1")


def test_right_ones_do_not_count_and_time_heals():
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    guess(attempts, *["lead"] * 100, right=True)
    guess(attempts, *["lead"] * AT_ONE_NAME[0])
    with pytest.raises(TooMany) as told:
        guess(attempts, "lead")
    now[0] += told.value.seconds
    guess(attempts, "lead")


@pytest.mark.parametrize("name", ["anna ", " anna", "ANNA", "anna\u2003"])
def test_one_name_is_not_several_for_who_guesses(name):
    attempts = Attempts(lambda: 0.0)
    guess(attempts, *["anna"] * AT_ONE_NAME[0])
    with pytest.raises(TooMany):
        guess(attempts, name)


def test_names_that_may_not_be_tried_push_out_none_that_was(monkeypatch):
    monkeypatch.setattr("api.web.auth._REMEMBERED", 50)
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for name in ["anna"] * AT_ONE_NAME[0] + [f"name {number}" for number in range(100)]:
        with suppress(TooMany):
            guess(attempts, name)
    now[0] += AT_ANY_NAME[1]
    with pytest.raises(TooMany):
        guess(attempts, "anna")


def test_what_is_remembered_of_guesses_is_bounded():
    bucket = Bucket(1, 60.0, lambda: 0.0)
    for number in range(20_000):
        assert bucket.take(f"address {number}") == 0
    assert bucket.take("address 19999") > 0 and bucket.take("address 0") == 0


@pytest.mark.parametrize(
    "path", ["/", "/review", "/machines?builder=smtcl&q=%20", "/footage/ab?at=1001/24000", "/цех"]
)
def test_one_is_led_back_to_where_one_was(path):
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        *("//example.org", "/\\example.org", "http://example.org", "javascript:alert(1)", ""),
        *("/\t/example.org", "\t//example.org", "/\n/example.org", "/a\\b", "/login", "review"),
        *(" /review", "/re view", "/\x7f", "/login?next=/login"),
    ],
)
def test_one_is_led_nowhere_else(visitor, path):
    assert own_path(path) == "/"
    answer = visitor.get("/login", params={"next": path})
    assert 'data-next="/"' in answer.text


def test_a_path_that_is_asked_for_is_kept_whole(visitor):
    answer = visitor.get("/accounts?builder=smtcl&text=%D0%90&x=1%2B2")
    shown = visitor.get(answer.headers["location"])
    assert 'data-next="/accounts?builder=smtcl&amp;text=%D0%90&amp;x=1%2B2"' in shown.text


def test_ones_own_password(visitor, team, asking):
    other, token = team.cookie("lead"), team.bearer("lead")
    enter(visitor)
    change = {"old": "not this one!", "new": "eight mills in a hall"}
    assert visitor.put("/api/v1/login/password", json=change).status_code == 401
    change["old"] = PASSWORD
    weak = visitor.put("/api/v1/login/password", json=change | {"new": "short"})
    assert weak.status_code == 400 and "12 characters" in weak.json()["error"]["message"]
    assert visitor.put("/api/v1/login/password", json=change).status_code == 200
    assert visitor.get("/api/v1/login").status_code == 200
    assert asking("GET", "/api/v1/login", other).status == 401
    assert asking("GET", "/api/v1/login", token).status == 401
    assert enter(visitor).status_code == 401
    assert enter(visitor, password="eight mills in a hall").status_code == 200


def test_accounts_over_http(visitor, team):
    visitor.headers |= team.bearer("admin")
    wish = {"name": " Анна ", "role": "lead", "password": PASSWORD}
    made = visitor.post("/api/v1/accounts", json=wish)
    assert made.status_code == 201
    told = made.json()
    assert (told["name"], told["role"], told["ended"]) == ("Анна", "lead", None)
    again = visitor.post("/api/v1/accounts", json=wish | {"name": "анна"})
    assert again.status_code == 409
    first = visitor.get("/api/v1/accounts", params={"limit": 2}).json()
    rest = visitor.get("/api/v1/accounts", params={"after": first["next"]}).json()
    names = [row["name"] for row in first["items"] + rest["items"]]
    assert names == ["admin", "lead", "reviewer", "Анна"] and rest["next"] is None
    closed = visitor.patch("/api/v1/accounts/Анна", json={"closed": True}).json()
    assert closed["ended"] is not None
    assert visitor.patch("/api/v1/accounts/nobody", json={}).status_code == 404
    assert "secret" not in visitor.get("/api/v1/accounts").text


def test_tokens_over_http(visitor, team, asking):
    enter(visitor)
    made = visitor.post("/api/v1/tokens", json={"label": "nightly", "days": 1}).json()
    assert made["token"].startswith("np_")
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert asking("GET", "/api/v1/login", bearer).status == 200
    listed = visitor.get("/api/v1/tokens").json()["items"]
    assert [row["label"] for row in listed] == ["nightly", "walk"]
    assert made["token"] not in visitor.get("/tokens").text
    longer = visitor.post("/api/v1/tokens", json={"label": "longer", "days": 2}, headers=bearer)
    assert longer.status_code == 400 and "outlasts it" in longer.json()["error"]["message"]
    theirs = asking("DELETE", f"/api/v1/tokens/{made['id']}", team.bearer("admin"))
    assert theirs.status == 404  # another's
    assert visitor.delete(f"/api/v1/tokens/{made['id']}").status_code == 204
    assert visitor.delete(f"/api/v1/tokens/{made['id']}").status_code == 404
    assert asking("GET", "/api/v1/login", bearer).status == 401
    with team.site.session() as session, session.begin():
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(Token).where(Token.account == "lead").values(expires=past))
    assert asking("GET", "/api/v1/login", team.bearer("lead")).status == 401
    assert asking("GET", "/api/v1/login", team.bearer("reviewer")).status == 200


def test_the_first_account_has_everybody_log_in(local_site, asking_locally):
    """A server that runs already notices by itself."""
    ask = asking_locally
    assert ask("GET", "/api/v1/login").status == 200
    page = ask("GET", "/").body.decode()
    assert "anna" in page and 'id="leave"' not in page
    add_account(local_site.case, "anna", "admin", PASSWORD)
    assert ask("GET", "/api/v1/login").status == 401 and ask("GET", "/").refused == 401
    entry = json.dumps({"name": "anna", "password": PASSWORD}).encode()
    entered = ask("POST", "/api/v1/login", OWN, [entry])
    cookie = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
    assert json.loads(ask("GET", "/api/v1/login", cookie).body)["local"] is False
    assert 'id="leave"' in ask("GET", "/", cookie).body.decode()


def test_who_needs_no_account_has_no_token_and_no_password(client):
    assert client.get("/api/v1/login").json() == {"name": "anna", "role": "admin", "local": True}
    answer = client.post("/api/v1/tokens", json={"label": "nightly"})
    assert answer.status_code == 404 and answer.json()["error"]["kind"] == "account-missing"
    change = {"old": PASSWORD, "new": PASSWORD}
    assert client.put("/api/v1/login/password", json=change).status_code == 409
    assert client.get("/tokens").status_code == 200
