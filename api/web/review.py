"""The review: what to judge next, verdicts, doubts; how far people agree, and what can be learnt.

The server itself never trains: whoever has the machine for it does, from the command line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Path, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.web.auth import Role, Routes, ThisPerson
from api.web.errors import NotHere
from api.web.pages import attachment, download, language, page, translated
from api.web.site import Site, ThisSite
from datasets.exchange.outgoing import to_coco
from datasets.letters import short_name
from datasets.messages import Message
from datasets.registry import Registry
from evidence.browse.overview import looked_otherwise
from evidence.case.sighting_tables import Verdict
from evidence.case.tables import Item
from evidence.case.verdicts import page_of_log, record, told_states
from evidence.learn.annotations import as_jsonl, as_photographs
from evidence.learn.models import commands, list_models
from evidence.learn.sources import summarise_learning
from evidence.review import judgement as bench
from evidence.review.agreement import report_agreement
from evidence.review.cards import cards
from evidence.review.items import find_or_open

ITEM_PATTERN = r"^[0-9a-f]{32}(:[A-Za-z0-9_.-]{1,16}|@-?[0-9]{1,40}(/[0-9]{1,40})?)$"
"""The key of a sighting, of a machine entered by hand (`:entered-12`), or of a frame by its
analysis and exact time."""
EXAMPLE = "5d41402abc4b2a76b9719d911017c592:m1"
Key = Annotated[str, Field(pattern=ITEM_PATTERN, examples=[EXAMPLE])]
Note = Annotated[str, Field(max_length=2000)]
Number = Annotated[int, Field(ge=1, le=2**53)]
Corner = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
_OfMachine = Literal["accept", "builder", "probable", "unknown", "concealed"]
Word = Literal[_OfMachine, "not-cnc", "not-a-machine", "pictured", "missed", "nothing"]
_EXAMPLE = {"item": EXAMPLE, "verdict": "builder", "builder": "smtcl", "seconds": 8.0}


class VerdictRequest(BaseModel, extra="forbid", json_schema_extra={"examples": [_EXAMPLE]}):
    """A verdict on an item.
    - `builder`: of `builder`, of `probable` (on a machine entered by hand), and of `missed` and
      `concealed` if known.
    - `box`: of `missed`, `[x1, y1, x2, y2]` in pixels of the frame.
    - `concealed`: of `missed`, that the mark is hidden.
    - `seconds`: how long it took.
    - `supersedes`: one's own verdict that this one replaces.
    """

    item: Key
    verdict: Word
    builder: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    box: Annotated[list[Corner], Field(min_length=4, max_length=4)] | None = None
    concealed: bool = False
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None
    note: Note | None = None
    supersedes: Number | None = None


class Doubt(BaseModel, extra="forbid"):
    """Why a settled item should be judged again."""

    note: Note | None = None


routes = Routes()
Record = dict[str, Any]
AT_ONCE = 20  # items dealt at once, at most: what is held is kept from others
MOST_HELD = 200
"""Items at hand that a call may name: what is loaded ahead, and what is judged and not sent yet."""
ItemKey = Annotated[str, Path(pattern=ITEM_PATTERN, examples=[EXAMPLE])]
VerdictNumber = Annotated[int, Path(ge=1, le=2**53)]


@routes.let("GET /review")
def review(request: Request, site: ThisSite) -> HTMLResponse:
    return _screen(request, site, None)


@routes.let("GET /review/{item:path}")
def review_one(request: Request, site: ThisSite, item: ItemKey) -> HTMLResponse:
    return _screen(request, site, item)


@routes.let("GET /api/v1/review/next", "What to judge next")
def next_items(
    request: Request,
    site: ThisSite,
    person: ThisPerson,
    n: Annotated[int, Query(ge=1, le=AT_ONCE, description="How many")] = 5,
    held: Annotated[
        list[Key],
        Query(max_length=MOST_HELD, description="What is at hand already: it is not given again"),
    ] = [],  # noqa: B006  never changed
) -> Record:
    with site.session() as session:
        items = site.dealer.deal(session, site.recipe, person.name, n, held)
        told = cards(session, site.registry, person.name, items)
    return {"items": [to_card(one, language(request)) for one in told]}


@routes.let("GET /api/v1/review/counts", "How the review stands")
def read_counts(site: ThisSite, person: ThisPerson) -> dict[str, int]:
    found = site.read(site.dealer.count, site.recipe, person.name)
    return told_states(found, person.role >= Role.LEAD)


@routes.let("GET /api/v1/review/items/{item:path}")
def read_item(request: Request, site: ThisSite, person: ThisPerson, item: ItemKey) -> Record:
    """One item, with the verdicts on it that you may see."""
    with site.session() as session:
        found = _find(session, item)
        (told,) = cards(session, site.registry, person.name, [found])
        return to_card(told, language(request))


@routes.let("POST /api/v1/review/items/{item:path}/doubt", status_code=201)
def doubt(site: ThisSite, person: ThisPerson, item: ItemKey, body: Doubt) -> Record:
    """Put a settled item back into the queue."""
    with site.session() as session, session.begin():
        row = bench.doubt(session, item, person.name, body.note, person.signed)
        return taken(row, item, site.registry)


@routes.let("POST /api/v1/review/items/{item:path}/skip")
def skip(site: ThisSite, person: ThisPerson, item: ItemKey) -> None:
    """Leave an item to others, or to yourself later."""
    site.read(_find, item)
    site.dealer.put_off(person.name, item)


@routes.let("POST /api/v1/verdicts", "Give a verdict on an item", status_code=201)
def give(site: ThisSite, person: ThisPerson, body: VerdictRequest) -> Record:
    with site.session() as session, session.begin():
        context = bench.test_context(session, site.registry)
        said = body.model_dump(exclude={"item", "verdict"}) | {"note": body.note or None}
        row = bench.judge(
            session, context, body.item, person.name, body.verdict, signed=person.signed, **said
        )
        told = taken(row, body.item, site.registry)
    site.dealer.release(body.item)
    return told


@routes.let("DELETE /api/v1/verdicts/{number}", "Take back a verdict of yours; the log keeps both")
def undo(site: ThisSite, person: ThisPerson, number: VerdictNumber) -> Record:
    with site.session() as session, session.begin():
        row = bench.withdraw(session, number, person.name, person.signed)
        item = bench.item_of(session, row)
        told = taken(row, item, site.registry)
    site.dealer.take(person.name, item)
    return told


@routes.let("GET /api/v1/verdicts", "The log of verdicts")
def read_log(
    site: ThisSite,
    person: ThisPerson,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Record:
    rows = site.read(page_of_log, person.name, after, limit)
    last = rows[-1]["number"] if len(rows) == limit else None
    rows = [_with_name(row, site.registry) for row in rows]
    return {"items": rows, "next": last}


def _find(session: Session, item: str) -> Item:
    if (found := find_or_open(session, item)) is None:
        raise NotHere(Message("no item %(item)s in this case", item=item))
    return found


def taken(row: Verdict, item: str, registry: Registry) -> Record:
    """A verdict, as its author sees it. What becomes of its item may tell what others said."""
    return {"verdict": _with_name(record(row, item), registry), "item": item}


def _with_name(verdict: Record, registry: Registry) -> Record:
    builder = verdict.get("builder")
    return verdict | {"builder_name": builder and short_name(registry.name(builder))}


def _screen(request: Request, site: Site, item: str | None) -> HTMLResponse:
    if item is not None:
        site.read(_find, item)
    otherwise = site.read(looked_otherwise, site.recipe)
    return page(request, "review.html", scripts=SCRIPTS, item=item, otherwise=otherwise)


PARTS = ("outbox", "ahead", "picture", "card", "builder")
SCRIPTS = ("review.js", *(f"review-{part}.js" for part in PARTS))
FRAME_WIDTH = 1280
MARK_MARGIN = 0.15
"""Around a mark, as in the stills that are kept of them (`detector/look/stills.py`)."""


def to_card(record: Record, code: str) -> Record:
    """The card of `evidence.review.cards`, its pictures by address, with reasons in a language."""

    def say(message: str | None) -> str | None:
        return message and translated(message, code)

    leads = []
    for one in record["leads"]:
        evidence = [part.model_dump() | {"says_text": say(part.says)} for part in one.evidence]
        leads.append(one.model_dump() | {"doubt_text": say(one.doubt), "evidence": evidence})
    alike = [one | {"picture": _small(one)} for one in record["alike"]]
    more = {"leads": leads, "alike": alike, "reason_text": say(record["reason"])}
    return record | {"pictures": _pictures(record)} | more


def still(sha256: str) -> str:
    """The address of a picture that the case keeps."""
    return f"/api/v1/stills/{sha256}"


def frame(footage: str, pts: str, width: int | None = None) -> str:
    """The address of a frame, cut from the footage."""
    query = {"pts": pts} | ({} if width is None else {"width": str(width)})
    return f"/api/v1/footage/{footage}/frame?{urlencode(query)}"


def crop(footage: str, pts: str, box: list[float], way: str) -> str:
    """The address of a part of a frame, `unaltered` or `enhanced`."""
    query = {"pts": pts, "box": ",".join(f"{corner:g}" for corner in box), "way": way}
    return f"/api/v1/footage/{footage}/crop?{urlencode(query)}"


def _pictures(record: Record) -> Record:
    """The frame; the mark as it is, and enhanced. `spare`: another address, if that one fails."""
    footage, stills = record["footage"]["sha256"], record["stills"]
    # Where the size of the frame is not known the page takes the picture's: it must not be shrunk.
    width = None if record["footage"]["width"] is None else FRAME_WIDTH
    cut = frame(footage, record["pts"], width)
    shown = {"address": cut, "spare": None, "pts": record["pts"], "box": record["box"]}
    if best := stills.get("best"):
        shown = {"address": still(best["sha256"]), "spare": cut} | _place(best)
    pictures = {"frame": shown, "mark": None, "enhanced": None}
    if mark := stills.get("mark"):
        x1, y1, x2, y2 = mark["box"]
        dx, dy = MARK_MARGIN * (x2 - x1), MARK_MARGIN * (y2 - y1)
        right, bottom = record["footage"]["width"], record["footage"]["height"]
        wide = [max(0.0, x1 - dx), max(0.0, y1 - dy)]
        wide += [min(right or x2 + dx, x2 + dx), min(bottom or y2 + dy, y2 + dy)]
        plain, clear = (crop(footage, mark["pts"], wide, way) for way in ("unaltered", "enhanced"))
        pictures["mark"] = {"address": still(mark["sha256"]), "spare": plain} | _place(mark)
        pictures["enhanced"] = {"address": clear, "spare": None} | _place(mark)
    return pictures


def _place(picture: Record) -> Record:
    return {"pts": picture["pts"], "box": picture["box"]}


def _small(record: Record) -> Record:
    """Of a look-alike its mark, or else the frame."""
    if mark := record["stills"].get("mark"):
        return {"address": still(mark)}
    box = record["box"]
    return {"address": crop(record["footage"], record["pts"], box, "unaltered")}


@routes.let("GET /api/v1/learning", "What was judged and can be learnt from")
def read_learning(site: ThisSite) -> dict[str, Any]:
    folders = () if site.model is None else (site.model,)
    with site.case.snapshot() as session:
        found = summarise_learning(session, site.registry)
        models = list_models(site.case, session, site.recipe.model, folders)
    return found | {"commands": commands(site.case), "models": models}


@routes.let("GET /learning")
def learning(request: Request, site: ThisSite) -> HTMLResponse:
    return page(request, "learning.html", scripts=("learning.js",), learning=read_learning(site))


@routes.let("GET /api/v1/learning/annotations", gives=("application/jsonl", "application/json"))
def read_annotations(
    site: ThisSite, format: Annotated[Literal["jsonl", "coco"], Query()] = "jsonl"
) -> Response:
    """The judged frames as annotations, without pictures."""
    if format == "coco":
        with site.case.snapshot() as session:
            values = to_coco(as_photographs(session, site.case.id))
        text = json.dumps(values, ensure_ascii=False)
        return download(text, "application/json", "judged.coco.json")

    def lines() -> Iterator[str]:
        with site.case.snapshot() as session:
            yield from as_jsonl(session, site.case.id)

    headers = attachment("judged.jsonl")
    return StreamingResponse(lines(), media_type="application/jsonl", headers=headers)


@routes.let("GET /agreement", who=Role.LEAD)
def agreement(request: Request, site: ThisSite, person: ThisPerson) -> HTMLResponse:
    found = read_agreement(site, person)
    return page(request, "agreement.html", found=found, registry=site.registry)


@routes.let("GET /api/v1/agreement", "Who judged how much, and how far they agree", who=Role.LEAD)
def read_agreement(site: ThisSite, person: ThisPerson) -> Record:
    return site.read(report_agreement, person.name)
