"""The judged frames of a case as a data set on disk, and in another tool's format.

- OUT/pictures/FOOTAGE/PTS.jpg: each frame, cut once by PTS from the originals
- OUT/data/: the data set, in our own format
- OUT/cvat/ (coco/, yolo/): the same for another tool
- OUT/judged.json: from which case, up to which verdict, and with which corrections
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import CaseUnwritable, FootageError, FootageMissing, ResultError, UsageError
from datasets.exchange.conversion import FORMATS, Counts, Format, export_data
from datasets.files import check_free, new_folder, write_text, writing_errors
from datasets.photographs.annotations import Photograph, parse_photograph
from datasets.photographs.writing import fill_split
from detector.analyze import cut_stills
from detector.footage.files import open_footage
from detector.look.detect import YoloDetector
from detector.settings import Settings
from detector.types import Footage, Picture
from evidence.case.case import Case
from evidence.case.folder import write_whole
from evidence.case.tables import FootageRow, Location
from evidence.case.verdicts import head
from evidence.learn.annotations import Line, annotate, name_of_frame
from evidence.learn.frames import JudgedFrame, judged_footage, judged_frames
from evidence.learn.rounds import RECORD, carry_over, check_untouched, rounds, seal, take_over
from evidence.learn.sources import VAL_SHARE, choose_val, find_sources

QUALITY = 95
"""Of the JPEG, with its colours at full size: what is lost is less than the clip's own noise."""


@dataclass(frozen=True, slots=True)
class OmittedFrame:
    """Frames that could not be cut: the footage, how many, and why."""

    footage: str
    frames: int
    reason: str


def cut_frames(
    case: Case, session: Session, footage: str, times: Sequence[Fraction], folder: Path
) -> Iterator[OmittedFrame]:
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
        yield OmittedFrame(footage, len(left), str(error))
        return
    if left:
        yield OmittedFrame(footage, len(left), f"{opened.path}: no frame at {_few(sorted(left))}")


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


PICTURES, DATA = "pictures", "data"
_STAGING = re.compile(r"\.(data|yolo|coco|cvat)\.[0-9a-f]{8}\.(partial|replaced)")

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """counts: pictures by split. twice: frames left out because the very same picture is there
    already. data: the folder to train from."""

    data: Path
    counts: Counts
    twice: int
    left_out: tuple[OmittedFrame, ...]


