"""The marks of a registry made ready for matching: one record per text, with its rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from datasets.entry import Entry, EntryType
from datasets.letters import letters, script_of, scripts, words
from datasets.registry import Registry
from detector.matching.vocabulary import LATIN_WORDS

MarkKind = Literal["wordmark", "series"]
SHORT = 3
"""Marks up to this many letters match only exactly and never alone."""
FAR = 0.24
"""Price a letter up to which a misread wordmark is a hint, too little to name anybody."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A text that points to an entry.

    letters: its fold; words: the fold's words; telling: those that are not of the trade, where
    they are so short together that none of their letters may be misread (DN in DN SOLUTIONS);
    limit: the dearest misreading accepted, in the prices of `detector.matching.fold`;
    needs_second_cue: what it says needs another cue beside it;
    shared: another entry has a mark of the same text.
    """

    id: str
    type: EntryType
    text: str
    kind: MarkKind
    cyrillic: bool
    han: bool
    letters: str
    words: tuple[str, ...]
    telling: str
    limit: float
    far: float
    needs_second_cue: bool
    shared: bool


HAN_LIMIT = 0.5
"""The dearest misreading accepted of a wordmark in Han of four characters or more."""


CYRILLIC_LIMIT = 0.35
"""The dearest misreading accepted where Cyrillic was read as such, not guessed in Latin letters:
МИНСКИЙ СТАНКОСТРОИТЕЛЬНЫЙ ЗАВОД is not the works of Lipetsk, ПУМОРИЯ is not ПУМОРИ."""


def _telling(text: str) -> str:
    """The words of a mark in Latin letters that are not of the trade, joined, if they are short.

    Short marks match only exactly, and words that stand beside many a name make none longer:
    ODIN SOLUTIONS is no DN SOLUTIONS, V5 TECHNOLOGY no DVS TECHNOLOGY.
    """
    joined = "".join(word for word in words(text) if word not in LATIN_WORDS)
    return joined if len(joined) <= SHORT and scripts(text) == {"latin"} else ""


def limit_of(letters: str, kind: MarkKind) -> float:
    """The dearest misreading accepted of a mark of so many letters.

    Four letters bear one cheap confusion; from six on one thin letter may be missing, from
    eight any one; long marks about one letter in ten. A model code bears only the confusions
    that no font tells apart (O and 0, I and 1): its neighbours differ by one letter. Looser
    limits were tried on English words: with 0.7 for six letters UNITED is VNITEP. In Han, where
    four characters are a place and a trade, one that was seen misread so, or left out.
    """
    n = len(letters)
    if n <= SHORT:
        return 0.0
    if any(script_of(letter) == "han" for letter in letters):
        return HAN_LIMIT if kind == "wordmark" else 0.0
    if kind == "series":
        if any(letter.isdigit() for letter in letters):
            return 0.1
        return 0.35 if n >= 6 else 0.0
    return {4: 0.35, 5: 0.55, 6: 0.65, 7: 0.7}.get(n, max(0.85, 0.1 * n))


def far_of(letters: str, kind: MarkKind) -> float:
    """The dearest misreading of a wordmark that still counts beside another cue, 0 for none.

    TRAUG (1.0) says little; TRAUG over TNK 36 says TRAUB. Up to a quarter of the letters.
    """
    n = len(letters)
    if kind == "series" or n <= SHORT + 1 or any(script_of(letter) == "han" for letter in letters):
        return 0.0
    return FAR * n


def marks_of(registry: Registry) -> list[Mark]:
    """Every wordmark and series of the registry that can be matched.

    Series of one or two letters or digits are left out: they are on every second label.
    """
    sources = [(entry, *item) for entry in registry for item in _texts(entry)]
    owners = Counter(folded for _, _, _, folded in sources)
    weak = {entry.id: _weak(entry) for entry in registry}
    return [
        Mark(
            id=entry.id,
            type=entry.type,
            text=text,
            kind=kind,
            cyrillic="cyrillic" in {script_of(letter) for letter in text},
            han=any(script_of(letter) == "han" for letter in folded),
            letters=folded,
            words=tuple(words(text)),
            telling=_telling(text) if kind == "wordmark" else "",
            limit=limit_of(folded, kind),
            far=far_of(folded, kind),
            needs_second_cue=_needs_second_cue(
                entry, folded, folded in weak[entry.id][kind], owners[folded] > 1
            ),
            shared=owners[folded] > 1,
        )
        for entry, text, kind, folded in sources
    ]


def _texts(entry: Entry) -> Iterator[tuple[str, MarkKind, str]]:
    """(text, kind, fold) of an entry, each fold once, wordmarks first."""
    seen: set[str] = set()
    for mark in entry.wordmarks:
        if (folded := letters(mark.text)) not in seen:
            seen.add(folded)
            yield mark.text, "wordmark", folded
    for text in (*entry.series, *entry.weak.series):
        folded = letters(text)
        if folded not in seen and len(folded) >= SHORT:
            seen.add(folded)
            yield text, "series", folded


def _weak(entry: Entry) -> dict[MarkKind, set[str]]:
    """Folds of what the registry calls weak: as a wordmark, and as a series."""
    marks = {letters(text) for text in entry.weak.needs_second_cue}
    return {"wordmark": marks, "series": marks | {letters(text) for text in entry.weak.series}}


def _needs_second_cue(entry: Entry, folded: str, weak: bool, shared: bool) -> bool:
    han = script_of(folded[0]) == "han"
    short = len(folded) <= SHORT and not han
    # A text that a control's maker and a builder share names the control at most.
    return weak or short or folded.isdigit() or (shared and entry.type != "control")
