"""Everything a reviewer needs to judge an item, as plain data, for several items at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from datasets.letters import short_name
from datasets.registry import Registry
from evidence.browse.search import name_footage
from evidence.browse.shapes import LeadDetail
from evidence.browse.sightings import leads_of
from evidence.case.base import values_of
from evidence.case.flags import LONE_MARK
from evidence.case.places import first_said, places_of
from evidence.case.sighting_tables import Copy, ReadingRow, SightingRow, StillRow, Verdict
from evidence.case.tables import FootageRow, Item
from evidence.clip.report import weigh
from evidence.clip.tables import printable
from evidence.link.alignment import CopySpan
from evidence.review.items import AUDIT, ENTERED
from evidence.review.log import given, record, seen_by, told_state, verdicts_on
from evidence.review.lookalikes import known_marks, look_alikes
from evidence.review.standing import held_by

Record = dict[str, Any]
READINGS = 8
"""Shown of a sighting: each text once, at its best score."""


def cards(session: Session, registry: Registry, person: str, items: Sequence[Item]) -> list[Record]:
    """The card of each item, in order.

    Whether an item is of the audit sample, and what others said while it is not settled, is
    not told.
    """
    keys = [item.sighting for item in items if item.sighting is not None]
    rows = {
        row.key: row
        for row in session.scalars(select(SightingRow).where(SightingRow.key.in_(keys)))
    }
    footage = _footage(session, {item.footage for item in items})
    readings = _readings(session, rows.values())
    leads = leads_of(session, {(row.analysis, row.name) for row in rows.values()})
    beside = _beside_marks(session, [item for item in items if item.kind == LONE_MARK])
    stills = _stills(session, rows.values())
    alike = look_alikes(session, list(rows.values())) if rows else {}
    logs = verdicts_on(session, [item for item in items if item.given or item.state != "open"])
    pictures = _entered_pictures(session, items)
    copies = _copies(session, items)
    made = []
    for item in items:
        row = None if item.sighting is None else rows.get(item.sighting)
        log = logs.get(item.item, [])
        seen = seen_by(person, item, log)
        card = {
            "item": item.item,
            "about": _about(item),
            "kind": None if item.kind == AUDIT else item.kind,
            "reason": None if item.kind == AUDIT else _sayable(item.reason),
            "state": _told(item.state, log, person),
            "outcome": item.outcome,
            "outcome_builder": _named(registry, item.builder),
            "footage": footage[item.footage],
            "copies": len(copies[item.item]),
            "file": None,
            "pts": str(item.pts),
            "seconds": round(float(item.pts), 3),
            "box": item.box,
            "verdicts": [_verdict(registry, one, item) for one in seen],
            "sighting": None,
            "readings": [],
            "leads": [],
            "evidence": [],
            "alike": [],
            "marks": None,
            "stills": {},
        }
        if row is not None:
            card |= {
                "sighting": _sighting(registry, row),
                "readings": readings[row.key],
                "leads": [LeadDetail.of(one, registry) for one in leads[row.analysis, row.name]],
                "evidence": [_evidence(registry, part) for part in row.evidence],
                "alike": _alike(registry, alike[row.key], told=_may_compare(item, log, person)),
                "marks": known_marks(
                    registry,
                    row.builder
                    or next((one.builder for one in leads[row.analysis, row.name]), None),
                ),
                "stills": stills[row.key],
                # What is shown is the picture where it is best seen, if that was kept.
                "file": _said(row.file)
                if "best" in stills[row.key] or row.pts == item.pts
                else None,
            }
        elif item.kind == LONE_MARK:
            card["readings"] = beside[item.analysis, item.pts]
        elif item.kind == ENTERED:
            still = pictures.get(str(item.sighting))
            place = {"pts": str(item.pts), "box": item.box}
            card["stills"] = {} if still is None else {"best": {"sha256": still} | place}
        made.append(card)
    return made


def _may_compare(item: Item, log: list[Verdict], person: str) -> bool:
    """Whether a person may be told what others of the case were settled as: not before they have
    judged this one, since it would lead them."""
    return item.state == "settled" or held_by([given(row) for row in log], person) is not None


def _alike(registry: Registry, others: list[Record], told: bool) -> list[Record]:
    """Others to compare with: as the program read them, or told, as people settled them."""
    return [
        {name: value for name, value in one.items() if name != "settled_as"}
        | {
            "builder": _named(
                registry,
                one["settled_as"] if told and one["outcome"] is not None else one["builder"],
            ),
            "outcome": one["outcome"] if told else None,
        }
        for one in others
    ]


def _about(item: Item) -> str:
    """Of what kind the thing is that is judged."""
    if item.kind == ENTERED:
        return "entered"
    return "frame" if item.sighting is None else "sighting"


def _entered_pictures(session: Session, items: Sequence[Item]) -> dict[str, str]:
    """Of machines entered by hand the picture that was kept, by what they are called."""
    names = [item.sighting for item in items if item.kind == ENTERED]
    if not names:
        return {}
    rows = session.execute(
        select(Verdict.sighting, Verdict.before).where(Verdict.sighting.in_(names))
    )
    said = [(name, (before.get("said") or {}).get("still")) for name, before in rows]
    return {name: still for name, still in said if still is not None}


def _told(state: str, log: list[Verdict], person: str) -> str:
    """Whoever may settle a dispute sees that two disagree."""
    if state == "disputed" and held_by([given(row) for row in log], person) is None:
        return state
    return told_state(state)


def _verdict(registry: Registry, row: Verdict, item: Item) -> Record:
    named = _named(registry, row.builder)
    told = record(row, item.item, item.state == "settled")
    said = told["before"].get("said")
    if said:
        shown = {name: _said(one) if isinstance(one, str) else one for name, one in said.items()}
        told["before"] = told["before"] | {"said": shown}
    builder = None if named is None else named["name"]
    return told | {"note": _said(row.note), "builder_name": builder}


def _sighting(registry: Registry, row: SightingRow) -> Record:
    return {
        "key": row.key,
        "first": round(float(row.first), 3),
        "last": round(float(row.last), 3),
        "builder": _named(registry, row.builder),
        "control": _named(registry, row.control),
    } | values_of(
        row, "grade", "probability", "series", "concealed", "origin", "origin_basis", "lead_origin"
    )


def _named(registry: Registry, builder: str | None) -> Record | None:
    if builder is None:
        return None
    if builder not in registry:
        return {"id": builder, "name": builder, "origin": None, "type": None}
    entry = registry.get(builder)
    return values_of(entry, "id", "origin", "type") | {"name": short_name(entry.name)}


def _evidence(registry: Registry, part: Record) -> Record:
    named = _named(registry, part["id"])
    return {
        "kind": part["kind"],
        "text": printable(part["text"] or ""),
        "id": part["id"],
        "about": None if named is None else named["name"],
        "weight": part["weight"],
        "words": weigh(part["weight"]),
        "pts": part["exact"],
        "box": part["box"],
    }


def _footage(session: Session, hashes: set[str]) -> dict[str, Record]:
    """Size in pixels, its name at the first of its places, and its provenance, of each claim the
    first.

    Of a folder no size: that of each of its pictures is its own.
    """
    places = places_of(session, hashes)
    names = name_footage(session, places)
    found = {}
    for row in session.scalars(select(FootageRow).where(FootageRow.sha256.in_(hashes))):
        there = places.get(row.sha256, [])
        width, height = row.frame or (None, None)
        found[row.sha256] = {
            "sha256": row.sha256,
            "kind": row.kind,
            "width": width,
            "height": height,
            "name": printable(names.get(row.sha256, row.sha256[:12])),
            "publisher": _said(first_said(there, "publisher")),
            "published": _said(first_said(there, "published")),
            "plant": _said(first_said(there, "plant_claimed")),
        }
    return found


def _copies(session: Session, items: Sequence[Item]) -> dict[str, set[str]]:
    """By item the other footage that shows the same recording at that time."""
    asked: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        asked[item.footage].append(item)
    found: dict[str, set[str]] = {item.item: set() for item in items}
    rows = session.execute(
        select(Copy.a, Copy.b, Copy.model, Copy.settings, Copy.spans)
        .where(or_(Copy.a.in_(asked), Copy.b.in_(asked)))
        # One view may have been filmed twice.
        .where(Copy.kind != "same view")
        .where(tuple_(Copy.model, Copy.settings).in_({(one.model, one.settings) for one in items}))
    ).all()
    for row in rows:
        spans = [CopySpan.from_json(one) for one in row.spans]
        for here, there, shown in (
            (row.a, row.b, spans),
            (row.b, row.a, [span.turned() for span in spans]),
        ):
            for item in asked.get(here, ()):
                same = (item.model, item.settings) == (row.model, row.settings)
                if same and any(span.holds(item.pts) for span in shown):
                    found[item.item].add(there)
    return found


def _sayable(text: str) -> str:
    """A message stays one, for the page to translate, unless it holds what cannot be shown."""
    shown = printable(text)
    return text if shown == text else shown


def _said(text: str | None) -> str | None:
    return None if text is None else printable(text)


def _readings(session: Session, rows: Any) -> dict[str, list[Record]]:
    """By key of a sighting, what was read on it: best scores first, each text once."""
    named = {(row.analysis, row.name): row.key for row in rows}
    found: dict[str, list[Record]] = defaultdict(list)
    query = (
        select(ReadingRow)
        .where(ReadingRow.analysis.in_({analysis for analysis, _ in named}))
        .where(ReadingRow.sighting.in_({name for _, name in named}))
        .order_by(ReadingRow.score.desc(), ReadingRow.number)
    )
    for row in session.scalars(query):
        key = named.get((row.analysis, row.sighting or ""))
        if key is None or len(found[key]) >= READINGS:
            continue
        if printable(row.text) not in {one["text"] for one in found[key]}:
            found[key].append(_reading(row))
    return found


def _beside_marks(
    session: Session, items: Sequence[Item]
) -> dict[tuple[str, Fraction], list[Record]]:
    """What was read in the frames of lone marks, by analysis and time: the mark first."""
    found: dict[tuple[str, Fraction], list[Record]] = defaultdict(list)
    query = (
        select(ReadingRow)
        .where(ReadingRow.analysis.in_({item.analysis for item in items}))
        .where(ReadingRow.sighting.is_(None), ReadingRow.overlay.is_(False))
        .order_by(ReadingRow.number)
    )
    for row in session.scalars(query):
        if len(found[row.analysis, row.pts]) < READINGS:
            found[row.analysis, row.pts].append(_reading(row))
    return found


def _reading(row: ReadingRow) -> Record:
    return values_of(row, "score", "script", "mirrored", "overlay", "box") | {
        "text": printable(row.text),
        "pts": str(row.pts),
        "seconds": round(float(row.pts), 3),
    }


def _stills(session: Session, rows: Any) -> dict[str, dict[str, Record]]:
    """By key of a sighting, and by role, its pictures."""
    named = {(row.analysis, row.name): row.key for row in rows}
    found: dict[str, dict[str, Record]] = defaultdict(dict)
    query = (
        select(StillRow)
        .where(StillRow.analysis.in_({analysis for analysis, _ in named}))
        .where(StillRow.sighting.in_({name for _, name in named}))
    )
    for row in session.scalars(query):
        key = named.get((row.analysis, row.sighting))
        if key is not None:
            found[key][row.role] = {"sha256": row.sha256, "pts": str(row.pts), "box": row.box}
    return found
