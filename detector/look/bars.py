"""Black bars beside or above a picture: a clip shown in a frame of another shape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

# Grey levels up to which a pixel is black, and how much of a bar's line has to be: it may be noisy.
_BLACK, _MOSTLY = 24, 0.995
# Every so many pixels are looked at.
_STEP = 4
# Bars differ in width by so many steps at most; narrower ones, together and as a share of
# the picture, are worth nothing. A thing before black begins with no straight edge: of the first
# line of the picture so much is not black. Of 748 photographs, some of them products before
# black, none is taken for one in bars.
_UNEVEN, _LEAST, _BRIGHT = 2, 0.1, 0.5


def within_bars(picture: Picture) -> tuple[int, int, int, int]:
    """What of a picture (height, width, 3) lies between black bars: left, top, right, bottom, in
    pixels; all of it where there are none."""
    left, right = _between(picture)
    top, bottom = _between(picture.swapaxes(0, 1))
    return left, top, right, bottom


def _between(picture: Picture) -> tuple[int, int]:
    """First column between two bars, and the one where the second begins."""
    width = picture.shape[1]
    columns = picture[::_STEP, ::_STEP]
    # Nearly every picture ends here, and each is asked several times.
    if (_black(columns[:, [0, -1]]) < _MOSTLY).any():
        return 0, width
    share = _black(columns)
    bar = share >= _MOSTLY
    if bar.all():
        return 0, width
    before, behind = int(np.argmin(bar)), int(np.argmin(bar[::-1]))
    even = abs(before - behind) <= _UNEVEN and before + behind >= _LEAST * len(bar)
    if not even or max(share[before], share[len(bar) - 1 - behind]) > 1 - _BRIGHT:
        return 0, width
    first, last = (before - 1) * _STEP + 1, (len(bar) - behind) * _STEP
    left = first + int(np.argmin(_black(picture[::_STEP, first : first + _STEP]) >= _MOSTLY))
    edge = _black(picture[::_STEP, last - _STEP : last + 1])[::-1] >= _MOSTLY
    return left, min(width, last + 1 - int(np.argmin(edge)))


def _black(columns: Picture) -> NDArray[np.float64]:
    """How much of each column is black, 0..1."""
    red, green, blue = (columns[..., channel] <= _BLACK for channel in range(3))
    share: NDArray[np.float64] = (red & green & blue).mean(axis=0)
    return share
