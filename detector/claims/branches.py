"""Firms called after a builder of another country: 上海牧野机床有限公司 sells what Makino makes.

A letter of the name misread makes a firm that nobody knows of it, 因代克期 of 因代克斯, and so a
Chinese builder. So a name that is one letter from such a builder's is no claim either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from datasets.letters import letters, script_of, words
from datasets.plates import load_places, load_plate_words
from datasets.registry import Registry
from detector.claims.plate import Statement
from detector.matching.fold import SINGLE
from detector.matching.phrases import Phrases, Said
from detector.matching.vocabulary import LATIN_WORDS

_LONG = 3
"""Han characters of a mark from which it is one wherever it stands in a firm's name: 建德 is also a
town, and as a name of one's own stands right before the trade."""
_SORT = re.compile("(?:激光|智能|工机|数控|精密|重型|自动化)+$")
"""What may stand between a name and its trade."""
_SOUNDS = frozenset(
    "阿艾埃安奥巴班贝比波伯博布查达德迪蒂杜厄恩尔法菲费芬弗夫福戈格哈海赫霍基吉加卡凯柯科克肯库拉莱兰劳雷里利列林卢鲁伦罗洛"
    "马玛迈曼梅蒙米密莫姆纳奈内尼诺欧帕佩皮普齐奇乔萨塞赛沙森斯什施史舒司索塔泰特提图托瓦威维韦沃乌西希谢雅亚伊因英约扎兹佐"
)
"""By which Chinese writes the sounds of foreign names: three in a row are one (索拉露斯), and
of 355 names of Chinese builders thirteen as well, which sound foreign on purpose."""
_LEAST = 4
"""Letters of a Latin mark from which a name one letter off is taken for it."""


class Branches:
    """Knows them by the registry's marks, and by what else they are called; build it once."""

    def __init__(self, registry: Registry) -> None:
        plates = load_plate_words()
        marks: dict[str | None, list[str]] = {None: list(plates.builders_elsewhere)}
        weak: set[str] = set()
        for entry in registry:
            if entry.type != "control":
                marks.setdefault(entry.origin, []).extend(mark.text for mark in entry.wordmarks)
                weak.update(
                    mark.text
                    for mark in entry.wordmarks
                    if mark.script != "han" and mark.text in entry.weak.needs_second_cue
                )
        kinds = (*plates.machine_tools.han, *plates.machinery.han)
        longest = sorted({*map(letters, kinds)}, key=len, reverse=True)
        self._trade = re.compile(f"(?:{'|'.join(longest)})")
        self._common = LATIN_WORDS | {
            word
            for text in (
                *(place.latin for some in load_places().values() for place in some if place.latin),
                *plates.forms.latin,
                *plates.machinery.latin,
            )
            for word in words(text)
        }
        self._latin: dict[str | None, Phrases] = {}
        self._han: dict[str | None, re.Pattern[str]] = {}
        self._near: dict[str | None, frozenset[str]] = {}
        for origin, texts in marks.items():
            written = {letters(text) for text in texts}
            han = sorted(text for text in written if script_of(text[0]) == "han")
            alone = "|".join(mark for mark in han if len(mark) >= _LONG) or "(?!)"
            short = "|".join(mark for mark in han if len(mark) < _LONG) or "(?!)"
            trades = "|".join(map(letters, kinds))
            self._han[origin] = re.compile(f"{alone}|(?:{short})(?:{trades})")
            # A weak mark is a word of many firms' names, but hardly all that a firm is called.
            self._latin[origin] = Phrases(
                text for text in texts if script_of(letters(text)[0]) != "han" and text not in weak
            )
            latin = (text for text in written - {*han} if len(text) >= _LEAST)
            self._near[origin] = frozenset(
                near for own in (*map(self._own, han), *latin) for near in _one_off(own)
            )

    def is_one(self, said: Statement) -> bool:
        """Whether what a plate says is the name of such a firm, or of one letter from it."""
        if said.kind != "company":
            return False
        name = Said.of(said.reading.text)
        elsewhere = [origin for origin in self._han if origin not in said.countries]
        if any(self._han[o].search(name.letters) or self._latin[o].within(name) for o in elsewhere):
            return True
        if self._sounds_foreign(name.letters):
            return True
        own = {near for text in self._names(said.reading.text) for near in _one_off(text)}
        return any(not self._near[origin].isdisjoint(own) for origin in elsewhere)

    def _own(self, mark: str) -> str:
        """A mark in Han without its trade: 东芝 of 东芝机械."""
        found = self._trade.search(mark, 1)
        return mark[: found.start()] if found else mark

    def _before_trade(self, name: str) -> str:
        """What of a firm's name, in letters, stands before its trade; nothing where none is."""
        found = self._trade.search(name, 2)
        return _SORT.sub("", name[: found.start()]) if found else ""

    def _sounds_foreign(self, name: str) -> bool:
        end = self._before_trade(name)[-_LONG:]
        return len(end) == _LONG and _SOUNDS.issuperset(end)

    def _names(self, text: str) -> Iterator[str]:
        """What of a firm's name may be a name: what stands before its trade, and Latin words."""
        before = self._before_trade(letters(text))
        yield from (before[start:] for start in range(max(0, len(before) - 6), len(before) - 1))
        said = [word for word in words(text) if script_of(word[0]) != "han"]
        yield from (word for word in said if word not in self._common)
        yield from (
            one + other for one, other in pairwise(said) if self._common.isdisjoint({one, other})
        )


def _one_off(name: str) -> Iterable[str]:
    """The name, and what it is with a letter left out: two that have one of these in common are a
    letter apart, or the same letters with one elsewhere. Two characters in Han are as good as any
    two, so that of these only what they are misread for is near."""
    if len(name) > 2 or script_of(name[0]) != "han":
        return [name, *(name[:i] + name[i + 1 :] for i in range(len(name)))]
    misread = [
        name[:i] + other + name[i + 1 :]
        for i, letter in enumerate(name)
        for other in SINGLE.get(letter, {})
        if script_of(other) == "han"
    ]
    return [name, *misread]
