"""Machines as the statistics see them, made by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from datasets.registry import Registry
from evidence.answer.answer import Answer
from evidence.answer.audit import Controls
from evidence.answer.case import read_case
from evidence.answer.population import CountedMachine, Status
from evidence.answer.question import Question
from evidence.answer.report import Exhibit, Facts
from evidence.answer.share import AuditFrame, Frames
from evidence.case.case import Case

NAMELESS = {"claim": None, "claimed": None, "builder": None, "status": Status.UNKNOWN}
PLACED = {"plant": "", "stated": True, "recordings": frozenset({"a"}), "years": ()}
ONE = CountedMachine(id="", settled=False, **PLACED, **NAMELESS)  # type: ignore[arg-type]
NAMED = replace(ONE, claim="mazak", claimed=False, status=Status.NAMED, lane="named")
OTHER = replace(NAMED, status=Status.OTHER, settled=True, builder="mazak")
DARK = replace(ONE, settled=True)
LEAD = replace(ONE, claim="dmtg", claimed=True, status=Status.LEAD, flagged=True)
KIND = replace(LEAD, status=Status.CONFIRMED, settled=True, builder="dmtg")
BADGE = replace(ONE, claim="knuth", status=Status.UNTOLD, settled=True, builder="knuth")

CONTROLS = Controls(60, 60, ((1, 1),) * 60, 60)
NOTHING = Frames(
    tuple(AuditFrame(f"Plant {n % 40}", 10.0, 0.5, False) for n in range(200)), 200, 9000.0, 2000.0
)
"""200 audited frames in which nobody saw a machine."""


def drawn(one: CountedMachine, chance: float = 0.5) -> CountedMachine:
    """The machine as one of the audit sample that was judged."""
    return replace(one, drawn=True, chance=chance)


def seen(*each: CountedMachine, plants: Iterable[int] = range(40)) -> list[CountedMachine]:
    """These machines in each of these plants."""
    return [
        replace(one, id=f"{plant}-{n}", plant=f"Plant {plant}", recordings=frozenset({f"{plant}"}))
        for plant in plants
        for n, one in enumerate(each)
    ]


def answer_case(
    case: Case, question: Question, registry: Registry
) -> tuple[Answer, Facts, list[Exhibit]]:
    """The answer of a case, what it was computed from, and its exhibits."""
    read = read_case(case, question, registry)
    return read.answer, read.facts, list(read.exhibits)
