"""Who may enter, and as what: accounts with passwords, logins for browsers, tokens for programs.

No account is deleted, since verdicts name their authors. Only Argon2id's hash of a password is
kept. A password is compared in Unicode's one form for letters that look alike.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from datasets.errors import AccountConflict, AccountMissing, UsageError
from datasets.messages import Message
from evidence.case.base import hold_table
from evidence.case.case import Case
from evidence.case.tables import Account, Login, Token

SHORTEST = 12  # characters
LONGEST = 1024  # bytes of UTF-8: more is no safer, and takes longer to hash
FEWEST_DIFFERENT = 5  # characters

_HASHER = PasswordHasher()
_HALF_A_LETTER = Message("the password holds half a character that no keyboard types; leave it out")
_SHORT = Message("the password is too short; use %(least)s characters or more")
_LONG = Message("the password is too long; use %(most)s bytes or less")
_THE_NAME = Message("the password is the account's name; use something else")
_REPEATS = Message("the password repeats; use %(least)s different characters")


def check_password(password: str, name: str) -> None:
    """Refuses a password that would be guessed: the `UsageError` says why."""
    plain = _plain(password)
    if plain is None:
        raise UsageError(_HALF_A_LETTER)
    folded = plain.casefold()
    for wrong, words in (
        (len(plain) < SHORTEST, _SHORT.fill(least=SHORTEST)),
        (len(plain.encode()) > LONGEST, _LONG.fill(most=LONGEST)),
        (not folded.replace(name.casefold(), ""), _THE_NAME),
        (len(set(folded)) < FEWEST_DIFFERENT, _REPEATS.fill(least=FEWEST_DIFFERENT)),
    ):
        if wrong:
            raise UsageError(words)


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


def _plain(password: str) -> str | None:
    """The password in Unicode's one form for all that look alike; None: UTF-8 cannot hold it."""
    try:
        return unicodedata.normalize("NFKC", password).encode().decode()
    except UnicodeEncodeError:
        return None


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_hex(16))


_TAKEN = Message("%(name)s: there is such an account already; choose another name")
_CLOSED = Message("%(name)s: there is such an account already, closed; reopen it")
_FIRST = Message(
    "%(name)s: the first account has to be an admin's, who makes the others; make it admin"
)
_LAST = Message("%(name)s: the last admin; make another account admin first")
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

    role: None: admin for the first account, reviewer for others. `UsageError`: name, role or
    password may not be used. `AccountConflict`: there is one of that name, open or closed; or the
    first is to be no admin.
    """
    name = check_name(name)
    if role is not None:
        _check_role(role)
    check_password(password, name)
    secret = to_secret(password)
    with case.session() as session, session.begin():
        hold_table(session, Account)
        others = session.scalars(select(Account)).all()
        for other in others:
            if other.name.casefold() == name.casefold():
                taken = _TAKEN if other.ended is None else _CLOSED
                raise AccountConflict(taken.fill(name=other.name))
        if not others and role not in (None, "admin"):
            raise AccountConflict(_FIRST.fill(name=name))
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
    """The account of that name; `AccountMissing`: there is none."""
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

    A new password and closing end every login and token; reopening brings none back. Errors as of
    `add_account`, `AccountMissing`, and `AccountConflict` if nobody were left who may change any.
    """
    if role is not None:
        _check_role(role)
    secret = None
    if password is not None:
        check_password(password, name)
        secret = to_secret(password)
    with case.session() as session, session.begin():
        # Two changes at once could each leave the other's admin as the last one.
        hold_table(session, Account)
        row = _find(session, name)
        was_admin = row.role == "admin" and row.ended is None
        row.role = role or row.role
        if closed is not None:
            row.ended = (row.ended or datetime.now(UTC)) if closed else None
        if was_admin and (row.role != "admin" or row.ended is not None):
            session.flush()
            admins = select(Account.name).where(Account.role == "admin", Account.ended.is_(None))
            if session.scalar(admins.limit(1)) is None:
                raise AccountConflict(_LAST.fill(name=name))
        if secret is not None:
            row.secret = secret
        if secret is not None or closed:
            session.execute(delete(Login).where(Login.account == name))
            open_ones = update(Token).where(Token.account == name, Token.ended.is_(None))
            session.execute(open_ones.values(ended=datetime.now(UTC)))
        return _known(row)


def enter(case: Case, name: str, password: str) -> AccountInfo | None:
    """Whose name and password these are; None: nobody's, or an account's that is closed. It takes
    as long whether or not there is such a name."""
    name = unicodedata.normalize("NFC", name).strip()
    with case.session() as session:
        row = session.get(Account, name)
    right = is_password(password, None if row is None else row.secret)
    if row is None or row.ended is not None or not right:
        return None
    if _HASHER.check_needs_rehash(row.secret):
        renewed = update(Account).where(Account.name == name, Account.secret == row.secret)
        with case.session() as session, session.begin():
            session.execute(renewed.values(secret=to_secret(password)))
    return _known(row)


def check_name(name: str) -> str:
    """The name as it is kept; `UsageError`: it may not be used."""
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        raise UsageError.saying("an account needs a name; give one")
    if len(name) > LONGEST_NAME:
        raise UsageError.saying(
            "the name is too long; use %(most)s characters or less", most=LONGEST_NAME
        )
    if any(unicodedata.category(letter)[0] in "CZ" and letter != " " for letter in name):
        raise UsageError.saying("the name holds a character that cannot be seen; leave it out")
    if set(name) & set("/\\?#%") or set(name) <= {"."}:
        raise UsageError.saying("the name cannot stand in an address; leave out / \\ ? # %%")
    return name


