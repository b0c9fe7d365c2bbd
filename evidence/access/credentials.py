"""Logins for browsers, for half a day, and tokens for programs, in the name of an account."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, func, select, update

from datasets.errors import AccountConflict, AccountMissing, UsageError
from datasets.messages import Message
from evidence.access.accounts import AccountInfo, wait_for_turn
from evidence.case.case import Case
from evidence.case.tables import Account, Login, Token

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
    asked = (
        select(Account.name, Account.role, Account.made, Account.ended)
        .join(Login, Login.account == Account.name)
        .where(Login.digest == digest(value), Login.expires > datetime.now(UTC))
        .where(Account.ended.is_(None))
    )
    with case.session() as session:
        found = session.execute(asked).first()
    return None if found is None else AccountInfo(*found)


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

    Args:
        by: the token that asks for it; None: a person does. What a token makes does not outlast
            it, or whoever got hold of it would be let in for ever.

    Raises:
        UsageError: it would outlast the one that asks, which may have been ended since it let in.
        AccountMissing: no such account.
        AccountConflict: it has as many as it may have.
    """
    value, now = PREFIX + secrets.token_urlsafe(32), datetime.now(UTC)
    expires = None if lasts is None else now + lasts
    with case.session() as session, session.begin():
        wait_for_turn(session)
        if session.get(Account, account) is None:
            raise AccountMissing(
                f"{account}: has no account, and a token belongs to one; "
                "make one with `nameplate accounts`"
            )
        asking = None if by is None else session.get(Token, digest(by))
        # A request is let in by its head, and may end much later.
        if asking is not None and asking.ended is not None:
            raise UsageError(Message("this token was ended meanwhile, and makes no other"))
        last = None if asking is None else asking.expires
        if last is not None and (expires is None or expires > last):
            raise UsageError(
                Message(
                    "a token makes no token that outlasts it, and this one ends on %(day)s; ask "
                    "for fewer days, or make it on the page /tokens",
                    day=f"{last:%Y-%m-%d}",
                )
            )
        held = select(func.count()).where(Token.account == account, Token.ended.is_(None))
        if (session.scalar(held) or 0) >= MOST:
            raise AccountConflict(
                Message("%(name)s: has %(most)s tokens; end one first", name=account, most=MOST)
            )
        row = Token(
            digest=digest(value),
            account=account,
            label=label,
            made=now,
            expires=expires,
            ended=None,
        )
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
    asked = (
        select(Account.name, Account.role, Account.made, Account.ended, Token.expires)
        .join(Token, Token.account == Account.name)
        .where(Token.digest == digest(value), Token.ended.is_(None), Account.ended.is_(None))
    )
    with case.session() as session:
        found = session.execute(asked).first()
    if found is None or (found.expires is not None and found.expires <= datetime.now(UTC)):
        return None
    return AccountInfo(found.name, found.role, found.made, found.ended)


def _held(row: Token) -> TokenInfo:
    return TokenInfo(row.digest[:ID_LENGTH], row.label, row.made, row.expires)
