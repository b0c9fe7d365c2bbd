"""The files of a package: its tables (CSV), what each is (RO-Crate), whether all are whole.

https://www.researchobject.org/ro-crate/specification/1.1/
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import requires, version
from pathlib import Path, PurePosixPath
from platform import python_version
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import PackageDamaged, ResultError, UsageError
from datasets.files import isdir, isfile, unwritten
from evidence.answer.population import CountedMachine, Status
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Decision,
    Flag,
    Link,
    MachineRow,
    Membership,
    ReadingRow,
    ShotRow,
    SightingRow,
    StillRow,
    Verdict,
)
from evidence.case.tables import (
    ControlRow,
    Draw,
    FootageRow,
    FormerPlace,
    Item,
    LeadRow,
    Location,
    Recipe,
    Work,
)
from evidence.clip.record import dump
from evidence.clip.tables import no_formula

MANIFEST, TAGS = "manifest-sha256.txt", "tagmanifest-sha256.txt"
MOST_LISTED = 20

TABLES: tuple[type[Any], ...] = (
    FootageRow,
    Location,
    FormerPlace,
    Work,
    Recipe,
    AnalysisRow,
    ShotRow,
    SightingRow,
    LeadRow,
    ReadingRow,
    StillRow,
    MachineRow,
    Membership,
    Link,
    Copy,
    Decision,
    Flag,
    Draw,
    Item,
    Verdict,
    ControlRow,
)
COUNTED = {
    "id": "the machine, as in the tables machines and memberships; entered-N: entered by hand",
    "plant": "where its footage is said to have been shot; a recording of which nobody says so "
    "stands for itself (stated: false) and is no plant to count",
    "stated": "sources name the plant",
    "recordings": "in which it is seen, copies counted once (a list)",
    "years": "in which what shows it was published first (a list)",
    "claim": "the builder that the PROGRAM names (or who entered it); empty: it names none",
    "claimed": "whether the PROGRAM (or who entered it) takes it to be of the kind asked for; "
    "empty: it cannot tell. Not what is confirmed",
    "builder": "the builder that people settled on; empty: none",
    "status": "what is known of it. confirmed: CONFIRMED, people settled it as of the kind asked "
    "for; other: as of another kind; lead: a claim for the kind waits for people; pending: a "
    "verdict waits for another; disputed: people disagree; untold: the builder does not tell the "
    "kind; named: the PROGRAM names another kind; concealed, unknown: nobody knows the builder",
    "settled": "people settled what it is, whatever that is: as unknown, too",
    "drawn": "its first sighting is in the audit sample, and somebody has judged it",
    "chance": "that its first sighting had of being drawn, 0 to 1; empty: it was not drawn",
    "lane": "the stratum of the audit sample that its first sighting is in: named or unknown",
    "flagged": "a sighting of it is there to be judged in any case, as a claim",
    "conflict": "its settled sightings disagree",
    "sightings": "how many were linked to it",
    "entered": "it was entered by hand, and so is in no share that is estimated",
    "replaced": "one entered by hand counts in its stead: this row counts nowhere",
    "unlinked": "the key of its one sighting, where that was not linked yet",
    "elsewhere": "what people settled by footage that is not asked about speaks against this",
    "lead": "the PROGRAM has a lead of the kind for it, claimed or not, and nobody has judged it",
    "at_plant": "the recordings of its plant's own footage (a list); none where none is stated",
    "hit": "true: CONFIRMED, people settled it as of the kind asked for; false: as of another; "
    "empty: not known, which is neither",
    "stratum": "what `claimed` says: claimed (true), named (false), unread (empty)",
}
"""The columns of the table `counted`, and what each says: `CountedMachine` without its views."""


def write_tables(session: Session, machines: Sequence[CountedMachine], folder: Path) -> None:
    """Writes a CSV file of each table of the case, and of the machines as counted.

    Exact times stay text (`1001/24000`); boxes and other lists are JSON. A text that a spreadsheet
    would run as a formula has an apostrophe before it: the texts come from footage and lists.

    Raises:
        ResultError: a full disk, no permission.
    """
    folder.mkdir(parents=True, exist_ok=True)
    real = (one for one in machines if one.status is not Status.NONE)
    counted = [[getattr(one, name) for name in COUNTED] for one in real]
    _write_csv(folder / "counted.csv", [*COUNTED], counted)
    for model in TABLES:
        table = model.__table__
        rows = session.execute(select(table).order_by(*table.primary_key)).all()
        _write_csv(folder / f"{table.name}.csv", table.columns.keys(), rows)


def _write_csv(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(columns)
            out.writerows([_cell(value) for value in row] for row in rows)
    except OSError as error:
        raise ResultError(unwritten(path, error)) from error


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list | tuple | dict | frozenset):
        value = sorted(value) if isinstance(value, frozenset) else value
        return json.dumps(value, ensure_ascii=False)
    return no_formula(str(value).encode("utf-8", "backslashreplace").decode())


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
    "tables/counted.csv": "The machines as they were counted, one a row",
    "tables/footage.csv": "Each original: SHA-256, length, and what the file says of itself (C2PA)",
    "tables/locations.csv": "Where the originals lie, and what is claimed of where they came from",
    "tables/former_places.csv": "Where originals lay until another file was found there, likewise",
    "tables/verdicts.csv": "The log of verdicts: who, when, what, and the digest that chains them",
}
KINDS = {
    ".csv": "text/csv",
    ".html": "text/html",
    ".json": "application/json",
    ".md": "text/markdown",
    ".pdf": "application/pdf",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".zip": "application/zip",
}
CONTEXT = ["https://w3id.org/ro/crate/1.1/context", {"sha256": "http://schema.org/sha256"}]
"""What the words below mean. RO-Crate 1.1 rests on a schema.org that had no `sha256` yet, and a
reader of JSON-LD drops a word that no context defines."""


def write_sources(session: Session, folder: Path) -> None:
    """`settings.json` and `software.json`."""
    kept = [
        {
            "model": one.model,
            "settings": one.settings,
            "registry": one.registry_hash,
            "values": one.values,
        }
        for one in session.scalars(select(Recipe).order_by(Recipe.model, Recipe.settings))
    ]
    (folder / "settings.json").write_bytes(dump({"recipes": kept}, indent=2))
    needed = (line for line in requires("nameplate") or () if "extra" not in line)
    names = sorted({re.split(r"[^\w.-]", line.split(";")[0].strip())[0] for line in needed})
    packages = {name: version(name) for name in names}
    found = {"nameplate": version("nameplate"), "python": python_version(), "packages": packages}
    (folder / "software.json").write_bytes(dump(found, indent=2))


def describe(folder: Path, says: str) -> None:
    """Writes `ro-crate-metadata.json`; every other file is there already."""
    paths = sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
    )
    crate = {"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "about": {"@id": "./"}}
    root = {
        "name": "Evidence package",
        "description": says,
        "datePublished": datetime.now(UTC).date().isoformat(),
        "license": {"@id": "#rights"},
        "hasPart": [{"@id": path} for path in paths],
        "mentions": {"@id": "#computing"},
    }
    rights = {
        "name": "Rights",
        "description": "Stills belong to whoever holds the rights in the footage; no licence is "
        "granted by this package.",
    }
    computing = {
        "name": f"Nameplate {version('nameplate')} computed the answer",
        "object": [{"@id": name} for name in ("case.zip", "registry.json")],
        "result": [{"@id": name} for name in ("answer.json", "report.html", "report.pdf")],
    }
    graph = [
        crate | {"conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"}},
        {"@id": "./", "@type": "Dataset"} | root,
        {"@id": "#rights", "@type": "CreativeWork"} | rights,
        {"@id": "#computing", "@type": "CreateAction"} | computing,
        *(_file(folder, path) for path in paths),
    ]
    (folder / "ro-crate-metadata.json").write_bytes(dump({"@context": CONTEXT, "@graph": graph}))


def _file(folder: Path, path: str) -> dict[str, str]:
    content = (folder / path).read_bytes()
    return {
        "@id": path,
        "@type": "File",
        "name": MEANINGS.get(path, path),
        "contentSize": str(len(content)),
        "encodingFormat": KINDS.get(Path(path).suffix, "application/octet-stream"),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def check_whole(package: Path) -> None:
    """Compares every file with the bag's manifests (RFC 8493, 3).

    Raises:
        UsageError: it is no package.
        PackageDamaged: files altered, gone or added; the message names them.
    """
    if not isfile(package / "bagit.txt"):
        raise UsageError(f"{package}: no package; `nameplate answer CASE --package DIR` makes one")
    if damage := sorted(set(_damage(package))):
        raise PackageDamaged(f"{package}: not what it was: {some_lines(damage)}")


def _damage(package: Path) -> Iterator[str]:
    listed: dict[str, str] = {}
    for name in (TAGS, MANIFEST):
        try:
            listed |= _read_manifest(package / name)
        except FileNotFoundError:
            yield f"{name} is gone"
            return  # what it listed would all seem to have been added
        except (OSError, ValueError) as error:
            yield f"{name} makes no sense ({error})"
            return
    for name, digest in listed.items():
        file = package / name
        if not isfile(file) or file.is_symlink():
            yield f"{name} is gone"
        else:
            with file.open("rb") as content:
                if hashlib.file_digest(content, "sha256").hexdigest() != digest:
                    yield f"{name} was altered"
    for file in package.rglob("*"):
        name = file.relative_to(package).as_posix()
        if name not in listed and ((name != TAGS and not isdir(file)) or file.is_symlink()):
            yield f"{name} was added"


def _read_manifest(file: Path) -> dict[str, str]:
    """
    Raises:
        ValueError: a line that is none, or that names a file elsewhere.
    """
    found = {}
    for line in file.read_text("utf-8").splitlines():
        digest, _, name = line.partition(" ")
        name = name.strip()
        if not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise ValueError(f"line {line[:100]!r}")
        found[name] = digest
    return found


def some_lines(lines: Sequence[str]) -> str:
    """Lines in one, and how many more there are."""
    more = len(lines) - MOST_LISTED
    return "; ".join(lines[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")
