"""Who judged what, and how far they agree: for leads."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import HTMLResponse

from api.web.pages import page
from api.web.review_models import Agreement
from api.web.roles import Role, Routes, ThisPerson
from api.web.site import Site, ThisSite
from evidence.review.reviewers import Record, Reviewers

routes = Routes()


@routes.let(Role.LEAD, "GET", "/agreement")
def agreement(request: Request, site: ThisSite, person: ThisPerson) -> HTMLResponse:
    found = _report(request, site, person.name)
    return page(request, "agreement.html", found=found, registry=site.registry)


@routes.let(
    Role.LEAD,
    "GET",
    "/api/v1/agreement",
    summary="Who judged how much, and how far they agree",
    response_model=Agreement,
)
def read_agreement(request: Request, site: ThisSite, person: ThisPerson) -> Agreement:
    return Agreement.model_validate(_report(request, site, person.name))


def _report(request: Request, site: Site, person: str) -> Record:
    reviewers: Reviewers = request.app.state.reviewers
    with site.session() as session:
        return reviewers.report(session, person)
