"""The folder that `look` writes: index.html, its style, and contact sheets."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image, ImageDraw

from datasets.exchange.outgoing import COLOURS, PICTURE
from datasets.files import check_free, new_folder, write_text
from datasets.fonts import font
from datasets.photographs.annotations import Box, Photograph
from datasets.photographs.pictures import opened
from datasets.photographs.splits import (
    LABELLED_ROLES,
    count,
    read_splits,
    shared_sources,
    tell_shared,
)

QUALITY = 84  # of a JPEG: letters of eleven pixels are still clean
MADE_BY = '<meta name="generator" content="nameplate datasets look">'
_OURS = re.compile(r"index\.html|look\.css|sheets/[A-Za-z0-9._-]+-\d{3,}\.jpg")
MACHINE, MARK, CONTROL, CONCEALED, UNLABELLED = (
    COLOURS[name] for name in ("machine", "wordmark", "control", "concealed", PICTURE)
)
_LEGEND = (
    ("machine, with its builder", MACHINE),
    ("mark (thin: not legible)", MARK),
    ("what no detector is taught", UNLABELLED),
    ("control", CONTROL),
    ("concealed mark", CONCEALED),
)
Step = Callable[[float, str], None]


def draw_data(
    data: Path, out: Path, *, only: str | None = None, per_page: int = 24, step: Step | None = None
) -> Path:
    """Draws a data set: contact sheets and counts on one page that needs no network.

    data: holds splits, as `datasets.photographs.annotations` says.
    out: the folder to write; what an earlier look wrote there is replaced.
    only: one split instead of all.
    per_page: pictures on a contact sheet.
    step: told how much is done (0 to 1) and what is being drawn.
    Returns the page, `out/index.html`.
    Raises UsageError: no data set, no such split, or somebody's files in `out`. DataError:
    something in the data set is wrong. ResultError: `out` cannot be written; it is as before.
    """
    check_free(out, lambda name: _is_ours(out, name))
    splits = read_splits(data, only)
    pages = [
        (split, number, photographs[first : first + per_page])
        for split, photographs in splits.items()
        for number, first in enumerate(range(0, len(photographs), per_page), start=1)
    ]
    sheets: dict[str, list[tuple[str, str]]] = {split: [] for split in splits}
    with new_folder(out, lambda name: _is_ours(out, name)) as folder:
        (folder / "sheets").mkdir()
        for done, (split, number, photographs) in enumerate(pages):
            if step is not None:
                step(done / len(pages), f"{split}, sheet {number}")
            name = f"sheets/{split}-{number:03d}.jpg"
            draw_sheet(photographs).save(folder / name, quality=QUALITY)
            sheets[split].append((name, _reach(photographs)))
        shared = shared_sources(splits)
        page = _TEMPLATES.get_template("look.html.j2").render(
            name=data.resolve().name,
            made_by=Markup(MADE_BY),
            counts={split: count(photographs) for split, photographs in splits.items()},
            fault=tell_shared(shared) if shared else None,
            tallies=tallies_of(splits),
            legend=_LEGEND,
            sheets=sheets,
        )
        write_text(folder / "index.html", page)
        style = Path(__file__).with_name("look.css").read_text("utf-8")
        write_text(folder / "look.css", style)
    return out / "index.html"


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _reach(photographs: Sequence[Photograph]) -> str:
    """The first and last picture of a sheet, as words."""
    first, last = (p.image.removeprefix("images/") for p in (photographs[0], photographs[-1]))
    return first if first == last else f"{first} to {last}"


def _is_ours(out: Path, name: str) -> bool:
    """Whether an earlier look wrote a file: by its name, and the page by what it says."""
    if name == "index.html":
        return MADE_BY.encode() in (out / name).read_bytes()[:2000]
    return _OURS.fullmatch(name) is not None


MOST_ROWS = 30
"""Rows of a tally; the rest is one row more."""
_CNC = {True: "CNC", False: "no CNC", None: "cannot be told"}
TALLIES: Mapping[str, Callable[[Photograph], Sequence[str]]] = {
    "Pictures by scene": lambda p: [p.scene],
    "Pictures by source": lambda p: [p.source],
    "Machines by builder": lambda p: [m.builder or "unknown" for m in p.machines],
    "Machines by what names the builder": lambda p: [m.by or "not known" for m in p.machines],
    "Machines by kind": lambda p: [m.kind for m in p.machines],
    "Machines by numerical control": lambda p: [_CNC[m.cnc] for m in p.machines],
    "Marks by role": lambda p: [mark.role for mark in p.marks],
}
Tally = list[tuple[str, list[int]]]
"""Names, the commonest first, each with a number for each split."""


def tallies_of(splits: Mapping[str, Sequence[Photograph]]) -> dict[str, Tally]:
    """What each of `TALLIES` counts."""
    found: dict[str, Tally] = {}
    for title, names_of in TALLIES.items():
        counts = [Counter(n for p in some for n in names_of(p)) for some in splits.values()]
        total = sum(counts, Counter[str]())
        names = sorted(total, key=lambda name: (-total[name], name))
        rows = [(name, [one[name] for one in counts]) for name in names[:MOST_ROWS]]
        if rest := names[MOST_ROWS:]:
            together = [sum(one[name] for name in rest) for one in counts]
            rows.append((f"{len(rest)} others", together))
        found[title] = rows
    return found


COLUMNS = 4
CELL = (380, 285)
CAPTION = 36
GAP = 12
PAPER, INK, SOFT, MAT = "#14171b", "#e8eaed", "#9aa3ae", "#1f242a"
LETTERS = 11
LONGEST_TEXT = 26
Rect = tuple[float, float, float, float]


def draw_sheet(photographs: Sequence[Photograph]) -> Image.Image:
    """One page of pictures, `COLUMNS` in a row. Raises DataError: a picture cannot be read."""
    rows = -(-len(photographs) // COLUMNS)
    columns = min(COLUMNS, len(photographs))
    w, h = CELL[0] + GAP, CELL[1] + CAPTION + GAP
    sheet = Image.new("RGB", (columns * w + GAP, rows * h + GAP), PAPER)
    draw, face = ImageDraw.Draw(sheet), font(LETTERS + 1)
    for place, one in enumerate(photographs):
        left, top = GAP + place % COLUMNS * w, GAP + place // COLUMNS * h
        sheet.paste(draw_picture(one), (left, top))
        first = f"{one.image.removeprefix('images/')}  {one.scene}  {one.width}x{one.height}"
        for number, (text, colour) in enumerate(((first, INK), (one.source, SOFT))):
            while draw.textlength(text, font=face) > CELL[0] and len(text) > 1:
                text = text[: -max(2, len(text) // 20)] + "…"
            at = (left, top + CELL[1] + 3 + number * (LETTERS + 5))
            draw.text(at, text, fill=colour, font=face)
    return sheet


def draw_picture(photograph: Photograph) -> Image.Image:
    """A picture with its boxes, `CELL` in size. Raises DataError: it cannot be read."""
    with opened(photograph.path) as stored:
        # A JPEG is decoded at the smallest scale that is large enough.
        stored.draft("RGB", CELL)
        picture = stored.convert("RGB")
    picture.thumbnail(CELL, Image.Resampling.LANCZOS)
    cell = Image.new("RGB", CELL, MAT)
    left, top = (CELL[0] - picture.width) // 2, (CELL[1] - picture.height) // 2
    cell.paste(picture, (left, top))
    draw = ImageDraw.Draw(cell)
    across, down = picture.width / photograph.width, picture.height / photograph.height
    tags: list[tuple[Rect, str, str]] = []
    for box, colour, width, text in _boxes(photograph):
        x1, y1, x2, y2 = box
        drawn = (
            max(left + x1 * across, 0),
            max(top + y1 * down, 0),
            min(max(left + x2 * across, left + x1 * across + 2), CELL[0] - 1),
            min(max(top + y2 * down, top + y1 * down + 2), CELL[1] - 1),
        )
        draw.rectangle(drawn, outline=colour, width=width)
        if text:
            tags.append((drawn, colour, text))
    # Tags last, so that no later box runs through an earlier one's letters.
    taken: list[Rect] = []
    for drawn, colour, text in tags:
        _write_tag(draw, drawn, colour, text, taken)
    return cell


def _boxes(photograph: Photograph) -> Iterator[tuple[Box, str, int, str]]:
    """Box, colour, line width and text of everything boxed, the large things first."""
    for machine in photograph.machines:
        if machine.ignore:
            yield machine.box, UNLABELLED, 1, "not judged"
        else:
            yield machine.box, MACHINE, 2, machine.builder or "unknown"
    for control in photograph.controls:
        yield control.box, CONTROL, 2, ""
    for mark in photograph.marks:
        taught = mark.role in LABELLED_ROLES and not mark.ignore
        colour = MARK if taught else UNLABELLED
        yield mark.box, colour, 2 if mark.legible else 1, mark.text if mark.legible else ""
    for box in photograph.concealed:
        yield box, CONCEALED, 2, "concealed"


def _write_tag(
    draw: ImageDraw.ImageDraw, box: Rect, colour: str, text: str, taken: list[Rect]
) -> None:
    """Writes above a box, below it or at its upper corner: where no other tag is; or not."""
    face, text = font(LETTERS), " ".join(text.split())
    text = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    w, h = draw.textlength(text, font=face) + 6, LETTERS + 5
    x1 = min(max(box[0], 0), CELL[0] - w)
    for y1 in (box[1] - h, box[3] + 1, box[1]):
        x2, y2 = x1 + w, y1 + h
        touched = any(x1 < o[2] and o[0] < x2 and y1 < o[3] and o[1] < y2 for o in taken)
        if y1 >= 0 and y2 <= CELL[1] and not touched:
            draw.rectangle((x1, y1, x2, y2), fill=colour)
            draw.text((x1 + 3, y1), text, fill="#000000", font=face)
            taken.append((x1, y1, x2, y2))
            return
