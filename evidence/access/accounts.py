"""Accounts and their passwords: who may enter, and as what.

No account is deleted, since verdicts name their authors. Only Argon2id's hash of a password is
kept. A password is compared in Unicode's one form for letters that look alike.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from datasets.errors import AccountConflict, AccountMissing, UsageError
from datasets.messages import Message
from evidence.case.case import Case
from evidence.case.tables import Account, Login, Token

SHORTEST = 12  # characters
LONGEST = 1024  # bytes of UTF-8: more is no safer, and takes longer to hash
FEWEST_DIFFERENT = 5  # characters

_HASHER = PasswordHasher()


def check_password(password: str, name: str) -> None:
    """Refuses a password that would be guessed.

    Raises:
        UsageError: it may not be used; the message says why.
    """
    plain = _plain(password)
    if plain is None:
        raise UsageError(
            Message("the password holds half a character that no keyboard types; leave it out")
        )
    if len(plain) < SHORTEST:
        raise UsageError(
            Message("the password is too short; use %(least)s characters or more", least=SHORTEST)
        )
    if len(plain.encode()) > LONGEST:
        raise UsageError(
            Message("the password is too long; use %(most)s bytes or less", most=LONGEST)
        )
    folded = plain.casefold()
    if not folded.replace(name.casefold(), ""):
        raise UsageError(Message("the password is the account's name; use something else"))
    if len(set(folded)) < FEWEST_DIFFERENT:
        raise UsageError(
            Message(
                "the password repeats; use %(least)s different characters", least=FEWEST_DIFFERENT
            )
        )


def to_secret(password: str) -> str:
    """What is kept of a password that `check_password` let through."""
    plain = _plain(password)
    assert plain is not None
    return _HASHER.hash(plain)


def is_password(password: str, secret: str | None) -> bool:
    """Whether a secret was made of this password; none, or an empty one, takes as long as a
    wrong one."""
    plain = _plain(password)
    try:
        _HASHER.verify(secret or _nobody(), plain or "")
    except (VerificationError, InvalidHashError):
        return False
    return bool(secret and plain)


def is_outdated(secret: str) -> bool:
    """Whether a secret was made with other parameters than would be used now."""
    return _HASHER.check_needs_rehash(secret)


def _plain(password: str) -> str | None:
    """The password in Unicode's one form for all that look alike; None: UTF-8 cannot hold it."""
    try:
        return unicodedata.normalize("NFKC", password).encode().decode()
    except UnicodeEncodeError:
        return None


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))


ROLES = ("reviewer", "lead", "admin")
"""What an account may be; each may do what those before it may."""

LONGEST_NAME = 64  # characters


@dataclass(frozen=True)
class AccountInfo:
    """An account, without what it enters by."""

    name: str
    role: str
    made: datetime
    ended: datetime | None


def add_account(case: Case, name: str, role: str | None, password: str) -> AccountInfo:
    """Adds an account. The first has to be an admin's: nobody else could make the others.

    Args:
        role: None: admin for the first account, reviewer for others.

    Raises:
        UsageError: name, role or password may not be used; the message says why.
        AccountConflict: there is one of that name, open or closed; or the first is to be no admin.
    """
    name = check_name(name)
    if role is not None:
        _check_role(role)
    check_password(password, name)
    secret = to_secret(password)
    with case.session() as session, session.begin():
        wait_for_turn(session)
        others = session.scalars(select(Account)).all()
        for other in others:
            if other.name.casefold() == name.casefold():
                raise AccountConflict(_taken(other))
        if not others and role not in (None, "admin"):
            raise AccountConflict(
                Message(
                    "%(name)s: the first account has to be an admin's, who makes the others; make "
                    "it admin",
                    name=name,
                )
            )
        role = role or ("reviewer" if others else "admin")
        row = Account(name=name, role=role, secret=secret, made=datetime.now(UTC), ended=None)
        session.add(row)
        return _known(row)


def list_accounts(
    session: Session, after: str | None = None, limit: int | None = None
) -> list[AccountInfo]:
    """Accounts in the order of their names, those after `after`, `limit` at most."""
    asked = select(Account).order_by(Account.name).limit(limit)
    if after is not None:
        asked = asked.where(Account.name > after)
    return [_known(row) for row in session.scalars(asked)]


