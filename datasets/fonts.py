"""Fonts to draw with: those of the base install.

Noto Sans SC and Noto Serif SC cover Latin, Cyrillic and Han, so one face draws every mark
of the registry and every annotated still.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import ImageFont
from pylopdf_fonts_zh_cn import sans_path, serif_path


def font_path(*, serif: bool = False) -> Path:
    """The file of the face that covers Latin, Cyrillic and Han."""
    return Path(serif_path() if serif else sans_path())


@lru_cache(maxsize=256)
def _load(path: str, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def font(size: int, *, serif: bool = False, face: Path | None = None) -> ImageFont.FreeTypeFont:
    """A font of `size` pixels to the em.

    size: pixels to the em, at least 1. serif: the serif face of the base install instead of the
    sans. face: another font file.

    >>> font(20).getbbox("沈阳机床")[2] > 60
    True
    """
    return _load(str(face or font_path(serif=serif)), max(1, size))
