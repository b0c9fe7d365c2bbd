"""Letters from the answer of a line network."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def decode(chances: NDArray[np.float32], letters: Sequence[str]) -> tuple[str, float]:
    """The likeliest letter of each step, without repeats and nones, and how sure it is.

    Args:
        chances: (steps, letters), 0..1.
        letters: what the answers stand for; the first is none.

    Returns:
        The text, and the mean of its letters' chances; 0 if there are none.
    """
    likeliest = chances.argmax(axis=1)
    before = np.concatenate(([0], likeliest[:-1]))
    starts = (likeliest != 0) & (likeliest != before)
    if not starts.any():
        return "", 0.0
    chosen = likeliest[starts]
    return "".join(letters[letter] for letter in chosen), float(chances[starts, chosen].mean())
