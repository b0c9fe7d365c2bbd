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
from pathlib import Path
from typing import Any

from datasets.entry import Entry, provenance_of
from datasets.errors import NameplateError
from datasets.registry import Registry
from detector.leads import Lead
from detector.program import program
from detector.types import Analysis, Box, Evidence, LoneMark, Manifest, Origin, Reading, Sighting

SCHEMA = "nameplate/sightings-1"
Record = dict[str, Any]
COUNTS = ("expected", "decoded", "lost", "total")


def to_record(analysis: Analysis, registry: Registry, listed: str | None = None) -> Record:
    """One analysis, ready for JSON, as the schema has it.

    Seconds are rounded to milliseconds (beside each `exact` or the like keeps the fraction), boxes
    to tenths of a pixel of the upright frame. listed: the path as the user gave it.
    """
    footage, probe, loss = analysis.footage, analysis.probe, analysis.loss
    path = spell(listed or os.fspath(footage.path))
    return {
        "schema": SCHEMA,
        "footage": path,
        **values_of(footage, "sha256", "size", "kind", "container"),
        **values_of(probe, "codec", "width", "height"),
        "duration": None if probe.duration is None else seconds(probe.duration),
        "rate": None if probe.average_rate is None else str(probe.average_rate),
        **{f"frames_{name}": count for name, count in values_of(loss, *COUNTS).items()},
        "losses": list(loss.reasons),
        "machines": [machine(sighting, registry, path) for sighting in analysis.sightings],
        "lone_marks": [lone_mark(found, registry, path) for found in analysis.lone_marks],
        "manual_machines": analysis.manual_machines,
        "overlays": [reading(text) for text in analysis.overlays],
        "shots": [
            {"index": part.index, **at("start", part.start), **at("end", part.end)}
            | {"reason": part.reason}
            for part in analysis.shots
        ],
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
    found, track, best = sighting.attribution, sighting.track, sighting.best
    sure = {"grade": found.grade, "probability": share(found.probability)}
    builder = reads_as(found.builder, registry)
    if builder is not None:
        entry = registry.get(builder["id"])
        owner = None if entry.owner is None else values_of(entry.owner, "name", "country")
        builder |= {"owner": owner, "production": list(entry.production)} | sure
    control = None if found.control is None else registry.get(found.control)
    doubt = found.withheld
    return {
        "id": sighting.id,
        **at("first", track.first),
        **at("last", track.last),
        "shot": track.shot.index,
        "observations": len(track.observations),
        "best": moment(best.pts) | {"box": box(best.box), "confidence": share(best.confidence)},
        **sure,
        "builder": builder,
        "origin": origin(found.origin),
        "withheld": doubt
        and {
            "reads_as": reads_as(doubt.builder, registry),
            "origin": origin(doubt.origin),
            "doubt": doubt.doubt,
        },
        "leads": [
            {
                "builder": reads_as(one.builder, registry),
                "origin": one.origin,
                "probability": share(one.probability),
                "doubt": one.doubt,
                "evidence": lead_reasons(one),
            }
            for one in found.leads
        ],
        # The control's maker says nothing of the machine's builder.
        "control": None if control is None else values_of(control, "id", "name", "origin"),
        **values_of(found, "series", "concealed"),
        "readings": [reading(text) for text in sighting.readings if not text.overlay],
        "set_aside": [reading(text) for text in sighting.readings if text.overlay],
        "evidence": [
            reason(part) | {"name": None if part.id is None else registry.get(part.id).name}
            for part in found.evidence
        ],
        # As the folder was given: where on whose disk it lies is nobody else's business.
        "file": None if sighting.file is None else str(Path(path) / spell(sighting.file.name)),
        "still": None,
        "mark": None,
    }


def lone_mark(found: LoneMark, registry: Registry, path: str) -> Record:
    """A mark read where no machine is seen, in footage at `path`: what it says, not whose it is."""
    told = reason(found.evidence)
    return {
        "id": found.id,
        "shot": found.shot.index,
        **{key: value for key, value in told.items() if key not in ("id", "weight")},
        "reads_as": reads_as(found.builder, registry),
        "plate": found.plate,
        "readings": [reading(text) for text in found.readings],
        "file": None if found.file is None else str(Path(path) / spell(found.file.name)),
        "still": None,
    }


def grounds(entry: Entry) -> Record:
    """How sure the registry is of an entry, and what it has that from."""
    found = provenance_of(entry)
    known = values_of(found, "confidence", "says")
    return known | {"sources": list(found.sources), "documents": list(found.documents)}


def origin(found: Origin | None) -> Record | None:
    """Where the machine comes from and how that is known, or None for unknown."""
    return None if found is None else values_of(found, "code", "basis", "grade")


def lead_reasons(found: Lead) -> list[Record]:
    """What a lead rests on, the heaviest first."""
    return [
        values_of(one, "feature", "says", "text") | {"weight": round(finite(one.weight), 3)}
        for one in found.evidence
    ]


def reads_as(id_: str | None, registry: Registry) -> Record | None:
    """An entry whose mark was read."""
    if id_ is None:
        return None
    entry = registry.get(id_)
    return values_of(entry, "id", "name", "type", "origin") | {"registry": grounds(entry)}


def reading(text: Reading) -> Record:
    """A text that was read, where and when."""
    said = values_of(text, "text", "script", "mirrored") | {"score": share(text.score)}
    return said | {"box": box(text.box)} | moment(text.pts)


def reason(part: Evidence) -> Record:
    """One piece of evidence."""
    said = values_of(part, "kind", "id", "text") | {"weight": round(finite(part.weight), 2)}
    return said | moment(part.pts) | {"box": part.box and box(part.box)}


def manifest(found: Manifest | None) -> Record | None:
    """What the footage says of its own making; None where none was looked for."""
    if found is None:
        return None
    return asdict(found) | {"actions": list(found.actions), "problems": list(found.problems)}


def values_of(row: object, *names: str) -> Record:
    """Some attributes of an object, by name."""
    return {name: getattr(row, name) for name in names}


def moment(time: Fraction | None) -> Record:
    """When something stands, rounded and exact."""
    if time is None:
        return {"pts": None, "exact": None}
    return {"pts": seconds(time), "exact": str(time)}


def at(name: str, time: Fraction) -> Record:
    """A time in the footage: rounded and exact."""
    return {name: seconds(time), f"{name}_exact": str(time)}


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