def find_account(session: Session, name: str) -> AccountInfo:
    """The account of that name.

    Raises:
        AccountMissing: there is none.
    """
    return _known(_find(session, name))


def change_account(
    case: Case,
    name: str,
    *,
    role: str | None = None,
    password: str | None = None,
    closed: bool | None = None,
) -> AccountInfo:
    """Changes what is given of an account, all of it or nothing.

    A new password and closing end every login and token; reopening brings none back.

    Raises:
        AccountMissing: there is none of that name.
        AccountConflict: nobody would be left who may change accounts.
        UsageError: role or password may not be used; the message says why.
    """
    if role is not None:
        _check_role(role)
    secret = None
    if password is not None:
        check_password(password, name)
        secret = to_secret(password)
    with case.session() as session, session.begin():
        wait_for_turn(session)
        row = _find(session, name)
        was_admin = row.role == "admin" and row.ended is None
        row.role = role or row.role
        if closed is not None:
            row.ended = (row.ended or datetime.now(UTC)) if closed else None
        if was_admin and (row.role != "admin" or row.ended is not None):
            _keep_an_admin(session, name)
        if secret is not None:
            row.secret = secret
        if secret is not None or closed:
            session.execute(delete(Login).where(Login.account == name))
            open_ones = update(Token).where(Token.account == name, Token.ended.is_(None))
            session.execute(open_ones.values(ended=datetime.now(UTC)))
        return _known(row)


def enter(case: Case, name: str, password: str) -> AccountInfo | None:
    """Whose name and password these are; None: nobody's, or an account's that is closed.

    It takes as long whether or not there is such a name.
    """
    name = unicodedata.normalize("NFC", name).strip()
    with case.session() as session:
        row = session.get(Account, name)
    right = is_password(password, None if row is None else row.secret)
    if row is None or row.ended is not None or not right:
        return None
    if is_outdated(row.secret):
        renewed = update(Account).where(Account.name == name, Account.secret == row.secret)
        with case.session() as session, session.begin():
            session.execute(renewed.values(secret=to_secret(password)))
    return _known(row)


def check_name(name: str) -> str:
    """The name as it is kept.

    Raises:
        UsageError: it may not be used; the message says why.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        raise UsageError(Message("an account needs a name; give one"))
    if len(name) > LONGEST_NAME:
        raise UsageError(
            Message("the name is too long; use %(most)s characters or less", most=LONGEST_NAME)
        )
    if any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in name):
        raise UsageError(Message("the name holds a character that cannot be seen; leave it out"))
    if set(name) & set("/\\?#%") or set(name) <= {"."}:
        raise UsageError(Message("the name cannot stand in an address; leave out / \\ ? # %%"))
    return name


def _find(session: Session, name: str) -> Account:
    row = session.get(Account, name)
    if row is None:
        raise AccountMissing(Message("%(name)s: no such account; check the name", name=name))
    return row


def _taken(other: Account) -> str:
    """Why its name cannot be given again."""
    if other.ended is None:
        words = Message("%(name)s: there is such an account already; choose another name")
    else:
        words = Message("%(name)s: there is such an account already, closed; reopen it")
    return words.fill(name=other.name)


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"{role!r} is no role; use one of {', '.join(ROLES)}")


def _keep_an_admin(session: Session, leaving: str) -> None:
    others = select(func.count()).where(
        Account.role == "admin", Account.ended.is_(None), Account.name != leaving
    )
    if not session.scalar(others):
        raise AccountConflict(
            Message("%(name)s: the last admin; make another account admin first", name=leaving)
        )


def wait_for_turn(session: Session) -> None:
    """Waits until nobody else changes accounts; in PostgreSQL, as SQLite has one writer anyway.

    Else two changes at once could each leave the other's admin as the last one.
    """
    bind: Any = session.get_bind()
    if bind.dialect.name == "postgresql":
        session.execute(text("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE"))


def _known(row: Account) -> AccountInfo:
    return AccountInfo(row.name, row.role, row.made, row.ended)
