"""Whether two footages show the same recording, which stretches, and what was done to it.

Prints do not tell which of the two is the original. So every word says what lies between them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from statistics import median

import numpy as np

from datasets.messages import Message, joined
from detector.known_again.prints import MIRROR
from evidence.clip.tables import clock
from evidence.link.alignment import SLACK, AlignedRun, CopySpan, align, covered, spans_of
from evidence.link.comparison import Extent, FootagePair, Hits, Placement
from evidence.link.fingerprint import Fingerprint, Floats, Hashes, HashIndex, Neighbour

KEPT = 0.5  # share of the prints that had to agree and must, where several different pictures do
KEPT_ALONE = 0.75  # the same where the stretch shows one picture
AGREEMENT, WINDOWS = 0.4, 8  # where several different pictures agree at one offset
STILL_AGREEMENT, STILL_WINDOWS = 0.7, 6  # in one picture that fills the frame in both
STILL = 4
"""Most bits of 64 in which such pictures differ as wholes, in half of their prints. In copies it is
0 to 3; in one studio 11 and more with another guest, 2 to 12 with the same."""

CROP_AGREEMENT, CROP_WINDOWS = 0.5, 4  # in each of several stretches under one placement
DIFFERENT = 24
"""Bits of 64 that differ between whole pictures with little in common: unrelated ones 31 on
average, and 3 % of them fewer than this."""

IN_ONE_SHOT = 3  # such pictures that must agree where no cut lies between them, but a camera's move

FRAMED = 0.015  # how far edges may lie from where they would if nothing were cut, of the width
ALIKE = 0.03  # how far corners may lie apart under placements that are called one


def proven(both: FootagePair, runs: Sequence[AlignedRun]) -> list[AlignedRun]:
    """The stretches that are copies beyond doubt, in their order. One at another place in the frame
    than the strongest is a camera's move, taken for a crop."""
    ways = (_several_pictures, _one_picture, partial(_one_crop, runs=runs))
    sure = [run for run in runs if any(way(both, run) for way in ways)]
    strongest = max(sure, key=lambda run: run.agreed, default=None)
    return [
        run
        for run in sure
        if strongest is None
        or _placed_alike(both, run, strongest)
        or framed(run.placement, both.a.shape, both.b.shape)
    ]


def _placed_alike(both: FootagePair, one: AlignedRun, other: AlignedRun) -> bool:
    return one.placement.apart(other.placement, both.a.shape) <= ALIKE * both.b.shape[0]


def _enough(run: AlignedRun, windows: int, agreement: float, kept: float) -> bool:
    return run.agreed >= windows and run.agreement >= agreement and run.kept >= kept


def _several_pictures(both: FootagePair, run: AlignedRun) -> bool:
    shots = {(int(both.a.shot[p.i]), int(both.b.shot[p.j])) for p in run.pairs}
    one_shot = len(shots) == 1 and min(shots.pop()) >= 0
    enough = _enough(run, WINDOWS, AGREEMENT, KEPT)
    return enough and _pictures(both, [run]) >= (IN_ONE_SHOT if one_shot else 2)


def _one_picture(both: FootagePair, run: AlignedRun) -> bool:
    a, b = both.a, both.b
    enough = _enough(run, STILL_WINDOWS, STILL_AGREEMENT, KEPT_ALONE)
    if not enough or not framed(run.placement, a.shape, b.shape):
        return False
    if run.placement.apart(Placement(1.0, 0.0, 0.0, run.placement.mirrored), a.shape) > ALIKE:
        return True  # Bars on one side: as wholes they cannot be compared.
    turned = MIRROR if run.placement.mirrored else np.uint64(0)
    bits = [int(np.bitwise_count(a.whole[p.i] ^ b.whole[p.j] ^ turned)) for p in run.pairs]
    return median(bits) <= STILL


def moves(both: FootagePair, runs: Sequence[AlignedRun]) -> bool:
    """Whether anything in common moves or is cut: else one view may have been filmed twice."""
    return any(_pictures(both, [run]) >= 2 for run in runs) or any(
        not framed(run.placement, both.a.shape, both.b.shape) for run in runs
    )


