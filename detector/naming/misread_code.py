"""Model codes misread by one letter, of builders that something on the machine surely looks like.

WF2 names nobody: a code's neighbours differ by one letter, and some builder has each of them.
Beside a mark that surely looks like Haas's it says VF-2. Figures are never taken for others: SR-15
is another machine than SR-16.
"""

from __future__ import annotations

from collections.abc import Sequence

from datasets.letters import letters
from datasets.registry import Registry
from detector.matching.align import Template, distance
from detector.matching.marks import SHORT
from detector.matching.match import Matcher
from detector.read.reader import overlap_of_smaller
from detector.types import Likeness, Reading

MISREAD = 0.5
"""The dearest misreading of the one letter, in the prices of `detector.matching.fold`: it looks
like the one read (W for V 0.42, E for F 0.40)."""
_ANOTHER_PLACE = 0.5
# Anybody's machining centre is a VMC: the letter by which Haas's UMC differs is no misreading.
_ANYBODYS = frozenset({"VMC", "HMC", "MCV", "CNC", "DNC", "NC", "VTL", "VTC", "EDM"})


class MisreadCodes:
    """The model codes with figures of every builder, made ready when first asked for."""

    def __init__(self, matcher: Matcher, registry: Registry) -> None:
        self._matcher = matcher
        self._registry = registry
        self._ready: dict[str, list[Template]] = {}

    def find(self, readings: Sequence[Reading], sure: Sequence[Likeness]) -> dict[str, Reading]:
        """For each builder that something surely looks like, the surest reading that is nearly
        one of its codes and nobody's mark; in the frame of the look, and in another place.

        Args:
            readings: of one machine, those of the broadcast left out.
            sure: the sure looks at the same machine.
        """
        found: dict[str, Reading] = {}
        codes = [reading for reading in readings if sure and self._may_be_code(reading)]
        for reading in sorted(codes, key=lambda reading: -reading.score):
            for look in sure:
                if look.id in found or look.pts != reading.pts:
                    continue
                apart = overlap_of_smaller(reading.box, look.box) < _ANOTHER_PLACE
                if apart and self._near(look.id, letters(reading.text)):
                    found[look.id] = reading
        return found

    def _may_be_code(self, reading: Reading) -> bool:
        read = letters(reading.text)
        figures = any(map(str.isdigit, read))
        if reading.mirrored or not figures or read.rstrip("0123456789") in _ANYBODYS:
            return False
        return not self._matcher.match(reading.text, hints=True)

    def _near(self, id: str, read: str) -> bool:
        return any(
            _one_letter_off(code.letters, read) and distance(code, read, MISREAD) <= MISREAD
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


def _one_letter_off(code: str, read: str) -> bool:
    if len(code) != len(read):
        return False
    off = [(a, b) for a, b in zip(code, read, strict=True) if a != b]
    return len(off) == 1 and off[0][0].isalpha() and off[0][1].isalpha()
