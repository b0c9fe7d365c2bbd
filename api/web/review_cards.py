"""Cards with the addresses of their pictures."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from api.web.review_models import Card, Picture, Pictures

Record = dict[str, Any]
FRAME_WIDTH = 1280
MARK_MARGIN = 0.15
"""Around a mark, as in the stills that are kept of them (`detector/look/stills.py`)."""


def to_card(record: Record) -> Card:
    """The card of `evidence.review.card`, its pictures by address."""
    alike = [one | {"picture": _small(one)} for one in record["alike"]]
    return Card.model_validate(record | {"pictures": _pictures(record), "alike": alike})


def still(sha256: str) -> str:
    """The address of a picture that the case keeps."""
    return f"/api/v1/stills/{sha256}"


def frame(footage: str, pts: str, width: int | None = None) -> str:
    """The address of a frame, cut from the footage."""
    query = {"pts": pts} | ({} if width is None else {"width": str(width)})
    return f"/api/v1/footage/{footage}/frame?{urlencode(query)}"


def crop(footage: str, pts: str, box: list[float], way: str) -> str:
    """The address of a part of a frame, `unaltered` or `enhanced`."""
    query = {"pts": pts, "box": ",".join(f"{corner:g}" for corner in box), "way": way}
    return f"/api/v1/footage/{footage}/crop?{urlencode(query)}"


def _pictures(record: Record) -> Pictures:
    footage, stills = record["footage"]["sha256"], record["stills"]
    # Where the size of the frame is not known the page takes the picture's: it must not be shrunk.
    width = None if record["footage"]["width"] is None else FRAME_WIDTH
    cut = frame(footage, record["pts"], width)
    best = stills.get("best")
    shown = Picture(address=cut, pts=record["pts"], box=record["box"])
    if best is not None:
        shown = Picture(address=still(best["sha256"]), spare=cut, pts=best["pts"], box=best["box"])
    mark = stills.get("mark")
    if mark is None:
        return Pictures(frame=shown)
    wide = _wider(mark["box"], record["footage"])
    place = {"box": mark["box"], "pts": mark["pts"]}
    return Pictures(
        frame=shown,
        mark=Picture(
            address=still(mark["sha256"]),
            spare=crop(footage, mark["pts"], wide, "unaltered"),
            **place,
        ),
        enhanced=Picture(address=crop(footage, mark["pts"], wide, "enhanced"), **place),
    )


def _small(record: Record) -> Picture:
    """Of a look-alike its mark, or else the frame."""
    stills = record["stills"]
    if "mark" in stills:
        return Picture(address=still(stills["mark"]))
    box = record["box"]
    return Picture(address=crop(record["footage"], record["pts"], box, "unaltered"))


def _wider(box: list[float], footage: Record) -> list[float]:
    x1, y1, x2, y2 = box
    dx, dy = MARK_MARGIN * (x2 - x1), MARK_MARGIN * (y2 - y1)
    width, height = footage["width"] or x2 + dx, footage["height"] or y2 + dy
    return [max(0.0, x1 - dx), max(0.0, y1 - dy), min(width, x2 + dx), min(height, y2 + dy)]
