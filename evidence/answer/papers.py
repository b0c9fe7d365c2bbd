"""Whether what people read in a package, and open in a spreadsheet, is what it is computed from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.answer.from_case import Read
from evidence.answer.page import draw, render_answer
from evidence.answer.pdf import to_pdf
from evidence.answer.tables import write_tables
from evidence.store import Work

_OTHER = "not what this Nameplate writes of what is in the package"


def papers_otherwise(data: Path, session: Session, read: Read, registry: Registry) -> Iterator[str]:
    """A line for each page, figure and table (CSV) of a package that is not as this version of
    Nameplate, which has to be the one that wrote it, makes it of its case. Of the PDF the words are
    compared."""
    page = render_answer(read.answer, registry, read.facts, read.exhibits)
    made = {"report.html": page.encode()} | {
        f"figures/{name}.svg": str(svg).encode()
        for name, svg in draw(read.answer, registry).items()
    }
    with TemporaryDirectory(prefix="nameplate-") as scratch:
        for path in write_tables(session, read.machines, Path(scratch)):
            # What was waiting as the case was packed is set aside when it is opened, now.
            if path.suffix == ".csv" and path.stem != Work.__tablename__:
                made[f"tables/{path.name}"] = path.read_bytes()
    for name, content in sorted(made.items()):
        if _read(data / name) != content:
            yield f"{name}: {_OTHER}"
    if _words(_read(data / "report.pdf")) != _words(to_pdf(page)):
        yield f"report.pdf: {_OTHER}"


def _read(file: Path) -> bytes:
    return file.read_bytes() if file.is_file() else b""


def _words(content: bytes) -> list[str] | None:
    """What a PDF says, by words; None of what is none."""
    import pymupdf

    try:
        with pymupdf.open("pdf", content) as document:
            return [word for sheet in document for word in sheet.get_text().split()]
    except RuntimeError:
        return None
