"""Charts as SVG, inside a page or by themselves, and their colours.

They carry their numbers as text, so colour or length never carries a fact alone.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from datasets.exchange.cvat import COLOURS as CLASS_COLOURS
from datasets.exchange.cvat import PICTURE
from datasets.messages import Message

EDGES = (8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Pixels between the columns of a histogram of sizes: each about a third more than the last."""

WIDTH = 480
ROW, NAMES, NUMBERS = 19, 196, 74
LONGEST_NAME = 24
HIGH, LOW, ROOM = 150, 34, 6


@dataclass(frozen=True, slots=True)
class Series:
    """What one colour stands for: a split, or legible and not."""

    name: str
    colour: str


def bars(rows: Sequence[tuple[str, Sequence[int]]], series: Sequence[Series]) -> str:
    """A row a name, its parts laid end to end; the numbers stand behind.

    Args:
        rows: name and one number for each of `series`.
        series: the colours, in the order of the numbers.
    """
    longest = max((sum(numbers) for _, numbers in rows), default=0) or 1
    scale = (WIDTH - NAMES - NUMBERS) / longest
    parts = []
    for place, (name, numbers) in enumerate(rows):
        y, x = place * ROW, float(NAMES)
        parts.append(
            f'<text class="name" x="{NAMES - 8}" y="{y + 13}">{escape(_short(name), quote=False)}'
            f"<title>{escape(name, quote=False)}</title></text>"
        )
        for number, one in zip(numbers, series, strict=True):
            if number:
                parts.append(_bar(x, y + 2, number * scale, ROW - 5, one, name, number))
            x += number * scale
        said = " + ".join(str(number) for number in numbers if number)
        parts.append(f'<text class="number" x="{x + 6:.1f}" y="{y + 13}">{said}</text>')
    return _svg(max(len(rows), 1) * ROW + 2, parts)


def sizes(values: Mapping[str, Sequence[float]], series: Sequence[Series]) -> str:
    """Columns of lengths in pixels between `EDGES`, parts stacked.

    Args:
        values: by the name of a series, lengths in pixels.
        series: the colours, the lowest part first.
    """
    counts = [[0] * (len(EDGES) + 1) for _ in series]
    for row, one in zip(counts, series, strict=True):
        for value in values.get(one.name, ()):
            row[bisect_right(EDGES, value)] += 1
    highest = max(sum(column) for column in zip(*counts, strict=True)) or 1
    wide = (WIDTH - 2 * ROOM) / (len(EDGES) + 1)
    parts = [f'<line class="axis" x1="{ROOM}" x2="{WIDTH - ROOM}" y1="{HIGH}" y2="{HIGH}"/>']
    for place in range(len(EDGES) + 1):
        x, y = ROOM + place * wide, float(HIGH)
        for row, one in zip(counts, series, strict=True):
            if row[place]:
                high = row[place] * (HIGH - 20) / highest
                y -= high
                parts.append(_bar(x + 1, y, wide - 2, high, one, _between(place), row[place]))
        total = sum(row[place] for row in counts)
        if total:
            middle = x + wide / 2
            parts.append(
                f'<text class="number middle" x="{middle:.1f}" y="{y - 4:.1f}">{total}</text>'
            )
        if place < len(EDGES):
            parts.append(
                f'<text class="number middle" x="{x + wide:.1f}" y="{HIGH + 15}">{EDGES[place]}'
                "</text>"
            )
    parts.append(f'<text class="number" x="{ROOM}" y="{HIGH + 30}">pixels</text>')
    return _svg(HIGH + LOW, parts)


def _bar(x: float, y: float, w: float, h: float, series: Series, name: str, number: int) -> str:
    title = escape(f"{name}, {series.name}: {number}", quote=False)
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(w, 0.5):.1f}" height="{h:.1f}" '
        f'fill="{series.colour}"><title>{title}</title></rect>'
    )


def _between(place: int) -> str:
    if place == 0:
        return f"under {EDGES[0]} px"
    if place == len(EDGES):
        return f"{EDGES[-1]} px and more"
    return f"{EDGES[place - 1]} to {EDGES[place]} px"


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def _svg(height: int, parts: Sequence[str]) -> str:
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(parts)}</svg>'


