"""What one text says about where a machine was made: a firm, MADE IN, an address, a works.

The characters show whether a firm is of China or of Taiwan. The legal form of both is 有限公司,
but a firm of the mainland writes 机床, 厂, 设备, and one of Taiwan 機床, 廠, 設備. The name of a
mainland firm has its place, its own name, its trade and its form, in that order
(企业名称登记管理规定, 1991, art. 7). Branches of foreign firms are exempt (art. 13): they write
the place in brackets or leave it out, 哈斯自动数控机械(上海)有限公司. So a name that begins with
its place is the surest.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import Literal

from datasets.letters import fold, letters, script_of, scripts
from datasets.plates import Place, PlateWords, load_places, load_plate_words
from detector.name.kinds import Phrases, PhraseText
from detector.name.marks import HAN_WORDS, LATIN_WORDS, PLACE_LISTS, made_of

CHINA, TAIWAN, JAPAN = "CN", "TW", "JP"
# Successors of the Soviet Union; each may have built what is "made in the USSR".
SOVIET = frozenset(
    ["AM", "AZ", "BY", "EE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA", "UZ"]
)
_BRACKETS = re.compile(r"[(\uff08\[【〔].*?[)\uff09\]】〕]")
_BRACKET = re.compile(r"[(\uff08\[【〔)\uff09\]】〕]")
_OWN_NAME = 2  # letters at least of a firm's own name, before its trade
# What sort of machine tools, which is no name: 重型机床有限公司.
_SORT = re.compile("重型|数控|精密|大型|高速")
_NAME_SIZE = 4, 8  # characters of a trade name: 海顺数控
_CHINESE_DIVISION = re.compile("^[省市县区]")
_STREET = re.compile("[路街道镇区县号村园]")
# Letters of a Latin place that may begin a joined word, and of that word: HARBINGER is no firm of
# Harbin.
_PLACE_ALONE, _JOINED = 6, 16
_PARTED, _ELSEWHERE_TOO, _NAMES_TOO = (
    frozenset(PLACE_LISTS[name].split()) for name in ("parted", "elsewhere_too", "names_too")
)
_LONG_NAME = 8  # characters of a Han name with place, name, trade and form
_JOINED_NAME = 5  # letters at least of an own name between place and trade that was read with them
_WORD = re.compile(r"[^\W_]+")


Firm = tuple[str | None, dict[str, float]]
"""The country of a maker by its name, None if that does not say, and features of the name."""


class Firms:
    """Understands single texts; build it once, with the packaged words and places."""

    def __init__(self, words: PlateWords, places: Mapping[str, tuple[Place, ...]]) -> None:
        made_in, labels = words.made_in, words.labels
        self._telling = words.telling
        self._named_in = lru_cache(8192)(self._find_named)
        self._verbs = _misread_phrases(made_in.verbs)
        self._made_in = [
            *((frozenset({c}), _misread_phrases(names)) for c, names in made_in.countries.items()),
            (SOVIET, _misread_phrases(made_in.soviet)),
        ]
        self._made_in_han = {
            fold(text): code
            for code, names in made_in.countries.items()
            for name in names.get("han", ())
            for text in (
                *(name + verb for verb in made_in.verbs_after["han"]),
                *(verb + name for verb in made_in.verbs_before["han"]),
            )
        }
        self._country_names: dict[str, Phrases] = {}
        self._any_name: dict[str, Phrases] = {}
        self._lands: dict[str, str] = {}
        for code, names in made_in.countries.items():
            self._country_names[code] = Phrases(names["en"])
            self._any_name[code] = Phrases(name for some in names.values() for name in some)
            self._lands |= {letters(name): code for name in names.get("ru", ())}
        self._han_places: dict[str, str] = {}
        self._latin_places: dict[str, Phrases] = {}
        self._towns: dict[str, Phrases] = {}
        for code, some in places.items():
            self._han_places |= {fold(p.han): code for p in some if p.han}
            self._latin_places[code] = Phrases(p.latin for p in some if p.latin)
            towns = (name for p in some if not p.region for name in (p.latin, p.han) if name)
            self._towns[code] = Phrases(towns)
        self._provinces = Phrases(p.latin for p in places[CHINA] if p.latin and p.region)
        self._tools, self._machinery, self._forms, self._labels = (
            Phrases((*kind.han, *kind.latin))
            for kind in (words.machine_tools, words.machinery, words.forms, labels)
        )
        self._tools_japan = Phrases(words.machine_tools.han_japan)
        self._forms_japan = Phrases(words.forms.han_japan)
        self._labels_russian = frozenset(map(letters, labels.cyrillic))
        self._towns_of_parts = Phrases(words.towns_of_parts)
        self._taiwanese = Phrases(words.makers_taiwan)
        self._maker_han, self._maker_latin = (_ends_of_a_maker(words, s) for s in ("han", "latin"))
        self._forms_of = [(Phrases([form]), frozenset(of)) for form, of in words.forms_of.items()]
        self._works = Phrases(words.works.names, misread=True)
        self._works_cities = _misread_phrases(words.works.cities)

    def made_in(self, text: str) -> frozenset[str]:
        """The countries named after MADE IN: several for the Soviet Union, or none."""
        said = PhraseText.of(text)
        if (code := self._made_in_han.get(said.letters)) is not None:
            return frozenset({code})
        found: set[frozenset[str]] = set()
        for tongue, verbs in self._verbs.items():
            for end in verbs.ends_in(said):
                rest = said.tail(end)
                found |= {
                    codes
                    for codes, names in self._made_in
                    if tongue in names and names[tongue].is_next(rest)
                }
        return next(iter(found)) if len(found) == 1 else frozenset()

    def company(self, text: str) -> Firm | None:
        """The maker whose name the whole text is, or None. A label such as MANUFACTURER may stand
        before it. In Russian the country may stand behind it: ИЗГОТОВИТЕЛЬ: ... CO., LTD, КИТАЙ."""
        name, land = self._without_label(text)
        written = scripts(name)
        found: Firm | None = None
        if "han" in written:
            found = self._japanese(name) or self._chinese(name)
        elif "cyrillic" not in written:
            found = self._in_latin(name)
        return None if found is None or land not in (None, found[0]) else found

    def address(self, text: str) -> str | None:
        """The country of an address: a place with its country, in China with its province."""
        if "han" in scripts(text):
            return self._address_in_han(text)
        said = PhraseText.of(text)
        named = [c for c in self._towns if self._country_names[c].inside(said)]
        if TAIWAN in named and CHINA in named:
            named.remove(CHINA)  # TAICHUNG, TAIWAN, R.O. CHINA
        # In other countries a province is the country itself.
        placed = [
            code
            for code in named
            if self._towns[code].inside(said) or (code == CHINA and self._provinces.inside(said))
        ]
        if len(named) == 1 and placed == named:
            return placed[0]
        return None

    def works(self, text: str) -> str | None:
        """The country of a works of the Soviet Union or its successors, by its city."""
        said = PhraseText.of(text)
        named = self._works_cities.items() if self._works.inside(said) else ()
        codes = [code for code, cities in named if cities.inside(said)]
        return codes[0] if len(codes) == 1 else None

    def _is_traditional(self, text: str) -> bool:
        """True if a character is one that Taiwan and Japan write, not the mainland."""
        return any(c in text for c in self._telling.traditional)

    def places_named(self, text: str) -> frozenset[str]:
        """Countries that a text names by a town, a form of firms, or its characters."""
        codes, homes = self._named_in(text)
        named = codes.union(*homes)
        return frozenset({TAIWAN, JAPAN}) if not named and self._is_traditional(text) else named

    def is_elsewhere(self, text: str, codes: Collection[str]) -> bool:
        """True if it names a country, a town or a form of firms that is none of these."""
        named, homes = self._named_in(text)
        return not named <= {*codes} or any(some.isdisjoint(codes) for some in homes)

    def _find_named(self, text: str) -> tuple[frozenset[str], tuple[frozenset[str], ...]]:
        """Countries named by themselves or a town, and the homes of each form of firms named."""
        said = PhraseText.of(text)
        codes = (
            code
            for some in (self._any_name, self._towns)
            for code, names in some.items()
            if names.inside(said)
        )
        return frozenset(codes), tuple(homes for form, homes in self._forms_of if form.inside(said))

    def _without_label(self, text: str) -> tuple[str, str | None]:
        """A maker's name without the Russian label before it and the country behind, and its code.
        ИЗГОТОВИТЕЛЬ: ACME CO., LTD (КНР) gives ACME CO., LTD and CN."""
        found = [*_WORD.finditer(text)]
        said = [letters(word[0]) for word in found]
        labels = self._labels_russian
        first = next((n for n in (2, 1) if len(said) > n and "".join(said[:n]) in labels), 0)
        land = self._lands.get(said[-1]) if len(said) > first + 1 else None
        start = found[first].start() if first else 0
        if land is None:
            return text[start:], None
        return text[start : found[-1].start()].rstrip(" (,;:-"), land

    def _chinese(self, text: str) -> Firm | None:
        runs = _runs_of_han(_BRACKETS.sub("", text))
        named = [run for run in runs if self._forms.han_in(fold(run))]
        if len(named) != 1:
            return None
        raw = named[0]
        run = fold(raw)
        for label in self._labels.han_in(run):
            if run.startswith(label):
                raw, run = raw[len(label) :], run[len(label) :]
        form = self._forms.han_in(run)
        tools = self._tools.han_in(run)
        if not form or not (tools or self._machinery.han_in(run)):
            return None
        start, code = self._place_before(run)
        size = run.index(form[0]) + len(form[0])
        simplified = any(c in raw for c in self._telling.simplified)
        traditional = self._is_traditional(raw)
        country: str | None = None
        if simplified and not traditional and code in (None, CHINA):
            country = CHINA
        elif traditional and not simplified and (code == TAIWAN or code is None):
            # 有限公司 alone may be of Hong Kong; a company limited by shares is the Taiwanese way.
            country = TAIWAN if code == TAIWAN or "股份有限公司" in run else None
        trade = self._maker_han.search(run)
        of_parts = bool(self._towns_of_parts.han_in(run))
        sure = trade is not None and start > 0 and code == country and not of_parts
        if country == TAIWAN and "股份有限公司" in run:
            sure = bool(tools) or bool(self._taiwanese.han_in(run))
        return _firm(country, sure, tools, size)

    def trade_name(self, text: str) -> str | None:
        """The country of a Han name without a legal form, as on badges: 海顺数控, 金洋机床.

        None if the text is no name, or only a kind of machine. A name whose characters are the same
        everywhere counts as one of the mainland.
        """
        runs = _runs_of_han(_BRACKETS.sub("", text))
        if len(runs) != 1 or not _NAME_SIZE[0] <= len(runs[0]) <= _NAME_SIZE[1]:
            return None
        run = fold(runs[0])
        trades = [*self._tools.han_in(run), *self._machinery.han_in(run)]
        ends = [trade for trade in trades if run.endswith((trade, trade + "厂"))]
        if not ends:
            return None
        own = _SORT.sub("", run[: run.rindex(ends[0])])
        start, _ = self._place_before(own)
        if len(own) < _OWN_NAME or (start and start == len(own)) or made_of(own, HAN_WORDS):
            return None
        return TAIWAN if self._is_traditional(runs[0]) else CHINA

    def _japanese(self, text: str) -> Firm | None:
        folded = "".join(fold(text).split())
        if not self._forms_japan.han_in(folded):
            return None
        tools = self._tools_japan.han_in(folded)
        if not tools and not self._machinery.han_in(folded):
            return None
        return _firm(JAPAN, tools, tools, len(folded))

    def _in_latin(self, text: str) -> Firm | None:
        plain = _BRACKETS.sub(" ", text)
        said = PhraseText.of(plain)
        for end in self._labels.opens(said)[:1]:
            said = said.tail(end)
        makes_tools = self._tools.within(said)
        if not self._forms.within(said) or not (makes_tools or self._machinery.within(said)):
            return None
        trade = self._maker_latin.search(said.letters)
        if not _BRACKET.search(plain):  # half of "(DALIAN) MACHINE TOOL" is no firm of Dalian
            for code, places in self._latin_places.items():
                ends = [end for end in places.opens(said) if _opens_a_name(said, end)]
                if ends:
                    sure = trade is not None and _is_surely_of(said, ends[0], trade.start())
                    return _firm(code, sure and not self._towns_of_parts.inside(said), makes_tools)
        return _firm(None, False, makes_tools)

    def _place_before(self, run: str) -> tuple[int, str | None]:
        """Characters of a folded run that are its place, and the country of the place. A province
        may be followed by a town: 山东省滕州市."""
        at, code = 0, None
        for _ in range(3):
            for length in (4, 3, 2):
                found = self._han_places.get(run[at : at + length])
                if found and code in (None, found):
                    code, at = found, at + length
                    at += bool(_CHINESE_DIVISION.match(run[at:]))
                    break
            else:
                break
        return at, code

    def _address_in_han(self, text: str) -> str | None:
        for raw in _runs_of_han(text):
            run = fold(raw)
            at, code = self._place_before(run)
            if code is not None and "市" in run[:at] and _STREET.search(run[at:]):
                inner = {other for name, other in self._han_places.items() if name in run}
                # The streets of Taipei and Taichung are called after Chinese cities.
                return code if inner == {code} else None
        return None


def _opens_a_name(said: PhraseText, end: int) -> bool:
    """True if a place that ends there is a word, or begins a long joined word."""
    if any(inner < end for inner in said.ends) and said.letters[:end] not in _PARTED:
        return False
    return end in said.ends or (end >= _PLACE_ALONE and said.longest_word >= _JOINED)


def _is_surely_of(said: PhraseText, place: int, trade: int) -> bool:
    """True if a name is surely of the place it begins with.

    Not so for one joined word with too little left for a name of its own (HARBINGER). Not so for a
    place that is a name too, with only words of the trade behind it (TAIAN PRECISION).
    """
    town, own = said.letters[:place], said.letters[place:trade]
    if place not in said.ends:
        return len(own) >= _JOINED_NAME and town not in _ELSEWHERE_TOO
    named = town not in _NAMES_TOO or not made_of(own, LATIN_WORDS)
    return town not in _ELSEWHERE_TOO and named


def _ends_of_a_maker(words: PlateWords, script: Literal["han", "latin"]) -> re.Pattern[str]:
    """How a maker of machine tools ends, as a pattern on folded letters. The trade comes first,
    then what may stand between, then the form. Some forms hold the trade."""
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


def _runs_of_han(text: str) -> list[str]:
    """The runs of Han in a text; gaps between two readings of one line are closed."""
    closed = re.sub(r"(?<=[^\W\d_A-Za-z])\s+(?=[^\W\d_A-Za-z])", "", text)
    return "".join(c if script_of(c) == "han" else " " for c in closed).split()


def _firm(country: str | None, sure: object, tools: object, size: int | None = None) -> Firm:
    """sure: the name alone is enough to say where it is from. tools: by its name it builds machine
    tools. size: characters of a name in Han."""
    return country, present(
        latin_firm=size is None,
        han_firm=size is not None,
        unsure_name=not sure,
        any_machinery=not tools,
        short=size is not None and size < _LONG_NAME,
    )


def present(**features: float) -> dict[str, float]:
    """The features that are not 0, as numbers."""
    return {name: float(value) for name, value in features.items() if value}


def _misread_phrases(texts: Mapping[str, Collection[str]]) -> dict[str, Phrases]:
    return {key: Phrases(some, misread=True) for key, some in texts.items()}


@cache
def load_firms() -> Firms:
    """With the packaged words and places."""
    return Firms(load_plate_words(), load_places())
