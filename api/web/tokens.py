"""One's own access: tokens for programs, and the password."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.web.callers import token_of
from api.web.pages import page
from api.web.problems import NotHere
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import ThisSite
from datasets.sentences import Sentence
from evidence.access.tokens import Held, end_token, list_tokens, make_token

routes = Routes()

LONGEST_DAYS = 366

TokenId = Annotated[str, Path(pattern="^[0-9a-f]{16}$", examples=["0123456789abcdef"])]


class NewToken(BaseModel):
    """A token to be made. `days`: how long it lets in; null: until it is ended."""

    model_config = ConfigDict(extra="forbid")

    label: Annotated[str, Field(min_length=1, max_length=64, examples=["nightly export"])]
    days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = 90


class TokenFacts(BaseModel):
    """A token without its value."""

    id: str
    label: str
    made: datetime
    expires: datetime | None


class TokenMade(TokenFacts):
    """A token with its value, which is shown this once."""

    token: str


class TokenPage(BaseModel):
    """All one's tokens that have not been ended, the newest first; `next` is always null."""

    items: list[TokenFacts]
    next: None = None


@routes.let(Role.REVIEWER, "GET", "/tokens")
def show_tokens(request: Request, site: ThisSite, person: ThisPerson) -> HTMLResponse:
    held = list_tokens(site.case, person.name)
    return page(request, "tokens.html", scripts=("tokens.js",), tokens=held, days=LONGEST_DAYS)


@routes.let(Role.REVIEWER, "GET", "/api/v1/tokens", summary="One's own tokens")
def read_tokens(site: ThisSite, person: ThisPerson) -> TokenPage:
    return TokenPage(items=[_facts(row) for row in list_tokens(site.case, person.name)])


@routes.let(
    Role.REVIEWER,
    "POST",
    "/api/v1/tokens",
    summary="Make a token, to be sent as `Authorization: Bearer TOKEN`; one that a token makes "
    "may not outlast it",
    status_code=201,
)
def post_token(request: Request, site: ThisSite, person: ThisPerson, token: NewToken) -> TokenMade:
    lasts = None if token.days is None else timedelta(days=token.days)
    value, held = make_token(site.case, person.name, token.label, lasts, token_of(request))
    return TokenMade(token=value, **_facts(held).model_dump())


@routes.let(
    Role.REVIEWER,
    "DELETE",
    "/api/v1/tokens/{id}",
    summary="End one of one's own tokens",
    status_code=204,
    response_model=None,
)
def delete_token(site: ThisSite, person: ThisPerson, id: TokenId) -> Response:
    if not end_token(site.case, person.name, id):
        raise NotHere(
            Sentence("you have no token %(id)s, or it has been ended; see /tokens").fill(id=id)
        )
    return Response(status_code=204)


def _facts(row: Held) -> TokenFacts:
    return TokenFacts(id=row.id, label=row.label, made=row.made, expires=row.expires)
