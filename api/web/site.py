"""What every route works with: the case, what it is looked at with, and the limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector import Settings
from evidence.desk import Desk
from evidence.store import Case, Recipe


@dataclass(frozen=True)
class Limits:
    """The most that may come from outside.

    file_bytes: of one upload. seconds: of footage. free_bytes: that stay free on the disk
    whatever is uploaded. body_bytes: of any request that is no upload. page: rows a page.
    uploads: under way at once (see `Bounds.at_once`).
    """

    file_bytes: int = 16 << 30
    seconds: float = 12 * 3600.0
    free_bytes: int = 2 << 30
    body_bytes: int = 64 << 10
    page: int = 200
    uploads: int = 16


@dataclass(frozen=True)
class Site:
    """A case being served.

    recipe: what footage is looked at with; sightings of other recipes are not shown. local:
    the name of the one person who is let in without an account, as long as there is none; None
    where accounts are needed. hosts: the names by which browsers may call this server. desk: works
    through what waits; None where nobody does.
    """

    case: Case
    registry: Registry
    settings: Settings
    recipe: Recipe
    model: Path | None = None
    local: str | None = None
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    limits: Limits = field(default_factory=Limits)
    desk: Desk | None = None

    def session(self) -> Session:
        """As `Case.session`."""
        return self.case.session()


def _site(request: Request) -> Site:
    site: Site = request.app.state.site
    return site


ThisSite = Annotated[Site, Depends(_site)]
"""What a route's parameter is typed as, to be given the site."""
