"""What is claimed of where footage came from, put right by a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.web.asked import Sha256
from api.web.footage import may_correct, read_footage
from api.web.problems import Forbidden, NotHere
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import ThisSite
from api.web.uploads import Address, Date, Line
from evidence.browse.clip import Footage
from evidence.store.corrections import correct

routes = Routes()


class Corrected(BaseModel):
    """What is to stand from now on at one place of the footage; null or nothing: it is not known.
    What is left out stays as it is."""

    path: Annotated[str, Field(max_length=5000)]
    origin_url: Address | None = None
    publisher: Line | None = None
    published: Date | None = None
    plant_claimed: Line | None = None
    note: Line | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"path": "/archive/hall.mp4", "plant_claimed": "Plant 12", "note": None}]
        },
    )


@routes.let(
    Role.REVIEWER,
    "PATCH",
    "/api/v1/footage/{sha256}/claims",
    summary="Put right what is claimed of where footage came from",
)
def correct_claims(sha256: Sha256, site: ThisSite, person: ThisPerson, body: Corrected) -> Footage:
    """Who did it and what stood there before is kept. What was put right stays, whatever a list
    that is swept again says. One's own uploads; a lead, any footage."""
    found: Footage = read_footage(sha256, site, person)
    if body.path not in {place.path for place in found.places}:
        raise NotHere(f"{body.path}: that footage does not lie there")
    if not may_correct(found, person):
        raise Forbidden("what others brought is put right by a lead")
    said = {name: getattr(body, name) for name in body.model_fields_set - {"path"}}
    with site.session() as session, session.begin():
        correct(session, body.path, said, person.name)
    now: Footage = read_footage(sha256, site, person)
    return now
