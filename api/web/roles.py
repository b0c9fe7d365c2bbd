"""Who may call a route: each route says so where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from api.web.problems import ANSWERS, Forbidden, Unknown
from datasets.sentences import Sentence
from evidence.store.verdicts import LOGIN, NAMED


class Role(IntEnum):
    """Each may do what those before it may."""

    ANYONE = 0
    REVIEWER = 1
    LEAD = 2
    ADMIN = 3

    @classmethod
    def of(cls, word: str) -> Role:
        """The role of an account; one that only a newer Nameplate gives lets do nothing here."""
        return cls.__members__.get(word.upper(), cls.ANYONE)


@dataclass(frozen=True)
class Person:
    """Who calls. `name` signs verdicts and decisions; `signed`: how it is known to be theirs."""

    name: str
    role: Role
    signed: str = LOGIN

    @property
    def local(self) -> bool:
        """Whether no account is needed."""
        return self.signed == NAMED


def caller(request: Request) -> Person | None:
    """Who calls, as the guard found out (`api/web/guard.py`); None: nobody known."""
    person: Person | None = getattr(request.state, "person", None)
    return person


def _known(request: Request) -> Person:
    person = caller(request)
    if person is None:
        raise Unknown(Sentence("log in first"))
    return person


ThisPerson = Annotated[Person, Depends(_known)]
"""What a route's parameter is typed as, to be given who calls."""


class Routes(APIRouter):
    """A router whose every route names the least role that may call it.

    Example:
        >>> routes = Routes()
        >>> @routes.let(Role.REVIEWER, "GET", "/api/v1/nothing")
        ... def nothing() -> dict[str, str]:
        ...     return {}
        >>> routes.routes[0].openapi_extra
        {'x-role': 'reviewer'}
    """

    def let(self, who: Role, method: str, path: str, **facts: Any) -> Callable[[Any], Any]:
        """A decorator that adds a route; `facts` are those of `APIRouter.api_route`."""

        def check(request: Request) -> None:
            person = caller(request)
            if who is Role.ANYONE:
                return
            if person is None:
                raise Unknown(Sentence("log in first"))
            if person.role < who:
                raise Forbidden(
                    Sentence("this needs the role %(what)s; ask an admin").fill(
                        what=who.name.lower()
                    )
                )

        extra = facts.pop("openapi_extra", {}) | {"x-role": who.name.lower()}
        if who is Role.ANYONE:
            extra["security"] = []
        if not path.startswith("/api/"):
            facts.setdefault("include_in_schema", False)
        return self.api_route(
            path,
            methods=[method],
            dependencies=[Depends(check), *facts.pop("dependencies", ())],
            openapi_extra=extra,
            responses=ANSWERS | facts.pop("responses", {}),
            **facts,
        )
