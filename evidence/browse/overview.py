"""A case in numbers, with what awaits its people, and its plants."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from evidence.browse.machine_summary import (
    BuilderMachines,
    MachineCounts,
    MachineOutcome,
    all_words,
    control_machines,
    led_to,
    machine_counts,
    origin_of,
    plate_of,
)
from evidence.browse.search import View
from evidence.browse.shapes import Reason, Said, Shape
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.places import PLACES
from evidence.case.sighting_tables import AnalysisRow, MachineRow, Membership, SightingRow
from evidence.case.summary import summarise
from evidence.case.tables import Item, Recipe
from evidence.case.verdicts import told_states
from evidence.case.work_queue import list_aside, why_aside
from evidence.spelling import PlantNames

MOST_REASONS = 100  # for one kind of error; `nameplate sweep --status --json` lists all
STATES = ("open", "partial", "disputed", "settled")


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
    """Whether footage was looked at, but none of it with this recipe: then nothing is shown."""
    some = select(AnalysisRow.id).limit(1)
    ours = session.scalar(some.where(found_with(AnalysisRow, recipe)))
    return ours is None and session.scalar(some) is not None


def look_over(case: Case, recipe: Recipe, registry: Registry, lead: bool) -> Overview:
    """The case in numbers, as far as it was looked at with the recipe. lead: who asks leads."""
    summary = summarise(case, registry, recipe)
    with case.session() as session:
        return Overview(
            **summary
            | {
                "told": machine_counts(View(session, recipe, registry)),
                "review": _review(session, recipe, lead),
                "work": [
                    one
                    | {"here": (listed.model, listed.settings) == (recipe.model, recipe.settings)}
                    | {"reasons": _reasons(session, listed)}
                    for one in summary["work"]
                    for listed in [Recipe(model=one["model"], settings=one["settings"])]
                ],
            }
        )


def _review(session: Session, recipe: Recipe, lead: bool) -> list[ReviewBacklog]:
    """By kind, what matters most first."""
    rows = session.execute(
        select(Item.kind, Item.state, func.count(), func.max(Item.priority))
        .where(found_with(Item, recipe))
        .group_by(Item.kind, Item.state)
    )
    found: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(STATES, 0))
    weight: dict[str, int] = {}
    for kind, state, number, priority in rows:
        found[kind][state] = number
        weight[kind] = max(weight.get(kind, 0), priority)
    return [
        ReviewBacklog(kind=kind, states=told_states(found[kind], lead))
        for kind in sorted(found, key=lambda kind: (-weight[kind], kind))
    ]


def _reasons(session: Session, recipe: Recipe) -> dict[str, list[str]]:
    """By kind of error, what was said of the files it set aside, in order of their paths."""
    found: dict[str, list[str]] = defaultdict(list)
    for path, kind, reason in list_aside(session, recipe):
        if len(found[kind or ""]) < MOST_REASONS:
            found[kind or ""].append(why_aside(path, reason))
    return found


class PlantSummary(Shape):
    """A plant as sources name it.

    - `countries`: machines by country, as people settled or the program read it; `""`: not known.
    - `first`, `last`: of publication.
    - `leads`: machines nobody has settled that may be of an origin under test.
    """

    plant: Said
    clips: int
    first: Said | None
    last: Said | None
    machines: int
    countries: dict[str, int]
    leads: int


def list_plants(view: View, tested: tuple[str, ...]) -> list[PlantSummary]:
    """The plants, those with the most machines first. Spellings of one plant are one."""
    names = PlantNames(view.registry.plants)
    labels: dict[str, str] = {}
    called: dict[str, str] = {}
    clips: dict[str, list[Any]] = defaultdict(list)
    query = (
        select(
            PLACES.c.plant_claimed,
            func.count(PLACES.c.footage.distinct()),
            func.min(PLACES.c.published),
            func.max(PLACES.c.published),
        )
        .where(PLACES.c.plant_claimed.is_not(None))
        .group_by(PLACES.c.plant_claimed)
        .order_by(PLACES.c.plant_claimed)
    )
    for row in view.session.execute(query):
        called[row[0]] = labels.setdefault(names.key(row[0]), names.name(row[0]))
        clips[called[row[0]]].append(row)
    words = all_words(view)
    machines = _machines(view, called, words)
    led = Membership.sighting.in_(led_to(view.recipe, tested))
    waiting = set(view.session.scalars(select(Membership.machine).where(led))) - words.keys()
    found = [
        PlantSummary(
            plant=plant,
            clips=sum(row[1] for row in rows),
            first=min((row[2] for row in rows if row[2]), default=None),
            last=max((row[3] for row in rows if row[3]), default=None),
            machines=len(machines[plant]),
            countries=dict(Counter(machines[plant].values()).most_common()),
            leads=len(waiting & machines[plant].keys()),
        )
        for plant, rows in clips.items()
    ]
    return sorted(found, key=lambda one: (-one.leads, -one.machines, one.plant))


def _machines(
    view: View, called: dict[str, str], words: dict[str, MachineOutcome]
) -> dict[str, dict[str, str]]:
    """By plant, the country of each machine; without those people settled to be none."""
    left_out = control_machines(view.session, view.recipe)
    left_out |= {id_ for id_, word in words.items() if word.said == "none"}
    query = (
        select(
            PLACES.c.plant_claimed,
            MachineRow.id,
            MachineRow.builder,
            SightingRow.origin,
            SightingRow.origin_basis,
        )
        .join(SightingRow, SightingRow.footage == PLACES.c.footage)
        .join(Membership, Membership.sighting == SightingRow.key)
        .join(MachineRow, MachineRow.id == Membership.machine)
        .where(PLACES.c.plant_claimed.is_not(None), found_with(MachineRow, view.recipe))
    )
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for row in view.session.execute(query):
        if row.id not in left_out:
            word = words.get(row.id)
            read = origin_of(row.builder, plate_of(row), view.registry)
            country = read if word is None else word.origin
            there = found[called[row.plant_claimed]]
            there[row.id] = country or there.get(row.id, "")
    return found
