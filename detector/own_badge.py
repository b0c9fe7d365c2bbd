"""Whether marks stand on the machine's own badge: NEWAY over CLASS 150 is a valve's, FILE: SMTCL.NC
a program's, whoever built the machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from datasets.letters import letters
from datasets.registry import Registry
from detector.fuse import Cue, independent_views
from detector.own_words import OwnWords, split_mark
from detector.plate import Plates
from detector.read import overlap_of_smaller
from detector.types import Reading

_SAME_PLACE = 0.5


class OwnBadge:
    """Passes over views of marks that stand on a part's plate, in a line with words that no builder
    puts beside his mark, or in bits of other words, where an origin under test would be claimed
    by them. Against another builder they count as they did."""

    def __init__(self, registry: Registry, tested: Collection[str]) -> None:
        self._registry = registry
        self._tested = frozenset(tested)
        self._plates = Plates.packaged()
        self._words = OwnWords.packaged()

    def keep(
        self, cues: Sequence[Cue], beside: Sequence[Cue], readings: Sequence[Reading]
    ) -> list[Cue]:
        """The cues of one builder with the views that stand elsewhere; none without any.

        None either where a mark of a builder of another origin was read as well, be it weak or
        misread: a works' name on the wall is no badge of the STUDER before it.

        Args:
            beside: all cues that count on the machine.
            readings: all of the machine.
        """
        homes = {self._registry.get(cue.id).origin for cue in cues} & self._tested
        if not homes:
            return list(cues)
        marks = [self._registry.get(cue.id) for cue in beside if cue.kind == "wordmark"]
        if any(entry.type == "builder" and entry.origin not in homes for entry in marks):
            return []
        kept = (self._on_badges(cue, readings) for cue in cues)
        return [cue for cue in kept if cue is not None]

    def _on_badges(self, cue: Cue, readings: Sequence[Reading]) -> Cue | None:
        """The cue with its readings that may be of a badge, None without any.

        In most frames where the mark was read it must be so: one that a frame lost the words
        beside it is no badge, nor is one that noise was read beside once lost.
        """
        mark = letters(cue.mark)
        on_parts = self._plates.on_parts(readings, mark)
        # Beside one that spells the mark, what else is misread may be another's.
        read = [r for r in cue.readings if mark in letters(r.text)] or list(cue.readings)
        fit = [r for r in read if not _on_one(r, on_parts) and self._is_badge(cue, mark, r.text)]
        frames = {reading.pts for reading in fit}
        if 2 * len(frames) <= len({reading.pts for reading in read}):
            return None
        return replace(cue, readings=tuple(fit), views=independent_views(fit))

    def _is_badge(self, cue: Cue, mark: str, text: str) -> bool:
        entry = self._registry.get(cue.id)
        own = [written.text for written in entry.wordmarks]
        return (
            not split_mark(text, mark, own)
            and not self._plates.names_elsewhere(text, entry.origin)
            and self._words.on_badge(text, mark, (*own, *entry.series, *entry.weak.series))
        )


def _on_one(view: Reading, on_parts: Collection[Reading]) -> bool:
    # By place, since a view may be joined of several readings.
    return any(
        view.pts == other.pts and overlap_of_smaller(view.box, other.box) > _SAME_PLACE
        for other in on_parts
    )
