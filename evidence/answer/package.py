"""The evidence package: all that an answer rests on, in a form that can be checked and kept.

A BagIt bag (RFC 8493), so that any archive can check if it is whole. Its README.txt
(`templates/package.txt.j2`) says what each file is.

`recompute` takes the case out of the bag, asks it again, writes all again and compares.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

from jinja2 import Environment, StrictUndefined
from pydantic import Field, TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.entry import Entry
from datasets.errors import CaseContradictory, CaseExists, PackageDamaged, ResultError, UsageError
from datasets.files import exists, isfile, unwritten
from datasets.registry import Registry
from detector.look.model_files import model_digest
from evidence.answer.answer import Answer
from evidence.answer.case import read_case
from evidence.answer.population import CountedMachine, Status
from evidence.answer.question import Question
from evidence.answer.report import MEANS, CaseAnswer, render_answer
from evidence.case.base import Base
from evidence.case.case import Case
from evidence.case.check import check_analyses, check_items, check_machines
from evidence.case.edition import Edition, share_case
from evidence.case.pack import pack
from evidence.case.unpack import unpack
from evidence.case.verdicts import kept_stills, verify
from evidence.clip.record import dump
from evidence.clip.report import read_template
from evidence.clip.tables import no_formula
from evidence.pdf import words_of_pdf, write_pdf

FORMAT = 13
"""Of what a package says, and of the rules that compute it."""

WRITER = version("nameplate")
"""Which Nameplate writes, and computes again."""

MANIFESTS = ("tagmanifest-sha256.txt", "manifest-sha256.txt")
MOST_LISTED = 20

TABLES = ("footage", "locations", "verdicts")
"""Tables of the case that are CSV files as well: case.db in case.zip has them all."""

COUNTED = (
    "id", "plant", "stated", "recordings", "footage", "years", "claim", "claimed", "builder",
    "hit", "status", "settled", "drawn", "chance", "lane", "flagged", "sightings", "entered",
    "replaced",
)  # fmt: skip
"""The columns of the table `counted`; README.txt explains each."""

_QUESTION = TypeAdapter(Question)
_PLANTS = TypeAdapter(list[Annotated[list[str], Field(min_length=1)]])
_DAY = re.compile(r"as it was on (\d{4}-\d\d-\d\d)")


class Recomputed(NamedTuple):
    """What a package says when it is computed again. differences: where something does not agree,
    a line each. builders: where its registry differs from the one here."""

    answer: Answer
    differences: list[str]
    written_by: str
    builders: list[str]


def write_package(
    case: Case, question: Question, registry: Registry, folder: Path, to_share: bool = False
) -> tuple[CaseAnswer, list[str]]:
    """The answer, and a line for each picture that its package lacks; whole, or none is written.

    The case is packed first and the answer computed from the pack, so that both are of one moment.
    to_share: the package is of the case's edition (`share_case`). `CaseContradictory`: the case's
    rows contradict each other, or the log of verdicts. `CaseExists`: there is something at
    `folder`. `ResultError`: it cannot be written. `UsageError`: as `read_case`.
    """
    import bagit

    folder, question = folder.absolute(), question.of_known(registry)
    if exists(folder):
        raise CaseExists(f"{folder}: there is something already; name another folder")
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True)
        with share_case(case) if to_share else nullcontext() as edition:
            written = _fill(case, question, registry, partial, edition)
        info = {
            "Bagging-Date": datetime.now(UTC).date().isoformat(),
            "Bag-Software-Agent": f"nameplate {WRITER}",
            "External-Description": question.in_words(registry),
        }
        with contextlib.chdir(Path.cwd()):  # the bag's maker changes it, and its errors leave it
            bagit.make_bag(os.fspath(partial), info, checksums=["sha256"])
        partial.rename(folder)
    except OSError as error:
        raise ResultError(unwritten(folder, error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return written


def zip_package(
    case: Path, question: Question, registry: Registry, file: Path, to_share: bool = False
) -> None:
    """Writes the package as one new ZIP file `NAME.zip` with the folder `NAME`; errors as there."""
    with TemporaryDirectory(dir=file.parent) as scratch, Case.open(case) as opened:
        folder = Path(scratch) / file.stem
        write_package(opened, question, registry, folder, to_share)
        try:
            with zipfile.ZipFile(file, "x") as archive:  # most of it is compressed already
                for path in _files(folder):
                    archive.write(path, path.relative_to(scratch))
        except OSError as error:
            raise ResultError(unwritten(file, error)) from error


def recompute(package: Path, here: Registry | None = None) -> Recomputed:
    """The answer computed again from a package alone, and what does not agree with it.

    Compares numbers and facts of `answer.json`, rows of its case, the log of verdicts and pictures.
    What people read and the tables are compared only if this Nameplate wrote the package. here: the
    registry that its own is compared with. `PackageDamaged`: files in it are not what they were;
    the message names them. `UsageError`: it is no package, or of another format.
    """
    check_whole(package)
    data = package / "data"
    try:
        said = json.loads((data / "answer.json").read_bytes())
        asked = said["answer"]["question"]
        question = _QUESTION.validate_python(asked | {"plants": tuple(asked["plants"])})
        number = index(said["format"])
        written_by = str(said["nameplate"])
        known = json.loads((data / "registry.json").read_bytes())
        registry = Registry(
            list(map(Entry.model_validate, known["entries"])),
            _PLANTS.validate_python(known.get("plants", ())),
        )
        day = _DAY.search((data / "README.txt").read_text("utf-8"))
        edition = said.get("edition")
        if edition is not None:
            edition = {"verdicts": index(edition["verdicts"]), "head": str(edition["head"])}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{package}: makes no sense ({error!r}); write it anew") from error
    if number != FORMAT:
        other = "a newer" if number > FORMAT else "an older"
        raise UsageError(f"{package}: written by {other} Nameplate; use that one")
    question.check(registry)
    with _opened(data / "case.zip") as case, case.session() as session:
        read = read_case(case, question, registry)
        lost = lacking(case, session)
        unsound = [*contradictions(session), *lost]
        if written_by == WRITER:
            unsound += _differences(said.get("statuses"), MEANS, "statuses")
            told = {"lacking": lost, "edition": edition, "day": day[1] if day else ""}
            unsound += _compare_papers(data, session, read, registry, told)
    now = json.loads(dump({"answer": asdict(read.answer), "facts": asdict(read.facts)}))
    differences = [*_differences(said["answer"], now["answer"])]
    differences += [*_differences(said.get("facts"), now["facts"], "facts"), *unsound]
    builders = [] if here is None else list(_other_builders(read, registry, here))
    return Recomputed(read.answer, differences, written_by, builders)


def contradictions(session: Session) -> list[str]:
    """Where rows contradict each other or the log of verdicts, a line each."""
    checks = (check_analyses, check_machines, check_items)
    found = chain.from_iterable(check(session) for check in checks)
    return [*verify(session), *(f"{one.about}: {one.what}" for one in found if one.wrong)]


def lacking(case: Case, session: Session) -> list[str]:
    """The pictures that rows of a packed case name and that it lacks, a line each."""
    paths = [case.still(sha256, suffix) for sha256, suffix in kept_stills(session)]
    why = "not in it; it was gone, or no longer what it was, when the case was packed"
    gone = (path for path in paths if not path.is_file())
    return [f"{path.relative_to(case.folder).as_posix()}: {why}" for path in gone]


def _other_builders(read: CaseAnswer, kept: Registry, here: Registry) -> Iterator[str]:
    """Builders of the answer that the package's registry knows otherwise than the one here."""
    named = {id for one in read.machines for id in (one.claim, one.builder) if id is not None}
    for entry in (kept.get(id) for id in sorted(named) if id in kept):
        own = here.get(entry.id) if entry.id in here else None
        for name in ("name", "type", "origin", "owner", "production", "makers"):
            ours, theirs = getattr(own, name, None), getattr(entry, name)
            if ours != theirs:
                yield f"{entry.id}: {name} {theirs!r} in the package's registry, {ours!r} here"


