"""Marks on plates of parts: NEWAY over CLASS 150 is a valve's, whoever built the machine."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from datasets.registry import Registry
from detector.match import Matcher
from detector.plate import Plates
from detector.types import Reading


class Supplied:
    """Passes over the marks of builders of the origins under test that stand on a part's plate."""

    def __init__(self, matcher: Matcher, registry: Registry, tested: Collection[str]) -> None:
        self._matcher = matcher
        self._registry = registry
        self._tested = frozenset(tested)
        self._plates = Plates.packaged()

    def leave_out(self, readings: Sequence[Reading]) -> tuple[Reading, ...]:
        """The readings without those, in their order."""
        marks = [reading for reading in readings if self._names_one_tested(reading)]
        on_parts = self._plates.on_parts(readings) if marks else frozenset()
        return tuple(r for r in readings if not (r in on_parts and r in marks))

    def _names_one_tested(self, reading: Reading) -> bool:
        named = self._matcher.match(reading.text, reading.script)
        return any(self._registry.get(match.id).origin in self._tested for match in named)
