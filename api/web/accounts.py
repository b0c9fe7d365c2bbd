"""Logins, passwords, accounts and tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from api.web import auth
from api.web.errors import Conflict, NotHere, WrongPassword
from api.web.pages import page
from api.web.site import Site, ThisSite
from datasets.messages import Message
from evidence import accounts
from evidence.browse.shapes import Page

routes = auth.Routes()
_WRONG = Message("name and password do not belong together, or the account is closed")
_NO_PASSWORD = Message("there is no password here; the server lets in whoever is at this machine")
Name = Annotated[str, Field(min_length=1, max_length=64, examples=["anna"])]
Password = Annotated[str, Field(max_length=1024, examples=["seven lathes in the hall"])]
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f-\x9f]*")


class Credentials(BaseModel, extra="forbid"):
    """A name and its password."""

    name: Name
    password: Password


class NewPassword(BaseModel, extra="forbid"):
    """A password, by the one that it replaces."""

    old: Password
    new: Password


class Caller(BaseModel):
    """Who calls. `local`: no account is needed here."""

    name: str
    role: str
    local: bool


@routes.let("GET /login", who=auth.Role.ANYONE)
def show_login(request: Request, site: ThisSite, next: str = "/") -> Response:
    goal = own_path(next)
    if auth.caller(request) is not None:
        return RedirectResponse(goal, 303)
    any_account = bool(site.read(accounts.list_accounts, limit=1))
    scripts = ("login.js",)
    return page(request, "login.html", scripts=scripts, next=goal, any_account=any_account)


@routes.let("GET /api/v1/login", "Who calls")
def read_login(person: auth.ThisPerson) -> Caller:
    return _caller(person)


@routes.let("POST /api/v1/login", who=auth.Role.ANYONE, response_model=Caller)
def log_in(request: Request, site: ThisSite, entry: Credentials) -> Response:
    """Log in: the answer sets the cookie that lets in for half a day."""
    known = _enter(request, site, entry.name, entry.password)
    return _let_in(request, site, auth.Person(known.name, auth.Role.of(known.role)))


@routes.let("DELETE /api/v1/login", "Log out", who=auth.Role.ANYONE)
def log_out(request: Request, response: Response, site: ThisSite) -> None:
    _forget(request, site)
    auth.drop_cookie(response, site, request)


@routes.let("PUT /api/v1/login/password", response_model=Caller)
def change_password(
    request: Request, site: ThisSite, person: auth.ThisPerson, change: NewPassword
) -> Response:
    """Change one's own password; every other browser is logged out, every token ended."""
    if person.local:
        raise Conflict(_NO_PASSWORD)
    _enter(request, site, person.name, change.old)
    accounts.change_account(site.case, person.name, password=change.new)
    return _let_in(request, site, person)


def own_path(asked: str) -> str:
    """Where to go after logging in: a page of this server, whatever was asked for."""
    return asked if _OWN_PATH.fullmatch(asked) and not asked.startswith("/login") else "/"


def _enter(request: Request, site: Site, name: str, password: str) -> accounts.AccountInfo:
    attempts: auth.Attempts = request.app.state.attempts
    address = request.client.host if request.client else ""
    with attempts.attempt(address, name) as right:
        known = accounts.enter(site.case, name, password)
        if known is None:
            raise WrongPassword(_WRONG)
        right()
    return known


def _let_in(request: Request, site: Site, person: auth.Person) -> Response:
    """A new cookie, whatever the browser had before."""
    _forget(request, site)
    response = JSONResponse(_caller(person).model_dump())
    auth.set_cookie(response, site, request, accounts.start_login(site.case, person.name))
    return response


def _forget(request: Request, site: Site) -> None:
    value = request.cookies.get(auth.cookie_name(site, request))
    if value:
        accounts.end_login(site.case, value)


def _caller(person: auth.Person) -> Caller:
    return Caller(name=person.name, role=person.role.name.lower(), local=person.local)


RoleName = Annotated[Literal["reviewer", "lead", "admin"], Field(examples=["reviewer"])]


class NewAccount(BaseModel, extra="forbid"):
    """An account to be made."""

    name: Name
    role: RoleName
    password: Password


class AccountChange(BaseModel, extra="forbid"):
    """What is to be changed of an account; what is left out stays."""

    role: RoleName | None = None
    password: Password | None = None
    closed: bool | None = Field(None, description="Closed: it lets nobody in. Never deleted.")


@routes.let("GET /accounts", who=auth.Role.ADMIN)
def show_accounts(request: Request, site: ThisSite) -> HTMLResponse:
    known = site.read(accounts.list_accounts)
    scripts = ("accounts.js",)
    return page(request, "accounts.html", scripts=scripts, accounts=known, roles=accounts.ROLES)


@routes.let("GET /api/v1/accounts", "The accounts", who=auth.Role.ADMIN)
def read_accounts(
    site: ThisSite,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> Page[accounts.AccountInfo]:
    rows = site.read(accounts.list_accounts, after, limit + 1)
    more = rows[limit - 1].name if len(rows) > limit else None
    return Page[accounts.AccountInfo](items=rows[:limit], next=more)


@routes.let("POST /api/v1/accounts", "Make an account", who=auth.Role.ADMIN, status_code=201)
def make_account(site: ThisSite, account: NewAccount) -> accounts.AccountInfo:
    return accounts.add_account(site.case, account.name, account.role, account.password)


@routes.let("PATCH /api/v1/accounts/{name}", who=auth.Role.ADMIN)
def patch_account(site: ThisSite, name: str, change: AccountChange) -> accounts.AccountInfo:
    """Change an account's role or password, close or reopen it."""
    return accounts.change_account(site.case, name, **change.model_dump())


LONGEST_DAYS = 366
TokenId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["0123456789abcdef"])]


class NewToken(BaseModel, extra="forbid"):
    """A token to be made. `days`: how long it lets in; null: until it is ended."""

    label: Annotated[str, Field(min_length=1, max_length=64, examples=["nightly export"])]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = 90


@dataclass(frozen=True)
class TokenMade(accounts.TokenInfo):
    """A token with its value, which is shown this once."""

    token: str


@routes.let("GET /tokens")
def show_tokens(request: Request, site: ThisSite, person: auth.ThisPerson) -> HTMLResponse:
    held = accounts.list_tokens(site.case, person.name)
    return page(request, "tokens.html", scripts=("tokens.js",), tokens=held, days=LONGEST_DAYS)


@routes.let("GET /api/v1/tokens", "One's own tokens")
def read_tokens(site: ThisSite, person: auth.ThisPerson) -> Page[accounts.TokenInfo]:
    """All that have not been ended, the newest first; `next` is always null."""
    return Page[accounts.TokenInfo](items=accounts.list_tokens(site.case, person.name))


@routes.let(
    "POST /api/v1/tokens",
    "Make a token, to be sent as `Authorization: Bearer TOKEN`; one that a token makes "
    "may not outlast it",
    status_code=201,
)
def post_token(
    request: Request, site: ThisSite, person: auth.ThisPerson, token: NewToken
) -> TokenMade:
    lasts = None if token.days is None else timedelta(days=token.days)
    value, held = accounts.make_token(
        site.case, person.name, token.label, lasts, auth.token_of(request)
    )
    return TokenMade(**vars(held), token=value)


@routes.let("DELETE /api/v1/tokens/{id}", "End one of one's own tokens")
def delete_token(site: ThisSite, person: auth.ThisPerson, id: TokenId) -> None:
    if not accounts.end_token(site.case, person.name, id):
        raise NotHere(Message("you have no token %(id)s, or it has been ended; see /tokens", id=id))
