"""A case asked a question; an answer is kept for as long as the case stays what it was."""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import case as if_
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.answer import Answer, answer
from evidence.answer.controls import (
    ControlClip,
    Controls,
    find_footage,
    kept_controls,
    read_controls,
    try_controls,
)
from evidence.answer.exclusions import (
    count_contested,
    count_republished,
    count_without_login,
    read_undated,
    settled_alone,
    settled_elsewhere,
)
from evidence.answer.exhibits import Exhibit, gather
from evidence.answer.frames import read_frames
from evidence.answer.manual_entries import with_entered
from evidence.answer.plants import read_looked_at
from evidence.answer.population import CountedMachine, read_machines
from evidence.answer.question import Question
from evidence.answer.report import Facts
from evidence.answer.sources import Asked, read_sources
from evidence.case.case import Case
from evidence.case.places import PLACES
from evidence.case.queue import ASIDE, PACKED, WAITING
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Decision,
    Link,
    MachineRow,
    Membership,
    Verdict,
)
from evidence.case.summary import (
    count_left_out,
    count_other_recipes,
    mostly_lost,
    programs,
)
from evidence.case.tables import (
    MOVED,
    Account,
    ControlRow,
    Correction,
    Draw,
    Item,
    Recipe,
    Run,
    Work,
)
from evidence.case.verdicts import head
from evidence.spelling import PlantNames


@dataclass(frozen=True, slots=True)
class Found:
    """A case's answer, what it was computed from, and the machines as they were counted."""

    answer: Answer
    facts: Facts
    machines: list[CountedMachine]


@dataclass(frozen=True, slots=True)
class Read:
    """A case's answer, with what it rests on."""

    answer: Answer
    facts: Facts
    exhibits: list[Exhibit]
    machines: list[CountedMachine]


def find_answer(
    session: Session,
    case: Case,
    question: Question,
    registry: Registry,
    what: str,
    controls: Sequence[ControlClip] | None = None,
) -> Found:
    """The answer of a case as a session sees it.

    Args:
        what: the kind in a word, as `Question.in_a_word` gives it.
        controls: in place of those that the case keeps.

    Raises:
        UsageError: nothing was looked at, or the controls cannot be used.
    """
    question = question.of_known(registry)
    recipe = _recipe(session, case)
    sources = read_sources(session, recipe, registry)
    alone = settled_alone(session, recipe, registry, question)
    asked = Asked(session, recipe, registry, question, sources, alone)
    tried = Controls()
    known = kept_controls(session) if controls is None else find_footage(session, controls)
    if known:
        tried, left_out = try_controls(asked, known)
        asked = replace(asked, leave_out=left_out)
    machines, entered = with_entered(asked, read_machines(asked))
    # Of what is left out the controls themselves count in what would have been noticed.
    counted = asked.footage() | {one.footage for one in known}
    looked = {name: held & counted for name, held in programs(session, recipe).items()}
    looked = {name: held for name, held in looked.items() if held}
    listed, undated = _listed(session, recipe), read_undated(asked)
    beside = {
        "not_looked_at": listed[WAITING],
        "set_aside": listed[ASIDE],
        "other_settings": count_other_recipes(session, recipe),
        "settled_elsewhere": sum(settled_elsewhere(asked, machines).values()),
        "undated": undated.footage,
        "undated_of_kind": sum(undated.of_kind.values()),
        "damaged": len(mostly_lost(session, recipe) & counted),
        "programs": len(looked) if len(looked) > 1 else 0,
        "no_login": count_without_login(session, counted),
    }
    found = answer(
        question,
        machines,
        registry,
        what,
        tried,
        read_frames(asked),
        entered,
        {
            **{code: {"num": number} for code, number in beside.items()},
            **count_contested(asked),
            **count_republished(asked),
        },
        read_looked_at(asked),
    )
    number, digest = head(session)
    facts = Facts(
        case.name,
        recipe.model,
        recipe.settings,
        registry.digest,
        number,
        digest,
        tuple(looked),
        count_left_out(session),
    )
    return Found(found, facts, machines)


def _listed(session: Session, recipe: Recipe) -> Counter[str]:
    """The files of the case's list by state, those that moved once. One that waited as the case was
    packed waits: it was set aside when the pack was opened, and nobody has tried it."""
    files = select(Work.state, Work.kind).where(
        Work.model == recipe.model,
        Work.settings == recipe.settings,
        Work.kind.is_distinct_from(MOVED),
    )
    return Counter(WAITING if kind == PACKED else state for state, kind in session.execute(files))


def read_case(
    case: Case, question: Question, registry: Registry, what: str, controls: Path | None = None
) -> Read:
    """The answer of a case at one moment, whoever writes meanwhile.

    Args:
        what: the kind in a word, as `Question.in_a_word` gives it.
        controls: a list of positive controls (`controls.read_controls`), in place of those that
            the case keeps.

    Raises:
        UsageError: nothing was looked at, or the controls cannot be used.
        CaseError: the case cannot be read.
    """
    listed = read_controls(controls, registry) if controls is not None else None
    with case.snapshot() as session:
        found = find_answer(session, case, question, registry, what, listed)
        exhibits = gather(case, session, found.machines, registry)
        return Read(found.answer, found.facts, exhibits, found.machines)


