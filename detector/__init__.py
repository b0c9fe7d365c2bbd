"""Footage in, sightings out: no database, no web, no training code.

    >>> from detector import Analyst                      # doctest: +SKIP
    >>> analysis = Analyst().analyze("clip.mp4")          # doctest: +SKIP
    >>> for sighting in analysis.sightings:               # doctest: +SKIP
    ...     print(sighting.track.first, sighting.attribution.builder)

The names are loaded when first asked for: the decoder process, which must stay small, and
`--help` need neither the model's runtime nor the reader's.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from detector import instructions as instructions
from detector import offline as offline

if TYPE_CHECKING:
    from detector.analyze import Analyst as Analyst
    from detector.analyze import cut_stills as cut_stills
    from detector.settings import Settings as Settings
    from detector.types import Analysis as Analysis
    from detector.types import Sighting as Sighting
    from detector.types import Survey as Survey

_HOMES = {
    "Analysis": "detector.types",
    "Analyst": "detector.analyze",
    "Settings": "detector.settings",
    "Sighting": "detector.types",
    "Survey": "detector.types",
    "cut_stills": "detector.analyze",
}
__all__ = ["Analysis", "Analyst", "Settings", "Sighting", "Survey", "cut_stills"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'detector' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
