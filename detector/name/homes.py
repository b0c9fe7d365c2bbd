"""Which countries a builder's name claims, and which claims are withheld in doubt.

A claim for an origin under test bears doubts that do not count elsewhere:

- the detector may not be sure that it is a machine (`detector.examining.checks`);
- the mark may go on beyond an edge, stand beside the machine or pass it by;
- the registry may not be sure of the builder.

Then the builder stays unknown. The lead stays, with the doubt.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from datasets.entry import Entry
from detector.leads import Doubt
from detector.types import Attribution, Withheld


def claimed_by(entry: Entry) -> frozenset[str]:
    """The origins that a builder's name claims: its own, and a seller's makers'."""
    return frozenset(code for code in (entry.origin, home_of(entry)) if code is not None)


def home_of(entry: Entry) -> str | None:
    """Where machines of this name are from; for a seller's badge the makers' country, if known."""
    return makers_country(entry) if entry.type == "rebadger" else entry.origin


def makers_country(entry: Entry) -> str | None:
    """The country of the makers behind a seller's badge, if exactly one is known. Never the
    seller's own country, and nothing that the registry is less than sure of."""
    known = {maker.country for maker in entry.makers}
    if len(known) != 1 or any(maker.confidence != "high" for maker in entry.makers):
        return None
    country = known.pop()
    return None if country == entry.origin else country


def withhold(
    attribution: Attribution,
    doubt: Doubt,
    tested: Collection[str],
    builders_origins: Collection[str],
) -> Attribution:
    """The attribution without any claim for an origin under test; the evidence stays.

    tested: the origins under test. builders_origins: the origins that the name of its builder
    claims (`claimed_by`).
    """
    builder, origin = attribution.builder, attribution.origin
    if set(builders_origins).isdisjoint(tested):
        builder = None
    if origin is not None and origin.code not in tested:
        origin = None
    if builder is None and origin is None:
        return attribution
    if builder is not None:
        unknown = 1.0 - attribution.probability
        attribution = replace(
            attribution, builder=None, probability=unknown, grade="U", series=None
        )
    if origin is not None:
        attribution = replace(attribution, origin=None)
    leads = tuple(
        replace(lead, doubt=doubt)
        if lead.origin in tested and lead.builder in (builder, None)
        else lead
        for lead in attribution.leads
    )
    return replace(attribution, withheld=Withheld(builder, origin, doubt), leads=leads)
