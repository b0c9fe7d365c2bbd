"""Fonts to draw with: those of the base install.

Noto Sans SC and Noto Serif SC cover Latin, Cyrillic and Han, so one face draws every mark
of the registry and every annotated still.
"""

from __future__ import annotations

import base64
import io
import re
from functools import lru_cache
from pathlib import Path

from PIL import ImageFont
from pylopdf_fonts_zh_cn import sans_path, serif_path

_HAN = re.compile("[\u2e80-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Han characters, and the kana and signs that stand among them."""


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


def han_face(text: str) -> str:
    """A style's rule for the face `Han`, with what a text has of Han alone; empty without any.

    So a page reads the same where no such font is installed: some 200 bytes a character.

    >>> han_face("DMG MORI"), han_face("沈阳机床")[:27]
    ('', '@font-face{font-family:Han;')
    """
    letters = "".join(sorted(set(_HAN.findall(text))))
    if not letters:
        return ""
    from fontTools import subset  # takes a second to load, and few pages need it

    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, name_IDs=[])
    with subset.load_font(font_path(), options, dontLoadGlyphNames=True) as face:
        cutter = subset.Subsetter(options)
        cutter.populate(text=letters)
        cutter.subset(face)
        out = io.BytesIO()
        subset.save_font(face, out, options)
    data = base64.b64encode(out.getvalue()).decode("ascii")
    # For these letters alone, so that it may stand first in a list of families.
    span = "unicode-range:U+2E80-2FDF,U+3000-9FFF,U+F900-FAFF,U+FF00-FFEF"
    return f"@font-face{{font-family:Han;{span};src:url(data:font/otf;base64,{data})}}"