MACHINE = CLASS_COLOURS["machine"]
MARK = CLASS_COLOURS["wordmark"]
CONTROL = CLASS_COLOURS["control"]
CONCEALED = CLASS_COLOURS["concealed"]
UNLABELLED = CLASS_COLOURS[PICTURE]
"""Marks of roles that no detector is taught."""

SPLITS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#8d96a1")
"""Of the splits in their order; further ones share the last."""

PAGE, LABELS, RIGHT, LINE = 920, 300, 130, 26
"""Of a figure as wide as a page, in pixels: all, names at the left, room at the right, a row."""

MANY = 40
"""Rows from which on the numbers beside the bars are sums alone."""

SIZE, SMALL = 13, 11
"""Of the letters, in pixels; small where a text takes two lines of a row."""

FONT = "'Noto Sans', 'DejaVu Sans', 'Noto Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"
"""Of a figure by itself; a page may say otherwise."""

_NARROW, _WIDE = "fijlrtI1.,:;'|!()[]- ", "mwMWДЖМФШЩЫЮжмфшщыю@%…"

STATUS_COLOURS = {
    # Okabe & Ito, "Color Universal Design" (2008).
    "confirmed": "#009e73",
    "claimed": "#56b4e9",
    "probable": "#e69f00",
    "concealed": "#cc79a7",
    "unknown": "#9aa0a8",
}
"""Of each status of a machine, in the order in which they are stacked."""

STATUSES = {
    "confirmed": Message("confirmed"),
    "claimed": Message("named by the program"),
    "probable": Message("lead for this kind"),
    "concealed": Message("concealed"),
    "unknown": Message("unknown"),
}
"""The same in words."""

Words = Callable[[str], str]
"""Says a text in the reader's language."""


@dataclass(frozen=True, slots=True)
class Range:
    """A row of `ranges`: shares from `low` to `high`, and how they are written."""

    label: str
    low: float
    high: float
    note: str


def ranges(title: str, rows: Sequence[Range], words: Words = str) -> str:
    """Intervals of shares, one below the other, over an axis from 0 to 100 %."""
    parts = []
    for tick in range(5):
        x = _across(tick / 4)
        parts.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{20 + LINE * len(rows)}" '
            'stroke="currentColor" opacity="0.2"/>'
        )
        parts.append(_text(x, 11, f"{25 * tick} %", "middle"))
    for number, row in enumerate(rows):
        y, x1, x2 = 30 + LINE * number, _across(row.low), _across(row.high)
        parts += [
            _text(LABELS - 10, y + 5, words(row.label), "end"),
            f'<rect class="range" x="{x1:.1f}" y="{y - 5}" width="{max(2.0, x2 - x1):.1f}" '
            f'height="10" rx="2" fill="{STATUS_COLOURS["claimed"]}"/>',
            _text(PAGE - RIGHT + 10, y + 5, words(row.note), room=RIGHT - 12),
        ]
    return _whole(words(title), 30 + LINE * len(rows), parts)


def stacks(
    title: str,
    rows: Mapping[str, Mapping[str, int]],
    words: Words = str,
    named: Mapping[str, str] = STATUSES,
) -> str:
    """Counts by status, stacked, a bar a row; the largest fills the width. `named`: the statuses in
    words."""
    shown = [status for status in STATUS_COLOURS if any(row.get(status) for row in rows.values())]
    says = {status: words(named[status]) for status in shown}
    told = {
        label: ", ".join(f"{row[status]} {says[status]}" for status in shown if row.get(status))
        if len(rows) < MANY
        else str(sum(row.values()))
        for label, row in rows.items()
    }
    # Beside each bar there is room for its words.
    room = PAGE - LABELS - 12
    most = max(
        (
            sum(row.values()) * (PAGE - LABELS - RIGHT) / max(60, room - wide(told[label]))
            for label, row in rows.items()
        ),
        default=0,
    )
    most = most or 1.0
    parts = _legend(says)
    for number, (label, row) in enumerate(rows.items()):
        y = 40 + LINE * number
        parts.append(_text(LABELS - 10, y + 5, words(label), "end"))
        at = 0
        for status in shown:
            if not (count := row.get(status, 0)):
                continue
            x1, x2 = _across(at / most), _across((at + count) / most)
            tip = escape(f"{words(label)}: {says[status]} {count}", quote=False)
            parts.append(
                f'<rect x="{x1:.1f}" y="{y - 8}" width="{max(1.0, x2 - x1 - 1):.1f}" height="16" '
                f'fill="{STATUS_COLOURS[status]}"><title>{tip}</title></rect>'
            )
            at += count
        x = _across(at / most) + 8
        parts.append(_text(x, y + 5, told[label], room=PAGE - x))
    return _whole(words(title), 40 + LINE * len(rows), parts)


