"""Contact sheets: many pictures on one page, each with its boxes and what they say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw

from datasets.annotations import Box, Photograph
from datasets.errors import DataError
from datasets.fonts import font
from datasets.look.colours import CONCEALED, CONTROL, MACHINE, MARK, UNLABELLED
from datasets.picture import FORMATS
from datasets.writing import LABELLED_ROLES

COLUMNS = 4
CELL = (380, 285)
CAPTION = 36
GAP = 12
PAPER, INK, SOFT, MAT = "#14171b", "#e8eaed", "#9aa3ae", "#1f242a"
LETTERS = 11
LONGEST_TEXT = 26
Rect = tuple[float, float, float, float]


def draw_sheet(photographs: Sequence[Photograph]) -> Image.Image:
    """One page of pictures, `COLUMNS` in a row.

    Raises:
        DataError: a picture cannot be read.
    """
    rows = -(-len(photographs) // COLUMNS)
    columns = min(COLUMNS, len(photographs))
    w, h = CELL[0] + GAP, CELL[1] + CAPTION + GAP
    sheet = Image.new("RGB", (columns * w + GAP, rows * h + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for place, photograph in enumerate(photographs):
        left, top = GAP + place % COLUMNS * w, GAP + place // COLUMNS * h
        sheet.paste(draw_picture(photograph), (left, top))
        _write_caption(draw, photograph, left, top + CELL[1] + 3)
    return sheet


def draw_picture(photograph: Photograph) -> Image.Image:
    """A picture with its boxes, `CELL` in size.

    Raises:
        DataError: it cannot be read.
    """
    picture = _load(photograph)
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
    face = font(LETTERS)
    text = _shortened(text)
    w, h = draw.textlength(text, font=face) + 6, LETTERS + 5
    x = min(max(box[0], 0), CELL[0] - w)
    for y in (box[1] - h, box[3] + 1, box[1]):
        place = (x, y, x + w, y + h)
        if y >= 0 and place[3] <= CELL[1] and not any(_touch(place, other) for other in taken):
            draw.rectangle(place, fill=colour)
            draw.text((x + 3, y), text, fill="#000000", font=face)
            taken.append(place)
            return


def _write_caption(draw: ImageDraw.ImageDraw, photograph: Photograph, left: int, top: int) -> None:
    size = f"{photograph.width}x{photograph.height}"
    first = f"{photograph.image.removeprefix('images/')}  {photograph.scene}  {size}"
    for number, (text, colour) in enumerate(((first, INK), (photograph.source, SOFT))):
        face = font(LETTERS + 1)
        while draw.textlength(text, font=face) > CELL[0] and len(text) > 1:
            text = text[: -max(2, len(text) // 20)] + "…"
        draw.text((left, top + number * (LETTERS + 5)), text, fill=colour, font=face)


def _load(photograph: Photograph) -> Image.Image:
    try:
        with Image.open(photograph.path, formats=FORMATS) as picture:
            # A JPEG is decoded at the smallest scale that is large enough.
            picture.draft("RGB", CELL)
            small = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{photograph.path}: it cannot be read as a picture ({error})") from error
    small.thumbnail(CELL, Image.Resampling.LANCZOS)
    return small


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def _touch(one: Rect, other: Rect) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
