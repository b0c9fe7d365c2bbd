"""The evidence package: all that an answer rests on, in a form that can be checked and kept.

A BagIt bag (RFC 8493), so that any archive can check if it is whole, described by RO-Crate:

    data/answer.json                every number of the report, and the question
    data/report.html, .pdf, figures/  what people read
    data/case.zip                   the case without its footage, as `nameplate case open` takes it
    data/tables/                    the case's rows and the machines as counted, CSV
    data/registry.json              the builders, and how plants are written
    data/controls.csv               the positive controls, if a list was given
    data/model/                     the model's card
    data/settings.json, software.json  the settings and the versions that looked at the footage
    data/README.txt                 all of this in plain words, and how to check it
    data/ro-crate-metadata.json     what each of these is

`recompute` takes the case out of the bag, asks it again, writes all again and compares.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import secrets
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
from sqlalchemy.orm import Session

from datasets.entry import Entry
from datasets.errors import CaseContradictory, CaseExists, ResultError, UsageError
from datasets.files import exists, unwritten
from datasets.messages import Message
from datasets.registry import Registry
from detector.look.model_files import model_digest
from evidence.answer.answer import Answer
from evidence.answer.bag import (
    COUNTED,
    TABLES,
    check_whole,
    describe,
    some_lines,
    write_sources,
    write_tables,
)
from evidence.answer.case import Read, read_case
from evidence.answer.question import Question
from evidence.answer.report import MEANS, draw, render_answer, to_json, words_of_pdf, write_pdf
from evidence.case.case import Case
from evidence.case.check import check_machines
from evidence.case.pack import pack
from evidence.case.row_checks import check_analyses, check_items
from evidence.case.unpack import unpack
from evidence.case.verdicts import kept_stills, verify
from evidence.clip.record import dump

FORMAT = 12
"""Of what a package says, and of the rules that compute it."""

WRITER = version("nameplate")
"""Which Nameplate writes, and computes again."""

_QUESTION = TypeAdapter(Question)
_PLANTS = TypeAdapter(list[Annotated[list[str], Field(min_length=1)]])
_DAY = re.compile(r"as it was on (\d{4}-\d\d-\d\d)")
_OTHER = "not what this Nameplate writes of what is in the package"


class Written(NamedTuple):
    """A package that was written; `lacking` has a line for each missing or altered picture."""

    read: Read
    lacking: list[str]


class Recomputed(NamedTuple):
    """What a package says when it is computed again; `otherwise` and `builders` hold a line each.

    `otherwise`: what does not agree. `builders`: where its registry differs from the one here.
    """

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
                    "Bag-Software-Agent": f"nameplate {WRITER}",
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


def zip_package(case: Path, question: Question, registry: Registry, file: Path, name: str) -> None:
    """Writes the package of a case's answer as one ZIP file that holds the folder `name`.

    Args:
        case: the case's folder.
        file: where; it must not exist.

    Raises:
        ResultError: it cannot be written.
        UsageError, CaseError: as `write_package`.
    """
    with TemporaryDirectory(dir=file.parent) as scratch, Case.open(case) as opened:
        folder = Path(scratch) / name
        write_package(opened, question, registry, question.in_a_word(registry), folder)
        try:
            with zipfile.ZipFile(file, "x") as archive:  # most of it is compressed already
                for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                    archive.write(path, path.relative_to(scratch))
        except OSError as error:
            raise ResultError(unwritten(file, error)) from error


def recompute(package: Path, here: Registry | None = None) -> Recomputed:
    """The answer computed again from a package alone, and what does not agree with it.

    Compares numbers and facts of `answer.json`, rows of its case, the log of verdicts and pictures.
    What people read and the tables are compared only if this Nameplate wrote the package.

    Args:
        here: the registry that its own is compared with; None: with none.

    Raises:
        PackageDamaged: files in it are not what they were; the message names them.
        UsageError: it is no package, or of another format.
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
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(f"{package}: makes no sense ({error!r}); write it anew") from error
    if number != FORMAT:
        other = "a newer" if number > FORMAT else "an older"
        raise UsageError(f"{package}: written by {other} Nameplate; use that one")
    controls = data / "controls.csv"
    with _opened(data / "case.zip") as case, case.session() as session:
        # Not as the package says: it could call machines of another make Chinese.
        what = question.in_a_word(registry)
        read = read_case(case, question, registry, what, controls if controls.exists() else None)
        lost = lacking(case, session)
        unsound = [*contradictions(session), *lost]
        if written_by == WRITER:
            unsound += _differences(said.get("statuses"), MEANS, "statuses")
            unsound += _compare_papers(data, session, read, registry, lost)
    anew = json.loads(dump({"answer": to_json(read.answer), "facts": asdict(read.facts)}))
    otherwise = [
        *_differences(said["answer"], anew["answer"]),
        *_differences(said.get("facts"), anew["facts"], "facts"),
        *_differences(said.get("what"), str(what), "what"),
        *unsound,
    ]
    builders = [] if here is None else _known_otherwise(read, registry, here)
    return Recomputed(read.answer, otherwise, written_by, builders)


def contradictions(session: Session) -> list[str]:
    """Where rows contradict each other or the log of verdicts, a line each.

    Whether the audit sample is as its plan draws it, `case check` says.
    """
    checks = (check_analyses, check_machines, check_items)
    found = chain.from_iterable(check(session) for check in checks)
    return [*verify(session), *(f"{one.about}: {one.what}" for one in found if one.wrong)]