def columns(title: str, years: Mapping[str, tuple[int, int]], words: Words = str) -> str:
    """Machines seen and confirmed by year of publication."""
    most = max((seen for seen, _ in years.values()), default=0) or 1
    step = (PAGE - 60) / max(1, len(years))
    parts = [
        f'<line x1="40" x2="{PAGE - 20}" y1="190" y2="190" stroke="currentColor" opacity="0.5"/>'
    ]
    for number, (year, (seen, confirmed)) in enumerate(years.items()):
        x, wide = 40 + step * number + step * 0.2, min(60.0, step * 0.6)
        for count, status in ((seen, "unknown"), (confirmed, "confirmed")):
            tall = 140 * count / most
            parts.append(
                f'<rect x="{x:.1f}" y="{190 - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" '
                f'fill="{STATUS_COLOURS[status]}"/>'
            )
        parts.append(
            _text(
                x + wide / 2,
                183 - 140 * seen / most,
                words(Message("%(confirmed)s of %(seen)s", confirmed=confirmed, seen=seen)),
                "middle",
            )
        )
        parts.append(_text(x + wide / 2, 208, year, "middle"))
    return _whole(words(title), 220, parts)


def _across(share: float) -> float:
    return LABELS + (PAGE - LABELS - RIGHT) * share


def _legend(shown: Mapping[str, str]) -> list[str]:
    parts, x = [], float(LABELS)
    for status, says in shown.items():
        parts.append(
            f'<rect x="{x}" y="4" width="12" height="12" fill="{STATUS_COLOURS[status]}"/>'
        )
        parts.append(_text(x + 18, 14, says))
        x += 40 + wide(says)
    return parts


def _text(x: float, y: float, words: str, anchor: str = "start", room: float = LABELS - 14) -> str:
    lines = in_two(words, room) if wide(words) > room else [words]
    size, first = (SIZE, y) if len(lines) == 1 else (SMALL, y - 6)
    return "".join(
        f'<text x="{x:.1f}" y="{first + 12 * number:.1f}" text-anchor="{anchor}" '
        f'font-size="{size}" font-family="{FONT}" fill="currentColor">'
        f"{escape(line, quote=False)}</text>"
        for number, line in enumerate(lines)
    )


def wide(words: str) -> float:
    """Pixels that a text takes at most, in DejaVu Sans, the widest of the faces it may be set in.

    >>> wide("iii") < wide("ooo") < wide("ШШШ") == wide("秦川机")
    True
    """
    return SIZE * sum(map(_em, words))


def in_two(words: str, room: float) -> list[str]:
    """A text in two lines of small letters, as far as they have room; in one where it has no gap.

    >>> in_two("Стерлитамакский станкостроительный завод", 200)
    ['Стерлитамакский', 'станкостроительный завод']
    """
    space = room * SIZE / SMALL
    said = words.split(" ")
    fit = [n for n in range(1, len(said)) if wide(" ".join(said[:n])) <= space]
    if not fit:
        return [fitted(words, room)]
    return [" ".join(said[: fit[-1]]), fitted(" ".join(said[fit[-1] :]), space)]


def fitted(words: str, room: float) -> str:
    """A text as far as it has room, in pixels.

    >>> fitted("QINCHUAN (秦川)", 300), fitted("Стерлитамакский станкостроительный завод", 200)
    ('QINCHUAN (秦川)', 'Стерлитамакский станко…')
    """
    if wide(words) <= room:
        return words
    while words and wide(words + "…") > room:
        words = words[:-1]
    return words.rstrip() + "…"


def _em(letter: str) -> float:
    """The width of a letter, in sizes."""
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or letter in _WIDE:
        return 1.0
    return 0.42 if letter in _NARROW else 0.74 if letter.isupper() else 0.64


def _whole(title: str, height: int, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAGE} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )
