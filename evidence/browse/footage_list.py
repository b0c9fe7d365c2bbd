"""The footage of a case: searched and filtered, by the first place it lies at, a page at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, literal, or_, select
from sqlalchemy.orm import Session

from evidence.browse import search
from evidence.browse.search import View
from evidence.browse.shapes import ClaimsDetail, Page, Said, Shape
from evidence.case.base import ExactText, found_with, select_in
from evidence.case.places import corrected, first_said, places_of, plants_named
from evidence.case.sighting_tables import AnalysisRow, Copy, SightingRow, StillRow
from evidence.case.tables import CLAIMS, FootageRow, FormerPlace, Location, Recipe
from evidence.spelling import PlantNames

FRAMES = ("frames_expected", "frames_decoded", "frames_total")


class FootageFacts(Shape):
    """What lists and pages show of footage. `looked_otherwise`: only another model or other
    settings have looked at it, and what they found is not shown. `plants`: all that places and
    uploads name; several contradict each other. `width`, `height`: in pixels, null for a folder."""

    sha256: str
    name: Said
    kind: str
    container: str
    codec: str | None
    width: int | None
    height: int | None
    size: int
    looked_otherwise: bool
    plants: list[Said]


class FootageSummary(FootageFacts, ClaimsDetail):
    """One footage in a list.

    - `name`, `path`: of its first place; `path` is null where none is known.
    - `lies`: it is still there; otherwise the place has another file, or one not read yet.
    - claims: each of the first place that has one.
    - `looked_at`: by this recipe.
    - `frames_decoded`: of the `frames_expected` asked for, out of `frames_total`; null until then.
    - `grades`: its sightings by grade. `still`: a picture of the surest.
    - `copies`: footages that show the same recording.
    """

    path: Said | None
    lies: bool
    seconds: float | None
    looked_at: bool
    frames_expected: int | None
    frames_decoded: int | None
    frames_total: int | None
    sightings: int
    grades: dict[str, int]
    copies: int
    still: str | None


@dataclass(frozen=True)
class FootageFilter:
    """What footage is searched by, all of it words in them; None: any."""

    name: str | None = None  # its path, or the name it was uploaded by
    plant: str | None = None  # any of its names
    publisher: str | None = None
    since: str | None = None  # of publication
    until: str | None = None
    text: str | None = None  # read in it
    machines: bool | None = None  # whether it has any


def list_footage(
    view: View, wanted: FootageFilter, after: str | None = None, limit: int = 50
) -> Page[FootageSummary]:
    """The footage asked for, by its first path; what lies nowhere, by its first former place."""
    lies, lay = (
        select(func.min(place.path)).where(place.footage == FootageRow.sha256).scalar_subquery()
        for place in (Location, FormerPlace)
    )
    path = func.coalesce(lies, lay, literal("", ExactText()))
    keys = [search.Key(path), search.Key(FootageRow.sha256)]
    query = select(FootageRow).where(*_conditions(view, wanted))
    rows, onward = search.page_of(view.session, query, keys, after, limit)
    return Page(items=_describe(view, rows), next=onward)


def _conditions(view: View, wanted: FootageFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    places = search.claims(view, wanted)
    if wanted.name:
        brought = search.SOME.footage.in_(search.called(wanted.name))
        places.append(or_(search.holds(search.SOME.path, wanted.name), brought))
    if places:
        found.append(FootageRow.sha256.in_(search.lying(places)))
    if wanted.machines is not None:
        sighted = select(AnalysisRow.footage).join(
            SightingRow, SightingRow.analysis == AnalysisRow.id
        )
        some = FootageRow.sha256.in_(sighted.where(found_with(AnalysisRow, view.recipe)))
        found.append(some if wanted.machines else ~some)
    if wanted.text:
        found.append(FootageRow.sha256.in_(search.read_in(view.recipe, wanted.text)))
    return found


def _describe(view: View, rows: Sequence[FootageRow]) -> list[FootageSummary]:
    session, hashes = view.session, [row.sha256 for row in rows]
    ours = select(AnalysisRow).where(found_with(AnalysisRow, view.recipe))
    looked = {row.footage: row for (row,) in select_in(session, ours, AnalysisRow.footage, hashes)}
    others = ever_looked_at(session, set(hashes) - looked.keys())
    grades, stills = _found(session, [row.id for row in looked.values()])
    copies = _copies(session, hashes, view.recipe)
    places = places_of(session, hashes)
    names = search.name_footage(session, places)
    settled = corrected(session, [one.path for some in places.values() for one in some])
    writings = PlantNames(view.registry.plants)
    found = []
    for row in rows:
        there, analysis = places[row.sha256], looked.get(row.sha256)
        seen = grades[analysis.id] if analysis else {}
        width, height = row.frame or (None, None)
        found.append(
            FootageSummary.read(
                row,
                name=names.get(row.sha256, row.sha256[:12]),
                path=there[0].path if there else None,
                lies=any(not one.former for one in there),
                width=width,
                height=height,
                plants=plants_named(there, settled, writings),
                looked_at=analysis is not None,
                looked_otherwise=row.sha256 in others,
                sightings=sum(seen.values()),
                grades=seen,
                copies=copies[row.sha256],
                still=stills.get(analysis.id) if analysis else None,
                **{claim: first_said(there, claim) for claim in CLAIMS},
                **{name: getattr(analysis, name, None) for name in FRAMES},
            )
        )
    return found


def ever_looked_at(session: Session, hashes: Iterable[str]) -> set[str]:
    """Those of the footages that were looked at, with whatever model and settings."""
    query = select(AnalysisRow.footage).distinct()
    return {one for (one,) in select_in(session, query, AnalysisRow.footage, hashes)}


def _found(
    session: Session, analyses: Sequence[str]
) -> tuple[dict[str, Counter[str]], dict[str, str]]:
    """By analysis: how many sightings of each grade, and a picture of the surest."""
    grades: dict[str, Counter[str]] = defaultdict(Counter)
    stills: dict[str, str] = {}
    query = (
        select(SightingRow.analysis, SightingRow.grade, StillRow.sha256)
        .outerjoin(StillRow, SightingRow.has(StillRow) & (StillRow.role == "best"))
        .order_by(SightingRow.grade, SightingRow.confidence.desc(), SightingRow.name)
    )
    for analysis, grade, still in select_in(session, query, SightingRow.analysis, analyses):
        grades[analysis][grade] += 1
        if still is not None:
            stills.setdefault(analysis, still)
    return grades, stills


def _copies(session: Session, hashes: Sequence[str], recipe: Recipe) -> Counter[str]:
    found: Counter[str] = Counter()
    for mine in (Copy.a, Copy.b):
        query = select(mine, func.count()).where(found_with(Copy, recipe)).group_by(mine)
        for footage, number in select_in(session, query, mine, hashes):
            found[footage] += number
    return found
