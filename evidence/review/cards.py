"""Everything a reviewer needs to judge an item, with what to hold it against, as plain data."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

from sqlalchemy import Select, and_, case, or_, select
from sqlalchemy.orm import Session, aliased

from datasets.registry import Registry
from evidence.browse.search import name_footage
from evidence.browse.shapes import ReadingDetail, RegistryName, SightingDetail
from evidence.browse.sightings import footage_of, load, lone_marks
from evidence.case.base import found_with, values_of
from evidence.case.flags import LONE_MARK
from evidence.case.places import first_said, places_of
from evidence.case.sighting_tables import Copy, Link, Membership, SightingRow, Verdict
from evidence.case.tables import Item
from evidence.case.verdicts import given, record, seen_by, told_state, verdicts_on
from evidence.clip.record import grounds
from evidence.clip.report import weigh
from evidence.clip.tables import printable
from evidence.link.copies import read_copies
from evidence.review.items import AUDIT, ENTERED
from evidence.review.standing import held_by

Record = dict[str, Any]
SHOWN = 4
LOOKED_AT = 60  # sightings of a builder that are read; those settled, then the surest, are shown


def look_alikes(session: Session, rows: Sequence[SightingRow]) -> dict[str, dict[str, str]]:
    """By key of a sighting up to `SHOWN` others, and why each is shown.

    `copy`: in a copy of its recording; `machine`: of the same machine; `tied` to it by looks or
    marks; of the same `builder`. Those that people have settled come first.
    """
    keys = {row.key: row for row in rows}
    why: dict[str, dict[str, str]] = {key: {} for key in keys}
    ties = select(Link.a, Link.b).where(or_(Link.a.in_(keys), Link.b.in_(keys)))
    surest_first = ties.order_by(Link.score.desc(), Link.a, Link.b).limit(SHOWN * 4 * len(keys))
    copies = surest_first.where(Link.kind == "copy", Link.held)
    found = [(pair, "copy") for pair in _both_ways(session, copies)]
    found += [(pair, "machine") for pair in _of_one_machine(session, list(keys))]
    found += [(pair, "tied") for pair in _both_ways(session, surest_first)]
    named: dict[tuple[str, str, str], list[SightingRow]] = defaultdict(list)
    for row in rows:
        if row.builder is not None:
            named[row.builder, row.model, row.settings].append(row)
    for same in named.values():
        others = _of_builder(session, same[0])
        found += [((one.key, o), "builder") for one in same for o in others if o != one.key]
    for (one, other), reason in found:
        if one in keys:
            why[one].setdefault(other, reason)
    return {key: dict(list(others.items())[:SHOWN]) for key, others in why.items()}


def known_marks(registry: Registry, builder: str | None) -> Record | None:
    """What the registry knows of a builder's marks, for a person to compare with."""
    if builder is None or builder not in registry:
        return None
    entry, name = registry.get(builder), RegistryName.of(builder, registry)
    return {
        **values_of(entry, "id", "name", "type", "origin", "livery"),
        **values_of(name, "owner", "owner_country", "production"),
        "registry": grounds(entry),
        "wordmarks": [mark.text for mark in entry.wordmarks],
        "series": list(entry.series)[:12],
        "confusions": list(entry.confusions),
    }


def _both_ways(session: Session, ties: Select[str, str]) -> list[tuple[str, str]]:
    return [pair for a, b in session.execute(ties) for pair in ((a, b), (b, a))]


def _of_one_machine(session: Session, keys: list[str]) -> list[tuple[str, str]]:
    one, other = aliased(Membership), aliased(Membership)
    query = (
        select(one.sighting, other.sighting)
        .join(other, and_(other.machine == one.machine, other.sighting != one.sighting))
        .where(one.sighting.in_(keys))
        .order_by(other.sighting, one.sighting)
        .limit(SHOWN * 8 * len(keys))
    )
    return [(mine, theirs) for mine, theirs in session.execute(query)]


