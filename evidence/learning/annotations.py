"""The annotations of all judged frames, without their pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.orm import Session

from datasets.annotations import Photograph, parse_photograph
from evidence.learning.annotate import Line, annotate
from evidence.learning.frames import judged_footage, judged_frames
from evidence.learning.sources import find_sources


def judged_lines(session: Session, case: str) -> Iterator[Line]:
    """Each judged frame as a line of `annotations.jsonl`.

    Marks and controls that a model would draw in are not there: it looks at pictures. Nor are the
    pictures of a folder: by the size of another their boxes would be cut, or lost.
    """
    sources = find_sources(session)
    for footage in judged_footage(session):
        for frame in judged_frames(session, footage):
            if frame.width and frame.height:
                yield annotate(frame, sources[footage], case, (frame.width, frame.height))


def as_jsonl(session: Session, case: str) -> Iterator[str]:
    """The lines as text."""
    for line in judged_lines(session, case):
        yield json.dumps(line, ensure_ascii=False) + "\n"


def as_photographs(session: Session, case: str) -> list[Photograph]:
    """The lines, checked; for the formats of other tools."""
    return [
        parse_photograph(line, Path(), f"{line['origin']['footage'][:12]} {line['origin']['pts']}")
        for line in judged_lines(session, case)
    ]