def lacking(case: Case, session: Session) -> list[str]:
    """The pictures that rows of a packed case name and that it lacks, a line each."""
    paths = [case.still(sha256, suffix) for sha256, suffix in kept_stills(session)]
    return [
        f"{path.relative_to(case.folder).as_posix()}: not in it; it was gone, or no longer what it "
        "was, when the case was packed"
        for path in paths
        if not path.is_file()
    ]


def _known_otherwise(read: Read, kept: Registry, here: Registry) -> list[str]:
    """As `Recomputed.builders`."""
    named = {id for one in read.machines for id in (one.claim, one.builder) if id is not None}
    found = []
    for entry in (kept.get(id) for id in sorted(named) if id in kept):
        if entry.id not in here:
            found.append(
                f"{entry.id}: {entry.name}, {entry.origin}, is in the package's registry alone"
            )
            continue
        own = here.get(entry.id)
        found += [
            f"{entry.id}: {name} {getattr(entry, name)!r} in the package's registry, "
            f"{getattr(own, name)!r} here"
            for name in ("name", "type", "origin", "owner", "production", "makers")
            if getattr(entry, name) != getattr(own, name)
        ]
    return found


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
        if wrong := contradictions(session):
            raise CaseContradictory(
                Message(
                    "%(path)s: no package can be made, the case contradicts itself: %(why)s. "
                    "`nameplate case check` says what to do",
                    path=case.folder,
                    why=some_lines(wrong),
                )
            )
        left_out = lacking(packed, session)
        read = read_case(packed, question, registry, what, controls)
        today = datetime.now(UTC).date().isoformat()
        _write_papers(folder, session, read, registry, left_out, today, controls is not None)
    entries = [entry.model_dump(mode="json") for entry in registry]
    known = {"entries": entries, "plants": registry.plants}
    (folder / "registry.json").write_bytes(dump(known))
    answer = {
        "format": FORMAT,
        "nameplate": WRITER,
        "what": what,
        "facts": asdict(read.facts),
        "answer": to_json(read.answer),
        "statuses": MEANS,
    }
    (folder / "answer.json").write_bytes(dump(answer))
    (folder / "model").mkdir()
    card = files("detector").joinpath("model", "CARD.md")
    (folder / "model" / "CARD.md").write_bytes(card.read_bytes())
    describe(folder, read.answer.says)
    return Written(read, left_out)


def _write_papers(
    folder: Path,
    session: Session,
    read: Read,
    registry: Registry,
    left_out: Sequence[str],
    day: str,
    controls: bool,
) -> None:
    """What people read, and the tables."""
    write_tables(session, read.machines, folder / "tables")
    write_sources(session, folder)
    page = render_answer(read.answer, registry, read.facts, read.exhibits)
    (folder / "report.html").write_text(page, "utf-8")
    write_pdf(page, folder / "report.pdf")
    (folder / "figures").mkdir()
    for name, svg in draw(read.answer, registry).items():
        (folder / "figures" / f"{name}.svg").write_text(str(svg), "utf-8")
    tables = sorted(
        (one.__tablename__, " ".join((one.__doc__ or "").split()), [*one.__table__.columns.keys()])
        for one in TABLES
    )
    text = files("evidence").joinpath("templates", "package.txt.j2").read_text("utf-8")
    explained = (
        Environment(autoescape=False, undefined=StrictUndefined)
        .from_string(text)
        .render(
            asked=read.answer.says,
            sentence=read.answer.said.sentence,
            means=read.answer.said.means,
            day=day,
            version=WRITER,
            ours=read.facts.model == model_digest(),
            model=read.facts.model,
            controls=controls,
            lacking=left_out,
            counted=COUNTED,
            tables=[("counted", "The machines as they were counted.", []), *tables],
        )
    )
    (folder / "README.txt").write_text(explained, "utf-8")


def _compare_papers(
    data: Path, session: Session, read: Read, registry: Registry, left_out: Sequence[str]
) -> Iterator[str]:
    """A line for each page, figure and table that is not as this Nameplate makes it of the case."""
    day = _DAY.search((data / "README.txt").read_text("utf-8"))
    with TemporaryDirectory(prefix="nameplate-") as scratch:
        folder, controls = Path(scratch), (data / "controls.csv").exists()
        _write_papers(folder, session, read, registry, left_out, day[1] if day else "", controls)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            # What waited as the case was packed is set aside now; libraries may be other versions.
            if name in ("tables/work.csv", "software.json"):
                continue
            read_as = words_of_pdf if path.suffix == ".pdf" else Path.read_bytes
            if not (data / name).is_file() or read_as(data / name) != read_as(path):
                yield f"{name}: {_OTHER}"


@contextmanager
def _opened(packed: Path) -> Iterator[Case]:
    """A packed case, for as long as the block lasts."""
    with (
        TemporaryDirectory(prefix="nameplate-") as scratch,
        unpack(packed, Path(scratch) / "case") as case,
    ):
        yield case


def _copy_controls(controls: Path, to: Path) -> None:
    """The list with absolute paths, since it moves."""
    with (
        controls.open(encoding="utf-8-sig", newline="") as source,
        to.open("w", encoding="utf-8", newline="") as target,
    ):
        out = csv.writer(target)
        out.writerow(("path", "builder"))
        for row in csv.DictReader(source):
            path = controls.absolute().parent / (row.get("path") or "").strip()
            out.writerow((path, row.get("builder")))


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