def answer_case(
    case: Case, question: Question, registry: Registry, what: str, controls: Path | None = None
) -> tuple[Answer, Facts, list[Exhibit]]:
    """As `read_case`, without the machines one by one."""
    read = read_case(case, question, registry, what, controls)
    return read.answer, read.facts, read.exhibits


def _recipe(session: Session, case: Case) -> Recipe:
    """The one worked with last: what a person has before them."""
    found = session.scalars(
        select(Recipe)
        .join(
            AnalysisRow,
            (AnalysisRow.model == Recipe.model) & (AnalysisRow.settings == Recipe.settings),
        )
        .outerjoin(Run, Run.id == AnalysisRow.run)
        .order_by(Run.started.desc().nulls_last(), Recipe.settings)
        .limit(1)
    ).first()
    if found is None:
        raise UsageError(
            Message("%(path)s: nothing was looked at yet; `nameplate sweep` does", path=case.folder)
        )
    return found


@dataclass(frozen=True, slots=True)
class Moment:
    """A state of a case, as far as answers go.

    analyses: of footage. counts: the last verdict and decision, the run begun last, how many
    rows there are of each kind, the accounts. places: by plant and date, as sources give them,
    how many places there are and were, with the first and the last footage. controls: footage
    and builder.
    """

    analyses: int
    counts: tuple[object, ...]
    places: tuple[tuple[object, ...], ...]
    controls: tuple[tuple[object, ...], ...]

    def plants(self, writings: PlantNames) -> tuple[str, ...]:
        """The plants that sources name, each once, in order."""
        return tuple(writings.once(str(row[0]) for row in self.places if row[0] is not None))


def read_moment(session: Session) -> Moment:
    """The state of the case that a session sees."""
    counts: list[object] = [
        session.scalar(select(func.max(Verdict.number))),
        session.scalar(select(func.max(Decision.number))),
        session.scalar(select(func.max(Run.started))),
        session.scalar(select(func.count()).where(Item.state == "settled")),
    ]
    for table in (Copy, Correction, Draw, MachineRow, Membership):
        counts.append(session.scalar(select(func.count()).select_from(table)))
    # A file that could not be looked at adds no row to any of these.
    kind = (Work.state, Work.kind)
    works = select(*kind, func.count()).group_by(*kind).order_by(*kind)
    counts += [tuple(row) for row in session.execute(works)]
    accounts = select(Account.name, Account.made, Account.ended).order_by(Account.name)
    counts += [tuple(row) for row in session.execute(accounts)]
    held = func.sum(if_((Link.held, 1), else_=0))
    counts += session.execute(select(func.count(), held).select_from(Link)).one()
    places = session.execute(
        select(
            PLACES.c.plant_claimed,
            PLACES.c.published,
            func.count(),
            func.min(PLACES.c.footage),
            func.max(PLACES.c.footage),
        )
        .group_by(PLACES.c.plant_claimed, PLACES.c.published)
        .order_by(PLACES.c.plant_claimed, PLACES.c.published)
    )
    analyses = session.scalar(select(func.count()).select_from(AnalysisRow)) or 0
    controls = session.execute(
        select(ControlRow.footage, ControlRow.builder).order_by(
            ControlRow.footage, ControlRow.builder
        )
    )
    return Moment(
        analyses,
        tuple(counts),
        tuple(tuple(row) for row in places),
        tuple(tuple(row) for row in controls),
    )


MOST = 8
"""Answers kept, each with its machines; the one asked for longest ago goes first."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, the moment it is of, when it was computed, and how many seconds that took."""

    found: Found
    moment: Moment
    computed: datetime
    seconds: float


class Answers:
    """The answers of one case. May be asked from several threads; one at a time is computed."""

    def __init__(self, case: Case, registry: Registry) -> None:
        self._case, self._registry = case, registry
        self._computing, self._listing = threading.Lock(), threading.Lock()
        self._kept: OrderedDict[Question, Kept] = OrderedDict()

    def find(self, session: Session, question: Question) -> Kept:
        """The answer of the case as the session sees it.

        Raises:
            UsageError: it cannot be asked, or nothing was looked at.
        """
        question.check(self._registry)
        moment = read_moment(session)
        kept = self._look_up(question, moment)
        if kept is not None:
            return kept
        with self._computing:
            kept = self._look_up(question, moment)  # somebody else may have asked the same
            if kept is not None:
                return kept
            began = time.monotonic()
            what = question.in_a_word(self._registry)
            found = find_answer(session, self._case, question, self._registry, what)
            made = Kept(found, moment, datetime.now(UTC), time.monotonic() - began)
            with self._listing:
                self._kept[question] = made
                self._kept.move_to_end(question)
                while len(self._kept) > MOST:
                    self._kept.popitem(last=False)
            return made

    def _look_up(self, question: Question, moment: Moment) -> Kept | None:
        with self._listing:
            kept = self._kept.get(question)
            if kept is None or kept.moment != moment:
                return None
            self._kept.move_to_end(question)
            return kept
