"""What the plates of a machine say about where it was made, as statements with features.

A statement is one thing that a plate says of one country: a firm's name, MADE IN, an address, a
works. Readings of one line in several frames are one statement. What speaks for it comes from the
reading that says most, so no second reading weakens the first. What speaks against it counts from
any frame: the plate is a part's, a dealer's or an importer's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from datasets.entry import Entry
from datasets.letters import letters, scripts, words
from datasets.plates import load_plate_words
from detector.name.firms import CHINA, load_firms, present
from detector.name.group import passages_of, plates_of
from detector.name.kinds import Phrases, PhraseText, load_kinds
from detector.name.marks import PLACE_LISTS
from detector.read.reader import overlap_of_smaller
from detector.types import Reading

AGAINST = ("part", "dealer", "contact", "goods", "importer", "elsewhere", "strange")
"""Features that speak against a statement; the worst of its readings counts."""
_KEPT = 1024  # texts whose statements are kept
_KINDS_AGAINST = {"part": "part", "dealer": "dealer", "goods": "dealer"}
"""Kinds of a firm's own name that speak against it, as features."""
_ALIKE = 0.7
"""Share of letters that two readings of one line have in common."""
_MOST_STRANGE = 3
_SOUNDS = frozenset(PLACE_LISTS["sounds"])
"""Characters for the sounds of foreign names: three in a row are one (索拉露斯)."""
_SOUNDS_ALIKE = 3


@dataclass(frozen=True, slots=True)
class PlateStatement:
    """What a plate says of one country, in one or several joined readings."""

    country: str
    kind: str
    reading: Reading
    features: Mapping[str, float]


class Plates:
    """Reads plates; build it once.

    builders: the registry's; their branches are firms with no country of their own.
    """

    def __init__(self, builders: Iterable[Entry]) -> None:
        self._firms, self._kinds = load_firms(), load_kinds()
        marks: dict[str, list[str]] = {}
        for entry in builders:
            weak = entry.weak.needs_second_cue
            texts = (m.text for m in entry.wordmarks if m.script == "han" or m.text not in weak)
            marks.setdefault(entry.origin, []).extend(t for t in texts if len(letters(t)) > 1)
        self._abroad = Phrases(load_plate_words().builders_elsewhere)
        self._marks = {origin: Phrases(texts) for origin, texts in marks.items()}
        # A plate's lines come again with each view of it.
        self._said = lru_cache(maxsize=_KEPT)(lambda text: tuple(self._says(text)))

    def statements(self, readings: Sequence[Reading]) -> tuple[PlateStatement, ...]:
        """What the plates of one track say, one statement for each text and country.

        readings: of all frames; broadcast and mirrored texts are passed over.
        """
        fit = [r for r in readings if not r.overlay and not r.mirrored]
        found = [one for plate in plates_of(fit) for one in self._of_plate(plate)]
        found.sort(key=lambda one: (-len(one.features), -one.reading.score))
        groups: list[list[PlateStatement]] = []
        for one in found:
            same = (group for group in groups if _are_one(group[0], one))
            group = next(same, None)
            if group is None:
                groups.append([one])
            else:
                group.append(one)
        return tuple(_settle(group) for group in groups)

    def _of_plate(self, plate: Sequence[Reading]) -> Iterator[PlateStatement]:
        said = [(p, *one) for p in passages_of(plate) for one in self._said(p.text)]
        said.sort(key=lambda item: (item[3].get("unsure_name", 0), len(item[0].text)))
        kept: list[Reading] = []
        for passage, country, kind, features in said:
            # Of passages that say the same at one place one is enough: MADE IN | CHINA and more.
            if any(k.text in passage.text and overlap_of_smaller(k.box, passage.box) > 0
                   for k in kept):  # fmt: skip
                continue
            kept.append(passage)
            # One character alone is mostly a grille or a screw: 日, 国, H.
            others = [r for r in plate if len(r.text) > 1]
            beside = [r for r in others if letters(r.text) not in letters(passage.text)]
            found = features | self._context(beside, passage, country)
            found |= present(contested_place=1.0 - passage.on_machine)
            yield PlateStatement(country, kind, passage, found)

    def _says(self, text: str) -> Iterator[tuple[str, str, dict[str, float]]]:
        """What a text says: country, kind and features of the kind."""
        firms = self._firms
        for code in sorted(codes := firms.made_in(text)):
            yield code, "made-in", {"made_in": 1.0 / len(codes)}
        home, named = firms.company(text) or (firms.trade_name(text), {"trade_name": 1.0})
        if home is not None:
            if self._is_branch(text, home):
                named["branch"] = 1.0
            kind = _KINDS_AGAINST.get(self._kinds.of(text))
            if kind and "trade_name" not in named:
                named[kind] = 1.0
            yield home, "company", named
        if (place := firms.address(text)) is not None:
            yield place, "address", {"address": 1.0}
        if (town := firms.works(text)) is not None:
            yield town, "works", {"works": 1.0}

    def _is_branch(self, text: str, country: str) -> bool:
        """True if a firm bears the name of a builder from elsewhere, or sounds so in Han."""
        said = PhraseText.of(text)
        marks = (found for origin, found in self._marks.items() if origin != country)
        own = self._marks.get(country)
        if own is not None and own.inside(said):
            return False
        if self._abroad.inside(said) or any(found.inside(said) for found in marks):
            return True
        return country == CHINA and any(
            all(c in _SOUNDS for c in said.letters[i : i + _SOUNDS_ALIKE])
            and len(said.letters) - i >= _SOUNDS_ALIKE
            for i in range(len(said.letters))
        )

    def _context(
        self, beside: Sequence[Reading], passage: Reading, country: str
    ) -> dict[str, float]:
        """Features of what else stands on the plate."""
        kinds = {self._kinds.of(r.text) for r in beside}
        name = letters(passage.text)
        own = (name, *words(passage.text))
        strange = sum(
            min(1, self._kinds.strange(r.text, own))
            for r in beside
            if self._kinds.of(r.text) not in ("safety", "machine", "row")
            and self._firms.company(r.text) is None
        )
        russian = any("cyrillic" in scripts(r.text) or letters(r.text) == "EAC" for r in beside)
        lines = (*beside, passage)
        return present(
            machine="machine" in kinds,
            part="part" in kinds,
            dealer="dealer" in kinds,
            contact="contact" in {*kinds, self._kinds.of(passage.text)},
            goods=not {"goods", "screen"}.isdisjoint(kinds),
            elsewhere=any(self._firms.is_elsewhere(r.text, {country}) for r in lines),
            importer=russian and country not in ("RU", "BY", "UA"),
            strange=min(_MOST_STRANGE, strange) / _MOST_STRANGE,
        )


