"""Positive controls: footage of machines whose builder is known from elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web.asked import Sha256
from api.web.problems import NotHere
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import Site, ThisSite
from datasets.sentences import Sentence
from evidence.answer.controls import drop_control, keep_control
from evidence.browse.shapes import Named, Page, Said, Shape, utc
from evidence.store import ControlRow, FootageRow
from evidence.store.places import places_of

routes = Routes()


class Control(Shape):
    """Footage in which a machine of a known builder can be seen, and who said so."""

    footage: str
    file: Said | None
    builder: Named
    author: Said
    made: datetime


class NewControl(BaseModel):
    """What is said of a clip."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"footage": "9f86" * 16, "builder": "haas"}]},
    )

    footage: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    builder: Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


@routes.let(
    Role.REVIEWER, "GET", "/api/v1/controls", summary="The positive controls that the case keeps"
)
def read_controls(site: ThisSite) -> Page[Control]:
    """All of them: by these it is measured how often a machine of a known builder is recognised."""
    with site.session() as session:
        return Page(items=list_controls(session, site))


@routes.let(
    Role.LEAD,
    "POST",
    "/api/v1/controls",
    summary="Keep a clip as a positive control",
    status_code=201,
)
def add_control(wish: NewControl, site: ThisSite, person: ThisPerson) -> Control:
    """It is counted nowhere else from then on. Said twice it stays as it was."""
    with site.session() as session, session.begin():
        if session.get(FootageRow, wish.footage) is None:
            raise NotHere(
                Sentence("no footage %(footage)s in this case; sweep or upload it first").fill(
                    footage=wish.footage[:12]
                )
            )
        keep_control(session, site.registry, wish.footage, wish.builder, person.name)
        return next(
            one
            for one in list_controls(session, site)
            if (one.footage, one.builder.id) == (wish.footage, wish.builder)
        )


@routes.let(
    Role.LEAD,
    "DELETE",
    "/api/v1/controls/{sha256}",
    summary="A clip is no positive control any more",
    status_code=204,
)
def remove_control(
    sha256: Sha256,
    site: ThisSite,
    builder: Annotated[
        str, Query(max_length=80, description="The builder it stood for.", examples=["haas"])
    ],
) -> None:
    """It counts like any other footage again."""
    with site.session() as session, session.begin():
        if not drop_control(session, sha256, builder):
            raise NotHere(
                Sentence("footage %(sha256)s is no control for %(builder)s").fill(
                    sha256=sha256[:12], builder=f"{builder!r}"
                )
            )


def list_controls(session: Session, site: Site) -> list[Control]:
    """Those that the case keeps, the last first."""
    order = (ControlRow.made.desc(), ControlRow.footage, ControlRow.builder)
    rows = session.scalars(select(ControlRow).order_by(*order)).all()
    places = places_of(session, (row.footage for row in rows))
    paths = {footage: some[0].path.replace("\\", "/") for footage, some in places.items()}
    return [
        Control(
            footage=row.footage,
            file=paths[row.footage].rpartition("/")[2] if row.footage in paths else None,
            builder=Named.of(row.builder, site.registry),
            author=row.author,
            made=utc(row.made),
        )
        for row in rows
    ]
