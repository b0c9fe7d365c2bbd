"""The answer: a page, the same for programs, and what is taken away of it.

A question is its address, so an answer can be sent on. Computing one may take seconds in a
large case, so threads of its own do it. It is kept for as long as the case stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Annotated, Literal, TypeVar
from urllib.parse import urlencode

import anyio
from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from api.web.answer_page import show_answer
from api.web.auth import Role, Routes
from api.web.errors import TooMany
from api.web.pages import attachment, catalogue, download, language
from api.web.site import BuilderId, Country, Day, Site, ThisSite, ToShare
from datasets.errors import UsageError
from datasets.messages import Message
from evidence.answer.answer import Answer
from evidence.answer.case import read_case
from evidence.answer.package import zip_package
from evidence.answer.question import By, Estimand, Question
from evidence.answer.report import MEANS, Facts, gather, render_answer
from evidence.case.edition import share_case
from evidence.clip.record import dump
from evidence.pdf import run_in_process, to_pdf

routes = Routes()
MOST_PLANTS = 200
_PART = 1 << 20
T = TypeVar("T")


class Answered(BaseModel):
    """An answer, what it was computed from and when. `facts`, `answer` and `statuses` are what
    `nameplate answer --json` writes."""

    computed: datetime = Field(description="when, in UTC")
    facts: Facts
    answer: Answer
    statuses: dict[str, str] = Field(description="what a `status` of `answer.seen` says")


Plant = Annotated[
    str,
    BeforeValidator(lambda value: " ".join(value.split()) if isinstance(value, str) else value),
    StringConstraints(max_length=200),
]


def _question(
    site: ThisSite,
    by: Annotated[
        By, Query(description="The builder's home, one builder, its owner's country, production's.")
    ] = "origin",
    country: Annotated[
        Country, Query(description="Left out: the first origin under test.", examples=["CN"])
    ] = None,
    builder: BuilderId = None,
    plant: Annotated[
        list[Plant],
        Query(max_length=MOST_PLANTS, description="Only footage of these; none given: of all."),
    ] = [],  # noqa: B006  never changed
    since: Day = None,
    until: Day = None,
    estimand: Annotated[
        Estimand,
        Query(description="Of machines in this footage, or in `plants` like those filmed."),
    ] = "visible",
) -> Question:
    if by == "builder":
        value = builder or ""
    else:
        value = country or next(iter(site.settings.attributing.tested_origins), "CN")
    plants = tuple(dict.fromkeys(one for one in plant if one))
    return Question(by, value, plants, since, until, estimand)


ThisQuestion = Annotated[Question, Depends(_question)]


def to_query(question: Question) -> str:
    """The question as an address has it, without what is as it would be anyway.
    >>> to_query(Question("builder", "haas", ("Plant 1",), "2023"))
    'by=builder&builder=haas&plant=Plant+1&since=2023'
    """
    value = ("builder" if question.by == "builder" else "country", question.value)
    parts = [("by", question.by), value, *(("plant", one) for one in question.plants)]
    parts += [("since", question.since or ""), ("until", question.until or "")]
    parts += [("estimand", question.estimand if question.estimand != "visible" else "")]
    return urlencode([(name, one) for name, one in parts if one])


def _check(question: Question) -> Question:
    if not question.value:
        raise UsageError.saying(
            "name the builder: by=builder needs builder=ID; /api/v1/builders finds it"
        )
    return question


async def _in_turn(site: Site, how: Callable[[], T]) -> T:
    return await anyio.to_thread.run_sync(how, limiter=site.turns)


@routes.let("GET /answer")
async def answer_page(request: Request, site: ThisSite, question: ThisQuestion) -> HTMLResponse:
    query = to_query(question)
    return await _in_turn(site, lambda: show_answer(request, site, question, query))


@routes.let(
    "GET /api/v1/answer",
    "What the judged footage says, with every number",
    response_class=Response,
    responses={200: {"model": Answered, "description": "The answer."}},
)
async def read_answer(site: ThisSite, question: ThisQuestion) -> Response:
    """The first time it is asked after something in the case has changed it may take seconds."""

    def compute() -> bytes:
        with site.case.snapshot() as session:
            kept = site.answers.find(session, _check(question))
        found = {"facts": asdict(kept.found.facts), "answer": asdict(kept.found.answer)}
        computed = kept.computed.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return dump({"computed": computed, **found, "statuses": MEANS})

    content = await _in_turn(site, compute)
    return download(content, "application/json", f"{_name(question)}.json")


@routes.let("GET /api/v1/answer/report", gives=("text/html", "application/pdf"))
async def read_report(
    request: Request,
    site: ThisSite,
    question: ThisQuestion,
    format: Annotated[Literal["html", "pdf"], Query(description="The kind of file.")] = "html",
    to_share: ToShare = False,
) -> Response:
    """The report of an answer, to print or to send on.
    In the reader's language, with the evidence for every confirmed machine."""
    code = language(request)

    def render() -> tuple[str | bytes, str]:
        with site.case.snapshot() as session:
            found = site.answers.find(session, _check(question)).found
            if not to_share:
                exhibits = gather(site.case, session, found.machines, site.registry)
                found = replace(found, exhibits=exhibits)
        if to_share:
            with share_case(site.case) as edition:
                found = read_case(edition.case, question, site.registry)
        page = render_answer(found, site.registry, code, catalogue(code))
        if format == "html":
            return page, "text/html; charset=utf-8"
        return run_in_process(to_pdf, page), "application/pdf"

    content, kind = await _in_turn(site, render)
    return download(content, kind, f"{_name(question, to_share)}.{format}")


@routes.let("GET /api/v1/answer/package", gives=("application/zip",), who=Role.LEAD)
async def read_package(
    site: ThisSite, question: ThisQuestion, to_share: ToShare = False
) -> Response:
    """The evidence package of an answer, zipped.
    All that the answer rests on, the authors of verdicts among it unless `to_share`; unpacked,
    `nameplate answer --from` computes every number anew. One at a time is made."""
    name = _name(question, to_share)

    def write() -> tuple[IO[bytes], int]:
        with site.case.snapshot() as session:
            site.answers.find(session, _check(question))  # refuses a wrong question at once
        with TemporaryDirectory(prefix="nameplate-") as scratch:
            file = Path(scratch) / f"{name}.zip"
            run_in_process(zip_package, site.case.folder, question, site.registry, file, to_share)
            return file.open("rb"), file.stat().st_size  # which outlives its name

    if not site.packing.acquire(blocking=False):
        raise TooMany(Message("another package is being made; ask again in a moment"), 10.0)
    try:
        content, size = await _in_turn(site, write)
    finally:
        site.packing.release()
    headers = attachment(f"{name}.zip") | {"Content-Length": str(size)}

    def parts() -> Iterator[bytes]:
        with content:
            while part := content.read(_PART):
                yield part

    return StreamingResponse(parts(), media_type="application/zip", headers=headers)


def _name(question: Question, to_share: bool = False) -> str:
    """What a file about it is called: one with names of people not like one without."""
    what = "answer-to-share" if to_share else "answer"
    return re.sub(r"[^A-Za-z0-9-]+", "-", f"{what}-{question.by}-{question.value}").strip("-")
