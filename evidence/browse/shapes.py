"""The records that looking into a case gives, as they go out in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from datasets.letters import short_name
from datasets.messages import Message
from datasets.registry import Registry
from evidence.case.tables import LeadRow
from evidence.clip.record import grounds, spell
from evidence.clip.tables import DOUBTS, printable


def _sayable(text: object) -> object:
    return printable(spell(text)) if isinstance(text, str) else text


Said = Annotated[str, BeforeValidator(_sayable)]
"""Text from footage, paths or people: what cannot be shown, or misleads, is made visible."""


def _translatable(text: Any, check: ValidatorFunctionWrapHandler) -> str:
    """A message stays one, for a page to translate, unless it holds what cannot be shown."""
    sayable: str = check(text)
    return text if isinstance(text, Message) and text == sayable else sayable


Reason = Annotated[Said, WrapValidator(_translatable)]  # `Said`, or a message


def utc(moment: datetime) -> datetime:
    """A moment as UTC, to the second."""
    return moment.astimezone(UTC).replace(microsecond=0)


TimeOfDay = Annotated[datetime, AfterValidator(utc)]
Corners = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels of the upright frame


class Shape(BaseModel):
    """A record; none is changed once made."""

    model_config = ConfigDict(frozen=True)

    @classmethod
    def read(cls, row: object, registry: Registry | None = None, /, **more: object) -> Self:
        """The record of a row: its columns that are called like fields, and `more`."""
        named = [name for name in cls.model_fields if name not in more and hasattr(row, name)]
        known = {name: getattr(row, name) for name in named}
        return cls.model_validate(known | more, context=registry)


T = TypeVar("T")


class Page(Shape, Generic[T]):
    """Some of a list; `next`, given as `after`, brings what follows; null: nothing does."""

    items: list[T]
    next: str | None = None


class ExactTime(Shape):
    """Seconds since the footage's start: `exact` as a fraction, `seconds` rounded."""

    exact: str
    seconds: float

    @model_validator(mode="before")
    @classmethod
    def _of_column(cls, pts: Any) -> Any:
        if not isinstance(pts, Fraction | str):
            return pts
        return {"exact": str(pts), "seconds": round(float(Fraction(pts)), 4)}


class ClaimsDetail(Shape):
    """What somebody claims of where footage came from."""

    origin_url: Said | None
    publisher: Said | None
    published: Said | None
    plant_claimed: Said | None
    note: Said | None


class BuilderSources(Shape):
    """What a builder's name rests on.

    `confidence`: the registry's. `says`: that in words; a builder without a document is not called
    sure. `sources`: as the registry names them. `documents`: those that can be shown.
    """

    confidence: str
    says: str
    sources: list[Said]
    documents: list[Said]


class RegistryName(Shape):
    """A builder or a control, as the registry knows it. `name`: short, in Latin letters; `full`: as
    it stands there. `origin`: the home of the name; `owner`,
    `owner_country`: who owns it; `production`: the countries in which it makes such machines;
    `registry`: how sure it is of a builder, null of a control."""

    id: Said
    name: Said
    full: Said | None = None
    origin: str | None = None
    type: str | None = None
    owner: Said | None = None
    owner_country: str | None = None
    production: list[str] = []
    registry: BuilderSources | None = None

    @classmethod
    def of(cls, id: str, registry: Registry) -> Self:
        """The entry; one that the registry no longer knows is called by its id."""
        return cls.model_validate(id, context=registry)

    @model_validator(mode="before")
    @classmethod
    def _of_column(cls, id: Any, info: ValidationInfo) -> Any:
        if not isinstance(id, str):
            return id
        registry: Registry | None = info.context
        if registry is None or id not in registry:
            return {"id": id, "name": id}
        entry = registry.get(id)
        return {
            "id": entry.id,
            "name": short_name(entry.name),
            "full": entry.name,
            "origin": entry.origin,
            "type": entry.type,
            "owner": entry.owner.name if entry.owner else None,
            "owner_country": entry.owner.country if entry.owner else None,
            "production": list(entry.production),
            "registry": None if entry.type == "control" else grounds(entry),
        }


