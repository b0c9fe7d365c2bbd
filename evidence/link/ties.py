"""Which pairs of sightings are compared, and the ties found: by looks, by copies, by hand.

Whether a pair is compared depends on the two alone. Each has all neighbours within a distance, not
the nearest few: else the answer would depend on who came first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, delete, select, tuple_
from sqlalchemy.orm import Session

from evidence.case.base import chunks, found_with, insert_new, select_in, values_of
from evidence.case.sighting_tables import Copy, Link, LookRow, SightingRow
from evidence.link.copies import read_copies
from evidence.link.sighting_pairs import (
    meets,
    tie_by_copy,
    tie_by_photograph,
    tie_by_place,
    tie_by_span,
)
from evidence.link.sightings import Scope, Tie, load_seen

ALIKE = 0.45
"""Least cosine of the appearance of two sightings for them to be compared at all. In eight
generated archives nothing more was tied with 0.38, which lets four times as many pairs of drawn
machines through."""

ALIKE_NAMED = 0.38  # the same where one builder is read on both

ALIKE_HERE, HERE_SECONDS = 0.30, 900.0
"""The same where both are in one footage, and come into view within so many seconds. A film of a
works is hardly longer. In a recording of hours each would be compared with a third of all."""

STEPS = 1 << 14  # vectors are compared in whole numbers: sums come out the same in any order
AT_ONCE = 256


class Neighbours:
    """All sightings by what they look like.

    rows: key, footage, second at which it comes into view, builder, appearance of each. The
    appearance is float32 of unit length as bytes, None where it is not known.
    """

    def __init__(self, rows: Iterable[tuple[str, str, float, str | None, bytes | None]]) -> None:
        import faiss

        some = list(rows)
        self._keys = [row[0] for row in some]
        self._first = np.array([row[2] for row in some])
        footages, builders = ([row[n] or "" for row in some] for n in (1, 3))
        looks = [row[4] or b"" for row in some]
        self._row = {key: row for row, key in enumerate(self._keys)}
        self._footage = np.unique(np.array(footages), return_inverse=True)[1]
        self._builder = np.unique(np.array(builders), return_inverse=True)[1]
        self._named = np.array([name != "" for name in builders])
        width = max(4, *map(len, looks)) if looks else 4
        packed = b"".join(look if len(look) == width else bytes(width) for look in looks)
        self._vectors = np.frombuffer(packed, "<f4").reshape(-1, width // 4)
        self._index = faiss.IndexFlatIP(self._vectors.shape[1])
        self._index.add(self._vectors)
        order = np.argsort(self._footage, kind="stable")
        ends = np.flatnonzero(np.diff(self._footage[order])) + 1
        # By number of a footage: it is that of its place among all.
        self._here = np.split(order, ends)

    def pairs(self, new: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Each pair, (a, b) with a < b, once; at least one of the two is new."""
        fresh = np.zeros(len(self._keys), bool)
        rows = np.array(sorted(self._row[key] for key in new), np.int64)
        fresh[rows] = True
        for start in range(0, len(rows), AT_ONCE):
            part = rows[start : start + AT_ONCE]
            # A little wider than asked: what lies on the edge is decided in whole numbers.
            limits, _, found = self._index.range_search(self._vectors[part], ALIKE_NAMED - 1e-3)
            for at, row in enumerate(part):
                near = found[limits[at] : limits[at + 1]]
                near = np.union1d(near, self._near_in_time(int(row)))
                near = near[(near != row) & ~(fresh[near] & (near < row))]
                for other in near[self._close(int(row), near)]:
                    a, b = sorted((self._keys[row], self._keys[other]))
                    yield a, b

    def _close(self, row: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
        one = np.round(self._vectors[row] * STEPS).astype(np.int64)
        many = np.round(self._vectors[others] * STEPS).astype(np.int64)
        cosine = (many @ one) / STEPS**2
        named = self._named[row] & (self._builder[others] == self._builder[row])
        least = np.where(named, ALIKE_NAMED, ALIKE)
        soon = np.abs(self._first[others] - self._first[row]) <= HERE_SECONDS
        here = soon & (self._footage[others] == self._footage[row])
        return np.asarray(cosine >= np.where(here, ALIKE_HERE, least))

    def _near_in_time(self, row: int) -> NDArray[np.int64]:
        """Those of its footage that come into view about when it does, itself among them."""
        here = self._here[int(self._footage[row])]
        soon = np.abs(self._first[here] - self._first[row]) <= HERE_SECONDS
        return np.asarray(here[soon])


_PAIRS = 50  # pairs of copies that are read at once: to ask of each by itself took most of the time

Pair = tuple[str, str]


def tie_by_looks(session: Session, scope: Scope) -> None:
    """Compares the new sightings with all that look somewhat like them."""
    if not scope.new:
        return
    for part in chunks(_neighbours(session, scope).pairs(scope.new)):
        _add(session, _compared(session, part))


def tie_copies(session: Session, scope: Scope) -> set[str]:
    """Ties what stands in one place in copies of one recording; gives the keys tied.

    Looked at are copies of footage with new sightings, and those that have tied nothing yet: they
    may have been found after their sightings were linked.
    """
    sightings: dict[str, list[str]] = defaultdict(list)
    for key, footage in sorted(scope.footage.items()):
        sightings[footage].append(key)
    renewed = {scope.footage[key] for key in scope.new}
    tied = _tied_copies(session, scope)
    touched: set[str] = set()
    # Where nothing moved, the same view may have been filmed twice: that ties no machines.
    copies = select(Copy.a, Copy.b).where(found_with(Copy, scope), Copy.kind != "same view")
    pairs = [
        (a, b)
        for a, b in session.execute(copies).all()
        if a in sightings and b in sightings
        if (a, b) not in tied or a in renewed or b in renewed
    ]
    for some in chunks(pairs, _PAIRS):
        these = tuple_(Copy.a, Copy.b).in_(some)
        spans = {(c.footage, c.other): c.spans for c in read_copies(session, scope, these)}
        keys = {key for pair in some for one in pair for key in sightings[one]}
        shown = select(SightingRow.key, SightingRow.first, SightingRow.last)
        times = {k: (a, b) for k, a, b in select_in(session, shown, SightingRow.key, keys)}
        meet = [
            (i, j, spans[a, b])
            for a, b in some
            for i in sightings[a]
            for j in sightings[b]
            if any(meets(times[i], times[j], span) for span in spans[a, b])
        ]
        # Of most sightings no track is read: what is not in view together is tied by no copy.
        seen = load_seen(session, {key for i, j, _ in meet for key in (i, j)})
        found = [
            tie
            for i, j, between in meet
            if (tie := tie_by_copy(seen[i], seen[j], between)) is not None
        ]
        _add(session, found)
        touched |= {key for tie in found for key in (tie.a, tie.b)}
    return touched


def tie_by_hand(session: Session, scope: Scope, joined: Iterable[Tie]) -> set[str]:
    """Makes the ties by hand those that hold now; gives the keys of those that changed."""
    links = _links(session, scope, "joined")
    before = {(one.a, one.b): (one.score, one.reason) for one in links}
    now = {(tie.a, tie.b): tie for tie in joined}
    new = [tie for pair, tie in now.items() if before.get(pair) != (tie.score, tie.reason)]
    changed = (before.keys() - now.keys()) | {(tie.a, tie.b) for tie in new}
    for a, b in changed & before.keys():
        session.execute(delete(Link).where(Link.a == a, Link.b == b, Link.kind == "joined"))
    _add(session, new)
    return {key for pair in changed for key in pair}


def _neighbours(session: Session, scope: Scope) -> Neighbours:
    one = SightingRow
    query = (
        select(one.key, one.footage, one.first, one.builder, LookRow.appearance)
        .outerjoin(LookRow, one.has(LookRow))
        .where(found_with(one, scope))
        .order_by(one.key)
        .execution_options(yield_per=2000)
    )
    return Neighbours(
        (key, footage, float(first), builder, look)
        for key, footage, first, builder, look in session.execute(query)
        if key in scope.footage
    )


def _compared(session: Session, pairs: list[tuple[str, str]]) -> Iterator[Tie]:
    """What ties the pairs: one photograph, one span or one place."""
    seen = load_seen(session, {key for pair in pairs for key in pair}, looks=True)
    for a, b in pairs:
        for tie_by in (tie_by_photograph, tie_by_span, tie_by_place):
            if (tie := tie_by(seen[a], seen[b])) is not None:
                yield tie


def _tied_copies(session: Session, scope: Scope) -> set[tuple[str, str]]:
    """Pairs of footage that have tied sightings as copies."""
    links = _links(session, scope, "copy")
    pairs = (sorted((scope.footage[one.a], scope.footage[one.b])) for one in links)
    return {(first, last) for first, last in pairs}


def _links(session: Session, scope: Scope, kind: str) -> Iterable[Row[Any]]:
    query = select(Link.a, Link.b, Link.score, Link.reason)
    query = query.join(SightingRow, SightingRow.key == Link.a)
    return session.execute(query.where(Link.kind == kind, found_with(SightingRow, scope)))


def _add(session: Session, ties: Iterable[Tie]) -> None:
    names = ("a", "b", "kind", "score", "reason")
    insert_new(session, Link, [values_of(tie, *names) | {"held": False} for tie in ties])