def _fill(
    case: Case, question: Question, registry: Registry, folder: Path, edition: Edition | None
) -> tuple[CaseAnswer, list[str]]:
    pack(case if edition is None else edition.case, folder / "case.zip")
    of = None if edition is None else {"verdicts": edition.verdicts, "head": edition.head}
    with _opened(folder / "case.zip") as packed, packed.session() as session:
        if wrong := contradictions(session):
            raise CaseContradictory.saying(
                "%(path)s: no package can be made, the case contradicts itself: %(why)s. "
                "`nameplate case check` says what to do",
                path=case.folder,
                why=some_lines(wrong),
            )
        left_out = lacking(packed, session)
        read = read_case(packed, question, registry)
        today = datetime.now(UTC).date().isoformat()
        _write_papers(folder, session, read, registry, lacking=left_out, day=today, edition=of)
    said = {"facts": asdict(read.facts), "answer": asdict(read.answer), "statuses": MEANS}
    answer = {"format": FORMAT, "nameplate": WRITER, "edition": of} | said
    (folder / "answer.json").write_bytes(dump(answer))
    entries = [entry.model_dump(mode="json") for entry in registry]
    (folder / "registry.json").write_bytes(dump({"entries": entries, "plants": registry.plants}))
    (folder / "model").mkdir()
    card = files("detector").joinpath("model", "CARD.md")
    (folder / "model" / "CARD.md").write_bytes(card.read_bytes())
    return read, left_out


