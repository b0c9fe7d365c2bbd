"""Builders' marks inside other firms' names: 桂林机床 is a builder, 桂林机床电器 makes switches.

Many a builder is called by a place and a trade, and so are the makers of parts, the repairers and
the dealers of that place; their stickers stand on machines of every origin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from datasets.letters import letters
from datasets.plates import load_plate_words
from detector.matching.marks import SHORT, Mark
from detector.matching.phrases import SAME, Phrases, Said

_TRADE = frozenset({"MACHINE", "MACHINES", "MACHINERY", "TOOL", "TOOLS"})
# What stands before the name of the machine that a spare part fits: FOR MAZAK.
_FITS = frozenset({"FOR", "FITS", "FUER", "FUR", "POUR", "PARA", "ДЛЯ"})
# What an owner's label bears, on which the works' own name is: АО КЭМЗ ИНВ. 0123. A name that may
# stand alone is the builder's there, too: ТОКАРНЫЙ СТАНОК САСТА ИНВ. 345.
_OWNED = letters("ИНВ")
# 数控设备 (CNC equipment): makers of controls and of turrets are called so.
_CNC, _EQUIPMENT = letters("数控"), letters("设备")
# Letters of another's name from which on one may be misread, and of what of it stands beside a
# mark: the mark's own tell too little, for HITACHI SEIKO is HITACHI SEIKI but for one.
_LONG, _BESIDE = 8, 4
# 工具 (tools) is also half of 工具机, a machine tool.
_NO_PART = frozenset({"工具"})


class AnothersName:
    """Tells whether a mark is only part of the name of somebody else.

    Args:
        marks: of the registry: what is one of them but for a letter is nobody else.
    """

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        words = load_plate_words()
        han = {*words.parts.han, *words.sellers.han} - _NO_PART
        self._others = Phrases((*han, *words.parts.latin, *words.sellers.latin))
        self._rows = Phrases((*words.rows.han, *words.rows.latin))
        self._names = frozenset(letters(name) for name in words.other_names)
        self._longest = max(map(len, self._names), default=0)
        self._near = _misread(self._names)
        self._own = _misread({m.letters for m in marks} - self._names)

    def holds(self, mark: Mark, said: Sequence[str], start: int, end: int) -> bool:
        """Whether the rest of a text speaks of a part that fits, a seller or an owner, or is the
        name of somebody else (KUNLUN TONGTAI), or the mark a misread country: MADE IN TAIKAN,
        whose MADE may stand in a line of its own.

        Args:
            said: the text's words; the mark was found in those from `start` to before `end`.
        """
        if mark.kind == "wordmark" and (
            (start > 0 and said[start - 1] in {*_FITS, "IN"})
            or "".join(said[:start]).endswith("MADEIN")
        ):
            return True
        if mark.cyrillic and mark.needs_second_cue and any(w.startswith(_OWNED) for w in said):
            return True
        if self._in_a_name(mark, said, start, end):
            return True
        trade = mark.han and len(mark.letters) >= SHORT
        trade = trade or not _TRADE.isdisjoint(mark.words)
        if mark.kind != "wordmark" or mark.type == "control" or not trade:
            return False
        # A run of Han is one word, and the mark may stand in the middle of it.
        inner = "".join(said[start:end]).partition(mark.letters) if mark.han else ("", "", "")
        if mark.letters.endswith(_CNC) and inner[2].startswith(_EQUIPMENT):
            return True
        rest = Said.of(" ".join((*said[:start], inner[0], inner[2], *said[end:])))
        return self._others.inside(rest) and not self._rows.inside(rest)

    def _in_a_name(self, mark: Mark, said: Sequence[str], start: int, end: int) -> bool:
        """Whether these words stand in a name that is known to be another's, or are all of it; a
        long one also with one letter misread beside the mark (HAAS LASEP).

        A registry may list the other as well: to itself the name is no other's.
        """
        size = sum(map(len, said[start:end]))
        for first in range(start + 1):
            joined = "".join(said[first:end])
            last = end
            while len(joined) <= self._longest:
                same = joined.translate(SAME)
                if same in self._names and same != mark.letters.translate(SAME):
                    return True
                if len(joined) - size >= _BESIDE and self._is_misread(joined):
                    return True
                if last == len(said):
                    break
                joined += said[last]
                last += 1
        return False

    def _is_misread(self, joined: str) -> bool:
        """Whether this is a known name but for a letter, and no registered mark but for one."""
        forms = set(_but_one(joined))
        return not forms.isdisjoint(self._near) and forms.isdisjoint(self._own)


def _misread(names: Iterable[str]) -> set[str]:
    """What long names are with a letter left open."""
    return {one for name in names if len(name) >= _LONG for one in _but_one(name)}


def _but_one(name: str) -> Iterator[str]:
    """The name with each of its letters in turn left open."""
    return (f"{name[:i]} {name[i + 1 :]}" for i in range(len(name)))
