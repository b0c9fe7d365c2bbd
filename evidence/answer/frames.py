"""The audited frames of a case as the statistics see them, with what they were drawn from."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from evidence.answer.estimators.missed import AuditFrame, Frames
from evidence.answer.population import is_begun
from evidence.answer.sources import Asked, plant_of
from evidence.case.sighting_tables import Copy, PrintRow, SightingRow
from evidence.case.tables import Draw, Item, Recipe
from evidence.link.alignment import CopySpan
from evidence.link.sightings import chunks
from evidence.review.audit import ALONE, LONGEST
from evidence.review.log import given, verdicts_on
from evidence.review.standing import NO_MACHINE, in_force

Times = NDArray[np.float64]
"""Seconds, in order."""


def read_frames(asked: Asked) -> Frames:
    """The judged frames of the audit sample, of the footage asked about.

    Of one on which others have still to agree that it shows a machine, it counts that it does, be
    it of the kind or not: to name an origin under test takes two, so without those that wait there
    would be too few of the kind.
    """
    session, recipe, footage = asked.session, asked.recipe, asked.footage()
    rows = session.execute(
        select(Item, Draw.probability)
        .join(Draw, Draw.item == Item.item)
        .where(Item.model == recipe.model, Item.settings == recipe.settings)
        .where(Item.sighting.is_(None))
        .order_by(Item.item)
    ).all()
    drawn = [(item, chance) for item, chance in rows if item.footage in footage]
    alone = _alone(asked, footage)
    begun = _begun(session, [item for item, _ in drawn]) | {one.item for one in alone}
    judged = [
        (item, chance)
        for item, chance in drawn
        if item.item in begun or (item.state == "settled" and item.outcome in ("missed", "nothing"))
    ]
    missed = {
        item.item: None if item.item in begun else asked.fits(item.builder)
        for item, _ in judged
        if item.item in begun or item.outcome == "missed"
    }
    of_kind, pending = _of_kind(asked, footage, alone), _pending(asked, footage, alone)
    if not judged:
        # What they were drawn from is as long as the case's footage: read where it is needed.
        return Frames(drawn=len(drawn), of_kind=of_kind, pending=pending)
    copies = _copies(session, recipe, footage)
    wanted: dict[str, dict[float, Fraction]] = defaultdict(dict)
    for item, _ in judged:
        wanted[item.analysis][float(item.pts)] = item.pts
    found = free = 0.0
    shared: dict[tuple[str, Fraction], float] = {}
    seen: set[tuple[str, Fraction]] = set()
    spans = _spans(session, recipe)
    for analysis, sha256, times in _prints(session, recipe):
        if sha256 not in footage:
            continue
        whole, empty, full = _seconds(times, spans.get(analysis, ()))
        seconds = whole / _showing(times, copies.get(sha256, {}))
        free += math.fsum(seconds[empty])
        found += math.fsum(seconds[full])
        for at, pts in wanted[analysis].items():
            place = int(np.searchsorted(times, at))
            if place < len(times) and times[place] == at:
                shared[sha256, pts] = seconds[place]
                if not empty[place]:
                    seen.add((analysis, pts))
    # Frames drawn by an older Nameplate may be of a time in which something was found: no part of
    # what is drawn from.
    judged = [(item, chance) for item, chance in judged if (item.analysis, item.pts) not in seen]
    frames = tuple(
        AuditFrame(
            plant=plant_of([source])[0],
            seconds=float(shared.get((item.footage, item.pts), ALONE)),
            chance=chance,
            missed=item.item in missed,
            hit=missed.get(item.item),
            # Frames of a few seconds, and those of copies, tell of one thing once.
            moment=(source.recording, item.pts // LONGEST),
        )
        for item, chance in judged
        for source in (asked.sources[item.footage].at(item.pts),)
    )
    return Frames(frames, len(drawn) - len(seen), found, free, of_kind, pending)


def _alone(asked: Asked, footage: Collection[str]) -> list[Item]:
    """The frames, drawn or with a lone mark, that one person alone settled (`Asked.alone`)."""
    missed = asked.session.scalars(
        select(Item)
        .where(Item.model == asked.recipe.model, Item.settings == asked.recipe.settings)
        .where(Item.sighting.is_(None), Item.state == "settled", Item.outcome == "missed")
        .order_by(Item.item)
    )
    return [one for one in missed if one.item in asked.alone and one.footage in footage]


def _of_kind(asked: Asked, footage: Collection[str], alone: Iterable[Item]) -> tuple[str, ...]:
    """The plant of each frame that people settled to show a machine of the kind, with whatever
    model it was drawn: another one draws others, and what was seen in it stands there all the same.

    Args:
        alone: those that one person settled, and that wait for another.
    """
    waiting = {(one.footage, one.pts) for one in alone}
    settled = (
        select(Item.footage, Item.pts, Item.builder)
        .where(Item.sighting.is_(None), Item.state == "settled", Item.outcome == "missed")
        .distinct()
    )
    return tuple(
        plant_of([asked.sources[sha256].at(pts)])[0]
        for sha256, pts, builder in asked.session.execute(settled)
        if sha256 in footage and (sha256, pts) not in waiting and asked.fits(builder) is True
    )


def _pending(asked: Asked, footage: Collection[str], alone: Iterable[Item]) -> tuple[str, ...]:
    """The plant of each frame where somebody saw a machine and others have still to agree.

    Args:
        alone: those that one person settled, and that wait for another.
    """
    recipe = asked.recipe
    items = asked.session.scalars(
        select(Item)
        .where(Item.model == recipe.model, Item.settings == recipe.settings)
        .where(Item.sighting.is_(None), Item.given > 0, Item.state != "settled")
        .order_by(Item.item)
    ).all()
    waiting = [item for item in items if item.footage in footage]
    begun = _begun(asked.session, waiting)
    return tuple(
        plant_of([asked.sources[one.footage].at(one.pts)])[0]
        for one in (*(one for one in waiting if one.item in begun), *alone)
    )


def _begun(session: Session, items: Iterable[Item]) -> set[str]:
    """Those where somebody says that a machine was missed, and others have still to agree."""
    return {
        item
        for part in chunks([one for one in items if is_begun(one)])
        for item, log in verdicts_on(session, part).items()
        if any(one.word == "missed" for one in in_force(map(given, log)))
    }


def _copies(
    session: Session, recipe: Recipe, asked: Collection[str]
) -> dict[str, dict[str, list[CopySpan]]]:
    """By footage what others show of it as well, and when."""
    found: dict[str, dict[str, list[CopySpan]]] = defaultdict(dict)
    rows = session.execute(
        select(Copy.a, Copy.b, Copy.spans).where(
            Copy.model == recipe.model, Copy.settings == recipe.settings
        )
    )
    for a, b, plain in rows:
        if a in asked and b in asked:
            found[a][b] = [CopySpan.from_json(one) for one in plain]
            found[b][a] = [span.turned() for span in found[a][b]]
    return found


def _showing(times: Times, copies: Mapping[str, Sequence[CopySpan]]) -> Times:
    """How many footages show what this one shows at each time: they share it."""
    number = np.ones(len(times))
    for spans in copies.values():
        shown = np.zeros(len(times), bool)
        for span in spans:
            start, end = float(span.start), float(span.end)
            shown |= (times == start) | ((times >= start) & (times < end))
        number += shown
    return number


def _spans(session: Session, recipe: Recipe) -> dict[str, list[tuple[float, float, bool]]]:
    """By analysis the times of its sightings, and whether people found a machine in each.

    One that they settled as no machine is False: it still takes its frames out of the audit.
    """
    rows = session.execute(
        select(SightingRow.analysis, SightingRow.first, SightingRow.last, Item.state, Item.outcome)
        .outerjoin(Item, Item.sighting == SightingRow.key)
        .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
    )
    spans: dict[str, list[tuple[float, float, bool]]] = defaultdict(list)
    for analysis, first, last, state, outcome in rows:
        real = not (state == "settled" and outcome in NO_MACHINE)
        spans[analysis].append((float(first), float(last), real))
    return spans


def _prints(session: Session, recipe: Recipe) -> Iterable[tuple[str, str, Times]]:
    """Each analysis with its footage and the times of its prints, in order.

    There are as many prints as pictures in the case: their times are read as text, since
    fractions of them took seven times as long. Equal fractions are equal floats.
    """
    rows = session.execute(
        select(PrintRow.analysis, PrintRow.footage, type_coerce(PrintRow.pts, String))
        .where(PrintRow.model == recipe.model, PrintRow.settings == recipe.settings)
        .order_by(PrintRow.analysis, PrintRow.number)
        .execution_options(yield_per=10_000)
    )
    for (analysis, footage), part in groupby(rows, key=lambda row: (row[0], row[1])):
        yield analysis, footage, np.unique([_float(text) for _, _, text in part])


def _float(text: str) -> float:
    """A fraction's text as the float nearest to it.

    >>> _float("12"), _float("1001/24000") == float(Fraction(1001, 24000))
    (12.0, True)
    """
    above, _, below = text.partition("/")
    return int(above) / int(below or 1)


def _seconds(
    times: Times, spans: Sequence[tuple[float, float, bool]]
) -> tuple[Times, NDArray[np.bool_], NDArray[np.bool_]]:
    """Of each print: its seconds, whether nothing was found then, and whether a machine was.

    Both are False where people settled all that was found as no machine.
    """
    until = np.minimum(times + LONGEST, np.append(times[1:], times[-1:] + ALONE))
    empty = ~_on_screen(times, until, [(first, last) for first, last, _ in spans])
    full = _on_screen(times, until, [(first, last) for first, last, real in spans if real])
    return until - times, empty, full


def _on_screen(
    times: Times, until: Times, spans: Sequence[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Whether more spans begin before the end of each stretch than end before its start."""
    begun = np.searchsorted(np.sort([first for first, _ in spans]), until, "left")
    ended = np.searchsorted(np.sort([last for _, last in spans]), times, "left")
    return np.asarray(begun > ended)
