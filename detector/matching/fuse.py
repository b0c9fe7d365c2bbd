"""The readings of one track made into cues: which marks were read, where, and how often.

A cue is one mark of one registry entry with every reading of it over the frames of a track.
Reading it again in another frame confirms it only so far as that frame is another view: the
same pixels are misread the same way twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Literal

from datasets.letters import letters, script_of, words
from detector.matching.badge import stands_as_badge
from detector.matching.match import Match, Matcher
from detector.read.reader import overlap_of_smaller
from detector.types import Box, Reading

# Parts of one line: heights alike within this ratio, and a gap of at most so many heights.
_ALIKE_HEIGHT = 1.7
_SIDE_GAP = 1.5
_LINE_GAP = 0.8
# Share of the smaller part that must lie level with (or under) the other one.
_LEVEL = 0.6
# Two looks at a mark are two views when it moved by its own height or changed size so much.
_MOVED = 1.0
_RESIZED = 1.15


@dataclass(frozen=True, slots=True)
class Cue:
    """One mark of one entry, as read over a track.

    `match` is the best match and `readings` are all readings behind it, the best first;
    `views` are those of them that are independent looks, the best first, at least one.
    `mirrored`: no reading of it is upright. `badge`: it stands as a badge does. `piece`: it is a
    piece of something else (`detector.naming.pieces`).
    """

    match: Match
    readings: tuple[Reading, ...]
    views: tuple[Reading, ...]
    badge: bool = False
    piece: bool = False

    @property
    def id(self) -> str:
        return self.match.id

    @property
    def mark(self) -> str:
        return self.match.mark

    @property
    def kind(self) -> Literal["wordmark", "series"]:
        return self.match.kind

    @property
    def key(self) -> tuple[str, str, str]:
        """What its readings are gathered by."""
        return self.id, self.kind, letters(self.mark)

    @property
    def mirrored(self) -> bool:
        return all(reading.mirrored for reading in self.readings)


@dataclass(frozen=True, slots=True)
class _Hit:
    """One match in one reading."""

    match: Match
    reading: Reading


def fuse(readings: Sequence[Reading], matcher: Matcher) -> tuple[Cue, ...]:
    """The cues of a track, surest first.

    Args:
        readings: of all frames of the track that were read, those of the broadcast
            (`overlay`) included: they are passed over.
        matcher: built on the registry in use.
    """
    scene = [reading for reading in readings if not reading.overlay]
    hits = _match_all(scene, matcher) + _match_joined(scene, matcher)
    return _gather(_drop_contained(hits), scene, matcher.sisters)


def join_neighbours(readings: Sequence[Reading]) -> list[Reading]:
    """Pairs of readings that stand side by side or one under the other, as one reading.

    A mark of two words often comes as two readings (MORI | SEIKI). The joined reading spans
    both boxes and is as sure as the less sure part.
    """
    joined = []
    for first, second in permutations(readings, 2):
        if (first.pts, first.mirrored) != (second.pts, second.mirrored):
            continue
        beside = _follows(_flipped_order(first), _flipped_order(second), 0, _SIDE_GAP)
        if beside or _follows(first.box, second.box, 1, _LINE_GAP):
            joined.append(
                replace(
                    first,
                    text=f"{first.text} {second.text}",
                    score=min(first.score, second.score),
                    box=_around(first.box, second.box),
                )
            )
    return joined


def independent(a: Reading, b: Reading) -> bool:
    """Whether two readings of one mark are two views of it.

    In one frame: two marks in two places. Across frames: the mark moved by its own height
    or changed in size, so that it was drawn by other pixels.
    """
    if a.pts == b.pts:
        return overlap_of_smaller(a.box, b.box) == 0
    height_a, height_b = a.box[3] - a.box[1], b.box[3] - b.box[1]
    least = max(1.0, min(height_a, height_b))
    moved = max(abs(a.box[0] - b.box[0]), abs(a.box[1] - b.box[1])) / least
    return moved >= _MOVED or max(height_a, height_b) / least >= _RESIZED


def _match_all(readings: Iterable[Reading], matcher: Matcher) -> list[_Hit]:
    return [
        _Hit(match, reading)
        for reading in readings
        for match in matcher.match(reading.text, hints=True)
    ]


def _match_joined(readings: Sequence[Reading], matcher: Matcher) -> list[_Hit]:
    """Matches that only a joined pair gives: exact, and of the whole of it.

    Anything looser would find chance marks across the seam of two unrelated texts. Names of one
    word (SM | TCL) and of series (SPEED | RAM) are found there by chance all the same: they need
    a second cue.
    """
    hits = _match_all(join_neighbours(readings), matcher)
    return [_unsure(hit) for hit in hits if hit.match.exact and hit.match.whole]


def _unsure(hit: _Hit) -> _Hit:
    match = hit.match
    series = match.kind == "series" and not any(c.isdigit() for c in match.mark)
    name = series or (len(words(match.mark)) == 1 and script_of(match.mark[0]) != "han")
    if not name or match.type == "control":
        return hit
    return replace(hit, match=replace(match, needs_second_cue=True))


def _drop_contained(hits: Sequence[_Hit]) -> list[_Hit]:
    """Without marks that are part of a longer one read at the same place (DMG in DMG MORI), unless
    that is a model of the same builder's (TRUMPF in TRUMPF 3030)."""
    return [hit for hit in hits if not any(_contains(other, hit) for other in hits)]


