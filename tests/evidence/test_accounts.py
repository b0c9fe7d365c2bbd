"""Accounts, passwords, logins and tokens in a case, of which no pack carries any."""

from __future__ import annotations

import hashlib
import threading
import unicodedata
import zipfile
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import Parameters, PasswordHasher, extract_parameters
from sqlalchemy import func, select, update

from datasets.errors import AccountConflict, AccountMissing, UsageError
from evidence.accounts import (
    MOST,
    add_account,
    change_account,
    check_name,
    check_password,
    digest,
    end_login,
    end_token,
    enter,
    find_account,
    find_login,
    find_token,
    is_password,
    list_accounts,
    list_tokens,
    make_token,
    start_login,
)
from evidence.case.case import Case
from evidence.case.check import check
from evidence.case.pack import pack
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Account, Login, Token, Upload
from evidence.case.unpack import unpack
from evidence.case.verdicts import append
from tests.rows import fetch, look

PASSWORD = "seven lathes in a hall"


@pytest.fixture
def anna(case, weak_passwords) -> Case:
    add_account(case, "Анна", "admin", PASSWORD)
    return case


def test_an_account_enters_by_its_password_alone(anna):
    known = enter(anna, "Анна", PASSWORD)
    assert known is not None and (known.name, known.role) == ("Анна", "admin")
    assert enter(anna, "Анна", PASSWORD + " ") is None
    assert enter(anna, "Ben", PASSWORD) is None
    [secret] = fetch(anna, select(Account.secret))
    assert secret.startswith("$argon2id$") and PASSWORD not in secret


def test_letters_that_look_alike_are_the_same_password(case):
    composed = "цеховий двір №7"
    add_account(case, "anna", "admin", unicodedata.normalize("NFD", composed))
    assert enter(case, "anna", composed) is not None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "too short"),
        ("eleven chrs", "too short"),
        ("a" * 1100, "too long"),
        ("ц" * 513, "too long"),
        ("anna-from-the-hall", "is the account's name"),
        ("ANNA-from-the-hall" * 2, "is the account's name"),
        ("aaaaaaaaaaaaaaaa", "repeats"),
        ("abababababababab", "repeats"),
        ("half a \ud800 pair is odd", "no keyboard"),
    ],
)
def test_a_password_that_would_be_guessed_is_refused(password, why):
    with pytest.raises(UsageError, match=why):
        check_password(password, "anna-from-the-hall")


def test_the_library_s_own_parameters_are_used(case):
    weak = PasswordHasher(time_cost=1, memory_cost=1024).hash(PASSWORD)
    add_account(case, "anna", "admin", PASSWORD)
    with case.session() as session, session.begin():
        session.execute(update(Account).values(secret=weak))
    assert enter(case, "anna", "wrong" * 5) is None
    assert enter(case, "anna", PASSWORD) is not None
    [renewed] = fetch(case, select(Account.secret))
    assert renewed != weak and not PasswordHasher().check_needs_rehash(renewed)
    assert enter(case, "anna", PASSWORD) is not None


def test_an_empty_secret_lets_nobody_in():
    assert not any(is_password(word, secret) for word in ("", "x") for secret in ("", None, "x"))


def test_a_name_that_is_not_there_takes_as_long(anna, monkeypatch):
    """As much is hashed, which is nearly all of it, so that it cannot be told by the clock."""
    hashed: list[Parameters] = []
    verify = PasswordHasher.verify

    def noted(hasher: PasswordHasher, secret: str, password: str) -> bool:
        hashed.append(extract_parameters(secret))
        return verify(hasher, secret, password)

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    for name in ("Анна", "Ben"):
        assert enter(anna, name, "wrong" * 5) is None
    there, not_there = hashed
    assert there == not_there


UNSEEN = ("", "  ", "a\x00b", "a\nb", "\ud800", "right\u202eleft", "\u200b", "no\u00a0break")
UNSPOKEN = ("a/b", "..", ".", "a?b", "a#b", "a%2fb", "a\\b", "a" * 65)


@pytest.mark.parametrize("name", UNSEEN + UNSPOKEN)
def test_a_name_must_be_seen_and_stand_in_an_address(name):
    with pytest.raises(UsageError):
        check_name(name)


