"""How two sightings relate. Every function here is symmetric and depends on the two only.

A mark by itself never links: ten Haas of one model in one hall are ten machines. The place links:
points around the machine, on no machine, that lie in both pictures as one movement of the camera
puts them. The two boxes must then lie upon each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from operator import ge
from statistics import median

from datasets.messages import Message, joined
from detector.known_again import surroundings
from detector.known_again.movement import laid_upon
from detector.known_again.photograph import one_photograph
from detector.types import Box
from evidence.link.alignment import CopySpan
from evidence.link.sightings import LinkSighting, Stretch, Tie, overlap

LEAST_ON, LEAST_AROUND = 4, 8  # places on the machine and around it that must agree

LEAST_SINGLE = 5  # places around that must agree and are of no row of lamps or machines
FOUND_AGAIN = 0.2  # share of the places around the one to be found around the other
CLOSE_ON, CLOSE_BESIDE, CLOSE_AROUND = 12, 8, 2
"""Places on the machine, on others and around them that agree where the camera has not left its
place. Of 4,654 pairs from eight generated archives they tied 76 more rightly and none wrongly;
with none around, 14 wrongly."""

DEEP_ON, DEEP_AROUND = 10, 9
"""The same where machine and ground each follow a movement of their own. With fewer around, the
next machine in a row of one model would pass for it."""

RIVAL = 1 / 3  # share of the places around that may be for another place of the machine
LAID = 0.5  # least IoU of two boxes of one machine laid on each other

MEET, MEET_SHARE = Fraction(2, 5), Fraction(1, 4)
"""Seconds for which two must be in view together in copies of one recording. If the shorter is in
view for less, that share of it. A copy's times are known to a few frames only: what stands before
a cut in the one meets what stands after it in the other."""

TOUCH = Fraction(3, 2)  # seconds between the last look of one span and the first of the next
SPAN_AROUND, SPAN_ALL = 6, 16
"""Places around the machine, and with those on it, that make looks a moment apart one shot."""


PLACE = Message(
    "%(around)s points around the machine and %(on)s on it lie in both pictures as a movement of "
    "the camera puts them"
)
SPAN = Message("one shot: %(gap)s s after the one ends the other begins in the same place")
COPY = Message(
    "in copies of one recording, at one time and one place of the picture: %(looks)s looks, the "
    "first at %(first)s s of footage %(footage)s"
)
ON_BOTH = Message("on both is read %(texts)s")
PHOTOGRAPH = Message(
    "one photograph, saved twice: %(points)s points all over the picture lie at one place in both"
)


def tie_by_place(a: LinkSighting, b: LinkSighting) -> Tie | None:
    """One place and one machine in it, seen in two shots."""
    if a.key > b.key:
        a, b = b, a
    if apart(a, b) or at_odds(a, b) or not a.points or not b.points:
        return None
    found = agreement(a.points, a.box, b.points, b.box)
    if found is None:
        return None
    support = min(found.machine, found.around) + found.around - found.rival
    score = round(found.overlap * support / (support + 20), 4)
    said = [PLACE.fill(around=found.around, on=found.machine), *_alike(a, b)]
    return Tie(a.key, b.key, "place", score, joined(said, "; "))


def agreement(
    points_a: bytes, box_a: Box, points_b: bytes, box_b: Box
) -> surroundings.ViewAgreement | None:
    """How far two looks agree, if enough for them to be of one machine in one place."""
    looks = points_a, box_a, points_b, box_b
    ways: tuple[tuple[surroundings.Way, Callable[[surroundings.ViewAgreement], bool]], ...] = (
        ("straight", same_place),
        ("close", same_view),
        ("deep", partial(same_place, in_depth=True)),
    )
    for way, enough in ways:
        found = surroundings.compare(*looks, way)
        if found.overlap >= LAID and enough(found):
            # A row of machines is like its own mirror image; what was flipped is a copy.
            return None if surroundings.compare(*looks).mirrored else found
    return None


def same_view(found: surroundings.ViewAgreement) -> bool:
    """Whether a close agreement is enough to hold two sightings for one machine."""
    seen = found.machine, found.beside, found.around
    return all(map(ge, seen, (CLOSE_ON, CLOSE_BESIDE, CLOSE_AROUND)))


def same_place(found: surroundings.ViewAgreement, in_depth: bool = False) -> bool:
    """Whether an agreement, or one in depth, is enough."""
    around = max(LEAST_AROUND, FOUND_AGAIN * found.expected)
    least = (DEEP_ON, DEEP_AROUND, 0) if in_depth else (LEAST_ON, around, LEAST_SINGLE)
    enough = all(map(ge, (found.machine, found.around, found.single), least))
    return enough and found.rival <= RIVAL * found.around


def tie_by_span(a: LinkSighting, b: LinkSighting) -> Tie | None:
    """One shot that was watched in two spans which touch; a cut may fall between them unseen."""
    if a.footage != b.footage or a.reason == b.reason or a.shot == b.shot:
        return None
    early, late = (a, b) if a.first < b.first else (b, a)
    gap = late.first - early.last
    if not 0 <= gap <= TOUCH or not a.points or not b.points:
        return None
    fit = overlap(early.track[-1][1], late.track[0][1])
    if fit < LAID:
        return None
    found = surroundings.compare(a.points, a.box, b.points, b.box, "straight")
    few = found.around < SPAN_AROUND or found.machine + found.around < SPAN_ALL
    if few or found.overlap < LAID or found.rival > RIVAL * found.around:
        return None
    said = SPAN.fill(gap=f"{float(gap):.1f}")
    return Tie(min(a.key, b.key), max(a.key, b.key), "span", round(fit, 4), said)


def tie_by_copy(a: LinkSighting, b: LinkSighting, spans: Sequence[CopySpan]) -> Tie | None:
    """One place in the picture, at one time of a recording that both copy; spans: in common."""
    if retouched(a, b):
        return None
    fits: list[tuple[Fraction, float]] = []
    for span in spans:
        if not meets((a.first, a.last), (b.first, b.last), span):
            continue
        for time, box in a.track:
            there = b.box_at(time + span.offset) if span.holds(time) else None
            if there is not None:
                carried = _cut(span.box_in_b(box, a.frame, b.frame), b.frame)
                fits.append((time, overlap(carried, there)))
    fit = median(fit for _, fit in fits) if fits else 0.0
    if fit < LAID:
        return None
    first = f"{float(fits[0][0]):.1f}"
    said = COPY.fill(looks=len(fits), first=first, footage=a.footage[:8])
    return Tie(min(a.key, b.key), max(a.key, b.key), "copy", round(fit, 4), said)


def tie_by_photograph(a: LinkSighting, b: LinkSighting) -> Tie | None:
    """One place in a photograph from which both pictures were made, in one folder or two."""
    if not (a.still and b.still) or (a.footage == b.footage and a.best == b.best):
        return None
    a, b = (a, b) if a.key < b.key else (b, a)
    differ = retouched(a, b) or apart(a, b)
    found = None if differ else one_photograph(a.points, b.points)
    if found is None:
        return None
    fit = laid_upon(a.box, found.frames[0], b.box, found.frames[1], found.transform)
    if fit < LAID:
        return None
    said = PHOTOGRAPH.fill(points=found.points)
    return Tie(a.key, b.key, "copy", round(fit, 4), said)


def retouched(a: LinkSighting, b: LinkSighting) -> bool:
    """Whether the texts on two machines in photographs differ. Makers turn a picture of one model
    into that of the next by another number on its door. In film the reader may slip."""
    return a.still and b.still and at_odds(a, b)


def meets(a: Stretch, b: Stretch, span: CopySpan) -> bool:
    """Whether two stretches are in view together, for longer than a cut may be out by."""
    begin = max(a[0], b[0] - span.offset, span.start)
    end = min(a[1], b[1] - span.offset, span.end)
    shorter = min(a[1] - a[0], b[1] - b[0])
    return end - begin >= min(MEET, MEET_SHARE * shorter)


def apart(a: LinkSighting, b: LinkSighting) -> bool:
    """Whether the two cannot be one machine whatever they look like: both are in view at once."""
    if a.footage != b.footage or a.last < b.first or b.last < a.first:
        return False
    other = dict(b.track)
    both = [overlap(box, other[time]) for time, box in a.track if time in other]
    # Two boxes that lie upon each other are one machine found twice.
    return bool(both) and median(both) < LAID


def at_odds(a: LinkSighting, b: LinkSighting) -> bool:
    """Whether what was read on the two speaks against their being one machine."""
    if a.builder and b.builder and a.builder != b.builder:
        return True
    if not (a.series and b.series):
        return False
    one, other = (s.casefold().replace(" ", "") for s in (a.series, b.series))
    return one not in other and other not in one


def _alike(a: LinkSighting, b: LinkSighting) -> list[Message]:
    """What was read alike on both."""
    said = [value for value in (a.builder, a.series, a.control) if value]
    common = [value for value in said if value in (b.builder, b.series, b.control)]
    known = {value.casefold() for value in common}
    common += sorted({t for t in set(a.texts) & set(b.texts) if t.casefold() not in known})
    return [ON_BOTH.fill(texts=", ".join(common))] if common else []


def _cut(box: Box, frame: tuple[int, int]) -> Box:
    x1, y1, x2, y2 = box
    return max(0.0, x1), max(0.0, y1), min(float(frame[0]), x2), min(float(frame[1]), y2)
