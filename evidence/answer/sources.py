"""Where the footage of a case came from, and which of it a question is about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.question import Question
from evidence.case.base import found_with
from evidence.case.places import PLACES, corrected, uploaded_claims
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.tables import Recipe
from evidence.link.alignment import CopySpan
from evidence.link.copies import read_copies, read_recordings
from evidence.spelling import PlantNames, fold, read_date

_PLANT = "plant_claimed"
MOST_NAMED = 20
"""Plants that are named to whoever asks for one that is not there."""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """Where footage came from, by its places (where it lies or lay) and those of its copies.

    - plant: the one that most of them name; None where none does, or two as often.
    - named: all of them, in order. Both are empty where none of its own places names any.
    - published: the earliest day that its own places name; first: the same, also of footage that
      shows it whole.
    - parts: the stretches in which it shows another recording whole, with that one's name.
    - looked_at: by the recipe.
    """

    recording: str
    plant: str | None
    published: str | None
    parts: tuple[tuple[CopySpan, str], ...] = ()
    named: tuple[str, ...] = ()
    first: str | None = None
    looked_at: bool = True

    def at(self, pts: Fraction) -> SourceRecord:
        """The same as what it shows at a time: of the recording that is shown then."""
        shown = next((name for span, name in self.parts if span.holds(pts)), self.recording)
        return replace(self, recording=shown)


def read_sources(session: Session, recipe: Recipe, registry: Registry) -> dict[str, SourceRecord]:
    """By footage, where it came from; copies of one recording share its name, and so do all ways
    of writing a plant."""
    # Of footage that lies nowhere any more nothing is known, and yet it was looked at.
    looked = select(AnalysisRow.footage).where(found_with(AnalysisRow, recipe))
    analysed = set(session.scalars(looked))
    said: dict[str, list[Any]] = {footage: [] for footage in sorted(analysed)}
    for place in session.execute(select(PLACES).order_by(PLACES.c.path)):
        said.setdefault(place.footage, []).append(place)
    uploaded = [one for some in said.values() for one in some if uploaded_claims(one, _PLANT)]
    settled = corrected(session, [one.path for one in uploaded])
    named: dict[str, list[str | None]] = {footage: [] for footage in said}
    for place in chain.from_iterable(said.values()):
        # Who uploads known footage and names another plant contradicts what stands at its place.
        also = () if (place.path, _PLANT) in settled else uploaded_claims(place, _PLANT)
        own = place.plant_claimed
        named[place.footage] += [own, *(plant for plant in also if plant != own)]
    joined = read_recordings(session, recipe, said)
    spelled = _spelled(chain.from_iterable(named.values()), registry)
    placed = {
        footage: [plant for one in plants if (plant := spelled[one])]
        for footage, plants in named.items()
    }
    # A copy whose sources name another plant speaks against each, as another place does.
    of_recording: dict[str, list[str]] = defaultdict(list)
    for footage, plants in placed.items():
        of_recording[joined.name[footage]] += plants
    days = {
        footage: min(filter(None, (read_date(at.published or "") for at in places)), default=None)
        for footage, places in said.items()
    }
    return {
        footage: SourceRecord(
            joined.name[footage],
            leading[0] if len(leading) == 1 else None,
            day,
            tuple(joined.parts.get(footage, ())),
            tuple(sorted(set(plants))),
            min(filter(None, (day, *map(days.get, joined.within.get(footage, ())))), default=None),
            footage in analysed,
        )
        for footage, day in days.items()
        # What only a copy says is not known of all that this one shows.
        for plants in (of_recording[joined.name[footage]] if placed[footage] else [],)
        for leading in (_leading(plants),)
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """A question (`Question.of_known`) of what one recipe found; sources: by `read_sources`.

    alone: items that too few people settled (`settled_alone`). leave_out: footage (SHA-256) that is
    not to be counted: positive controls.
    """

    session: Session
    recipe: Recipe
    registry: Registry
    question: Question
    sources: Mapping[str, SourceRecord]
    alone: Collection[str]
    leave_out: Collection[str] = frozenset()

    def footage(self) -> set[str]:
        """The footage that the question is about, as far as the recipe looked at it. `UsageError`:
        the question is about a plant that no source names."""
        named = {fold(plant): plant for source in self.sources.values() for plant in source.named}
        if unknown := [plant for plant in self.question.plants if fold(plant) not in named]:
            raise UsageError.saying(
                "%(texts)s: no source names such a plant; those named are: %(what)s",
                texts=", ".join(unknown),
                what=", ".join(sorted(named.values())[:MOST_NAMED]) or Message("none"),
            )
        wanted = set(map(fold, self.question.plants))
        return {
            footage
            for footage, source in self.sources.items()
            if source.looked_at
            and footage not in self.leave_out
            and (not wanted or fold(source.plant or "") in wanted)
            and is_of_period(source, self.question)
        }

    def fits(
        self, builder: str | None, plate: str | None = None, made: str | None = None
    ) -> bool | None:
        """Whether a machine is of the kind asked for (`Question.fits`)."""
        return self.question.fits(builder, plate, self.registry, made)


def plant_of(froms: Collection[SourceRecord]) -> tuple[str, bool]:
    """The plant that sources name, and whether they do; else the recording stands for it, also
    where they name several equally often."""
    if len(leading := _leading(one.plant for one in froms)) == 1:
        return leading[0], True
    return Message("recording %(hash)s", hash=min(one.recording for one in froms)[:8]), False


def is_of_period(source: SourceRecord, question: Question) -> bool | None:
    """Whether footage is of the period asked for; None where the dates leave it open.

    Footage published before under another name is of no later period. Footage published later is
    of no earlier one, since there may be more in it.
    """
    covered = {question.covers(source.published), question.covers(source.first)}
    return False if False in covered else None if None in covered else True


def _spelled(plants: Iterable[str | None], registry: Registry) -> dict[str | None, str | None]:
    """Each plant by the registry's name; of another the way in which it is written most often."""
    writings, counted = PlantNames(registry.plants), Counter(plants)
    found: dict[str, list[str | None]] = defaultdict(list)
    for plant in counted:
        found[writings.key(plant or "")].append(plant)
    spelled: dict[str | None, str | None] = {}
    for several in found.values():
        leading = _leading(plant for plant in several for _ in range(counted[plant]))
        spelled |= dict.fromkeys(several, writings.name(leading[0]) if leading else None)
    return spelled


def _leading(words: Iterable[str | None]) -> list[str]:
    """The commonest, in order; several where these are equally common."""
    counted = Counter(" ".join(word.split()) for word in words if word and word.strip())
    return sorted(word for word in counted if counted[word] == max(counted.values()))


Older = Mapping[str, Sequence[CopySpan]]
"""By footage the stretches of it that footage published before the period shows as well."""


def shown_before(asked: Asked, footage: Collection[str]) -> Older:
    """The stretches of footage of the period that are older: a programme takes from an archive.
    None of a view that a camera on a stand may have filmed again."""
    if asked.question.since is None:
        return {}
    since = replace(asked.question, until=None)
    before = {
        sha256 for sha256, source in asked.sources.items() if since.covers(source.first) is False
    }
    found: dict[str, list[CopySpan]] = defaultdict(list)
    for copy in read_copies(asked.session, asked.recipe, footage=before):
        if copy.footage in footage and copy.other in before and copy.kind != "same view":
            found[copy.footage] += copy.spans
    return found


def is_older(older: Older, footage: str, pts: Fraction) -> bool:
    """Whether what footage shows at a time was published before the period."""
    return any(span.holds(pts) for span in older.get(footage, ()))
