"""Which lines stand together on one plate, and which marks were read over a track.

A cue is one mark of one registry entry with every reading of it over the frames of a track. A
second reading confirms a mark only if its frame is another view: the same pixels are misread the
same way twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, permutations
from typing import Literal

from datasets.letters import letters, script_of, words
from detector.boxes import line_height
from detector.name.match import Match, Matcher
from detector.read.reader import overlap_of_smaller
from detector.types import Box, Reading

# Parts of one line: heights alike within this ratio, and a gap of at most so many heights.
_ALIKE_HEIGHT, _SIDE_GAP, _LINE_GAP = 1.7, 1.5, 0.8
# Share of the smaller part that must lie level with (or under) the other one.
_LEVEL = 0.6
# Two looks at a mark are two views when it moved by its own height or changed size so much.
_MOVED, _RESIZED = 1.0, 1.15
# Readings of one plate: gaps of at most so many heights of the lower line, beside and below.
_BESIDE, _BELOW = 3.0, 1.5
# Readings that one line may have come apart into, and passages of one plate that are looked at.
_MOST_PARTS, _MOST_PASSAGES = 4, 200
_LEAST_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Cue:
    """One mark of one entry, as read over a track.

    match: the best match. readings: all behind it, the best first. views: the independent
    looks among them, at least one.
    """

    match: Match
    readings: tuple[Reading, ...]
    views: tuple[Reading, ...]

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
    def mirrored(self) -> bool:
        return all(reading.mirrored for reading in self.readings)


_Hit = tuple[Match, Reading]


def find_cues(readings: Sequence[Reading], matcher: Matcher) -> tuple[Cue, ...]:
    """The cues of a track, surest first; text of the broadcast (`overlay`) is passed over."""
    scene = [reading for reading in readings if not reading.overlay]
    hits = _match_all(scene, matcher)
    # Anything looser would find chance marks across the seam of two unrelated texts.
    joined = _match_all(join_neighbours(scene), matcher)
    hits += [_unsure(hit) for hit in joined if hit[0].exact and hit[0].whole]
    kept = [hit for hit in hits if not any(_contains(other, hit) for other in hits)]
    groups: dict[tuple[str, str, str], list[_Hit]] = {}
    for match, reading in kept:
        groups.setdefault((match.id, match.kind, letters(match.mark)), []).append((match, reading))
    cues = [_cue(group) for group in groups.values()]
    return tuple(sorted(cues, key=lambda cue: -strength(cue.match, cue.readings[0])))


def join_neighbours(readings: Sequence[Reading]) -> list[Reading]:
    """Pairs of readings side by side or one under the other, as one reading.

    A mark of two words often comes as two readings (MORI | SEIKI). The joined reading spans both
    boxes and is as sure as the less sure part.
    """
    joined = []
    for first, second in permutations(readings, 2):
        if (first.pts, first.mirrored) != (second.pts, second.mirrored):
            continue
        beside = _follows(_flipped_order(first), _flipped_order(second), 0, _SIDE_GAP)
        if beside or _follows(first.box, second.box, 1, _LINE_GAP):
            joined.append(_join([first, second]))
    return joined


def independent(a: Reading, b: Reading) -> bool:
    """True if two readings of one mark are two views of it. In one frame: two marks in two places.
    Across frames: the mark moved by its own height or changed in size, so other pixels drew it."""
    if a.pts == b.pts:
        return overlap_of_smaller(a.box, b.box) == 0
    height_a, height_b = a.box[3] - a.box[1], b.box[3] - b.box[1]
    least = max(1.0, min(height_a, height_b))
    moved = max(abs(a.box[0] - b.box[0]), abs(a.box[1] - b.box[1])) / least
    return moved >= _MOVED or max(height_a, height_b) / least >= _RESIZED


def independent_views(readings: Sequence[Reading]) -> tuple[Reading, ...]:
    """The independent looks among the readings of a mark, best first."""
    views: list[Reading] = []
    for reading in readings:
        alike = reading.mirrored == readings[0].mirrored
        if alike and all(independent(reading, view) for view in views):
            views.append(reading)
    return tuple(views)


def strength(match: Match, reading: Reading) -> float:
    """How much a reading says of a mark, 0..1. An exact spelling was read right, however unsure the
    reader is. So it goes before a misreading with a slightly better score."""
    return (1 + reading.score) / 2 if match.exact else match.similarity * reading.score


def plates_of(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Readings of one frame that stand together, each group in the order given."""
    groups: list[list[Reading]] = []
    for reading in readings:
        near = [g for g in groups if any(_together(reading, other) for other in g)]
        merged = [r for group in near for r in group]
        groups = [g for g in groups if g not in near] + [[*merged, reading]]
    return groups


