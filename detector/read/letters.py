"""What a line network answers, as letters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def decode(chances: NDArray[np.float32], letters: Sequence[str]) -> tuple[str, float]:
    """The likeliest letter of each step, less repeats and nones, and how sure it is of them.

    Args:
        chances: (steps, letters), 0..1.
        letters: what the answers stand for; the first is none.

    Returns:
        The text, and the mean of its letters' chances; 0 where there are none.
    """
    likeliest = chances.argmax(axis=1)
    before = np.concatenate(([0], likeliest[:-1]))
    starts = (likeliest != 0) & (likeliest != before)
    if not starts.any():
        return "", 0.0
    told = likeliest[starts]
    return "".join(letters[letter] for letter in told), float(chances[starts, told].mean())
