"""The pictures of judged frames, cut by PTS from the originals, which stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import FootageError, FootageMissing
from detector.analyze import cut_stills
from detector.footage.files import open_footage
from detector.settings import Settings
from detector.types import Footage, Picture
from evidence.learning.annotate import name_of_frame
from evidence.store.case import Case
from evidence.store.files import write_whole
from evidence.store.models import FootageRow, Location

QUALITY = 95
"""Of the JPEG, with its colours at full size: what is lost is less than the clip's own noise."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Frames that could not be cut: of which footage, how many, and why."""

    footage: str
    frames: int
    reason: str


def cut_frames(
    case: Case, session: Session, footage: str, times: Sequence[Fraction], folder: Path
) -> Iterator[LeftOut]:
    """Makes sure that the picture of each frame lies in `folder`; those there stay.

    Args:
        times: of the frames, sorted.
        folder: holds pictures by `name_of_frame`; written.

    Yields:
        What could not be cut.

    Raises:
        OSError: the folder cannot be written.
    """
    wanted = [time for time in times if not (folder / name_of_frame(footage, time)).is_file()]
    if not wanted:
        return
    left = set(wanted)
    try:
        opened = find_original(case, session, footage)
        for frame in cut_stills(opened, wanted, Settings()):
            # Of a file that lost its end the last frame there is comes in place of those after it.
            if frame.pts in left:
                write_whole(folder / name_of_frame(footage, frame.pts), to_jpeg(frame.image))
                left.discard(frame.pts)
    except FootageError as error:
        yield LeftOut(footage, len(left), str(error))
        return
    if left:
        yield LeftOut(footage, len(left), f"{opened.path}: no frame at {_few(sorted(left))}")


def find_original(case: Case, session: Session, footage: str) -> Footage:
    """The footage at one of its places, its bytes those the case knows.

    A file whose size and time are as noted is taken for the same; any other is read whole.

    Raises:
        FootageError: it is at none of them; the message names one and what is there.
    """
    row = session.get_one(FootageRow, footage)
    places = select(Location).where(Location.footage == footage).order_by(Location.path)
    trouble: FootageError = FootageMissing(f"footage {footage[:12]}: no place is known for it")
    for place in session.scalars(places):
        path = case.find(place.path)
        try:
            if row.kind != "stills" and _untouched(path, place):
                return Footage(path, footage, row.size, row.kind, row.container)  # type: ignore[arg-type]
            opened = open_footage(path)
        except FootageError as error:
            trouble = error
            continue
        if opened.sha256 == footage:
            return opened
        trouble = FootageMissing(f"{path}: another file is there now; put the original back")
    raise trouble


def to_jpeg(picture: Picture) -> bytes:
    """A frame (height, width, 3) as JPEG; the same picture gives the same bytes."""
    out = BytesIO()
    Image.fromarray(picture).save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def _untouched(path: Path, place: Location) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (place.size, place.mtime_ns)


def _few(times: Sequence[Fraction]) -> str:
    return f"{float(times[0]):.3f} s" + (f" and {len(times) - 1} more" if len(times) > 1 else "")
