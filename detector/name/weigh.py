"""What is read on a machine as features of candidates, weighed by a conditional logit.

    p(k) = exp(b x_k) / (1 + sum over candidates of exp(b x_j))

`training/weighing.py` fits b and holds each coefficient to its sign (McFadden, "Conditional logit
analysis of qualitative choice behavior", 1974). A lead rests on feature times coefficient, in
words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from datasets.letters import letters, script_of
from datasets.plates import load_plate_words
from datasets.registry import DATA, Registry
from datasets.yamlfile import read_lists
from detector.leads import LeadReason
from detector.name.firms import SOVIET, load_firms, present
from detector.name.group import Cue, plates_of
from detector.name.kinds import load_kinds
from detector.name.marks import DEALERS, GROUPS, ONE_HOUSE
from detector.name.match import Matcher
from detector.types import Likeness, Reading

FILE = "weights.json"
_LEAST = 0.05
"""Log-odds of a reason worth saying."""

SIGNS: Mapping[str, Mapping[str, tuple[int, str]]] = read_lists(DATA / "features.yaml")
"""Features of each model: the sign of its coefficient, and what it says in words."""

Features = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """A fitted model: its coefficients by feature."""

    kind: str
    coefficients: Mapping[str, float]

    def utility(self, features: Features) -> float:
        """Log-odds against `unknown` of a candidate with these features."""
        return sum(self.coefficients.get(name, 0.0) * value for name, value in features.items())

    def reasons(self, features: Features, text: str) -> tuple[LeadReason, ...]:
        """What the features add, the heaviest first; `text` is what was read."""
        found = [
            LeadReason(
                name, self.coefficients.get(name, 0.0) * value, SIGNS[self.kind][name][1], text
            )
            for name, value in features.items()
            if name != "any"
        ]
        kept = (reason for reason in found if abs(reason.weight) >= _LEAST)
        return tuple(sorted(kept, key=lambda reason: (-abs(reason.weight), reason.feature)))


def probabilities(utilities: Mapping[str, float]) -> dict[str, float]:
    """Probability by candidate; what is missing to 1 is `unknown`.

    Example:
        >>> chances = probabilities({"mazak": 4.0, "okuma": 4.0})
        >>> round(chances["mazak"], 2)
        0.5
    """
    top = max([0.0, *utilities.values()])
    shares = {id: math.exp(utility - top) for id, utility in utilities.items()}
    whole = math.exp(-top) + sum(shares.values())
    return {id: share / whole for id, share in shares.items()}


@cache
def read_weights() -> Mapping[str, Any]:
    """The packaged file: both models, and the card."""
    found = json.loads(files("detector.name").joinpath(FILE).read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def load_weights(kind: str) -> Weights:
    """The packaged model of `builder` or `origin`."""
    return Weights(kind, read_weights()[kind])


COMPANIONS: Mapping[str, str] = {"ctl-mazatrol": "mazak", "ctl-osp": "okuma"}
"""Controls that a builder makes for its own machines. Other controls name no builder."""
MOST_LETTERS = 12
_MOST_BESIDE = 3
_SAYS = 0.2
"""Probability from which a country on a plate counts."""
_BAD_KINDS = frozenset({"part", "dealer", "contact", "goods", "screen"})
_OWN_KINDS = frozenset({"safety", "machine", "row"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible builder of a machine: features by name, and the cues behind them."""

    id: str
    features: dict[str, float]
    cues: tuple[Cue, ...]
    looks: tuple[Likeness, ...] = ()


