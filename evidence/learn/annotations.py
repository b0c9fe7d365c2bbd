"""Judged frames as annotations (`docs/learning.md`), with or without their pictures.

What nobody judged is marked `ignore`: it is neither learnt as a machine nor as none. Every verdict
that something rests on is named by number and digest; authors only where asked. What stands
unlabelled is learnt as background, so marks and controls that the model finds are labelled, with
`by_model`, its confidence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from datasets.photographs.annotations import Photograph, parse_photograph
from detector.boxes import iou, share_inside
from detector.types import CONTROL, MACHINE, WORDMARK, Box, Detections
from evidence.case.base import values_of
from evidence.case.sighting_tables import SightingRow, Verdict
from evidence.learn import frames
from evidence.learn.frames import JudgedFrame, KnownMachine, clipped
from evidence.learn.sources import find_sources
from evidence.link.sightings import overlap

Line = dict[str, Any]

EDGE = 1.0  # pixels from the picture's edge within which a machine is cut by it
LEGIBLE_SCORE = 0.8  # of a reading, for a person to be able to read it as well
SAME_PLACE = 0.5  # IoU of two texts that are one, read twice
_CITED = {"wordmark": "builder", "series": "series", "control": "control", "dealer": "dealer"}


def name_of_frame(footage: str, pts: object) -> str:
    """The path below `images/` of the picture of a frame.

    >>> name_of_frame("ab" * 32, "1001/24000")
    'abababababababab/1001-24000.jpg'
    """
    return f"{footage[:16]}/{str(pts).replace('/', '-')}.jpg"


def annotate(
    frame: JudgedFrame, source: str, case: str, size: tuple[int, int], authors: bool = False
) -> Line:
    """The fields of a `Photograph`; size: the picture's; authors: name who gave each verdict."""
    machines: list[Line] = []
    marks: list[Line] = []
    concealed: list[Box] = []
    refused: list[Box] = []
    for one in frame.known:
        box = clipped(one.box, *size)
        if box is None:
            continue
        if one.outcome == frames.NO_MACHINE and one.sure:
            refused.append(box)
            continue
        machines.append(_machine(one, box, size))
        if one.outcome in frames.SHOWN and one.sighting is not None:
            marks += _marks(one, one.sighting, frame, len(machines) - 1, size)
            found = (part["box"] for part in _here(one.sighting, frame, "concealed"))
            concealed += [cut for own in found if (cut := clipped(own, *size))]
    marks += [
        _mark(r.text, box, "overlay", None, r.score)
        for r in frame.readings
        if r.overlay and (box := clipped(r.box, *size))
    ]
    each = chain(frame.verdicts, *(one.verdicts for one in frame.known))
    verdicts = {verdict.number: verdict for verdict in each}
    line: Line = {
        "image": f"images/{name_of_frame(frame.footage, frame.pts)}",
        "width": size[0],
        "height": size[1],
        "scene": "shopfloor" if machines else "negative",
        "source": source,
        "machines": machines,
        "marks": marks,
        "controls": [],
        "concealed": concealed,
        "origin": {"case": case, "footage": frame.footage, "pts": str(frame.pts)},
        "verdicts": [_verdict(verdicts[number], authors) for number in sorted(verdicts)],
    }
    if refused:
        line["not_machines"] = [list(box) for box in refused]
    return line


def _machine(one: KnownMachine, box: Box, size: tuple[int, int]) -> Line:
    x1, y1, x2, y2 = box
    judged = one.outcome is not None and one.outcome != frames.NO_MACHINE and one.sure
    values: Line = {
        "box": list(box),
        "cnc": one.outcome != frames.OTHER_MACHINE if judged else None,
        "kind": "other",
        "builder": one.builder if judged else None,
        "by": _by(one) if judged else None,
        "truncated": min(x1, y1) <= EDGE or x2 >= size[0] - EDGE or y2 >= size[1] - EDGE,
    }
    if not judged:
        values["ignore"] = True
    if one.outcome is not None:
        values["outcome"] = one.outcome
        values["verdicts"] = [verdict.number for verdict in one.verdicts]
    return values


def _by(one: KnownMachine) -> str | None:
    """What names the builder, where the program knows the reviewer's reason too."""
    if one.builder is None or one.sighting is None or one.outcome == frames.MISSED:
        return None
    kinds = {part["kind"] for part in one.sighting.evidence if part["id"] == one.builder}
    named = next((kind for kind in ("wordmark", "series") if kind in kinds), None)
    return named or ("appearance" if one.outcome == "accept" else None)


