"""The page of an answer, its rows of machines, and positive controls."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, StringConstraints
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.web.auth import Role, Routes, ThisPerson
from api.web.errors import NotHere
from api.web.pages import by_name, country, language, page, translated
from api.web.site import Sha256, Site, ThisSite
from datasets.charts import STATUSES
from datasets.errors import UsageError
from datasets.letters import short_name
from datasets.messages import Message
from datasets.registry import Registry
from detector.name.homes import home_of
from evidence.answer.answer import shown_as
from evidence.answer.audit import drop_control, keep_control
from evidence.answer.case import Kept
from evidence.answer.population import CountedMachine, Status, confirmed
from evidence.answer.question import Question
from evidence.answer.report import draw, judged_sighting, write_shares
from evidence.browse.machine_summary import MachineSummary
from evidence.browse.machines import find_machines
from evidence.browse.shapes import Page, RegistryName, Said, Shape, utc
from evidence.case.places import claimed_plants, places_of
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import ControlRow, FootageRow
from evidence.clip.tables import printable
from evidence.spelling import PlantNames, fold

routes = Routes()
_NO_FOOTAGE = Message("no footage %(footage)s in this case; sweep or upload it first")
_NO_CONTROL = Message("footage %(sha256)s is no control for %(builder)s")


def show_answer(request: Request, site: Site, question: Question, query: str) -> HTMLResponse:
    """The answer; where there is none, why not, with the same form to ask otherwise."""
    question, registry = question.of_known(site.registry), site.registry
    code = language(request)

    def words(text: str) -> str:
        return printable(translated(text, code))

    shown: dict[str, Any] = {"kept": None, "empty": False, "wrong": None, "status": 200}
    shown |= write_shares(words, code)
    with site.case.snapshot() as session:
        controls = list_controls(session, site)
        plants = PlantNames(registry.plants).once(claimed_plants(session))
        try:
            looked = session.scalar(select(AnalysisRow.id).limit(1))
            kept = None if looked is None else site.answers.find(session, question)
        except UsageError as error:
            why = Message("choose a builder") if not question.value else error.message
            kept, shown["wrong"], shown["status"] = None, why, 400
        else:
            shown["empty"] = kept is None
        if kept is not None:
            found, recipe = kept.found, (site.recipe.model, site.recipe.settings)
            of_kind_shown, of_it = of_kind(session, found.machines, registry)
            shown |= {
                "kept": kept,
                "answer": found.answer,
                "recordings": found.recordings,
                "facts": found.facts,
                "otherwise": (found.facts.model, found.facts.settings) != recipe,
                "rows": by_builder(found.machines, question, registry),
                "shown": of_kind_shown,
                "of_it": of_it,
                "figures": draw(found.answer, registry, words),
                "query": query,
            }
    return page(
        request,
        "answer.html",
        scripts=("answer.js",),
        controls=controls,
        question=question,
        plants=_plants(plants, question),
        builders=_builders(registry, kept),
        countries=_countries(registry, question, code),
        statuses=STATUSES,
        most_listed=MOST_LISTED,
        say=words,
        shown_as=shown_as,
        plain=printable,
        named=lambda id_: printable(short_name(registry.name(id_))),
        **shown,
    )


def _plants(named: Sequence[str], question: Question) -> list[tuple[str, str, bool]]:
    """Each plant as asked for, as shown, and whether it is chosen; unknown ones too."""
    asked = set(map(fold, question.plants))
    known = set(map(fold, named))
    more = [one for one in question.plants if fold(one) not in known]
    return [(one, printable(one), fold(one) in asked) for one in (*more, *named)]


def _countries(registry: Registry, question: Question, code: str) -> list[tuple[str, str]]:
    """Codes and names, in the order of names, of all countries that the registry knows of."""
    codes = {entry.origin for entry in registry.builders}
    codes |= {one for entry in registry.builders for one in entry.production}
    codes |= {entry.owner.country for entry in registry.builders if entry.owner is not None}
    if question.by != "builder":
        codes.add(question.value)
    return [(one, country(one, code)) for one in by_name(codes, code)]


def _builders(registry: Registry, kept: Kept | None) -> dict[bool, list[tuple[str, str]]]:
    """Ids and names, those seen in this case apart."""
    seen = {one.named for one in kept.found.machines} if kept is not None else set()
    found: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for entry in sorted(registry.builders, key=lambda entry: entry.name.casefold()):
        found[entry.id in seen].append((entry.id, entry.name))
    return found


MOST_LISTED = 24  # links to single machines in one cell
MOST_SHOWN = 24  # machines of the kind asked for that are shown with their picture


def by_builder(
    machines: Sequence[CountedMachine], question: Question, registry: Registry
) -> list[dict[str, Any]]:
    """The machines of each builder: those of the kind first, then by how many; the unknown last.

    - builder: its id. origin: where such machines are from (`home_of`).
    - kind: whether they are of the kind asked for; None: not known.
    - machines: by status, in the order of `STATUSES`; total: how many.
    """
    found: dict[str | None, dict[str, list[CountedMachine]]]
    found = defaultdict(lambda: defaultdict(list))
    for one in machines:
        if not one.replaced and one.status is not Status.NONE:
            found[one.named][shown_as(one)].append(one)
    rows = [
        {
            "builder": builder,
            "origin": home_of(registry.get(builder)) if builder and builder in registry else None,
            "kind": None if builder is None else question.fits(builder, None, registry),
            "machines": {word: those[word] for word in STATUSES if word in those},
            "total": sum(map(len, those.values())),
        }
        for builder, those in found.items()
    ]

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        name = short_name(registry.name(row["builder"] or ""))
        return row["builder"] is None, row["kind"] is not True, -row["total"], name

    return sorted(rows, key=place)


def of_kind(
    session: Session, machines: Sequence[CountedMachine], registry: Registry
) -> tuple[list[tuple[CountedMachine, MachineSummary]], int]:
    """The found machines confirmed or claimed as of the kind, and how many there are.
    Confirmed ones come first, then by plant. At most `MOST_SHOWN` are given. Pictures of confirmed
    ones are of the sighting that people judged (`judged_sighting`).
    """
    found = [one for one in machines if not one.entered and not one.replaced]
    wanted = [one for one in found if confirmed(one) or one.status is Status.LEAD]
    wanted.sort(key=lambda one: (not confirmed(one), one.plant, one.id))
    known = find_machines(session, (one.id for one in wanted[:MOST_SHOWN]), registry)
    shown = []
    for one in wanted[:MOST_SHOWN]:
        if one.id in known:
            summary = known[one.id]
            if confirmed(one):
                _, stills = judged_sighting(session, one)
                kept = {still.role: still.sha256 for still in stills}
                pictures = {"still": kept.get("best"), "mark": kept.get("mark")}
                summary = summary.model_copy(update=pictures)
            shown.append((one, summary))
    return shown, len(wanted)


class ControlRecord(Shape):
    """Footage in which a machine of a known builder can be seen, and who said so."""

    footage: str
    file: Said | None
    builder: RegistryName
    author: Said
    made: datetime


_EXAMPLE = {"footage": "9f86" * 16, "builder": "haas"}


class NewControl(BaseModel, extra="forbid", json_schema_extra={"examples": [_EXAMPLE]}):
    """The control of a clip's machines, as a person enters it."""

    footage: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    builder: Annotated[str, StringConstraints(pattern="^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


@routes.let("GET /api/v1/controls", "The positive controls that the case keeps")
def read_controls(site: ThisSite) -> Page[ControlRecord]:
    """All of them: by these it is measured how often a machine of a known builder is recognised."""
    return Page(items=site.read(list_controls, site))


@routes.let("POST /api/v1/controls", who=Role.LEAD, status_code=201)
def add_control(wish: NewControl, site: ThisSite, person: ThisPerson) -> ControlRecord:
    """Keep a clip as a positive control.
    It is counted nowhere else from then on. Said twice it stays as it was."""
    with site.session() as session, session.begin():
        if session.get(FootageRow, wish.footage) is None:
            raise NotHere(_NO_FOOTAGE.fill(footage=wish.footage[:12]))
        keep_control(session, site.registry, wish.footage, wish.builder, person.name)
        of_clip = [one for one in list_controls(session, site) if one.footage == wish.footage]
        return next(one for one in of_clip if one.builder.id == wish.builder)


@routes.let("DELETE /api/v1/controls/{sha256}", who=Role.LEAD)
def remove_control(
    sha256: Sha256,
    site: ThisSite,
    builder: Annotated[
        str, Query(max_length=80, description="The builder it stood for.", examples=["haas"])
    ],
) -> None:
    """A clip is no positive control any more.
    It counts like any other footage again."""
    with site.session() as session, session.begin():
        if not drop_control(session, sha256, builder):
            raise NotHere(_NO_CONTROL.fill(sha256=sha256[:12], builder=f"{builder!r}"))


def list_controls(session: Session, site: Site) -> list[ControlRecord]:
    """Those that the case keeps, the last first."""
    order = (ControlRow.made.desc(), ControlRow.footage, ControlRow.builder)
    rows = session.scalars(select(ControlRow).order_by(*order)).all()
    places = places_of(session, (row.footage for row in rows))
    paths = {footage: some[0].path.replace("\\", "/") for footage, some in places.items()}
    return [
        ControlRecord(
            footage=row.footage,
            file=paths[row.footage].rpartition("/")[2] if row.footage in paths else None,
            builder=RegistryName.of(row.builder, site.registry),
            author=row.author,
            made=utc(row.made),
        )
        for row in rows
    ]
