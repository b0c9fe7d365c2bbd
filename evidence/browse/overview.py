"""A case in numbers, with what awaits its people."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.machine_summary import MachineCounts, count_outcomes
from evidence.browse.outcomes import all_words, control_footage
from evidence.browse.shapes import Reason, Said, Shape
from evidence.case.case import Case
from evidence.case.queue import ASIDE, why_aside
from evidence.case.sighting_tables import AnalysisRow, Decision, MachineRow, Membership
from evidence.case.summary import count_machines, summarise
from evidence.case.tables import MOVED, Item, Recipe, Work
from evidence.review.log import told_states

MOST_REASONS = 100
"""Files to list for one kind of error; `nameplate sweep --status --json` lists all."""

STATES = ("open", "partial", "disputed", "settled")


class BuilderMachines(Shape):
    """How many machines the program read as one builder's, by grade.

    `origin`: where such machines are from; of unknown builders, what their plates say; or null.
    """

    builder: str | None
    name: Said
    origin: str | None
    machines: int
    sightings: int
    grades: dict[str, int]


class ReviewBacklog(Shape):
    """How many items of one kind of flag stand in each state of the review. `disputed`: told to
    leads; for others those are among the `partial`."""

    kind: str
    states: dict[str, int]


class WorkProgress(Shape):
    """How far the list of a recipe has come. `aside`: by the kind of error; `reasons`: with what
    was said of each file, of the first hundred of a kind. `here`: it is the recipe whose findings
    are shown."""

    model: str
    settings: str
    here: bool
    waiting: int
    done: int
    aside: dict[str, int]
    reasons: dict[str, list[Reason]]
    footage: int
    seconds: float


class LastRun(Shape):
    """The run begun last. `beat`: when it was last seen alive; `outcome`: how it ended."""

    kind: str
    started: datetime
    beat: datetime
    ended: datetime | None
    outcome: Said | None
    host: Said
    pid: int


class LogHead(Shape):
    """The last verdict of the log. Whoever writes it down can prove later that none up to it
    was changed or taken out."""

    number: int
    digest: str


class CopyCounts(Shape):
    """How many footages have a copy, and pairs of copies by kind."""

    footage: int
    pairs: dict[str, int]


class Overview(Shape):
    """A case in numbers, as found with the server's own model and settings.

    `nowhere`: footage that lies at none of its places any more; it counts too. `machines`: as the
    program read them. `told`: as people settled them, where they did, without positive controls.
    `left_out`: what sweeps met and did not look at, and why. `scouted`: shots sampled from what the
    scout passed over, and those that show a machine (`wrong`).
    """

    name: Said
    id: str
    folder: Said
    database: Said
    created: datetime
    footage: int
    seconds: float
    places: int
    nowhere: int
    analyses: int
    sightings: int
    machines: list[BuilderMachines]
    told: MachineCounts
    copies: CopyCounts
    flags: dict[str, int]
    review: list[ReviewBacklog]
    work: list[WorkProgress]
    verdicts: LogHead
    last_run: LastRun | None
    left_out: list[Said]
    scouted: dict[str, int]


def looked_otherwise(session: Session, recipe: Recipe) -> bool:
    """Whether footage was looked at, but none of it with this recipe: then nothing is shown that
    was found, as after a new model or other settings."""
    here = select(AnalysisRow.id).where(
        AnalysisRow.model == recipe.model, AnalysisRow.settings == recipe.settings
    )
    return not session.scalar(here.limit(1)) and bool(
        session.scalar(select(AnalysisRow.id).limit(1))
    )


def look_over(case: Case, recipe: Recipe, registry: Registry, lead: bool) -> Overview:
    """The case in numbers, as far as it was looked at with the recipe. lead: who asks leads."""
    with case.session() as session:
        read = _machines(session, case, registry, recipe)
        told = _told(session, case, registry, recipe, read)
        summary = summarise(case, registry, recipe, read)
        review = _review(session, recipe, lead)
        work = [
            WorkProgress(
                **one,
                here=(one["model"], one["settings"]) == (recipe.model, recipe.settings),
                reasons=_reasons(session, one["model"], one["settings"]),
            )
            for one in summary.pop("work")
        ]
    return Overview(**summary, told=told, review=review, work=work)


_last: dict[str, tuple[Any, list[dict[str, Any]]]] = {}


def _machines(
    session: Session, case: Case, registry: Registry, recipe: Recipe
) -> list[dict[str, Any]]:
    """The table of machines.

    Counting takes a while in a large case. So it is counted again only when sightings, machines
    or decisions have changed.
    """
    state = (
        registry.digest,
        (recipe.model, recipe.settings),
        session.scalar(select(func.count()).select_from(Membership)),
        session.scalar(select(func.count()).select_from(MachineRow)),
        session.scalar(select(func.max(Decision.number))),
    )
    known = _last.get(case.id)
    if known is None or known[0] != state:
        known = _last[case.id] = (state, count_machines(session, registry, recipe))
    return known[1]


_last_told: dict[str, tuple[Any, MachineCounts]] = {}


def _told(
    session: Session,
    case: Case,
    registry: Registry,
    recipe: Recipe,
    read: list[dict[str, Any]],
) -> MachineCounts:
    """The table as people settled it.

    Counted again when the table as read has changed, something was settled, or a control was kept
    or dropped.
    """
    words = all_words(session, recipe, registry)
    state = (
        _last[case.id][0],
        words,
        tuple(sorted(control_footage(session, recipe))),
    )
    known = _last_told.get(case.id)
    if known is None or known[0] != state:
        told = count_outcomes(session, recipe, registry, read, words)
        known = _last_told[case.id] = (state, told)
    return known[1]


def _review(session: Session, recipe: Recipe, lead: bool) -> list[ReviewBacklog]:
    """By kind, what matters most first."""
    rows = session.execute(
        select(Item.kind, Item.state, func.count(), func.max(Item.priority))
        .where(Item.model == recipe.model, Item.settings == recipe.settings)
        .group_by(Item.kind, Item.state)
    )
    found: dict[str, dict[str, int]] = {}
    weight: dict[str, int] = {}
    for kind, state, number, priority in rows:
        found.setdefault(kind, dict.fromkeys(STATES, 0))[state] = number
        weight[kind] = max(weight.get(kind, 0), priority)
    return [
        ReviewBacklog(kind=kind, states=told_states(found[kind], lead))
        for kind in sorted(found, key=lambda kind: (-weight[kind], kind))
    ]


def _reasons(session: Session, model: str, settings: str) -> dict[str, list[str]]:
    """By kind of error, what was said of the files it set aside, in order of their paths."""
    rows = session.execute(
        select(Work.kind, Work.path, Work.reason)
        .where(Work.model == model, Work.settings == settings, Work.state == ASIDE)
        .where(Work.kind.is_distinct_from(MOVED))
        .order_by(Work.path)
    )
    found: dict[str, list[str]] = {}
    for kind, path, reason in rows:
        said = found.setdefault(kind or "", [])
        if len(said) < MOST_REASONS:
            said.append(why_aside(path, reason))
    return found
