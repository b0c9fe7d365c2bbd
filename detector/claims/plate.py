"""Where a machine comes from by its own plates, whoever built it.

    >>> from fractions import Fraction
    >>> from detector.types import Reading
    >>> name = "滕州市鲁南机床有限公司"
    >>> read = Reading(name, 0.97, (10.0, 10.0, 230.0, 30.0), Fraction(0), "han")
    >>> claim(Plates.packaged().statements([read]), tested=("CN",))
    Claim(code='CN', grade='B')

Most plates on a machine are those of its parts: MADE IN JAPAN on a motor says nothing of the
machine it turns in. So readings that stand together are taken for one plate, and what it says
counts only where it speaks of a machine tool, by its kind or by its maker's name, and neither
of a part, a seller nor an owner. What does not count is kept as evidence all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

from datasets.letters import letters, scripts
from datasets.plates import load_places, load_plate_words
from detector.boxes import line_height
from detector.claims.contact import is_contact
from detector.claims.plate_lines import passages_of, plates_of, titles_of
from detector.claims.plate_text import Company, PlateText
from detector.claims.screens import is_of_screen
from detector.claims.stray_codes import has_stray_code, is_owners_number
from detector.matching.fuse import independent
from detector.read.reader import overlap_of_smaller
from detector.screen.caption import same_text
from detector.types import Box, Reading

StatementKind = Literal["company", "address", "made-in", "works"]

# Least reader's score of what may be claimed, and of a name that claims a tested origin alone.
_SURE, _VERY_SURE = 0.8, 0.9
# Least characters of a Han name that does: place, trade name, trade and form. 滕州机床厂 has five,
# and must be read in two views.
_LONG_NAME = 8
# Of one line: how much of the lower one's height two texts share, and the gap of a word at most.
_LEVEL, _WORD_GAP = 0.6, 1.0
# Less sure and no longer than that, what was read is as likely the edge of something.
_NOISE, _NOISE_LETTERS = 0.6, 4
# Here sellers put plates of their own, СДЕЛАНО В РОССИИ with them, on machines built elsewhere.
_PLATED_ANEW = frozenset({"RU"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that plates say of where the machine was made.

    countries: one, or several where it leaves that open; own: nothing on the plate speaks of a
    part, a seller or an owner; counts: it is own, speaks of a machine tool, and was read well;
    alone: it suffices for an origin under test; reading: where it was read best, of several
    readings joined; contact: the plate says how to reach somebody, as dealers' stickers do; plain:
    all else on the plate is what stands on a machine's own, and no other country is named.
    """

    countries: frozenset[str]
    kind: StatementKind
    han: bool
    own: bool
    counts: bool
    alone: bool
    reading: Reading
    contact: bool = False
    plain: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """An origin told by plates. A: two independent statements; B: one."""

    code: str
    grade: Literal["A", "B"]


