"""What is not said of a machine, since an origin under test would be claimed on unsure grounds.

Where the question is whether a machine comes from such an origin, doubts weigh that do not
elsewhere. The builder stays unknown then, and people are shown what would have been said, and why
it was not. Either the machine is doubted: the detector is in no frame sure enough that it is one
(`detector.examining.sizes`), and builders put their marks on other things too, HAN'S LASER on a
marker. Or the mark is: it may go on beyond an edge of the picture, stand beside the machine, or
pass it by. Or the registry is not sure of the builder, and no plate says the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from detector.types import Attribution, Doubt, Withheld


def withhold(
    said: Attribution, doubt: Doubt, tested: Collection[str], builders_origins: Collection[str]
) -> Attribution:
    """The attribution without any claim that an origin under test is there; the evidence stays.

    Args:
        tested: the origins under test.
        builders_origins: those that naming its builder claims
        (`detector.claims.origin.claimed_by`).
    """
    builder = said.builder if not set(builders_origins).isdisjoint(tested) else None
    origin = said.origin if said.origin is not None and said.origin.code in tested else None
    if builder is None and origin is None:
        return said
    if builder is not None:
        unknown = 1.0 - said.probability
        said = replace(said, builder=None, probability=unknown, grade="U", series=None)
    if origin is not None:
        said = replace(said, origin=None)
    return replace(said, withheld=Withheld(builder, origin, doubt))
