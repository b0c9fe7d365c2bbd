"""The report: one HTML file that opens anywhere, runs nothing and fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from PIL import Image
from rich import filesize

from datasets.charts import SIZE, fitted
from datasets.entry import in_words
from datasets.fonts import han_face
from datasets.places import country_name
from detector.types import Box, Picture
from evidence.clip.record import Record
from evidence.clip.tables import (
    chance,
    clock,
    file_name,
    lead_says,
    mark_says,
    named,
    origin_told,
    printable,
    rate,
    surest,
    withheld_says,
)

STILL_WIDTH = 1120  # pixels of an embedded still: sharp at twice the column it stands in
MANY_MACHINES = 60  # beyond it stills are embedded at half the width, to keep the file openable
STILL_QUALITY = 82
THUMBNAIL = (144, 108)  # pixels at most, of a machine in the table on top
READINGS_SHOWN = 6  # rows a machine; further texts follow in one line

GRADES = {
    "A": "the builder's wordmark was read, and a second view or cue says the same",
    "B": "one mark alone, or several cues without such a wordmark",
    "U": "a machine, its builder unknown",
}
KINDS = {
    "wordmark": "wordmark",
    "series": "series",
    "logo": "looks like",
    "control": "control badge",
    "concealed": "a mark may be concealed (blur or mosaic)",
    "overlay": "broadcast text",
    "mirrored": "mirrored text",
    "dealer": "dealer's sticker",
    "plate": "plate",
}


@dataclass(slots=True)
class ReportPictures:
    """One machine's pictures as data URIs, as far as there are any."""

    still: str | None = None
    mark: str | None = None
    thumbnail: str | None = None


def picture_of_still(still: Image.Image, machines: int) -> str:
    """An annotated still as a JPEG data URI, narrower where there are many machines."""
    width = STILL_WIDTH if machines <= MANY_MACHINES else STILL_WIDTH // 2
    small = still.copy()
    small.thumbnail((width, 2 * width), Image.Resampling.LANCZOS)
    return _data_uri(small, "jpeg", quality=STILL_QUALITY)


def picture_of_machine(picture: Picture, box: Box) -> str:
    """A thumbnail of the machine alone as a JPEG data URI; black where it lies off the picture."""
    x1, y1, x2, y2 = (max(0, round(edge)) for edge in box)
    part = picture[y1:y2, x1:x2]
    return picture_of_frame(part if part.size else np.zeros((1, 1, 3), np.uint8))


def picture_of_frame(picture: Picture) -> str:
    """A thumbnail as a JPEG data URI."""
    small = Image.fromarray(picture)
    small.thumbnail(THUMBNAIL, Image.Resampling.LANCZOS)
    return _data_uri(small, "jpeg", quality=STILL_QUALITY)


def picture_of_mark(mark: Image.Image) -> str:
    """A mark as a PNG data URI, its pixels unaltered; the page enlarges it."""
    return _data_uri(mark, "png")


def _data_uri(picture: Image.Image, form: str, **how: int) -> str:
    out = io.BytesIO()
    picture.save(out, form, optimize=True, **how)
    return f"data:image/{form};base64," + base64.b64encode(out.getvalue()).decode("ascii")


def render_report(
    record: Record,
    pictures: dict[str, ReportPictures],
    paths: bool = False,
    strip: Sequence[tuple[float, str]] = (),
) -> str:
    """The report of one footage: one self-contained HTML page, without scripts or requests.

    record: as `to_record` gives it. pictures: by machine id, as far as there are any. paths: name
    files by path, as they were given. strip: seconds and data URIs of frames, where no machine was
    found.
    """
    built = [one["builder"] for one in record["machines"] if one["builder"] is not None]
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            called=str if paths else file_name,
            pictures=pictures,
            strip=strip,
            timeline=lay_out(record),
            grades=GRADES,
            kinds=KINDS,
            rows=READINGS_SHOWN,
            named=len(built),
            sellers=sum(one["type"] == "rebadger" for one in built),
            plated=sum(bool(one["origin"]) and not one["builder"] for one in record["machines"]),
            **style_of("report.css", json.dumps(record, ensure_ascii=False)),
        )
    )


