"""What the routes of the review take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from evidence.browse.shapes import BuilderSources, LeadDetail, LeadReasonDetail

ITEM_PATTERN = r"^[0-9a-f]{32}(:[A-Za-z0-9_.-]{1,16}|@-?[0-9]{1,40}(/[0-9]{1,40})?)$"
"""The key of a sighting, of a machine entered by hand (`:entered-12`), or of a frame by its
analysis and exact time."""

EXAMPLE = "5d41402abc4b2a76b9719d911017c592:m1"
Key = Annotated[str, Field(pattern=ITEM_PATTERN, examples=[EXAMPLE])]
Note = Annotated[str, Field(max_length=2000)]
Number = Annotated[int, Field(ge=1, le=2**53)]
Corner = Annotated[float, Field(ge=0, le=100_000, allow_inf_nan=False)]
Word = Literal[
    "accept",
    "builder",
    "probable",
    "unknown",
    "concealed",
    "not-cnc",
    "not-a-machine",
    "pictured",
    "missed",
    "nothing",
]


class VerdictRequest(BaseModel):
    """A verdict on an item.

    - `builder`: of `builder`, of `probable` (on a machine entered by hand), and of `missed` and
      `concealed` if known.
    - `box`: of `missed`, `[x1, y1, x2, y2]` in pixels of the frame.
    - `concealed`: of `missed`, that the mark is hidden.
    - `seconds`: how long it took.
    - `supersedes`: one's own verdict that this one replaces.
    """

    item: Key
    verdict: Word
    builder: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    box: Annotated[list[Corner], Field(min_length=4, max_length=4)] | None = None
    concealed: bool = False
    seconds: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)] | None = None
    note: Note | None = None
    supersedes: Number | None = None

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"item": EXAMPLE, "verdict": "accept", "seconds": 3.2},
                {"item": EXAMPLE, "verdict": "builder", "builder": "smtcl", "seconds": 8.0},
            ]
        },
    )


class Doubt(BaseModel):
    """Why a settled item should be judged again."""

    model_config = ConfigDict(extra="forbid")

    note: Note | None = None


class Named(BaseModel):
    """A builder or a control of the registry."""

    id: str
    name: str
    origin: str | None
    type: str | None


class VerdictRow(BaseModel):
    """A verdict in the log.

    While you may not see it yet, it has only `number`, `made`, `hidden` and the digests. Each
    digest covers the one before it.

    - `signed`: how its author was known: a `login`, the `name` the server was started with, or a
      `command`; null if that was not kept.
    """

    number: int
    made: str
    previous: str
    digest: str
    hidden: bool = False
    item: str | None = None
    sighting: str | None = None
    footage: str | None = None
    pts: str | None = None
    seconds_in: float | None = None
    box: list[float] | None = None
    verdict: str | None = None
    builder: str | None = None
    builder_name: str | None = None
    author: str | None = None
    seconds: float | None = None
    note: str | None = None
    before: dict[str, Any] | None = None
    supersedes: int | None = None
    signed: str | None = None


class Taken(BaseModel):
    """A verdict that was put into the log. What becomes of its item is not told here, since
    that might tell what others said."""

    item: str
    verdict: VerdictRow


class ItemFootage(BaseModel):
    """The footage an item is from. `kind`: as of any footage; `stills` is a folder. `width`,
    `height`: of the upright frame, in pixels; null where each picture is of a size of its own, as
    in a folder."""

    sha256: str
    kind: str
    width: int | None
    height: int | None
    name: str
    publisher: str | None
    published: str | None
    plant: str | None


class Picture(BaseModel):
    """Where a picture is; `spare`: another address, should that one not answer."""

    address: str
    spare: str | None = None
    box: list[float] | None = None
    pts: str | None = None


class Pictures(BaseModel):
    """The frame; the mark as it is, and enhanced."""

    frame: Picture
    mark: Picture | None = None
    enhanced: Picture | None = None


class TextReading(BaseModel):
    text: str
    score: float
    script: str
    mirrored: bool
    overlay: bool
    pts: str
    seconds: float
    box: list[float]


class ReasonRow(BaseModel):
    """One piece of evidence. `id`, `about`: of the builder it speaks for; `weight`: natural
    log-odds; `words`: what that amounts to."""

    kind: str
    text: str
    id: str | None
    about: str | None
    weight: float
    words: str
    pts: str | None
    box: list[float] | None


class LeadReasonRow(LeadReasonDetail):
    says_text: str


class CardLead(LeadDetail):
    """A lead, with its words in the reader's language beside them (`NAME_text`)."""

    doubt_text: str | None
    evidence: list[LeadReasonRow]  # type: ignore[assignment]


