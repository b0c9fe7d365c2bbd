"""Pictures a person can judge by: the best frame annotated, and the mark as it was.

The drawing stands around a mark, never on it. The crop of the mark carries none: its pixels are the
frame's, each repeated a whole number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from datasets.fonts import font
from detector.types import Box, Picture, Reading, Sighting
from evidence.clip.tables import chance, clock, mark_says, named, printable

Colour = tuple[int, int, int]

# Okabe & Ito, "Color Universal Design" (2008): told apart by every kind of colour vision.
# The grade's letter is always drawn too; colour alone never carries it.
GRADE_COLOURS: dict[str, Colour] = {"A": (0, 158, 115), "B": (86, 180, 233), "U": (236, 236, 236)}
MARK_COLOUR: Colour = (240, 228, 66)
INK: Colour = (16, 18, 22)
PAPER: Colour = (248, 248, 246)
FAINT: Colour = (190, 194, 200)

LINES_PER_SIDE = 240  # a line is one 240th of the shorter side: 3 px at 720 lines
LETTERS_PER_SIDE = 34  # a letter's em, likewise: 32 px at 1080 lines
LEAST_EM = 13  # pixels; below it Han is not legible
SHORTEST_DRAWN = 3  # letters; shorter texts that prove nothing are mostly noise
MARK_WIDTH = 480  # pixels a mark is enlarged towards, by a whole number
MARK_ENLARGED = 8  # at most
COARSE, BLOCKS = 8, 4  # across and down that a frame, and a part, is hidden in: no face is left


def seen_marks(sighting: Sighting) -> list[Reading]:
    """The texts to draw in the best frame: those cited, else those of three letters or more."""
    cited = {part.text for part in sighting.attribution.evidence}
    here = [one for one in sighting.readings if one.pts == sighting.best.pts and not one.overlay]
    chosen = [one for one in here if one.text in cited]
    return chosen or [one for one in here if len(one.text) >= SHORTEST_DRAWN]


def draw_still(
    image: Picture, sighting: Sighting, machine: dict[str, Any], *, timed: bool = True
) -> Image.Image:
    """The best frame with the machine, what was read in that frame, and a caption below.

    image: (height, width, 3) uint8 RGB, the frame at `sighting.best.pts`. machine: the sighting's
    record. timed: the caption says when; photographs have no time.
    """
    picture, draw, line, letters = _begin(image)
    colour = GRADE_COLOURS[machine["grade"]]
    outline(draw, sighting.best.box, colour, line)
    taken = [tag(draw, sighting.best.box, f"{machine['grade']}  {name(machine)}", colour, letters)]
    marks = seen_marks(sighting)
    for mark in marks:
        around = _off(mark.box, line)
        outline(draw, around, MARK_COLOUR, max(1, line // 2))
        free = taken + [other.box for other in marks if other.box != mark.box]
        text = printable(mark.text)
        taken.append(tag(draw, around, text, MARK_COLOUR, letters, below=True, free=free))
    return add_caption(picture, caption(machine, timed))


def draw_lone_mark(image: Picture, found: dict[str, Any], *, timed: bool = True) -> Image.Image:
    """The frame with a mark (`found`: its record) without a machine, and a caption below."""
    picture, draw, line, letters = _begin(image)
    around = _off(found["box"], line)
    outline(draw, around, MARK_COLOUR, line)
    tag(draw, around, printable(found["text"]), MARK_COLOUR, letters, below=True)
    when = [f"at {clock(found['pts'])}"] if timed else []
    said = (mark_says(found), "no machine seen around it", *when, found["id"])
    return add_caption(picture, said)


def draw_box(image: Picture, box: Sequence[float], grade: str) -> Image.Image:
    """The frame with a machine's box in the colour of its grade."""
    picture, draw, line, _ = _begin(image)
    x1, y1, x2, y2 = box
    outline(draw, (x1, y1, x2, y2), GRADE_COLOURS[grade], line)
    return picture


def _begin(image: Picture) -> tuple[Image.Image, ImageDraw.ImageDraw, int, ImageFont.FreeTypeFont]:
    """The picture, a pen on it, the width of its lines, and its letters."""
    picture = Image.fromarray(image)
    line = max(2, round(min(picture.size) / LINES_PER_SIDE))
    return picture, ImageDraw.Draw(picture), line, _letters(picture)


def _letters(picture: Image.Image) -> ImageFont.FreeTypeFont:
    return font(max(LEAST_EM, round(min(picture.size) / LETTERS_PER_SIDE)))


def _off(box: Sequence[float], line: int) -> Box:
    """A box that stands off by a line, so that it does not touch the letters."""
    return box[0] - line, box[1] - line, box[2] + line, box[3] + line


