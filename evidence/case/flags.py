"""Which sightings a reviewer is shown, in what order, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any

from PIL import Image

from datasets.letters import letters
from datasets.registry import Registry
from detector.settings import Settings
from detector.types import LoneMark, Sighting, Survey
from evidence.clip.record import withheld
from evidence.clip.tables import chance, withheld_says

LONE_MARK = "lone-mark"
PRIORITIES = {
    "claim": 500,
    "withheld": 425,
    "concealed": 400,
    LONE_MARK: 350,
    "uncorroborated": 300,
    "unread": 200,
    "large": 100,
}
"""Of each kind of flag; the highest is shown first.

claim: a builder, or a plate, from an origin under test; withheld: one that is read and not
claimed, since the machine, the mark or the registry is doubted; concealed: a mark hidden on
purpose; lone-mark: a builder's mark, or a plate, where no machine is seen; uncorroborated: a
builder named on one cue; unread: no builder, but legible text on the machine, or a mark that looks
like somebody's; large: no builder, no text, and so large in the picture that a person may know it.
"""

LEGIBLE_SCORE = 0.8
LEGIBLE_LETTERS = 3  # shorter texts are mostly noise
LARGE_SHARE = 0.2  # of the frame's area


def find_flags(survey: Survey, registry: Registry) -> list[dict[str, Any]]:
    """The flags of one analysis: sighting, kind, pts, priority and reason of each."""
    analysis = survey.analysis
    tested = Settings.parse(analysis.settings).attributing.tested_origins
    areas = _areas(survey)
    found = [
        (sighting.id, *flag)
        for sighting in analysis.sightings
        for flag in _flags(sighting, registry, tested, areas.get(sighting.id, 0))
    ]
    found += [("", *flag) for flag in _lone(analysis.lone_marks, registry)]
    return [
        {"sighting": name, "kind": kind, "pts": pts, "priority": PRIORITIES[kind], "reason": reason}
        for name, kind, pts, reason in found
    ]


def _lone(marks: Sequence[LoneMark], registry: Registry) -> Iterator[tuple[str, Fraction, str]]:
    """Each builder, and each country on a plate, where it is first read without a machine: in a
    film, or in each picture of a folder."""
    told: set[tuple[object, ...]] = set()
    for mark in marks:
        said = mark.builder, mark.plate, mark.file
        if said in told or mark.evidence.pts is None:
            continue
        told.add(said)
        whose = [f"{registry.get(mark.builder).name}'s mark"] if mark.builder else []
        whose += [f"a plate that says made in {mark.plate}"] if mark.plate else []
        reason = f"{mark.evidence.text}: {', '.join(whose)}, and no machine is seen around it"
        yield LONE_MARK, mark.evidence.pts, reason


def _areas(survey: Survey) -> dict[str, int]:
    """Pixels of the frame in which each sighting is best seen; in a folder each picture has its
    own, and where none was kept there are none."""
    analysis = survey.analysis
    if analysis.footage.kind != "stills":
        area = analysis.probe.width * analysis.probe.height
        return {sighting.id: area for sighting in analysis.sightings}
    areas = {}
    for still in survey.stills:
        if still.role == "best":
            with Image.open(BytesIO(still.picture)) as picture:  # its head alone is read
                areas[still.sighting] = picture.width * picture.height
    return areas


def _flags(
    sighting: Sighting, registry: Registry, tested: tuple[str, ...], frame: int
) -> Iterator[tuple[str, Fraction, str]]:
    found, pts = sighting.attribution, sighting.best.pts
    if found.concealed:
        hidden = [e.pts for e in found.evidence if e.kind == "concealed" and e.pts is not None]
        yield "concealed", hidden[0] if hidden else pts, "a mark may be concealed"
    if found.builder is not None:
        entry = registry.get(found.builder)
        home = entry.origin if found.origin is None else found.origin.code
        said = f"{entry.name} ({home or 'origin open'}), grade {found.grade}, "
        said += chance(found.probability)
        if home in tested:
            yield "claim", pts, f"{said}: machines from {home} are the claim under test"
        if found.grade != "A":
            yield "uncorroborated", pts, f"{said}: no wordmark that is borne out"
        return
    if found.origin is not None and found.origin.code in tested:
        code = found.origin.code
        seen = [e.pts for e in found.evidence if e.kind == "plate" and e.pts is not None]
        said = f"builder unknown, origin {code} from the plate, grade {found.origin.grade}"
        reason = f"{said}: machines from {code} are the claim under test"
        yield "claim", seen[0] if seen else pts, reason
    if found.withheld is not None:
        marked = [e.pts for e in found.evidence if e.weight > 0 and e.pts is not None]
        told = withheld(found.withheld, registry)
        assert told is not None
        yield "withheld", marked[0] if marked else pts, withheld_says(told, str)
        return
    texts = legible_texts(sighting)
    likes = [(part.id, part.pts) for part in found.evidence if part.kind == "logo" and part.id]
    x1, y1, x2, y2 = sighting.best.box
    share = (x2 - x1) * (y2 - y1) / frame if frame else 0.0
    if likes:
        id, seen_at = likes[0]
        reason = f"builder unknown, but a mark on it looks like that of {registry.get(id).name}"
        yield "unread", seen_at if seen_at is not None else pts, reason
    elif texts:
        yield "unread", pts, f"builder unknown, but it says {', '.join(texts)}"
    elif share >= LARGE_SHARE and not found.concealed:
        yield "large", pts, f"builder unknown; the machine fills {share:.0%} of the picture"


def legible_texts(sighting: Sighting) -> list[str]:
    """What is legible on a machine besides its control's badge, each text once."""
    controls = {part.text for part in sighting.attribution.evidence if part.kind == "control"}
    texts = (
        reading.text
        for reading in sighting.readings
        if not reading.overlay
        and reading.score >= LEGIBLE_SCORE
        and len(letters(reading.text)) >= LEGIBLE_LETTERS
        and reading.text not in controls
    )
    return list(dict.fromkeys(texts))
