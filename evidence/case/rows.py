"""A survey as the rows a case keeps of it, their digest, and how they are stored."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session

from datasets.errors import CaseConflict
from datasets.messages import encode
from datasets.registry import Registry
from detector.program import program
from detector.types import Analysis, Box, Footage, Manifest, Probe, Reading, Sighting, Survey
from evidence.case.base import Base, chunks, insert_all, insert_new, values_of
from evidence.case.case import Case
from evidence.case.flags import find_flags
from evidence.case.folder import still_suffix
from evidence.case.sighting_tables import (
    AnalysisRow,
    Derived,
    Flag,
    LookRow,
    PrintRow,
    ReadingRow,
    ShotRow,
    SightingRow,
    StillRow,
    analysis_id,
    settings_key,
    sighting_key,
)
from evidence.case.tables import FootageRow, LeadRow
from evidence.clip.record import finite, lead_reasons, reason, share, spell
from evidence.clip.record import manifest as to_manifest
from evidence.review.items import add_items

Row = dict[str, Any]
PARTS: tuple[type[Derived], ...] = (
    ShotRow,
    PrintRow,
    SightingRow,
    LeadRow,
    ReadingRow,
    StillRow,
    LookRow,
)  # the tables an analysis is made of, and its digest covers
_AT_ONCE = 20
"""Analyses read at once: one by one, most of the time goes into asking; of a long clip there are
megabytes."""

_NOT_FOUND_THERE = ("nameplate", "digest", "run")  # of the analysis: who wrote it, not what


@dataclass(frozen=True)
class Rows:
    """One analysis and its parts, as the tables hold them."""

    analysis: Row
    parts: dict[type[Derived], list[Row]]

    def digest(self) -> str:
        """SHA-256 over every value found in the footage, in whatever order the rows come."""
        digest = hashlib.sha256()
        own = {k: v for k, v in self.analysis.items() if k not in _NOT_FOUND_THERE}
        digest.update(_canonical(own))
        for model in PARTS:
            digest.update(f"\n{model.__tablename__}".encode())
            for row in sorted(map(_canonical, self.parts[model])):
                digest.update(b"\n" + row)
        return digest.hexdigest()


def survey_rows(survey: Survey, registry: Registry) -> Rows:
    """The rows of a survey; boxes to hundredths of a pixel, shares to four decimals."""
    analysis = survey.analysis
    sha256, model = analysis.footage.sha256, analysis.model_hash
    settings = settings_key(analysis.settings_hash, registry.digest)
    key = analysis_id(sha256, model, settings)
    naming = {"analysis": key, "footage": sha256, "model": model, "settings": settings}
    loss = analysis.loss
    rows = Rows(
        {"id": key, "footage": sha256, "model": model, "settings": settings}
        | {"registry_hash": registry.digest, "nameplate": program()}
        | {"frames_expected": loss.expected, "frames_decoded": loss.decoded}
        | {"frames_total": loss.total, "losses": [encode(one) for one in loss.reasons]},
        {
            ShotRow: [
                {"number": s.index, "pts": s.start, "end": s.end, "reason": s.reason}
                for s in analysis.shots
            ],
            PrintRow: [
                values_of(one, "pts", "shot", "hashes")
                | {"number": number, "detail": float(one.detail)}
                for number, one in enumerate(survey.prints)
            ],
            SightingRow: [_sighting(one, key) for one in analysis.sightings],
            LeadRow: [
                values_of(lead, "builder", "origin", "doubt")
                | {"sighting": one.id, "number": number, "probability": share(lead.probability)}
                | {"evidence": lead_reasons(lead)}
                for one in analysis.sightings
                for number, lead in enumerate(one.attribution.leads, 1)
            ],
            ReadingRow: [
                values_of(text, "text", "pts", "script")
                | {"number": number, "sighting": name, "box": _box(text.box)}
                | {"score": share(text.score)}
                | {"mirrored": bool(text.mirrored), "overlay": bool(text.overlay)}
                for number, (name, text) in enumerate(_readings(analysis))
            ],
            StillRow: [
                values_of(still, "sighting", "role", "pts")
                | {"box": _box(still.box), "suffix": still_suffix(still.picture)}
                | {"sha256": hashlib.sha256(still.picture).hexdigest()}
                for still in survey.stills
            ],
            LookRow: [
                values_of(look, "sighting", "pts", "appearance", "points") | {"box": _box(look.box)}
                for look in survey.looks
            ],
        },
    )
    for part in rows.parts.values():
        for row in part:
            row |= naming
    return rows


def stored_rows(session: Session, analysis: str) -> Rows:
    """The rows a case holds of one analysis."""
    ((_, rows),) = each_stored(session, [analysis])
    return rows


def each_stored(session: Session, analyses: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """Each of these analyses with the rows a case holds of it."""
    for some in chunks(analyses, _AT_ONCE):
        own = {row["id"]: row for row in read_rows(session, AnalysisRow, AnalysisRow.id.in_(some))}
        parts: dict[str, dict[type[Derived], list[Row]]]
        parts = {key: {model: [] for model in PARTS} for key in some}
        for model in PARTS:
            for row in read_rows(session, model, model.analysis.in_(some)):
                parts[row["analysis"]][model].append(row)
        for key in some:
            yield key, Rows(own[key], parts.pop(key))


def read_rows(session: Session, model: type[Base], where: Any) -> list[Row]:
    """Rows of one table, with all columns."""
    columns = inspect(model).columns
    return [dict(row) for row in session.execute(select(*columns).where(where)).mappings()]


def _canonical(row: Row) -> bytes:
    return json.dumps(row, sort_keys=True, separators=(",", ":"), default=_plain).encode()


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{value!r} is no value of a row")


def _readings(analysis: Analysis) -> Iterator[tuple[str | None, Reading]]:
    for sighting in analysis.sightings:
        yield from ((sighting.id, text) for text in sighting.readings)
    lone = (text for mark in analysis.lone_marks for text in mark.readings)
    yield from ((None, text) for text in (*analysis.overlays, *lone))


def _sighting(sighting: Sighting, analysis: str) -> Row:
    track, best, found = sighting.track, sighting.best, sighting.attribution
    origin = found.origin
    return {
        "name": sighting.id,
        "key": sighting_key(analysis, sighting.id),
        "shot": track.shot.index,
        "first": track.first,
        "last": track.last,
        "pts": best.pts,
        "box": _box(best.box),
        "confidence": share(best.confidence),
        "track": [
            [str(one.pts), *_box(one.box), share(one.confidence)] for one in track.observations
        ],
        **values_of(found, "builder", "grade", "control", "series"),
        "probability": share(found.probability),
        "concealed": bool(found.concealed),
        "evidence": [reason(part) for part in found.evidence],
        "origin": None if origin is None else origin.code,
        "origin_basis": None if origin is None else origin.basis,
        "origin_grade": None if origin is None else origin.grade,
        "lead_origin": next((one.origin for one in found.leads if one.builder is None), None)
        if origin is None
        else None,
        # The name within a folder of stills: where the folder lay is no part of the finding.
        "file": None if sighting.file is None else spell(os.fspath(sighting.file.name)),
    }


def _box(box: Box) -> list[float]:
    return [round(finite(corner), 2) for corner in box]


def analysed(session: Session, footage: str, model: str, settings: str) -> bool:
    """Whether the case holds the analysis of that footage with that recipe."""
    return session.get(AnalysisRow, analysis_id(footage, model, settings)) is not None


def record_survey(
    session: Session, case: Case, survey: Survey, registry: Registry, run: str | None = None
) -> str:
    """The analysis' id, after its survey is stored; a second time changes nothing.

    Stills are written before rows. So a transaction that does not end leaves at most pictures that
    no row names, and the next try uses them. The caller ends the transaction. `CaseConflict`: the
    case holds another answer for the same footage, model and settings. `CaseUnwritable`,
    `CaseUnreachable`: it could not be stored; nothing of it was.
    """
    rows = survey_rows(survey, registry)
    key: str = rows.analysis["id"]
    digest = rows.digest()
    known = session.scalar(select(AnalysisRow.digest).where(AnalysisRow.id == key))
    if known == digest:
        return key
    if known is not None:
        raise CaseConflict(
            f"{survey.analysis.footage.path}: looked at a second time, with the same model and "
            "settings, it gives another answer than the one in the case, which stays"
        )
    insert_rows(session, case, survey, rows, find_flags(survey, registry), run)
    return key


def insert_rows(
    session: Session, case: Case, survey: Survey, rows: Rows, flags: Sequence[Row], run: str | None
) -> None:
    """Inserts the parts of a survey and what follows from them; its analysis, or what it is now."""
    for still in survey.stills:
        case.put_still(still.picture)
    analysis = survey.analysis
    record_footage(session, analysis.footage, analysis.probe, analysis.manifest)
    session.merge(AnalysisRow(**rows.analysis, digest=rows.digest(), run=run))
    session.flush()
    for model, part in rows.parts.items():
        insert_all(session, model, part)
    names = ("footage", "model", "settings")
    naming = {"analysis": rows.analysis["id"]} | {name: rows.analysis[name] for name in names}
    insert_all(session, Flag, [flag | naming for flag in flags])
    add_items(session, rows.analysis["id"])


def record_footage(
    session: Session, footage: Footage, probe: Probe | None, manifest: Manifest | None = None
) -> None:
    """The footage itself, and what its container says (`probe`) where that is not known yet.

    Once read through, it may be longer than its container says (recordings joined end to end), or
    its length known at all. Its manifest is as last read: later versions may read more.
    """
    row = values_of(footage, "sha256", "size", "kind", "container")
    this = FootageRow.sha256 == footage.sha256
    insert_new(session, FootageRow, [row])
    if probe is not None:
        length = None if probe.duration is None else float(probe.duration)
        rate = None if probe.average_rate is None else str(probe.average_rate)
        known = values_of(probe, "codec", "width", "height", "duration")
        known |= {"rate": rate, "seconds": length}
        shorter = func.coalesce(FootageRow.seconds, 0) < (length or 0)
        unknown = FootageRow.codec.is_(None)
        session.execute(update(FootageRow).where(this, unknown | shorter).values(known))
    if manifest is not None:
        session.execute(update(FootageRow).where(this).values(manifest=to_manifest(manifest)))