def _contains(longer: _Hit, shorter: _Hit) -> bool:
    a, b = letters(longer.match.mark), letters(shorter.match.mark)
    same_frame = longer.reading.pts == shorter.reading.pts
    same_way = longer.reading.mirrored == shorter.reading.mirrored
    model = longer.match.id == shorter.match.id and longer.match.kind == "series"
    return (
        not (model and shorter.match.kind == "wordmark")
        and len(a) > len(b)
        and b in a
        and same_frame
        and same_way
        and overlap_of_smaller(longer.reading.box, shorter.reading.box) > _LEVEL
    )


def _gather(
    hits: Sequence[_Hit], scene: Sequence[Reading], sisters: Mapping[str, frozenset[str]]
) -> tuple[Cue, ...]:
    codes: dict[Reading, set[str]] = {}
    for hit in hits:
        if _is_one_builders(hit.match):
            codes.setdefault(hit.reading, set()).add(hit.match.id)
    groups: dict[tuple[str, str, str], list[_Hit]] = {}
    for hit in hits:
        groups.setdefault((hit.match.id, hit.match.kind, letters(hit.match.mark)), []).append(hit)
    cues = []
    for group in groups.values():
        house = {group[0].match.id, *sisters.get(group[0].match.id, ())}
        anothers = {reading for reading, ids in codes.items() if house.isdisjoint(ids)}
        cues.append(_cue(group, [reading for reading in scene if reading not in anothers]))
    return tuple(sorted(cues, key=lambda cue: -_strength(cue.match, cue.readings[0])))


def _cue(hits: list[_Hit], beside: Sequence[Reading]) -> Cue:
    """One cue of all hits of one mark; upright readings go before mirrored ones.

    Args:
        beside: what may make a badge of it: no code of another builder's, such as CAK6150 (SMTCL's)
            under NCT.
    """
    hits = sorted(hits, key=_order)
    readings = tuple(hit.reading for hit in hits)
    # A caption that speaks of the builder is no view of his badge, nor is it another caption's.
    seen = [hit for hit in hits if not hit.match.prose] or hits[:1]
    badge = any(
        hit.match.exact
        and hit.match.whole
        and not hit.reading.mirrored
        and stands_as_badge(hit.reading, hit.match.mark, beside)
        for hit in hits
    )
    views = independent_views([hit.reading for hit in seen])
    return Cue(hits[0].match, readings, views, badge)


def _order(hit: _Hit) -> tuple[bool, bool, bool, float]:
    """The best hit of a mark first: upright, such as may name alone, surely read."""
    match = hit.match
    weight = -_strength(match, hit.reading)
    return hit.reading.mirrored, match.misread, match.needs_second_cue, weight


def _is_one_builders(match: Match) -> bool:
    """Whether a text is a code that only its builder uses; VMC850 is many's."""
    told = match.kind == "series" and match.exact and match.whole
    return told and not match.needs_second_cue


def independent_views(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """Those of a mark's readings, the best first, that are independent looks at it."""
    views: list[Reading] = []
    for reading in readings:
        alike = reading.mirrored == readings[0].mirrored
        if alike and all(independent(reading, view) for view in views):
            views.append(reading)
    return tuple(views)


def _strength(match: Match, reading: Reading) -> float:
    """How much a reading says of a mark, 0..1. Letters that spell it exactly were read right,
    however unsure the reader is: they go before a misreading of which it is a little surer."""
    return (1 + reading.score) / 2 if match.exact else match.similarity * reading.score


def _flipped_order(reading: Reading) -> Box:
    """The box in the direction of reading: a mirrored text runs from right to left."""
    if not reading.mirrored:
        return reading.box
    x1, y1, x2, y2 = reading.box
    return -x2, y1, -x1, y2


def _follows(a: Box, b: Box, axis: int, gap: float) -> bool:
    """Whether `b` comes right after `a` along `axis` (0: to its right, 1: below it)."""
    heights = a[3] - a[1], b[3] - b[1]
    if min(heights) <= 0 or max(heights) / min(heights) > _ALIKE_HEIGHT:
        return False
    other = 1 - axis
    level = min(a[2 + other], b[2 + other]) - max(a[other], b[other])
    smaller = min(a[2 + other] - a[other], b[2 + other] - b[other])
    distance = b[axis] - a[2 + axis]
    return level >= _LEVEL * smaller and -0.5 * min(heights) <= distance <= gap * max(heights)


def _around(a: Box, b: Box) -> Box:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
