"""What an answer was computed from, as tables (CSV and Parquet), and what each file is (RO-Crate).

https://www.researchobject.org/ro-crate/specification/1.1/ : the looking (which model, which
settings), the judging (who, when) and the computing are actions, with what went in and came out.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from importlib.metadata import requires, version
from pathlib import Path
from platform import python_version
from typing import Any

from sqlalchemy import Boolean, Float, Integer, func, select
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from datasets.errors import ResultError
from datasets.files import unwritten
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
    Run,
    Work,
)
from evidence.clip.record import dump
from evidence.clip.tables import no_formula

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


def write_tables(session: Session, machines: Sequence[CountedMachine], folder: Path) -> list[Path]:
    """A CSV and a Parquet file of each table of the case, and of the machines as counted.

    Exact times stay text (`1001/24000`); boxes and other lists are JSON. In the CSV a text that a
    spreadsheet would run as a formula has an apostrophe before it: people open these, and the texts
    come from footage and from lists.

    Raises:
        ResultError: a full disk, no permission.
    """
    import polars

    folder.mkdir(parents=True, exist_ok=True)
    written = []
    real = [one for one in machines if one.status is not Status.NONE]
    counted = [{name: _plain(getattr(one, name)) for name in COUNTED} for one in real]
    sets: dict[str, list[dict[str, Any]]] = {"counted": counted}
    columns = {"counted": _types_of_counted()}
    for model in TABLES:
        table = model.__table__
        rows = session.execute(select(table).order_by(*table.primary_key)).mappings()
        columns[table.name] = {one.name: _type_of(one.type) for one in table.columns}
        sets[table.name] = [{name: _plain(value) for name, value in row.items()} for row in rows]
    for name, rows_ in sets.items():
        # Of one type whether or not there is anything in it, so that packages can be put together.
        frame = polars.DataFrame(
            rows_, schema={one: getattr(polars, kind) for one, kind in columns[name].items()}
        )
        safe = frame.with_columns(
            polars.Series(column.name, [one and no_formula(one) for one in column], polars.String)
            for column in frame.select(polars.col(polars.String))
        )
        for suffix, write in (("csv", safe.write_csv), ("parquet", frame.write_parquet)):
            path = folder / f"{name}.{suffix}"
            # Of a full disk Polars says something else for each kind of file; Python does not.
            content = io.BytesIO()
            write(content)
            try:
                path.write_bytes(content.getbuffer())
            except OSError as error:
                raise ResultError(unwritten(path, error)) from error
            written.append(path)
    return written


def _type_of(type_: TypeEngine[Any]) -> str:
    """What Polars calls the type of a column of the case; text is whatever is written as text."""
    for kind, called in ((Boolean, "Boolean"), (Integer, "Int64"), (Float, "Float64")):
        if isinstance(type_, kind):
            return called
    return "String"


def _types_of_counted() -> dict[str, str]:
    kinds = {"bool": "Boolean", "int": "Int64", "float": "Float64"}
    written = CountedMachine.__annotations__ | {"hit": "bool | None"}
    return {
        name: kinds.get(written.get(name, "str").removesuffix(" | None"), "String")
        for name in COUNTED
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, frozenset):
        value = sorted(value)
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return value


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


def describe(session: Session, folder: Path, says: str) -> None:
    """Writes `ro-crate-metadata.json`; every other file is there already."""
    files = (path for path in folder.rglob("*") if path.is_file())
    paths = sorted(path.relative_to(folder).as_posix() for path in files)
    now = datetime.now(UTC)
    graph: list[Entity] = [
        _entity(
            "ro-crate-metadata.json", "CreativeWork",
            conformsTo={"@id": "https://w3id.org/ro/crate/1.1"}, about={"@id": "./"},
        ),
        _entity(
            "./", "Dataset", "Evidence package",
            description=says, datePublished=now.date().isoformat(), license={"@id": "#rights"},
            hasPart=_links(paths), mentions=_links(["#looking", "#judging", "#computing"]),
        ),
        _entity(
            "#rights", "CreativeWork", "Rights",
            description="Stills belong to whoever holds the rights in the footage; no licence is "
            "granted by this package.",
        ),
        *_actions(session, set(paths), now),
        *(_file(folder, path) for path in paths),
    ]  # fmt: skip
    content = {"@context": CONTEXT, "@graph": graph}
    (folder / "ro-crate-metadata.json").write_bytes(dump(content))


def _entity(name: str, kind: str, title: str = "", **more: Any) -> Entity:
    return {"@id": name, "@type": kind} | ({"name": title} if title else {}) | more


def _links(names: Iterable[str]) -> list[Entity]:
    return [{"@id": name} for name in names]


def _actions(session: Session, paths: set[str], now: datetime) -> Iterator[Entity]:
    """What was done, by what and by whom (schema.org's CreateAction, as PROV's Activity)."""
    yield _entity(
        "#nameplate", "SoftwareApplication", "Nameplate",
        version=version("nameplate"), softwareRequirements={"@id": "software.json"},
    )  # fmt: skip
    models = session.scalars(select(Recipe.model).distinct().order_by(Recipe.model)).all()
    named = {f"#model-{model[:16]}": model for model in models}
    for name, model in named.items():
        yield _entity(
            name, "SoftwareApplication", "The model that found machines and marks",
            identifier=f"sha256:{model}",
        )  # fmt: skip
    people = session.execute(
        select(Verdict.author, func.count()).group_by(Verdict.author).order_by(Verdict.author)
    ).all()
    reviewers = [f"#reviewer-{number}" for number in range(1, len(people) + 1)]
    for name, (author, count) in zip(reviewers, people, strict=True):
        yield _entity(name, "Person", author, description=f"{count} verdicts")
    footages = session.scalar(select(func.count()).select_from(FootageRow))
    analyses = session.scalar(select(func.count()).select_from(AnalysisRow))
    looked = session.execute(select(func.min(Run.started), func.max(Run.ended))).one()
    judged = session.execute(select(func.min(Verdict.made), func.max(Verdict.made))).one()
    for name, title, tools, used, made, (begun, ended) in (
        (
            "#looking", f"Looking at {footages} pieces of footage, {analyses} analyses",
            ["#nameplate", *named], ["tables/footage.csv", "settings.json", "registry.json"],
            ["tables/analyses.csv", "tables/sightings.csv", "tables/readings.csv"], looked,
        ),
        (
            "#judging", "People judging what was found", ["#nameplate"],
            ["tables/sightings.csv", "tables/draws.csv", "case.zip"],
            ["tables/verdicts.csv", "tables/items.csv"], judged,
        ),
        (
            "#computing", "Computing the answer", ["#nameplate"],
            ["case.zip", "registry.json", *({"controls.csv"} & paths)],
            ["answer.json", "report.html", "report.pdf", "tables/counted.csv"], (now, now),
        ),
    ):  # fmt: skip
        times = {"startTime": begun, "endTime": ended}
        agent = {"agent": _links(reviewers)} if name == "#judging" and people else {}
        yield _entity(
            name, "CreateAction", title,
            instrument=_links(tools), object=_links(used), result=_links(made), **agent,
            **{key: value.isoformat() for key, value in times.items() if value is not None},
        )  # fmt: skip


def _file(folder: Path, path: str) -> Entity:
    content = (folder / path).read_bytes()
    return _entity(
        path, "File", MEANINGS.get(path) or MEANINGS.get(path.rpartition(".")[0]) or path,
        contentSize=str(len(content)),
        encodingFormat=KINDS.get(Path(path).suffix, "application/octet-stream"),
        sha256=hashlib.sha256(content).hexdigest(),
    )  # fmt: skip
