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
    # Of a machine with several leads the likeliest of the origin under test counts.
    leads = {one.id: _shown_lead(one, tested) for one in analysis.sightings}
    return [
        {
            "sighting": name,
            "kind": kind,
            "pts": pts,
            "priority": lead_priority(lead, tested)
            if kind == "lead" and (lead := leads[name])
            else PRIORITIES[kind],
            "reason": reason,
        }
        for name, kind, pts, reason in found
    ]


def lead_priority(lead: Lead, tested: Collection[str]) -> int:
    """Leads to an origin under test come after the claims, others before what is only legible;
    the likeliest first.

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
        values["name"] = registry.get(lead.builder).name
        said = Message("perhaps %(name)s, probability %(chance)s: %(says)s (%(texts)s)", **values)
    else:
        values["country"] = lead.origin
        said = Message(
            "perhaps from %(country)s, probability %(chance)s: %(says)s (%(texts)s)", **values
        )
    return said if lead.doubt is None else joined([said, DOUBTS[lead.doubt]], "; ")


def _lone(marks: Sequence[LoneMark], registry: Registry) -> Iterator[tuple[str, Fraction, Message]]:
    """Each builder, and each country on a plate, where it is first read without a machine: in a
    film, or in each picture of a folder."""
    told: set[tuple[object, ...]] = set()
    for mark in marks:
        said = mark.builder, mark.plate, mark.file
        if said in told or mark.evidence.pts is None:
            continue
        told.add(said)
        text = mark.evidence.text
        if mark.builder is None:
            reason = Message(
                "%(texts)s: a plate that says made in %(country)s, and no machine is seen around "
                "it",
                texts=text,
                country=mark.plate,
            )
        else:
            reason = Message(
                "%(texts)s: a mark of %(name)s, and no machine is seen around it",
                texts=text,
                name=registry.get(mark.builder).name,
            )
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
) -> Iterator[tuple[str, Fraction, Message]]:
    found, pts = sighting.attribution, sighting.best.pts
    if found.concealed:
        hidden = [e.pts for e in found.evidence if e.kind == "concealed" and e.pts is not None]
        yield "concealed", hidden[0] if hidden else pts, Message("a mark may be concealed")
    plates = [e.pts for e in found.evidence if e.kind == "plate" and e.pts is not None]
    lead = _shown_lead(sighting, tested)
    if lead is not None:
        marked = [e.pts for e in found.evidence if e.id == lead.builder and e.pts is not None]
        where = (plates if lead.builder is None else marked) or [pts]
        yield "lead", where[0], _lead_says(lead, registry)
    if found.builder is not None:
        entry = registry.get(found.builder)
        home = entry.origin if found.origin is None else found.origin.code
        values = {
            "name": entry.name,
            "grade": found.grade,
            "chance": chance(found.probability),
        }
        if home in tested:
            yield (
                "claim",
                pts,
                Message(
                    "%(name)s, grade %(grade)s, probability %(chance)s: machines from %(country)s "
                    "are the claim under test",
                    country=home,
                    **values,
                ),
            )
        if found.grade != "A":
            yield (
                "uncorroborated",
                pts,
                Message(
                    "%(name)s, grade %(grade)s, probability %(chance)s: no wordmark that a "
                    "second cue supports",
                    **values,
                ),
            )
        return
    if found.origin is not None and found.origin.code in tested:
        yield (
            "claim",
            plates[0] if plates else pts,
            Message(
                "builder unknown, the plate says made in %(country)s, grade %(grade)s: machines "
                "from there are the claim under test",
                country=found.origin.code,
                grade=found.origin.grade,
            ),
        )
    if lead is not None:
        return
    texts = legible_texts(sighting)
    likes = [(part.id, part.pts) for part in found.evidence if part.kind == "logo" and part.id]
    x1, y1, x2, y2 = sighting.best.box
    share = (x2 - x1) * (y2 - y1) / frame if frame else 0.0
    if likes:
        id, seen_at = likes[0]
        name = registry.get(id).name
        reason = Message("builder unknown, but a mark on it looks like that of %(name)s", name=name)
        yield "unread", seen_at if seen_at is not None else pts, reason
    elif texts:
        said = ", ".join(texts)
        yield "unread", pts, Message("builder unknown, but it says %(texts)s", texts=said)
    elif share >= LARGE_SHARE and not found.concealed:
        reason = Message(
            "builder unknown; the machine fills %(share)s of the picture", share=f"{share:.0%}"
        )
        yield "large", pts, reason


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