def enlarge(mark: Image.Image) -> Image.Image:
    """The same pixels, each repeated a whole number of times: larger, and nothing invented."""
    times = max(1, min(MARK_ENLARGED, MARK_WIDTH // mark.width))
    return mark.resize((mark.width * times, mark.height * times), Image.Resampling.NEAREST)


def hide_parts(image: Image.Image, boxes: Iterable[Sequence[float]]) -> None:
    """Makes each box of a picture a few flat blocks, whichever corners it is given by."""
    for x1, y1, x2, y2 in boxes:
        left, right = sorted(round(min(max(0.0, x), image.width)) for x in (x1, x2))
        top, bottom = sorted(round(min(max(0.0, y), image.height)) for y in (y1, y2))
        if left < right and top < bottom:
            part = image.crop((left, top, right, bottom))
            flat = part.resize((BLOCKS, BLOCKS), Image.Resampling.BOX)
            image.paste(flat.resize(part.size, Image.Resampling.NEAREST), (left, top))


def hide_around(
    picture: bytes, box: Sequence[float] | None, parts: Iterable[Sequence[float]] = ()
) -> bytes:
    """The picture as JPEG: all but the box, and `parts` of it, are flat blocks; all without a
    box."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    flat = image.resize((COARSE, COARSE), Image.Resampling.BOX)
    hidden = flat.resize(image.size, Image.Resampling.NEAREST)
    if box is not None:
        left, top = (max(0, round(edge)) for edge in box[:2])
        hidden.paste(image.crop((left, top, round(box[2]), round(box[3]))), (left, top))
    hide_parts(hidden, parts)
    out = BytesIO()
    hidden.save(out, "JPEG", quality=92)
    return out.getvalue()


def name(machine: dict[str, Any]) -> str:
    """The builder, or `unknown` with what its plate says, and whether a mark may be concealed."""
    text = named(machine)
    return f"{text} · a mark may be concealed" if machine["concealed"] else text


def caption(machine: dict[str, Any], timed: bool) -> list[str]:
    """Who, how sure, when if `timed`, and what stands on the control, in words."""
    builder, control = machine["builder"], machine["control"]
    parts = [name(machine), f"grade {machine['grade']}"]
    if builder:
        parts.append(f"probability {chance(builder['probability'])}")
    if timed:
        parts.append(f"at {clock(machine['best']['pts'])}")
    if control:
        parts.append(f"control {printable(control['name'])}")
    return [*parts, machine["id"]]


def outline(draw: ImageDraw.ImageDraw, box: Box, colour: Colour, line: int) -> None:
    """A box in colour between two dark lines, inside the picture: seen in any light."""
    width, height = draw.im.size
    halo = max(1, line // 2)
    x1 = min(max(box[0], halo), width - 1 - halo)
    y1 = min(max(box[1], halo), height - 1 - halo)
    x2 = min(max(box[2], x1), width - 1 - halo)
    y2 = min(max(box[3], y1), height - 1 - halo)
    around = (x1 - halo, y1 - halo, x2 + halo, y2 + halo)
    draw.rectangle(around, outline=INK, width=line + 2 * halo)
    draw.rectangle((x1, y1, x2, y2), outline=colour, width=line)


def tag(
    draw: ImageDraw.ImageDraw,
    box: Box,
    text: str,
    colour: Colour,
    letters: ImageFont.FreeTypeFont,
    below: bool = False,
    free: Sequence[Box] = (),
) -> Box:
    """A label above a box (or below it), always wholly inside the picture.

    It goes to the other side, or is left out, where it would lie on one of the boxes `free`.
    Returns the box it covers; one of no size where it was left out.
    """
    width, height = draw.im.size
    pad = max(2, round(letters.size / 4))
    text = shorten(text, letters, width - 3 * pad)
    across = round(letters.getlength(text)) + 3 * pad
    down = round(letters.size * 1.3) + pad
    x = min(max(0, round(box[0])), max(0, width - across))
    top, under = round(box[1]), round(box[3])

    def place(y: int) -> Box:
        return float(x), float(y), float(x + across), float(y + down)

    for y in (under, top - down) if below else (top - down, top):
        if 0 <= y <= height - down and not any(touch(place(y), other) for other in free):
            break
    else:
        if free:
            return (0.0, 0.0, 0.0, 0.0)
        y = min(max(0, top), max(0, height - down))
    draw.rectangle((x, y, x + across - 1, y + down - 1), fill=INK)
    draw.rectangle((x, y, x + pad - 1, y + down - 1), fill=colour)
    draw.text((x + 2 * pad, y + down / 2), text, font=letters, fill=PAPER, anchor="lm")
    return place(y)


def touch(a: Box, b: Box) -> bool:
    """Whether two boxes overlap."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def add_caption(picture: Image.Image, parts: Iterable[str]) -> Image.Image:
    """The picture with a dark strip of words below it, wrapped to its width."""
    letters = _letters(picture)
    pad = round(letters.size * 0.6)
    lines = wrap(parts, letters, picture.width - 2 * pad)
    step = round(letters.size * 1.45)
    strip = step * len(lines) + pad
    whole = Image.new("RGB", (picture.width, picture.height + strip), INK)
    whole.paste(picture, (0, 0))
    draw = ImageDraw.Draw(whole)
    for index, line in enumerate(lines):
        at = (pad, picture.height + pad / 2 + step * (index + 0.5))
        draw.text(at, line, font=letters, fill=FAINT if index else PAPER, anchor="lm")
    return whole


def wrap(parts: Iterable[str], letters: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """The parts with `·` between them, in lines no wider than `width` pixels; at least one."""
    lines = [""]
    for part in parts:
        longer = f"{lines[-1]}   ·   {part}" if lines[-1] else part
        if letters.getlength(longer) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(part)
    return [shorten(line, letters, width) for line in lines]


def shorten(text: str, letters: ImageFont.FreeTypeFont, width: float) -> str:
    """The text, cut with an ellipsis where it is wider than `width` pixels."""
    if letters.getlength(text) <= width:
        return text
    while text and letters.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"