@pytest.mark.databases
def test_names_that_differ_in_case_alone_are_one(anna):
    with pytest.raises(AccountConflict):
        add_account(anna, "анна", "reviewer", PASSWORD)
    add_account(anna, "Ben O'Neill-Ґалаґан", "reviewer", PASSWORD)
    with anna.session() as session:
        assert [one.name for one in list_accounts(session)] == ["Ben O'Neill-Ґалаґан", "Анна"]
        assert [one.name for one in list_accounts(session, after="Ben O'Neill-Ґалаґан")] == ["Анна"]


@pytest.mark.parametrize("role", ["reviewer", "lead"])
def test_the_first_account_is_an_admin_s(case, role):
    with pytest.raises(AccountConflict, match=r"the first account .* make it admin"):
        add_account(case, "anna", role, PASSWORD)
    assert look(case, list_accounts) == []
    assert add_account(case, "anna", None, PASSWORD).role == "admin"
    assert add_account(case, "ben", None, PASSWORD).role == "reviewer"


def test_only_a_closed_account_is_said_to_be_reopened(anna):
    add_account(anna, "ben", "lead", PASSWORD)
    with pytest.raises(AccountConflict, match="already; choose another name"):
        add_account(anna, "Ben", "lead", PASSWORD)
    change_account(anna, "ben", closed=True)
    with pytest.raises(AccountConflict, match="already, closed; reopen it"):
        add_account(anna, "ben", "lead", PASSWORD)


def test_a_closed_account_lets_nobody_in_and_is_not_forgotten(anna):
    add_account(anna, "ben", "lead", PASSWORD)
    cookie, (token, _) = start_login(anna, "ben"), make_token(anna, "ben", "x", None)
    assert find_login(anna, cookie) is not None and find_token(anna, token) is not None
    assert change_account(anna, "ben", closed=True).ended is not None
    assert enter(anna, "ben", PASSWORD) is None
    assert find_login(anna, cookie) is None and find_token(anna, token) is None
    assert change_account(anna, "ben", closed=False).ended is None
    assert enter(anna, "ben", PASSWORD) is not None
    assert find_login(anna, cookie) is None and find_token(anna, token) is None
    assert look(anna, find_account, "ben").role == "lead"


def test_a_new_password_ends_every_login_and_token(anna):
    add_account(anna, "ben", "lead", PASSWORD)
    other, _ = make_token(anna, "ben", "x", None)
    cookie, (token, _) = start_login(anna, "Анна"), make_token(anna, "Анна", "x", None)
    change_account(anna, "Анна", password="eight mills in a hall")
    assert find_login(anna, cookie) is None and find_token(anna, token) is None
    assert find_token(anna, other) is not None and list_tokens(anna, "Анна") == []
    assert enter(anna, "Анна", PASSWORD) is None
    assert enter(anna, "Анна", "eight mills in a hall") is not None


@pytest.mark.databases
def test_a_change_is_made_whole_or_not_at_all(anna):
    cookie = start_login(anna, "Анна")
    with pytest.raises(AccountConflict):
        change_account(anna, "Анна", role="lead", password="eight mills in a hall")
    assert find_login(anna, cookie) is not None
    assert enter(anna, "Анна", PASSWORD) is not None
    with pytest.raises(AccountMissing):
        change_account(anna, "nobody", closed=True)
    with pytest.raises(UsageError, match="reviewer, lead, admin"):
        change_account(anna, "Анна", role="owner")


