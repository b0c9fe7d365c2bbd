"""Which footages show one recording, so that it counts once, and what in a compilation is whose.

Two footages that show each other are one recording; so are an excerpt and the one footage that it
is of. A compilation is not one recording with what it holds: those parts have nothing in common.
Nor is an excerpt that several unlike footages hold, such as an advertisement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from evidence.case.sighting_tables import Copy
from evidence.case.tables import Recipe
from evidence.link.alignment import CopySpan
from evidence.link.sightings import chunks

WHOLE = 0.8
"""Share of a footage that another shows, for the other to show it whole."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class JoinedRecordings:
    """Recordings of footage, and what shows what, each by footage.

    - name: of its recording.
    - parts: the stretches in which it shows whole footage of another recording, with its name.
    - within: those that show it whole; none that a fixed camera may have filmed at another time.
    """

    name: dict[str, str]
    parts: dict[str, list[tuple[CopySpan, str]]]
    within: dict[str, set[str]]


def read_recordings(session: Session, recipe: Recipe, footage: Iterable[str]) -> JoinedRecordings:
    """The recordings of a case's footage (SHA-256)."""
    of_recipe = (Copy.model == recipe.model, Copy.settings == recipe.settings)
    shows = or_(Copy.share_a >= WHOLE, Copy.share_b >= WHOLE)
    known = set(footage)
    rows = [
        row
        for row in session.scalars(select(Copy).where(*of_recipe, shows).order_by(Copy.a, Copy.b))
        if row.a in known and row.b in known
    ]
    name = join(known, {(row.a, row.b): (row.share_a, row.share_b) for row in rows})
    within: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, list[tuple[CopySpan, str]]] = defaultdict(list)
    for row in rows:
        spans = [CopySpan.from_json(one) for one in row.spans]
        turned = [span.turned() for span in spans]
        for part, of, share, shown in (
            (row.a, row.b, row.share_a, turned),
            (row.b, row.a, row.share_b, spans),
        ):
            if share >= WHOLE and row.kind != "same view":
                within[part].add(of)
            if share >= WHOLE and name[part] != name[of]:
                parts[of] += [(span, name[part]) for span in shown]
    return JoinedRecordings(name, dict(parts), dict(within))


def join(footage: Iterable[str], shares: Mapping[Pair, tuple[float, float]]) -> dict[str, str]:
    """By footage the name of its recording, which is the first of its footages in order.

    Args:
        shares: of two footages how much of each the other shows.

    Example:
        >>> join("abc", {("a", "b"): (1.0, 0.9), ("b", "c"): (0.1, 0.2)})
        {'a': 'a', 'b': 'a', 'c': 'c'}
        >>> join("abp", {("a", "p"): (1.0, 0.2), ("b", "p"): (1.0, 0.2)})  # a programme
        {'a': 'a', 'b': 'b', 'p': 'p'}
    """
    whole = {pair: both for pair, both in shares.items() if max(both) >= WHOLE}
    first = _groups(footage, (pair for pair, both in whole.items() if min(both) >= WHOLE))
    alike = {frozenset((first[a], first[b])) for a, b in whole}

    def one(names: Collection[str]) -> bool:
        """Whether each of them is a copy of each other."""
        return all(frozenset(two) in alike for two in combinations(names, 2))

    holds: dict[str, set[str]] = defaultdict(set)
    for (a, b), (share_a, _) in whole.items():
        part, of = (first[a], first[b]) if share_a >= WHOLE else (first[b], first[a])
        if part != of:
            holds[of].add(part)
    held: dict[str, set[str]] = defaultdict(set)
    for of, parts in holds.items():
        for part in parts if one(parts) else ():
            held[part].add(of)
    excerpts = [(part, of) for part, several in held.items() if one(several) for of in several]
    last = _groups(set(first.values()), excerpts)
    return {each: last[name] for each, name in first.items()}


def _groups(footage: Iterable[str], pairs: Iterable[Pair]) -> dict[str, str]:
    """The first, in order, of all that pairs join each to."""
    group = {one: {one} for one in footage}
    for a, b in pairs:
        if group[a] is not group[b]:
            group[a] |= group[b]
            for one in group[b]:
                group[one] = group[a]
    names = {id(several): min(several) for several in group.values()}
    return {one: names[id(several)] for one, several in group.items()}


def copies_of(session: Session, recipe: Recipe, footage: Collection[str]) -> set[str]:
    """Footage that shows little else than one of these; no compilation that holds one."""
    found: set[str] = set()
    for part in chunks(sorted(footage)):
        rows = session.execute(
            select(Copy.a, Copy.b, Copy.share_a, Copy.share_b).where(
                Copy.model == recipe.model,
                Copy.settings == recipe.settings,
                or_(Copy.a.in_(part), Copy.b.in_(part)),
            )
        )
        for a, b, share_a, share_b in rows:
            if a in footage and share_b >= WHOLE:
                found.add(b)
            if b in footage and share_a >= WHOLE:
                found.add(a)
    return found
