"""Footage of which no source names the plant: what that leaves open, told beside the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from datasets.messages import Message
from evidence.answer.estimators.missed import Frames, estimate_missed, widen
from evidence.answer.estimators.share_bounds import ends
from evidence.answer.machines import SeenMachine
from evidence.answer.percentages import at_least, at_most

ONE_PLANT = ""
"""The name of a plant that all recordings without one are taken to be of."""


def unplaced(
    machines: Sequence[SeenMachine],
    taken_for: Sequence[SeenMachine],
    frames: Frames,
    level: float,
    alike: float,
) -> tuple[str, ...]:
    """What must be said where recordings name no plant: each counts as a plant of its own, and all
    may be of one, which tells less of how plants differ.

    Args:
        machines: those counted.
        taken_for: as of `ends.ends`.
    """
    number = sum(not one.stated for one in machines)
    if not number:
        return ()
    together = [one if one.stated else replace(one, plant=ONE_PLANT) for one in taken_for]
    # The name that stands for a plant is told (`plant_of`), and that of a plant is as it is.
    judged = (
        replace(one, plant=ONE_PLANT) if isinstance(one.plant, Message) else one
        for one in frames.judged
    )
    missed = estimate_missed(replace(frames, judged=tuple(judged)), level, alike)
    low, high = widen(*ends(together, level, alike), missed)
    return (
        Message(
            "%(num)s machine stands in footage of which no plant is known for certain; each "
            "recording counts as a plant of its own (if all of these are of one plant: %(low)s to "
            "%(high)s)",
            "%(num)s machines stand in footage of which no plant is known for certain; each "
            "recording counts as a plant of its own (if all of these are of one plant: %(low)s to "
            "%(high)s)",
            num=number,
            low=at_least(low.low),
            high=at_most(high.high),
        ),
    )
