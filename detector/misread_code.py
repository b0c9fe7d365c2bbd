"""Model codes misread by a letter, of builders that something on the machine surely looks like.

WF2 names nobody: a code's neighbours differ by one letter (SR-15, SR-16), and some builder has
each of them. Beside a mark that surely looks like Haas's it says VF-2.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from datasets.registry import Registry
from detector.align import Template, distance
from detector.fold import letters
from detector.marks import SHORT
from detector.read import overlap_of_smaller
from detector.types import Likeness, Reading

MISREAD = 0.5
"""The dearest misreading of a code, in the prices of `detector.fold`: one letter taken for one
that looks like it (W for V 0.42, E for F 0.40), no figure lost or added."""
_ANOTHER_PLACE = 0.5


class MisreadCodes:
    """The model codes with figures of every builder, made ready when first asked for."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._ready: dict[str, list[Template]] = {}

    def find(
        self, readings: Sequence[Reading], likenesses: Sequence[Likeness], known: Collection[str]
    ) -> dict[str, Reading]:
        """For each builder, the surest reading that is nearly one of its codes.

        Args:
            readings: of one machine, those of the broadcast left out.
            likenesses: of the same machine; only those that are sure are asked.
            known: builders that need no such code: one is read.
        """
        found: dict[str, Reading] = {}
        upright = sorted((r for r in readings if not r.mirrored), key=lambda r: -r.score)
        for look in likenesses:
            if not look.sure or look.id in known or look.id in found:
                continue
            for reading in upright:
                elsewhere = overlap_of_smaller(reading.box, look.box) < _ANOTHER_PLACE
                if (elsewhere or reading.pts != look.pts) and self._near(look.id, reading.text):
                    found[look.id] = reading
                    break
        return found

    def _near(self, id: str, text: str) -> bool:
        read = letters(text)
        return any(
            len(code.letters) == len(read) and distance(code, read, MISREAD) <= MISREAD
            for code in self._codes(id)
        )

    def _codes(self, id: str) -> list[Template]:
        if id not in self._ready:
            codes = dict.fromkeys(map(letters, self._registry.get(id).series))
            self._ready[id] = [
                Template.of(code)
                for code in codes
                if len(code) >= SHORT and any(map(str.isdigit, code))
            ]
        return self._ready[id]
