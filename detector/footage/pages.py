"""What a picture's file holds beside the picture that is looked at.

Runs in the decoder process.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from datasets.messages import Message
from detector.footage.jpeg import clip_follows
from detector.footage.losses import CLIP_BEHIND, FURTHER_PAGE

# A page that is none: a smaller copy of another, or its mask (TIFF 6.0, NewSubfileType).
_REDUCED, _MASK = 1, 4
# The same in files of old, of a smaller copy (TIFF 6.0, SubfileType).
_OLD_REDUCED = 2


def further_in(path: Path, container: str, beat: Callable[[], None]) -> Iterator[Message]:
    """What was not looked at in a picture's file, once for each page or clip.

    Args:
        container: as in `detector.footage.sniff`.
    """
    if container == "jpeg":
        with path.open("rb") as file:
            if clip_follows(file):
                yield CLIP_BEHIND
    if container == "tiff":
        yield from (FURTHER_PAGE for _ in _pages(path, beat))


def _pages(path: Path, beat: Callable[[], None]) -> Iterator[int]:
    """The numbers of the pages behind the first, as far as they can be found."""
    with warnings.catch_warnings(), Image.open(path, formats=["TIFF"]) as image:
        warnings.simplefilter("ignore")
        assert isinstance(image, TiffImageFile)
        for number in count(1):
            beat()
            try:
                image.seek(number)
            except MemoryError:
                raise
            except SyntaxError:
                pass  # a page of a kind that is not read; its tags are there all the same
            # On damaged data Pillow's readers raise whatever they come upon.
            except Exception:
                return
            if not _is_copy(image):
                yield number


def _is_copy(image: TiffImageFile) -> bool:
    kind = image.tag_v2.get(ExifTags.Base.NewSubfileType, 0)
    old = image.tag_v2.get(ExifTags.Base.SubfileType, 0)
    # A damaged one may be a text.
    return (isinstance(kind, int) and bool(kind & (_REDUCED | _MASK))) or old == _OLD_REDUCED
