"""A match in a sentence that a person can check."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from datasets.messages import Message, joined
from evidence.copies.changes import Change
from evidence.copies.spans import Span

NAMED = 8
"""Letters of a footage's hash by which it is called, as in the names of results folders."""

LISTED = 5
"""Stretches told one by one; more are counted."""

_CHANGED = {
    "mirrored": Message("mirrored"),
    "cropped": Message("one cut out of the other"),
    "letterboxed": Message("one between bars"),
    "recaptioned": Message("with another caption"),
    "rescaled": Message("of another size"),
    "recompressed": Message("compressed anew"),
}
_STRETCH = Message("%(here)s of %(a)s is %(there)s of %(b)s")
_MORE = Message("and %(number)s more")
_AGREES = Message("1 picture agrees in %(share)s of their windows")
_AGREE = Message("%(number)s pictures agree in %(share)s of their windows")
_SHARE = Message("%(share)s of %(of)s")


def reason_of(
    names: tuple[str, str],
    spans: Sequence[Span],
    changes: Sequence[Change],
    shares: tuple[float, float],
    score: float,
) -> Message:
    """What is in common, what was done, and how much agrees.

    Args:
        names: the SHA-256 of both footages.
        shares: of each that is in the other, 0..1.
        score: share of windows that fit, 0..1.
    """
    a, b = (name[:NAMED] for name in names)
    stretches = [_stretch(a, b, span) for span in spans[:LISTED]]
    if len(spans) > LISTED:
        stretches.append(_MORE.fill(number=len(spans) - LISTED))
    prints = sum(span.prints for span in spans)
    agree = _AGREES if prints == 1 else _AGREE
    of_each = [_SHARE.fill(share=f"{s:.0%}", of=of) for s, of in zip(shares, (a, b), strict=True)]
    return joined(
        (
            joined(stretches, ", "),
            joined([_CHANGED[change] for change in changes], ", "),
            agree.fill(number=prints, share=f"{score:.0%}"),
            joined(of_each, ", "),
        ),
        "; ",
    )


def _stretch(a: str, b: str, span: Span) -> Message:
    there = span.turned()
    times = [f"{_clock(one.start)}-{_clock(one.end)}" for one in (span, there)]
    return _STRETCH.fill(here=times[0], a=a, there=times[1], b=b)


def _clock(seconds: Fraction) -> str:
    """Minutes and seconds, `1:05`, hours where there are any."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
