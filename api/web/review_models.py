"""What the routes of the review take."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

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
