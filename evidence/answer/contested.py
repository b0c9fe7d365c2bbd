"""Footage of which sources name several plants: what is told of it beside the answer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from datasets.messages import Message
from evidence.answer.sources import Asked, Source
from evidence.spelling import fold


def contested(asked: Asked) -> tuple[str, ...]:
    """That sources contradict each other on the plant of footage asked about, and what follows."""
    wanted = set(map(fold, asked.question.plants))
    in_time = replace(asked, question=replace(asked.question, plants=())).footage()
    several = [one for footage in in_time if len((one := asked.sources[footage]).named) > 1]
    if wanted:
        several = [one for one in several if wanted & set(map(fold, one.named))]
    torn = [one for one in several if one.plant is None]
    outvoted = [one for one in several if one.plant and fold(one.plant) not in wanted]
    told = []
    if torn:
        told.append(
            Message(
                "of %(num)s piece of footage sources name different plants, none more often "
                "(%(plants)s): it counts as one of which no plant is known",
                "of %(num)s pieces of footage sources name different plants, none more often "
                "(%(plants)s): they count as such of which no plant is known",
                num=len(torn),
                plants=_plants(torn),
            )
        )
    if wanted and outvoted:
        told.append(
            Message(
                "%(num)s piece of footage that some source places in a plant asked for is not "
                "counted, since more of its sources name another (%(plants)s)",
                "%(num)s pieces of footage that some source places in a plant asked for are not "
                "counted, since more of their sources name another (%(plants)s)",
                num=len(outvoted),
                plants=_plants(outvoted),
            )
        )
    return tuple(told)


def _plants(sources: Collection[Source]) -> str:
    return ", ".join(sorted({name for one in sources for name in one.named}))
