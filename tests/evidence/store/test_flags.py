"""What a reviewer is shown of a machine nobody is named for, and why."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from datasets.registry import Registry
from detector.settings import Settings
from detector.types import Analysis, Attribution, Evidence
from evidence.store.flags import find_flags
from tests.evidence.conftest import read, sighting


def test_a_mark_that_looks_like_somebodys_is_shown_before_what_was_read(
    analysis: Analysis, registry: Registry
) -> None:
    look = Evidence("logo", "haas", "logo", 0.0, Fraction(2), (60.0, 70.0, 160.0, 90.0))
    said = [read("JIMS AUTOMATION")]
    seen = replace(
        analysis,
        settings=Settings().model_dump(mode="json"),
        sightings=(
            sighting("m1", Attribution(None, 0.9, "U", evidence=(look,)), said),
            sighting("m2", Attribution(None, 0.9, "U"), said),
        ),
    )
    flags = find_flags(seen, registry)
    assert [(one["sighting"], one["kind"], one["pts"]) for one in flags] == [
        ("m1", "unread", Fraction(2)),
        ("m2", "unread", Fraction(1)),
    ]
    assert "looks like that of Haas" in flags[0]["reason"]
    assert "JIMS AUTOMATION" in flags[1]["reason"]