def _of_builder(session: Session, row: SightingRow) -> list[str]:
    """Sightings of the same builder, found with the same recipe: those to show first."""
    some = (
        select(SightingRow.key, SightingRow.grade)
        # Of another recipe the first example would be the machine itself.
        .where(SightingRow.builder == row.builder, found_with(SightingRow, row))
        .order_by(SightingRow.key)
        .limit(LOOKED_AT)
        .subquery()
    )
    settled = Item.state == "settled"
    rank = case((and_(settled, Item.outcome == "accept"), 0), (settled, 2), else_=1).label("rank")
    query = select(some.c.key, rank).outerjoin(Item, Item.item == some.c.key)
    order = query.order_by("rank", some.c.grade, some.c.key)
    # Settled as something else, it is no example of this builder.
    return [key for key, place in session.execute(order.limit(SHOWN + 1)) if place < 2]


READINGS = 8  # shown of a sighting: each text once, at its best score


def cards(session: Session, registry: Registry, person: str, items: Sequence[Item]) -> list[Record]:
    """The card of each item. Hidden: the audit sample, and what others said before it is
    settled."""
    keys = [item.sighting for item in items if item.sighting is not None]
    sightings = session.scalars(select(SightingRow).where(SightingRow.key.in_(keys)))
    rows = {row.key: row for row in sightings}
    footage = _footage(session, {item.footage for item in items})
    # What was read in the frames of lone marks: the mark first.
    beside = {
        (analysis, one.mark.at.exact): [one.mark, *one.beside][:READINGS]
        for analysis in {item.analysis for item in items if item.kind == LONE_MARK}
        for one in lone_marks(session, analysis)
    }
    alike = look_alikes(session, list(rows.values()))
    shown = load(session, {*rows, *(one for some in alike.values() for one in some)}, registry)
    logs = verdicts_on(session, [item for item in items if item.given or item.state != "open"])
    # Of machines entered by hand the picture that was kept.
    entered = [item.sighting for item in items if item.kind == ENTERED]
    query = select(Verdict.sighting, Verdict.before).where(Verdict.sighting.in_(entered))
    said = ((name, before.get("said") or {}) for name, before in session.execute(query))
    pictures = {name: one["still"] for name, one in said if one.get("still") is not None}
    copies = _copies(session, items)
    made = []
    for item in items:
        log = logs.get(item.item, [])
        # Not before they have judged this one: what others were settled as would lead them.
        mine = held_by([given(row) for row in log], person)
        seen = shown.get(str(item.sighting))
        thing = "frame" if item.sighting is None else "sighting"
        # Whoever may settle a dispute sees that two disagree.
        disputed = item.state == "disputed" and mine is None
        state = "disputed" if disputed else told_state(item.state)
        card = {
            "item": item.item,
            "about": ENTERED if item.kind == ENTERED else thing,
            "kind": None if item.kind == AUDIT else item.kind,
            "reason": None if item.kind == AUDIT else _said(item.reason),
            "state": state,
            "outcome": item.outcome,
            "outcome_builder": _named(registry, item.builder),
            "footage": footage[item.footage],
            "copies": len(copies[item.item]),
            "file": None,
            "pts": str(item.pts),
            "seconds": round(float(item.pts), 3),
            "box": item.box,
            "verdicts": [_verdict(registry, one, item) for one in seen_by(person, item, log)],
            "sighting": None,
            "marks": None,
            "stills": {},
            **{name: [] for name in ("readings", "leads", "evidence", "alike")},
        }
        if seen is not None:
            row = rows[seen.key]
            told = mine is not None or item.state == "settled"
            first = seen.builder or next((one.builder for one in seen.leads), None)
            # What is claimed comes before the country it is from, so that key 1 accepts it.
            leads = sorted(seen.leads, key=lambda lead: seen.builder not in (None, lead.builder))
            stills = _stills(seen)
            # What is shown is the picture where it is best seen, if that was kept.
            kept = "best" in stills or row.pts == item.pts
            card |= {
                "sighting": _sighting(registry, row),
                "readings": _readings(seen.readings),
                "leads": leads,
                "evidence": [
                    values_of(one, "kind", "text", "id", "about", "weight", "box")
                    | {"words": weigh(one.weight), "pts": one.at and one.at.exact}
                    for one in seen.evidence
                ],
                "alike": [
                    _alike(shown[other], told) | {"why": why}
                    for other, why in alike[row.key].items()
                ],
                "marks": known_marks(registry, None if first is None else first.id),
                "stills": stills,
                "file": seen.file if kept else None,
            }
        elif item.kind == LONE_MARK:
            card["readings"] = [_reading(one) for one in beside[item.analysis, str(item.pts)]]
        elif item.sighting in pictures:
            place = {"pts": str(item.pts), "box": item.box}
            card["stills"] = {"best": {"sha256": pictures[item.sighting]} | place}
        made.append(card)
    return made


