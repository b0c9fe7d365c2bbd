"""Every error that a caller gets: `{"error": {"kind": ..., "message": ...}}`.

A browser that asked for a page gets the same as a page, also where it followed a link to a file
that only the API has.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, BeforeValidator
from starlette.exceptions import HTTPException

from api.web.pages import language, page, translated
from datasets import errors
from datasets.messages import Message, joined
from evidence.review.judgement import NoItem

_UNUSABLE = Message("cannot be used: %(what)s")
_AWAY = Message("the case does not answer; try again, or ask whoever runs the server")
_LOG = logging.getLogger(__name__)


class Unknown(errors.NameplateError, kind="log-in"):
    """Nobody known calls."""


class WrongPassword(Unknown, kind="password"):
    """A name and a password that do not belong together."""


class Forbidden(errors.NameplateError, kind="forbidden"):
    """Who calls may not do this."""


class NotHere(errors.NameplateError, kind="not-found"):
    """What the caller asks for does not exist."""


def no_footage(sha256: str) -> NotHere:
    """That the case has no footage of that hash."""
    return NotHere(Message("no footage %(sha256)s in this case", sha256=sha256[:12]))


class Conflict(errors.NameplateError, kind="conflict"):
    """It is no longer as the caller thinks."""


class AnotherPerson(Conflict, kind="another-person"):
    """Somebody else is logged in by now than the page says that it was given by."""


class TooMany(errors.NameplateError, kind="too-many"):
    """Too often; later: in `seconds`."""

    def __init__(self, message: str, seconds: float = 1.0) -> None:
        super().__init__(message)
        self.seconds = seconds


_STATUS: dict[int, tuple[type[errors.NameplateError], ...]] = {
    401: (Unknown,),
    403: (Forbidden,),
    404: (NotHere, errors.AccountMissing, errors.UploadMissing),
    409: (
        *(Conflict, errors.AccountConflict, errors.UploadConflict),
        *(errors.CaseConflict, errors.CaseContradictory, errors.CaseLocked),
    ),
    413: (errors.UploadTooLarge,),
    429: (TooMany, errors.UploadsTooMany),
    507: (errors.UploadNoRoom, errors.ResultError),
    400: (errors.UsageError,),
    422: (errors.FootageError,),
    503: (errors.CaseError,),
}
"""Of each kind of error the first that fits; of any other 500."""


def _why(error: dict[str, Any]) -> str:
    """What Pydantic says of a value, or the message that a check of ours raised."""
    ours = error.get("ctx", {}).get("error")
    if isinstance(ours, ValueError) and ours.args and isinstance(ours.args[0], str):
        return ours.args[0]
    return str(error["msg"]).removeprefix("Value error, ")


# What a caller sent may be repeated to it, whatever it was: half a surrogate pair too.
Said = Annotated[str, BeforeValidator(lambda text: text.encode("utf-8", "backslashreplace"))]


class Problem(BaseModel):
    """What went wrong. `kind` is stable; `message` says what to do, `message_text` the same in the
    reader's language where that is not English."""

    kind: str
    message: Said
    message_text: Said | None = None
    fields: dict[Said, Said] | None = None


class Problems(BaseModel):
    """The one shape of an error."""

    error: Problem


ANSWERS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problems, "description": words}
    for status, words in (
        (400, "Wrong use; the message says what to do."),
        (401, "Nobody known calls; log in, or send a token."),
        (403, "Who calls may not do this, or the request came from another site."),
        (404, "It does not exist."),
        (405, "Not by this method."),
        (408, "The request did not come to its end in time; send it again."),
        (409, "It is no longer as the caller thinks."),
        (413, "More than a limit allows."),
        (422, "A value is missing or wrong; `fields` names it."),
        (429, "Too often; later."),
        (503, "The case's database or disk does not answer now."),
        (507, "The disk has no room for it."),
    )
}
"""What any route may answer besides its own, for the OpenAPI document."""


def answer(
    request: Request, status: int, kind: str, message: str, fields: dict[str, str] | None = None
) -> Response:
    """The problem, as JSON or, where a page was asked for, as a page."""
    code = language(request)
    text = translated(message, code) if code != "en" else None
    problem = Problem(kind=kind, message=str(message), message_text=text, fields=fields)
    of_api = request.url.path.startswith("/api/")
    # Where a browser goes there it would show what comes in place of the page it is on. Scripts
    # and programs do not ask for HTML.
    followed = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if of_api and not followed:
        shape = Problems(error=problem).model_dump(mode="json", exclude_none=True)
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
        return JSONResponse(shape, status, headers)
    back = None
    if request.url.path.startswith("/api/v1/answer"):
        back = f"/answer?{request.url.query}"
    if status == 401 and request.method in ("GET", "HEAD"):
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        # A file would come, and leave the login on the screen as if nobody had got in.
        return RedirectResponse(f"/login?next={quote(back or asked)}", 303)
    response = page(request, "problem.html", status=status, problem=problem, back=back)
    if of_api:
        response.headers["Vary"] += ", Accept"
    return response


def tell(request: Request, error: errors.NameplateError) -> Response:
    """An error, as the answer to a request.
    What keeps the server from answering, a full disk too, stands in its log. An error of the case
    names its folder, or its database with server and user. Whoever runs the server reads that in
    the log; of callers, only those who are let in see it.
    """
    if isinstance(error, NoItem):
        error = NotHere(error.message)
    statuses = (status for status, kinds in _STATUS.items() if isinstance(error, kinds))
    message, status = error.message, next(statuses, 500)
    hidden = isinstance(error, errors.CaseError) and getattr(request.state, "person", None) is None
    if hidden or status >= 500:
        _LOG.warning("%s", message)
    if hidden:
        message = _AWAY
    response = answer(request, status, error.kind, message)
    if isinstance(error, TooMany):
        response.headers["Retry-After"] = str(math.ceil(error.seconds))
    return response


def install(app: FastAPI) -> None:
    """Makes `app` tell every error in the one shape."""

    app.add_exception_handler(errors.NameplateError, tell)  # type: ignore[arg-type]

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> Response:
        kinds = {404: "not-found", 405: "method", 408: "silent", 413: "too-large", 416: "range"}
        kind = kinds.get(error.status_code, "usage" if error.status_code < 500 else "error")
        response = answer(request, error.status_code, kind, error.detail)
        response.headers.update(error.headers or {})
        if error.status_code == 405:
            response.headers["Allow"] = allowed(request.app.state.routers, request.url.path)
        return response

    @app.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> Response:
        fields = {".".join(map(str, one["loc"][1:])): _why(one) for one in error.errors()}
        message = _UNUSABLE.fill(what=[joined(field, ": ") for field in fields.items()])
        is_page = not request.url.path.startswith("/api/")
        if is_page and any(one["loc"][0] == "path" for one in error.errors()):
            # No page has such an address; a program gets its own field by field.
            return answer(request, 404, "not-found", "no such page")
        return answer(request, 422, "fields", message, fields)


def every_route(routers: Iterable[APIRouter]) -> Iterator[APIRoute]:
    """The routes, in the order in which they are looked at."""
    for router in routers:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield route


def allowed(routers: Iterable[APIRouter], path: str) -> str:
    """The methods of whatever is at `path`, as in `Allow`; empty where there is nothing."""
    methods: set[str] = set()
    for route in every_route(routers):
        if route.path_regex.match(path):
            methods.update(route.methods or ())
    if "GET" in methods:
        methods.add("HEAD")
    return ", ".join(sorted(methods | {"OPTIONS"})) if methods else ""
