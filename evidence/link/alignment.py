"""From windows that look alike to stretches of two footages that show the same recording.

In a copy, one shift in time and one placement in the picture explain many windows of many prints at
once. Another camera move over the same hall, or a second take in the same studio, explains some
windows. It fails in the next prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import Any

import numpy as np

from detector.types import Box
from evidence.link.comparison import FootagePair, Hits, Pair, Placement, Seed
from evidence.link.fingerprint import Fingerprint

SLACK = 0.4  # most seconds between prints of one moment: frame rates of copies differ
TOGETHER = 0.1  # seconds within which pairs of prints agree on an offset
ROUNDS = 2  # how often offset and placement are computed again from what agrees under them
AROUND = 16  # prints on either side of a proposal that give its offset and placement
TRIES = 48  # proposals looked into, strongest first
WATCHED = 2.0  # seconds that the last print of a densely watched shot surely stays on screen
ENOUGH = 3  # windows two prints must have where both can see, for disagreement to count
SILENCE = 8  # prints in a row that agree with none, at which no more are looked at
LAPSE = 2  # prints in a row that had to agree and did not, at which a stretch ends


@dataclass(frozen=True, slots=True)
class AlignedRun:
    """A stretch that both show: `offset` seconds later in `b`."""

    offset: Fraction
    placement: Placement  # where the picture of `a` lies in `b`
    pairs: tuple[Pair, ...]  # prints that agree, in time order
    missed: int  # prints, between them or in the same shots, that should agree and do not

    @property
    def agreed(self) -> int:
        """Windows that fit, in all pairs together."""
        return sum(pair.agreed for pair in self.pairs)

    @property
    def agreement(self) -> float:
        """Share of the windows that could agree and do, 0..1."""
        return self.agreed / max(1, sum(pair.possible for pair in self.pairs))

    @property
    def kept(self) -> float:
        """Share of the prints that had to agree and do, 0..1."""
        return len(self.pairs) / (len(self.pairs) + self.missed)


def align(both: FootagePair, hits: Hits) -> list[AlignedRun]:
    """The stretches in common, strongest first, none proven yet (see `match`). hits: all pairs of
    fresh windows that look alike."""
    found: list[tuple[int, AlignedRun]] = []
    explained: list[tuple[range, range]] = []
    tries = 0
    for seed in both.seeds(hits):
        if tries == TRIES:
            break
        # Prints of one stretch that agree in another way are a camera that came back.
        if any(seed.i in of_a and seed.j in of_b for of_a, of_b in explained):
            continue
        tries += 1
        runs = _follow(both, seed)
        total = sum(run.agreed for run in runs)
        for run in runs:
            found.append((total, run))
            in_b = sorted(p.j for p in run.pairs)
            in_a = range(run.pairs[0].i, run.pairs[-1].i + 1)
            explained.append((in_a, range(in_b[0], in_b[-1] + 1)))
    # A camera that moves steadily agrees with itself a moment later, shifted: what explains
    # more of the footage as a whole goes first.
    found.sort(key=lambda one: (-one[0], -one[1].agreed, one[1].offset))
    kept: list[AlignedRun] = []
    for _, run in found:
        if not _is_known(run, kept):
            kept.append(run)
    return kept


def _is_known(run: AlignedRun, kept: list[AlignedRun]) -> bool:
    """Whether stronger stretches have the same prints. Footage may show something twice, so a
    longer run is new if one of its sides is."""
    in_a = {p.i for other in kept for p in other.pairs}
    in_b = {p.j for other in kept for p in other.pairs}
    old_a = sum(p.i in in_a for p in run.pairs) * 2 > len(run.pairs)
    old_b = sum(p.j in in_b for p in run.pairs) * 2 > len(run.pairs)
    return (old_a and old_b) if len(run.pairs) > 2 else (old_a or old_b)


def _follow(both: FootagePair, seed: Seed) -> list[AlignedRun]:
    """The stretches that agree under a proposal's offset and placement, once settled."""
    a, b = both.a, both.b
    offset, placement = b.pts[seed.j] - a.pts[seed.i], seed.placement
    for _ in range(ROUNDS):
        pairs = _best(both, offset, _agreeing(both, offset, placement, seed.i, AROUND))
        if not pairs:
            return []
        there, here = both.fitting(placement, pairs)
        placement = Placement.fit(there, here, placement.mirrored, a.shape[0])
        offset = _common_offset(both, pairs, offset)
    agreeing = _agreeing(both, offset, placement, seed.i)
    if not agreeing:
        return []
    missed = _missed(both, offset, placement, agreeing)
    fails = np.sort([time for time, _ in missed])
    runs: list[list[Pair]] = []
    # The pairs, parted where prints that had to agree did not.
    for pair in _best(both, offset, agreeing):
        if runs:
            between = np.searchsorted(fails, (a.start[runs[-1][-1].i], a.start[pair.i]))
        if not runs or between[1] - between[0] >= LAPSE:
            runs.append([])
        runs[-1].append(pair)
    return [
        AlignedRun(offset, placement, tuple(run), _count_against(both, run, missed)) for run in runs
    ]


