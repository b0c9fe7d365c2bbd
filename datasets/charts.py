"""Charts as SVG, as wide as a page, and their colours.

They carry their numbers as text, so colour or length never carries a fact alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from html import escape

from datasets.messages import Message

PAGE, LABELS, RIGHT, LINE = 920, 300, 130, 26
"""Of a figure, in pixels: all, names at the left, room at the right, a row."""
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
    "probable": Message("claim for this kind"),
    "concealed": Message("concealed"),
    "unknown": Message("unknown"),
}
"""The same in words."""
Words = Callable[[str], str]
"""Says a text in the reader's language."""


def stacks(title: str, rows: Mapping[str, Mapping[str, int]], words: Words = str) -> str:
    """Counts by status, stacked, a bar a row; the largest fills the width."""
    shown = [status for status in STATUS_COLOURS if any(row.get(status) for row in rows.values())]
    says = {status: words(STATUSES[status]) for status in shown}
    told = {
        label: ", ".join(f"{row[status]} {says[status]}" for status in shown if row.get(status))
        if len(rows) < MANY
        else str(sum(row.values()))
        for label, row in rows.items()
    }
    # Beside each bar there is room for its words.
    width, room = PAGE - LABELS - RIGHT, PAGE - LABELS - 12
    needed = (
        sum(row.values()) * width / max(60, room - wide(told[label])) for label, row in rows.items()
    )
    most = max(needed, default=0) or 1.0

    def across(count: int) -> float:
        return LABELS + width * (count / most)

    parts, left = [], 0.0
    for status, said in says.items():
        colour = STATUS_COLOURS[status]
        parts.append(f'<rect x="{left}" y="4" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(left + 18, 14, said))
        left += 40 + wide(said)
    for number, (label, row) in enumerate(rows.items()):
        y, at = 40 + LINE * number, 0
        parts.append(_text(LABELS - 10, y + 5, words(label), "end"))
        for status in shown:
            if not (count := row.get(status, 0)):
                continue
            x1, x2 = across(at), across(at + count)
            tip = escape(f"{words(label)}: {says[status]} {count}", quote=False)
            parts.append(
                f'<rect x="{x1:.1f}" y="{y - 8}" width="{max(1.0, x2 - x1 - 1):.1f}" height="16" '
                f'fill="{STATUS_COLOURS[status]}"><title>{tip}</title></rect>'
            )
            at += count
        x = across(at) + 8
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
        said = words(Message("%(confirmed)s of %(seen)s", confirmed=confirmed, seen=seen))
        parts.append(_text(x + wide / 2, 183 - 140 * seen / most, said, "middle"))
        parts.append(_text(x + wide / 2, 208, year, "middle"))
    return _whole(words(title), 220, parts)


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
