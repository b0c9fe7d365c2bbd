"""Marks on plates of parts: NEWAY over CLASS 150 is a valve's, whoever built the machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from datasets.registry import Registry
from detector.fuse import Cue
from detector.plate import Plates
from detector.read import overlap_of_smaller
from detector.types import Reading

_SAME_PLACE = 0.5


class Supplied:
    """Passes over views of marks that stand on a part's plate, where an origin under test would be
    claimed by them. Against another builder they count as they did."""

    def __init__(self, registry: Registry, tested: Collection[str]) -> None:
        self._registry = registry
        self._tested = frozenset(tested)
        self._plates = Plates.packaged()

    def leave_out(self, cues: Sequence[Cue], readings: Sequence[Reading]) -> list[Cue]:
        """The cues of one builder with the views that stand elsewhere; none without any.

        Args:
            readings: all of the machine.
        """
        if not any(self._registry.get(cue.id).origin in self._tested for cue in cues):
            return list(cues)
        on_parts = self._plates.on_parts(readings)
        kept = [
            replace(cue, views=tuple(view for view in cue.views if not _on_one(view, on_parts)))
            for cue in cues
        ]
        return [cue for cue in kept if cue.views]


def _on_one(view: Reading, on_parts: Collection[Reading]) -> bool:
    # By place, since a view may be joined of several readings.
    return any(
        view.pts == other.pts and overlap_of_smaller(view.box, other.box) > _SAME_PLACE
        for other in on_parts
    )