class ProgramFinding(BaseModel):
    """What the program makes of a sighting. `lead_origin`: the country that a plate may say, which
    is not claimed; `accept` settles it."""

    key: str
    first: float
    last: float
    builder: Named | None
    grade: str
    probability: float
    control: Named | None
    series: str | None
    concealed: bool
    origin: str | None
    origin_basis: str | None
    lead_origin: str | None


class Alike(BaseModel):
    """Another sighting to compare with.

    - `why`: in a `copy` of the recording, of one `machine`, `tied` by marks or looks, or of the
      same `builder`.
    - `outcome`: what it was settled as, once you have judged the item.
    """

    sighting: str
    footage: str
    pts: str
    builder: Named | None
    grade: str
    outcome: str | None
    why: Literal["copy", "machine", "tied", "builder"]
    picture: Picture


class Marks(BaseModel):
    """What the registry knows of the builder's marks, and how sure it is of the builder."""

    id: str
    name: str
    type: str
    origin: str
    owner: str | None
    owner_country: str | None
    production: list[str]
    registry: BuilderSources
    wordmarks: list[str]
    series: list[str]
    livery: str | None
    confusions: list[str]


class Card(BaseModel):
    """All that is needed to judge an item. `copies`: how much other footage of the case shows the
    same recording at that time. `file`: of a folder, which of its pictures is shown, where that is
    known. `reason_text`: the reason in the reader's language. `leads`: the likeliest first.
    `verdicts`: those you may see."""

    item: str
    about: Literal["sighting", "frame", "entered"]
    kind: str | None
    reason: str | None
    reason_text: str | None
    state: Literal["open", "disputed", "settled"]
    outcome: str | None
    outcome_builder: Named | None
    footage: ItemFootage
    copies: int
    file: str | None
    pts: str
    seconds: float
    box: list[float] | None
    sighting: ProgramFinding | None
    pictures: Pictures
    readings: list[TextReading]
    leads: list[CardLead]
    evidence: list[ReasonRow]
    alike: list[Alike]
    marks: Marks | None
    verdicts: list[VerdictRow]


class Hand(BaseModel):
    """Items dealt; nobody else is dealt them for some minutes."""

    items: list[Card]


class ReviewCounts(BaseModel):
    """How the review stands, some seconds old at most. `disputed`: told to leads; for others those
    are among the `partial`. `claims`: not settled yet; `held`: at hand to others now; `put_off`:
    by you. `mine`: what is left for you, since you have not judged it; `my_claims`: of them claims;
    `others`: what you have judged, and others still have to."""

    open: int
    partial: int
    disputed: int
    settled: int
    claims: int
    held: int
    put_off: int
    mine: int
    my_claims: int
    others: int


class LogPage(BaseModel):
    """Verdicts, oldest first; `next`: what to give as `after`."""

    items: list[VerdictRow]
    next: int | None


class Agreed(BaseModel):
    """A coefficient and its bounds of 95 %, over so many items."""

    value: float | None
    low: float | None
    high: float | None
    units: int


class AgreedPair(Agreed):
    a: str
    b: str
    alike: int


class Reviewer(BaseModel):
    """`seconds`: the median a verdict took."""

    name: str
    verdicts: int
    doubts: int
    words: dict[str, int]
    seconds: float | None


class VerdictSummary(BaseModel):
    author: str
    verdict: str
    builder: str | None


class Disagreement(BaseModel):
    item: str
    state: str
    outcome: str | None
    builder: str | None
    verdicts: list[VerdictSummary]


class ReviewerAgreement(BaseModel):
    """Who judged how much, and how far they agree: Cohen's kappa by pair, Krippendorff's alpha
    of all."""

    people: list[Reviewer]
    pairs: list[AgreedPair]
    alpha: Agreed
    disagreements: list[Disagreement]