def export_judged(
    case: Case,
    out: Path,
    to: Format | None = None,
    *,
    share: float = VAL_SHARE,
    link: bool = False,
    authors: bool = False,
    model: Path | None = None,
    progress: Progress | None = None,
) -> ExportResult:
    """Writes the judged frames of a case; a second time it writes what is new, and only that.

    Args:
        out: a folder that is not there, or that an earlier export of the same case wrote;
            corrections brought back beside it are taken over (`corrected.py`).
        to: another tool's format, besides ours.
        share: of the sources, that held back as `val`.
        link: symbolic links to the pictures instead of copies.
        authors: name who gave each verdict.
        model: what marks and controls are drawn in by (`carry`); the packaged one if None.
        progress: told the stage, how much is done, and of how much.

    Raises:
        UsageError: nothing usable has been judged; something else is at `out`; or somebody
            changed what is there for another tool.
        FootageMissing: not one frame could be cut.
        ResultError: `out` cannot be written.
        DataError: a text of an annotation cannot be written in the other format; or a data set
            of corrections is damaged.
        ModelError: the model is missing or damaged.
    """
    check_free(out, _ours)
    _check_same_case(case, out)
    # What an earlier run wrote for another tool would be out of date.
    written = [one for one in FORMATS if one != to and (out / one).is_dir()]
    others: list[Format] = [*written, *([] if to is None else [to])]
    for one in others:
        check_untouched(out / one)
    corrections = rounds(out.parent)
    tell = progress or (lambda stage, done, total: None)
    detector = YoloDetector(model)
    with case.snapshot() as session:
        number, digest = head(session)
        sources = find_sources(session)
        footages = judged_footage(session)
        if not footages:
            raise UsageError(f"{case.folder}: nothing has been judged that could be learnt from")
        frames: list[JudgedFrame] = []
        left_out: list[OmittedFrame] = []
        with _as_result(out):
            for done, footage in enumerate(footages):
                tell("cutting", done, len(footages))
                own = list(judged_frames(session, footage))
                times = [frame.pts for frame in own]
                left_out += cut_frames(case, session, footage, times, out / PICTURES)
                frames += own
    lines = list(_lines(case, frames, sources, out / PICTURES, detector, authors, tell))
    kept = list(take_over(_once(lines, out / PICTURES), corrections))
    if not kept:
        reason = left_out[0].reason if left_out else "no frame of it is left"
        raise FootageMissing(f"none of the judged frames could be cut: {reason}")
    val = choose_val({line["source"] for line in kept}, share)
    splits = {
        "train": [line for line in kept if line["source"] not in val],
        "val": [line for line in kept if line["source"] in val],
    }
    splits = {split: lines for split, lines in splits.items() if lines}
    with new_folder(out / DATA, _anything) as folder:
        for split, own_lines in splits.items():
            (folder / split).mkdir()
            fill_split(folder / split, list(_pictures(own_lines, out / PICTURES)), link)
    for one in others:
        # Sealed before it is there: unsealed, corrections in it would be replaced unseen.
        export_data(out / DATA, one, out / one, link=link, replace=True, seal=seal)
    counts = {split: len(own_lines) for split, own_lines in splits.items()}
    record = {
        "case": case.id,
        "verdicts": {"number": number, "digest": digest},
        "model": detector.digest,
        "pictures": counts,
        "corrected": [folder.name for folder in corrections],
        "left_out": [{"footage": x.footage, "frames": x.frames} for x in left_out],
    }
    with writing_errors(out):
        write_text(out / RECORD, json.dumps(record, indent=2) + "\n")
    return ExportResult(out / DATA, counts, len(lines) - len(kept), tuple(left_out))


def _lines(
    case: Case,
    frames: Sequence[JudgedFrame],
    sources: dict[str, str],
    pictures: Path,
    detector: YoloDetector,
    authors: bool,
    tell: Progress,
) -> Iterator[Line]:
    """The annotation of each frame whose picture is there."""
    for done, frame in enumerate(frames):
        tell("annotating", done, len(frames))
        file = pictures / name_of_frame(frame.footage, frame.pts)
        if not file.is_file():
            continue
        with Image.open(file) as image:
            picture = np.asarray(image.convert("RGB"))
        size = (picture.shape[1], picture.shape[0])
        line = annotate(frame, sources[frame.footage], case.id, size, authors)
        yield carry_over(line, detector.detect([picture])[0], frame.nothing)


def _once(lines: Sequence[Line], pictures: Path) -> list[Line]:
    """Without those whose picture, byte for byte, came before under another name: of copies."""
    seen: set[str] = set()
    kept = []
    for line in lines:
        file = pictures / Path(line["image"]).relative_to("images")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        if digest not in seen:
            kept.append(line)
        seen.add(digest)
    return kept


def _pictures(lines: Sequence[Line], pictures: Path) -> Iterator[tuple[Photograph, Path]]:
    for line in lines:
        where = f"{line['origin']['footage'][:12]} at {line['origin']['pts']}"
        photograph = parse_photograph(line, Path(), where)
        yield photograph, pictures / Path(line["image"]).relative_to("images")


def _check_same_case(case: Case, out: Path) -> None:
    try:
        record: dict[str, Any] = json.loads((out / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        return
    if record.get("case") != case.id:
        raise UsageError(f"{out}: holds the judged frames of another case; give another --out")


@contextmanager
def _as_result(out: Path) -> Iterator[None]:
    """What cannot be written to `out` is no matter of the case."""
    try:
        with writing_errors(out):
            yield
    except CaseUnwritable as error:  # names the file, and what to do
        raise ResultError(str(error)) from error


def _ours(name: str) -> bool:
    first, _, rest = name.partition("/")
    # A killed run leaves the folder that it was filling.
    known = first in (PICTURES, DATA, *FORMATS) or _STAGING.fullmatch(first) is not None
    return name == RECORD or (bool(rest) and known)


def _anything(name: str) -> bool:
    return True
