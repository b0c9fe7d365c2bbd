"""Marks of which one word is anybody's: PRIMA POWER, FINN-POWER, TECHNI WATERJET.

The longer a mark, the more of it may be misread; but what POWER adds to its length tells nothing,
and PRIME POWER, RM POWER and FIN POWER are other things.
"""

from __future__ import annotations

from datasets.letters import letters
from detector.matching.align import Template, distance
from detector.matching.marks import Mark, far_of, limit_of
from detector.matching.vocabulary import LATIN_WORDS, SIGNS

GENERIC = LATIN_WORDS | frozenset(
    map(letters, ["POWER", "DYNAMICS", "WATERJET", "HEAVY", "SEIKO", "EDM", "TECHNO"])
)
PARTS = (
    GENERIC
    | SIGNS
    | frozenset(
        ["SPEED", "ROUND", "TOP", "MAX", "PLUS", "STAR", "FLEX", "VISION", "MASTER", "SUPER", "TCL"]
    )
)
"""Words that stand on labels by themselves, and of which names of one word are made."""
_FINE = 1e-6
_LONGER = 2
"""Letters by which a misread word may be longer or shorter than it is."""


def tells(mark: Mark, read: str, price: float) -> bool:
    """Whether a misreading of a mark, at a price, still tells it from others: by the letters of the
    words that are nobody else's. Where all that is missing is its first letter, which the edge of a
    box cuts off (ORI SEIKI), it does, unless the rest may stand on any panel (INN POWER).

    Args:
        read: the letters read.
    """
    if mark.han or mark.cyrillic:
        return True
    if read == mark.letters[1:] and SIGNS.isdisjoint(mark.words):
        return True
    own, behind, size = _parts(mark.words)
    if not own or len(own) == size:
        return True
    rest = size - len(own)
    template, generic = Template.of(own), Template.of(_rest(mark.words))
    most = limit_of(own, mark.kind) if price <= mark.limit else far_of(own, mark.kind)
    cuts = range(max(0, rest - _LONGER), min(len(read), rest + _LONGER) + 1)
    ends = [len(read) - cut if behind else cut for cut in cuts]
    parts = [(read[:end], read[end:]) if behind else (read[end:], read[:end]) for end in ends]
    beside, part = min((distance(generic, other, price + _FINE), part) for part, other in parts)
    return price <= beside + most + _FINE and distance(template, part, most + _FINE) <= most


def _parts(said: tuple[str, ...]) -> tuple[str, bool, int]:
    """(own, behind, size): the letters of a mark's own words, whether the generic ones stand behind
    them, and those of all. Nothing of its own where the generic words stand on both sides."""
    whole = "".join(said)
    own = [word for word in said if word not in GENERIC]
    joined = "".join(own)
    if whole.startswith(joined):
        return joined, True, len(whole)
    return (joined, False, len(whole)) if whole.endswith(joined) else ("", True, len(whole))


def _rest(said: tuple[str, ...]) -> str:
    return "".join(word for word in said if word in GENERIC)
