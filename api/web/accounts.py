"""Accounts: seen, made and changed by admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from api.web.login import Name, Password
from api.web.pages import page
from api.web.roles import Role, Routes
from api.web.site import ThisSite
from evidence.access.accounts import (
    ROLES,
    Known,
    add_account,
    change_account,
    list_accounts,
)

routes = Routes()

RoleName = Annotated[Literal["reviewer", "lead", "admin"], Field(examples=["reviewer"])]


class NewAccount(BaseModel):
    """An account to be made."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    role: RoleName
    password: Password


class AccountChange(BaseModel):
    """What is to be changed of an account; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    role: RoleName | None = None
    password: Password | None = None
    closed: bool | None = Field(None, description="Closed: it lets nobody in. Never deleted.")


class AccountFacts(BaseModel):
    """An account. `ended`: since when it is closed."""

    name: str
    role: str
    made: datetime
    ended: datetime | None


class AccountPage(BaseModel):
    """Some accounts, in the order of their names; `next`: where to go on, as `after`."""

    items: list[AccountFacts]
    next: str | None


@routes.let(Role.ADMIN, "GET", "/accounts")
def show_accounts(request: Request, site: ThisSite) -> HTMLResponse:
    with site.session() as session:
        accounts = list_accounts(session)
    scripts = ("accounts.js",)
    return page(request, "accounts.html", scripts=scripts, accounts=accounts, roles=ROLES)


@routes.let(Role.ADMIN, "GET", "/api/v1/accounts", summary="The accounts")
def read_accounts(
    site: ThisSite,
    after: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> AccountPage:
    with site.session() as session:
        rows = list_accounts(session, after, limit + 1)
    more = rows[limit - 1].name if len(rows) > limit else None
    return AccountPage(items=[_facts(row) for row in rows[:limit]], next=more)


@routes.let(Role.ADMIN, "POST", "/api/v1/accounts", summary="Make an account", status_code=201)
def make_account(site: ThisSite, account: NewAccount) -> AccountFacts:
    return _facts(add_account(site.case, account.name, account.role, account.password))


@routes.let(
    Role.ADMIN,
    "PATCH",
    "/api/v1/accounts/{name}",
    summary="Change an account's role or password, close or reopen it",
)
def patch_account(site: ThisSite, name: str, change: AccountChange) -> AccountFacts:
    return _facts(
        change_account(
            site.case, name, role=change.role, password=change.password, closed=change.closed
        )
    )


def _facts(row: Known) -> AccountFacts:
    return AccountFacts(name=row.name, role=row.role, made=row.made, ended=row.ended)
