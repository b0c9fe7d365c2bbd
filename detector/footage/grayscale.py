"""Greys of more than eight bits, brought to eight: Pillow would clip them at 255."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from datasets.errors import FootageUnsupported

Greys = NDArray[Any]

# Tags of TIFF (TIFF 6.0, sections 8 and 19).
_BITS, _PHOTOMETRIC, _FORMAT = 258, 262, 339
_LOWEST, _HIGHEST = (340, 280), (341, 281)
_TAGS = (_BITS, _PHOTOMETRIC, _FORMAT, *_LOWEST, *_HIGHEST)
_WHITE_IS_ZERO, _UNSIGNED = 0, 1

# A range is evident where the lightest grey lies beyond a sixteenth of it, and in no smaller one.
_EVIDENT = 16


def tags_of(image: Image.Image) -> dict[int, Any]:
    """What a TIFF says of its greys, each tag with its value or the first of them; of other
    pictures nothing."""
    if not isinstance(image, TiffImageFile):
        return {}
    told = {tag: image.tag_v2[tag] for tag in _TAGS if tag in image.tag_v2}
    return {tag: v[0] if isinstance(v, tuple) and v else v for tag, v in told.items()}


def is_deep(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def eight_bits(image: Image.Image, tags: Mapping[int, Any], path: Path) -> NDArray[np.uint8]:
    """The greys of a picture that `is_deep`, black at 0 and white at 255.

    Args:
        tags: of its file, see `tags_of`. path: for the message.

    Raises:
        FootageUnsupported: their range is neither told nor evident.
    """
    greys = np.asarray(image)
    if image.mode.startswith("I;16"):
        spare = 4 if tags.get(_BITS) == 12 else 8
        eight = (greys >> spare).astype(np.uint8)
    else:
        if image.mode == "I" and tags.get(_BITS) == 32 and tags.get(_FORMAT, 1) == _UNSIGNED:
            greys = greys.view(np.uint32)
        found = _range(greys, tags)
        if found is None:
            raise FootageUnsupported(
                f"{path}: greys of 32 bits, from {greys.min():g} to {greys.max():g}, of which "
                "nothing tells which is white, are not read; save it as PNG or JPEG"
            )
        low, high = found
        share = (greys.astype(np.float64) - low) / (high - low)
        eight = (share * 255 + 0.5).clip(0, 255).astype(np.uint8)
    return ~eight if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else eight


def _range(greys: Greys, tags: Mapping[int, Any]) -> tuple[float, float] | None:
    """The greys that are black and white, as told in the file, or as is evident from them."""
    darkest, lightest = float(greys.min()), float(greys.max())
    low, high = (_told(tags, names) for names in (_LOWEST, _HIGHEST))
    low = 0.0 if low is None else low
    fits = high is not None and low <= darkest and lightest <= high
    # Some tell what the bits would hold, and not what was put into them.
    if high is not None and fits and (lightest - low) * _EVIDENT > high - low:
        return low, high
    if darkest >= 0:
        if greys.dtype.kind == "f" and lightest <= 1:
            return 0.0, 1.0
        deepest = 0xFFFF if greys.dtype.kind == "f" else np.iinfo(greys.dtype).max
        top = next((top for top in (0xFF, 0xFFFF, deepest) if lightest <= top), None)
        if top is not None and lightest * _EVIDENT > top:
            return 0.0, float(top)
    return None


def _told(tags: Mapping[int, Any], names: tuple[int, ...]) -> float | None:
    values = (tags[name] for name in names if name in tags)
    return next((float(value) for value in values if isinstance(value, int | float)), None)
