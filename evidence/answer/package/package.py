"""The evidence package: all that an answer rests on, in a form that can be checked and kept.

A BagIt bag (RFC 8493), so that any archive can tell whether it is whole, described by RO-Crate:

    data/answer.json                every number of the report, and the question
    data/report.html, .pdf, figures/  what people read
    data/case.zip                   the case without its footage, as `nameplate case open` takes it
    data/tables/                    the case's rows and the machines as counted, CSV and Parquet
    data/registry.json              the builders that claims and verdicts name, and how plants are
                                    written
    data/controls.csv               the positive controls, if there were any
    data/model/                     the model's card
    data/settings.json, software.json  what footage was looked at with, and by which versions
    data/README.txt                 all of this in plain words, and how to check it
    data/ro-crate-metadata.json     what each of these is

`recompute` takes the case out of the bag, asks it the question again and compares. Whether the
rows of the case agree with each other and with the log of verdicts is asked both times.

The evidence package as one file.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, NamedTuple

from pydantic import Field, TypeAdapter
from sqlalchemy.orm import Session

from datasets.entry import Entry
from datasets.errors import CaseContradictory, CaseExists, ResultError, UsageError
from datasets.files import exists, unwritten
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.answer import Answer
from evidence.answer.case import Read, read_case
from evidence.answer.package.tables import describe, write_sources, write_tables
from evidence.answer.package.verify import (
    check_whole,
    contradictions,
    explain,
    lacking,
    papers_otherwise,
    writer,
)
from evidence.answer.question import Question
from evidence.answer.report.page import MEANS, draw, render_answer, to_json
from evidence.answer.report.pdf import write_pdf
from evidence.case.case import Case
from evidence.case.pack import pack
from evidence.case.unpack import unpack
from evidence.clip.record import dump

FORMAT = 11
"""Of what a package says, and of the rules by which it is computed."""

MOST_TOLD = 5

_QUESTION = TypeAdapter(Question)
_PLANTS = TypeAdapter(list[Annotated[list[str], Field(min_length=1)]])


class Written(NamedTuple):
    """What a package that was written holds. lacking: the pictures that rows of its case name and
    that it does not have, since they were gone or altered, a line each."""

    read: Read
    lacking: list[str]


class Recomputed(NamedTuple):
    """What a package says when it is computed anew. otherwise: what does not agree with it, a line
    each; none where every number comes out the same. written_by: as `papers.writer`.
    builders: of those on which the answer rests, what the package's registry says otherwise than
    the one here, or of which there is none here, a line each."""

    answer: Answer
    otherwise: list[str]
    written_by: str
    builders: list[str]


def write_package(
    case: Case,
    question: Question,
    registry: Registry,
    what: str,
    folder: Path,
    controls: Path | None = None,
) -> Written:
    """Writes the package of a case's answer; it appears whole or not at all.

    The case is packed first and the answer computed from the pack, so that both are of one moment.

    Raises:
        CaseContradictory: the case's rows contradict each other, or the log of verdicts.
        CaseExists: there is something at `folder`.
        ResultError: it cannot be written.
        UsageError: as `answer_case`.
    """
    import bagit

    folder, question = folder.absolute(), question.of_known(registry)
    if exists(folder):
        raise CaseExists(f"{folder}: there is something already; name another folder")
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    try:
        partial.mkdir(parents=True)
        written = _fill(case, question, registry, what, partial, controls)
        with contextlib.chdir(Path.cwd()):  # the bag's maker changes it, and its errors leave it
            bagit.make_bag(
                os.fspath(partial),
                {
                    "Bagging-Date": datetime.now(UTC).date().isoformat(),
                    "Bag-Software-Agent": f"nameplate {version('nameplate')}",
                    "External-Description": question.in_words(registry),
                },
                checksums=["sha256"],
            )
        partial.rename(folder)
    except OSError as error:
        raise ResultError(unwritten(folder, error)) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return written


def recompute(package: Path, here: Registry | None = None) -> Recomputed:
    """The answer computed anew from a package alone, and what does not agree with it: numbers and
    facts of its `answer.json`, rows of its case, the log of verdicts, pictures it lacks; where this
    Nameplate wrote it its report, figures and tables, too.

    Args:
        here: the registry that its own is compared with; None: with none.

    Raises:
        PackageDamaged: files in it are not what they were; the message names them.
        UsageError: it is no package, or of a newer Nameplate.
    """
    check_whole(package)
    data = package / "data"
    try:
        said = json.loads((data / "answer.json").read_bytes())
        asked = said["answer"]["question"]
        question = _QUESTION.validate_python(asked | {"plants": tuple(asked["plants"])})
        number = index(said["format"])
        facts, written_by = said["facts"], str(said["nameplate"])
        known = json.loads((data / "registry.json").read_bytes())
        entries = list(map(Entry.kept, known["entries"]))
        plants = _PLANTS.validate_python(known.get("plants", ()))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{package}: makes no sense ({error!r}); write it anew") from error
    if number != FORMAT:
        other = "a newer" if number > FORMAT else "an older"
        raise UsageError(f"{package}: written by {other} Nameplate; use that one")
    registry = Registry(entries, plants)
    controls = data / "controls.csv"
    with _opened(data / "case.zip") as case, case.session() as session:
        # Not as the package says: it could call machines of another make Chinese.
        what = question.in_a_word(registry)
        read = read_case(case, question, registry, what, controls if controls.exists() else None)
        lost = list(lacking(case, session))
        unsound = [*contradictions(session), *lost]
        if written_by == writer():
            unsound += _differences(said.get("statuses"), MEANS, "statuses")
            unsound += papers_otherwise(data, session, read, registry, lost)
    anew = json.loads(dump({"answer": to_json(read.answer), "facts": asdict(read.facts)}))
    otherwise = [
        *_differences(said["answer"], anew["answer"]),
        *_differences(facts, anew["facts"], "facts"),
        *_differences(said.get("what"), str(what), "what"),
        *unsound,
    ]
    builders = [] if here is None else _known_otherwise(read, registry, here)
    return Recomputed(read.answer, otherwise, written_by, builders)


def _known_otherwise(read: Read, kept: Registry, here: Registry) -> list[str]:
    """As `Recomputed.builders`."""
    named = {id for one in read.machines for id in (one.claim, one.builder) if id is not None}
    told = []
    for entry in (kept.get(id) for id in sorted(named) if id in kept):
        if entry.id not in here:
            told.append(
                f"{entry.id}: {entry.name}, {entry.origin}, is in the package's registry alone"
            )
            continue
        own = here.get(entry.id)
        told += [
            f"{entry.id}: {name} {getattr(entry, name)!r} in the package's registry, "
            f"{getattr(own, name)!r} here"
            for name in ("name", "type", "origin", "owner", "production", "makers")
            if getattr(entry, name) != getattr(own, name)
        ]
    return told


def _fill(
    case: Case,
    question: Question,
    registry: Registry,
    what: str,
    folder: Path,
    controls: Path | None,
) -> Written:
    pack(case, folder / "case.zip")
    if controls is not None:
        _copy_controls(controls, folder / "controls.csv")
    with _opened(folder / "case.zip") as packed, packed.session() as session:
        _check_agrees(case, session)
        left_out = lacking(packed, session)
        read = read_case(packed, question, registry, what, controls)
        write_tables(session, read.machines, folder / "tables")
        write_sources(session, folder)
        _write_answer(read, registry, what, folder)
        today = datetime.now(UTC).date().isoformat()
        (folder / "README.txt").write_text(
            explain(read, controls is not None, left_out, today), "utf-8"
        )
        describe(session, folder, read.answer.says)
    return Written(read, left_out)


def _check_agrees(case: Case, packed: Session) -> None:
    """
    Raises:
        CaseContradictory: rows of the case, as it was packed, contradict each other or the log.
    """
    if wrong := contradictions(packed):
        more = len(wrong) - MOST_TOLD
        told = "; ".join(wrong[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise CaseContradictory(
            Message(
                "%(path)s: no package can be made, the case contradicts itself: %(why)s. "
                "`nameplate case check` says what to do",
                path=case.folder,
                why=told,
            )
        )


def _write_answer(read: Read, registry: Registry, what: str, folder: Path) -> None:
    entries = [entry.model_dump(mode="json") for entry in registry]
    known = {"entries": entries, "plants": registry.plants}
    (folder / "registry.json").write_bytes(dump(known))
    kept = {
        "format": FORMAT,
        "nameplate": writer(),
        "what": what,
        "facts": asdict(read.facts),
        "answer": to_json(read.answer),
        "statuses": MEANS,
    }
    (folder / "answer.json").write_bytes(dump(kept))
    page = render_answer(read.answer, registry, read.facts, read.exhibits)
    (folder / "report.html").write_text(page, "utf-8")
    write_pdf(page, folder / "report.pdf")
    (folder / "figures").mkdir()
    for name, svg in draw(read.answer, registry).items():
        (folder / "figures" / f"{name}.svg").write_text(str(svg), "utf-8")
    (folder / "model").mkdir()
    card = files("detector").joinpath("model", "CARD.md")
    (folder / "model" / "CARD.md").write_bytes(card.read_bytes())


@contextmanager
def _opened(packed: Path) -> Iterator[Case]:
    """A packed case, for as long as the block lasts."""
    with (
        tempfile.TemporaryDirectory(prefix="nameplate-") as scratch,
        unpack(packed, Path(scratch) / "case") as case,
    ):
        yield case


def _copy_controls(controls: Path, to: Path) -> None:
    """The list with absolute paths, since it moves."""
    import csv

    with (
        controls.open(encoding="utf-8-sig", newline="") as source,
        to.open("w", encoding="utf-8", newline="") as target,
    ):
        rows = csv.DictReader(source)
        writer = csv.writer(target)
        writer.writerow(("path", "builder"))
        for row in rows:
            path = controls.absolute().parent / (row.get("path") or "").strip()
            writer.writerow((path, row.get("builder")))


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


def zip_package(case: Path, question: Question, registry: Registry, file: Path, name: str) -> None:
    """Writes the package of a case's answer as one ZIP file that holds the folder `name`.

    Args:
        case: the case's folder.
        file: where; it must not exist.

    Raises:
        ResultError: it cannot be written.
        UsageError, CaseError: as `package.write_package`.
    """
    with TemporaryDirectory(dir=file.parent) as scratch, Case.open(case) as opened:
        folder = Path(scratch) / name
        write_package(opened, question, registry, question.in_a_word(registry), folder)
        try:
            with zipfile.ZipFile(file, "x") as archive:
                for path in sorted(folder.rglob("*")):
                    if path.is_file():
                        archive.write(path, path.relative_to(scratch), _how(path))
        except OSError as error:
            raise ResultError(unwritten(file, error)) from error


_STORED = frozenset({".zip", ".jpg", ".png", ".pdf", ".parquet"})
"""What compressing again makes no smaller."""


def _how(path: Path) -> int:
    return zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
