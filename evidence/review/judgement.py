"""A verdict given, doubted or withdrawn: checked, put into the log, and its item brought up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import CaseConflict, UsageError
from datasets.registry import Registry
from detector.name.homes import home_of
from detector.settings import origins_under_test
from evidence.case.base import values_of
from evidence.case.sighting_tables import SightingRow, Verdict, is_entered
from evidence.case.tables import FootageRow, Item, Recipe
from evidence.case.verdicts import about, append, given, hold_log, rows_about, verdicts_on
from evidence.review.items import find_or_open, refresh
from evidence.review.standing import (
    ABOUT_ENTERED,
    ABOUT_FRAMES,
    ABOUT_SIGHTINGS,
    JUDGEMENTS,
    PROBABLE,
    held_by,
    in_force,
)

LONGEST_LOOK = 3600.0  # seconds; a longer look is a browser left open


class NoItem(UsageError):
    """The item, or the verdict, does not exist."""


@dataclass(frozen=True)
class TestContext:
    """What verdicts are given against: the registry and the origins under test."""

    __test__ = False  # no tests: pytest goes by the name

    registry: Registry
    tested: tuple[str, ...]

    def from_tested(self, builder: str | None) -> bool:
        """Whether a builder is from an origin under test; of a seller's badge its makers."""
        known = builder is not None and builder in self.registry
        return known and home_of(self.registry.get(str(builder))) in self.tested

    def tests(self, builder: str | None, made: object = None) -> bool:
        """Whether the builder, or where this machine was `made`, claims an origin under test."""
        return self.from_tested(builder) or made in self.tested


def test_context(session: Session, registry: Registry) -> TestContext:
    """What verdicts on a case are given against: the origins under test in any of its recipes."""
    tested = map(origins_under_test, session.scalars(select(Recipe.values)))
    return TestContext(registry, tuple(sorted({origin for some in tested for origin in some})))


test_context.__test__ = False  # type: ignore[attr-defined]


def judge(
    session: Session,
    bench: TestContext,
    key: str,
    author: str,
    word: str,
    *,
    builder: str | None = None,
    box: Sequence[float] | None = None,
    seconds: float | None = None,
    note: str | None = None,
    supersedes: int | None = None,
    concealed: bool = False,
    said: Mapping[str, object] | None = None,
    signed: str | None = None,
) -> Verdict:
    """The verdict given on an item, in a transaction begun by `begin()`.

    The same verdict by the same person a second time is the first one: a browser may send it again.
    `NoItem`: the case has no item of that key. `UsageError`: the word, the builder or the box does
    not fit the item. `CaseConflict`: the author has judged it already, or it is settled.

    Args:
        key: the item's. word: one of `standing.JUDGEMENTS`. signed: as of `append`.
        builder: the registry's id; of `missed` and `concealed` where it can be told.
        box, concealed: of `missed`, where the machine is, and that its mark is hidden.
        supersedes: the number of one's own verdict that this one replaces.
        said: what else its author says of a machine entered by hand (`Statement.said`).
    """
    hold_log(session)
    item = find_item(session, key)
    builder, made = _checked(session, bench, item, word, builder, box)
    if concealed and word != "missed":
        raise UsageError(f"{word}: that the mark is hidden belongs to `missed`; else say concealed")
    more = dict(said or {}) | ({"concealed": True} if concealed else {})
    log = verdicts_on(session, [item])[item.item]
    mine = held_by([given(row) for row in log], author)
    if mine is not None and mine.number != supersedes:
        row = next(row for row in log if row.number == mine.number)
        same_box = [*map(float, box)] == row.box if word == "missed" and box else True
        same = (row.verdict, row.builder, row.before.get("said", {})) == (word, builder, more)
        if supersedes is None and same and same_box:
            return row
        raise CaseConflict.saying(
            "%(key)s: you have judged this already (verdict %(number)s); undo that one, or "
            "name it as superseded",
            key=key,
            number=mine.number,
        )
    if supersedes is not None and mine is None:
        raise CaseConflict.saying(
            "verdict %(number)s: is none of yours on %(key)s that still holds",
            number=supersedes,
            key=key,
        )
    if mine is None and item.state == "settled":
        raise CaseConflict.saying(
            "%(key)s: is settled by now; doubt it to have it judged again", key=key
        )
    state: dict[str, object] = {"said": more} if more else {}
    if bench.tests(builder, more.get("made") or made):
        state["tested"] = True
    if seconds is not None and not (math.isfinite(seconds) and seconds >= 0):
        raise UsageError("seconds: how long it took, 0 or more")
    seconds = None if seconds is None else round(min(seconds, LONGEST_LOOK), 2)
    return _append(
        session, item, word, author, signed, box=box if word == "missed" else item.box,
        builder=builder, seconds=seconds, note=note, supersedes=supersedes, state=state,
    )  # fmt: skip


def doubt(
    session: Session, key: str, author: str, note: str | None = None, signed: str | None = None
) -> Verdict:
    """Puts a settled item back into the queue, for one more reviewer; as `judge` does."""
    hold_log(session)
    item = find_item(session, key)
    if item.state != "settled":
        raise CaseConflict.saying(
            "%(key)s: is not settled, so it is in the queue as it is", key=key
        )
    return _append(session, item, "doubt", author, signed, box=item.box, note=note)


