"""Who built it, and where it is from: leads by a fitted model, and the claim among them.

The steps are kinds, plates, match, weigh, decide (`docs/registry.md`). Leads are never hidden. The
first lead is claimed if its probability passes the operating point in `OPERATING`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

from datasets.letters import letters
from datasets.registry import Registry
from detector.leads import Lead
from detector.name.group import Cue, find_cues
from detector.name.homes import claimed_by, home_of, makers_country
from detector.name.match import Matcher
from detector.name.plates import Plates, PlateStatement
from detector.name.plates import candidates as countries_of
from detector.name.weigh import (
    COMPANIONS,
    Candidate,
    Collector,
    Weights,
    load_weights,
    probabilities,
)
from detector.settings import Attributing
from detector.types import Attribution, Box, Evidence, Grade, Likeness, Origin, Reading

MOST_LEADS = 5
LEAST = 0.01
"""Probability of a lead worth showing."""
_MOST_LINES = 6
"""Lines of plates kept for one machine."""

OPERATING: Mapping[tuple[str, bool], tuple[str, frozenset[str]]] = {
    # What is claimed, and whether of an origin under test, with two values. One is the setting that
    # bounds its probability from below. The other is the features beside which it stays a lead.
    ("builder", False): ("probability", frozenset()),
    ("builder", True): (
        "tested_probability",
        frozenset({"strange", "wrong_kind", "beside", "rival", "plate_abroad"})
        | {"rival_code", "mirrored", "far", "alone"},
    ),
    ("plate", False): ("probability", frozenset(["part", "dealer", "goods", "disputed"])),
    ("plate", True): (
        "tested_probability",
        frozenset({"strange", "part", "dealer", "contact", "goods", "elsewhere", "disputed"})
        | {"other_builder", "branch", "short", "trade_name"},
    ),
}
"""The operating points; nothing else decides what is claimed."""

_BY_NAME = {"any", "name", "length", "misread", "far", "weak", "beside", "views", "fitted"}
_BY_CODE = {"code", "weak_code", "second"}
_KEPT = 32
"""Attributions kept of the last readings."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """Candidates of one machine and their probabilities.

    chances: by candidate. countries: by code the statement that says most, its features and its
    probability.
    """

    candidates: tuple[Candidate, ...]
    chances: Mapping[str, float]
    countries: Mapping[str, tuple[PlateStatement, Mapping[str, float], float]]
    statements: tuple[PlateStatement, ...]


class Attributor:
    """Weighs what was read against one registry; build it once for many tracks.

    matcher: built on the same registry. registry: the builders, rebadgers and controls. settings:
    the operating point. weights: the models of `builder` and `origin`; the packaged ones if None.
    """

    def __init__(
        self,
        matcher: Matcher,
        registry: Registry,
        settings: Attributing,
        weights: Mapping[str, Weights] | None = None,
    ) -> None:
        self.matcher, self._registry, self._settings = matcher, registry, settings
        kinds = ("builder", "origin")
        self.weights = weights or {kind: load_weights(kind) for kind in kinds}
        self.plates = Plates(registry.builders)
        self.collector = Collector(registry, matcher)
        # A machine's readings are weighed after each view, and again when it is settled.
        self._kept = lru_cache(maxsize=_KEPT)(self._attribute)

    def attribute(
        self,
        readings: Sequence[Reading],
        concealed: Sequence[tuple[Fraction, Box]] = (),
        likenesses: Sequence[Likeness] = (),
    ) -> Attribution:
        """The attribution of one track, with leads and origin.

        readings: from all frames that were read; text of the broadcast is marked `overlay`.
        concealed: marks hidden on purpose, with the times of their frames. likenesses: marks known
        by their looks, without those of the broadcast.
        """
        return self._kept(tuple(readings), tuple(concealed), tuple(likenesses))

    def _attribute(
        self,
        readings: tuple[Reading, ...],
        concealed: tuple[tuple[Fraction, Box], ...],
        likenesses: tuple[Likeness, ...],
    ) -> Attribution:
        scene = [reading for reading in readings if not reading.overlay]
        cues = self.find_cues(scene)
        weighed = self.weigh(cues, scene, likenesses)
        evidence = self._evidence(cues, weighed, concealed, readings)
        leads, unknown = self._leads(weighed), max(0.0, 1.0 - sum(weighed.chances.values()))
        control = self._control(cues)
        attribution = Attribution(None, unknown, "U", control, None, bool(concealed), evidence)
        best = max(weighed.candidates, key=lambda c: weighed.chances[c.id], default=None)
        codes = frozenset[str]() if best is None else claimed_by(self._registry.get(best.id))
        if best is not None and self._passes(
            "builder", codes, weighed.chances[best.id], best.features
        ):
            attribution = self._claim(attribution, best, weighed.chances[best.id])
        return replace(attribution, origin=self._origin(attribution, weighed), leads=leads)

    def find_cues(self, readings: Sequence[Reading]) -> tuple[Cue, ...]:
        """The marks read on a machine, by entry, surest first."""
        return find_cues(readings, self.matcher)

    def weigh(
        self, cues: Sequence[Cue], scene: Sequence[Reading], likenesses: Sequence[Likeness]
    ) -> Weighing:
        """The candidates of a machine, builders and countries, with probabilities."""
        statements = self.plates.statements(scene)
        origin, builder = self.weights["origin"], self.weights["builder"]
        best: dict[str, tuple[PlateStatement, dict[str, float]]] = {
            code: max(rows, key=lambda row: origin.utility(row[1]))
            for code, rows in countries_of(statements, self.homes(cues)).items()
        }
        shares = probabilities({code: origin.utility(row[1]) for code, row in best.items()})
        found = self.collector.candidates(cues, scene, likenesses, shares)
        chances = probabilities({one.id: builder.utility(one.features) for one in found})
        countries = {code: (*row, shares[code]) for code, row in best.items()}
        return Weighing(tuple(found), chances, countries, statements)

    def homes(self, cues: Sequence[Cue]) -> set[str]:
        """Homes of the builders plainly named; for sellers those of their makers."""
        found: set[str] = set()
        for cue in cues:
            entry = self._registry.get(cue.id)
            plain = cue.kind == "wordmark" and not (cue.match.far or cue.match.needs_second_cue)
            if entry.type == "builder" and plain and not cue.mirrored:
                found.add(entry.origin)
            elif entry.type == "rebadger" and plain:
                found |= {maker.country for maker in entry.makers}
        return found

    def has_marks(self, readings: Sequence[Reading]) -> bool:
        """True if any mark of any entry was read."""
        return bool(self.find_cues(readings))

    def origin_of_plates(self, readings: Sequence[Reading]) -> Origin | None:
        """The origin that plates alone claim."""
        scene = [reading for reading in readings if not reading.overlay]
        return self._by_plate(self.weigh(self.find_cues(scene), scene, ()))

    def _passes(
        self, what: str, codes: frozenset[str], chance: float, features: Mapping[str, float]
    ) -> bool:
        """True if a lead to these countries is sure enough to be claimed."""
        tested = not codes.isdisjoint(self._settings.tested_origins)
        bound, free_of = OPERATING[what, tested]
        least = float(getattr(self._settings, bound))
        return chance >= least and free_of.isdisjoint(features)

    def _claim(self, attribution: Attribution, best: Candidate, chance: float) -> Attribution:
        upright = [cue for cue in best.cues if not cue.mirrored]
        named = any(c.kind == "wordmark" and c.match.type != "control" for c in upright)
        several = len(distinct(upright)) > 1 or any(len(cue.views) > 1 for cue in upright)
        grade: Grade = "A" if named and several else "B"
        his = (c for c in best.cues if c.kind == "series" and c.match.type != "control")
        series = next((cue.mark for cue in his), None)
        if any(cue.kind == "wordmark" for cue in best.cues):  # so what is blurred is no mark
            lines = tuple(line for line in attribution.evidence if line.kind != "concealed")
            attribution = replace(attribution, concealed=False, evidence=lines)
        return replace(attribution, builder=best.id, probability=chance, grade=grade, series=series)

    def _origin(self, attribution: Attribution, weighed: Weighing) -> Origin | None:
        plated = self._by_plate(weighed)
        if attribution.builder is None:
            return plated
        entry = self._registry.get(attribution.builder)
        if entry.type != "rebadger":
            return Origin(entry.origin, "builder", attribution.grade)
        if plated is not None and plated.code != entry.origin:
            return plated
        return Origin(makers_country(entry), "rebadger", "B")

    def _by_plate(self, weighed: Weighing) -> Origin | None:
        countries = weighed.countries
        code = max(countries, key=lambda code: countries[code][2], default=None)
        if code is None:
            return None
        _, features, chance = countries[code]
        if not self._passes("plate", frozenset({code}), chance, features):
            return None
        return Origin(code, "plate", "A" if "second" in features else "B")

    def _leads(self, weighed: Weighing) -> tuple[Lead, ...]:
        builder, origin = self.weights["builder"], self.weights["origin"]
        found = [
            Lead(
                one.id,
                home_of(self._registry.get(one.id)),
                weighed.chances[one.id],
                builder.reasons(one.features, _text(one)),
            )
            for one in weighed.candidates
        ]
        found += [
            Lead(None, code, chance, origin.reasons(features, statement.reading.text))
            for code, (statement, features, chance) in weighed.countries.items()
        ]
        kept = [lead for lead in found if lead.probability >= LEAST or lead.builder is None]
        kept.sort(key=lambda lead: -lead.probability)
        return tuple(kept[:MOST_LEADS])

    def _evidence(
        self,
        cues: Sequence[Cue],
        weighed: Weighing,
        concealed: Sequence[tuple[Fraction, Box]],
        readings: Sequence[Reading],
    ) -> tuple[Evidence, ...]:
        """Cues, looks, plates, hidden marks and broadcast text, by what they add."""
        weights = {one.id: self._shares(one) for one in weighed.candidates}
        speaker = {id(cue): one.id for one in weighed.candidates for cue in one.cues}
        lines: list[Evidence] = []
        counted: set[tuple[str, str]] = set()
        for cue in cues:
            kind = "control" if cue.match.type == "control" else cue.kind
            by = "name" if kind == "wordmark" else "code"
            owner = speaker.get(id(cue))
            # What adds to a builder adds once: a second mark of his is there to be seen.
            weight = 0.0
            if owner is not None and (owner, by) not in counted:
                counted.add((owner, by))
                weight = weights[owner][by]
            best = cue.readings[0]
            shown = "mirrored" if cue.mirrored else kind
            lines.append(Evidence(shown, cue.id, best.text, weight, best.pts, best.box))
        for one in weighed.candidates:
            lines += [
                Evidence("logo", look.id, look.mark, weights[one.id]["look"], look.pts, look.box)
                for look in one.looks
                if look.sure or weights[one.id]["look"] > 0
            ]
        lines += [
            Evidence("plate", None, s.reading.text, 0.0, s.reading.pts, s.reading.box)
            for s in weighed.statements[:_MOST_LINES]
        ]
        lines.sort(key=lambda line: -line.weight)
        hidden = "a mark that may be hidden"
        lines += [Evidence("concealed", None, hidden, 0.0, pts, box) for pts, box in concealed]
        lines += [
            Evidence("overlay", match.id, reading.text, 0.0, reading.pts, reading.box)
            for reading in readings
            if reading.overlay
            for match in self.matcher.match(reading.text)[:1]
        ]
        return tuple(lines)

    def _shares(self, one: Candidate) -> dict[str, float]:
        """What name, code and looks of a candidate add, in log-odds, never below 0."""
        weights = self.weights["builder"]
        parts = {"name": _BY_NAME, "code": _BY_CODE, "look": {"look", "sure_look"}}
        return {
            part: max(0.0, weights.utility({k: v for k, v in one.features.items() if k in names}))
            for part, names in parts.items()
        }

    def _control(self, cues: Sequence[Cue]) -> str | None:
        """The control's maker: the surest upright badge that may stand alone, or two weak ones."""
        badges = [cue for cue in cues if cue.match.type == "control" and not cue.mirrored]
        for badge in badges:
            others = [cue for cue in cues if cue is not badge and not cue.mirrored]
            backed = any(c.id in (badge.id, COMPANIONS.get(badge.id)) for c in distinct(others))
            if not badge.match.needs_second_cue or (backed and badge.match.exact):
                return badge.id
        return None


def distinct(cues: Sequence[Cue]) -> list[Cue]:
    """Cues without those whose mark is part of another's: one text, not two."""
    marks = [letters(cue.mark) for cue in cues]
    return [
        cue
        for i, cue in enumerate(cues)
        if not any(
            marks[i] in mark and (marks[i] != mark or j < i)
            for j, mark in enumerate(marks)
            if j != i
        )
    ]


def _text(one: Candidate) -> str:
    """What was read of a candidate, or the mark it looks like."""
    if one.cues:
        return one.cues[0].readings[0].text
    return one.looks[0].mark if one.looks else ""