def passages_of(plate: Sequence[Reading]) -> list[Reading]:
    """Each reading of a plate, and each row of neighbours that may be one text."""
    after: dict[int, list[int]] = {}
    for i, j in combinations(range(len(plate)), 2):
        for pair in join_neighbours((plate[i], plate[j])):
            first, second = (i, j) if pair.text == f"{plate[i].text} {plate[j].text}" else (j, i)
            after.setdefault(first, []).append(second)
    rows: list[tuple[int, ...]] = [(i,) for i in range(len(plate))]
    passages: list[Reading] = []
    while rows and len(passages) < _MOST_PASSAGES:
        passages += [_join([plate[i] for i in row]) for row in rows]
        rows = [
            (*row, follower)
            for row in rows
            if len(row) < _MOST_PARTS
            for follower in after.get(row[-1], ())
            if follower not in row
        ]
    kept = passages[:_MOST_PASSAGES]
    return [passage for passage in kept if len(letters(passage.text)) >= _LEAST_LETTERS]


def _join(parts: Sequence[Reading]) -> Reading:
    if len(parts) == 1:
        return parts[0]
    lefts, tops, rights, bottoms = zip(*(part.box for part in parts), strict=True)
    return replace(
        next((part for part in parts if part.script == "han"), parts[0]),
        text=" ".join(part.text for part in parts),
        score=min(part.score for part in parts),
        on_machine=min(part.on_machine for part in parts),
        box=(min(lefts), min(tops), max(rights), max(bottoms)),
    )


def _match_all(readings: Iterable[Reading], matcher: Matcher) -> list[_Hit]:
    return [(m, reading) for reading in readings for m in matcher.match(reading.text, hints=True)]


def _unsure(hit: _Hit) -> _Hit:
    """A hit that needs a second cue: a joined name of one word (SM | TCL), or a series (SPEED |
    RAM)."""
    match = hit[0]
    series = match.kind == "series" and not any(c.isdigit() for c in match.mark)
    name = series or (len(words(match.mark)) == 1 and script_of(match.mark[0]) != "han")
    if not name or match.type == "control":
        return hit
    return replace(match, needs_second_cue=True), hit[1]


def _contains(longer: _Hit, shorter: _Hit) -> bool:
    """True if a mark is part of a longer one at the same place (DMG in DMG MORI). But a model does
    not hide the name of its builder (TRUMPF in TRUMPF 3030)."""
    a, b = letters(longer[0].mark), letters(shorter[0].mark)
    model = longer[0].id == shorter[0].id and longer[0].kind == "series"
    return (
        not (model and shorter[0].kind == "wordmark")
        and len(a) > len(b)
        and b in a
        and longer[1].pts == shorter[1].pts
        and longer[1].mirrored == shorter[1].mirrored
        and overlap_of_smaller(longer[1].box, shorter[1].box) > _LEVEL
    )


def _cue(hits: list[_Hit]) -> Cue:
    """One cue of all hits of one mark: upright first, then what may name alone."""

    def order(hit: _Hit) -> tuple[bool, bool, bool, float]:
        match, reading = hit
        return reading.mirrored, match.misread, match.needs_second_cue, -strength(match, reading)

    hits = sorted(hits, key=order)
    readings = tuple(reading for _, reading in hits)
    return Cue(hits[0][0], readings, independent_views(readings))


def _together(a: Reading, b: Reading) -> bool:
    if a.pts != b.pts:
        return False
    line = min(line_height(a.box), line_height(b.box))
    return (
        max(a.box[0], b.box[0]) - min(a.box[2], b.box[2]) <= _BESIDE * line
        and max(a.box[1], b.box[1]) - min(a.box[3], b.box[3]) <= _BELOW * line
    )


def _flipped_order(reading: Reading) -> Box:
    """The box in the direction of reading: a mirrored text runs from right to left."""
    if not reading.mirrored:
        return reading.box
    x1, y1, x2, y2 = reading.box
    return -x2, y1, -x1, y2


def _follows(a: Box, b: Box, axis: int, gap: float) -> bool:
    """True if `b` comes right after `a` along `axis` (0: to its right, 1: below it)."""
    heights = a[3] - a[1], b[3] - b[1]
    if min(heights) <= 0 or max(heights) / min(heights) > _ALIKE_HEIGHT:
        return False
    other = 1 - axis
    level = min(a[2 + other], b[2 + other]) - max(a[other], b[other])
    smaller = min(a[2 + other] - a[other], b[2 + other] - b[other])
    distance = b[axis] - a[2 + axis]
    return level >= _LEVEL * smaller and -0.5 * min(heights) <= distance <= gap * max(heights)
