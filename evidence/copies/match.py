"""Whether two footages show the same recording, which stretches of it, and what was done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from detector.known_again.prints import MIRROR
from evidence.copies.align import Run, align
from evidence.copies.changes import Change, changes_of
from evidence.copies.fingerprint import Fingerprint
from evidence.copies.index import Hashes, HashIndex, Near
from evidence.copies.proof import moves, proven
from evidence.copies.seeds import Hits
from evidence.copies.spans import Span, covered, spans_of
from evidence.copies.wording import reason_of

Kind = Literal[
    "recompressed",
    "rescaled",
    "recaptioned",
    "letterboxed",
    "cropped",
    "mirrored",
    "excerpt",
    "compilation",
    "shared shots",
    "same view",
]

WHOLE = 0.8
"""Share of a footage from which all of it is in the other; prints do not tell its first and
last frames to the second."""

PART = 0.3
"""Share of the shorter footage from which they have parts in common, and below which a shot or
two: an opening, an ident, a piece of stock footage."""


Whether = Callable[[Fraction, Fraction], bool]


@dataclass(frozen=True, slots=True)
class Match:
    """What two footages have in common.

    a, b: their SHA-256. kind: what was done, in a word; of several the one that changed most.
    changes: everything that was done to the picture. share_a, share_b: of each that is in the
    other, 0..1. score: share of the windows that could fit and do. spans: at least one.
    """

    a: str
    b: str
    kind: Kind
    changes: tuple[Change, ...]
    share_a: float
    share_b: float
    score: float
    spans: tuple[Span, ...]
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

    def turned(self) -> Match:
        """The same with `a` and `b` changed over."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            share_a=self.share_b,
            share_b=self.share_a,
            spans=tuple(span.turned() for span in self.spans),
        )


def match(a: Fingerprint, b: Fingerprint) -> Match | None:
    """What two footages have in common, None if nothing is proven.

    `match(b, a)` is `match(a, b).turned()`, to the last digit.
    """
    if a.footage > b.footage:
        found = match(b, a)
        return None if found is None else found.turned()
    index = HashIndex()
    index.add(0, b.hash[b.fresh])
    return match_hits(a, b, Likenesses.of(a, index).hits(0, b))


@dataclass(frozen=True, slots=True)
class Likenesses:
    """The windows of an index that look like those of one footage, and like their mirror image."""

    footage: Fingerprint
    upright: Near
    mirrored: Near

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
    a: Fingerprint, b: Fingerprint, hits: Hits, one_photograph: Whether | None = None
) -> Match | None:
    """As `match`, with the windows that look alike found already.

    Args:
        one_photograph: tells of the pictures of two photographs, at a time of `a` and a time of
            `b`, whether one was made of the other's file.

    Raises:
        ValueError: `a` does not sort before `b`.
    """
    if a.footage >= b.footage:
        raise ValueError(f"{a.footage} must sort before {b.footage}")
    aligned = align(a, b, hits)
    runs = proven(a, b, aligned)
    moving = moves(a, b, runs)
    if not moving and a.stills and b.stills and one_photograph is not None:
        # Photographs do not move; there a closer look can tell.
        saved = [run for run in aligned if _saved(a, b, run, one_photograph)]
        runs, moving = saved or runs, bool(saved)
    if not runs:
        return None
    spans = [span for run in runs for span in spans_of(a, b, run)]
    spans.sort(key=lambda span: (span.start, span.end, span.offset))
    share_a = _share(covered(spans), a.length)
    share_b = _share(covered([span.turned() for span in spans]), b.length)
    changes = changes_of(a, b, runs)
    possible = sum(pair.possible for run in runs for pair in run.pairs)
    score = sum(run.agreed for run in runs) / max(1, possible)
    names, shares = (a.footage, b.footage), (share_a, share_b)
    return Match(
        a=a.footage,
        b=b.footage,
        kind=_kind(a, b, shares, changes) if moving else "same view",
        changes=changes,
        share_a=share_a,
        share_b=share_b,
        score=score,
        spans=tuple(spans),
        reason=reason_of(names, spans, changes, shares, score),
    )


def _saved(a: Fingerprint, b: Fingerprint, run: Run, one_photograph: Whether) -> bool:
    return all(one_photograph(a.pts[pair.i], b.pts[pair.j]) for pair in run.pairs)


def _share(seconds: Fraction, length: Fraction) -> float:
    """A still picture has no length; if it is in the other, all of it is."""
    return min(1.0, float(seconds / length)) if length else 1.0


def _kind(
    a: Fingerprint, b: Fingerprint, shares: tuple[float, float], changes: Sequence[Change]
) -> Kind:
    if min(shares) >= WHOLE:
        return changes[0]
    if max(shares) >= WHOLE:
        return "excerpt"
    shorter = shares[0] if a.length <= b.length else shares[1]
    return "compilation" if shorter >= PART else "shared shots"
