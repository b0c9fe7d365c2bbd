"""The frames of a case that people judged, with everything known to stand in each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from detector.types import Box
from evidence.case.sighting_tables import AnalysisRow, ReadingRow, SightingRow, Verdict, is_entered
from evidence.case.tables import FootageRow, Item
from evidence.link.sightings import as_box, overlap
from evidence.review.standing import NAMING

SHOWN = ("accept", "builder", "unknown", "concealed")
"""A CNC machine is there: of the builder claimed, of another, unknown, or hidden."""

OTHER_MACHINE, NO_MACHINE, MISSED, NOTHING = "not-cnc", "not-a-machine", "missed", "nothing"
USABLE = (*SHOWN, OTHER_MACHINE, NO_MACHINE, MISSED, NOTHING)
"""Outcomes that can be learnt from. A doubted label and a verdict withdrawn cannot."""

SETTLED = "settled"
MOST_SECONDS = Fraction(1)  # between two observations, for the box between them to be known
LEAST_OVERLAP = 0.5  # IoU of those two: of a faster machine the place is not known


def box_at(track: Sequence[Sequence[Any]], time: Fraction) -> tuple[Box, bool] | None:
    """The box of a `SightingRow.track` at a time, and whether it is known; None outside the track.
    Where two observations are far apart in time or place, it is the box round both."""
    before: tuple[Fraction, Box] | None = None
    for row in track:
        now, b = Fraction(row[0]), as_box(row[1:5])
        if now == time:
            return b, True
        if now > time:
            if before is None:
                return None
            start, a = before
            if now - start <= MOST_SECONDS and overlap(a, b) >= LEAST_OVERLAP:
                share = float((time - start) / (now - start))
                mixed = [round(p + (q - p) * share, 2) for p, q in zip(a, b, strict=True)]
                return as_box(mixed), True
            around = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
            return around, False
        before = now, b
    return None


def clipped(box: Sequence[float], width: int, height: int) -> Box | None:
    """The part of a box that is in the picture; None where there is none."""
    sides = (width, height) * 2
    cut = (min(max(float(v), 0.0), float(side)) for v, side in zip(box, sides, strict=True))
    x1, y1, x2, y2 = cut
    return (x1, y1, x2, y2) if x2 - x1 >= 1 and y2 - y1 >= 1 else None


SAME_BOX = 0.5  # least IoU of two boxes that mean one machine


@dataclass(frozen=True, slots=True)
class KnownMachine:
    """One thing in a frame that a track or a person says is a machine.

    sure: `box` is where it is; else it is somewhere within. outcome: what it was settled as, None
    where nobody judged it. builder: the registry's id. verdicts: those the outcome rests on.
    """

    box: Box
    sure: bool
    outcome: str | None = None
    builder: str | None = None
    sighting: SightingRow | None = None
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """One frame about which something was settled.

    width, height: in pixels; 0 where they are not known, as of a folder's pictures.
    nothing: a person found no machine in the frame as a whole; `verdicts` say so.
    """

    footage: str
    pts: Fraction
    width: int
    height: int
    known: tuple[KnownMachine, ...]
    nothing: bool
    verdicts: tuple[Verdict, ...]
    readings: tuple[ReadingRow, ...]

    @property
    def judged(self) -> int:
        """How many things in it were judged."""
        return sum(one.outcome is not None for one in self.known) + self.nothing


def judged_footage(session: Session) -> list[str]:
    """The footage with something usable that is settled, in order of its hash."""
    query = select(Item.footage).where(Item.state == SETTLED, Item.outcome.in_(USABLE))
    return list(session.scalars(query.distinct().order_by(Item.footage)))


def judged_frames(session: Session, footage: str) -> Iterator[JudgedFrame]:
    """The judged frames of one footage, each once, in order of time. A frame judged under two
    recipes is taken from the one under which more of it was judged."""
    row = session.get(FootageRow, footage)
    if row is None:
        return
    # By its analyses, which have an index; otherwise it would read every item of the case.
    own = select(AnalysisRow.id).where(AnalysisRow.footage == footage)
    settled = select(Item).where(Item.analysis.in_(own), Item.state == SETTLED)
    given = select(Verdict).where(Verdict.footage == footage).order_by(Verdict.number)
    verdicts = session.scalars(given).all()
    gone = {verdict.supersedes for verdict in verdicts}
    standing = [verdict for verdict in verdicts if verdict.number not in gone]
    by_analysis: dict[str, list[Item]] = defaultdict(list)
    for item in session.scalars(settled.order_by(Item.item)):
        by_analysis[item.analysis].append(item)
    best: dict[Fraction, JudgedFrame] = {}
    for analysis, items in sorted(by_analysis.items()):
        for frame in _frames(session, row, analysis, items, standing):
            other = best.get(frame.pts)
            if other is None or frame.judged > other.judged:
                best[frame.pts] = frame
    yield from (best[pts] for pts in sorted(best))


def _frames(
    session: Session,
    footage: FootageRow,
    analysis: str,
    items: Sequence[Item],
    standing: Sequence[Verdict],
) -> Iterator[JudgedFrame]:
    own = SightingRow.analysis == analysis
    sightings = session.scalars(select(SightingRow).where(own).order_by(SightingRow.key)).all()
    readings: dict[Fraction, list[ReadingRow]] = defaultdict(list)
    of = ReadingRow.analysis == analysis
    for reading in session.scalars(select(ReadingRow).where(of).order_by(ReadingRow.number)):
        readings[reading.pts].append(reading)
    judged = {item.sighting: item for item in items if item.sighting is not None}
    by_time: dict[Fraction, list[Item]] = defaultdict(list)
    for item in items:
        if item.outcome in USABLE:
            by_time[item.pts].append(item)
    for pts, here in by_time.items():
        placed = (_known(one, judged.get(one.key), pts, standing) for one in sightings)
        known = [one for one in placed if one is not None]
        said = {(str(item.outcome), item.builder) for item in here if item.sighting is None}
        of_frame = [v for v in standing if v.sighting is None and v.pts == pts]
        agreed = [v for v in of_frame if (v.verdict, v.builder) in said]
        drew = [(as_box(v.box), v) for v in of_frame if v.verdict == MISSED and v.box is not None]
        drawn = [
            KnownMachine(box, True, MISSED, v.builder, verdicts=(v,))
            for box, v in drew
            if v in agreed
        ]
        if drawn:
            # Where somebody was overruled there may be a machine all the same: nobody settled it.
            drawn += [KnownMachine(box, True) for box, v in drew if v not in agreed]
        yield JudgedFrame(
            footage.sha256,
            pts,
            *(footage.frame or (0, 0)),
            tuple(_with_drawn(known, [*drawn, *_entered(footage, here, standing)])),
            any(outcome == NOTHING for outcome, _ in said),
            tuple(agreed),
            tuple(readings[pts]),
        )


def _known(
    sighting: SightingRow, item: Item | None, pts: Fraction, standing: Iterable[Verdict]
) -> KnownMachine | None:
    """A sighting as it stands in a frame; None where it is not in it."""
    placed = box_at(sighting.track, pts)
    if item is not None and item.pts == pts and item.box is not None:
        placed = as_box(item.box), True
    if placed is None:
        return None
    box, sure = placed
    if item is None or item.outcome not in USABLE:
        return KnownMachine(box, sure, sighting=sighting)
    builder = item.builder or (sighting.builder if item.outcome == "accept" else None)
    rests = tuple(v for v in standing if v.sighting == sighting.key and _agrees(v, item))
    return KnownMachine(box, sure, item.outcome, builder, sighting, rests)


def _agrees(verdict: Verdict, item: Item) -> bool:
    """Whether a verdict says what the item was settled as; others were overruled."""
    if item.outcome in NAMING and item.builder is not None:
        same = verdict.builder == item.builder
        return verdict.verdict in NAMING and (
            same or (verdict.verdict == "accept" and verdict.builder is None)
        )
    return verdict.verdict == item.outcome


def _entered(
    footage: FootageRow, here: Sequence[Item], standing: Sequence[Verdict]
) -> Iterator[KnownMachine]:
    """Machines entered by hand; of one entered for the whole frame the place is not known. How
    large a folder's picture is, is not known here: a box from its corner may be the whole."""
    for item in here:
        if is_entered(item.sighting) and item.box is not None:
            box = as_box(item.box)
            sure = box != (0.0, 0.0, *(footage.frame or box[2:]))
            rests = tuple(v for v in standing if v.sighting == item.sighting and _agrees(v, item))
            yield KnownMachine(box, sure, item.outcome, item.builder, verdicts=rests)


def _with_drawn(known: Sequence[KnownMachine], drawn: Sequence[KnownMachine]) -> list[KnownMachine]:
    """Machines that people drew put in, each once; one drawn over a box that nobody judged takes
    its place."""
    found = list(known)
    for new in drawn:
        alike = (i for i, k in enumerate(found) if overlap(k.box, new.box) >= SAME_BOX)
        same = next(alike, None) if new.sure else None
        if same is None:
            found.append(new)
        elif found[same].outcome is None:
            found[same] = replace(new, sighting=found[same].sighting)
        elif found[same].outcome == MISSED:
            both = (*found[same].verdicts, *new.verdicts)
            found[same] = replace(found[same], verdicts=both)
    return found