class OriginDetail(Shape):
    """Where a machine comes from, and whether a builder, a plate or a seller's badge says so."""

    code: str | None
    basis: str
    grade: str | None = None


class EvidenceDetail(Shape):
    """One reason for or against an attribution. `about`: the name of the entry `id`."""

    kind: str
    id: Said | None = None
    about: Said | None = None
    text: Said
    weight: float
    at: ExactTime | None = None
    box: Corners | None = None

    @classmethod
    def list_of(cls, column: Iterable[dict[str, Any]], registry: Registry) -> list[Self]:
        """Those of the column `sightings.evidence`."""
        names = ((one, one["id"]) for one in column)
        return [
            cls(about=id and RegistryName.of(id, registry).name, at=one["exact"], **one)
            for one, id in names
        ]


class LeadReasonDetail(Shape):
    """One thing that a lead rests on. `weight`: log-odds; `text`: what was read there."""

    feature: str
    weight: float
    says: Annotated[Reason, BeforeValidator(Message)]
    text: Said


class LeadDetail(Shape):
    """Who may have built a machine, or where it may come from; no claim.

    `builder`: null where only a plate speaks. `doubt`: why it is not claimed though it is probable.
    `evidence`: the heaviest first.
    """

    builder: RegistryName | None
    origin: str | None
    probability: float
    doubt: Reason | None
    evidence: list[LeadReasonDetail]

    @classmethod
    def of(cls, row: LeadRow, registry: Registry) -> Self:
        """The lead that a row holds."""
        return cls.read(row, registry, doubt=DOUBTS.get(row.doubt or ""))


class ReadingDetail(Shape):
    """Text read off one frame. `overlay`: it belongs to the broadcast, not to the scene."""

    text: Said
    score: float
    script: str
    at: ExactTime
    box: Corners
    mirrored: bool
    overlay: bool


class LoneMarkDetail(Shape):
    """A builder's mark, or a plate, around which no machine is seen, and what was read `beside`
    it in its frame."""

    mark: ReadingDetail
    beside: list[ReadingDetail]


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


class StillDetail(Shape):
    """A picture kept: `best`, the whole frame; `mark`, the unaltered cut-out of a mark."""

    role: str
    sha256: str
    at: ExactTime
    box: Corners


class JudgementDetail(Shape):
    """Whether people have settled what a sighting shows (`settled`) or not (`open`), and as what.

    Before that it hides who has judged it, and how many have or must (`people`). `kind` and
    `reason` never show that it is of the audit sample.
    """

    item: str
    kind: str | None
    reason: Said | None
    state: str
    outcome: str | None
    builder: RegistryName | None
    people: int | None


class VerdictDetail(Shape):
    """One verdict of the log. `kind`: of the footage, as of a `SightingDetail`; `item`: of the
    review, as it was called when this was given."""

    number: int
    sighting: str | None
    item: str | None
    kind: str
    verdict: str
    builder: RegistryName | None
    author: Said
    made: TimeOfDay
    seconds: float | None
    note: Said | None
    supersedes: int | None
    at: ExactTime
    box: Corners | None


class SightingDetail(Shape):
    """A track with its attribution.

    `best`, `box`: when and where it is best seen. `frame`: the size of that frame, null in a
    folder. `kind`: of the footage, `video`, `still` or `stills`. `file`: in a folder, the picture
    where it is best seen. `machine`: the machine that it shows. `leads`: at most five, the
    likeliest first. `track`: exact time, x1, y1, x2, y2, confidence a row; left out unless whole
    tracks were asked for.
    """

    key: str
    name: str
    footage: str
    kind: str
    shot: int
    first: ExactTime
    last: ExactTime
    best: ExactTime
    box: Corners
    frame: tuple[int, int] | None
    confidence: float
    grade: str
    probability: float
    builder: RegistryName | None
    control: RegistryName | None
    series: Said | None
    concealed: bool
    origin: OriginDetail | None
    file: Said | None
    machine: str | None
    leads: list[LeadDetail]
    evidence: list[EvidenceDetail]
    readings: list[ReadingDetail]
    stills: list[StillDetail]
    judged: JudgementDetail | None
    track: list[tuple[str, float, float, float, float, float]] | None = None
