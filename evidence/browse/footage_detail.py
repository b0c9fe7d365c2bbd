"""One footage: where it lies, what its container says, how it was looked at, its copies."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from datasets.messages import decode
from evidence.browse.footage_list import FootageFacts, ever_looked_at
from evidence.browse.search import View, name_footage
from evidence.browse.shapes import (
    ClaimsDetail,
    ExactTime,
    LoneMarkDetail,
    ReadingDetail,
    Reason,
    Said,
    Shape,
    TimeOfDay,
    VerdictDetail,
)
from evidence.browse.sightings import lone_marks, on_footage, overlays
from evidence.case.base import found_with
from evidence.case.places import corrected, corrections, places_of, plants_named
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    PrintRow,
    ShotRow,
    SightingRow,
    analysis_id,
)
from evidence.case.tables import FootageRow, Recipe, Upload
from evidence.spelling import PlantNames

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


class ManifestDetail(Shape):
    """A C2PA manifest found in footage: what the file says of its own making, true or not.

    - `state`: `none`, `stated`, `elsewhere` (only an address, not followed) or `unreadable`.
    - `signature`: `valid`, `invalid`, `unknown`: is the manifest as signed, by whomever?
    - `content`: `same`, `other` or `unknown`: is the footage what was signed?
    - `problems`: C2PA's codes.
    """

    state: str
    generator: Said | None
    title: Said | None
    signer: Said | None
    organisation: Said | None
    signed: Said | None
    actions: list[Said]
    signature: str
    content: str
    address: Said | None
    problems: list[Said]


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
    width, height = row.frame or (None, None)
    put_right = defaultdict(list)
    for one in corrections(session, sha256):
        put_right[one.path].append(CorrectionDetail.read(one))
    kept = select(Upload).where(Upload.footage == sha256, Upload.state == "kept")
    uploads = session.scalars(kept.order_by(Upload.made, Upload.id).limit(MOST_PLACES))
    settled = corrected(session, [one.path for one in there])
    return FootageDetail.read(
        row,
        name=name_footage(session, places).get(sha256, sha256[:12]),
        width=width,
        height=height,
        places=[
            FootagePlace.read(one, put_right=put_right[one.path]) for one in there[:MOST_PLACES]
        ],
        uploads=[UploadDetail.read(one) for one in uploads],
        analysed=analysis and _analysed(session, analysis),
        looked_otherwise=analysis is None and bool(ever_looked_at(session, [sha256])),
        copies=_copies(session, recipe, sha256),
        verdicts=on_footage(session, sha256, person, view.registry),
        plants=plants_named(there, settled, PlantNames(view.registry.plants)),
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