def _one_crop(both: FootagePair, run: AlignedRun, runs: Sequence[AlignedRun]) -> bool:
    """Whether different pictures lie in the frame as this one: two at one offset, or three."""
    enough = [one for one in runs if _enough(one, CROP_WINDOWS, CROP_AGREEMENT, KEPT_ALONE)]
    if run not in enough:
        return False
    alike = [
        replace(other, pairs=(max(other.pairs, key=lambda pair: pair.agreed),))
        for other in enough
        if _placed_alike(both, run, other)
    ]
    in_time = [other for other in alike if abs(other.offset - run.offset) <= SLACK]
    return _pictures(both, in_time) >= 2 or _pictures(both, alike) >= 3


def _pictures(both: FootagePair, runs: Sequence[AlignedRun]) -> int:
    """How many pictures that have little in common agree in both, up to `IN_ONE_SHOT`."""
    a, b = both.a.whole, both.b.whole
    kept: list[tuple[int, int]] = []
    for pair in (pair for run in runs for pair in run.pairs):
        if len(kept) < IN_ONE_SHOT and all(
            np.bitwise_count(a[pair.i] ^ a[i]) >= DIFFERENT
            and np.bitwise_count(b[pair.j] ^ b[j]) >= DIFFERENT
            for i, j in kept
        ):
            kept.append((pair.i, pair.j))
    return len(kept)


def framed(placement: Placement, a: Extent, b: Extent) -> bool:
    """Whether one picture fills the other's frame, or all of it that bars leave."""
    x1, y1, x2, y2 = placement.frame(a)
    tolerance = FRAMED * max(b[0], placement.scale * a[0])
    gaps = np.array([[x1, b[0] - x2], [y1, b[1] - y2]])  # of b around a; negative: cut off
    centred = bool((np.abs(gaps[:, 0] - gaps[:, 1]) <= 2 * tolerance).all())
    reaches = bool((np.abs(gaps) <= tolerance).all(axis=1).any())
    whole = bool((gaps >= -tolerance).all()) or bool((gaps <= tolerance).all())
    return centred and reaches and whole


CHANGES = {
    "mirrored": Message("mirrored"),
    "cropped": Message("one cut out of the other"),
    "letterboxed": Message("one between bars"),
    "recaptioned": Message("with another caption"),
    "rescaled": Message("of another size"),
    "recompressed": Message("compressed anew"),
}  # what may have been done to a picture, the greatest change first
Rectangle = tuple[float, float, float, float]

CUT = 0.03  # an edge further off is cut or moved, of the width: two pixels of the thumbnails
BAR = 0.05  # share of the width a bar has at least: narrower ones are hardly seen
CENTRED = 0.04  # largest difference of two opposite bars, in shares of the width
EMPTY = 0.35
"""Windows outside the common picture over windows in it, for equal areas. Below it, what is outside
is bars: black ones have none, blurred ones few and large ones."""

LOWER = 2 / 3  # captions stand in the lowest third of the picture
LETTERED = 0.6  # windows that fit in the lowest third over the rest, below which the caption is new
SEEN = 20  # windows needed in either part of the picture to tell


def changes_of(both: FootagePair, runs: Sequence[AlignedRun]) -> tuple[str, ...]:
    """Everything that was done (`CHANGES`), the greatest change first; never empty."""
    # If only keyframes are known, those of a moving camera are not of one moment, and lie apart
    # as in a crop. A picture that fills the frame anywhere shows that nothing was cut.
    full = [run for run in runs if framed(run.placement, both.a.shape, both.b.shape)]
    run = max(full or runs, key=lambda run: run.agreed)
    found = {"mirrored"} if run.placement.mirrored else set()
    found |= _framing(both, run)
    # At the edges of a crop windows are lost that look like a new caption's.
    if "cropped" not in found and _relettered(both, run):
        found.add("recaptioned")
    if both.a.size != both.b.size and not found & {"cropped", "letterboxed"}:
        found.add("rescaled")
    return tuple(change for change in CHANGES if change in found) or ("recompressed",)


