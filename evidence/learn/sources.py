"""Where judged footage comes from, on which side of a split it stands, and how much there is.

Footage of one publisher or one claimed plant, copies, and footage of the same machine are one
source: a model that learnt from some of it is measured too well on the rest. A source's side
follows from its name alone, so it stays there unless new footage ties two sources together.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry, load_registry
from evidence.case.places import PLACES
from evidence.case.sighting_tables import Copy, MachineRow, Membership, SightingRow
from evidence.case.tables import FootageRow, Item
from evidence.learn.frames import SETTLED, USABLE
from evidence.spelling import PlantNames

VAL_SHARE = 0.2  # of the sources, those held back to measure on


def find_sources(session: Session) -> dict[str, str]:
    """By footage (SHA-256) its source: the first of its publishers, hosts, plants; else its
    hash."""
    ties: dict[str, set[str]] = defaultdict(set)
    spelt: dict[str, str] = {}
    for one, other in _ties(session):
        if other.startswith("w:"):
            word = other[2:].strip()
            other = f"w:{word.casefold()}"
            spelt[other] = min(word, spelt.get(other, word))
        ties[one].add(other)
        ties[other].add(one)
    sources: dict[str, str] = {}
    for footage in session.scalars(select(FootageRow.sha256).order_by(FootageRow.sha256)):
        if footage not in sources:
            group = _reach(footage, ties)
            words = (spelt[node] for node in sorted(group) if node in spelt)
            name = next(words, f"footage {footage[:12]}")  # the first of the group, in order
            sources |= {node[2:]: name for node in group if node.startswith("f:")}
    return sources


def choose_val(names: Collection[str], share: float = VAL_SHARE) -> set[str]:
    """The sources to measure on. If a side is empty, the nearest of two or more goes over."""
    drawn: dict[str, float] = {}
    for name in names:
        text = f"split\n{name.strip().casefold()}".encode(errors="surrogatepass")
        drawn[name] = int.from_bytes(hashlib.sha256(text).digest()[:6], "big") / 2**48
    val = {name for name, number in drawn.items() if number < share}
    if share <= 0 or len(drawn) < 2:
        return set()
    order = sorted(drawn, key=lambda name: (drawn[name], name))
    return (val or {order[0]}) - ({order[-1]} if len(val) == len(drawn) else set())


def _ties(session: Session) -> Iterator[tuple[str, str]]:
    """What belongs together: footage `f:HASH`, a word that names a source `w:WORD`, a plant however
    it is written `p:KEY`. The key names no source: it is called as its footage's lists write."""
    writings = PlantNames(load_registry().plants)
    places = select(
        PLACES.c.footage, PLACES.c.publisher, PLACES.c.origin_url, PLACES.c.plant_claimed
    )
    for footage, publisher, url, plant in session.execute(places):
        for word in (publisher or _host(url), plant):
            if word and word.strip():
                yield f"f:{footage}", f"w:{word}"
        if plant and plant.strip():
            yield f"f:{footage}", f"p:{writings.key(plant)}"
    for a, b in session.execute(select(Copy.a, Copy.b)):
        yield f"f:{a}", f"f:{b}"
    shown = (
        select(MachineRow.id, SightingRow.footage)
        .join(Membership, Membership.machine == MachineRow.id)
        .join(SightingRow, SightingRow.key == Membership.sighting)
        .where(MachineRow.footages > 1)
        .distinct()
    )
    for machine, footage in session.execute(shown):
        yield f"f:{footage}", f"m:{machine}"


def _host(url: str | None) -> str | None:
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return None if host is None else host.removeprefix("www.")


def _reach(footage: str, ties: dict[str, set[str]]) -> set[str]:
    found = {f"f:{footage}"}
    left = list(found)
    while left:
        new = ties.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


MOST_ROWS = 100  # builders and sources listed one by one, those with most first


def summarise_learning(session: Session, registry: Registry) -> dict[str, Any]:
    """Items by state and outcome, frames by source and side, builders named; as plain data."""
    waiting, outcomes, builders = 0, Counter[str | None](), Counter[str]()
    columns = (Item.state, Item.outcome, Item.builder)
    items = select(*columns, func.count()).group_by(*columns)
    for state, outcome, builder, number in session.execute(items):
        if state != SETTLED:
            waiting += number
            continue
        outcomes[outcome] += number
        builders.update({builder: number} if builder else {})
    usable = select(Item.footage, Item.pts).where(Item.state == SETTLED, Item.outcome.in_(USABLE))
    each = usable.distinct().subquery()
    counted = select(each.c.footage, func.count()).group_by(each.c.footage)
    names = {entry.id: entry.name for entry in registry}
    frames: dict[str, int] = dict(session.execute(counted).all())
    sources: Counter[str] = Counter()
    known = find_sources(session) if frames else {}
    for footage, number in frames.items():
        sources[known.get(footage, footage)] += number
    val = choose_val(sources)
    shown = [word for word in USABLE if word in outcomes]
    shown += sorted(word for word in outcomes if word and word not in USABLE)
    return {
        "settled": outcomes.total(),
        "waiting": waiting,
        "frames": sum(frames.values()),
        "footage": len(frames),
        "held_back": sum(number for name, number in sources.items() if name in val),
        "outcomes": [{"outcome": word, "items": outcomes[word]} for word in shown],
        "builders": [
            {"builder": id, "name": names.get(id, id), "items": number}
            for id, number in _most(builders)
        ],
        "sources": [
            {"source": name, "frames": number, "split": "val" if name in val else "train"}
            for name, number in _most(sources)
        ],
        "all_builders": len(builders),
        "all_sources": len(sources),
    }


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_ROWS]
