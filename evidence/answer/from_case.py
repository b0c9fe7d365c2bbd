"""A case asked a question."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.errors import UsageError
from datasets.registry import Registry
from evidence.answer.answer import Answer, Controls, answer
from evidence.answer.at_least import with_entered
from evidence.answer.controls import read_controls, try_controls
from evidence.answer.exhibits import gather
from evidence.answer.frames import read_frames
from evidence.answer.judged import SeenMachine, read_machines
from evidence.answer.legible import read_heights
from evidence.answer.page import Exhibit, Facts
from evidence.answer.question import Question
from evidence.store import AnalysisRow, Case, Recipe, Run
from evidence.store.verdicts import head


@dataclass(frozen=True, slots=True)
class Read:
    """A case's answer, with what it rests on."""

    answer: Answer
    facts: Facts
    exhibits: list[Exhibit]
    machines: list[SeenMachine]


def read_case(
    case: Case, question: Question, registry: Registry, what: str, controls: Path | None = None
) -> Read:
    """The answer of a case at one moment, whoever writes meanwhile.

    Args:
        what: the kind in a word, as "Chinese".
        controls: a list of positive controls (`controls.read_controls`).

    Raises:
        UsageError: nothing was looked at, or the controls cannot be used.
        CaseError: the case cannot be read.
    """
    listed = read_controls(controls, registry) if controls is not None else []
    with case.snapshot() as session:
        recipe = _recipe(session, case)
        tried, left_out = Controls(), frozenset[str]()
        heights: dict[tuple[str, str], float] = {}
        if listed:
            heights = read_heights(session, recipe)
            tried, left_out = try_controls(session, recipe, registry, question, listed, heights)
        machines = read_machines(session, recipe, registry, question, left_out, heights)
        machines, entered = with_entered(session, recipe, registry, question, machines, left_out)
        frames = read_frames(session, recipe, registry, question, left_out)
        found = answer(question, machines, registry, what, tried, frames, entered)
        number, digest = head(session)
        facts = Facts(case.name, recipe.model, recipe.settings, registry.digest, number, digest)
        return Read(found, facts, gather(case, session, machines, registry), machines)


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
        .order_by(Run.started.desc(), Recipe.settings)
        .limit(1)
    ).first()
    if found is None:
        raise UsageError(f"{case.folder}: nothing was looked at yet; `nameplate sweep` does")
    return found
