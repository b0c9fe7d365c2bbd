"""A page as a PDF: laid out by PyMuPDF, its figures as paths and letters.

The layout is no library for threads: servers call it by `run_in_process`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from PIL import Image

from datasets.errors import ResultError
from datasets.files import unwritten

P = ParamSpec("P")
T = TypeVar("T")

INK = "#16181c"
MARGIN = 48  # points
STYLE = """
* { font-family: sans-serif; }
body { font-size: 9.5pt; line-height: 1.35; color: #16181c; }
h1 { font-size: 10pt; color: #5a6069; }
.sentence { font-size: 17pt; line-height: 1.25; margin-bottom: 8pt; }
h2 { font-size: 12pt; margin-top: 16pt; margin-bottom: 4pt; }
td, th { padding: 2pt 6pt 2pt 0; font-size: 8pt; text-align: left; }
code { font-size: 7pt; }
.soft { color: #5a6069; }
figure { margin: 0 0 8pt 0; text-align: left; }
dd { margin-left: 0; margin-bottom: 3pt; }
figcaption { text-align: left; }
figure img { width: 220pt; }
"""
_SVG = re.compile(r"<svg[^>]*viewBox=\"0 0 (\d+) (\d+)\".*?</svg>", re.DOTALL)
_HEAD = re.compile(r"<(meta|style)[^>]*>(?:.*?</style>)?", re.DOTALL)
_DATA = re.compile(r'src="data:image/(\w+);base64,([^"]+)"')


def write_pdf(page: str, file: Path) -> None:
    """Writes the report's page (`render_answer`) as a PDF on A4, else raises `ResultError`."""
    try:
        file.write_bytes(to_pdf(page))
    except OSError as error:
        raise ResultError(unwritten(file, error)) from error


def to_pdf(page: str, title: str = "The answer") -> bytes:
    """The report's page as a PDF on A4. The layout leaves room for each figure, which is put there
    as paths and letters, not as pixels."""
    import pymupdf

    paper = pymupdf.paper_rect("a4")
    inside = pymupdf.Rect(
        paper.x0 + MARGIN, paper.y0 + MARGIN, paper.x1 - MARGIN, paper.y1 - MARGIN
    )
    figures: list[str] = []
    archive = pymupdf.Archive()

    def room(match: re.Match[str]) -> str:
        """An empty picture of the figure's proportions, and the figure kept for it."""
        wide, high = int(match[1]), int(match[2])
        number = len(figures)
        figures.append(match[0].replace("currentColor", INK))
        archive.add(_empty(wide, high), f"room{number}.png")
        return (
            f'<p id="figure{number}"><img src="room{number}.png" '
            f'style="width: {inside.width:.0f}pt; height: {inside.width * high / wide:.0f}pt"/></p>'
        )

    html = _DATA.sub(lambda match: _picture(archive, match), _HEAD.sub("", page))
    # A layout does not end at a forced new sheet: each begins a layout of its own.
    sheets = re.split(r'(?=<h2 class="sheet">)', _SVG.sub(room, html))
    out = io.BytesIO()
    writer = pymupdf.DocumentWriter(out)
    places: dict[int, tuple[int, Any]] = {}

    def note(place: Any) -> None:
        if place.id and place.id.startswith("figure") and place.open_close & 1:
            places[int(place.id.removeprefix("figure"))] = (place.page, pymupdf.Rect(place.rect))

    number = 0
    for sheet in sheets:
        story, more = pymupdf.Story(html=sheet, user_css=STYLE, archive=archive), True
        while more:
            device = writer.begin_page(paper)
            more, _ = story.place(inside)
            story.element_positions(note, {"page": number})
            story.draw(device)
            writer.end_page()
            number += 1
    writer.close()
    with pymupdf.open("pdf", out.getvalue()) as document:
        for index, (on, rect) in places.items():
            with pymupdf.open("svg", figures[index].encode()) as drawn:
                vector = pymupdf.open("pdf", drawn.convert_to_pdf())
            high = inside.width * vector[0].rect.height / vector[0].rect.width
            where = pymupdf.Rect(inside.x0, rect.y0, inside.x1, rect.y0 + high)
            document[on].show_pdf_page(where, vector, 0)
        document.subset_fonts()
        document.set_metadata({"producer": "Nameplate", "title": title})
        content: bytes = document.tobytes(garbage=4, deflate=True, no_new_id=True)
        return content


def _empty(wide: int, high: int) -> bytes:
    out = io.BytesIO()
    Image.new("LA", (wide, high), (255, 0)).save(out, "PNG")
    return out.getvalue()


def _picture(archive: Any, match: re.Match[str]) -> str:
    """A picture of the page's, put where the layout finds it."""
    name = f"{hashlib.sha256(match[2].encode()).hexdigest()[:16]}.{match[1]}"
    archive.add(base64.b64decode(match[2]), name)
    return f'src="{name}"'


def words_of_pdf(file: Path) -> list[str] | None:
    """What a PDF says, by words; None of what is none."""
    import pymupdf

    try:
        with pymupdf.open("pdf", file.read_bytes()) as document:
            return [word for sheet in document for word in sheet.get_text().split()]
    except RuntimeError:
        return None


def run_in_process(function: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """What a function of a module returns, called in a process of its own.

    For what threads cannot share: the bag's maker changes the working directory, and the PDF's
    layout is no library for threads. Errors are the function's; `ResultError` where the process was
    killed.
    """
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            return pool.submit(function, *given, **named).result()
    except BrokenProcessPool as error:
        raise ResultError(
            f"{function.__name__}: its process was killed; is there memory and room on the disk?"
        ) from error