def candidates(
    statements: Sequence[PlateStatement], homes: Collection[str]
) -> dict[str, list[tuple[PlateStatement, dict[str, float]]]]:
    """By country its statements, each with all its features.

    homes: of builders whose names were read; another home speaks against a country.
    """
    found: dict[str, list[tuple[PlateStatement, dict[str, float]]]] = {}
    for one in statements:
        own = [s for s in statements if s.country == one.country]
        more = present(
            second=any(s.kind != one.kind or _scripts_differ(s, one) for s in own),
            disputed=any(s.country != one.country for s in statements),
            other_builder=bool(homes) and one.country not in homes,
            own_builder=one.country in homes,
        )
        found.setdefault(one.country, []).append((one, {"any": 1.0, **one.features, **more}))
    return found


def _scripts_differ(a: PlateStatement, b: PlateStatement) -> bool:
    return a.kind == b.kind == "company" and ("han_firm" in a.features) != (
        "han_firm" in b.features
    )


def _are_one(a: PlateStatement, b: PlateStatement) -> bool:
    """True if two statements are one, perhaps misread in one frame."""
    if (a.country, a.kind) != (b.country, b.kind) or a.reading.script != b.reading.script:
        return False
    x, y = letters(a.reading.text), letters(b.reading.text)
    return SequenceMatcher(None, x, y).ratio() >= _ALIKE


def _settle(group: Sequence[PlateStatement]) -> PlateStatement:
    """One statement of all its readings: the best for it, the worst against it."""
    first = group[0]
    worst = {
        name: max(one.features.get(name, 0.0) for one in group)
        for name in AGAINST
        if any(name in one.features for one in group)
    }
    return replace(first, features={**first.features, **worst})
