"""Where a clip begins, and how long it says that its pictures last.

Runs in the decoder process.
"""

from __future__ import annotations

from fractions import Fraction

import av


def start_of(container: av.container.InputContainer, stream: av.VideoStream) -> Fraction:
    """Seconds: the container's start, exact where a stream's own start agrees with it.

    FFmpeg rounds the container's to a microsecond, which would turn 1/30 into an odd number.
    """
    if container.start_time is None:
        return Fraction(0)
    rough = Fraction(container.start_time, av.time_base)
    for one in (stream, *container.streams):
        if one.start_time is not None and one.time_base is not None:
            exact = one.start_time * one.time_base
            if abs(exact - rough) <= Fraction(1, av.time_base):
                return Fraction(exact)
    return rough


def length_of(
    container: av.container.InputContainer, stream: av.VideoStream, start: Fraction
) -> Fraction | None:
    """Seconds from `start` to the end of the pictures, or else of the container; None too where
    it says 0: its recorder was cut off before it could say.

    Args:
        stream: the pictures. start: seconds, where the container begins.
    """
    base = stream.time_base or Fraction(1, av.time_base)
    if stream.duration:
        return _delay(container, stream, start) + Fraction(stream.duration * base)
    if container.duration:
        return Fraction(container.duration, av.time_base)
    return None


def _delay(
    container: av.container.InputContainer, stream: av.VideoStream, start: Fraction
) -> Fraction:
    """Seconds from `start` to the first picture: a cut without decoding begins with sound.

    None where nothing else plays by then: so the first picture's time is damaged, and the
    pictures would seem to go on for hours.
    """
    if stream.start_time is None:
        return Fraction(0)
    ends = [
        (other.start_time + other.duration) * other.time_base
        for other in container.streams
        if other.index != stream.index
        and other.start_time is not None
        and other.duration is not None
    ]
    begin = stream.start_time * (stream.time_base or Fraction(1, av.time_base))
    return max(Fraction(0), begin - start) if begin < max(ends, default=0) else Fraction(0)
