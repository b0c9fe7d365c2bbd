"""Which footages show one recording, so that it counts once, and what in a compilation is whose.

Two that show each other are one recording; so are an excerpt and the one footage that it is of.
A compilation is none with what it holds: else it would make one recording of what has nothing in
common but it, and so would an excerpt that several unlike footages hold, as an advertisement.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from evidence.copies.spans import Span
from evidence.store import Copy, Recipe

WHOLE = 0.8
"""Share of a footage that another shows, for the other to show it whole."""

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Joined:
    """name: by footage that of its recording. parts: by footage the stretches in which it shows
    whole another footage, of another recording, with that one's name. within: by footage those
    that show it whole; none that a camera on a stand may have filmed at another time."""

    name: dict[str, str]
    parts: dict[str, list[tuple[Span, str]]]
    within: dict[str, set[str]]


def read_recordings(session: Session, recipe: Recipe, footage: Iterable[str]) -> Joined:
    """The recordings of a case's footage (SHA-256)."""
    of_recipe = (Copy.model == recipe.model, Copy.settings == recipe.settings)
    shows = or_(Copy.share_a >= WHOLE, Copy.share_b >= WHOLE)
    known = set(footage)
    columns = (Copy.a, Copy.b, Copy.share_a, Copy.share_b, Copy.kind)
    shares: dict[Pair, tuple[float, float]] = {}
    within: dict[str, set[str]] = defaultdict(set)
    for a, b, share_a, share_b, kind in session.execute(select(*columns).where(*of_recipe, shows)):
        if a not in known or b not in known:
            continue
        shares[a, b] = share_a, share_b
        for part, of, share in ((a, b, share_a), (b, a, share_b)):
            if share >= WHOLE and kind != "same view":
                within[part].add(of)
    name = join(known, shares)
    parts: dict[str, list[tuple[Span, str]]] = defaultdict(list)
    if any(name[a] != name[b] for a, b in shares):
        rows = session.execute(
            select(Copy.a, Copy.b, Copy.spans).where(*of_recipe, shows).order_by(Copy.a, Copy.b)
        )
        for a, b, plain in rows:
            if (a, b) not in shares or name[a] == name[b]:
                continue
            spans = [Span.from_json(one) for one in plain]
            if shares[a, b][0] >= WHOLE:
                parts[b] += [(span.turned(), name[a]) for span in spans]
            else:
                parts[a] += [(span, name[b]) for span in spans]
    return Joined(name, dict(parts), dict(within))


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