def _find(session: Session, name: str) -> Account:
    row = session.get(Account, name)
    if row is None:
        raise AccountMissing.saying("%(name)s: no such account; check the name", name=name)
    return row


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UsageError(f"{role!r} is no role; use one of {', '.join(ROLES)}")


def _known(row: Account) -> AccountInfo:
    return AccountInfo(row.name, row.role, row.made, row.ended)


LASTS = timedelta(hours=12)


def start_login(case: Case, account: str) -> str:
    """Lets a browser in; gives the value of its cookie, which is kept nowhere."""
    value, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with case.session() as session, session.begin():
        session.execute(delete(Login).where(Login.expires <= now))
        session.add(Login(digest=digest(value), account=account, made=now, expires=now + LASTS))
    return value


def find_login(case: Case, value: str) -> AccountInfo | None:
    """Whose cookie this is; None: nobody's, or no longer."""
    mine = (Login.digest == digest(value), Login.expires > datetime.now(UTC))
    return _account_of(case, Login, *mine)


def end_login(case: Case, value: str) -> None:
    """Lets the browser with this cookie in no longer."""
    with case.session() as session, session.begin():
        session.execute(delete(Login).where(Login.digest == digest(value)))


def digest(value: str) -> str:
    """What is kept of a cookie's value or a token. 256 random bits need no slow hash."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


PREFIX = "np_"
"""What every token begins with, so that one in a file or a log is known for what it is."""

MOST = 50  # that an account may have open
ID_LENGTH = 16
_OUTLASTS = Message(
    "a token makes no token that outlasts it, and this one ends on %(day)s; ask for fewer days, or "
    "make it on the page /tokens"
)
_SHAPE = re.compile(PREFIX + r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class TokenInfo:
    """A token that has not been ended, without its value. `id` names it."""

    id: str
    label: str
    made: datetime
    expires: datetime | None


def make_token(
    case: Case, account: str, label: str, lasts: timedelta | None, by: str | None = None
) -> tuple[str, TokenInfo]:
    """Makes a token; its value is given here and kept nowhere.

    by: the token that asks for it; None: a person does. What a token makes may not outlast it, or
    whoever got hold of it would be let in for ever. `UsageError`: it would, or the one that asks
    was ended meanwhile. `AccountMissing`: no such account. `AccountConflict`: it has enough.
    """
    value, now = PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    expires = None if lasts is None else now + lasts
    with case.session() as session, session.begin():
        hold_table(session, Account)
        if session.get(Account, account) is None:
            raise AccountMissing(
                f"{account}: has no account, and a token belongs to one; "
                "make one with `nameplate accounts`"
            )
        asking = None if by is None else session.get(Token, digest(by))
        # A request is let in by its head, and may end much later.
        if asking is not None and asking.ended is not None:
            raise UsageError.saying("this token was ended meanwhile, and makes no other")
        last = None if asking is None else asking.expires
        if last is not None and (expires is None or expires > last):
            raise UsageError(_OUTLASTS.fill(day=f"{last:%Y-%m-%d}"))
        held = select(func.count()).where(Token.account == account, Token.ended.is_(None))
        if (session.scalar(held) or 0) >= MOST:
            raise AccountConflict.saying(
                "%(name)s: has %(most)s tokens; end one first", name=account, most=MOST
            )
        row = Token(digest=digest(value), account=account, label=label, made=now, expires=expires)
        session.add(row)
        return value, _held(row)


def list_tokens(case: Case, account: str) -> list[TokenInfo]:
    """An account's tokens that have not been ended, the newest first."""
    asked = select(Token).where(Token.account == account, Token.ended.is_(None))
    with case.session() as session:
        return [
            _held(row) for row in session.scalars(asked.order_by(Token.made.desc(), Token.digest))
        ]


def end_token(case: Case, account: str, id: str) -> bool:
    """Lets an account's token in no longer; whether there was such a one."""
    ended = update(Token).where(
        Token.account == account,
        Token.ended.is_(None),
        func.substr(Token.digest, 1, ID_LENGTH) == id,
    )
    with case.session() as session, session.begin():
        done = session.execute(ended.values(ended=datetime.now(UTC)).returning(Token.digest))
        return done.first() is not None


def find_token(case: Case, value: str) -> AccountInfo | None:
    """Whose token this is; None: nobody's, or no longer."""
    if not _SHAPE.fullmatch(value):
        return None
    lasts = or_(Token.expires.is_(None), Token.expires > datetime.now(UTC))
    return _account_of(case, Token, Token.digest == digest(value), Token.ended.is_(None), lasts)


def _account_of(case: Case, key: type[Login | Token], *which: Any) -> AccountInfo | None:
    """The account, if it is open, that a key in these rows belongs to."""
    columns = (Account.name, Account.role, Account.made, Account.ended)
    asked = select(*columns).join(key, key.account == Account.name).where(*which)
    with case.session() as session:
        found = session.execute(asked.where(Account.ended.is_(None))).first()
    return None if found is None else AccountInfo(*found)


def _held(row: Token) -> TokenInfo:
    return TokenInfo(row.digest[:ID_LENGTH], row.label, row.made, row.expires)
