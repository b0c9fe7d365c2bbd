"""The judged frames of a case as a data set on disk, and in another tool's format.

- OUT/pictures/FOOTAGE/PTS.jpg: each frame, cut once by PTS from the originals
- OUT/data/: the data set, in our own format
- OUT/cvat/ (coco/, yolo/): the same for another tool
- OUT/judged.json: from which case, and up to which verdict
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from datasets.errors import CaseUnwritable, FootageError, FootageMissing, ResultError, UsageError
from datasets.exchange.conversion import Counts, export_data
from datasets.exchange.outgoing import FORMATS, Format
from datasets.files import check_free, new_folder, write_text, writing_errors
from datasets.photographs.annotations import parse_photograph
from datasets.photographs.splits import fill_split
from detector.analyze import cut_stills
from detector.look.detect import YoloDetector
from detector.settings import Settings
from evidence.browse.frames import find_original
from evidence.case.base import values_of
from evidence.case.case import Case
from evidence.case.folder import write_whole
from evidence.case.verdicts import head
from evidence.learn.annotations import Line, annotate, carry_over, name_of_frame, name_of_line
from evidence.learn.frames import JudgedFrame, judged_footage, judged_frames
from evidence.learn.sources import VAL_SHARE, choose_val, find_sources

QUALITY = 95  # of the JPEG, colours at full size: it loses less than the clip's own noise


@dataclass(frozen=True, slots=True)
class OmittedFrame:
    """Frames that could not be cut: the footage, how many, and why."""

    footage: str
    frames: int
    reason: str


def cut_frames(
    case: Case, session: Session, footage: str, times: Sequence[Fraction], folder: Path
) -> Iterator[OmittedFrame]:
    """Puts the picture of each frame (`name_of_frame`) into `folder`; those there stay. Yields what
    could not be cut. `OSError`: the folder cannot be written."""
    left = {time for time in times if not (folder / name_of_frame(footage, time)).is_file()}
    if not left:
        return
    try:
        opened = find_original(session, case, footage)
        assert opened is not None
        for frame in cut_stills(opened, sorted(left), Settings()):
            # Of a file that lost its end the last frame there is comes in place of those after it.
            if frame.pts in left:
                out = BytesIO()
                Image.fromarray(frame.image).save(out, "JPEG", quality=QUALITY, subsampling=0)
                write_whole(folder / name_of_frame(footage, frame.pts), out.getvalue())
                left.discard(frame.pts)
    except FootageError as error:
        yield OmittedFrame(footage, len(left), str(error))
        return
    if left:
        why = f"{opened.path}: no frame at {float(min(left)):.3f} s"
        yield OmittedFrame(footage, len(left), why)


PICTURES, DATA, RECORD = "pictures", "data", "judged.json"
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
    """The judged frames of a case, written; a second time what is new, and only that.

    The folder `out` is new, or an earlier export of the same case wrote it. What is there in the
    other tool's format, `to`, is never replaced. That `share` of the sources is held back as `val`.
    Marks and controls are drawn in by `model`, the packaged one if None; link: pictures as links.

    `UsageError`: nothing usable has been judged; or something else is in the way. `FootageMissing`:
    not one frame could be cut. `ResultError`: `out` cannot be written. `ModelError`: the model is
    missing or damaged. `DataError`: a text cannot be written in the other format.
    """
    check_free(out, _ours)
    try:
        record: dict[str, Any] = json.loads((out / RECORD).read_text("utf-8"))
    except (OSError, ValueError):
        record = {}
    if record.get("case", case.id) != case.id:
        raise UsageError(f"{out}: holds the judged frames of another case; give another --out")
    if to is not None and (out / to).exists():
        raise UsageError(
            f"{out / to}: is there already, and what was corrected in it would be lost; bring it "
            "back (nameplate datasets import), then delete it and export again"
        )
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
        try:
            with writing_errors(out):
                for done, footage in enumerate(footages):
                    tell("cutting", done, len(footages))
                    own = list(judged_frames(session, footage))
                    times = [frame.pts for frame in own]
                    left_out += cut_frames(case, session, footage, times, out / PICTURES)
                    frames += own
        except CaseUnwritable as error:  # names the file, and what to do
            raise ResultError(str(error)) from error
    lines = list(_lines(case, frames, sources, out / PICTURES, detector, authors, tell))
    kept = _once(lines, out)
    if not kept:
        reason = left_out[0].reason if left_out else "no frame of it is left"
        raise FootageMissing(f"none of the judged frames could be cut: {reason}")
    val = choose_val({line["source"] for line in kept}, share)
    counts = {}
    with new_folder(out / DATA, lambda name: True) as folder:
        for split in ("train", "val"):
            pictures = [
                (parse_photograph(line, Path(), name_of_line(line)), _picture(line, out))
                for line in kept
                if (line["source"] in val) == (split == "val")
            ]
            if pictures:
                (folder / split).mkdir()
                fill_split(folder / split, pictures, link)
                counts[split] = len(pictures)
    if to is not None:
        export_data(out / DATA, to, out / to, link=link)
    record = {
        "case": case.id,
        "verdicts": {"number": number, "digest": digest},
        "model": detector.digest,
        "pictures": counts,
        "left_out": [values_of(one, "footage", "frames") for one in left_out],
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


def _picture(line: Line, out: Path) -> Path:
    return out / PICTURES / Path(line["image"]).relative_to("images")


def _once(lines: Sequence[Line], out: Path) -> list[Line]:
    """Without those whose picture, byte for byte, came before under another name: of copies."""
    kept: dict[bytes, Line] = {}
    for line in lines:
        kept.setdefault(hashlib.sha256(_picture(line, out).read_bytes()).digest(), line)
    return list(kept.values())


def _ours(name: str) -> bool:
    first, _, rest = name.partition("/")
    # A killed run leaves the folder that it was filling.
    known = first in (PICTURES, DATA, *FORMATS) or _STAGING.fullmatch(first) is not None
    return name == RECORD or (bool(rest) and known)
