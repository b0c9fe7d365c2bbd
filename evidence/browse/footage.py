"""The footage of a case, by the first place it lies at, and one with all that is known of it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import ColumnElement, Row, func, literal, or_, select
from sqlalchemy.orm import Session

from datasets.messages import decode
from evidence.browse import search
from evidence.browse.search import View, name_footage
from evidence.browse.shapes import (
    ClaimsDetail,
    ExactTime,
    LoneMarkDetail,
    ManifestDetail,
    Page,
    ReadingDetail,
    Reason,
    Said,
    Shape,
    TimeOfDay,
    VerdictDetail,
)
from evidence.browse.sightings import lone_marks, on_footage, overlays
from evidence.case.base import ExactText, found_with, select_in
from evidence.case.places import corrected, corrections, first_said, places_of, plants_named
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    PrintRow,
    ShotRow,
    SightingRow,
    StillRow,
    analysis_id,
)
from evidence.case.tables import CLAIMS, FootageRow, FormerPlace, Location, Recipe, Upload
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
    copies = _count_copies(session, hashes, view.recipe)
    places = places_of(session, hashes)
    facts = _facts(view, rows, places)
    found = []
    for row in rows:
        there, analysis = places[row.sha256], looked.get(row.sha256)
        seen = grades[analysis.id] if analysis else {}
        found.append(
            FootageSummary.read(
                row,
                path=there[0].path if there else None,
                lies=any(not one.former for one in there),
                looked_at=analysis is not None,
                looked_otherwise=row.sha256 in others,
                sightings=sum(seen.values()),
                grades=seen,
                copies=copies[row.sha256],
                still=stills.get(analysis.id) if analysis else None,
                **facts[row.sha256],
                **{claim: first_said(there, claim) for claim in CLAIMS},
                **{name: getattr(analysis, name, None) for name in FRAMES},
            )
        )
    return found


def _facts(
    view: View, rows: Iterable[FootageRow], places: Mapping[str, Sequence[Row[Any]]]
) -> dict[str, dict[str, Any]]:
    """By footage what `FootageFacts` has from its places, and its size as a picture."""
    names = name_footage(view.session, places)
    settled = corrected(view.session, [one.path for some in places.values() for one in some])
    writings = PlantNames(view.registry.plants)
    return {
        row.sha256: {
            "name": names.get(row.sha256, row.sha256[:12]),
            "plants": plants_named(places[row.sha256], settled, writings),
            **dict(zip(("width", "height"), row.frame or (None, None), strict=True)),
        }
        for row in rows
    }


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


def _count_copies(session: Session, hashes: Sequence[str], recipe: Recipe) -> Counter[str]:
    found: Counter[str] = Counter()
    for mine in (Copy.a, Copy.b):
        query = select(mine, func.count()).where(found_with(Copy, recipe)).group_by(mine)
        for footage, number in select_in(session, query, mine, hashes):
            found[footage] += number
    return found


MOST_PLACES = 100
STRIP = 12  # frames that show at a glance what was looked at


class CorrectionDetail(Shape):
    """That somebody put a claim right: which, and what stood there before and since."""

    claim: str
    before: Said | None
    after: Said | None
    author: Said
    made: TimeOfDay


class FootagePlace(ClaimsDetail):
    """A place where footage lies or lay, and how it came there.

    `held`: it is the case's own copy. `former`: it lay there, and another file lies there now.
    `unread`: the file there has changed and was not read yet. `put_right`: corrections by
    persons, oldest first.
    """

    path: Said
    held: bool
    former: bool
    unread: bool
    put_right: list[CorrectionDetail]


class UploadDetail(ClaimsDetail):
    """That somebody uploaded the footage, what they called it, and what they said of it."""

    author: Said
    name: Said
    made: TimeOfDay


class CopyStretch(Shape):
    """A stretch that was looked at densely, because of a `hit`, for `marks`, or as an `audit`."""

    number: int
    start: ExactTime
    end: ExactTime
    reason: str


class SpanDetail(Shape):
    """A stretch two footages have in common: when in this one, and when in the other."""

    here: tuple[ExactTime, ExactTime]
    there: tuple[ExactTime, ExactTime]


class CopyDetail(Shape):
    """Footage that shows the same recording; `share` of this footage, in `seconds` in common."""

    sha256: str
    name: Said
    kind: str
    mirrored: bool
    seconds: float
    share: float
    score: float
    reason: Reason
    spans: list[SpanDetail]


class AnalysisDetail(Shape):
    """How the footage was looked at, and how much of it could be decoded.

    `looked`: times of frames that were looked at, a dozen at most, all through the footage.
    `lone`: builders' marks and plates with no machine seen around them.
    """

    id: str
    model: str
    settings: str
    registry: str
    nameplate: str
    frames_expected: int
    frames_decoded: int
    frames_total: int
    losses: list[Reason]
    sightings: int
    shots: list[CopyStretch]
    looked: list[ExactTime]
    overlays: list[ReadingDetail]
    lone: list[LoneMarkDetail]


class FootageDetail(FootageFacts):
    """One footage.

    - `kind`: `video`, `still` or `stills` (a folder of pictures, one a second).
    - `analysed`: null until this recipe has looked at it.
    - `manifest`: null where none was looked for.
    """

    rate: str | None
    duration: ExactTime | None
    manifest: ManifestDetail | None
    places: list[FootagePlace]
    uploads: list[UploadDetail]
    analysed: AnalysisDetail | None
    copies: list[CopyDetail]
    verdicts: list[VerdictDetail]


def find_footage(view: View, sha256: str, person: str) -> FootageDetail | None:
    """The footage of that hash, with what one recipe found in it, and the verdicts that
    `person` may see."""
    session, recipe = view.session, view.recipe
    row = session.get(FootageRow, sha256)
    if row is None:
        return None
    places = places_of(session, [sha256])
    there = places[sha256]
    analysis = session.get(AnalysisRow, analysis_id(sha256, recipe.model, recipe.settings))
    put_right = defaultdict(list)
    for one in corrections(session, sha256):
        put_right[one.path].append(CorrectionDetail.read(one))
    kept = select(Upload).where(Upload.footage == sha256, Upload.state == "kept")
    uploads = session.scalars(kept.order_by(Upload.made, Upload.id).limit(MOST_PLACES))
    return FootageDetail.read(
        row,
        places=[
            FootagePlace.read(one, put_right=put_right[one.path]) for one in there[:MOST_PLACES]
        ],
        uploads=[UploadDetail.read(one) for one in uploads],
        analysed=analysis and _analysed(session, analysis),
        looked_otherwise=analysis is None and bool(ever_looked_at(session, [sha256])),
        copies=_copies(session, recipe, sha256),
        verdicts=on_footage(session, sha256, person, view.registry),
        **_facts(view, [row], places)[sha256],
    )


def _analysed(session: Session, row: AnalysisRow) -> AnalysisDetail:
    shots = select(ShotRow).where(ShotRow.analysis == row.id).order_by(ShotRow.number)
    sightings = select(func.count(SightingRow.name)).where(SightingRow.analysis == row.id)
    prints = select(PrintRow.pts).where(PrintRow.analysis == row.id).order_by(PrintRow.number)
    times = session.scalars(prints).all()
    count = min(STRIP, len(times))
    return AnalysisDetail.read(
        row,
        registry=row.registry_hash,
        losses=[decode(one) for one in row.losses],
        sightings=session.scalar(sightings),
        shots=[CopyStretch.read(one, start=one.pts) for one in session.scalars(shots)],
        looked=[times[(2 * n + 1) * len(times) // (2 * count)] for n in range(count)],
        overlays=overlays(session, row.id),
        lone=lone_marks(session, row.id),
    )


def _copies(session: Session, recipe: Recipe, sha256: str) -> list[CopyDetail]:
    query = (
        select(Copy)
        .where(or_(Copy.a == sha256, Copy.b == sha256), found_with(Copy, recipe))
        .order_by(Copy.a, Copy.b)
        .limit(MOST_PLACES)
    )
    rows = {row.b if row.a == sha256 else row.a: row for row in session.scalars(query)}
    names = name_footage(session, places_of(session, rows))
    return [
        CopyDetail.read(
            row,
            sha256=other,
            name=names.get(other, other[:12]),
            share=row.share_a if row.a == sha256 else row.share_b,
            spans=[_span(one, row.a == sha256) for one in row.spans],
        )
        for other, row in rows.items()
    ]


def _span(one: dict[str, Any], first: bool) -> SpanDetail:
    start, end, offset = (Fraction(one[name]) for name in ("start", "end", "offset"))
    here, there = (start, end), (start + offset, end + offset)
    named = {"here": here, "there": there} if first else {"here": there, "there": here}
    return SpanDetail.model_validate(named)
