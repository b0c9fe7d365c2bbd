"""What the answer looks like in JSON, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from evidence.answer.answer import Controls
from evidence.answer.bounds import Bounds
from evidence.answer.comparison import Estimator
from evidence.answer.estimators.detectable import Noticed
from evidence.answer.estimators.intervals import Estimate
from evidence.answer.estimators.legibility import Band
from evidence.answer.estimators.missed import Missed
from evidence.answer.moves import Move
from evidence.answer.plants import PlantRow
from evidence.answer.question import Question
from evidence.answer.report.page import Facts
from evidence.answer.sentence import Counts, Said


class Seen(BaseModel):
    """Machines of one builder (null: unknown) and status. `status`: as `statuses` says; `confirmed`
    is settled by people, of whatever kind: `counts.confirmed` are those of the kind asked for."""

    builder: str | None
    status: str
    machines: int


class Entered(BaseModel):
    """A machine that people entered by hand. kind: what it is, in words. state: `confirmed` where
    people settled the builder, whoever that is. hit: whether it is of the kind asked for; null: not
    known. counted: it adds to what was seen, or stands in for a machine that the program found
    there. machine: the one found at its place, which it is taken to be; unlinked: that one was not
    linked to others yet. differs: people settled something else of that one in the review."""

    id: str
    plant: str
    footage: str
    pts: str
    box: tuple[float, ...]
    state: str
    builder: str | None
    concealed: bool
    control: str | None
    made: str | None
    hit: bool | None
    authors: tuple[str, ...]
    counted: bool
    machine: str | None
    unlinked: bool
    differs: bool
    kind: str


class Presence(BaseModel):
    """Presence by plant; `absent`: of each plant, in order, the probability that it holds none;
    null where nothing tells it."""

    present: Estimate
    seen: Estimate
    absent: list[Estimate | None]
    deviance: float | None


class Answer(BaseModel):
    """Every number of an answer; each share runs from 0 to 1. `plants`: `confirmed` and `probable`
    are of the kind asked for. `years`: of each year of publication the machines seen and, of them,
    those confirmed as of the kind; one of two years is in both, one of no date in none."""

    question: Question
    says: str
    seen: list[Seen]
    counts: Counts
    said: Said
    bounds: Bounds
    low: Estimate
    high: Estimate
    found_low: Estimate
    found_high: Estimate
    missed: Missed
    estimators: list[Estimator]
    moves: list[Move]
    legibility: list[Band]
    noticed: Noticed
    controls: Controls
    presence: Presence
    plants: list[PlantRow]
    years: dict[str, tuple[int, int]]
    warnings: list[str]
    entered: list[Entered]


class Answered(BaseModel):
    """An answer, what it was computed from and when. `facts`, `answer` and `statuses` are what
    `nameplate answer --json` writes."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "computed": "2026-03-01T12:00:00Z",
                "facts": {
                    "case": "Plant 12",
                    "model": "aa" * 32,
                    "settings": "bb" * 32,
                    "registry": "cc" * 32,
                    "verdicts": 412,
                    "head": "dd" * 32,
                },
                "answer": {
                    "says": "the share of machines whose builder is at home in China among the "
                    "CNC machine tools visible in the footage of all plants in the case",
                    "said": {
                        "kind": "confirmed",
                        "sentence": "Confirmed: at least 3 machines of Chinese make in 2 plants.",
                        "because": [],
                    },
                    "low": {"value": 0.02, "low": 0.008, "high": 0.05, "level": 0.95},
                    "high": {"value": 0.21, "low": 0.15, "high": 0.29, "level": 0.95},
                },
            }
        }
    )

    computed: datetime = Field(description="when, in UTC")
    facts: Facts
    answer: Answer
    statuses: dict[str, str] = Field(description="what a `status` of `answer.seen` says")
