"""Marks that are a piece of something else, as another look at the machine shows.

A box that cuts a letter off, or glare over two, makes BOCHI of TURBOCHIP and EMAG of DEMAG. Where
another frame reads more at that place, or another text of the machine does, it is right. So is one
that reads, for a mark of an origin under test, a name that is known and nearly the same: TAIWAN for
TAIKAN, HUAWEI for YAWEI; where one is a country's name but for a letter, that country read anywhere
on the machine, or a town of it, takes all marks of that builder away.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from datasets.letters import letters, scripts, words
from datasets.plates import load_places, load_plate_words
from datasets.registry import Registry
from detector.claims.origin import claimed_by
from detector.matching.fuse import Cue, join_neighbours
from detector.matching.goods import is_of_other_goods
from detector.matching.match import Matcher
from detector.matching.own_words import OwnWords
from detector.matching.phrases import Phrases, Said
from detector.read.reader import overlap_of_smaller
from detector.types import Reading

_LEAST = 4
"""Letters of a mark that is asked: shorter ones name nobody alone."""
_SURE = 0.8
_SAME_PLACE = 0.5
_EMBLEMS = frozenset("OCGQ0I1")
"""What an emblem before a mark is read as (OQROMI)."""
_THIN = frozenset("IL1")
"""What an edge behind a mark is read as."""
_FRAYED = 2
_NEAR, _NEAR_LONG, _LONG = 2, 3, 9
"""Letters by which a known name may differ; in a name so long one more."""


class Pieces:
    """Finds them; build it once.

    Args:
        matcher, registry: as of the attributor; tested: origins whose presence is under test.
    """

    def __init__(self, matcher: Matcher, registry: Registry, tested: Collection[str]) -> None:
        self._matcher = matcher
        self._tested = {e.id for e in registry if not claimed_by(e).isdisjoint(tested)}
        self._words = OwnWords.packaged()
        plates, places = load_plate_words(), load_places()
        countries = {
            code: tuple(name for some in names.values() for name in some)
            for code, names in plates.made_in.countries.items()
        }
        towns = {code: tuple(p.latin for p in some if p.latin) for code, some in places.items()}
        self._others = _long(plates.other_names)
        named = [(code, name) for of in (countries, towns) for code in of for name in of[code]]
        self._far = self._others | _long([name for code, name in named if code not in tested])
        self._near = self._far | _long([*plates.part_makers, *(name for _, name in named)])
        marks = {id: _long([m.text for m in registry.get(id).wordmarks]) for id in self._tested}
        self._alike = [
            (id, Phrases((*names, *towns.get(code, ()))))
            for code, names in countries.items()
            for id in _named_alike(marks, _long(names))
        ]

    def told(self, cues: Sequence[Cue], readings: Sequence[Reading]) -> list[Cue]:
        """The cues, those that are a piece of something else marked as such.

        Args:
            readings: of all frames that were read, those of the broadcast included.
        """
        scene = [r for r in readings if not r.overlay and r.score >= _SURE]
        coded = {cue.id for cue in cues if cue.kind == "series" and cue.match.exact}
        said = [Said.of(reading.text) for reading in readings if not reading.overlay]
        alike = {id for id, country in self._alike if any(map(country.inside, said))}
        return [
            replace(cue, piece=True)
            if cue.id in alike or self._is_piece(cue, scene, cue.id in coded)
            else cue
            for cue in cues
        ]

    def _is_piece(self, cue: Cue, scene: Sequence[Reading], coded: bool) -> bool:
        mark = letters(cue.mark)
        if cue.match.type == "control" or not mark.isalpha() or "han" in scripts(mark):
            return False
        # A family's name is of machines: TRULASER, with a label of the laser source's.
        if cue.kind == "wordmark" and is_of_other_goods(cue.id, scene):
            return True
        if len(mark) < _LEAST or cue.mirrored:
            return False
        if self._is_outread(cue, mark, scene, coded) or self._in_two_lines(cue, mark, scene):
            return True
        return cue.id in self._tested and self._is_misread(cue, mark, scene)

    def _is_outread(self, cue: Cue, mark: str, scene: Sequence[Reading], coded: bool) -> bool:
        """Whether words hold the mark and more, which is not the builder's own: two letters more or
        a known name at all, one if as many frames read it as read the mark.

        Away from the mark's place words of panels (RESTART) say nothing, nor does any where a code
        of the builder's bears his mark out.
        """
        more = [
            (reading, word, count)
            for reading in scene
            for word in words(reading.text)
            if (count := self._adds(mark, word, cue, cyrillic="cyrillic" in scripts(reading.text)))
            and (
                word in self._others
                or _in_place(cue, reading)
                or not (coded or self._words.is_known(word))
            )
        ]
        if any(count > 1 or word in self._others for _, word, count in more):
            return True
        frames = {r.pts for r in cue.readings if mark in letters(r.text)}
        return bool(more) and len({r.pts for r, _, _ in more}) >= len(frames)

    def _adds(self, mark: str, word: str, cue: Cue, *, cyrillic: bool) -> int:
        """Letters that a word has beyond the mark within it; none where they are an emblem, an
        edge or the builder's own, or too few to tell."""
        if mark not in word or word == mark or not word.isalpha():
            return 0
        before, _, after = word.partition(mark)
        if len(before) <= _FRAYED and _EMBLEMS.issuperset(before):
            before = ""
        if len(after) <= _FRAYED and _THIN.issuperset(after):
            after = ""
        more = len(before) + len(after)
        if more > 1:
            house = {cue.id, *self._matcher.sisters.get(cue.id, ())}
            near = self._matcher.match(word, hints=True)
            fit = any(m.id in house and (m.exact or not m.far) for m in near)
            return 0 if fit else more
        return more if word in self._others or cyrillic or cue.id in self._tested else 0

    def _in_two_lines(self, cue: Cue, mark: str, scene: Sequence[Reading]) -> bool:
        """Whether it is half of another's name that stands on two lines: EMCO over WHEATON."""
        names = {name for name in self._others if mark in name and mark != name}
        if not names:
            return False
        beside = [r for r in scene if any(letters(r.text) in name for name in names)]
        return any(
            letters(pair.text) in names and _in_place(cue, pair) for pair in join_neighbours(beside)
        )

    def _is_misread(self, cue: Cue, mark: str, scene: Sequence[Reading]) -> bool:
        """Whether a known name, nearly the same, was read at the place of the mark, or in other
        frames alone."""
        frames = {r.pts for r in cue.readings}
        return any(
            _is_near(mark, word)
            and (_in_place(cue, r) or (word in self._far and r.pts not in frames))
            for r, word in _said(scene)
            if word in self._near and mark not in letters(r.text)
        )


