"""A machine that a person has seen in footage, entered by hand from the page of the clip."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.web.asked import Pts, Sha256
from api.web.pictures import cut, cutter, original
from api.web.problems import NotHere
from api.web.review import taken
from api.web.review_models import Corner, Note, Taken
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import Site, ThisSite
from datasets.sentences import Sentence
from detector.look.stills import encode_frame
from evidence.review.enter import Told, check_place, enter
from evidence.review.judge import bench_of, item_of
from evidence.store import FootageRow

routes = Routes()

Id = Annotated[str, Field(min_length=1, max_length=64, examples=["haas"])]


class EnteredMachine(BaseModel):
    """What a person says of a machine. `pts`: of the frame; `box`: where in it, `[x1, y1, x2, y2]`
    in pixels, the whole frame if left out; `builder`: left out where it cannot be told; `probable`:
    it may be that builder's, which others have to say; `concealed`: its mark is hidden; `control`:
    who made its control; `made`: the country in which this very machine was built, where a plate or
    an account says so; `source`: where that was told."""

    pts: Pts
    box: Annotated[list[Corner], Field(min_length=4, max_length=4)] | None = None
    builder: Id | None = None
    probable: bool = False
    concealed: bool = False
    control: Id | None = None
    made: Annotated[str, Field(pattern="^[A-Z]{2}$", examples=["DE"])] | None = None
    source: Note | None = None
    note: Note | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "pts": "1001/24000",
                    "box": [60, 70, 420, 350],
                    "builder": "haas",
                    "concealed": True,
                    "note": "the plant's logo over all but a red H",
                },
                {"pts": "12.5", "control": "ctl-fanuc"},
            ]
        },
    )


@routes.let(
    Role.REVIEWER,
    "POST",
    "/api/v1/footage/{sha256}/entered",
    summary="Enter a machine by hand",
    status_code=201,
    response_model=Taken,
)
def enter_machine(
    sha256: Sha256, site: ThisSite, person: ThisPerson, body: EnteredMachine
) -> Taken:
    """A verdict that others judge as they do what the program flagged. At the place of one that was
    entered already it is a verdict on that one."""
    told = Told(
        body.builder,
        body.probable,
        body.concealed,
        body.control,
        body.made,
        body.source or None,
        body.note or None,
    )
    pts = Fraction(body.pts)
    with site.session() as session:
        bench = bench_of(session, site.registry)
        told.check(bench)
        if session.get(FootageRow, sha256) is None:
            raise NotHere(Sentence("no footage %(sha256)s in this case").fill(sha256=sha256[:12]))
        check_place(session, sha256, pts, body.box)
    pts, size, still = _picture(site, sha256, pts)
    with site.session() as session, session.begin():
        row = enter(
            session, bench, sha256, pts, body.box, told, person.name,
            size=size, still=still, seconds=body.seconds, signed=person.signed,
        )  # fmt: skip
        return taken(row, item_of(session, row))


def _picture(
    site: Site, sha256: str, pts: Fraction
) -> tuple[Fraction, tuple[int, int] | None, str | None]:
    """As `api.enter`: the frame's own time and size, and its picture kept, where the original is at
    hand."""
    try:
        footage = original(site, sha256)
    except NotHere:
        return pts, None, None
    frame = cut(lambda: cutter.frame(footage, pts))
    height, width = frame.image.shape[:2]
    return frame.pts, (width, height), site.case.put_still(encode_frame(frame.image))


def controls(site: Site) -> list[dict[str, Any]]:
    """Who makes controls, for a person to choose from."""
    found = [{"id": one.id, "name": one.name} for one in site.registry if one.type == "control"]
    return sorted(found, key=lambda one: one["name"].casefold())
