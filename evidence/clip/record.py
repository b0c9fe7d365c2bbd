"""An analysis as plain data: the one shape behind `sightings.json` and `analyze --json`.

The shape is `schemas/sightings-1.json`, in words `docs/results.md`. Fields may be added
within a version; none is renamed, removed or given another meaning.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from fractions import Fraction
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

from datasets.errors import NameplateError
from datasets.provenance import provenance_of
from datasets.registry import Entry, Registry
from detector.leads import Lead
from detector.program import program
from detector.types import (
    Analysis,
    Attribution,
    Box,
    Evidence,
    LoneMark,
    Manifest,
    Origin,
    Reading,
    Shot,
    Sighting,
    Withheld,
)

SCHEMA = "nameplate/sightings-1"
Record = dict[str, Any]


@cache
def load_schema() -> Record:
    """The JSON Schema (draft 2020-12) every record and every failure satisfies."""
    text = files("evidence").joinpath("schemas/sightings-1.json").read_text("utf-8")
    return cast(Record, json.loads(text))


def to_record(analysis: Analysis, registry: Registry, listed: str | None = None) -> Record:
    """One analysis, ready for JSON.

    Args:
        analysis: what was found in one footage.
        registry: where builders and controls get their names and origins.
        listed: the path as the user gave it, where it differs from `analysis.footage.path`.

    Returns:
        Plain data that satisfies `load_schema()`. Seconds are rounded to milliseconds (beside
        each `exact`, `first_exact` or the like keeps the fraction), boxes to tenths of a pixel of
        the upright frame.
    """
    footage, probe, loss = analysis.footage, analysis.probe, analysis.loss
    path = spell(listed or os.fspath(footage.path))
    return {
        "schema": SCHEMA,
        "footage": path,
        "sha256": footage.sha256,
        "size": footage.size,
        "kind": footage.kind,
        "container": footage.container,
        "codec": probe.codec,
        "width": probe.width,
        "height": probe.height,
        "duration": None if probe.duration is None else seconds(probe.duration),
        "rate": None if probe.average_rate is None else str(probe.average_rate),
        "frames_expected": loss.expected,
        "frames_decoded": loss.decoded,
        "frames_lost": loss.lost,
        "frames_total": loss.total,
        "losses": list(loss.reasons),
        "machines": [machine(sighting, registry, path) for sighting in analysis.sightings],
        "lone_marks": [lone_mark(found, registry, path) for found in analysis.lone_marks],
        "manual_machines": analysis.manual_machines,
        "overlays": [reading(text) for text in analysis.overlays],
        "shots": [shot(part) for part in analysis.shots],
        "manifest": manifest(analysis.manifest),
        "nameplate": program(),
        "model_sha256": analysis.model_hash,
        "settings_sha256": analysis.settings_hash,
        "registry_sha256": registry.digest,
        "settings": dict(analysis.settings),
    }


def to_failure(listed: str, error: NameplateError) -> Record:
    """One footage that could not be looked at, and why."""
    return {
        "schema": SCHEMA,
        "footage": spell(listed),
        "error": {"kind": error.kind, "message": spell(str(error))},
    }


def dump(record: Mapping[str, Any], indent: int | None = None) -> bytes:
    """A record as UTF-8 JSON, whatever the terminal's encoding; one line unless indented.

    A file name that is not UTF-8 keeps its odd bytes as `\\udcXX` escapes, which
    `os.fsencode(json.loads(line)["footage"])` turns back into the bytes on disk.
    """
    text = json.dumps(record, ensure_ascii=False, allow_nan=False, indent=indent)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def spell(path: str) -> str:
    """A path's bytes read as UTF-8, also where the locale made Python read them as ASCII."""
    try:
        return path.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return path


def machine(sighting: Sighting, registry: Registry, path: str) -> Record:
    """One sighting, of the footage at `path`: when, where, who built it, and on what grounds."""
    attribution, track, best = sighting.attribution, sighting.track, sighting.best
    return {
        "id": sighting.id,
        "first": seconds(track.first),
        "last": seconds(track.last),
        "first_exact": str(track.first),
        "last_exact": str(track.last),
        "shot": track.shot.index,
        "observations": len(track.observations),
        "best": {
            "pts": seconds(best.pts),
            "exact": str(best.pts),
            "box": box(best.box),
            "confidence": share(best.confidence),
        },
        "grade": attribution.grade,
        "probability": share(attribution.probability),
        "builder": builder(attribution, registry),
        "origin": origin(attribution.origin),
        "withheld": withheld(attribution.withheld, registry),
        "leads": [lead(one, registry) for one in attribution.leads],
        "control": control(attribution.control, registry),
        "series": attribution.series,
        "concealed": attribution.concealed,
        "readings": [reading(text) for text in sighting.readings if not text.overlay],
        "set_aside": [reading(text) for text in sighting.readings if text.overlay],
        "evidence": [
            reason(part) | {"name": None if part.id is None else registry.get(part.id).name}
            for part in attribution.evidence
        ],
        # As the folder was given: where on whose disk it lies is nobody else's business.
        "file": None if sighting.file is None else str(Path(path) / spell(sighting.file.name)),
        "still": None,
        "mark": None,
    }