class Plates:
    """Reads plates; build it once for many tracks."""

    def __init__(self, text: PlateText) -> None:
        self._text = text

    @classmethod
    def packaged(cls, controls: Iterable[str] = ()) -> Plates:
        """With the packaged words and places; `controls` are names of controls' makers."""
        return cls(PlateText(load_plate_words(), load_places(), tuple(controls)))

    def statements(self, readings: Sequence[Reading]) -> tuple[Statement, ...]:
        """What the plates of one track say, what counts first.

        Args:
            readings: of all frames that were read; those of the broadcast, and those legible
                only in the mirror, are passed over.
        """
        fit = [r for r in readings if not r.overlay and not r.mirrored]
        found: dict[tuple[object, ...], list[Statement]] = {}
        for plate in plates_of(fit):
            for one in self._of_plate(plate, titles_of(plate, fit)):
                key = (one.kind, one.han, one.countries, letters(one.reading.text))
                found.setdefault(key, []).append(one)
        every = [one for same in found.values() for one in same]
        best = [_settle(same, [s for s in every if alike(s, same[0])]) for same in found.values()]
        return tuple(sorted(best, key=lambda s: (not s.counts, not s.alone, -s.reading.score)))

    def on_parts(
        self, readings: Sequence[Reading], marks: Collection[str], codes: Collection[str]
    ) -> frozenset[Reading]:
        """Those that speak of a part, its seller or how to reach one, and those beside which, on
        one plate, another does. What one in Han says by itself is left to
        `detector.matching.anothers`: 机床工具 is no part. An address on the web that holds the
        letters of one of its builder's `marks` is its own: WWW.SMTCL.COM under 沈阳机床; so are
        rows on a plate that bears one of his `codes`."""
        return frozenset(
            reading
            for plate in plates_of(readings)
            for rows in [self.says_machine(plate, codes)]
            for reading in plate
            if any(
                (self._is_part(other.text) and not self._text.is_line(other.text, rows=rows))
                or (
                    is_contact(other.text)
                    and not any(mark in letters(other.text) for mark in marks)
                )
                for other in plate
                if other is not reading or reading.script != "han"
            )
        )

    def says_machine(self, plate: Sequence[Reading], codes: Collection[str]) -> bool:
        """Whether a plate says what machine it is of, by its kind or by a code, in letters."""
        return any(
            self._text.says_kind(reading.text)
            or any(code in letters(reading.text) for code in codes)
            for reading in plate
        )

    def names_elsewhere(self, text: str, origin: str) -> bool:
        """Whether a text names a country or a town other than the origin's."""
        return self._text.is_elsewhere(text, {origin})

    def is_traditional(self, text: str) -> bool:
        """Whether characters are written as in Taiwan and Japan, which no reader takes for those of
        the mainland: 永華機械, whose folded letters are those of 永华机械."""
        return self._text.is_traditional(text)

    def is_address(self, text: str) -> bool:
        """Whether a text is an address on the web and nothing else, as dealers and guests post."""
        return " " not in text.strip() and is_contact(text)

    def is_own(self, text: str, name: str, *, lines: bool) -> bool:
        """Whether all a text says may stand on the plate of a machine of that name's maker.

        Args:
            lines: whether rows with a part's word may: SPINDLE BORE.
        """
        return self._text.is_own(text, name) or self._text.is_line(text, rows=lines)

    def _is_part(self, text: str) -> bool:
        return self._text.is_part(text) or self._text.is_seller(text)

    def _of_plate(self, plate: Sequence[Reading], titles: Sequence[Reading]) -> Iterator[Statement]:
        passages = passages_of(plate)
        companies = [
            (company, passage)
            for passage in passages
            if (company := self._text.company(passage.text)) is not None
        ]
        companies = _longest(_unglued(companies, passages))
        said: list[tuple[StatementKind, frozenset[str], Reading]] = []
        for passage in passages:
            if codes := self._text.made_in(passage.text):
                said.append(("made-in", codes, passage))
            for kind, code in (
                ("address", self._text.address(passage.text)),
                ("works", self._text.works(passage.text)),
            ):
                if code is not None:
                    said.append((kind, frozenset({code}), passage))  # type: ignore[arg-type]
        if not said and not any(company.country for company, _ in companies):
            return
        texts = [passage.text for passage in passages]
        firms = [letters(passage.text) for _, passage in companies]
        # MACHINE TOOL CO., LTD is what a firm is called, and no word for what the plate is on.
        lines = [r.text for r in plate if not any(letters(r.text) in firm for firm in firms)]
        part = self._text.is_parts_plate(lines)
        contact = any(is_contact(t) for t in texts)
        tools = any(company.tools for company, _ in companies)
        machine = any(self._text.is_machine(t) for t in texts)
        rows = any(map(self._text.says_kind, lines))
        rest = passages_of([r for r in plate if not self._text.is_line(r.text, rows=rows)])
        own = not (part or any(self._is_part(one.text) for one in (*rest, *titles)))
        told = rows or not _is_importers(plate)
        for company, passage in companies:
            if company.country is not None:
                plain = self._is_plain((*plate, *titles), passage, {company.country}, rows)
                plain = plain and told and self._text.is_whole(company)
                yield _company(company, passage, own, contact, plain)
        for kind, codes, passage in _shortest(said):
            plain = told and self._is_plain((*plate, *titles), passage, codes, rows)
            fit = {
                # CNC LATHE says what the plate is of, MACHINE TOOL OIL does not.
                "made-in": (tools or (machine and plain))
                and not codes & _PLATED_ANEW
                and len(codes) == 1,
                "address": tools,
                "works": self._text.is_russian_plate(
                    t for t in texts if letters(t) not in letters(passage.text)
                ),
            }
            counts = own and fit[kind] and passage.score >= _SURE
            han = passage.script == "han"
            yield Statement(codes, kind, han, own, counts, False, passage, plain=plain)

    def _is_anothers(self, text: str) -> bool:
        """Whether a line's code or number may be a part's, a program's or an owner's."""
        stray = has_stray_code(text, ()) and not self._text.is_row(text)
        return stray or is_owners_number(text) or is_of_screen(text)

    def _is_plain(
        self, plate: Sequence[Reading], passage: Reading, codes: Collection[str], rows: bool
    ) -> bool:
        """Whether what stands beside a passage may stand on a plate of a machine from there.

        Args:
            rows: whether the plate says what kind of machine it is of: TL-250 is a rotary table's
                code elsewhere, and a number alone its owner's.
        """
        return all(
            letters(reading.text) in letters(passage.text)
            or (
                self._text.is_own(reading.text, letters(passage.text), rows=rows)
                and (rows or not self._is_anothers(reading.text))
            )
            or (reading.score < _NOISE and len(letters(reading.text)) <= _NOISE_LETTERS)
            for reading in plate
        ) and not any(self._text.is_elsewhere(reading.text, codes) for reading in plate)


