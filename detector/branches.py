"""Firms called after a builder of another country: 上海牧野机床有限公司 sells what Makino makes."""

from __future__ import annotations

import re

from datasets.letters import letters, script_of
from datasets.plates import load_plate_words
from datasets.registry import Registry
from detector.phrases import Phrases, Said
from detector.plate import Statement

_LONG = 3
"""Han characters of a mark from which it is one wherever it stands in a firm's name: 建德 is also a
town, and as a name of one's own stands right before the trade."""


class Branches:
    """Knows them by the registry's marks, and by what else they are called; build it once."""

    def __init__(self, registry: Registry) -> None:
        words = load_plate_words()
        marks: dict[str | None, list[str]] = {None: list(words.builders_elsewhere)}
        for entry in registry:
            if entry.type != "control":
                marks.setdefault(entry.origin, []).extend(
                    mark.text
                    for mark in entry.wordmarks
                    if mark.script == "han" or mark.text not in entry.weak.needs_second_cue
                )
        trades = "|".join(map(letters, (*words.machine_tools.han, *words.machinery.han)))
        self._latin: dict[str | None, Phrases] = {}
        self._han: dict[str | None, re.Pattern[str]] = {}
        for origin, texts in marks.items():
            han = sorted({letters(text) for text in texts if script_of(letters(text)[0]) == "han"})
            alone = "|".join(mark for mark in han if len(mark) >= _LONG) or "(?!)"
            short = "|".join(mark for mark in han if len(mark) < _LONG) or "(?!)"
            self._han[origin] = re.compile(f"{alone}|(?:{short})(?:{trades})")
            self._latin[origin] = Phrases(t for t in texts if script_of(letters(t)[0]) != "han")

    def is_one(self, said: Statement) -> bool:
        """Whether what a plate says is the name of such a firm."""
        name = Said.of(said.reading.text)
        return said.kind == "company" and any(
            self._han[origin].search(name.letters) or self._latin[origin].within(name)
            for origin in self._han
            if origin not in said.countries
        )
