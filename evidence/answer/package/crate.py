"""What each file of a package is and how it came about: RO-Crate 1.1, what was done as actions.

https://www.researchobject.org/ro-crate/specification/1.1/ : the looking (which model, which
settings), the judging (who, when) and the computing, each with what went in and what came out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import requires, version
from pathlib import Path
from platform import python_version
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from evidence.case.sighting_tables import AnalysisRow, Verdict
from evidence.case.tables import FootageRow, Recipe, Run
from evidence.clip.record import dump

MEANINGS = {
    "README.txt": "What each file is, and how to check it",
    "answer.json": "Every number of the report, and the question",
    "report.html": "The report",
    "report.pdf": "The report, to print",
    "case.zip": "The case without its footage: database, stills, log of verdicts",
    "registry.json": "The builders that claims and verdicts name, and how plants are written",
    "controls.csv": "The positive controls",
    "settings.json": "Every setting that footage was looked at with",
    "software.json": "Versions of the program and of what it is built on",
    "model/CARD.md": "The card of the model that ships with this version",
    "tables/counted": "The machines as they were counted, one a row",
    "tables/footage": "Each original: SHA-256, length, and what the file says of itself (C2PA)",
    "tables/locations": "Where the originals lie, and what is claimed of where they came from",
    "tables/former_places": "Where originals lay until another file was found there, likewise",
    "tables/verdicts": "The log of verdicts: who, when, what, and the digest that chains them",
}
KINDS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".zip": "application/zip",
}
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]
"""What the words below mean. RO-Crate 1.1 rests on a schema.org that had no `sha256` yet, and a
reader of JSON-LD drops a word that no context defines."""
Entity = dict[str, Any]


def write_sources(session: Session, folder: Path) -> None:
    """`settings.json` and `software.json`."""
    recipes = session.scalars(select(Recipe).order_by(Recipe.model, Recipe.settings))
    kept = [
        {
            "model": one.model,
            "settings": one.settings,
            "registry": one.registry_hash,
            "values": one.values,
        }
        for one in recipes
    ]
    (folder / "settings.json").write_bytes(dump({"recipes": kept}, indent=2))
    names = sorted(
        {line.split(";")[0].strip() for line in requires("nameplate") or () if "extra" not in line}
    )
    packages = {}
    for name in (_plain(line) for line in names):
        packages[name] = version(name)
    found = {"nameplate": version("nameplate"), "python": python_version(), "packages": packages}
    (folder / "software.json").write_bytes(dump(found, indent=2))


def describe(session: Session, folder: Path, says: str) -> None:
    """Writes `ro-crate-metadata.json`; every other file is there already."""
    paths = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    graph: list[Entity] = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
            "about": {"@id": "./"},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": "Evidence package",
            "description": says,
            "datePublished": datetime.now(UTC).date().isoformat(),
            "license": {"@id": "#rights"},
            "hasPart": [{"@id": path} for path in paths],
            "mentions": [{"@id": name} for name in ("#looking", "#judging", "#computing")],
        },
        {
            "@id": "#rights",
            "@type": "CreativeWork",
            "name": "Rights",
            "description": "Stills belong to whoever holds the rights in the footage; no licence "
            "is granted by this package.",
        },
        *_actions(session, set(paths)),
        *(_file(folder, path) for path in paths),
    ]
    content = {"@context": CONTEXT, "@graph": graph}
    (folder / "ro-crate-metadata.json").write_bytes(dump(content))


def _actions(session: Session, paths: set[str]) -> Iterator[Entity]:
    """What was done, by what and by whom (schema.org's CreateAction, as PROV's Activity)."""
    yield {
        "@id": "#nameplate",
        "@type": "SoftwareApplication",
        "name": "Nameplate",
        "version": version("nameplate"),
        "softwareRequirements": {"@id": "software.json"},
    }
    models = session.scalars(select(Recipe.model).distinct().order_by(Recipe.model)).all()
    for model in models:
        yield {
            "@id": f"#model-{model[:16]}",
            "@type": "SoftwareApplication",
            "name": "The model that found machines and marks",
            "identifier": f"sha256:{model}",
        }
    begun, ended = session.execute(select(func.min(Run.started), func.max(Run.ended))).one()
    footages = session.scalar(select(func.count()).select_from(FootageRow))
    analyses = session.scalar(select(func.count()).select_from(AnalysisRow))
    yield _action(
        "#looking",
        f"Looking at {footages} pieces of footage, {analyses} analyses",
        [("#nameplate"), *(f"#model-{model[:16]}" for model in models)],
        ["tables/footage.csv", "settings.json", "registry.json"],
        ["tables/analyses.csv", "tables/sightings.csv", "tables/readings.csv"],
        begun,
        ended,
    )
    people = session.execute(
        select(Verdict.author, func.count()).group_by(Verdict.author).order_by(Verdict.author)
    ).all()
    for number, (author, count) in enumerate(people, 1):
        yield {
            "@id": f"#reviewer-{number}",
            "@type": "Person",
            "name": author,
            "description": f"{count} verdicts",
        }
    begun, ended = session.execute(select(func.min(Verdict.made), func.max(Verdict.made))).one()
    yield _action(
        "#judging",
        "People judging what was found",
        ["#nameplate"],
        ["tables/sightings.csv", "tables/draws.csv", "case.zip"],
        ["tables/verdicts.csv", "tables/items.csv"],
        begun,
        ended,
    ) | (
        {"agent": [{"@id": f"#reviewer-{n}"} for n in range(1, len(people) + 1)]} if people else {}
    )
    used = ["case.zip", "registry.json", *({"controls.csv"} & paths)]
    made = ["answer.json", "report.html", "report.pdf", "tables/counted.csv"]
    now = datetime.now(UTC)
    yield _action("#computing", "Computing the answer", ["#nameplate"], used, made, now, now)


def _action(
    name: str,
    words: str,
    instruments: list[str],
    used: list[str],
    made: list[str],
    begun: datetime | None,
    ended: datetime | None,
) -> Entity:
    times = {"startTime": begun, "endTime": ended}
    return {
        "@id": name,
        "@type": "CreateAction",
        "name": words,
        "instrument": [{"@id": one} for one in instruments],
        "object": [{"@id": one} for one in used],
        "result": [{"@id": one} for one in made],
    } | {key: value.isoformat() for key, value in times.items() if value is not None}


def _file(folder: Path, path: str) -> Entity:
    content = (folder / path).read_bytes()
    return {
        "@id": path,
        "@type": "File",
        "name": MEANINGS.get(path) or MEANINGS.get(path.rpartition(".")[0]) or path,
        "contentSize": str(len(content)),
        "encodingFormat": KINDS.get(Path(path).suffix, "application/octet-stream"),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def _plain(requirement: str) -> str:
    """A package's name out of `psycopg[binary]>=3.2`."""
    for at, letter in enumerate(requirement):
        if not (letter.isalnum() or letter in "-_."):
            return requirement[:at]
    return requirement