def _common_offset(both: FootagePair, pairs: Sequence[Pair], before: Fraction) -> Fraction:
    """The offset most pairs have, to `TOGETHER`; of several the one nearest to that before."""
    a, b = both.a, both.b
    late = np.array([b.start[p.j] - a.start[p.i] for p in pairs])
    ordered = np.sort(late)
    votes = np.searchsorted(ordered, late + TOGETHER, side="right")
    votes -= np.searchsorted(ordered, late - TOGETHER, side="left")
    best = pairs[int(np.lexsort((late, np.abs(late - float(before)), -votes))[0])]
    return b.pts[best.j] - a.pts[best.i]


def _agreeing(
    both: FootagePair, offset: Fraction, placement: Placement, seed: int, around: int | None = None
) -> list[Pair]:
    """All prints of `a` that agree with one of `b` on screen at the same time, near the seed."""
    a, b = both.a, both.b
    first = np.searchsorted(b.end, a.start + float(offset) - SLACK, side="left")
    last = np.searchsorted(b.start, a.end + float(offset) + SLACK, side="right")
    around = len(a) if around is None else around
    first_i, last_i = max(0, seed - around), min(len(a), seed + around + 1)
    found: list[Pair] = []
    for way in (range(seed, last_i), range(seed - 1, first_i - 1, -1)):
        silent = 0
        for i in way:
            pairs = both.agreements(i, range(first[i], last[i]), placement)
            found += pairs
            silent = 0 if pairs else silent + 1
            if silent == SILENCE:
                break
    return sorted(found, key=lambda pair: (pair.i, pair.j))


def _best(both: FootagePair, offset: Fraction, agreeing: list[Pair]) -> list[Pair]:
    """For each print of `a` the pair that agrees best; of several, the nearest in time."""

    def rank(pair: Pair) -> tuple[int, float, int]:
        late = abs(both.b.start[pair.j] - float(offset) - both.a.start[pair.i])
        return -pair.agreed, float(late), pair.j

    return [min(pairs, key=rank) for _, pairs in groupby(agreeing, key=lambda pair: pair.i)]


_Missed = tuple[float, tuple[int, int]]
"""When, in `a`, two prints are on screen at once that do not agree, and their shots."""


def _missed(
    both: FootagePair, offset: Fraction, placement: Placement, agreeing: Sequence[Pair]
) -> list[_Missed]:
    """Prints that agree with none, though one known to be on screen then could see enough."""
    a, b, late = both.a, both.b, float(offset)
    known_a, known_b = {p.i for p in agreeing}, {p.j for p in agreeing}
    near_a, near_b = (
        range(max(0, min(known) - SILENCE), min(len(one), max(known) + SILENCE))
        for one, known in ((a, known_a), (b, known_b))
    )
    at_once: list[tuple[int | None, int | None]] = [
        *((i, _on_screen(b, float(a.start[i]) + late)) for i in near_a),
        *((_on_screen(a, float(b.start[j]) - late), j) for j in near_b),
    ]
    found: list[_Missed] = []
    for i, j in at_once:
        if i is None or j is None or (i in known_a and j in known_b):
            continue
        pair = both.pair(i, j, placement)
        if not pair.agrees and pair.possible >= ENOUGH:
            time = max(float(a.start[i]), float(b.start[j]) - late)
            found.append((time, (int(a.shot[i]), int(b.shot[j]))))
    return found


def _on_screen(footage: Fingerprint, time: float) -> int | None:
    """The print known to be on screen at a time: taken then, or of a shot watched densely."""
    n = int(np.searchsorted(footage.start, time, side="right")) - 1
    if n < 0 or time >= footage.end[n]:
        return None
    since = time - float(footage.start[n])
    goes_on = n + 1 < len(footage) and footage.shot[n + 1] == footage.shot[n]
    watched = footage.shot[n] >= 0 and (goes_on or since <= WATCHED)
    return n if since <= SLACK or watched else None


