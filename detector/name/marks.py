"""The marks of a registry made ready for matching, and the words that may stand beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from datasets.entry import Entry, EntryType
from datasets.letters import letters, script_of, scripts, words
from datasets.registry import DATA, Registry
from datasets.yamlfile import read_lists
from detector.name.align import Template, distance

_LISTS: Mapping[str, Any] = read_lists(DATA / "names.yaml")
PLACE_LISTS: Mapping[str, str] = _LISTS["places"]
LATIN_WORDS = frozenset(map(letters, _LISTS["trade_latin"].split()))
HAN_WORDS = frozenset(_LISTS["trade_han"].split())
SIGNS = frozenset(map(letters, _LISTS["signs"].split()))
"""Words of panels, labels and captions; read whole they are no misread mark."""
GENERIC = LATIN_WORDS | frozenset(map(letters, _LISTS["generic"].split()))
PARTS = GENERIC | SIGNS | frozenset(_LISTS["labels"].split())
"""Words that stand alone on labels, and that make up names of one word."""
ONE_HOUSE = frozenset(_LISTS["one_house"].split())
"""Builders with shared codes whose badges differ by looks."""
GROUPS = {group: frozenset(works.split()) for group, works in _LISTS["groups"].items()}
"""Works by the group whose badge stands over theirs."""
DEALERS = frozenset(_LISTS["dealers"].split())
"""Sellers whose sticker also stands under other builders' badges."""


def made_of(text: str, known: frozenset[str]) -> bool:
    """True if the text is a row of known words, with nothing left over.

    Example:
        >>> made_of("CNCMACHINES", LATIN_WORDS)
        True
    """
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in known for start in reached):
            reached.add(end)
    return len(text) in reached


MarkKind = Literal["wordmark", "series"]
SHORT = 3
"""Marks up to this many letters match only exactly and never alone."""
FAR = 0.24
"""Price per letter up to which a misread wordmark is a hint that names nobody."""


@dataclass(frozen=True, slots=True)
class EntryMark:
    """A text that points to an entry.

    - letters: its fold; words: the fold's words.
    - telling: its words that are not of the trade, if so short that no letter may be misread (DN in
    DN SOLUTIONS).
    - limit: the dearest misreading accepted, in prices of `detector.name.align`; far: the dearest
    hint.
    - needs_second_cue: it says something only beside another cue.
    - shared: another entry has a mark of the same text.
    """

    id: str
    type: EntryType
    text: str
    kind: MarkKind
    cyrillic: bool
    han: bool
    letters: str
    words: tuple[str, ...]
    telling: str
    limit: float
    far: float
    needs_second_cue: bool
    shared: bool


HAN_LIMIT = 0.5
"""The dearest misreading accepted of a wordmark in Han of four characters or more."""


CYRILLIC_LIMIT = 0.35
"""The dearest misreading accepted of true Cyrillic: ПУМОРИЯ is not ПУМОРИ."""


def _telling(text: str) -> str:
    """The words of a Latin mark that are not of the trade, joined, if they are short.

    Short marks match only exactly, and words of the trade make none longer: ODIN SOLUTIONS is no DN
    SOLUTIONS.
    """
    joined = "".join(word for word in words(text) if word not in LATIN_WORDS)
    return joined if len(joined) <= SHORT and scripts(text) == {"latin"} else ""


def limit_of(letters: str, kind: MarkKind) -> float:
    """The dearest misreading accepted of a mark with so many letters.

    - Four letters may have one cheap confusion. From six on one thin letter may be missing, from
    eight any one; long marks about one letter in ten.
    - A model code may have only the confusions that no font shows (O and 0, I and 1): its
    neighbours differ by one letter.
    - In Han four characters are a place and a trade: one may be misread in a known way, or left
    out.

    Looser limits were tried on English words: with 0.7 for six letters UNITED is VNITEP.
    """
    n = len(letters)
    if n <= SHORT:
        return 0.0
    if "han" in scripts(letters):
        return HAN_LIMIT if kind == "wordmark" else 0.0
    if kind == "series":
        if any(letter.isdigit() for letter in letters):
            return 0.1
        return 0.35 if n >= 6 else 0.0
    return {4: 0.35, 5: 0.55, 6: 0.65, 7: 0.7}.get(n, max(0.85, 0.1 * n))


def far_of(letters: str, kind: MarkKind) -> float:
    """The dearest misreading of a wordmark that still counts beside another cue, 0 for none. TRAUG
    (1.0) says little; TRAUG over TNK 36 says TRAUB. Up to a quarter of the letters."""
    n = len(letters)
    if kind == "series" or n <= SHORT + 1 or "han" in scripts(letters):
        return 0.0
    return FAR * n


