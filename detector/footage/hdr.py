"""Phones' high dynamic range as an ordinary picture.

A frame in PQ or HLG that is shown as it stands is grey: its white lies at 0.58 or 0.75 of the
range. Here light is what the transfer function says it is, white (203 cd/m2) becomes white, and
what is brighter is pressed into what is left above it.

Runs in the decoder process. Sources: ITU-R BT.2100-2 (both functions), BT.2408-7 (203 cd/m2),
BT.2087-0 (the primaries' matrix), BT.1886 (the display's exponent).
"""

from __future__ import annotations

from functools import lru_cache

import av
import numpy as np
from numpy.typing import NDArray

from detector.types import Picture

# `color_trc` and `color_primaries` of a frame, ITU-T H.273.
_PQ, _HLG, _BT2020 = 16, 18, 9

_WHITE = 203.0  # cd/m2, of a sheet of paper
_HLG_PEAK = 1000.0  # cd/m2, of the display HLG is made for; its gamma is 1.2
_GAMMA = 2.4
# Up to here of white light stays what it is; brighter is pressed between this and full.
_KNEE = 0.75
# Light beyond so many whites is as good as full; and steps of the table up to there.
_BRIGHTEST, _STEPS = 8.0, 1 << 16

_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],
    np.float32,
)


def is_high_range(frame: av.VideoFrame) -> bool:
    """Whether a frame says that it is in PQ or HLG."""
    return int(frame.color_trc) in (_PQ, _HLG)


def ordinary(frame: av.VideoFrame, width: int, height: int) -> Picture:
    """Such a frame as an ordinary RGB picture (height, width, 3) of that size."""
    deep = frame.reformat(width=width, height=height, format="rgb48le", threads=1).to_ndarray()
    light = _light_of(int(frame.color_trc))[deep]
    if int(frame.color_primaries) == _BT2020:
        light = light @ _TO_BT709.T
    steps = np.clip(light * (_STEPS / _BRIGHTEST), 0, _STEPS - 1).astype(np.uint16)
    picture: Picture = _levels()[steps]
    return picture


@lru_cache(maxsize=2)
def _light_of(transfer: int) -> NDArray[np.float32]:
    """Light of each 16-bit value, in whites."""
    value = np.linspace(0, 1, 1 << 16)
    if transfer == _PQ:
        m1, m2 = 2610 / 16384, 2523 / 4096 * 128
        c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
        root = value ** (1 / m2)
        light = 10000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    else:
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
        # The display's gamma goes by a colour's brightness; by each part of it greys are the same.
        light = _HLG_PEAK * scene**1.2
    return (light / _WHITE).astype(np.float32)


@lru_cache(maxsize=1)
def _levels() -> NDArray[np.uint8]:
    """The 8-bit value of each step of light."""
    light = (np.arange(_STEPS) + 0.5) * _BRIGHTEST / _STEPS
    left = 1 - _KNEE
    pressed = np.where(light <= _KNEE, light, 1 - left * np.exp(-(light - _KNEE) / left))
    return np.round(255 * pressed ** (1 / _GAMMA)).astype(np.uint8)