class Collector:
    """Makes candidates; build it once."""

    def __init__(self, registry: Registry, matcher: Matcher) -> None:
        self._kinds, self._own, self._sisters = load_kinds(), matcher.own, matcher.sisters
        self._firms = load_firms()
        controls = {letters(m.text) for entry in registry.controls for m in entry.wordmarks}
        self._fitted = controls | set(map(letters, load_plate_words().part_makers))
        self._companions = {id: made for id, made in COMPANIONS.items() if made in registry}
        self._home = {entry.id: entry.origin for entry in registry}

    def candidates(
        self,
        cues: Sequence[Cue],
        readings: Sequence[Reading],
        likenesses: Sequence[Likeness],
        countries: Mapping[str, float],
    ) -> list[Candidate]:
        """Every builder with a cue, with its features.

        readings: of the scene. countries: what plates say, with probabilities.
        """
        plates = {r: plate for plate in plates_of(readings) for r in plate}
        by_id: dict[str, list[Cue]] = {}
        named = {cue.id for cue in cues if cue.kind == "wordmark" and not cue.mirrored}
        named |= {look.id for look in likenesses if look.sure} & ONE_HOUSE
        for cue in cues:
            for speaker in self._speakers(cue, named):
                by_id.setdefault(speaker, []).append(cue)
        looks: dict[str, Likeness] = {}
        for look in sorted(likenesses, key=lambda look: (not look.sure, -look.weight)):
            looks.setdefault(look.id, look)
        # There are hundreds of builders to look like: unsure, a look alone makes no candidate.
        sure = [id for id, look in looks.items() if look.sure and id in self._home]
        strongest = [id for id in sure if id not in by_id]
        found = [
            self._candidate(id, by_id.get(id, []), looks.get(id), plates, countries)
            for id in (*by_id, *strongest)
        ]
        strong = {
            one.id
            for one in found
            if ("name" in one.features and not _is_weak(one.features)) or "code" in one.features
        }
        coded = {one.id for one in found if _has_code(one.features)}
        return [replace(c, features=c.features | self._rivals(c, strong, coded)) for c in found]

    def _rivals(self, one: Candidate, strong: set[str], coded: set[str]) -> dict[str, float]:
        own = {one.id, *GROUPS.get(one.id, ()), *self._sisters.get(one.id, ())}
        abroad = any(self._home[id] != self._home[one.id] for id in coded - own)
        return present(rival=bool(strong - own), rival_code=abroad and not _has_code(one.features))

    def _speakers(self, cue: Cue, named: set[str]) -> list[str]:
        """The builders a cue speaks for. A DMU with DMG MORI on its door is a DMG MORI, and without
        a badge a DMG or a DMG MORI. A machine with a group's badge is the group's."""
        if cue.match.type == "control":
            made = self._companions.get(cue.id)
            return [] if made is None else [made]
        code = cue.kind == "series" and cue.id not in named
        alike = (self._sisters if code else GROUPS).get(cue.id, frozenset())
        if sisters := sorted(alike & named):
            return sisters[:1]
        return sorted({cue.id, *(alike & ONE_HOUSE)}) if code else [cue.id]

    def _candidate(
        self,
        id: str,
        cues: Sequence[Cue],
        look: Likeness | None,
        plates: Mapping[Reading, Sequence[Reading]],
        countries: Mapping[str, float],
    ) -> Candidate:
        names = [c for c in cues if c.kind == "wordmark" and c.match.type != "control"]
        codes = [c for c in cues if c.kind == "series" or c.match.type == "control"]
        name = max(names, key=self._order, default=None)
        found = {"any": 1.0} if name is None else {"any": 1.0, **self._of_name(name)}
        strong = any(map(self._is_strong_code, codes))
        second = name is not None and any(letters(c.mark) not in letters(name.mark) for c in codes)
        found |= present(code=strong, weak_code=bool(codes) and not strong, second=second)
        best = name or max(codes, key=lambda c: c.views[0].score, default=None)
        if best is not None:
            doubt = 1.0 - max(view.on_machine for view in best.views)
            found |= self._of_place(id, best, plates)
            found |= present(mirrored=best.mirrored, contested_place=doubt)
        if look is not None:
            found |= present(look=min(1.0, look.weight / 5.0), sure_look=look.sure)
        home, says = self._home[id], {code for code, p in countries.items() if p >= _SAYS}
        abroad = (says and home not in says) or any(self._is_abroad(r.text, home) for r in plates)
        found |= present(alone="weak" in found and not codes, plate_abroad=bool(abroad))
        return Candidate(id, found, tuple(cues), () if look is None else (look,))

    def _is_abroad(self, text: str, home: str) -> bool:
        """True if a text names other countries than a builder's home, or another's machine."""
        named = self._firms.places_named(text)
        if named and home not in named:
            return True
        return home not in SOVIET and self._kinds.of(text) == "abroad"

    def _of_name(self, cue: Cue) -> dict[str, float]:
        match = cue.match
        return present(
            name=1,
            length=min(MOST_LETTERS, mark_length(cue.mark)) / MOST_LETTERS,
            misread=0 if match.exact else match.price / 2 + match.misread,
            far=match.far,
            weak=match.needs_second_cue and not match.far,
            beside=min(_MOST_BESIDE, match.beside) / _MOST_BESIDE,
            views=math.log2(min(4, len(cue.views))),
            fitted=letters(cue.mark) in self._fitted or cue.id in DEALERS,
        )

    def _of_place(
        self, id: str, cue: Cue, plates: Mapping[Reading, Sequence[Reading]]
    ) -> dict[str, float]:
        """Features of the plate on which a cue is read best."""
        parts = [r for r in plates if r.pts == cue.views[0].pts and _within(r, cue.views[0])]
        plate = {r for part in parts for r in plates[part]}
        beside = [r for r in plate if r not in parts and len(r.text) > 1]  # 日 alone is a grille
        kinds = {self._kinds.of(r.text) for r in beside}
        kinds |= {self._kinds.of(cue.views[0].text)} & (_BAD_KINDS - {"part"})
        own = self._own[id]
        strange = sum(
            min(1, self._kinds.strange(r.text, own))
            for r in beside
            if self._kinds.of(r.text) not in _OWN_KINDS
        )
        share = min(_MOST_BESIDE, strange) / _MOST_BESIDE
        return present(strange=share, wrong_kind=not kinds.isdisjoint(_BAD_KINDS))

    def _is_strong_code(self, cue: Cue) -> bool:
        """True if a code names its builder. Names do (INTEGREX). Codes with figures, and codes that
        sisters share, do so less."""
        if cue.match.type == "control":
            return cue.match.exact
        code = any(letter.isdigit() for letter in cue.mark)
        shared = cue.match.needs_second_cue or letters(cue.mark) in self._fitted
        return cue.match.exact and not shared and not (code and len(letters(cue.mark)) < 5)

    def _order(self, cue: Cue) -> tuple[bool, bool, float]:
        match = cue.match
        score = cue.views[0].score - match.price - match.beside
        return not cue.mirrored, not match.needs_second_cue, score + mark_length(cue.mark) / 10


def mark_length(mark: str) -> int:
    """Letters of a mark; a Han character counts as two."""
    return sum(2 if script_of(letter) == "han" else 1 for letter in letters(mark))


def _has_code(features: Mapping[str, float]) -> bool:
    return "code" in features or "weak_code" in features


def _is_weak(features: Mapping[str, float]) -> bool:
    return any(name in features for name in ("weak", "far", "mirrored"))


def _within(part: Reading, whole: Reading) -> bool:
    x, y = (part.box[0] + part.box[2]) / 2, (part.box[1] + part.box[3]) / 2
    x1, y1, x2, y2 = whole.box
    return x1 <= x <= x2 and y1 <= y <= y2
