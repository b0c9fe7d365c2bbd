"""Claims about where footage came from, by each source."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Row

from evidence.spelling import PlantNames


def uploaded_claims(place: Row[Any], claim: str) -> list[str]:
    """What uploads said at a place, in order of time.

    Args:
        place: a row of `evidence.case.places.PLACES`. claim: its name, as in `CLAIMS`.
    """
    said = (place.provenance or {}).get("uploads", ())
    return [one[claim] for one in said if one.get(claim)] if isinstance(said, list) else []


def plants_named(
    places: Iterable[Row[Any]], settled: Collection[tuple[str, str]], writings: PlantNames
) -> list[str]:
    """The plants that places and uploads name, each once; several: they contradict each other.

    Args:
        settled: path and claim of what a person corrected; uploads there count no more.
    """
    named: list[str] = []
    for place in places:
        named += [place.plant_claimed] if place.plant_claimed else []
        if (place.path, "plant_claimed") not in settled:
            named += uploaded_claims(place, "plant_claimed")
    return writings.once(named)
