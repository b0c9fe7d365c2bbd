"""Learning from verdicts, and how far reviewers agree.

The server itself never trains: whoever has the machine for it does, from the command line.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from api.web.auth import Role, Routes, ThisPerson
from api.web.pages import attachment, download, page
from api.web.site import ThisSite
from datasets.exchange.outgoing import to_coco
from evidence.case.verdicts import head
from evidence.learn.annotations import as_jsonl, as_photographs
from evidence.learn.models import commands, list_models
from evidence.learn.sources import summarise_learning
from evidence.review.agreement import Record, report_agreement

routes = Routes()
FRESH_SECONDS = 30.0
"""How long counts stand while nobody judges: footage may come in and sources grow together."""


@dataclass(frozen=True)
class Counted:
    """What was counted when the log ended with verdict `number`, at `clock` (monotonic)."""

    number: int
    clock: float
    values: dict[str, Any]


@routes.let("GET /api/v1/learning", "What was judged and can be learnt from")
def read_learning(request: Request, site: ThisSite) -> dict[str, Any]:
    # Counting a hundred thousand items takes a third of a second, so it is done once a verdict.
    kept: Counted | None = getattr(request.app.state, "learning", None)
    folders = () if site.model is None else (site.model,)
    with site.case.snapshot() as session:
        number, now = head(session)[0], time.monotonic()
        if kept is None or kept.number != number or now - kept.clock > FRESH_SECONDS:
            kept = Counted(number, now, summarise_learning(session, site.registry))
            request.app.state.learning = kept
        models = list_models(site.case, session, site.recipe.model, folders)
        return kept.values | {"commands": commands(site.case), "models": models}


@routes.let("GET /learning")
def learning(request: Request, site: ThisSite) -> HTMLResponse:
    found = read_learning(request, site)
    return page(request, "learning.html", scripts=("learning.js",), learning=found)


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
    with site.session() as session:
        return report_agreement(session, person.name)
