"""Which sightings a reviewer is shown, in what order, and why."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any

from PIL import Image

from datasets.letters import letters
from datasets.messages import Message, joined
from datasets.registry import Registry
from detector.leads import Lead
from detector.settings import Settings
from detector.types import LoneMark, Sighting, Survey
from evidence.clip.tables import DOUBTS, PERHAPS, chance

LONE_MARK = "lone-mark"
PRIORITIES = {
    "claim": 500,
    "lead": 450,
    "concealed": 400,
    LONE_MARK: 350,
    "uncorroborated": 300,
    "unread": 200,
    "large": 100,
}
"""Of each kind of flag; the highest is shown first.

- claim: a builder, or a plate, from an origin under test;
- lead: who may have built it, or where it may come from (see `lead_priority`);
- concealed: a mark hidden on purpose;
- lone-mark: a builder's mark, or a plate, where no machine is seen;
- uncorroborated: a builder named on one cue;
- unread: no builder, but legible text on the machine, or a mark that looks like somebody's;
- large: no builder, no text, and so large in the picture that a person may know it.
"""

LEAST_TESTED, LEAST_LEAD = 0.05, PERHAPS
"""Probability from which a lead is shown by itself: to an origin under test, to any other."""

LEGIBLE_SCORE = 0.8
LEGIBLE_LETTERS = 3  # shorter texts are mostly noise
LARGE_SHARE = 0.2  # of the frame's area


_PERHAPS = Message("perhaps %(name)s, probability %(chance)s: %(says)s (%(texts)s)")
_PERHAPS_FROM = Message("perhaps from %(country)s, probability %(chance)s: %(says)s (%(texts)s)")
_LONE_PLATE = Message(
    "%(texts)s: a plate that says made in %(country)s, and no CNC machine is seen around it"
)
_LONE_MARK = Message("%(texts)s: a mark of %(name)s, and no CNC machine is seen around it")
_CLAIM = Message(
    "%(name)s, grade %(grade)s, probability %(chance)s: machines from %(country)s are the claim "
    "under test"
)
_PLATE_CLAIM = Message(
    "builder unknown, the plate says made in %(country)s, grade %(grade)s: machines from there are "
    "the claim under test"
)
_ALONE = Message(
    "%(name)s, grade %(grade)s, probability %(chance)s: only one mark, or no wordmark that another "
    "cue supports"
)
_LIKE = Message("builder unknown, but a mark on it looks like that of %(name)s")
_LEGIBLE = Message("builder unknown, but it says %(texts)s")
_LARGE = Message("builder unknown; the machine fills %(share)s of the picture")

Reason = tuple[str, Fraction, Message]  # flag, time of its frame, words


def find_flags(survey: Survey, registry: Registry) -> list[dict[str, Any]]:
    """The flags of one analysis: sighting, kind, pts, priority and reason of each."""
    analysis = survey.analysis
    tested = Settings.parse(analysis.settings).attributing.tested_origins
    areas = _areas(survey)
    found: list[tuple[str, Lead | None, Reason]] = []
    for one in analysis.sightings:
        lead = _shown_lead(one, tested)
        reasons = _flags(one, lead, registry, tested, areas.get(one.id, 0))
        found += [(one.id, lead, reason) for reason in reasons]
    found += [("", None, reason) for reason in _lone(analysis.lone_marks, registry)]
    return [
        {"sighting": name, "kind": kind, "pts": pts, "reason": words}
        | {"priority": lead_priority(lead, tested) if lead and kind == "lead" else PRIORITIES[kind]}
        for name, lead, (kind, pts, words) in found
    ]


def lead_priority(lead: Lead, tested: Collection[str]) -> int:
    """Leads to a tested origin come after claims, others before the legible; the likeliest first.

    >>> lead_priority(Lead("hision", "CN", 0.9), ["CN"]), lead_priority(Lead("haas", "US", 0.9), [])
    (445, 245)
    """
    base = "concealed" if lead.origin in tested else "unread"
    return PRIORITIES[base] + 1 + int(49 * lead.probability)


def _shown_lead(sighting: Sighting, tested: Collection[str]) -> Lead | None:
    """The lead that is a reason to show a machine: to an origin under test, if there is one."""
    found = sighting.attribution
    for lead in found.leads:
        least = LEAST_TESTED if found.builder is None else LEAST_LEAD
        if lead.origin in tested and lead.builder != found.builder and lead.probability >= least:
            return lead
    first = next(iter(found.leads), None)
    unnamed = found.builder is None and found.origin is None
    return first if unnamed and first is not None and first.probability >= LEAST_LEAD else None


def _lead_says(lead: Lead, registry: Registry) -> Message:
    reason = next((one for one in lead.evidence if one.weight > 0), None)
    values: dict[str, Any] = {
        "chance": chance(lead.probability),
        "says": Message(reason.says) if reason else "",
        "texts": reason.text if reason else "",
    }
    if lead.builder is not None:
        said = _PERHAPS.fill(name=registry.get(lead.builder).name, **values)
    else:
        said = _PERHAPS_FROM.fill(country=lead.origin, **values)
    return said if lead.doubt is None else joined([said, DOUBTS[lead.doubt]], "; ")


def _lone(marks: Sequence[LoneMark], registry: Registry) -> Iterator[Reason]:
    """Each builder, and each country on a plate, where it is first read without a machine."""
    told: set[tuple[object, ...]] = set()
    for mark in marks:
        said, text = (mark.builder, mark.plate, mark.file), mark.evidence.text
        if said in told or mark.evidence.pts is None:
            continue
        told.add(said)
        reason = _LONE_PLATE.fill(texts=text, country=mark.plate)
        if mark.builder is not None:
            reason = _LONE_MARK.fill(texts=text, name=registry.get(mark.builder).name)
        yield LONE_MARK, mark.evidence.pts, reason


def _areas(survey: Survey) -> dict[str, int]:
    """Pixels of the frame in which each sighting is best seen; in a folder, of its own picture."""
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
    sighting: Sighting, lead: Lead | None, registry: Registry, tested: Collection[str], frame: int
) -> Iterator[Reason]:
    found, best = sighting.attribution, sighting.best.pts

    def first(of: str) -> Fraction:
        """When evidence of a kind, or for a builder, was seen first."""
        seen = (e.pts for e in found.evidence if e.pts is not None and of in (e.kind, e.id))
        return next(seen, best)

    if found.concealed:
        yield "concealed", first("concealed"), Message("a mark may be concealed")
    if lead is not None:
        where = first(lead.builder or "plate")
        yield "lead", where, _lead_says(lead, registry)
    if found.builder is not None:
        entry = registry.get(found.builder)
        home = entry.origin if found.origin is None else found.origin.code
        values = {"name": entry.name, "grade": found.grade, "chance": chance(found.probability)}
        if home in tested:
            yield "claim", best, _CLAIM.fill(country=home, **values)
        if found.grade != "A":
            yield "uncorroborated", best, _ALONE.fill(**values)
        return
    origin = found.origin
    if origin is not None and origin.code in tested:
        words = _PLATE_CLAIM.fill(country=origin.code, grade=origin.grade)
        yield "claim", first("plate"), words
    if lead is not None:
        return
    texts = legible_texts(sighting)
    likes = next((part.id for part in found.evidence if part.kind == "logo" and part.id), None)
    x1, y1, x2, y2 = sighting.best.box
    share = (x2 - x1) * (y2 - y1) / frame if frame else 0.0
    if likes:
        yield "unread", first("logo"), _LIKE.fill(name=registry.get(likes).name)
    elif texts:
        yield "unread", best, _LEGIBLE.fill(texts=", ".join(texts))
    elif share >= LARGE_SHARE and not found.concealed:
        yield "large", best, _LARGE.fill(share=f"{share:.0%}")


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
