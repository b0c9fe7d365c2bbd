"""Whether marks stand on the machine's own badge: NEWAY over CLASS 150 is a valve's, FILE: SMTCL.NC
a program's, and SMTCL under NOZZLE stands on a box, whoever built the machine."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from datasets.letters import letters, words
from datasets.registry import Registry
from detector.boxes import line_height
from detector.claims.against import Against
from detector.claims.origin import claimed_by
from detector.claims.plate import Plates
from detector.claims.plate_lines import plates_of
from detector.claims.plate_text import CHINA
from detector.claims.screens import is_slogan
from detector.claims.stray_codes import has_code, has_stray_code, is_owners_number
from detector.matching.badge import is_tag, stands_as_badge
from detector.matching.fuse import Cue, independent_views
from detector.matching.own_words import OwnWords, split_mark
from detector.read.reader import overlap_of_smaller
from detector.types import Box, Reading

_SAME_PLACE = 0.5
_BELOW, _BESIDE, _LEVEL, _ALIKE = 1.5, 3.0, 0.5, 3.0
"""Of lines of one label, above or below and beside: the gap over the other line's height, or over
the lower one's, the share of the narrower that lies under the other or of the lower beside it, and
the ratio of a mark's height to that of a smaller line (a mark may be joined of two lines)."""
_TYPE = re.compile(
    r"SERIES|SINUMERIK|MODEL|CNC|MATE|SYSTEM|PLUS|ADVANCED?|BASIC|SL|I?TNC(?:\d{3})?|[MT][A-F]"
    r"|[0O]I?[MTP]?[A-F]?|B5?|2\d{1,2}M[A-D]?I?"
    r"|(?:1[5-8]|2[0157]|3[0-5])I?[MTP]?[AB]?|8[0-4]\d[DC]?(?:SL)?|80\d\d|9[89]\d[A-Z]{0,3}"
    r"|[4567][0-4]\d|M[678]\d[SV]?"
)
"""A word of a control's type, after its name: SERIES 0I-MF, 828D, 980TDC, TNC 640. Its maker's
motors and drives have codes of other shapes (A06B, 1FT7042)."""

_TYPE_LEAST = 3
"""Letters and figures of one that stands in a line of its own: M80."""
_READ = 0.5
"""Reader's score from which a code beside a mark is one."""
_ADDRESS = 4
"""Letters of a mark at least by which an address on the web is its builder's."""
_LONG_CODE = 5
_FAMILY = re.compile(r"VMC|HMC|CNC|MCV|BMC|VTL|CK|XK|MK|HT\d|PS\d|[FP]L\d|FS\d|VM\d|VH\d|VL\d")
"""What codes of builders everywhere begin with."""