def _said(readings: Sequence[Reading]) -> Iterator[tuple[Reading, str]]:
    """The words of each reading, and what it says read as one."""
    for reading in readings:
        said = words(reading.text)
        for word in {*said, "".join(said)}:
            yield reading, word


def _in_place(cue: Cue, reading: Reading) -> bool:
    return any(
        own != reading and overlap_of_smaller(reading.box, own.box) > _SAME_PLACE
        for own in cue.readings
    )


def _long(names: Collection[str]) -> frozenset[str]:
    """Those of so many letters that a mark may be a piece of them, folded."""
    return frozenset(n for n in map(letters, names) if len(n) > _LEAST and "han" not in scripts(n))


def _named_alike(marks: Mapping[str, Collection[str]], names: Collection[str]) -> Iterator[str]:
    """Those with a mark that is one of the names but for a letter."""
    for id, own in marks.items():
        pairs = ((mark, name) for mark in own for name in names if len(mark) == len(name))
        if any(sum(map(str.__ne__, mark, name)) == 1 for mark, name in pairs):
            yield id


def _is_near(mark: str, word: str) -> bool:
    most = _NEAR_LONG if len(word) >= _LONG else _NEAR
    return word != mark and _apart(mark, word, most) <= most


def _apart(a: str, b: str, most: int) -> int:
    """Letters to be changed, dropped or added between two words; `most` + 1 for more than that."""
    if abs(len(a) - len(b)) > most:
        return most + 1
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (letter != other))
    return row[-1]