def _framing(both: FootagePair, run: AlignedRun) -> set[str]:
    """Cut, or put between bars: whichever picture is the larger, is there more in it?"""
    a, b, placement = both.a, both.b, run.placement
    corners = placement.back(np.array([(0, 0, 0), (*b.shape, 0)]))
    (left, top, _), (right, bottom, _) = np.sort(corners, axis=0)
    in_a = (float(left), float(top), float(right), float(bottom))
    found: set[str] = set()
    for frame, shape, places in (
        (placement.frame(a.shape), b.shape, [b.places(p.j) for p in run.pairs]),
        (in_a, a.shape, [a.places(p.i) for p in run.pairs]),
    ):
        x1, y1, x2, y2 = frame
        beyond = max(x1, y1, shape[0] - x2, shape[1] - y2) / shape[0]
        if beyond > CUT:
            empty = _filled(frame, shape, np.concatenate(places)) < EMPTY
            aside = max(abs(x1 - (shape[0] - x2)), abs(y1 - (shape[1] - y2)))
            bars = empty and beyond > BAR and aside <= CENTRED * shape[0]
            found.add("letterboxed" if bars else "cropped")
    return found


def _filled(frame: Rectangle, shape: Extent, places: Floats) -> float:
    """Windows outside a frame over windows in it, for equal areas."""
    x1, y1 = max(0.0, frame[0]), max(0.0, frame[1])
    x2, y2 = min(shape[0], frame[2]), min(shape[1], frame[3])
    area = max(1e-6, (x2 - x1) * (y2 - y1))
    outside = max(1e-6, shape[0] * shape[1] - area)
    x, y = places[:, 0], places[:, 1]
    inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
    return float((~inside).sum() / outside / (max(1, inside.sum()) / area))


def _relettered(both: FootagePair, run: AlignedRun) -> bool:
    """Whether windows fit in the upper part of the common picture and not in the lower."""
    _, y1, _, y2 = run.placement.frame(both.a.shape)
    y1, y2 = max(0.0, y1), min(both.b.shape[1], y2)
    seen, fitting = np.zeros(2), np.zeros(2)
    for pair in run.pairs:
        height, fits = both.fit_by_height(pair, run.placement)
        lower = height > y1 + LOWER * (y2 - y1)
        for part, where in enumerate((~lower, lower)):
            seen[part] += where.sum()
            fitting[part] += fits[where].sum()
    if (seen < SEEN).any() or not fitting[0]:
        return False
    return bool(fitting[1] / seen[1] < LETTERED * fitting[0] / seen[0])


NAMED = 8  # letters of a footage's hash in its name, as in the names of results folders
LISTED = 5  # stretches named one by one; more are counted

_STRETCH = Message("%(here)s of %(a)s is %(there)s of %(b)s")
_MORE = Message("and %(number)s more")
_AGREES = Message("1 picture agrees in %(share)s of their windows")
_AGREE = Message("%(number)s pictures agree in %(share)s of their windows")
_SHARE = Message("%(share)s of %(of)s")


def reason_of(
    names: tuple[str, str],
    spans: Sequence[CopySpan],
    changes: Sequence[str],
    shares: tuple[float, float],
    score: float,
) -> Message:
    """What is in common, what was done, and how much agrees. names: SHA-256; shares, score:
    0..1."""
    a, b = (name[:NAMED] for name in names)
    stretches = []
    for span in spans[:LISTED]:
        here, there = (
            "-".join(clock(max(0, round(time)))[:-2] for time in (one.start, one.end))
            for one in (span, span.turned())
        )
        stretches.append(_STRETCH.fill(here=here, a=a, there=there, b=b))
    if len(spans) > LISTED:
        stretches.append(_MORE.fill(number=len(spans) - LISTED))
    prints = sum(span.prints for span in spans)
    agree = (_AGREES if prints == 1 else _AGREE).fill(number=prints, share=f"{score:.0%}")
    of_each = [_SHARE.fill(share=f"{s:.0%}", of=of) for s, of in zip(shares, (a, b), strict=True)]
    done = [CHANGES[change] for change in changes]
    return joined((joined(stretches, ", "), joined(done, ", "), agree, joined(of_each, ", ")), "; ")


WHOLE = 0.8  # share of a footage from which all of it is in the other
PART = 0.3  # share of the shorter footage in common; below it they share a shot or two