def lone_mark(found: LoneMark, registry: Registry, path: str) -> Record:
    """A mark read where no machine is seen, in footage at `path`: what it says, not whose it is."""
    told = found.evidence
    assert told.pts is not None
    return {
        "id": found.id,
        "shot": found.shot.index,
        **{key: value for key, value in reason(told).items() if key not in ("id", "weight")},
        "reads_as": reads_as(found.builder, registry),
        "plate": found.plate,
        "readings": [reading(text) for text in found.readings],
        "file": None if found.file is None else str(Path(path) / spell(found.file.name)),
        "still": None,
    }


def builder(attribution: Attribution, registry: Registry) -> Record | None:
    """The builder with its origin as separate fields, or None for unknown."""
    if attribution.builder is None:
        return None
    entry = registry.get(attribution.builder)
    return {
        "id": entry.id,
        "name": entry.name,
        "type": entry.type,
        "origin": entry.origin,
        "owner": None
        if entry.owner is None
        else {"name": entry.owner.name, "country": entry.owner.country},
        "production": list(entry.production),
        "registry": grounds(entry),
        "grade": attribution.grade,
        "probability": share(attribution.probability),
    }


def grounds(entry: Entry) -> Record:
    """How sure the registry is of an entry, and what it has that from."""
    found = provenance_of(entry)
    return {
        "confidence": found.confidence,
        "says": found.says,
        "sources": list(found.sources),
        "documents": list(found.documents),
    }


def origin(found: Origin | None) -> Record | None:
    """Where the machine comes from and how that is known, or None for unknown."""
    if found is None:
        return None
    return {"code": found.code, "basis": found.basis, "grade": found.grade}


def withheld(found: Withheld | None, registry: Registry) -> Record | None:
    """What is read on a machine and not said of it, or None."""
    if found is None:
        return None
    return {
        "reads_as": reads_as(found.builder, registry),
        "origin": origin(found.origin),
        "doubt": found.doubt,
    }


def lead(found: Lead, registry: Registry) -> Record:
    """Who may have built a machine, or where it may come from, with all that this rests on."""
    return {
        "builder": reads_as(found.builder, registry),
        "origin": found.origin,
        "probability": share(found.probability),
        "doubt": found.doubt,
        "evidence": lead_reasons(found),
    }


def lead_reasons(found: Lead) -> list[Record]:
    """What a lead rests on, the heaviest first."""
    return [
        {
            "feature": one.feature,
            "weight": round(finite(one.weight), 3),
            "says": one.says,
            "text": one.text,
        }
        for one in found.evidence
    ]


def reads_as(id_: str | None, registry: Registry) -> Record | None:
    """An entry whose mark was read, where that claims nothing."""
    if id_ is None:
        return None
    entry = registry.get(id_)
    return {
        "id": entry.id,
        "name": entry.name,
        "type": entry.type,
        "origin": entry.origin,
        "registry": grounds(entry),
    }


def control(id_: str | None, registry: Registry) -> Record | None:
    """The control's maker, which says nothing of the machine's builder."""
    if id_ is None:
        return None
    entry = registry.get(id_)
    return {"id": entry.id, "name": entry.name, "origin": entry.origin}


def reading(text: Reading) -> Record:
    return {
        "text": text.text,
        "score": share(text.score),
        "box": box(text.box),
        "pts": seconds(text.pts),
        "exact": str(text.pts),
        "script": text.script,
        "mirrored": text.mirrored,
    }


def reason(part: Evidence) -> Record:
    return {
        "kind": part.kind,
        "id": part.id,
        "text": part.text,
        "weight": round(finite(part.weight), 2),
        "pts": None if part.pts is None else seconds(part.pts),
        "exact": None if part.pts is None else str(part.pts),
        "box": None if part.box is None else box(part.box),
    }


def manifest(found: Manifest | None) -> Record | None:
    """What the footage says of its own making; None where none was looked for."""
    return (
        None
        if found is None
        else asdict(found)
        | {
            "actions": list(found.actions),
            "problems": list(found.problems),
        }
    )


def shot(part: Shot) -> Record:
    return {
        "index": part.index,
        "start": seconds(part.start),
        "end": seconds(part.end),
        "start_exact": str(part.start),
        "end_exact": str(part.end),
        "reason": part.reason,
    }


def seconds(time: Fraction) -> float:
    """Seconds, to the millisecond."""
    return round(float(time), 3)


def share(value: float) -> float:
    """A value in 0..1 with four decimals; one below certainty is never rounded up to it."""
    value = finite(value)
    return min(round(value, 4), 0.9999) if value < 1 else value


def box(corners: Box) -> list[float]:
    """(x1, y1, x2, y2) in tenths of a pixel of the upright frame."""
    return [round(finite(corner), 1) for corner in corners]


def finite(value: float) -> float:
    """JSON has no NaN: what is not a number says nothing, which is 0."""
    value = float(value)
    return value if math.isfinite(value) else 0.0
