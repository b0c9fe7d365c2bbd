"""Names of makers: what stands before and behind one on a plate, the place that one in Latin
letters begins with, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Literal

from datasets.letters import letters, script_of
from datasets.plates import PlateWords
from detector.name.marks import LATIN_WORDS, made_of
from detector.name.phrases import PhraseText

# A Latin place this long may begin a name whose words were read as one, so long a word at least:
# HARBINGER is no firm of Harbin.
_PLACE_ALONE, _JOINED = 6, 16
# Romanised in two words only this place is; TAI AN and CHANG CHUN are Taiwanese names as well.
_PARTED_PLACES = frozenset({"XIAN"})
# Chinese towns that firms elsewhere are called like: of Korea, Singapore, Taiwan.
_ELSEWHERE_TOO = frozenset({"DATONG", "NANYANG", "CHAOYANG", "SANMING"})
# Those that are names of firms without another one: JINCHENG MACHINE TOOL CO., LTD is Taiwanese.
_NAMES_TOO = frozenset(
    [
        *("CHANGCHUN", "FUSHUN", "FUXIN", "FUYANG", "HAIAN", "JIAXING", "JINCHENG", "JINHUA"),
        *("LIYANG", "NANTONG", "RUIAN", "TAIAN", "TAIXING", "TAIYUAN", "YIXING", "YONGKANG"),
    ]
)
_JOINED_NAME = 5  # letters at least of an own name between place and trade that was read with them
_RUN = re.compile(r"[^\W\d_]+")
_WORD = re.compile(r"[^\W_]+")


def opens_a_name(said: PhraseText, end: int) -> bool:
    """Whether a place that ends there is a word of the text, or begins a long word of several."""
    if any(inner < end for inner in said.ends) and said.letters[:end] not in _PARTED_PLACES:
        return False
    return end in said.ends or (end >= _PLACE_ALONE and said.longest_word >= _JOINED)


def is_surely_of(said: PhraseText, place: int, trade: int) -> bool:
    """Whether a name is surely of the place it begins with: not if read in one word with too
    little of a name of its own to tell where the place ends (HARBINGER), nor if the place is a
    name too and words of the trade are all that stands after it (TAIAN PRECISION)."""
    town, own = said.letters[:place], said.letters[place:trade]
    if place not in said.ends:
        return len(own) >= _JOINED_NAME and town not in _ELSEWHERE_TOO
    named = town not in _NAMES_TOO or not made_of(own, LATIN_WORDS)
    return town not in _ELSEWHERE_TOO and named


def ends_of_a_maker(words: PlateWords, script: Literal["han", "latin"]) -> re.Pattern[str]:
    """How the name of a maker of machine tools ends, in a row of folded letters: its trade, what
    may stand between, its form. Some forms hold the trade."""
    tools, between, forms = (
        [PhraseText.of(text).letters for text in getattr(kinds, script)]
        for kinds in (words.machine_tools, words.between, words.forms)
    )
    whole = [form for form in forms if any(tool in form for tool in tools)]
    trade, inner, form = (
        "|".join(sorted(map(re.escape, texts), key=len, reverse=True))
        for texts in (tools, between, forms)
    )
    return re.compile("|".join([f"(?:{trade})(?:{inner})*(?:{form})", *map(re.escape, whole)]))


def without_label(
    text: str, labels: Collection[str], lands: Mapping[str, str]
) -> tuple[str, str | None]:
    """A maker's name without the Russian label before it and the country behind it, and its code.

    Args:
        labels: words that may stand before it, in letters.
        lands: codes of countries by their names, in letters.

    Example:
        >>> maker, lands = letters("ИЗГОТОВИТЕЛЬ"), {letters("КНР"): "CN"}
        >>> without_label("ИЗГОТОВИТЕЛЬ: ACME CO., LTD (КНР)", {maker}, lands)
        ('ACME CO., LTD', 'CN')
    """
    found = [*_WORD.finditer(text)]
    said = [letters(word[0]) for word in found]
    first = next((n for n in (2, 1) if len(said) > n and "".join(said[:n]) in labels), 0)
    land = lands.get(said[-1]) if len(said) > first + 1 else None
    start = found[first].start() if first else 0
    if land is None:
        return text[start:], None
    return text[start : found[-1].start()].rstrip(" (,;:-"), land


def runs_of_han(text: str) -> list[str]:
    """The runs of Han of a text, gaps between two readings of one line closed."""
    closed = re.sub(r"(?<=[^\W\d_A-Za-z])\s+(?=[^\W\d_A-Za-z])", "", text)
    runs: list[str] = []
    for run in _RUN.findall(closed):
        start = None
        for i, letter in enumerate(run + " "):
            han = letter != " " and script_of(letter) == "han"
            if han and start is None:
                start = i
            elif not han and start is not None:
                runs.append(run[start:i])
                start = None
    return runs