def _count_against(both: FootagePair, run: Sequence[Pair], missed: Sequence[_Missed]) -> int:
    """How many that missed lie in the stretch or in its shots."""
    a, b = both.a, both.b
    first, last = a.start[run[0].i], a.start[run[-1].i]
    shots = {(int(a.shot[p.i]), int(b.shot[p.j])) for p in run}
    return sum(first <= t <= last or (of in shots and min(of) >= 0) for t, of in missed)


BRIDGE = Fraction(5)  # seconds between prints of one run, up to which it goes on


@dataclass(frozen=True, slots=True)
class CopySpan:
    """From `start` until `end` seconds `a` shows what `b` shows `offset` seconds later.

    place: (kx, tx, ky, ty). The point (x, y) of `a`, in shares of the frame's sides, is at
    (kx x + tx, ky y + ty) of `b`. For a mirror image kx is negative.
    """

    start: Fraction
    end: Fraction
    offset: Fraction
    place: tuple[float, float, float, float]
    prints: int  # how many agree
    agreement: float  # share of the windows that could fit and do, 0..1

    @property
    def mirrored(self) -> bool:
        return self.place[0] < 0

    def turned(self) -> CopySpan:
        """The same seen from `b`."""
        kx, tx, ky, ty = self.place
        place = (1 / kx, -tx / kx, 1 / ky, -ty / ky)
        start, end = self.start + self.offset, self.end + self.offset
        return CopySpan(start, end, -self.offset, place, self.prints, self.agreement)

    def holds(self, pts: Fraction) -> bool:
        """Whether a time of `a` lies in the stretch. Its end does not: from then on one of the two
        shows something else, the first picture after a cut. A single moment has no other."""
        return self.start <= pts < self.end or pts == self.start

    def box_in_b(self, box: Box, a: tuple[int, int], b: tuple[int, int]) -> Box:
        """Where a box of the frame of `a` lies in that of `b`, in pixels; a, b: sizes of frames."""
        kx, tx, ky, ty = self.place
        x1, x2 = sorted((kx * x / a[0] + tx) * b[0] for x in (box[0], box[2]))
        y1, y2 = ((ky * y / a[1] + ty) * b[1] for y in (box[1], box[3]))
        return x1, y1, x2, y2

    def to_json(self) -> dict[str, Any]:
        """Plain data; times as fractions, `12` or `1001/24000`."""
        times = {name: str(getattr(self, name)) for name in ("start", "end", "offset")}
        place = [round(number, 4) for number in self.place]
        return times | {
            "place": place,
            "prints": self.prints,
            "agreement": round(self.agreement, 3),
        }

    @classmethod
    def from_json(cls, plain: dict[str, Any]) -> CopySpan:
        """The inverse of `to_json`."""
        start, end, offset = (Fraction(plain[name]) for name in ("start", "end", "offset"))
        kx, tx, ky, ty = plain["place"]
        return cls(start, end, offset, (kx, tx, ky, ty), plain["prints"], plain["agreement"])


def spans_of(both: FootagePair, run: AlignedRun) -> list[CopySpan]:
    """The stretches of a run, in time order: where prints of both that agree are on screen. Where
    of one only keyframes are known, its print stands for all of the other's shot."""
    a, b = both.a, both.b
    shown: list[tuple[Fraction, Fraction]] = []
    for pair in run.pairs:
        begin = max(a.pts[pair.i], b.pts[pair.j] - run.offset)
        end_a = (a.leaves if b.shot[pair.j] < 0 else a.until)[pair.i]
        end_b = (b.leaves if a.shot[pair.i] < 0 else b.until)[pair.j]
        shown.append((begin, max(begin, min(end_a, end_b - run.offset))))
    joined: list[tuple[Fraction, Fraction, int]] = []
    for begin, end in sorted(shown):
        if joined and begin - joined[-1][1] <= BRIDGE:
            first, last, prints = joined[-1]
            joined[-1] = (first, max(last, end), prints + 1)
        else:
            joined.append((begin, end, 1))
    place = run.placement.shares(a.shape, b.shape)
    return [
        CopySpan(begin, end, run.offset, place, prints, run.agreement)
        for begin, end, prints in joined
    ]


def covered(spans: Sequence[CopySpan]) -> Fraction:
    """Seconds of `a` in at least one of the spans."""
    total, reached = Fraction(0), min((span.start for span in spans), default=Fraction(0))
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        begin = max(reached, span.start)
        total += max(Fraction(0), span.end - begin)
        reached = max(reached, span.end)
    return total
