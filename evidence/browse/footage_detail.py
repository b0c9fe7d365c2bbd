"""One footage: where it lies, what its container says, how it was looked at, its copies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any

from sqlalchemy import Row, or_, select
from sqlalchemy.orm import Session

from datasets.messages import decode
from datasets.registry import Registry
from evidence.browse.footage_list import ever_looked_at
from evidence.browse.search import name_footage
from evidence.browse.shapes import (
    ExactTime,
    LoneMarkDetail,
    ReadingDetail,
    Reason,
    Said,
    Shape,
    VerdictDetail,
    utc,
)
from evidence.browse.sightings import lone_marks, on_footage, overlays
from evidence.case.places import corrected, corrections, places_of, plants_named
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    PrintRow,
    ShotRow,
    SightingRow,
    analysis_id,
)
from evidence.case.tables import CLAIMS, FootageRow, Recipe, Upload
from evidence.spelling import PlantNames

MOST_PLACES = 100
STRIP = 12
"""Frames that show at a glance what was looked at."""


class CorrectionDetail(Shape):
    """That somebody put a claim right: which, and what stood there before and since."""

    claim: str
    before: Said | None
    after: Said | None
    author: Said
    made: datetime


class FootagePlace(Shape):
    """A place where footage lies or lay, and how it came there.

    `held`: it is the case's own copy. `former`: it lay there, and another file lies there now.
    `unread`: the file there has changed and was not read yet. `put_right`: corrections by
    persons, oldest first.
    """

    path: Said
    held: bool
    former: bool
    unread: bool
    origin_url: Said | None
    publisher: Said | None
    published: Said | None
    plant_claimed: Said | None
    note: Said | None
    put_right: list[CorrectionDetail]


class UploadDetail(Shape):
    """That somebody uploaded the footage, what they called it, and what they said of it."""

    author: Said
    name: Said
    made: datetime
    origin_url: Said | None
    publisher: Said | None
    published: Said | None
    plant_claimed: Said | None
    note: Said | None


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

    `state`: `none`, `stated`, `elsewhere` (only an address, which is not followed) or
    `unreadable`. `signature`: `valid`, `invalid` or `unknown`: is the manifest as it was signed?
    Nobody checks whether the signer can be trusted. `content`: `same`, `other` or `unknown`: is
    the footage what was signed? `problems`: C2PA's codes.
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


class FootageDetail(Shape):
    """One footage.

    - `kind`: `video`, `still` or `stills` (a folder of pictures, one a second).
    - `width`, `height`: in pixels; null for a folder.
    - `analysed`: null until this recipe has looked at it.
    - `looked_otherwise`: only another model or other settings have.
    - `manifest`: null where none was looked for.
    - `plants`: all that places and uploads name; several contradict each other.
    """

    sha256: str
    name: Said
    kind: str
    container: str
    codec: str | None
    width: int | None
    height: int | None
    rate: str | None
    duration: ExactTime | None
    size: int
    manifest: ManifestDetail | None
    places: list[FootagePlace]
    uploads: list[UploadDetail]
    analysed: AnalysisDetail | None
    looked_otherwise: bool
    copies: list[CopyDetail]
    verdicts: list[VerdictDetail]
    plants: list[Said]


def find_footage(
    session: Session, recipe: Recipe, registry: Registry, sha256: str, person: str
) -> FootageDetail | None:
    """The footage of that hash, with what one recipe found in it, and the verdicts that
    `person` may see."""
    row = session.get(FootageRow, sha256)
    if row is None:
        return None
    places = places_of(session, [sha256])
    analysis = session.get(AnalysisRow, analysis_id(sha256, recipe.model, recipe.settings))
    width, height = row.frame or (None, None)
    return FootageDetail(
        sha256=sha256,
        name=name_footage(session, places).get(sha256, sha256[:12]),
        kind=row.kind,
        container=row.container,
        codec=row.codec,
        width=width,
        height=height,
        rate=row.rate,
        duration=None if row.duration is None else ExactTime.of(row.duration),
        size=row.size,
        manifest=None if row.manifest is None else ManifestDetail(**row.manifest),
        places=_places(session, sha256, places[sha256][:MOST_PLACES]),
        uploads=_uploads(session, sha256),
        analysed=None if analysis is None else _analysed(session, analysis),
        looked_otherwise=analysis is None and bool(ever_looked_at(session, [sha256])),
        copies=_copies(session, recipe, sha256),
        verdicts=on_footage(session, sha256, person, registry),
        plants=plants_named(
            places[sha256],
            corrected(session, [one.path for one in places[sha256]]),
            PlantNames(registry.plants),
        ),
    )


def _places(session: Session, sha256: str, rows: Sequence[Row[Any]]) -> list[FootagePlace]:
    put_right = defaultdict(list)
    for one in corrections(session, sha256):
        put_right[one.path].append(
            CorrectionDetail(
                claim=one.claim,
                before=one.before,
                after=one.after,
                author=one.author,
                made=utc(one.made),
            )
        )
    return [
        FootagePlace(
            path=row.path,
            held=row.held,
            former=row.former,
            unread=row.unread,
            put_right=put_right[row.path],
            **{claim: getattr(row, claim) for claim in CLAIMS},
        )
        for row in rows
    ]


def _uploads(session: Session, sha256: str) -> list[UploadDetail]:
    """The first first."""
    rows = session.scalars(
        select(Upload)
        .where(Upload.footage == sha256, Upload.state == "kept")
        .order_by(Upload.made, Upload.id)
        .limit(MOST_PLACES)
    )
    return [
        UploadDetail(
            author=row.author,
            name=row.name,
            made=utc(row.made),
            **{claim: getattr(row, claim) for claim in CLAIMS},
        )
        for row in rows
    ]


def _analysed(session: Session, row: AnalysisRow) -> AnalysisDetail:
    shots = session.scalars(
        select(ShotRow).where(ShotRow.analysis == row.id).order_by(ShotRow.number)
    )
    names = session.scalars(select(SightingRow.name).where(SightingRow.analysis == row.id)).all()
    return AnalysisDetail(
        id=row.id,
        model=row.model,
        settings=row.settings,
        registry=row.registry_hash,
        nameplate=row.nameplate,
        frames_expected=row.frames_expected,
        frames_decoded=row.frames_decoded,
        frames_total=row.frames_total,
        losses=[decode(one) for one in row.losses],
        sightings=len(names),
        shots=[
            CopyStretch(
                number=shot.number,
                start=ExactTime.of(shot.pts),
                end=ExactTime.of(shot.end),
                reason=shot.reason,
            )
            for shot in shots
        ],
        looked=_some_looked_at(session, row.id),
        overlays=overlays(session, row.id),
        lone=lone_marks(session, row.id),
    )


def _some_looked_at(session: Session, analysis: str) -> list[ExactTime]:
    query = select(PrintRow.pts).where(PrintRow.analysis == analysis).order_by(PrintRow.number)
    times = session.scalars(query).all()
    count = min(STRIP, len(times))
    return [ExactTime.of(times[(2 * n + 1) * len(times) // (2 * count)]) for n in range(count)]


def _copies(session: Session, recipe: Recipe, sha256: str) -> list[CopyDetail]:
    rows = session.scalars(
        select(Copy)
        .where(
            or_(Copy.a == sha256, Copy.b == sha256),
            Copy.model == recipe.model,
            Copy.settings == recipe.settings,
        )
        .order_by(Copy.a, Copy.b)
        .limit(MOST_PLACES)
    ).all()
    others = [row.b if row.a == sha256 else row.a for row in rows]
    names = name_footage(session, places_of(session, others))
    return [
        CopyDetail(
            sha256=other,
            name=names.get(other, other[:12]),
            kind=row.kind,
            mirrored=row.mirrored,
            seconds=row.seconds,
            share=row.share_a if row.a == sha256 else row.share_b,
            score=row.score,
            reason=row.reason,
            spans=[_span(one, row.a == sha256) for one in row.spans],
        )
        for row, other in zip(rows, others, strict=True)
    ]


def _span(one: dict[str, Any], first: bool) -> SpanDetail:
    start, end, offset = (Fraction(one[name]) for name in ("start", "end", "offset"))
    a = (ExactTime.of(start), ExactTime.of(end))
    b = (ExactTime.of(start + offset), ExactTime.of(end + offset))
    return SpanDetail(here=a, there=b) if first else SpanDetail(here=b, there=a)
