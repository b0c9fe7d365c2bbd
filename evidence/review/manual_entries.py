"""A machine entered by hand, one that a person has seen at a place of some footage, or read of.

Entering is a verdict, and its number names the machine. Others judge it like what is flagged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.places import COUNTRIES
from detector.types import Box
from evidence.case.base import insert_new, values_of
from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import FootageRow, Item
from evidence.case.verdicts import append, entries, hold_log
from evidence.link.sightings import as_box, common_area
from evidence.review.items import entered_item, refresh
from evidence.review.judgement import TestContext, check_box, check_builder, judge
from evidence.review.standing import PROBABLE, TAKEN_BACK

SAME_PLACE = 0.6
"""Share of the smaller of two boxes in the other, to mean one machine: two behind one another are
two, a part and the whole are one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person says of a machine."""

    builder: str | None = None  # the registry's id; None if it cannot be told
    probable: bool = False  # others have to confirm that builder
    concealed: bool = False  # its mark is hidden; a builder named rests on another cue
    control: str | None = None  # the id of its control's maker, which is not the builder
    made: str | None = None  # the country that built this very machine, by plate or account
    source: str | None = None  # where that stands: an address, a title
    note: str | None = None  # what it rests on

    @property
    def word(self) -> str:
        """As which verdict it stands in the log."""
        if self.probable:
            return PROBABLE
        if self.concealed:
            return "concealed"
        return "unknown" if self.builder is None else "builder"

    @property
    def said(self) -> dict[str, object]:
        """What a verdict has no column for; kept with it, under its digest."""
        more = values_of(self, "control", "made", "source", "concealed")
        return {name: value for name, value in more.items() if value}

    def check(self, bench: TestContext) -> None:
        """That it makes sense; else a `UsageError`."""
        registry = bench.registry
        if self.builder is not None:
            check_builder(registry, self.builder)
        elif self.probable:
            raise UsageError("probable: name the builder that it may be")
        if self.control is not None and (
            self.control not in registry or registry.get(self.control).type != "control"
        ):
            raise UsageError(f"{self.control}: makes no controls that the registry knows")
        if self.made is not None and self.made not in COUNTRIES:
            raise UsageError(f"{self.made}: no country code (ISO 3166-1 alpha-2, such as DE)")


def enter(
    session: Session,
    bench: TestContext,
    footage: str,
    pts: Fraction,
    box: Sequence[float] | None,
    told: Statement,
    author: str,
    *,
    size: tuple[int, int] | None = None,
    still: str | None = None,
    seconds: float | None = None,
    signed: str | None = None,
) -> Verdict:
    """The verdict that enters a machine, in a transaction begun by `begin()`.

    If somebody has already entered one at that place of that frame, this is a verdict on it; of the
    same person and statement the first one.

    footage: SHA-256. pts: of the frame. box: where in it, in pixels; None: the whole frame. size:
    width and height of the frame, where its picture is at hand, as of a folder. still: the SHA-256
    of the frame's picture, kept by `Case.put_still`.

    `UsageError`: as of `check_place` and `Statement.check`; no box, where it is not known how large
    the frame is. `CaseConflict`: the author has said something else of it; or it is settled.
    """
    told.check(bench)
    hold_log(session)
    frame = check_place(session, footage, pts, box, size)
    if box is None and frame is None:
        raise UsageError.saying("box: say where; how large the frame is, is not known")
    box = as_box((0, 0, *(frame or ())) if box is None else box)
    for known in entries(session, footage):
        if known.pts != pts or not same_place(as_box(known.box or ()), box):
            continue
        query = select(Item).where(Item.sighting == known.sighting).order_by(Item.item)
        item, said = session.scalars(query).first(), told.said
        if item is None or item.outcome == TAKEN_BACK:
            continue
        if known.author == author and "still" in known.before.get("said", {}):
            said |= {"still": known.before["said"]["still"]}  # twice counts once
        return judge(
            session, bench, item.item, author, told.word,
            builder=told.builder, seconds=seconds, note=told.note, said=said, signed=signed,
        )  # fmt: skip
    more = told.said | ({"still": still} if still is not None else {})
    state = {"said": more} | ({"tested": True} if bench.tests(told.builder, told.made) else {})
    verdict = append(
        session, footage=footage, pts=pts, verdict=told.word, author=author, entered=True, box=box,
        builder=told.builder, seconds=seconds, note=told.note, signed=signed, state=state,
    )  # fmt: skip
    analyses = session.scalars(select(AnalysisRow).where(AnalysisRow.footage == footage)).all()
    items = [entered_item(analysis, verdict) for analysis in analyses]
    insert_new(session, Item, items)
    refresh(session, [item["item"] for item in items])
    return verdict


def check_place(
    session: Session,
    footage: str,
    pts: Fraction,
    box: Sequence[float] | None,
    size: tuple[int, int] | None = None,
) -> tuple[int, int] | None:
    """The width and height of the frame, if known, where a machine may be entered. `UsageError`: no
    such footage, or it has not been looked at; no such time or place."""
    row, name = session.get(FootageRow, footage), footage[:12]
    if row is None:
        raise UsageError.saying("no footage %(footage)s in this case; sweep it first", footage=name)
    if session.scalar(select(AnalysisRow.id).where(AnalysisRow.footage == footage)) is None:
        raise UsageError.saying(
            "footage %(footage)s: has not been looked at yet; sweep it first", footage=name
        )
    end = Fraction(0) if row.kind == "still" else row.duration
    if pts < 0 or (end is not None and pts > end):
        raise UsageError.saying(
            "%(pts)s s: this footage goes from 0 to %(end)s s",
            pts=f"{float(pts):g}",
            end=f"{float(end or 0):g}",
        )
    frame = row.frame or size
    if box is not None:
        check_box(box, frame)
    return frame


def same_place(a: Box, b: Box) -> bool:
    """Whether two boxes in one picture are held to mean one machine.

    >>> same_place((0, 0, 100, 100), (10, 10, 40, 40)), same_place((0, 0, 50, 50), (40, 0, 90, 50))
    (True, False)
    """
    common = common_area(a, b)
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return common > 0 and common >= SAME_PLACE * smaller