@dataclass(frozen=True, slots=True)
class CopyMatch:
    """What two footages, by SHA-256, have in common."""

    a: str
    b: str
    kind: str  # the first of `changes`, or excerpt, compilation, shared shots, same view
    changes: tuple[str, ...]  # everything that was done to the picture
    share_a: float  # of `a` that is in the other, 0..1
    share_b: float
    score: float  # share of the windows that could fit and do
    spans: tuple[CopySpan, ...]  # at least one
    reason: str

    @property
    def mirrored(self) -> bool:
        """Whether most of what is in common is mirrored."""
        turned = covered([span for span in self.spans if span.mirrored])
        return 2 * turned > covered(self.spans) or all(span.mirrored for span in self.spans)

    @property
    def seconds(self) -> float:
        """Seconds of `a` that are in `b`."""
        return float(covered(self.spans))


@dataclass(frozen=True, slots=True)
class Likenesses:
    """The windows of an index that look like those of one footage, and like their mirror image."""

    footage: Fingerprint
    upright: Neighbour
    mirrored: Neighbour

    @classmethod
    def of(cls, footage: Fingerprint, index: HashIndex) -> Likenesses:
        wanted: Hashes = footage.hash[footage.fresh]
        return cls(footage, index.near(wanted), index.near(wanted ^ MIRROR))

    def hits(self, key: int, other: Fingerprint) -> Hits:
        """Those of another footage, whose fresh windows were added under `key`."""
        here, there = np.flatnonzero(self.footage.fresh), np.flatnonzero(other.fresh)
        upright, mirrored = self.upright.of(key), self.mirrored.of(key)
        return Hits(
            here[np.concatenate([upright[0], mirrored[0]])],
            there[np.concatenate([upright[1], mirrored[1]])],
            np.repeat([False, True], [len(upright[0]), len(mirrored[0])]),
        )


def match_hits(
    a: Fingerprint,
    b: Fingerprint,
    hits: Hits,
    one_photograph: Callable[[Fraction, Fraction], bool] | None = None,
) -> CopyMatch | None:
    """What two footages have in common, None if nothing is proven.

    Args:
        a, b: in the order of their hashes; else a `ValueError`.
        hits: their windows that look alike.
        one_photograph: whether the pictures of two photographs, at a time of each, are one.
    """
    if a.footage >= b.footage:
        raise ValueError(f"{a.footage} must sort before {b.footage}")
    both = FootagePair(a, b)
    aligned = align(both, hits)
    runs = proven(both, aligned)
    moving = moves(both, runs)
    if not moving and a.stills and b.stills and one_photograph is not None:
        # Photographs do not move; there a closer look can tell.
        saved = [
            run
            for run in aligned
            if all(one_photograph(a.pts[pair.i], b.pts[pair.j]) for pair in run.pairs)
        ]
        runs, moving = saved or runs, bool(saved)
    if not runs:
        return None
    spans = [span for run in runs for span in spans_of(both, run)]
    spans.sort(key=lambda span: (span.start, span.end, span.offset))
    share_a = _share(covered(spans), a.length)
    share_b = _share(covered([span.turned() for span in spans]), b.length)
    changes, shares = changes_of(both, runs), (share_a, share_b)
    possible = sum(pair.possible for run in runs for pair in run.pairs)
    score = sum(run.agreed for run in runs) / max(1, possible)
    kind = _kind(both, shares, changes) if moving else "same view"
    reason = reason_of((a.footage, b.footage), spans, changes, shares, score)
    return CopyMatch(a.footage, b.footage, kind, changes, *shares, score, tuple(spans), reason)


def _share(seconds: Fraction, length: Fraction) -> float:
    """A still picture has no length; if it is in the other, all of it is."""
    return min(1.0, float(seconds / length)) if length else 1.0


def _kind(both: FootagePair, shares: tuple[float, float], changes: Sequence[str]) -> str:
    if min(shares) >= WHOLE:
        return changes[0]
    if max(shares) >= WHOLE:
        return "excerpt"
    shorter = shares[0] if both.a.length <= both.b.length else shares[1]
    return "compilation" if shorter >= PART else "shared shots"