class OwnBadge:
    """Passes over views of marks that stand on a part's plate, in a line with words that no builder
    puts beside his mark, or in bits of other words, where an origin under test would be claimed
    by them. Against another builder they count as they did."""

    def __init__(self, registry: Registry, tested: Collection[str]) -> None:
        self._registry = registry
        self._tested = frozenset(tested)
        self._plates = Plates.packaged()
        self._words = OwnWords.packaged()
        self._against = Against()
        self._tested_codes = {
            letters(code)
            for entry in registry
            if not claimed_by(entry).isdisjoint(self._tested)
            for code in (*entry.series, *entry.weak.series)
        }
        marks = [(mark.text, made.id) for made in registry.controls for mark in made.wordmarks]
        self._controls = [text for text, _ in marks]
        self._control_by_name = {letters(text): id for text, id in marks}

    def keep(
        self, cues: Sequence[Cue], beside: Sequence[Cue], readings: Sequence[Reading]
    ) -> list[Cue]:
        """The cues of one builder without the views that stand elsewhere; none without any.

        None either where a mark of a builder of another origin was read as well, be it weak or
        misread, or a code that only he uses: a works' name on the wall is no badge of the STUDER
        before it, nor of the DMU 50 whose badge nobody reads; nor where anything else speaks
        against it (`detector.claims.against`).

        Args:
            beside: all cues that count on the machine.
            readings: all of the machine.
        """
        claimed = {code for cue in cues for code in claimed_by(self._registry.get(cue.id))}
        homes = claimed & self._tested
        if not homes:
            return list(cues)
        shared = {r for cue in cues if cue.kind == "series" for r in cue.readings}
        told = [
            self._registry.get(cue.id)
            for cue in beside
            if cue.kind == "wordmark" or (self._is_own_code(cue) and not shared & {*cue.readings})
        ]
        elsewhere = any(entry.type == "builder" and entry.origin not in homes for entry in told)
        if elsewhere or self._against.speaks(readings, homes):
            return []
        own = {r for cue in cues for r in cue.readings if not self._is_for_his(cue, r.text)}
        kept = (self._on_badges(cue, own, readings) for cue in cues)
        return [cue for cue in kept if cue is not None]

    def is_rivalled(self, id: str, beside: Sequence[Cue]) -> bool:
        """Whether the name of a builder from elsewhere is in doubt since a badge of an origin under
        test was read too, or a code that only a builder from there uses. It is no less so for being
        longer, and a longer mark weighs more: BYSTRONIC over DNE, WALDRICH COBURG over BYJC.

        Args:
            beside: cues of others that stand against it.
        """
        return not self._claims_tested(id) and any(
            self._claims_tested(cue.id)
            and cue.match.exact
            and (cue.kind == "wordmark" or self._is_own_code(cue))
            for cue in beside
        )

    def _claims_tested(self, id: str) -> bool:
        return not claimed_by(self._registry.get(id)).isdisjoint(self._tested)

    def but_controls(self, cues: Iterable[Cue], readings: Sequence[Reading]) -> list[Cue]:
        """The cues, those for pieces of something else that are a builder's marks and in truth the
        name of a control, with its type in the line, beside or below: MITSUBISHI over M80."""
        scene = [reading for reading in readings if not reading.overlay]
        return [replace(cue, piece=True) if self._is_control(cue, scene) else cue for cue in cues]

    def _is_control(self, cue: Cue, scene: Sequence[Reading]) -> bool:
        return (
            cue.match.type != "control"
            and letters(cue.mark) in self._control_by_name
            and all(self._names_control(reading, scene) for reading in cue.readings)
        )

    def _names_control(self, view: Reading, scene: Sequence[Reading]) -> bool:
        types = [row.text for row in _rows_beside(view, scene) if _is_type(row.text)]
        return any(
            _is_mixed(letters(text)) and self._control_of(text) is not None
            for text in (view.text, *(f"{view.text} {said}" for said in types))
        )

    def tells_more(self, cue: Cue) -> bool:
        """Whether a cue is more than a code that many use: a mark, a code that may name, or one
        that is known less surely, but is no other entry's and of no common family."""
        if cue.kind == "wordmark" or not cue.match.needs_second_cue:
            return True
        code = letters(cue.mark)
        rare = cue.match.exact and not cue.match.shared and not is_tag(cue.mark)
        return rare and _is_long(code) and not _FAMILY.match(code)

    def _on_badges(
        self, cue: Cue, own: Collection[Reading], readings: Sequence[Reading]
    ) -> Cue | None:
        """The cue with its readings that may be of a badge, None without any.

        In most frames where the mark was read it must be so: one that a frame lost the words
        beside it is no badge, nor is one that noise was read beside once lost.
        """
        mark = letters(cue.mark)
        marks = {letters(one.text) for one in self._registry.get(cue.id).wordmarks}
        own_names = [mark, *(one for one in marks if len(one) >= _ADDRESS)]
        codes = self._codes(cue)
        on_parts = self._plates.on_parts(self._but_its_control(readings), own_names, codes)
        plates = plates_of(readings)
        # A misread mark over a code is no strange line; whether it is a badge is asked of itself.
        others = [reading for reading in readings if reading not in own]
        # Beside one that spells the mark, what else is misread may be another's.
        read = [r for r in cue.readings if mark in letters(r.text)] or list(cue.readings)
        if any(self._is_by_stray(cue, mark, r, others, _plate_of(r, plates)) for r in read):
            return None
        fit = [
            r
            for r in read
            if not _on_one(r, on_parts)
            and self._is_badge(cue, mark, r.text)
            and not self._is_strangers(cue, mark, r, own, others, _plate_of(r, plates))
        ]
        frames = {reading.pts for reading in fit}
        if 2 * len(frames) <= len({reading.pts for reading in read}):
            return None
        scene = [r for r in readings if not r.overlay and (r in fit or r not in cue.readings)]
        badge = cue.badge and any(stands_as_badge(r, cue.mark, scene) for r in fit)
        return replace(cue, readings=tuple(fit), views=independent_views(fit), badge=badge)

    def _is_badge(self, cue: Cue, mark: str, text: str) -> bool:
        entry = self._registry.get(cue.id)
        return (
            not split_mark(text, mark, [written.text for written in entry.wordmarks])
            and not self._plates.is_address(text)
            and not self._plates.names_elsewhere(text, entry.origin)
            and not (entry.origin == CHINA and self._plates.is_traditional(text))
            and self._words.on_badge(text, mark, self._own(cue))
            and not (mark in letters(text) and has_stray_code(text, self._own(cue), mark))
        )

    def _is_for_his(self, cue: Cue, text: str) -> bool:
        """Whether a line holds a code of the builder's among words that he puts beside none: on a
        box of jaws for CAK6150 it is as strange a line as without it."""
        code = letters(cue.mark)
        if cue.kind != "series" or not cue.match.exact or code not in letters(text):
            return False
        # What is in one with the code is of the model: JDGR400_A13S, P2060A-3KW.
        rest = [token for token in text.split() if code not in letters(token)]
        return not self._words.on_badge(" ".join([code, *rest]), code, self._own(cue))

    def _is_own_code(self, cue: Cue) -> bool:
        """Whether a code is one that only its builder uses, be it as short as NLX or DMU; one that
        is known less surely or that several use, if it has letters and figures enough and none of
        a tested origin has it."""
        code, entry = letters(cue.mark), self._registry.get(cue.id)
        own = code in map(letters, entry.series) and not cue.match.shared
        if not own and code not in self._tested_codes:
            own = _is_long(code) and not _FAMILY.match(code)
        return own and cue.match.exact and not is_tag(cue.mark)

    def _is_by_stray(
        self,
        cue: Cue,
        mark: str,
        view: Reading,
        others: Sequence[Reading],
        plate: Sequence[Reading],
    ) -> bool:
        """Whether a code or a number stands by a mark that is no machine's, where nothing says that
        the plate is one. A frame in which it was read is enough: others may have lost it."""
        if self._plates.says_machine(plate, self._codes(cue)):
            return False
        own = self._own(cue)
        rows = _rows_beside(view, others)
        beyond = [
            row for one in rows if not has_code(one.text) for row in _rows_beside(one, others)
        ]
        return any(
            row.score >= _READ
            and mark not in letters(row.text)
            and self._control_of(row.text) is None
            and not self._words.is_row(row.text)
            and (is_owners_number(row.text) or has_stray_code(row.text, own, mark))
            for row in (*rows, *beyond)
        )

    def _is_strangers(
        self,
        cue: Cue,
        mark: str,
        view: Reading,
        own: Collection[Reading],
        others: Sequence[Reading],
        plate: Sequence[Reading],
    ) -> bool:
        """Whether the plate the mark stands on names another country, or a line above, below or
        beside the mark, or what else of the builder's or says a kind of machine stands there, or
        beyond such a line, is a stranger; or it is a list of his machines."""
        origin = self._registry.get(cue.id).origin
        if any(self._plates.names_elsewhere(row.text, origin) for row in plate):
            return True
        if _is_list(plate, self._codes(cue)):
            return True
        lines = self._plates.says_machine(plate, self._codes(cue))
        kinds = [row for row in plate if self._plates.says_machine([row], ())]
        rows = [row for x in _in_one(view, [*own, *kinds]) for row in _rows_beside(x, others)]
        beyond = [row for one in rows for row in _rows_beside(one, others)]
        return any(self._is_strange(cue, mark, row, lines=lines) for row in (*rows, *beyond))

    def _is_strange(self, cue: Cue, mark: str, row: Reading, *, lines: bool) -> bool:
        """Whether a line says what no builder puts beside his mark: a word that a country follows,
        to begin with, which the mark is misread of."""
        if letters(row.text) in ("MADE", "IN") or is_slogan(row.text):
            return True
        said = letters(row.text)
        known = (*self._own(cue), *self._controls)
        return not (
            mark in said
            or said in map(letters, known)
            or self._control_of(row.text) is not None
            or self._plates.is_own(row.text, mark, lines=lines)
            or self._words.on_badge(f"{mark} {row.text}", mark, known)
        )

    def _but_its_control(self, readings: Sequence[Reading]) -> Sequence[Reading]:
        """Without the bare name of a control, which makers of motors and drives bear as well: FANUC
        under SMTCL is on the machine's panel. Several are a board of partners, and stay."""
        named = {r: id for r in readings if (id := self._control_of(r.text))}
        if len(set(named.values())) > 1:
            return readings
        return [reading for reading in readings if reading not in named]

    def _control_of(self, text: str) -> str | None:
        """The control whose name a text is, with its type or without: FANUC SERIES OI-TD."""
        said = words(text)
        for end in range(len(said), 0, -1):
            id = self._control_by_name.get("".join(said[:end]))
            if id is not None and all(map(_TYPE.fullmatch, said[end:])):
                return id
        return None

    def _codes(self, cue: Cue) -> list[str]:
        """Codes of the cue's builder, in letters, those long enough to be looked for in a line."""
        entry = self._registry.get(cue.id)
        codes = map(letters, (*entry.series, *entry.weak.series))
        return [code for code in codes if _is_long(code)]

    def _own(self, cue: Cue) -> tuple[str, ...]:
        """The marks and codes of the cue's builder."""
        entry = self._registry.get(cue.id)
        marks = (written.text for written in entry.wordmarks)
        return (*marks, *entry.series, *entry.weak.series)


