"""What footage of the period asked for shows that was published before the period."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from sqlalchemy import or_, select

from datasets.messages import Message
from evidence.answer.sources import Asked
from evidence.case.sighting_tables import Copy, SightingRow
from evidence.link.alignment import CopySpan
from evidence.link.sightings import chunks

Older = Mapping[str, Sequence[CopySpan]]
"""By footage the stretches of it that footage published before the period shows as well."""


def shown_before(asked: Asked, footage: Collection[str]) -> Older:
    """The stretches of footage of the period that are older than the period.

    A programme is as new as its day, and what it takes from an archive is not. None of a view that
    a camera on a stand may have filmed again.
    """
    if asked.question.since is None:
        return {}
    since = replace(asked.question, until=None)
    before = {
        sha256 for sha256, source in asked.sources.items() if since.covers(source.first) is False
    }
    found: dict[str, list[CopySpan]] = defaultdict(list)
    for part in chunks(sorted(before)):
        rows = asked.session.execute(
            select(Copy.a, Copy.b, Copy.spans).where(
                Copy.model == asked.recipe.model,
                Copy.settings == asked.recipe.settings,
                Copy.kind != "same view",
                or_(Copy.a.in_(part), Copy.b.in_(part)),
            )
        )
        for a, b, plain in rows:
            if a in footage and b in before:
                found[a] += map(CopySpan.from_json, plain)
            elif b in footage and a in before:
                found[b] += (CopySpan.from_json(one).turned() for one in plain)
    return found


def is_older(older: Older, footage: str, pts: Fraction) -> bool:
    """Whether what footage shows at a time was published before the period."""
    return any(span.holds(pts) for span in older.get(footage, ()))


def republished(asked: Asked) -> tuple[str, ...]:
    """That footage of the period shows what was published before it, and what follows.

    Raises:
        UsageError: the question is about a plant that no source names.
    """
    question = asked.question
    whole = replace(asked, question=replace(question, since=None, until=None))
    number = sum(
        question.covers(source.published) is True and question.covers(source.first) is False
        for source in (asked.sources[footage] for footage in whole.footage())
    )
    told = []
    if number:
        told.append(
            Message(
                "%(num)s piece of footage published in the period shows what was published before "
                "it, as a copy or an excerpt of other footage: it counts nowhere here",
                "%(num)s pieces of footage published in the period show what was published before "
                "it, as copies or excerpts of other footage: they count nowhere here",
                num=number,
            )
        )
    older = shown_before(asked, asked.footage())
    sightings = sum(
        is_older(older, footage, pts)
        for part in chunks(sorted(older))
        for footage, pts in asked.session.execute(
            select(SightingRow.footage, SightingRow.pts)
            .where(SightingRow.model == asked.recipe.model)
            .where(SightingRow.settings == asked.recipe.settings)
            .where(SightingRow.footage.in_(part))
        )
    )
    if sightings:
        told.append(
            Message(
                "%(num)s sighting is in a part of footage of the period that was published before "
                "it: it counts nowhere here",
                "%(num)s sightings are in parts of footage of the period that were published "
                "before it: they count nowhere here",
                num=sightings,
            )
        )
    return tuple(told)
