"""Matching what was read against the registry.

    >>> from datasets.registry import load_registry
    >>> [match] = Matcher(load_registry()).match("FANUG")
    >>> match.id, match.type, match.exact
    ('ctl-fanuc', 'control', False)

A mark matches whole words only (TOS is not in PHOTOS). It also matches a joined reading, if the
rest is of the builder's own or generic words (HAASAUTOMATION). `detector.name.align` prices
misreadings. A reading about as near to another entry's mark is no match (DMIG: DMG or DMTG?).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from pathlib import Path

from datasets.cache import cache_key, load_or_make, sources_of
from datasets.entry import EntryType
from datasets.letters import cyrillic_words, letters, scripts, words
from datasets.plates import load_places, load_plate_words
from datasets.registry import DATA, Registry
from detector.name.kinds import load_kinds
from detector.name.marks import (
    CYRILLIC_LIMIT,
    LATIN_WORDS,
    PARTS,
    SHORT,
    SIGNS,
    EntryMark,
    MarkKind,
    marks_of,
    own_words,
    sisters_of,
    tells,
)
from detector.name.neighbours import JoinedMarks, NeighbourIndex

MARGIN = 0.3
"""How much dearer the nearest mark of another entry must be for a misreading to count."""
MOST_WORDS = 64
"""Words of one text that are looked at: no mark stands in a longer one."""
LONGEST_SPAN = 10
"""Words one mark may fall apart into: spaced marks are read one letter at a time."""
MOST_FAR = 2
"""Words a text may have to be a far misreading, which is a hint."""
MISREAD_ALONE = 7
"""Letters of a mark up to which a misread one needs a second cue: WELLER is no WEILER."""
MOST_MISREAD = 4
"""Words a misread mark may have, unless they are mere letters."""
_PART = re.compile(r"\d+|\D+")


@dataclass(frozen=True, slots=True)
class Match:
    """A mark of the registry found in a text.

    - mark: its text in the registry.
    - price: of what was misread; similarity: 1 - price / letters, 0..1; exact: nothing was misread.
    - whole: the mark is the whole text. shared: another entry has a mark of the same text.
    - far: so much was misread that it is only a hint.
    - misread: it may as well be another name: too short (WELLER for WEILER), or too little is its
    own (FIN POWER for FINN-POWER).
    - beside: words of its line that are neither known on machines nor the entry's own.
    """

    id: str
    mark: str
    kind: MarkKind
    similarity: float
    price: float
    needs_second_cue: bool
    exact: bool
    type: EntryType
    whole: bool
    shared: bool = False
    far: bool = False
    misread: bool = False
    beside: int = 0


@dataclass(frozen=True, slots=True)
class _Found:
    """A mark at the words [start, end) of a text, at a price.

    part: it is a part of one joined word. read: the letters, if they were misread.
    """

    mark: EntryMark
    start: int
    end: int
    price: float
    part: bool = False
    read: str = ""

    @property
    def exact(self) -> bool:
        return self.price == 0

    @property
    def far(self) -> bool:
        return self.price > self.mark.limit

    @property
    def is_cyrillic(self) -> bool:
        """True if words in true Cyrillic may be this mark."""
        return (self.mark.cyrillic or self.mark.han) and self.price <= CYRILLIC_LIMIT

    @property
    def rank(self) -> tuple[float, int, int]:
        return (-self.price / len(self.mark.letters), len(self.mark.letters), self.start)

    def tells_more_than(self, other: _Found) -> bool:
        """True if it is a name that may stand alone, no part of the other, which may not."""
        weak, name = other.mark.needs_second_cue, self.mark.kind == "wordmark"
        strong = self.exact and name and not self.mark.needs_second_cue
        return strong and weak and self.mark.letters not in other.mark.letters


class Matcher:
    """Finds the registry's marks in texts; the same answer for the same text, always.

    own: by entry the letters of its marks and of their words. sisters: by builder those whose codes
    may stand under its mark (`marks.sisters_of`).
    """

    def __init__(self, registry: Registry) -> None:
        marks = marks_of(registry)
        self._exact: dict[str, list[EntryMark]] = {}
        for mark in marks:
            self._exact.setdefault(mark.letters, []).append(mark)
        self._longest = max((len(mark.letters) for mark in marks), default=0)
        self._neighbours = {
            han: NeighbourIndex([mark for mark in marks if mark.han == han], MARGIN)
            for han in (False, True)
        }
        self.own = own_words(registry)
        self._joined = JoinedMarks(self.own, marks)
        self.sisters = sisters_of(registry)

    @cached_property
    def _cached(self) -> Callable[[str], tuple[Match, ...]]:
        # Readings of one wordmark come back frame after frame.
        return lru_cache(4096)(self._match)

    def match(self, text: str, *, hints: bool = False) -> list[Match]:
        """Marks found in a text, best first; none for a text that names no entry.

        A word in true Cyrillic letters matches no Latin mark: ТОР is not TOP, though HAAS beside
        СТАНКИ is Haas. It was read and not guessed, so next to nothing may be misread. The reader's
        Latin guess at Cyrillic letters (CTAHKOMAW) does match Cyrillic marks.

        Several matches at one place share one text (MITSUBISHI); each then needs a second cue.

        hints: if nothing matches, also give the marks it is a far misreading of.
        """
        found = self._cached(text)
        return [match for match in found if hints or not match.far]

    def _match(self, text: str) -> tuple[Match, ...]:
        said = words(text)[:MOST_WORDS]
        cyrillic = cyrillic_words(text)
        found = [
            item
            for item in self._found(said)
            if item.is_cyrillic or not any(cyrillic[item.start : item.end])
        ]
        borders = _compounds(text)
        # Of each entry the best wordmark and the best series. A longer mark says more, and one that
        # may name alone more than a weak one beside it: 险峰机床 of XIANFENG 险峰机床.
        best: dict[tuple[str, MarkKind], _Found] = {}
        if any(item.mark.kind == "wordmark" and not item.far for item in found):
            found = [item for item in found if not item.far]
        for item in sorted(_settle(found), key=lambda item: item.rank, reverse=True):
            kept = best.setdefault((item.mark.id, item.mark.kind), item)
            if item.tells_more_than(kept):
                best[item.mark.id, item.mark.kind] = item
        return tuple(
            _as_match(item, said, borders, self._beside(item, text, said)) for item in best.values()
        )

    def _beside(self, item: _Found, text: str, said: list[str]) -> int:
        """Words beside a mark in its line that are neither known nor the entry's own."""
        kinds = load_kinds()
        if kinds.is_another_house(text):
            return 3
        own = self.own[item.mark.id]
        if item.part and item.mark.han:
            return kinds.strange(text.replace(item.mark.text, " "), own)
        return kinds.strange(" ".join(said[: item.start] + said[item.end :]), own)

    def _found(self, said: list[str]) -> list[_Found]:
        """Every acceptable mark at every place, before rivals are settled."""
        found: list[_Found] = []
        unsure: list[tuple[int, int, str]] = []
        for start in range(len(said)):
            joined = ""
            for end in range(start + 1, min(start + LONGEST_SPAN, len(said)) + 1):
                joined += said[end - 1]
                if len(joined) > self._longest + 2:
                    break
                exact = self._exactly(said[start:end], joined)
                found += [_Found(mark, start, end, 0.0) for mark in exact]
                if not exact and _may_be_misread(said[start:end], joined):
                    unsure.append((start, end, joined))
            found += [
                _Found(mark, start, start + 1, 0.0, part=True)
                for mark in self._joined.inside(said[start])
            ]
        rest = _beside_models(found, len(said))
        far = [list(range(start, end)) == rest for start, end, _ in unsure]
        for han, index in self._neighbours.items():
            # The reader knows Han: it does not take a whole name in it for one in Latin.
            asked = [i for i, (_, _, text) in enumerate(unsure) if ("han" in scripts(text)) == han]
            near = index.find([unsure[i][2] for i in asked], [far[i] for i in asked])
            for i, marks in zip(asked, near, strict=True):
                start, end, read = unsure[i]
                found += [
                    _Found(mark, start, end, price, read=read)
                    for mark, price in marks
                    if mark.han or (_may_be_split(mark, said[start:end]) and mark.telling in read)
                ]
        return found

    def _exactly(self, said: list[str], joined: str) -> list[EntryMark]:
        """The marks that these words are, letter for letter, or else the codes they vary."""
        for marks in (self._exact.get(joined, ()), self._joined.variants(said)):
            if exact := [mark for mark in marks if _may_be_split(mark, said)]:
                return exact
        return []


