"""Logging in and out, and changing one's own password."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.web.attempts import Attempts
from api.web.callers import cookie_name, drop_cookie, set_cookie
from api.web.pages import page
from api.web.problems import Conflict, WrongPassword
from api.web.roles import Person, Role, Routes, ThisPerson, caller
from api.web.site import Site, ThisSite
from datasets.sentences import Sentence
from evidence.access.accounts import Known, change_account, enter, list_accounts
from evidence.access.logins import end_login, start_login

routes = Routes()

Name = Annotated[str, Field(min_length=1, max_length=64, examples=["anna"])]
Password = Annotated[str, Field(max_length=1024, examples=["seven lathes in the hall"])]

_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f-\x9f]*")


class Entry(BaseModel):
    """A name and its password."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    password: Password


class NewPassword(BaseModel):
    """A password, by the one that it replaces."""

    model_config = ConfigDict(extra="forbid")

    old: Password
    new: Password


class Caller(BaseModel):
    """Who calls. `local`: no account is needed here."""

    name: str
    role: str
    local: bool


@routes.let(Role.ANYONE, "GET", "/login")
def show_login(request: Request, site: ThisSite, next: str = "/") -> Response:
    goal = own_path(next)
    if caller(request) is not None:
        return RedirectResponse(goal, 303)
    with site.session() as session:
        any_account = bool(list_accounts(session, limit=1))
    scripts = ("login.js",)
    return page(request, "login.html", scripts=scripts, next=goal, any_account=any_account)


@routes.let(Role.REVIEWER, "GET", "/api/v1/login", summary="Who calls")
def read_login(person: ThisPerson) -> Caller:
    return _caller(person)


@routes.let(
    Role.ANYONE,
    "POST",
    "/api/v1/login",
    summary="Log in: the answer sets the cookie that lets in for half a day",
    response_model=Caller,
)
def log_in(request: Request, site: ThisSite, entry: Entry) -> Response:
    known = _enter(request, site, entry.name, entry.password)
    person = Person(known.name, Role.of(known.role))
    return _let_in(request, site, person)


@routes.let(
    Role.ANYONE, "DELETE", "/api/v1/login", summary="Log out", status_code=204, response_model=None
)
def log_out(request: Request, site: ThisSite) -> Response:
    _forget(request, site)
    response = Response(status_code=204)
    drop_cookie(response, site, request)
    return response


@routes.let(
    Role.REVIEWER,
    "PUT",
    "/api/v1/login/password",
    summary="Change one's own password; every other browser is logged out, every token ended",
    response_model=Caller,
)
def change_password(
    request: Request, site: ThisSite, person: ThisPerson, change: NewPassword
) -> Response:
    if person.local:
        raise Conflict(
            Sentence("there is no password here; the server lets in whoever is at this machine")
        )
    _enter(request, site, person.name, change.old)
    change_account(site.case, person.name, password=change.new)
    return _let_in(request, site, person)


def own_path(asked: str) -> str:
    """Where to go after logging in: a page of this server, whatever was asked for.

    Example:
        >>> own_path("/machines?builder=smtcl"), own_path("//example.org"), own_path("/\\t/x.org")
        ('/machines?builder=smtcl', '/', '/')
    """
    return asked if _OWN_PATH.fullmatch(asked) and not asked.startswith("/login") else "/"


def _enter(request: Request, site: Site, name: str, password: str) -> Known:
    attempts: Attempts = request.app.state.attempts
    address = request.client.host if request.client else ""
    with attempts.attempt(address, name) as right:
        known = enter(site.case, name, password)
        if known is None:
            raise WrongPassword(
                Sentence("name and password do not belong together, or the account is closed")
            )
        right()
    return known


def _let_in(request: Request, site: Site, person: Person) -> Response:
    """A new cookie, whatever the browser had before."""
    _forget(request, site)
    response = JSONResponse(_caller(person).model_dump())
    set_cookie(response, site, request, start_login(site.case, person.name))
    return response


def _forget(request: Request, site: Site) -> None:
    value = request.cookies.get(cookie_name(site, request))
    if value:
        end_login(site.case, value)


def _caller(person: Person) -> Caller:
    return Caller(name=person.name, role=person.role.name.lower(), local=person.local)