def _marks(
    one: KnownMachine, sighting: SightingRow, frame: JudgedFrame, of: int, size: tuple[int, int]
) -> Iterator[Line]:
    """What is written on a machine in this frame, each place once."""
    seen = [(part["text"], part["box"], 1.0) for part in _here(sighting, frame, *_CITED)]
    seen += [
        (reading.text, reading.box, reading.score)
        for reading in frame.readings
        if reading.sighting == sighting.name and not reading.overlay
    ]
    told: list[Box] = []
    for text, place, score in seen:
        box = clipped(place, *size)
        if box is None or any(overlap(box, other) >= SAME_PLACE for other in told):
            continue
        told.append(box)
        # What it was taken for anywhere on the track. A mark of another builder than the one
        # settled on was misread, or is somebody else's. What a text means that proves nothing is
        # not known. A detector may have to find both, so they are no background either.
        parts = [p for p in sighting.evidence if p["text"] == text and p["kind"] in _CITED]
        naming = [p for p in parts if p["kind"] in ("wordmark", "series")]
        right = [p for p in naming if p["id"] == one.builder is not None]
        if right or (parts and not naming):
            part = (right or parts)[0]
            yield _mark(text, box, _CITED[part["kind"]], of, score, part["id"])
        else:
            yield _mark(text, box, "other", of, score) | {"ignore": True}


def _here(sighting: SightingRow, frame: JudgedFrame, *kinds: str) -> list[Line]:
    """The evidence of these kinds found in this very frame."""
    here = [p for p in sighting.evidence if p.get("exact") == str(frame.pts) and p.get("box")]
    return [part for part in here if part["kind"] in kinds]


def _mark(
    text: str, box: Box, role: str, of: int | None, score: float, id: str | None = None
) -> Line:
    said = {"text": text, "role": role, "of": of, "legible": score >= LEGIBLE_SCORE, "id": id}
    return {"box": list(box)} | said


def _verdict(verdict: Verdict, authors: bool) -> Line:
    values: Line = values_of(verdict, "number", "digest", "verdict", "builder")
    if authors:
        values |= {"author": verdict.author, "made": verdict.made.isoformat()}
    return values


def judged_lines(session: Session, case: str) -> Iterator[Line]:
    """Each judged frame as a line of `annotations.jsonl`, without what a model would draw in.
    Without pictures of a folder: by the size of another their boxes would be cut, or lost."""
    sources = find_sources(session)
    for footage in frames.judged_footage(session):
        for frame in frames.judged_frames(session, footage):
            if frame.width and frame.height:
                yield annotate(frame, sources[footage], case, (frame.width, frame.height))


def as_jsonl(session: Session, case: str) -> Iterator[str]:
    """The lines as text."""
    return (json.dumps(one, ensure_ascii=False) + "\n" for one in judged_lines(session, case))


def as_photographs(session: Session, case: str) -> list[Photograph]:
    """The lines, checked; for the formats of other tools."""
    lines = judged_lines(session, case)
    return [parse_photograph(line, Path(), name_of_line(line)) for line in lines]


def name_of_line(line: Line) -> str:
    """What errors call a judged frame."""
    return f"{line['origin']['footage'][:12]} at {line['origin']['pts']}"


SAME = 0.3  # IoU from which a box is one that is annotated already
WITHIN = 0.7  # share of a box inside another, from which it belongs to it
_MACHINE = {"cnc": None, "kind": "other", "builder": None, "by": None, "truncated": False}
_MACHINE |= {"ignore": True}
_MARK = {"text": "", "role": "builder", "legible": False, "id": None}


def carry_over(line: Line, found: Detections, nothing: bool) -> Line:
    """A frame's annotation with what a model `found` besides; `nothing`: people saw no machine."""
    refused = line.get("not_machines", [])
    dead = [m["box"] for m in line["machines"] if m.get("ignore")] + refused
    added: dict[str, list[Any]] = {"machines": [], "marks": [], "controls": []}
    if not nothing:
        known = [m["box"] for m in line["machines"]] + refused
        added["machines"] = [new | _MACHINE for new in _new(found.of(MACHINE), known)]
        dead += [new["box"] for new in added["machines"]]
    for kind, of, own in (("marks", WORDMARK, _MARK), ("controls", CONTROL, {})):
        for new in _new(found.of(of), [one["box"] for one in line[kind]]):
            if not _inside(new["box"], dead):
                added[kind].append(new | own | {"of": _owner(new["box"], line)})
    whole = line | {name: [*line[name], *more] for name, more in added.items()}
    if whole["machines"] and whole["scene"] == "negative":
        whole["scene"] = "shopfloor"
    return whole


def _new(found: Detections, known: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Those that are not annotated yet."""
    there = np.asarray(known, np.float32).reshape(-1, 4)
    fresh = ~((iou(found.xyxy, there) >= SAME) | (share_inside(found.xyxy, there) >= WITHIN))
    kept = found.where(np.asarray(fresh.all(axis=1), np.bool_))
    return [
        {"box": [round(float(x), 2) for x in row], "by_model": round(float(confidence), 3)}
        for row, confidence in zip(kept.xyxy, kept.confidence, strict=True)
    ]


def _inside(box: Sequence[float], others: Sequence[Sequence[float]]) -> bool:
    one = np.asarray([box], np.float32)
    there = np.asarray(others, np.float32).reshape(-1, 4)
    return bool((share_inside(one, there) >= WITHIN).any())


def _owner(box: Sequence[float], line: Line) -> int | None:
    """The machine that bears it: the smallest of those it lies on."""
    on = [
        ((x2 - x1) * (y2 - y1), index)
        for index, (x1, y1, x2, y2) in enumerate(one["box"] for one in line["machines"])
        if _inside(box, [(x1, y1, x2, y2)])
    ]
    return min(on)[1] if on else None