def _beside_models(found: Sequence[_Found], count: int) -> list[int]:
    """The words of a text that may be a far misreading: all but model codes, if few. That is a line
    of badge, alone or with the model after it, and no sentence."""
    models = {
        i for item in found if item.mark.kind == "series" for i in range(item.start, item.end)
    }
    rest = [i for i in range(count) if i not in models]
    return rest if len(rest) <= MOST_FAR else []


def _may_be_split(mark: EntryMark, said: list[str]) -> bool:
    """True if the mark may be read as these words.

    A short mark joined from bits of other words (ON A, S TAR) is chance. One in its own words is
    not, nor one letter by letter (D M G). Codes may part where letters meet figures (VF-2, C 42 U).
    """
    if len(said) == 1 or len(mark.letters) > SHORT + 1:
        return True
    parts = [part for word in mark.words for part in _PART.findall(word)]
    return len(said) == len(mark.letters) or _seams(said) <= _seams(parts)


def _seams(parts: Sequence[str]) -> set[int]:
    """Where one part meets the next, in letters of the whole."""
    return set(accumulate(map(len, parts[:-1])))


@lru_cache(maxsize=2)
def matcher_of(registry: Registry) -> Matcher:
    """The matcher of a registry, kept on disk as well: it takes a quarter of a second to make."""
    own = sources_of(Path(__file__).parents[1], "*.json", "name/*.py")
    key = cache_key(registry.digest, own, sources_of(DATA.parent, "*.py", "data/*.yaml"))
    return load_or_make("matcher", key, lambda: Matcher(registry))


