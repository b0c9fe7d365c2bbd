"""Where judged footage comes from, on which side of a split it stands, and how much there is.

Footage of one publisher or one claimed plant, copies, and footage of the same machine are one
source: a model that learnt from some of it is measured too well on the rest. A source's side
follows from its name alone, so it stays there unless new footage ties two sources together.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
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

VAL_SHARE = 0.2
"""Of the sources, those held back to measure on."""


def find_sources(session: Session) -> dict[str, str]:
    """By footage (SHA-256), the name of the source it belongs to.

    A source is named after the first, in order, of its publishers, hosts and plants; footage of
    which none is known, after its hash.
    """
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
            name = _name(group, spelt)
            sources |= {node[2:]: name for node in group if node.startswith("f:")}
    return sources


def choose_val(names: Collection[str], share: float = VAL_SHARE) -> set[str]:
    """The sources that are measured on; the others are learnt from.

    Where chance leaves a side empty and there are two sources at least, the one nearest to it goes
    over.
    """
    drawn = {name: _draw(name) for name in names}
    val = {name for name, number in drawn.items() if number < share}
    if share <= 0 or len(drawn) < 2:
        return set()
    order = sorted(drawn, key=lambda name: (drawn[name], name))
    if not val:
        return {order[0]}
    return val - {order[-1]} if len(val) == len(drawn) else val


def _draw(name: str) -> float:
    """A number of [0, 1) that follows from the name."""
    digest = hashlib.sha256(f"split\n{name.strip().casefold()}".encode(errors="surrogatepass"))
    return int.from_bytes(digest.digest()[:6], "big") / 2**48


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


def _name(group: set[str], spelt: Mapping[str, str]) -> str:
    words = [spelt[node] for node in sorted(group) if node in spelt]
    footage = min(node[2:] for node in group if node.startswith("f:"))
    return words[0] if words else f"footage {footage[:12]}"


MOST_ROWS = 100
"""Builders and sources told one by one, those with most first."""


def summarise_learning(session: Session, registry: Registry) -> dict[str, Any]:
    """Items by state and outcome, frames by source and side, builders named; as plain data."""
    states, outcomes, builders = _counted(session)
    frames = _frames(session)
    sources: Counter[str] = Counter()
    if frames:
        known = find_sources(session)
        for footage, number in frames.items():
            sources[known.get(footage, footage)] += number
    val = choose_val(sources)
    return {
        "settled": states.get(SETTLED, 0),
        "waiting": sum(states.values()) - states.get(SETTLED, 0),
        "frames": sum(frames.values()),
        "footage": len(frames),
        "held_back": sum(number for name, number in sources.items() if name in val),
        "outcomes": [{"outcome": word, "items": outcomes[word]} for word in _ordered(outcomes)],
        "builders": [
            {"builder": id, "name": _summary_name(id, registry), "items": number}
            for id, number in _most(builders)
        ],
        "sources": [
            {"source": name, "frames": number, "split": "val" if name in val else "train"}
            for name, number in _most(sources)
        ],
        "all_builders": len(builders),
        "all_sources": len(sources),
    }


def _counted(session: Session) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Items by state, and the settled ones by outcome and by builder; in one look at them all."""
    counts: tuple[Counter[str], ...] = (Counter(), Counter(), Counter())
    columns = (Item.state, Item.outcome, Item.builder)
    for *row, number in session.execute(select(*columns, func.count()).group_by(*columns)):
        for count, value in zip(counts, row, strict=True):
            if value is not None and (count is counts[0] or row[0] == SETTLED):
                count[str(value)] += number
    return counts[0], counts[1], counts[2]


def _frames(session: Session) -> dict[str, int]:
    """By footage, how many frames have something usable that is settled."""
    usable = (Item.state == SETTLED, Item.outcome.in_(USABLE))
    each = select(Item.footage, Item.pts).where(*usable).distinct().subquery()
    query = select(each.c.footage, func.count()).group_by(each.c.footage)
    return {str(footage): number for footage, number in session.execute(query)}


def _ordered(outcomes: Counter[str]) -> list[str]:
    known = [word for word in USABLE if word in outcomes]
    return known + sorted(set(outcomes) - set(known))


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_ROWS]


def _summary_name(id: str, registry: Registry) -> str:
    return registry.get(id).name if id in registry else id
