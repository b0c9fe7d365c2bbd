"""A match in a sentence that a person can check."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from evidence.copies.changes import Change
from evidence.copies.spans import Span

NAMED = 8
"""Letters of a footage's hash by which it is called, as in the names of results folders."""

LISTED = 5
"""Stretches told one by one; more are counted."""

_CHANGED = {
    "mirrored": "mirrored",
    "cropped": "one cut out of the other",
    "letterboxed": "one between bars",
    "recaptioned": "with another caption",
    "rescaled": "of another size",
    "recompressed": "compressed anew",
}


def reason_of(
    names: tuple[str, str],
    spans: Sequence[Span],
    changes: Sequence[Change],
    shares: tuple[float, float],
    score: float,
) -> str:
    """What is in common, what was done, and how much agrees.

    Args:
        names: the SHA-256 of both footages.
        shares: of each that is in the other, 0..1.
        score: share of windows that fit, 0..1.
    """
    a, b = (name[:NAMED] for name in names)
    stretches = [_stretch(a, b, span) for span in spans[:LISTED]]
    if len(spans) > LISTED:
        stretches.append(f"and {len(spans) - LISTED} more")
    prints = sum(span.prints for span in spans)
    return (
        f"{', '.join(stretches)}; {', '.join(_CHANGED[change] for change in changes)}; "
        f"{prints} {'picture agrees' if prints == 1 else 'pictures agree'} "
        f"in {score:.0%} of their windows; {shares[0]:.0%} of {a}, {shares[1]:.0%} of {b}"
    )


def _stretch(a: str, b: str, span: Span) -> str:
    there = span.turned()
    here = f"{_clock(span.start)}-{_clock(span.end)} of {a}"
    return f"{here} is {_clock(there.start)}-{_clock(there.end)} of {b}"


def _clock(seconds: Fraction) -> str:
    """Minutes and seconds, `1:05`, hours where there are any."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