def _write_papers(
    folder: Path, session: Session, read: CaseAnswer, registry: Registry, **told: Any
) -> None:
    """What people read, and the tables. told: the rest of what README.txt tells."""
    write_tables(session, read.machines, folder / "tables")
    page = render_answer(read, registry)
    (folder / "report.html").write_text(page, "utf-8")
    write_pdf(page, folder / "report.pdf")
    environment = Environment(autoescape=False, undefined=StrictUndefined)
    template = environment.from_string(read_template("package.txt.j2"))
    explained = template.render(
        asked=read.answer.says,
        said=read.answer.said,
        version=WRITER,
        ours=read.facts.model == model_digest(),
        model=read.facts.model,
        **told,
    )
    (folder / "README.txt").write_text(explained, "utf-8")


def write_tables(session: Session, machines: Sequence[CountedMachine], folder: Path) -> None:
    """Writes a CSV file of the machines as counted, and of each of `TABLES`.

    Exact times stay text (`1001/24000`); lists are JSON. A text that a spreadsheet would run as a
    formula has an apostrophe before it: the texts come from footage and lists. `ResultError`: a
    full disk, no permission.
    """
    folder.mkdir(parents=True, exist_ok=True)
    real = (one for one in machines if one.status is not Status.NONE)
    counted = [[getattr(one, name) for name in COUNTED] for one in real]
    _write_csv(folder / "counted.csv", [*COUNTED], counted)
    for table in map(Base.metadata.tables.__getitem__, TABLES):
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
    value = sorted(value) if isinstance(value, frozenset) else value
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    return no_formula(str(value).encode("utf-8", "backslashreplace").decode())


def _compare_papers(
    data: Path, session: Session, read: CaseAnswer, registry: Registry, told: dict[str, Any]
) -> Iterator[str]:
    """A line for each page and table that is not as this Nameplate makes it of the case."""
    with TemporaryDirectory(prefix="nameplate-") as scratch:
        folder = Path(scratch)
        _write_papers(folder, session, read, registry, **told)
        for path in _files(folder):
            name = path.relative_to(folder).as_posix()
            read_as = words_of_pdf if path.suffix == ".pdf" else Path.read_bytes
            if not (data / name).is_file() or read_as(data / name) != read_as(path):
                yield f"{name}: not what this Nameplate writes of what is in the package"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def _opened(packed: Path) -> Iterator[Case]:
    """A packed case, for as long as the block lasts."""
    with (
        TemporaryDirectory(prefix="nameplate-") as scratch,
        unpack(packed, Path(scratch) / "case") as case,
    ):
        yield case


def check_whole(package: Path) -> None:
    """Compares every file with the bag's manifests (RFC 8493, 3); errors as of `recompute`."""
    if not isfile(package / "bagit.txt"):
        raise UsageError(f"{package}: no package; `nameplate answer CASE --package DIR` makes one")
    if damage := sorted(set(_damage(package))):
        raise PackageDamaged(f"{package}: not what it was: {some_lines(damage)}")


def _damage(package: Path) -> Iterator[str]:
    listed: dict[str, str] = {}
    for manifest in MANIFESTS:
        try:
            lines = (package / manifest).read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            yield f"{manifest} is gone, or cannot be read ({type(error).__name__})"
            return  # what it listed would all seem to have been added
        listed |= {
            name.strip(): digest for digest, _, name in (one.partition(" ") for one in lines)
        }
    there = {path.relative_to(package).as_posix(): path for path in _files(package)}
    yield from (f"{name} is gone" for name in listed.keys() - there.keys())
    yield from (f"{name} was added" for name in there.keys() - listed.keys() - {MANIFESTS[0]})
    for name in listed.keys() & there.keys():
        with there[name].open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != listed[name]:
                yield f"{name} was altered"


def some_lines(lines: Sequence[str]) -> str:
    """Lines in one, and how many more there are."""
    more = len(lines) - MOST_LISTED
    return "; ".join(lines[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def _differences(before: Any, now: Any, at: str = "") -> Iterator[str]:
    """Where two pieces of plain data differ, a line each."""
    if isinstance(before, dict) and isinstance(now, dict):
        for name in sorted({*before, *now}):
            yield from _differences(before.get(name), now.get(name), f"{at}.{name}".strip("."))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for number, (a, b) in enumerate(zip(before, now, strict=True)):
            yield from _differences(a, b, f"{at}[{number}]")
    elif before != now:
        yield f"{at}: {before!r} in the package, {now!r} computed"
