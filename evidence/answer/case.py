"""A case asked a question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.answer import Answer, Controls, answer
from evidence.answer.contested import contested
from evidence.answer.controls import (
    Control,
    find_footage,
    kept_controls,
    read_controls,
    try_controls,
)
from evidence.answer.estimators.legibility import read_heights
from evidence.answer.exclusions import read_undated, settled_otherwise
from evidence.answer.frames import read_frames
from evidence.answer.machines import SeenMachine, read_machines
from evidence.answer.manual_entries import with_entered
from evidence.answer.older import republished
from evidence.answer.plants import read_looked_at
from evidence.answer.question import Question
from evidence.answer.report.exhibits import gather
from evidence.answer.report.page import Exhibit, Facts
from evidence.answer.reviewers import settled_alone, without_login
from evidence.answer.sources import Asked, read_sources
from evidence.case.case import Case
from evidence.case.queue import ASIDE, PACKED, WAITING
from evidence.case.sighting_tables import AnalysisRow
from evidence.case.summary import (
    count_left_out,
    looked_otherwise_alone,
    mostly_lost,
    programs,
)
from evidence.case.tables import MOVED, Recipe, Run, Work
from evidence.case.verdicts import head


@dataclass(frozen=True, slots=True)
class Found:
    """A case's answer, what it was computed from, and the machines as they were counted."""

    answer: Answer
    facts: Facts
    machines: list[SeenMachine]


@dataclass(frozen=True, slots=True)
class Read:
    """A case's answer, with what it rests on."""

    answer: Answer
    facts: Facts
    exhibits: list[Exhibit]
    machines: list[SeenMachine]


def find_answer(
    session: Session,
    case: Case,
    question: Question,
    registry: Registry,
    what: str,
    controls: Sequence[Control] | None = None,
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
    heights: dict[tuple[str, str], float] = {}
    known = kept_controls(session) if controls is None else find_footage(session, controls)
    if known:
        heights = read_heights(session, recipe)
        tried, left_out = try_controls(asked, known, heights)
        asked = replace(asked, leave_out=left_out)
    looked_at = read_machines(asked, heights)
    none = [one for one in looked_at if one.none]
    machines = [one for one in looked_at if not one.none]
    machines, entered = with_entered(asked, machines)
    frames = read_frames(asked)
    otherwise = settled_otherwise(asked, machines)
    listed = _listed(session, recipe)
    found = answer(
        question,
        machines,
        registry,
        what,
        tried,
        frames,
        entered,
        none,
        otherwise=otherwise,
        unseen=listed[WAITING],
        aside=listed[ASIDE],
        elsewise=looked_otherwise_alone(session, recipe),
        looked_at=read_looked_at(asked),
        undated=read_undated(asked),
    )
    told = (*contested(asked), *republished(asked))
    # Of what is left out the controls themselves count in what would have been noticed.
    counted = asked.footage() | {one.footage for one in known}
    signed = without_login(session, counted)
    looked = {name: held & counted for name, held in programs(session, recipe).items()}
    looked = {name: held for name, held in looked.items() if held}
    gone = _mostly_lost(len(mostly_lost(session, recipe) & counted))
    found = replace(found, warnings=(*signed, *found.warnings, *_several(looked), *gone, *told))
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


def _several(looked: Mapping[str, Collection[str]]) -> tuple[Message, ...]:
    """The warning where several programs looked at the footage."""
    if len(looked) < 2:
        return ()
    return (
        Message(
            "%(num)s versions of the program looked at the footage, and one may claim what another "
            "would not: nameplate sweep --anew looks at all of it with one",
            num=len(looked),
        ),
    )


def _mostly_lost(number: int) -> tuple[Message, ...]:
    """The warning where footage counts as looked at of which hardly anything was seen."""
    if not number:
        return ()
    return (
        Message(
            "%(num)s piece of footage is damaged, most of its frames are lost: what the lost ones "
            "showed counts nowhere here",
            "%(num)s pieces of footage are damaged, most of their frames are lost: what the lost "
            "ones showed counts nowhere here",
            num=number,
        ),
    )


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
