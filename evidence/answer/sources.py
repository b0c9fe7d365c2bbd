"""Where the footage of a case came from, as the places say at which it lies or lay, and which of it
a question is about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from datasets.sentences import Sentence
from evidence.answer.question import Question
from evidence.answer.recordings import WHOLE, read_recordings
from evidence.copies.spans import Span
from evidence.dates import read_date
from evidence.linking.load import chunks
from evidence.spelled import Writings, fold
from evidence.store import AnalysisRow, Copy, Recipe
from evidence.store.places import PLACES

MOST_NAMED = 20
"""Plants that are named to whoever asks for one that is not there."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where footage came from, as far as the places say at which it lies or lay, and those of
    copies of its recording. plant: the one that most of them name, None where none does or two as
    often; named: all of them, in order; neither where none of its own places names any. published:
    the earliest day that its own places name; first: that they name, or those of footage that shows
    it whole, by when what it shows was known. parts: the stretches in which it shows another
    recording whole, with that one's name."""

    recording: str
    plant: str | None
    published: str | None
    parts: tuple[tuple[Span, str], ...] = ()
    named: tuple[str, ...] = ()
    first: str | None = None

    def at(self, pts: Fraction) -> Source:
        """The same as what it shows at a time: of the recording that is shown then."""
        shown = next((name for span, name in self.parts if span.holds(pts)), self.recording)
        return replace(self, recording=shown)


def read_sources(session: Session, recipe: Recipe, registry: Registry) -> dict[str, Source]:
    """By footage, where it came from; copies of one recording share its name, and so do all ways
    of writing a plant."""
    # Of footage that lies nowhere any more nothing is known, and yet it was looked at.
    analysed = select(AnalysisRow.footage).where(
        AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
    )
    said: dict[str, list[Any]] = {footage: [] for footage in session.scalars(analysed)}
    place_says = select(PLACES.c.footage, PLACES.c.plant_claimed, PLACES.c.published)
    for place in session.execute(place_says.order_by(PLACES.c.path)):
        said.setdefault(place.footage, []).append(place)
    joined = read_recordings(session, recipe, said)
    spelled = _spelled(
        (one.plant_claimed for locations in said.values() for one in locations), registry
    )
    placed = {
        footage: [plant for one in locations if (plant := spelled[one.plant_claimed])]
        for footage, locations in said.items()
    }
    # A copy of which other sources say another plant tells against each, as another place does.
    of_recording: dict[str, list[str]] = defaultdict(list)
    for footage, plants in placed.items():
        of_recording[joined.name[footage]] += plants
    days = {
        footage: min(filter(None, (_day(one.published) for one in locations)), default=None)
        for footage, locations in said.items()
    }
    return {
        footage: Source(
            joined.name[footage],
            leading[0] if len(leading) == 1 else None,
            day,
            tuple(joined.parts.get(footage, ())),
            tuple(sorted(set(plants))),
            min(filter(None, (day, *map(days.get, joined.within.get(footage, ())))), default=None),
        )
        for footage, day in days.items()
        # What only a copy says is not known of all that this one shows.
        for plants in (of_recording[joined.name[footage]] if placed[footage] else [],)
        for leading in (_leading(plants),)
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """A question (`Question.of_known`), and what it is asked of: what one recipe found in a case as
    a session sees it, and where its footage came from (`read_sources`). alone: items of which
    who settled them is one too few (`settled_alone`). leave_out: footage (SHA-256) that is not to
    be counted: positive controls."""

    session: Session
    recipe: Recipe
    registry: Registry
    question: Question
    sources: Mapping[str, Source]
    alone: Collection[str]
    leave_out: Collection[str] = frozenset()

    def footage(self) -> set[str]:
        """The footage that the question is about.

        Raises:
            UsageError: the question is about a plant that no source names.
        """
        named = {fold(plant): plant for source in self.sources.values() for plant in source.named}
        unknown = [plant for plant in self.question.plants if fold(plant) not in named]
        if unknown:
            others = ", ".join(sorted(named.values())[:MOST_NAMED]) or Sentence("none")
            raise UsageError(
                Sentence("%(texts)s: no source names such a plant; those named are: %(what)s").fill(
                    texts=", ".join(unknown), what=others
                )
            )
        return {
            footage
            for footage, source in self.sources.items()
            if footage not in self.leave_out and _is_asked(source, self.question)
        }

    def fits(
        self, builder: str | None, plate: str | None = None, made: str | None = None
    ) -> bool | None:
        """Whether a machine is of the kind asked for (`Question.fits`)."""
        return self.question.fits(builder, plate, self.registry, made)


def copies_of(session: Session, recipe: Recipe, footage: Collection[str]) -> set[str]:
    """Footage that shows little else than one of these; no compilation that holds one."""
    found: set[str] = set()
    for part in chunks(sorted(footage)):
        rows = session.execute(
            select(Copy.a, Copy.b, Copy.share_a, Copy.share_b).where(
                Copy.model == recipe.model,
                Copy.settings == recipe.settings,
                or_(Copy.a.in_(part), Copy.b.in_(part)),
            )
        )
        for a, b, share_a, share_b in rows:
            if a in footage and share_b >= WHOLE:
                found.add(b)
            if b in footage and share_a >= WHOLE:
                found.add(a)
    return found


def plant_of(froms: Collection[Source]) -> tuple[str, bool]:
    """The plant that sources name, and whether they do; else the recording stands for it, also
    where they name several equally often."""
    if len(leading := _leading(one.plant for one in froms)) == 1:
        return leading[0], True
    return unplaced(froms), False


def unplaced(froms: Collection[Source]) -> str:
    """What stands for a plant that is not known: the recording."""
    return Message("recording %(hash)s", hash=min(one.recording for one in froms)[:8])


def _is_asked(source: Source, question: Question) -> bool:
    if question.plants and fold(source.plant or "") not in set(map(fold, question.plants)):
        return False
    return is_of_period(source, question) is True


def is_of_period(source: Source, question: Question) -> bool | None:
    """Whether footage is of the period asked for; None where the dates do not tell.

    What was published before under another name is not of a later period, nor is what was
    published later of an earlier one, since there may be more in it.
    """
    covered = {question.covers(source.published), question.covers(source.first)}
    return False if False in covered else None if None in covered else True


def _spelled(plants: Iterable[str | None], registry: Registry) -> dict[str | None, str | None]:
    """Each plant by the registry's name; of another the way in which it is written most often."""
    writings, counted = Writings(registry.plants), Counter(plants)
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


def _day(published: str | None) -> str | None:
    """What may be compared; cases of earlier versions hold whatever a list said."""
    return None if published is None else read_date(published)
