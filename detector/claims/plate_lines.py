"""Which lines stand together on one plate, and what they say where one came apart in several."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from datasets.letters import letters
from detector.boxes import line_height
from detector.matching.fuse import join_neighbours
from detector.types import Reading

# Readings of one plate: gaps of at most so many heights of the lower line, beside and below.
_BESIDE, _BELOW = 3.0, 1.5
# Readings that one line or name may have come apart into.
_MOST_PARTS = 4
# Passages of one plate that are looked at: a legible plate has some twenty lines.
_MOST_PASSAGES = 200
# Shorter texts say none of what is looked for.
_LEAST_LETTERS = 3


def plates_of(readings: Sequence[Reading]) -> list[list[Reading]]:
    """Readings of one frame that stand together, each group in the order given."""
    groups: list[list[Reading]] = []
    for reading in readings:
        near = [g for g in groups if any(_together(reading, other) for other in g)]
        merged = [r for group in near for r in group]
        groups = [g for g in groups if g not in near] + [[*merged, reading]]
    return groups


def _together(a: Reading, b: Reading) -> bool:
    if a.pts != b.pts:
        return False
    line = min(line_height(a.box), line_height(b.box))
    return (
        max(a.box[0], b.box[0]) - min(a.box[2], b.box[2]) <= _BESIDE * line
        and max(a.box[1], b.box[1]) - min(a.box[3], b.box[3]) <= _BELOW * line
    )


def titles_of(plate: Sequence[Reading], readings: Sequence[Reading]) -> list[Reading]:
    """Larger lines above a plate, by their own height as near as a plate's are by the lower one's:
    they are of it where they say that it is no machine's, POWER CHUCK over its maker's name."""
    return [
        title
        for title in readings
        if title not in plate
        and any(
            title.pts == line.pts
            and line_height(title.box) > line_height(line.box)
            and min(title.box[2], line.box[2]) > max(title.box[0], line.box[0])
            and 0 <= line.box[1] - title.box[3] <= _BELOW * line_height(title.box)
            for line in plate
        )
    ]


def passages_of(plate: Sequence[Reading]) -> list[Reading]:
    """Each reading of a plate, and each row of neighbours that may be one text."""
    fit = [r for r in plate if len(letters(r.text)) >= 1]
    after: dict[int, list[int]] = {}
    for i, j in combinations(range(len(fit)), 2):
        for pair in join_neighbours((fit[i], fit[j])):
            first, second = (i, j) if pair.text == f"{fit[i].text} {fit[j].text}" else (j, i)
            after.setdefault(first, []).append(second)
    rows: list[tuple[int, ...]] = [(i,) for i in range(len(fit))]
    passages: list[Reading] = []
    while rows and len(passages) < _MOST_PASSAGES:
        passages += [_joined([fit[i] for i in row]) for row in rows]
        rows = [
            (*row, follower)
            for row in rows
            if len(row) < _MOST_PARTS
            for follower in after.get(row[-1], ())
            if follower not in row
        ]
    kept = passages[:_MOST_PASSAGES]
    return [passage for passage in kept if len(letters(passage.text)) >= _LEAST_LETTERS]


def _joined(parts: Sequence[Reading]) -> Reading:
    if len(parts) == 1:
        return parts[0]
    script = "han" if any(part.script == "han" for part in parts) else parts[0].script
    boxes = [part.box for part in parts]
    return Reading(
        " ".join(part.text for part in parts),
        min(part.score for part in parts),
        (
            min(box[0] for box in boxes),
            min(box[1] for box in boxes),
            max(box[2] for box in boxes),
            max(box[3] for box in boxes),
        ),
        parts[0].pts,
        script,
    )