def claim(statements: Sequence[Statement], tested: Collection[str]) -> Claim | None:
    """The origin that plates tell, or None.

    Any statement of another country leaves it open, also one that does not count, but on a plate
    that is known for a part's. An origin under test takes two independent statements, or a
    maker's whole name read exactly.

    Args:
        statements: of `Plates.statements`.
        tested: origins whose presence is the claim under test.
    """
    counted = [
        s
        for s in statements
        if s.counts and len(s.countries) == 1 and (s.plain or s.countries.isdisjoint(tested))
    ]
    codes = {code for statement in counted for code in statement.countries}
    if len(codes) != 1:
        return None
    code = codes.pop()
    if any(code not in statement.countries for statement in statements if statement.own):
        return None
    if any(_two_cues(a, b) for a, b in combinations(counted, 2)):
        return Claim(code, "A")
    if code in tested and not any(statement.alone for statement in counted):
        return None
    return Claim(code, "B")


def _company(
    company: Company, passage: Reading, own: bool, contact: bool, plain: bool
) -> Statement:
    counts = own and company.sure and passage.score >= _SURE
    long = not company.han or company.size >= _LONG_NAME
    alone = counts and long and passage.score >= _VERY_SURE and not contact
    codes = frozenset({company.country} if company.country else ())
    return Statement(codes, "company", company.han, own, counts, alone, passage, contact, plain)


def _is_importers(plate: Sequence[Reading]) -> bool:
    """Whether a plate is one in Russian, as importers put them on all that they bring, on vices and
    pumps too: beside a maker's name it must say what it is of, for the line above may be lost."""
    return any("cyrillic" in scripts(r.text) or letters(r.text) == "EAC" for r in plate)


