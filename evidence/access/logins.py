"""Logins: browsers that may enter without asking again, for half a day."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select

from evidence.access.accounts import Known
from evidence.store import Account, Case, Login

LASTS = timedelta(hours=12)


def start_login(case: Case, account: str) -> str:
    """Lets a browser in; gives the value of its cookie, which is kept nowhere."""
    value, now = secrets.token_urlsafe(32), datetime.now(UTC)
    with case.session() as session, session.begin():
        session.execute(delete(Login).where(Login.expires <= now))
        session.add(Login(digest=digest(value), account=account, made=now, expires=now + LASTS))
    return value


def find_login(case: Case, value: str) -> Known | None:
    """Whose cookie this is; None: nobody's, or no longer."""
    asked = (
        select(Account.name, Account.role, Account.made, Account.ended)
        .join(Login, Login.account == Account.name)
        .where(Login.digest == digest(value), Login.expires > datetime.now(UTC))
        .where(Account.ended.is_(None))
    )
    with case.session() as session:
        found = session.execute(asked).first()
    return None if found is None else Known(*found)


def end_login(case: Case, value: str) -> None:
    """Lets the browser with this cookie in no longer."""
    with case.session() as session, session.begin():
        session.execute(delete(Login).where(Login.digest == digest(value)))


def digest(value: str) -> str:
    """What is kept of a cookie's value or a token. 256 random bits need no slow hash."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