def style_of(name: str, text: str = "") -> dict[str, str]:
    """A page's style, and the policy that forbids all else: scripts and requests.

    text: what of it may be Han, for which the page then brings its own glyphs.
    """
    style = read_template(name) + han_face(text)
    # A policy hash is over the exact characters between the tags.
    digest = base64.b64encode(hashlib.sha256(style.encode("utf-8")).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; font-src data:; style-src 'sha256-{digest}'"
    return {"style": Markup(style), "policy": f"{policy}; base-uri 'none'; form-action 'none'"}


def seen(machine: Mapping[str, Any]) -> str:
    """When a machine was seen first and last.

    >>> seen({"first": 2.0, "last": 3.5}), seen({"first": 2.0, "last": 2.0})
    ('seen 0:02.0 - 0:03.5', 'seen at 0:02.0')
    """
    first, last = clock(machine["first"]), clock(machine["last"])
    return f"seen at {first}" if first == last else f"seen {first} - {last}"


def weigh(weight: float) -> str:
    """What a log-odds weight amounts to, in words.

    The steps are Kass & Raftery's (1995, "Bayes Factors", 3.2) for natural logarithms of
    odds: below 1 not worth a mention, to 3 positive, to 5 strong, beyond very strong.

    >>> weigh(4.2), weigh(-1.5), weigh(0)
    ('strongly for', 'somewhat against', 'says nothing by itself')
    """
    size = abs(weight)
    if size < 0.005:
        return "says nothing by itself"
    steps = ((1, "barely"), (3, "somewhat"), (5, "strongly"))
    word = next((word for most, word in steps if size < most), "very strongly")
    return f"{word} {'for' if weight > 0 else 'against'}"


UNSEEN = 0.5
"""Seconds outside its shots before the report says "only keyframes"; lengths are not exact."""

# The timeline's drawing, in its own units; the page scales it to its width.
LABELS, LANES, LANE, AXIS = 280, 870, 24, 26
ROOM = (LABELS - 8) * SIZE / 12
"""What a name may take by `fitted`, which assumes larger letters than the 12 pixels here."""


def lay_out(record: Record) -> dict[str, Any] | None:
    """Each machine's bar on the timeline, and what was looked at closely; None for stills."""
    machines, lone = record["machines"], record["lone_marks"]
    if record["kind"] != "video":
        return None
    # A frame stands until the next one comes.
    frame = float(1 / Fraction(record["rate"])) if record["rate"] else 0.0
    ends = [machine["last"] for machine in machines] + [part["end"] for part in record["shots"]]
    length: float = max([record["duration"] or 0.0, *ends, 0.1])
    closely = sum(part["end"] - part["start"] + frame for part in record["shots"])

    def across(seconds: float) -> float:
        x: float = round(LABELS + LANES * seconds / length, 1)
        return x

    def stretch(start: float, end: float) -> dict[str, float]:
        x, end = across(start), min(end + frame, length)
        return {"x": min(x, LABELS + LANES - 3), "width": max(3.0, round(across(end) - x, 1))}

    def lane(machine: Record) -> dict[str, Any]:
        bar = stretch(machine["first"], machine["last"])
        return bar | {"machine": machine, "best": across(machine["best"]["pts"])}

    return {
        "room": ROOM,
        "width": LABELS + LANES + 10,
        "height": AXIS + LANE * (len(machines) + bool(lone)) + 8,
        "ticks": [
            {"x": across(t), "text": clock(t).removesuffix(".0"), "anchor": anchor}
            for t, anchor in _ticks(length)
        ],
        "elsewhere": length - closely > UNSEEN,
        "shots": [stretch(part["start"], part["end"]) for part in record["shots"]],
        "lanes": [{"y": AXIS + LANE * n} | lane(machine) for n, machine in enumerate(machines)],
        "lone": [{"x": across(mark["pts"]), "mark": mark} for mark in lone],
        "lone_y": AXIS + LANE * len(machines),
    }


def _ticks(length: float) -> Iterator[tuple[float, str]]:
    """Round times, at most eight, and how their words stand so that all are in the drawing."""
    steps = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400)
    step = next((step for step in steps if length / step <= 7), length / 7)
    for number in range(int(length / step) + 1):
        share = step * number / length
        yield step * number, "end" if share > 0.95 else "middle" if share > 0.02 else "start"


def environment_of(**options: Any) -> Environment:
    """What renders our pages: text from outside is escaped, a missing value is an error."""
    options = {"loader": FunctionLoader(read_template)} | options
    options |= {"trim_blocks": True, "lstrip_blocks": True, "undefined": StrictUndefined}
    return Environment(autoescape=True, **options)


@cache
def _environment() -> Environment:
    environment = environment_of()
    filters = (
        *(clock, mark_says, printable, weigh, chance, surest, named, origin_told, lead_says),
        *(withheld_says, rate, seen, fitted),
    )
    environment.filters |= {one.__name__: one for one in filters}
    environment.filters["size"] = filesize.decimal
    environment.filters["country"] = country_name
    environment.filters["grounds"] = lambda one: "; ".join(in_words(one["says"], one["sources"]))
    return environment


def read_template(name: str) -> str:
    """A file of `evidence/templates`."""
    return files("evidence").joinpath("templates", name).read_text("utf-8")