def _may_be_misread(said: list[str], joined: str) -> bool:
    """True if these words are worth aligning: few, and no plain word of the trade."""
    few = len(said) <= MOST_MISREAD or all(len(word) <= 2 for word in said)
    plain = joined in LATIN_WORDS or joined in SIGNS or joined in _themselves()
    return few and len(joined) >= SHORT and not plain


@cache
def _themselves() -> frozenset[str]:
    """Names common beside machines that are no builder's. FESTO is no misread RESATO, NANJING no
    HANJIANG."""
    places = (place.latin for some in load_places().values() for place in some)
    names = (*places, *load_plate_words().part_makers)
    return frozenset(letters(name) for name in names if name and "han" not in scripts(name))


def _settle(found: list[_Found]) -> list[_Found]:
    """Marks that stand where several overlap: exact before misread, longer before shorter."""
    return [item for item in found if not any(_beats(other, item) for other in found)]


def _beats(one: _Found, other: _Found) -> bool:
    """True if `one` leaves no room for `other`."""
    if one.end <= other.start or other.end <= one.start or one is other:
        return False
    span, rival = (one.start, one.end), (other.start, other.end)
    if one.exact and other.exact:
        # MAZAKINTEGREX: two parts of one joined reading. TRUMPF 3030, a model, says TRUMPF as well.
        same, kinds = one.mark.id == other.mark.id, {one.mark.kind, other.mark.kind}
        if same and (span == rival or len(kinds) > 1):
            return False
        longer = len(one.mark.letters) - len(other.mark.letters)
        return longer > 0 or (longer == 0 and span < rival)
    if one.exact:
        # TOS KURlM holds TOS exactly and yet is TOS KURIM; DMTG MORI is not a misread DMG MORI.
        return not _holds(other, one)
    if other.exact:
        return _holds(one, other)
    if span == rival:
        return one.price < other.price and one.mark.id != other.mark.id
    return one.rank[0] > other.rank[0] or (
        one.rank[0] == other.rank[0] and len(one.mark.letters) > len(other.mark.letters)
    )


def _holds(one: _Found, other: _Found) -> bool:
    """True if the mark of `one` contains that of `other` among its words, and stands around it."""
    around = one.start <= other.start and other.end <= one.end and one.mark is not other.mark
    return around and set(other.mark.words) <= set(one.mark.words)


def _compounds(text: str) -> list[tuple[int, int]]:
    """The places [start, end) of names made with a hyphen, in words of the text. SUMITOMO-SHIBAURA
    is another firm than SHIBAURA. Codes (VF-2) and words of the trade are no names."""
    found: list[tuple[int, int]] = []
    start = 0
    for token in text.split():
        said = words(token)
        names = [w for w in said if w.isalpha() and len(w) > 1 and w not in LATIN_WORDS]
        if "-" in token and len(names) > 1:
            found.append((start, start + len(said)))
        start += len(said)
    return found


def _is_parted(item: _Found, said: list[str]) -> bool:
    """True if a name of one word was joined from words of labels: POWER SPEED is on any panel."""
    name = len(item.mark.words) == 1 and item.mark.type != "control"
    return name and item.end - item.start > 1 and not PARTS.isdisjoint(said[item.start : item.end])


def _as_match(
    item: _Found, said: list[str], compounds: list[tuple[int, int]], beside: int
) -> Match:
    mark = item.mark
    alone = item.start == 0 and item.end == len(said)
    # All its letters may stand in a row, behind an emblem that was read as one (XEXCETEK).
    spelt = mark.han or item.read.endswith(mark.letters)
    short = not spelt and len(mark.letters) <= MISREAD_ALONE
    return Match(
        id=mark.id,
        mark=mark.text,
        kind=mark.kind,
        similarity=max(0.0, 1.0 - item.price / len(mark.letters)),
        price=item.price,
        needs_second_cue=mark.needs_second_cue
        or item.far
        or any(
            start <= item.start and item.end <= end and (item.start, item.end) != (start, end)
            for start, end in compounds
        )
        or _is_parted(item, said)
        or (not item.exact and not mark.han and len(mark.letters) <= SHORT + 1),
        exact=item.exact,
        type=mark.type,
        whole=alone and not (item.part and mark.needs_second_cue),
        shared=mark.shared,
        far=item.far,
        beside=beside,
        misread=bool(item.read) and (not tells(mark, item.read, item.price) or short),
    )