def _is_long(code: str) -> bool:
    return len(code) >= _LONG_CODE and _is_mixed(code)


def _is_type(text: str) -> bool:
    """Whether a line is the type of a control and nothing else, with a letter and two figures."""
    said = letters(text)
    return len(said) >= _TYPE_LEAST and _is_mixed(said) and all(map(_TYPE.fullmatch, words(text)))


def _is_mixed(code: str) -> bool:
    return any(map(str.isdigit, code)) and any(map(str.isalpha, code))


def _rows_beside(view: Reading, readings: Sequence[Reading]) -> list[Reading]:
    """Readings of that frame that stand above, below or beside, as lines of one label do."""
    return [
        other
        for other in readings
        if other.pts == view.pts
        and not other.overlay
        and overlap_of_smaller(other.box, view.box) <= _SAME_PLACE
        and _in_rows(other.box, view.box)
    ]


def _in_one(view: Reading, own: Collection[Reading]) -> list[Reading]:
    """A view, and those of the builder's `own` that stand above, below or beside, or by those."""
    found = [view]
    for one in found:
        found += [row for row in _rows_beside(one, [*own]) if row not in found]
    return found


def _is_list(plate: Sequence[Reading], codes: Sequence[str]) -> bool:
    """Whether the codes of two machines stand on one plate, none the other's longer form: a badge
    bears one, a price list and a plan of the hall several."""
    said = "|".join(letters(row.text) for row in plate)
    found = [code for code in codes if code in said]
    return any(a not in b and b not in a for a in found for b in found)


def _plate_of(view: Reading, plates: Sequence[Sequence[Reading]]) -> list[Reading]:
    """The lines of the plates on which a view stands, which may be joined of several of them."""
    return [row for plate in plates if _on_one(view, plate) for row in plate]


def _in_rows(other: Box, mark: Box) -> bool:
    title, height = line_height(other), line_height(mark)
    low = min(title, height)
    down = max(other[1], mark[1]) - min(other[3], mark[3])
    across = max(other[0], mark[0]) - min(other[2], mark[2])
    narrower = min(other[2] - other[0], mark[2] - mark[0])
    below = down <= _BELOW * title and -across >= _LEVEL * narrower
    beside = across <= _BESIDE * low and -down >= _LEVEL * low
    return height <= _ALIKE * title and (below or beside)


def _on_one(view: Reading, on_parts: Collection[Reading]) -> bool:
    # By place, since a view may be joined of several readings.
    return any(
        view.pts == other.pts and overlap_of_smaller(view.box, other.box) > _SAME_PLACE
        for other in on_parts
    )
