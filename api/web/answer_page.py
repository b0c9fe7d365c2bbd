"""The page of an answer, in the reader's language."""

from __future__ import annotations

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.web.answer_rows import MOST_LISTED, by_builder, of_kind
from api.web.controls import Control, list_controls
from api.web.countries import country
from api.web.pages import page
from api.web.site import Site
from api.web.words import catalogue, language
from datasets.errors import UsageError
from datasets.messages import Message, translate, write_figure
from datasets.registry import Registry
from datasets.sentences import Sentence
from evidence.answer.cache import Answers, Kept, Moment, read_moment
from evidence.answer.percentages import above, at_least, at_most, percent
from evidence.answer.question import Question
from evidence.answer.report.charts import STATUSES
from evidence.answer.report.page import OF_KIND, absence, chance, draw, figures_for
from evidence.spelled import Writings, fold
from evidence.tables import printable


def show_answer(
    request: Request, site: Site, answers: Answers, question: Question, query: str
) -> HTMLResponse:
    """The answer; where there is none, why not, with the same form to ask otherwise."""
    question = question.of_known(site.registry)
    with site.case.snapshot() as session:
        moment = read_moment(session)
        controls = list_controls(session, site)
        if not moment.analyses:
            return _page(request, site, question, moment, controls, empty=True)
        try:
            kept = answers.find(session, question)
        except UsageError as error:
            why = Sentence("choose a builder") if not question.value else str(error)
            return _page(request, site, question, moment, controls, status=400, wrong=why)
        found = kept.found
        shown, of_it = of_kind(session, found.machines, site.registry)
    words = _words(request)
    return _page(
        request,
        site,
        question,
        moment,
        controls,
        kept=kept,
        answer=found.answer,
        facts=found.facts,
        otherwise=(found.facts.model, found.facts.settings)
        != (site.recipe.model, site.recipe.settings),
        rows=by_builder(found.machines, question, site.registry),
        shown=shown,
        of_it=of_it,
        figures=draw(found.answer, site.registry, words),
        reference=figures_for(question.by, question.value),
        query=query,
    )


def _page(
    request: Request,
    site: Site,
    question: Question,
    moment: Moment,
    controls: list[Control],
    *,
    kept: Kept | None = None,
    status: int = 200,
    empty: bool = False,
    wrong: str | None = None,
    **shown: Any,
) -> HTMLResponse:
    code = language(request)
    return page(
        request,
        "answer.html",
        status=status,
        scripts=("answer.js",),
        kept=kept,
        empty=empty,
        controls=controls,
        wrong=wrong,
        question=question,
        plants=_plants(moment, question, site.registry),
        builders=_builders(site.registry, kept),
        countries=_countries(site.registry, question, code),
        statuses=STATUSES,
        of_plants=OF_KIND,
        most_listed=MOST_LISTED,
        code=code,
        country=country,
        say=_words(request),
        share=lambda share: _said(request, percent(share)),
        above=lambda share: _said(request, above(share)),
        at_least=lambda share: _said(request, at_least(share)),
        at_most=lambda share: _said(request, at_most(share)),
        chance=lambda estimated: _said(request, chance(estimated)),
        absence=lambda row: _said(request, absence(row)),
        plain=printable,
        named=lambda id_: site.registry.get(id_).name if id_ in site.registry else printable(id_),
        **shown,
    )


def _said(request: Request, share: str) -> Any:
    """A share for people, in the reader's language."""
    return write_figure(_words(request)(Message(share.replace("%", "%%"))), language(request))


def _words(request: Request) -> Any:
    code = language(request)
    return lambda text: printable(translate(text, code, catalogue(code)))


def _plants(moment: Moment, question: Question, registry: Registry) -> list[tuple[str, str, bool]]:
    """Each plant as it is asked for and as it is shown, and whether it is chosen; those asked for
    and not known are told too."""
    asked = set(map(fold, question.plants))
    named = moment.plants(Writings(registry.plants))
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
    return sorted(((one, country(one, code)) for one in codes), key=lambda row: row[1])


def _builders(registry: Registry, kept: Kept | None) -> dict[bool, list[tuple[str, str]]]:
    """Ids and names, those seen in this case apart."""
    seen = set()
    if kept is not None:
        seen = {one.named for one in kept.found.machines}
    found: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    for entry in sorted(registry.builders, key=lambda entry: entry.name.casefold()):
        found[entry.id in seen].append((entry.id, entry.name))
    return found
