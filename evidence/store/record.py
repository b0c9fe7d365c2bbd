"""A survey stored: everything that was found in one footage, in the caller's transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from datasets.errors import CaseConflict
from datasets.registry import Registry
from detector.types import Footage, Manifest, Probe, Survey
from evidence.record import manifest as to_manifest
from evidence.review.items import add_items
from evidence.store.case import Case
from evidence.store.derived import AnalysisRow, Flag
from evidence.store.flags import find_flags
from evidence.store.keys import analysis_id
from evidence.store.models import FootageRow
from evidence.store.rows import survey_rows
from evidence.store.upsert import insert_all, insert_new


def analysed(session: Session, footage: str, model: str, settings: str) -> bool:
    """Whether the case holds the analysis of that footage with that recipe."""
    return session.get(AnalysisRow, analysis_id(footage, model, settings)) is not None


def record_survey(
    session: Session, case: Case, survey: Survey, registry: Registry, run: str | None = None
) -> str:
    """Stores a survey; a second time changes nothing.

    Its stills are written first, then its rows: a transaction that does not end leaves at most
    pictures that no row names, which the next try takes up.

    Args:
        session: within a transaction, which the caller ends.
        case: where the stills go.
        survey: what was found.
        registry: the one it was found with.
        run: the id of the `Run` that found it.

    Returns:
        The analysis' id.

    Raises:
        CaseConflict: the case holds another answer for the same footage, model and settings.
        CaseUnwritable, CaseUnreachable: it could not be stored; nothing of it was.
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
    for still in survey.stills:
        case.put_still(still.picture)
    analysis = survey.analysis
    record_footage(session, analysis.footage, analysis.probe, analysis.manifest)
    insert_all(session, AnalysisRow, [rows.analysis | {"digest": digest, "run": run}])
    for model, part in rows.parts.items():
        insert_all(session, model, part)
    naming = {"analysis": key} | {n: rows.analysis[n] for n in ("footage", "model", "settings")}
    flags = [flag | naming for flag in find_flags(survey, registry)]
    insert_all(session, Flag, flags)
    add_items(session, key)
    return key


def record_footage(
    session: Session, footage: Footage, probe: Probe, manifest: Manifest | None = None
) -> None:
    """The footage itself, and what its container says where that is not known yet.

    Once read through, it may be longer than its container says (recordings joined end to end), or
    its length known at all. Its manifest is as it was last read: a later version may read what this
    one cannot.
    """
    known: dict[str, Any] = {
        "codec": probe.codec,
        "width": probe.width,
        "height": probe.height,
        "rate": None if probe.average_rate is None else str(probe.average_rate),
        "duration": probe.duration,
        "seconds": None if probe.duration is None else float(probe.duration),
    }
    row = {
        "sha256": footage.sha256,
        "size": footage.size,
        "kind": footage.kind,
        "container": footage.container,
    }
    insert_new(session, FootageRow, [row | known])
    session.execute(
        update(FootageRow)
        .where(
            FootageRow.sha256 == footage.sha256,
            FootageRow.codec.is_(None)
            | (func.coalesce(FootageRow.seconds, 0) < (known["seconds"] or 0)),
        )
        .values(known)
    )
    if manifest is not None:
        session.execute(
            update(FootageRow)
            .where(FootageRow.sha256 == footage.sha256)
            .values(manifest=to_manifest(manifest))
        )
