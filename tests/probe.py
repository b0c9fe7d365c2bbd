"""What a decoder says of footage, for tests that decode none."""

from __future__ import annotations

from fractions import Fraction

from detector.types import Probe


def probe(
    size: tuple[int, int],
    seconds: Fraction | int | None,
    codec: str = "h264",
    ticks: int = 1000,
    rate: int | None = 25,
    frames: int | None = None,
) -> Probe:
    """Upright pictures of square pixels; `ticks` and `rate` a second."""
    lasts = None if seconds is None else Fraction(seconds)
    average = None if rate is None else Fraction(rate)
    tick, zero = Fraction(1, ticks), Fraction(0)
    return Probe(*size, codec, tick, zero, lasts, average, frames, 0, Fraction(1), False)