@pytest.mark.databases
def test_two_admins_that_leave_at_once_do_not_both(anna):
    add_account(anna, "ben", "admin", PASSWORD)
    gate, left = threading.Barrier(2), []

    def leave(name: str) -> None:
        gate.wait()
        try:
            change_account(anna, name, closed=True)
            left.append(name)
        except AccountConflict:
            pass

    threads = [threading.Thread(target=leave, args=(name,)) for name in ("Анна", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(left) == 1


def test_a_login_is_known_by_its_cookie_which_is_kept_nowhere(anna):
    cookie = start_login(anna, "Анна")
    assert len(cookie) >= 43 and cookie != start_login(anna, "Анна")
    known = find_login(anna, cookie)
    assert known is not None and known.name == "Анна"
    kept = fetch(anna, select(Login.digest))
    assert cookie not in kept
    assert [find_login(anna, value) for value in (kept[0], "", "\ud800", "x" * 9999)] == [None] * 4
    end_login(anna, cookie)
    assert find_login(anna, cookie) is None


def test_a_token_is_shown_once_and_ended_by_its_owner(anna):
    value, held = make_token(anna, "Анна", "nightly", timedelta(days=1))
    assert value.startswith("np_") and held.expires == held.made + timedelta(days=1)
    assert value not in fetch(anna, select(Token.digest))
    assert list_tokens(anna, "Анна") == [held]
    for odd in (value[:-1], value + "x", value.upper(), "np_", "", "\ud800"):
        assert find_token(anna, odd) is None
    assert not end_token(anna, "ben", held.id) and not end_token(anna, "Анна", held.id[:-1])
    assert find_token(anna, value) is not None
    assert end_token(anna, "Анна", held.id) and not end_token(anna, "Анна", held.id)
    assert find_token(anna, value) is None and list_tokens(anna, "Анна") == []


def test_a_token_makes_none_that_outlasts_it(anna):
    week, _ = make_token(anna, "Анна", "a week's", timedelta(days=7))
    for lasts in (None, timedelta(days=8)):
        with pytest.raises(UsageError, match="no token that outlasts it"):
            make_token(anna, "Анна", "longer", lasts, week)
    make_token(anna, "Анна", "shorter", timedelta(days=6), week)
    endless, _ = make_token(anna, "Анна", "until it is ended", None)
    make_token(anna, "Анна", "as long", None, endless)
    assert len(list_tokens(anna, "Анна")) == 4


@pytest.mark.databases
def test_a_token_that_is_ended_while_it_asks_makes_none(anna):
    endless, _ = make_token(anna, "Анна", "until it is ended", None)
    change_account(anna, "Анна", password="eight mills in a hall")
    with pytest.raises(UsageError, match="ended meanwhile"):
        make_token(anna, "Анна", "another", None, endless)
    assert list_tokens(anna, "Анна") == []


def test_nobody_has_more_tokens_than_they_can_mind(anna):
    for number in range(MOST):
        make_token(anna, "Анна", str(number), None)
    with pytest.raises(AccountConflict, match="end one first"):
        make_token(anna, "Анна", "one more", None)
    with pytest.raises(AccountMissing):
        make_token(anna, "ben", "no account", None)


def upload(name: str, state: str) -> Upload:
    now = datetime.now(UTC)
    said = {"author": "Анна", "name": f"{name}.mp4", "size": 9, "state": state}
    return Upload(id=hashlib.md5(name.encode()).hexdigest(), **said, made=now, changed=now)


@pytest.mark.databases
def test_a_pack_lets_nobody_in(case, tmp_path):
    add_account(case, "Анна", "admin", PASSWORD)
    secrets = []
    for number in range(40):
        value = start_login(case, "Анна")
        token, _ = make_token(case, "Анна", f"number {number}", None)
        secrets += [value, token, digest(value), digest(token), f"number {number}"]
    with case.session() as session, session.begin():
        append(session, footage="ab" * 32, pts=0, verdict="missed", author="Анна")
        session.add_all([upload("halfway", "receiving"), upload("whole", "kept")])
    with case.session() as session:
        secrets.append(session.scalars(select(Account.secret)).one())
    secrets += ["halfway.mp4", "argon2"]

    pack(case, tmp_path / "case.zip")
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        content = b"".join(archive.read(name) for name in archive.namelist())
    assert [secret for secret in secrets if secret.encode() in content] == []
    assert "Анна".encode() in content and b"whole.mp4" in content

    with unpack(tmp_path / "case.zip", tmp_path / "elsewhere") as moved:
        with moved.session() as session:
            assert session.scalars(select(Account.name)).all() == ["Анна"]
            assert session.scalars(select(Upload.name)).all() == ["whole.mp4"]
            assert session.scalar(select(func.count()).select_from(Verdict)) == 1
            for table in (Login, Token):
                assert session.scalar(select(func.count()).select_from(table)) == 0
        assert enter(moved, "Анна", PASSWORD) is None and enter(moved, "Анна", "") is None
        assert [str(finding) for finding in check(moved) if finding.wrong] == []
    assert enter(case, "Анна", PASSWORD) is not None  # the case itself is as it was
