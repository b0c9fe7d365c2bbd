"""Copies found and kept in the case: what each new footage has in common with all others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, delete, or_, select, true
from sqlalchemy.orm import Session

from detector.known_again.photograph import one_photograph
from detector.types import Print
from evidence.case.base import chunks, found_with, values_of
from evidence.case.sighting_tables import AnalysisRow, Copy, LookRow, PrintRow, analysis_id
from evidence.case.tables import FootageRow, Recipe
from evidence.link.alignment import CopySpan
from evidence.link.comparison import AGREED
from evidence.link.fingerprint import Fingerprint, HashIndex
from evidence.link.match import CopyMatch, Likenesses, match_hits

AT_ONCE = 200  # analyses read in one query: some 10 MB of prints


class CopyFinder:
    """The index over the prints of all footage analysed with one model and settings.

    Keep one for as long as the case is locked, and ask it about all footage stored meanwhile.
    Takes 600 MB for a million prints.
    """

    def __init__(self, model: str, settings: str) -> None:
        self.model, self.settings = model, settings
        self._index = HashIndex()
        self._footage: list[str] = []
        self._prints: list[NDArray[np.uint32]] = []
        self._known: set[str] = set()
        self._begun = False

    def __len__(self) -> int:
        """How much footage is in the index."""
        return len(self._footage)

    def update(self, session: Session, footage: str) -> list[Copy]:
        """Finds the copies of stored footage and puts them in place of those known before.

        They are in order of the other's hash. What is found depends on the two footages of a copy
        alone: neither on their order nor on other footage.
        """
        self._catch_up(session, footage)
        wanted = next(self._read(session, [footage]), None)
        matches = [] if wanted is None else self._matches(session, wanted)
        old = found_with(Copy, self) & or_(Copy.a == footage, Copy.b == footage)
        session.execute(delete(Copy).where(old))
        copies = [self._row(found) for found in matches]
        session.add_all(copies)
        session.flush()
        return copies

    def _matches(self, session: Session, wanted: Fingerprint) -> list[CopyMatch]:
        likenesses = Likenesses.of(wanted, self._index)
        found: list[CopyMatch] = []
        for key in self._candidates(likenesses):
            for other in self._read(session, [self._footage[key]]):
                hits = likenesses.hits(key, other)
                a, b = sorted((wanted, other), key=lambda one: one.footage)
                hits = hits if a is wanted else hits.turned()
                one = match_hits(a, b, hits, partial(self._saved_twice, session, a, b))
                if one is not None:
                    found.append(one)
        return sorted(found, key=lambda one: (one.a, one.b))

    def _saved_twice(
        self, session: Session, a: Fingerprint, b: Fingerprint, at: Fraction, there: Fraction
    ) -> bool:
        """Whether a picture of one is one of the other, by the looks of machines there."""

        def looks(one: Fingerprint, pts: Fraction) -> Sequence[bytes]:
            analysis = analysis_id(one.footage, self.model, self.settings)
            mine = LookRow.analysis == analysis, LookRow.pts == pts
            return session.scalars(select(LookRow.points).where(*mine)).all()

        pairs = product(looks(a, at), looks(b, there))
        return any(one_photograph(p, q) is not None for p, q in pairs)

    def _candidates(self, likenesses: Likenesses) -> list[int]:
        """Footage with a print that shares enough windows with one print of that wanted."""
        wanted, keys = likenesses.footage, set()
        owner = wanted.owner[wanted.fresh]
        for near in (likenesses.upright, likenesses.mirrored):
            for key in np.unique(near.key).tolist():
                query, number = near.of(key)
                pairs = owner[query] << 32 | self._prints[key][number]
                if np.unique(pairs, return_counts=True)[1].max(initial=0) >= AGREED:
                    keys.add(key)
        return sorted(key for key in keys if self._footage[key] != wanted.footage)

    def _catch_up(self, session: Session, footage: str) -> None:
        """Reads all that is stored, the first time; after that only the footage asked about.
        Nothing is missed: whoever stores another footage asks about it too, and finds this one."""
        stored = select(AnalysisRow.footage).where(found_with(AnalysisRow, self))
        everything = stored.order_by(AnalysisRow.footage)
        asked = [footage] if self._begun else session.scalars(everything)
        new = [one for one in asked if one not in self._known]
        for some in chunks(new, AT_ONCE):
            for one in self._read(session, some):
                self._index.add(len(self._footage), one.hash[one.fresh])
                self._footage.append(one.footage)
                self._prints.append(one.owner[one.fresh].astype(np.uint32))
                self._known.add(one.footage)
        self._begun = True

    def _read(self, session: Session, hashes: Sequence[str]) -> Iterator[Fingerprint]:
        """The fingerprints of the footage that was analysed, in order of its hash."""
        footage = session.execute(
            select(AnalysisRow.id, FootageRow)
            .join(FootageRow, FootageRow.sha256 == AnalysisRow.footage)
            .where(AnalysisRow.footage.in_(hashes), found_with(AnalysisRow, self))
            .order_by(AnalysisRow.footage)
        ).all()
        prints: dict[str, list[Print]] = {analysis: [] for analysis, _ in footage}
        columns = (PrintRow.pts, PrintRow.shot, PrintRow.hashes, PrintRow.detail)
        rows = session.execute(
            select(PrintRow.analysis, *columns)
            .where(PrintRow.analysis.in_(prints))
            .order_by(PrintRow.analysis, PrintRow.number)
        )
        for analysis, pts, shot, windows, detail in rows:
            prints[analysis].append(Print(pts, shot, windows, detail))
        for analysis, one in footage:
            size = (one.width, one.height) if one.width and one.height else None
            stills = one.kind != "video"
            yield Fingerprint.of(one.sha256, prints[analysis], one.duration, size, stills)

    def _row(self, found: CopyMatch) -> Copy:
        names = ("a", "b", "kind", "mirrored", "seconds", "share_a", "share_b", "score", "reason")
        spans = [span.to_json() for span in found.spans]
        more = values_of(found, *names)
        return Copy(model=self.model, settings=self.settings, spans=spans, **more)


WHOLE = 0.8  # share of a footage that another shows, for the other to show it whole
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class SharedFootage:
    """A copy as one of its two footages has it.

    shares: how much of it is in the other, and of the other in it. spans: in its own time.
    """

    footage: str
    other: str
    kind: str
    shares: tuple[float, float]
    spans: list[CopySpan]


def read_copies(
    session: Session,
    recipe: Any,
    *where: ColumnElement[bool],
    footage: Collection[str] | None = None,
) -> Iterator[SharedFootage]:
    """All copies of a recipe, or those with some footage, each from both sides."""
    some = select(Copy.a, Copy.b, Copy.kind, Copy.share_a, Copy.share_b, Copy.spans)
    query = some.where(found_with(Copy, recipe), *where).order_by(Copy.a, Copy.b)
    for part in (None,) if footage is None else chunks(sorted(footage)):
        either = true() if part is None else or_(Copy.a.in_(part), Copy.b.in_(part))
        for a, b, kind, share_a, share_b, plain in session.execute(query.where(either)):
            spans = [CopySpan.from_json(one) for one in plain]
            yield SharedFootage(a, b, kind, (share_a, share_b), spans)
            turned = [span.turned() for span in spans]
            yield SharedFootage(b, a, kind, (share_b, share_a), turned)


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
    shows = or_(Copy.share_a >= WHOLE, Copy.share_b >= WHOLE)
    known = set(footage)
    copies = [c for c in read_copies(session, recipe, shows) if known >= {c.footage, c.other}]
    name = join(known, {(c.footage, c.other): c.shares for c in copies if c.footage < c.other})
    within: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, list[tuple[CopySpan, str]]] = defaultdict(list)
    for copy in copies:
        of, part = copy.footage, copy.other
        if copy.shares[1] >= WHOLE and copy.kind != "same view":
            within[part].add(of)
        if copy.shares[1] >= WHOLE and name[part] != name[of]:
            parts[of] += [(span, name[part]) for span in copy.spans]
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
    copies = read_copies(session, recipe, footage=footage)
    return {one.footage for one in copies if one.other in footage and one.shares[0] >= WHOLE}
