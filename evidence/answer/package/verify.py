"""Whether a packed case bears out an answer: its rows agree, and its pictures are in it.

What people read in a package, and open in a spreadsheet: how it is explained to them, and
whether it is what the package is computed from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from importlib.resources import files
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory

from jinja2 import Environment, StrictUndefined
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.look.model_files import model_digest
from evidence.answer.case import Read
from evidence.answer.package.tables import COUNTED, TABLES, write_tables
from evidence.answer.report.page import draw, render_answer
from evidence.answer.report.pdf import to_pdf
from evidence.case.case import Case
from evidence.case.check import check_machines
from evidence.case.row_checks import check_analyses, check_items, check_names
from evidence.case.tables import Work
from evidence.case.verdicts import kept_stills, verify


def contradictions(session: Session) -> list[str]:
    """Where rows that an answer is computed from contradict each other or the log of verdicts, a
    line each; none where all agree.

    The answer is computed from where items stand, and so says nothing of the log by itself. Whether
    the audit sample is as its plan draws it, `case check` tells.
    """
    found = chain(
        check_analyses(session),
        check_names(session),
        check_machines(session),
        check_items(session),
    )
    return [*verify(session), *(f"{one.about}: {one.what}" for one in found if one.wrong)]


def lacking(case: Case, session: Session) -> list[str]:
    """The pictures that rows of a case out of a pack name and that are not in it, a line each;
    those that are in it have their hash, or the pack would not have been opened."""
    paths = [case.still(sha256, suffix) for sha256, suffix in kept_stills(session)]
    return [
        f"{path.relative_to(case.folder).as_posix()}: not in it; it was gone, or no longer what it "
        "was, when the case was packed"
        for path in paths
        if not path.is_file()
    ]


_OTHER = "not what this Nameplate writes of what is in the package"
_DAY = re.compile(rb"as it was on (\d{4}-\d\d-\d\d)")


def writer() -> str:
    """Which Nameplate writes, and computes anew: its version."""
    return version("nameplate")


def explain(read: Read, controls: bool, left_out: Sequence[str], day: str) -> str:
    """README.txt: what each file of a package is, and how to check all of it, in plain words.

    Args:
        controls: whether it has a list of them.
        left_out: what it lacks, a line each.
        day: of its making, as 2026-12-01.
    """
    said = [
        (one.__tablename__, " ".join((one.__doc__ or "").split()), [*one.__table__.columns.keys()])
        for one in TABLES
    ]
    text = files("evidence").joinpath("templates", "package.txt.j2").read_text("utf-8")
    page = Environment(autoescape=False, undefined=StrictUndefined).from_string(text)
    return page.render(
        asked=read.answer.says,
        sentence=read.answer.said.sentence,
        means=read.answer.said.means,
        day=day,
        version=version("nameplate"),
        ours=read.facts.model == model_digest(),
        model=read.facts.model,
        controls=controls,
        lacking=left_out,
        counted=COUNTED,
        tables=[("counted", "The machines as they were counted.", []), *sorted(said)],
    )


def papers_otherwise(
    data: Path, session: Session, read: Read, registry: Registry, left_out: Sequence[str]
) -> Iterator[str]:
    """A line for each page, figure and table of a package that is not as this
    Nameplate, which has to be the one that wrote it, makes it of its case. Of the PDF the words are
    compared, of a table in Parquet the rows.

    Args:
        left_out: what the package lacks, a line each.
    """
    page = render_answer(read.answer, registry, read.facts, read.exhibits)
    day = _DAY.search(_content(data / "README.txt"))
    controls = (data / "controls.csv").exists()
    explained = explain(read, controls, left_out, day[1].decode() if day else "")
    made = {"report.html": page.encode(), "README.txt": explained.encode()} | {
        f"figures/{name}.svg": str(svg).encode()
        for name, svg in draw(read.answer, registry).items()
    }
    with TemporaryDirectory(prefix="nameplate-") as scratch:
        for path in write_tables(session, read.machines, Path(scratch)):
            # What was waiting as the case was packed is set aside when it is opened, now.
            if path.stem == Work.__tablename__:
                continue
            if path.suffix == ".csv":
                made[f"tables/{path.name}"] = path.read_bytes()
            elif not _same_rows(data / "tables" / path.name, path):
                yield f"tables/{path.name}: {_OTHER}"
    for name, content in sorted(made.items()):
        if _content(data / name) != content:
            yield f"{name}: {_OTHER}"
    if _words_of_pdf(_content(data / "report.pdf")) != _words_of_pdf(to_pdf(page)):
        yield f"report.pdf: {_OTHER}"


def _same_rows(kept: Path, made: Path) -> bool:
    """Whether two tables in Parquet hold the same, whatever wrote them."""
    import polars

    if _content(kept) == made.read_bytes():
        return True
    try:
        return polars.read_parquet(kept).equals(polars.read_parquet(made))
    except (polars.exceptions.PolarsError, OSError):
        return False


def _content(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _words_of_pdf(content: bytes) -> list[str] | None:
    """What a PDF says, by words; None of what is none."""
    import pymupdf

    try:
        with pymupdf.open("pdf", content) as document:
            return [word for sheet in document for word in sheet.get_text().split()]
    except RuntimeError:
        return None