def _alike(other: SightingDetail, told: bool) -> Record:
    """Another to compare with: as the program read it, or if `told`, as people settled it."""
    judged = other.judged if told and other.judged and other.judged.outcome else None
    return {
        "sighting": other.key,
        "footage": other.footage,
        "pts": other.best.exact,
        "box": other.box,
        "grade": other.grade,
        "builder": _plain(judged.builder if judged else other.builder),
        "outcome": judged and judged.outcome,
        "stills": {role: still["sha256"] for role, still in _stills(other).items()},
    }


def _verdict(registry: Registry, row: Verdict, item: Item) -> Record:
    told = record(row, item.item, item.state == "settled")
    said = told["before"].get("said")
    if said:
        shown = {name: _said(one) if isinstance(one, str) else one for name, one in said.items()}
        told["before"] = told["before"] | {"said": shown}
    builder = None if row.builder is None else RegistryName.of(row.builder, registry).name
    return told | {"note": _said(row.note), "builder_name": builder}


def _sighting(registry: Registry, row: SightingRow) -> Record:
    names = ("key", "grade", "probability", "series", "concealed", "origin", "origin_basis")
    return values_of(row, *names, "lead_origin") | {
        "first": round(float(row.first), 3),
        "last": round(float(row.last), 3),
        "builder": _named(registry, row.builder),
        "control": _named(registry, row.control),
    }


def _named(registry: Registry, builder: str | None) -> Record | None:
    return None if builder is None else _plain(RegistryName.of(builder, registry))


def _plain(name: RegistryName | None) -> Record | None:
    return None if name is None else values_of(name, "id", "name", "origin", "type")


def _footage(session: Session, hashes: set[str]) -> dict[str, Record]:
    """Size in pixels, name at the first of its places, and of each claim the first."""
    places = places_of(session, hashes)
    names = name_footage(session, places)
    found = {}
    for sha256, row in footage_of(session, hashes).items():
        width, height = row.frame or (None, None)
        claims = {"publisher": "publisher", "published": "published", "plant": "plant_claimed"}
        name = printable(names.get(sha256, sha256[:12]))
        said = {key: _said(first_said(places[sha256], claim)) for key, claim in claims.items()}
        about = {"sha256": sha256, "kind": row.kind, "width": width, "height": height}
        found[sha256] = {**about, "name": name, **said}
    return found


def _copies(session: Session, items: Sequence[Item]) -> dict[str, set[str]]:
    """By item the other footage that shows the same recording at that time."""
    asked: dict[tuple[str, str], dict[str, list[Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        asked[item.model, item.settings][item.footage].append(item)
    found: dict[str, set[str]] = defaultdict(set)
    for several in asked.values():
        recipe = next(iter(several.values()))[0]
        # One view may have been filmed twice.
        for copy in read_copies(session, recipe, Copy.kind != "same view", footage=[*several]):
            for item in several.get(copy.footage, ()):
                if any(span.holds(item.pts) for span in copy.spans):
                    found[item.item].add(copy.other)
    return found


def _said(text: str | None) -> str | None:
    """A message stays one, for the page to translate, unless it holds what cannot be shown."""
    shown = None if text is None else printable(text)
    return text if shown == text else shown


def _readings(readings: Iterable[ReadingDetail]) -> list[Record]:
    """What was read: best scores first, each text once."""
    found: dict[str, Record] = {}
    for one in readings:
        found.setdefault(one.text, _reading(one))
    return list(found.values())[:READINGS]


def _reading(one: ReadingDetail) -> Record:
    return values_of(one, "text", "score", "script", "mirrored", "overlay", "box") | {
        "pts": one.at.exact,
        "seconds": round(float(Fraction(one.at.exact)), 3),
    }


def _stills(seen: SightingDetail) -> dict[str, Record]:
    """The pictures of a sighting by role."""
    return {s.role: {"sha256": s.sha256, "pts": s.at.exact, "box": s.box} for s in seen.stills}