def withdraw(session: Session, number: int, author: str, signed: str | None = None) -> Verdict:
    """Takes back one's own verdict or doubt: adds a row that supersedes it; as `judge` does."""
    hold_log(session)
    row = session.get(Verdict, number)
    if row is None:
        raise NoItem.saying("no verdict %(number)s in this case", number=number)
    if row.author != author:
        raise CaseConflict.saying(
            "verdict %(number)s: is not yours; doubt the item instead", number=number
        )
    items = _items_of(session, row)
    if not items:
        raise NoItem.saying("verdict %(number)s: there is no item it is about", number=number)
    log = verdicts_on(session, items[:1])[items[0].item]
    if number not in {one.number for one in in_force([given(other) for other in log])}:
        raise CaseConflict.saying("verdict %(number)s: holds no longer as it is", number=number)
    return _append(session, items[0], "withdrawn", author, signed, box=row.box, supersedes=number)


def find_item(session: Session, key: str) -> Item:
    """The item of that key, or a sighting's new one; else `NoItem`."""
    item = find_or_open(session, key)
    if item is None:
        raise NoItem.saying("no item %(key)s in this case", key=key)
    return item


def item_of(session: Session, row: Verdict) -> str:
    """The key of the item a verdict is about; empty where there is none."""
    return next((item.item for item in _items_of(session, row)), "")


def _checked(
    session: Session,
    bench: TestContext,
    item: Item,
    word: str,
    builder: str | None,
    box: Sequence[float] | None,
) -> tuple[str | None, str | None]:
    """The builder that the verdict names, and the country that it accepts, if all of it fits."""
    if word not in JUDGEMENTS:
        raise UsageError(f"{word}: is no verdict; there are {', '.join(sorted(JUDGEMENTS))}")
    fitting, what = ABOUT_SIGHTINGS, "a machine found"
    if item.sighting is None:
        fitting, what = ABOUT_FRAMES, "a frame"
    elif is_entered(item.sighting):
        fitting, what = ABOUT_ENTERED, "a machine entered by hand"
    if word not in fitting:
        raise UsageError(f"{word}: does not fit {what}; of that one says {', '.join(fitting)}")
    if (box is not None) != (word == "missed"):
        raise UsageError(f"{word}: a box belongs to `missed`, and to that alone")
    if box is not None:
        check_box(box, session.get_one(FootageRow, item.footage).frame)
    if builder is not None:
        if word not in ("builder", "missed", "concealed", PROBABLE):
            raise UsageError(f"{word}: names no builder; leave it out")
        return check_builder(bench.registry, builder), None
    if word in ("builder", PROBABLE):
        raise UsageError(f"{word}: name a builder by its id in the registry")
    if word != "accept":
        return None, None
    # What the program names, or the country that a plate says or may say.
    row = session.scalars(select(SightingRow).where(SightingRow.key == item.sighting)).one()
    made = row.origin or row.lead_origin
    if row.builder is None and made is None:
        raise UsageError("accept: the program names neither a builder nor an origin here")
    return row.builder, made if row.builder is None else None


def check_builder(registry: Registry, builder: str) -> str:
    """The id, if it names somebody of the registry who builds machines; else a `UsageError`."""
    if builder not in registry:
        raise UsageError.saying(
            "%(builder)s: no builder in the registry; look it up", builder=builder
        )
    if registry.get(builder).type == "control":
        raise UsageError.saying(
            "%(builder)s: makes controls; a control is never the builder", builder=builder
        )
    return builder


def check_box(box: Sequence[float], frame: tuple[int, int] | None) -> None:
    """That a box lies within a frame of that width and height, in pixels; else a `UsageError`."""
    width, height = frame or (math.inf, math.inf)
    if len(box) != 4 or not all(map(math.isfinite, box)):
        raise UsageError("box: four numbers, x1, y1, x2, y2, in pixels of the frame")
    x1, y1, x2, y2 = box
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        of = "" if frame is None else f" of {width} x {height} pixels"
        raise UsageError(f"box: must lie within the frame{of}")


def _append(
    session: Session,
    item: Item,
    word: str,
    author: str,
    signed: str | None,
    *,
    state: dict[str, object] | None = None,
    **values: Any,
) -> Verdict:
    """Adds a verdict on an item to the log, with where the item stood, and brings it up to date."""
    session.add(item)
    stood = values_of(item, "item", "kind", "state", "given", "needs", "outcome", "builder")
    row = append(
        session, footage=item.footage, pts=item.pts, verdict=word, author=author,
        sighting=item.sighting, signed=signed, state={"item": stood} | (state or {}), **values,
    )  # fmt: skip
    refresh(session, [one.item for one in _items_of(session, item)])
    return row


def _items_of(session: Session, row: Verdict | Item) -> list[Item]:
    """A sighting's one item; those of a frame, or a machine entered, with every recipe."""
    return rows_about(session, Item, [about(row)])[about(row)]
