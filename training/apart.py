"""What a model is measured on comes from nowhere that it learnt from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from datasets.annotations import Photograph, read_photographs, split_folder
from datasets.errors import DataError
from datasets.splits import source_key


def check_unseen(learnt: Sequence[Photograph], validation: Path, split: str = "val") -> None:
    """Whether a validation set comes from nowhere that was learnt from.

    Raises:
        DataError: a source, or the very same picture, stands on both sides; the message names it.
    """
    own = {source_key(one.source) for one in learnt}
    pictures = {_digest(one): one.path for one in learnt}
    for photograph in read_photographs(split_folder(validation, split)):
        if source_key(photograph.source) in own:
            raise DataError(
                f"{validation}: source {photograph.source!r} is learnt from as well; measure on "
                "pictures of other sources, or leave that one out of training"
            )
        twin = pictures.get(_digest(photograph))
        if twin is not None:
            raise DataError(
                f"{photograph.path}: the same picture is learnt from, as {twin}; leave it out there"
            )


def _digest(photograph: Photograph) -> bytes:
    try:
        return hashlib.sha256(photograph.path.read_bytes()).digest()
    except OSError as error:
        raise DataError(f"{photograph.path}: it cannot be read ({error.strerror})") from error
