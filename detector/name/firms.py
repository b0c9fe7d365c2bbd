"""What one text says of where a machine was made: a company of some place, MADE IN, an address.

Whether a company is of China or of Taiwan is told by its characters: the legal form of both is
有限公司, but a firm of the mainland writes 机床, 厂, 设备, one of Taiwan 機床, 廠, 設備. A mainland
firm's name consists of its place, its own name, its trade and its form, in that order
(企业名称登记管理规定, 1991, art. 7), from which foreign firms' branches are exempt (art. 13): those
carry the place in brackets or not at all, 哈斯自动数控机械(上海)有限公司. So a name that begins
with its place says most surely where the firm is from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache

from datasets.letters import fold, letters, script_of
from datasets.plates import Place, PlateWords, load_places, load_plate_words
from detector.name.firm_names import (
    ends_of_a_maker,
    is_surely_of,
    opens_a_name,
    runs_of_han,
    without_label,
)
from detector.name.marks import HAN_WORDS, made_of
from detector.name.phrases import Phrases, PhraseText

CHINA, TAIWAN, JAPAN = "CN", "TW", "JP"
# Successors of the Soviet Union, any of which may have built what is "made in the USSR".
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
_BESIDE_HAN = re.compile(r"[A-Za-zА-Яа-яЁё0-9.\-/]+")


@dataclass(frozen=True, slots=True)
class Company:
    """A maker's name as far as it was read.

    country: where it is from, None if the name does not say so; sure: the name alone is enough
    to say so, as far as it was read right; tools: it builds machine tools by its name; han:
    written in Han; size: characters; named: a name of its own stands before its trade, so that
    nothing need be before it; rest: what the text says beside it.
    """

    country: str | None
    sure: bool
    tools: bool
    han: bool
    size: int
    named: bool = True
    rest: str = ""


class Firms:
    """Understands single texts; build it once, with words and places as packaged."""

    def __init__(
        self,
        words: PlateWords,
        places: Mapping[str, tuple[Place, ...]],
    ) -> None:
        made_in = words.made_in
        self._named: dict[str, frozenset[str]] = {}
        self._verbs = {
            tongue: Phrases(verbs, misread=True) for tongue, verbs in made_in.verbs.items()
        }
        self._made_in: list[tuple[frozenset[str], Mapping[str, Phrases]]] = [
            (codes, {tongue: Phrases(names, misread=True) for tongue, names in named.items()})
            for codes, named in [
                *((frozenset({code}), names) for code, names in made_in.countries.items()),
                (SOVIET, made_in.soviet),
            ]
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
        self._country_names = {
            code: Phrases(names["en"]) for code, names in made_in.countries.items()
        }
        self._places = places
        self._han_places = {
            fold(p.han): (code, p) for code, some in places.items() for p in some if p.han
        }
        self._latin_places = {
            code: Phrases(p.latin for p in some if p.latin) for code, some in places.items()
        }
        self._towns = {
            code: Phrases(n for p in some if not p.region for n in (p.latin, p.han) if n)
            for code, some in places.items()
        }
        self._regions = {
            code: Phrases(p.latin for p in some if p.latin and p.region)
            for code, some in places.items()
        }
        self._tools = Phrases((*words.machine_tools.han, *words.machine_tools.latin))
        self._tools_japan = Phrases(words.machine_tools.han_japan)
        self._towns_of_parts = Phrases(words.towns_of_parts)
        self._machinery = Phrases((*words.machinery.han, *words.machinery.latin))
        self._taiwanese = Phrases(words.makers_taiwan)
        self._forms = Phrases((*words.forms.han, *words.forms.latin))
        self._maker_han = ends_of_a_maker(words, "han")
        self._maker_latin = ends_of_a_maker(words, "latin")
        self._forms_japan = Phrases(words.forms.han_japan)
        self._labels = Phrases((*words.labels.han, *words.labels.latin))
        self._labels_russian = frozenset(map(letters, words.labels.cyrillic))
        self._lands = {
            letters(name): code
            for code, names in made_in.countries.items()
            for name in names.get("ru", ())
        }
        self._telling = words.telling
        self._forms_of = [(Phrases([form]), codes) for form, codes in words.forms_of.items()]
        self._any_name = {
            code: Phrases(name for some in names.values() for name in some)
            for code, names in made_in.countries.items()
        }
        self._works = Phrases(words.works.names, misread=True)
        self._works_cities = {
            code: Phrases(names, misread=True) for code, names in words.works.cities.items()
        }
        self._works_plate = Phrases(words.works.plate, misread=True)
        self._works_owner = Phrases(words.works.owner, misread=True)

    def made_in(self, text: str) -> frozenset[str]:
        """The countries it says a thing was made in: several for the Soviet Union, or none."""
        said = PhraseText.of(text)
        if (code := self._made_in_han.get(said.letters)) is not None:
            return frozenset({code})
        found: set[frozenset[str]] = set()
        for tongue, verbs in self._verbs.items():
            for end in verbs.ends_in(said):
                rest = said.from_(end)
                found |= {
                    codes
                    for codes, names in self._made_in
                    if tongue in names and names[tongue].is_next(rest)
                }
        return next(iter(found)) if len(found) == 1 else frozenset()

    def company(self, text: str) -> Company | None:
        """The maker whose name the whole text is, after a label such as MANUFACTURER, or None; in
        Russian the country may stand behind it: ИЗГОТОВИТЕЛЬ: ... CO., LTD, КИТАЙ."""
        name, land = without_label(text, self._labels_russian, self._lands)
        written = _written(name)
        found: Company | None = None
        if "han" in written:
            found = self._japanese(name) or self._chinese(name)
        elif "cyrillic" not in written:
            found = self._in_latin(name)
        return None if found is None or land not in (None, found.country) else found

    def address(self, text: str) -> str | None:
        """The country of an address: a place with its country, or in China with its province."""
        if "han" in _written(text):
            return self._address_in_han(text)
        said = PhraseText.of(text)
        named = [c for c in self._places if self._country_names[c].inside(said)]
        if TAIWAN in named and CHINA in named:
            named.remove(CHINA)  # TAICHUNG, TAIWAN, R.O. CHINA
        placed = [c for c in named if self._towns[c].inside(said) or self._provinces(c, said)]
        if len(named) == 1 and placed == named:
            return placed[0]
        return None

    def works(self, text: str) -> str | None:
        """The country of a works of the Soviet Union or its successors, by its city."""
        said = PhraseText.of(text)
        named = self._works_cities.items() if self._works.inside(said) else ()
        codes = [code for code, cities in named if cities.inside(said)]
        return codes[0] if len(codes) == 1 else None

    def is_traditional(self, text: str) -> bool:
        """Whether any character is one that Taiwan and Japan write and the mainland does not."""
        return any(c in text for c in self._telling.traditional)

    def places_named(self, text: str) -> frozenset[str]:
        """Countries that a text names, by a town, by a form of firms, or by how it is written."""
        if (found := self._named.get(text)) is None:
            said = PhraseText.of(text)
            named = {
                code
                for some in (self._any_name, self._towns)
                for code, names in some.items()
                if names.inside(said)
            }
            for form, homes in self._forms_of:
                named |= set(homes) if form.inside(said) else set()
            if not named and self.is_traditional(text):
                named = {TAIWAN, JAPAN}
            found = self._named[text] = frozenset(named)
        return found

    def is_elsewhere(self, text: str, codes: Collection[str]) -> bool:
        """Whether it names a country, a town of one, or a form of firms, that is none of these."""
        said = PhraseText.of(text)
        return any(
            names.inside(said)
            for named in (self._any_name, self._towns)
            for code, names in named.items()
            if code not in codes
        ) or any(f.inside(said) for f, homes in self._forms_of if not {*homes} & {*codes})

    def _provinces(self, code: str, said: PhraseText) -> bool:
        """Whether a province is named, which in other countries is the country itself."""
        return code == CHINA and self._regions[code].inside(said)

    def _chinese(self, text: str) -> Company | None:
        runs = runs_of_han(_BRACKETS.sub("", text))
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
        traditional = self.is_traditional(raw)
        country: str | None = None
        if simplified and not traditional and code in (None, CHINA):
            country = CHINA
        elif traditional and not simplified and (code == TAIWAN or code is None):
            # 有限公司 alone may be of Hong Kong; a company limited by shares is the Taiwanese way.
            country = TAIWAN if code == TAIWAN or "股份有限公司" in run else None
        trade = self._maker_han.search(run)
        of_parts = bool(self._towns_of_parts.han_in(run))
        sure = trade is not None and start > 0 and code == country and not of_parts
        before = _SORT.sub("", run[: run.index(tools[0])]) if tools else ""
        own = len(before) >= _OWN_NAME
        if country == TAIWAN and "股份有限公司" in run:
            sure = bool(tools) or bool(self._taiwanese.han_in(run))
        others = [*_BRACKETS.findall(text), run[size:], *(r for r in runs if r != named[0])]
        rest = " ".join((*others, *_BESIDE_HAN.findall(text)))
        return Company(country, sure, bool(tools), True, size, own, rest)

    def trade_name(self, text: str) -> str | None:
        """The country of a Han name without a legal form, as badges bear it: 海顺数控, 金洋机床.

        None where the text is none, or only a kind of machine; a name whose characters all are
        written alike everywhere counts as one of the mainland.
        """
        runs = runs_of_han(_BRACKETS.sub("", text))
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
        return TAIWAN if self.is_traditional(runs[0]) else CHINA

    def _japanese(self, text: str) -> Company | None:
        folded = "".join(fold(text).split())
        if not self._forms_japan.han_in(folded):
            return None
        tools = bool(self._tools_japan.han_in(folded))
        if not tools and not self._machinery.han_in(folded):
            return None
        return Company(JAPAN, tools, tools, True, len(folded))

    def _in_latin(self, text: str) -> Company | None:
        plain = _BRACKETS.sub(" ", text)
        said = PhraseText.of(plain)
        for end in self._labels.opens(said)[:1]:
            said = said.from_(end)
        makes_tools = self._tools.within(said)
        if not self._forms.within(said) or not (makes_tools or self._machinery.within(said)):
            return None
        trade = self._maker_latin.search(said.letters)
        named = makes_tools and (trade is None or trade.start() >= _OWN_NAME)
        size = len(said.letters)
        if not _BRACKET.search(plain):  # half of "(DALIAN) MACHINE TOOL" is no firm of Dalian
            for code, places in self._latin_places.items():
                ends = [end for end in places.opens(said) if opens_a_name(said, end)]
                if ends:
                    sure = trade is not None and is_surely_of(said, ends[0], trade.start())
                    sure = sure and not self._towns_of_parts.inside(said)
                    beside = said.after(max(self._forms.ends_in(said), default=size))
                    rest = " ".join((beside, *_BRACKETS.findall(text)))
                    return Company(code, sure, makes_tools, False, size, named, rest)
        return Company(None, False, makes_tools, False, size, named)

    def _place_before(self, run: str) -> tuple[int, str | None]:
        """How many characters of a folded run are the place it begins with, and its country.

        A province may be followed by a town: 山东省滕州市.
        """
        at, code = 0, None
        for _ in range(3):
            for length in (4, 3, 2):
                found = self._han_places.get(run[at : at + length])
                if found and code in (None, found[0]):
                    code, at = found[0], at + length
                    at += bool(_CHINESE_DIVISION.match(run[at:]))
                    break
            else:
                break
        return at, code

    def _address_in_han(self, text: str) -> str | None:
        for raw in runs_of_han(text):
            run = fold(raw)
            at, code = self._place_before(run)
            if code is not None and "市" in run[:at] and _STREET.search(run[at:]):
                inner = {other for name, (other, _) in self._han_places.items() if name in run}
                # The streets of Taipei and Taichung are called after Chinese cities.
                return code if inner == {code} else None
        return None


def _written(text: str) -> set[str]:
    return {script_of(letter) for letter in text if letter.isalpha()}


@cache
def load_firms() -> Firms:
    """With the packaged words and places."""
    return Firms(load_plate_words(), load_places())
