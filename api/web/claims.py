"""What is claimed of where footage came from, put right by a person."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from api.web.asked import Sha256
from api.web.footage import read_footage
from api.web.problems import Forbidden, NotHere
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import ThisSite
from api.web.uploads import Claimed
from datasets.sentences import Sentence
from evidence.browse.clip import Footage
from evidence.store.corrections import correct
from evidence.uploads.brought import places_of

routes = Routes()


class Corrected(Claimed):
    """What is to stand from now on at one place of the footage; null or nothing: it is not known.
    What is left out stays as it is."""

    path: Annotated[str, Field(max_length=5000)]

    model_config = ConfigDict(
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
    that is swept again says. What one has uploaded oneself; a lead, any."""
    said = {name: getattr(body, name) for name in body.model_fields_set - {"path"}}
    with site.session() as session, session.begin():
        all_places = places_of(session, sha256, None)
        if body.path not in all_places:
            raise NotHere(
                Sentence("%(path)s: that footage does not lie there").fill(path=body.path)
            )
        if person.role < Role.LEAD and body.path not in places_of(session, sha256, person.name):
            raise Forbidden(Sentence("what others brought is put right by a lead"))
        correct(session, all_places[body.path], said, person.name)
    now: Footage = read_footage(sha256, site, person)
    return now
