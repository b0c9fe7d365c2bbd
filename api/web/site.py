"""What every route works with: the case, its limits, and the parameters of addresses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Concatenate, ParamSpec, TypeVar

import anyio
from fastapi import Depends, Query, Request
from fastapi import Path as PathParameter
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector import Settings
from evidence.answer.case import Answers
from evidence.browse.search import LONGEST, View
from evidence.case.case import Case
from evidence.case.tables import Recipe
from evidence.review.queue import ItemDealer
from evidence.uploads.intake import Uploads
from evidence.uploads.status import Board, Event
from evidence.uploads.storage import UploadLimits
from evidence.work.background import BackgroundWorker

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Limits:
    """The most that may come from outside.
    file_bytes: of one upload. seconds: of footage. free_bytes: that stay free on the disk
    whatever is uploaded. body_bytes: of any request that is no upload.
    uploads: of one person under way at once (see `UploadLimits.at_once`).
    """

    file_bytes: int = 16 << 30
    seconds: float = 12 * 3600.0
    free_bytes: int = 2 << 30
    body_bytes: int = 64 << 10
    uploads: int = 16


@dataclass(eq=False)
class Site:
    """A case being served, and what its server keeps in memory.
    - recipe: what footage is looked at with; sightings of other recipes are not shown.
    - local: who is let in without an account while there is none; None where accounts are needed.
    - hosts: the names that browsers may use for this server.
    - desk: works through what waits; None where nobody does.

    In memory:

    - uploads, board: what takes footage in, and says what happens. watching: those it is said to.
    - dealer: who holds which item of the review.
    - answers: what was computed. turns: threads for them; who asks while all are taken waits, and
      keeps none of the others. packing: held while an evidence package is made.
    """

    case: Case
    registry: Registry
    settings: Settings
    recipe: Recipe
    model: Path | None = None
    local: str | None = None
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    limits: Limits = field(default_factory=Limits)
    desk: BackgroundWorker | None = None
    uploads: Uploads = field(init=False)
    board: Board = field(init=False)
    watching: set[asyncio.Queue[Event | None]] = field(init=False, default_factory=set)
    dealer: ItemDealer = field(init=False, default_factory=ItemDealer)
    answers: Answers = field(init=False)
    turns: anyio.CapacityLimiter = field(
        init=False, default_factory=lambda: anyio.CapacityLimiter(3)
    )
    packing: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        most = self.limits
        bounds = UploadLimits(most.file_bytes, most.seconds, most.free_bytes, most.uploads)
        self.uploads = Uploads(self.case, self.recipe, bounds, self.settings.decoding)
        self.board = Board(self.uploads, self.desk)
        self.answers = Answers(self.case, self.registry)

    def session(self) -> Session:
        """As `Case.session`."""
        return self.case.session()

    @contextmanager
    def view(self) -> Iterator[View]:
        """What the case is looked at by, for as long as one call takes."""
        with self.case.session() as session:
            yield View(session, self.recipe, self.registry)

    def read(
        self, how: Callable[Concatenate[Session, P], T], *given: P.args, **more: P.kwargs
    ) -> T:
        """What a function reads in a session of its own."""
        with self.case.session() as session:
            return how(session, *given, **more)

    def wake(self) -> None:
        """Says that there is work on the list."""
        if self.desk is not None:
            self.desk.wake()


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


ThisSite = Annotated[Site, Depends(_site)]
"""What a route's parameter is typed as, to be given the site."""
Sha256 = Annotated[
    str,
    PathParameter(
        pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes.", examples=["9f86" * 16]
    ),
]
MachineId = Annotated[
    str,
    PathParameter(pattern="^[0-9a-f]{32}$", description="A machine's id.", examples=["5b1e" * 8]),
]
SightingKey = Annotated[
    str,
    StringConstraints(pattern="^[0-9a-f]{10,32}:m[0-9]{1,9}$", max_length=48),
    Field(
        description="A sighting's key; of its digits the first ten may do, as the pages show them.",
        examples=["5b1e" * 8 + ":m1"],
    ),
]
Cursor = Annotated[
    str | None, Query(max_length=LONGEST, description="The `next` of the page before.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="Rows of a page, at most.")]


def _part(after: Cursor = None, limit: Limit = 50) -> tuple[str | None, int]:
    return after, limit


Part = Annotated[tuple[str | None, int], Depends(_part)]
"""The query parameters of a list: `after`, `limit`."""


def _emptied(value: object) -> object:
    """A field of a form that was left empty comes as an empty text."""
    return None if isinstance(value, str) and not value.strip() else value


Words = Annotated[
    Annotated[str, StringConstraints(max_length=200)] | None, BeforeValidator(_emptied), Query()
]
"""Words to search by; empty: none."""
Day = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")] | None,
    BeforeValidator(_emptied),
    Query(description="A date, a month or a year.", examples=["2024-03"]),
]
Country = Annotated[
    Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None,
    BeforeValidator(_emptied),
    Query(description="A country's code.", examples=["CN"]),
]
BuilderId = Annotated[
    Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)] | None,
    BeforeValidator(_emptied),
    Query(description="A registry id; of machines `unknown` too.", examples=["haas"]),
]
LATEST = 10_000_000
"""Seconds; what a decoder is asked to seek to must fit into what FFmpeg counts time in."""


def _to_time(text: str) -> str:
    """Kept as text, for the fraction is made where it is used."""
    if "/" in text and int(text.split("/")[1]) == 0:
        raise ValueError("divided by zero")
    if Fraction(text) > LATEST:
        raise ValueError(f"no footage is longer than {LATEST} seconds")
    return text


Pts = Annotated[
    str,
    StringConstraints(
        pattern=r"^([0-9]{1,9}(\.[0-9]{1,9})?|[0-9]{1,18}/[0-9]{1,18})$", max_length=40
    ),
    AfterValidator(_to_time),
]
"""Seconds since the footage's start, as `12`, `12.5` or `1001/24000`."""


def _pts(
    pts: Annotated[
        Pts, Query(description="Seconds since the start.", examples=["1001/24000", "12.5"])
    ] = "0",
) -> Fraction:
    return Fraction(pts)


AskedTime = Annotated[Fraction, Depends(_pts)]  # the query parameter `pts`
_NUMBER = r"-?[0-9]{1,6}(\.[0-9]{1,4})?"


def _box(
    box: Annotated[
        str,
        Query(
            pattern=rf"^{_NUMBER}(,{_NUMBER}){{3}}$",
            max_length=64,
            description="x1,y1,x2,y2 in pixels of the upright frame.",
            examples=["60,70,160.5,90"],
        ),
    ],
) -> tuple[float, float, float, float]:
    return to_box(box)


def to_box(text: str) -> tuple[float, float, float, float]:
    """The corners of a box in a query."""
    x1, y1, x2, y2 = map(float, text.split(","))
    return x1, y1, x2, y2


AskedBox = Annotated[tuple[float, float, float, float], Depends(_box)]  # the query parameter `box`
ToShare = Annotated[
    bool, Query(description="Names no person and no folder; of a picture shows the machine alone.")
]
HiddenBox = Annotated[str, StringConstraints(pattern=rf"^{_NUMBER}(,{_NUMBER}){{3}}$")]
