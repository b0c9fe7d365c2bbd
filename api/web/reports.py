"""The report of one clip or one machine, to send on: one file, in the reader's language.

It names footage by its file name, and no reviewer.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from fractions import Fraction
from io import BytesIO
from typing import Annotated, Literal

import numpy as np
from fastapi import Path, Request
from fastapi.responses import Response
from PIL import Image
from sqlalchemy import select

from api.web.auth import Routes, ThisPerson
from api.web.errors import NotHere, TooMany
from api.web.footage import read_footage
from api.web.footage import read_sightings as sightings_of_footage
from api.web.machines import read_machine
from api.web.machines import read_sightings as sightings_of_machine
from api.web.pages import download, name_file, render
from api.web.pictures import cut, cutter, original
from api.web.site import MachineId, Sha256, Site, ThisSite, ToShare
from datasets.errors import FootageError
from datasets.fonts import han_face
from evidence.browse.machines import find_machines
from evidence.browse.search import name_footage
from evidence.browse.shapes import SightingDetail
from evidence.case.edition import still_to_share
from evidence.case.places import places_of
from evidence.case.sighting_tables import StillRow
from evidence.clip.report import picture_of_frame, picture_of_machine, picture_of_still
from evidence.clip.stills import draw_box
from evidence.link.sightings import as_box
from evidence.pdf import run_in_process, to_pdf

routes = Routes()
MOST_SIGHTINGS = 200  # in one report
ReportKind = Annotated[Literal["html", "pdf"], Path()]
KINDS = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
GIVES = ("text/html", "application/pdf")


@routes.let("GET /api/v1/footage/{sha256}/report.{kind}", gives=GIVES)
def report_footage(
    request: Request,
    sha256: Sha256,
    kind: ReportKind,
    site: ThisSite,
    person: ThisPerson,
    to_share: ToShare = False,
) -> Response:
    """The report of one footage, as HTML or PDF in the reader's language.
    Of 200 sightings at most. Neither paths nor reviewers are named."""
    clip = read_footage(sha256, site, person)
    found = sightings_of_footage(sha256, site, (None, MOST_SIGHTINGS))
    strip: list[tuple[float, str]] = []  # some frames that were looked at, where they can be cut
    if not found.items and not to_share:
        looked = clip.analysed.looked if clip.analysed else []
        with suppress(NotHere, TooMany, FootageError):
            footage = original(site, sha256)
            frames = cut(lambda: cutter.frames(footage, [Fraction(at.exact) for at in looked]))
            strip = [(float(one.pts), picture_of_frame(one.image)) for one in frames]
    about = {"clip": clip, "strip": strip}
    return _report(request, site, kind, sha256, clip.name, found.items, to_share, **about)


@routes.let("GET /api/v1/machines/{id}/report.{kind}", gives=GIVES)
def report_machine(
    request: Request, id: MachineId, kind: ReportKind, site: ThisSite, to_share: ToShare = False
) -> Response:
    """The report of one machine, as HTML or PDF in the reader's language.
    Of 200 sightings at most. Neither paths nor reviewers are named."""
    machine = read_machine(id, site)
    found = sightings_of_machine(id, site, (None, MOST_SIGHTINGS))
    said = machine.settled or machine
    name = f"{said.builder.name}, {id[:10]}" if said.builder else id[:10]
    return _report(request, site, kind, id, name, found.items, to_share, machine=machine)


def _report(
    request: Request,
    site: Site,
    kind: str,
    id: str,
    name: str,
    sightings: list[SightingDetail],
    to_share: bool,
    **about: object,
) -> Response:
    """The report of these sightings as a download, with its pictures in it."""
    with site.session() as session:
        machines = find_machines(session, (one.machine for one in sightings), site.registry)
        clips = name_footage(session, places_of(session, {one.footage for one in sightings}))
        wanted = {still.sha256: one.grade for one in sightings for still in one.stills}
        kept = session.scalars(select(StillRow).where(StillRow.sha256.in_(wanted)))
        stills = {row.sha256: row for row in kept}
        pictures, thumbnails = {}, {}
        for sha256, still in stills.items():
            content = site.case.read_still(sha256, still.suffix)
            if content is None:
                continue
            content = still_to_share(session, still, content) if to_share else content
            data = base64.b64encode(content).decode("ascii")
            pictures[sha256] = f"data:image/{still.suffix.replace('jpg', 'jpeg')};base64,{data}"
            if still.role == "best":
                picture = np.asarray(Image.open(BytesIO(content)).convert("RGB"))
                thumbnails[sha256] = picture_of_machine(picture, as_box(still.box))
                boxed = draw_box(picture, still.box, wanted[sha256])
                pictures[sha256] = picture_of_still(boxed, len(sightings))
    html = render(
        request,
        "report.html",
        title=name,
        sightings=sightings,
        clips=clips,
        machines=machines,
        pictures=pictures,
        thumbnails=thumbnails,
        **{"clip": None, "machine": None, "strip": []} | about,
    )
    if kind == "pdf":
        # Its chips have no borders there: a comma parts them from what they follow.
        content = run_in_process(
            to_pdf, html.replace(' <span class="chip', ', <span class="chip'), name
        )
    else:
        content = html.replace("</style>", f"{han_face(html)}</style>", 1).encode()
    called = name_file("alone" if to_share else "report", name.removesuffix(f", {id[:10]}"), id)
    return download(content, KINDS[kind], f"{called}.{kind}")