def _unglued(
    companies: Sequence[tuple[Company, Reading]], passages: Sequence[Reading]
) -> list[tuple[Company, Reading]]:
    """Names say nothing sure of their country where a place was put before a name that is whole
    without it: SUZHOU BRANCH over VINA MACHINE TOOL CO., LTD. The gap of a word is none."""
    places = {passage.text: passage.box for passage in passages}
    whole = [passage for company, passage in companies if company.named]

    def is_glued(passage: Reading) -> bool:
        for name in whole:
            before = places.get(passage.text.removesuffix(f" {name.text}"))
            ends = passage.text.endswith(f" {name.text}")
            if ends and before is not None and not _next_word(before, name.box):
                return True
        return False

    return [
        (replace(company, sure=company.sure and not is_glued(passage)), passage)
        for company, passage in companies
    ]


def _next_word(before: Box, after: Box) -> bool:
    """Whether one text goes on in the other on the same line."""
    line = min(line_height(before), line_height(after))
    level = min(before[3], after[3]) - max(before[1], after[1]) >= _LEVEL * line
    return level and after[0] - before[2] <= _WORD_GAP * line


def _settle(same: Sequence[Statement], alike: Sequence[Statement]) -> Statement:
    """One statement of all readings of it: two views make up for a short name.

    A frame may lose the line that tells a part's plate or a dealer's. So in most frames in which
    the `alike` was read the plate must be its own, and in all plain and without a number to call.
    """
    best = max(same, key=lambda s: (s.counts, s.reading.score))
    of_own = {s.reading.pts for s in alike if s.own}
    counts = best.counts and 2 * len(of_own) > len({s.reading.pts for s in alike})
    seen = [s.reading for s in same if s.counts and s.reading.score >= _VERY_SURE]
    twice = any(independent(a, b) for a, b in combinations(seen, 2))
    alone = any(s.alone for s in same) or (best.kind == "company" and twice)
    contact, plain = any(s.contact for s in alike), all(s.plain for s in alike)
    alone = alone and counts and not contact
    own = any(s.own for s in same)
    return replace(best, own=own, counts=counts, alone=alone, contact=contact, plain=plain)


def alike(a: Statement, b: Statement) -> bool:
    """Whether two statements are one, if perhaps misread in one frame."""
    same = (a.kind, a.han, a.countries) == (b.kind, b.han, b.countries)
    return same and same_text(a.reading, b.reading)


def _two_cues(a: Statement, b: Statement) -> bool:
    """Whether two statements are of two kinds, or a name in two scripts, and of two texts."""
    if (a.kind, a.han) == (b.kind, b.han) or (a.kind == b.kind and a.kind != "company"):
        return False
    same_frame = a.reading.pts == b.reading.pts
    return not same_frame or overlap_of_smaller(a.reading.box, b.reading.box) == 0


def _longest(companies: Sequence[tuple[Company, Reading]]) -> list[tuple[Company, Reading]]:
    """One name a place: a sure one with the least around it, else the longest."""

    def order_of(pair: tuple[Company, Reading]) -> tuple[bool, int, float]:
        company, passage = pair
        size = len(passage.text) if company.sure else -company.size
        return not company.sure, size, -passage.score

    kept: list[tuple[Company, Reading]] = []
    order = sorted(companies, key=order_of)
    for company, passage in order:
        if not any(overlap_of_smaller(passage.box, other.box) > 0 for _, other in kept):
            kept.append((company, passage))
    return kept


def _shortest(
    said: Sequence[tuple[StatementKind, frozenset[str], Reading]],
) -> list[tuple[StatementKind, frozenset[str], Reading]]:
    """Of passages that say the same at one place the shortest: MADE IN | CHINA and what is near."""
    kept: list[tuple[StatementKind, frozenset[str], Reading]] = []
    for one in sorted(said, key=lambda item: len(item[2].text)):
        if not any(
            one[:2] == other[:2] and overlap_of_smaller(one[2].box, other[2].box) > 0
            for other in kept
        ):
            kept.append(one)
    return kept
