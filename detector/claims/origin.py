"""Where a machine comes from: by its builder, by the makers behind a badge, or by its plate.

A plate never names another builder. MADE IN CHINA on a machine whose Japanese builder was read says
where that builder had it made, and stands as evidence beside the builder's home. Only a claim under
test gives way: a builder of such an origin is not named on a machine whose plate is of elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from datasets.letters import letters
from datasets.registry import Entry, Registry
from detector.claims.against import Against
from detector.claims.branches import Branches
from detector.claims.plate import Claim, Plates, Statement, alike, claim
from detector.types import Attribution, Evidence, Origin, Reading

# Lines of plates kept for one machine; a plate that says where it is from says it thrice at most.
_MOST_LINES = 6


class OriginFinder:
    """Adds the origin to attributions; build it once for many tracks.

    Args:
        registry: the one builders were named from.
        tested: origins whose presence is the claim under test (`Attributing.tested_origins`).
    """

    def __init__(self, registry: Registry, tested: Collection[str]) -> None:
        self._registry = registry
        self._tested = tested
        self._plates = Plates.packaged(
            mark.text for control in registry.controls for mark in control.wordmarks
        )
        self._branches = Branches(registry)
        self._against = Against()

    def locate(self, attribution: Attribution, readings: Sequence[Reading]) -> Attribution:
        """The same attribution with its origin, and with what the plates say as evidence.

        Args:
            attribution: who built it, by marks alone.
            readings: of all frames of the track that were read.
        """
        said = self._plates.statements(readings)
        branches = [one for one in said if self._branches.is_one(one)]
        # What a branch is read as in another frame is no firm of its own.
        statements = [
            replace(one, counts=False, alone=False)
            if any(alike(one, branch) for branch in branches)
            else one
            for one in said
        ]
        plated = claim(statements, self._tested)
        if plated is not None and plated.code in self._tested:
            plated = None if self._against.speaks(readings, {plated.code}) else plated
        lines = [
            Evidence("plate", None, s.reading.text, 0.0, s.reading.pts, s.reading.box)
            for s in statements[:_MOST_LINES]
        ]
        evidence = sorted([*lines, *attribution.evidence], key=lambda line: -line.weight)
        if self._is_denied(attribution, statements):
            unknown = 1.0 - attribution.probability
            attribution = replace(
                attribution, builder=None, probability=unknown, grade="U", series=None
            )
        origin = self._origin(attribution, plated)
        return replace(attribution, origin=origin, evidence=tuple(evidence))

    def _is_denied(self, attribution: Attribution, statements: Sequence[Statement]) -> bool:
        """Whether a builder of an origin under test was read where the machine's plate says that
        it was made elsewhere."""
        if attribution.builder is None:
            return False
        claimed = claimed_by(self._registry.get(attribution.builder)).intersection(self._tested)
        return any(s.counts and not claimed <= s.countries for s in statements)

    def _origin(self, attribution: Attribution, plated: Claim | None) -> Origin | None:
        told = self._of_unknown(attribution, plated)
        if attribution.builder is None:
            return told
        entry = self._registry.get(attribution.builder)
        if entry.type != "rebadger":
            return Origin(entry.origin, "builder", attribution.grade)
        if told is not None and told.code != entry.origin:
            return told
        return Origin(makers_country(entry), "rebadger", "B")

    def _of_unknown(self, attribution: Attribution, plated: Claim | None) -> Origin | None:
        """What the plate says, unless a builder of another country was read as well, be it under
        a seller's badge.

        BROTHER is too common a name to name the builder, and enough to doubt that the machine
        is of the Chinese firm whose plate was read. So is DMU 50, a code of one builder, where
        the plate's country is under test, and a seller whose makers are known and none of them
        from there: under STANKOIMPORT it is a chuck's.
        """
        if plated is None:
            return None
        marked = [
            self._registry.get(line.id)
            for line in attribution.evidence
            if line.kind == "wordmark" and line.id is not None
        ]
        homes = {entry.origin for entry in marked if entry.type == "builder"}
        if plated.code in self._tested:
            homes |= self._homes_by_code(attribution.evidence, plated.code)
            made_in = [{maker.country for maker in entry.makers} for entry in marked]
            homes |= {code for codes in made_in if plated.code not in codes for code in codes}
        return Origin(plated.code, "plate", plated.grade) if homes <= {plated.code} else None

    def _homes_by_code(self, evidence: Sequence[Evidence], code: str) -> set[str]:
        """Homes of the builders whose own codes were read, but for those that builders of `code`
        use too: VMC850 is anybody's."""
        read = [
            (letters(line.text), self._registry.get(line.id))
            for line in evidence
            if line.kind == "series" and line.id is not None
        ]
        shared = {text for text, entry in read if entry.origin == code}
        return {
            entry.origin
            for text, entry in read
            if entry.type == "builder" and text not in shared
            if any(letters(own) in text for own in entry.series)
        }


def claimed_by(entry: Entry) -> frozenset[str]:
    """The origins that to name it claims: its own, and of a seller's badge its makers'."""
    return frozenset(code for code in (entry.origin, home_of(entry)) if code is not None)


def home_of(entry: Entry) -> str | None:
    """Where machines of this name are from: the builder's home; of a seller's badge its makers'
    country, where that is known."""
    return makers_country(entry) if entry.type == "rebadger" else entry.origin


def makers_country(entry: Entry) -> str | None:
    """The country of the makers behind a seller's badge, where exactly one is known.

    Not the seller's own country, and nothing that the registry is less than sure of: a badge
    must not make a Chinese machine of hearsay.
    """
    known = {maker.country for maker in entry.makers}
    if len(known) != 1 or any(maker.confidence != "high" for maker in entry.makers):
        return None
    country = known.pop()
    return None if country == entry.origin else country