def marks_of(registry: Registry) -> list[EntryMark]:
    """Every wordmark and series of the registry that can be matched. Series of one or two letters
    or digits are left out: they are on every second label."""
    sources = [(entry, *item) for entry in registry for item in _texts(entry)]
    owners = Counter(folded for _, _, _, folded in sources)
    weak = {entry.id: _weak(entry) for entry in registry}
    return [
        EntryMark(
            id=entry.id,
            type=entry.type,
            text=text,
            kind=kind,
            cyrillic="cyrillic" in scripts(text),
            han="han" in scripts(folded),
            letters=folded,
            words=tuple(words(text)),
            telling=_telling(text) if kind == "wordmark" else "",
            limit=limit_of(folded, kind),
            far=far_of(folded, kind),
            needs_second_cue=_needs_second_cue(
                entry, folded, folded in weak[entry.id][kind], owners[folded] > 1
            ),
            shared=owners[folded] > 1,
        )
        for entry, text, kind, folded in sources
    ]


def _texts(entry: Entry) -> Iterator[tuple[str, MarkKind, str]]:
    """(text, kind, fold) of an entry, each fold once, wordmarks first."""
    seen: set[str] = set()
    for mark in entry.wordmarks:
        if (folded := letters(mark.text)) not in seen:
            seen.add(folded)
            yield mark.text, "wordmark", folded
    for text in (*entry.series, *entry.weak.series):
        folded = letters(text)
        if folded not in seen and len(folded) >= SHORT:
            seen.add(folded)
            yield text, "series", folded


def _weak(entry: Entry) -> dict[MarkKind, set[str]]:
    """Folds of what the registry calls weak: as a wordmark, and as a series."""
    marks = {letters(text) for text in entry.weak.needs_second_cue}
    return {"wordmark": marks, "series": marks | {letters(text) for text in entry.weak.series}}


def _needs_second_cue(entry: Entry, folded: str, weak: bool, shared: bool) -> bool:
    han = script_of(folded[0]) == "han"
    short = len(folded) <= SHORT and not han
    # A text that a control's maker and a builder share names the control at most.
    return weak or short or folded.isdigit() or (shared and entry.type != "control")


_FINE = 1e-6
_LONGER = 2
"""How many letters longer or shorter a misread word may be."""


def tells(mark: EntryMark, read: str, price: float) -> bool:
    """True if a misreading of a mark still differs from other marks.

    The letters of the words that are nobody else's decide. If only the first letter is missing, cut
    off by the edge of a box (ORI SEIKI), it does. It does not if the rest may stand on any panel
    (INN POWER).

    read: the letters read. price: of the misreading.
    """
    if mark.han or mark.cyrillic:
        return True
    if read == mark.letters[1:] and SIGNS.isdisjoint(mark.words):
        return True
    own, behind, size = _parts(mark.words)
    if not own or len(own) == size:
        return True
    rest = size - len(own)
    generic = Template.of("".join(word for word in mark.words if word in GENERIC))
    most = limit_of(own, mark.kind) if price <= mark.limit else far_of(own, mark.kind)
    cuts = range(max(0, rest - _LONGER), min(len(read), rest + _LONGER) + 1)
    ends = [len(read) - cut if behind else cut for cut in cuts]
    parts = [(read[:end], read[end:]) if behind else (read[end:], read[:end]) for end in ends]
    beside, part = min((distance(generic, other, price + _FINE), part) for part, other in parts)
    return price <= beside + most + _FINE and distance(Template.of(own), part, most + _FINE) <= most


def _parts(said: tuple[str, ...]) -> tuple[str, bool, int]:
    """(own, behind, size) of a mark's words.

    own: the letters of its own words, empty if generic words stand on both sides. behind: the
    generic words come last. size: letters of all.
    """
    whole = "".join(said)
    own = [word for word in said if word not in GENERIC]
    joined = "".join(own)
    if whole.startswith(joined):
        return joined, True, len(whole)
    return (joined, False, len(whole)) if whole.endswith(joined) else ("", True, len(whole))


def sisters_of(registry: Registry) -> dict[str, frozenset[str]]:
    """For each builder, those with a wordmark that begins with one of its own. DMG MORI begins with
    DMG: by the year the two badges stand on the same series."""
    marks = {
        entry.id: {tuple(words(mark.text)) for mark in entry.wordmarks}
        for entry in registry.builders
    }
    beginning: dict[tuple[str, ...], set[str]] = {}
    for id, own in marks.items():
        for mark in own:
            for length in range(1, len(mark)):
                beginning.setdefault(mark[:length], set()).add(id)
    sisters = {
        id: frozenset().union(*(beginning.get(mark, ()) for mark in own)) - {id}
        for id, own in marks.items()
    }
    for id, other in _LISTS["namesakes"].items():
        if id in sisters:
            sisters[id] -= {other}
    return {id: found for id, found in sisters.items() if found}


def own_words(registry: Registry) -> dict[str, tuple[str, ...]]:
    """Letters of each entry's marks and of their words, the longest first."""
    found: dict[str, tuple[str, ...]] = {}
    for entry in registry:
        texts = [mark.text for mark in entry.wordmarks] + [*entry.series, *entry.weak.series]
        own = {part for text in texts for part in (letters(text), *words(text)) if len(part) > 1}
        found[entry.id] = tuple(sorted(own, key=lambda part: (-len(part), part)))
    return found
