"""The rest of footage: asked for by a person, looked at, and put in place of the earlier look.

Verdicts, draws and decisions name a sighting by its key. So a sighting that is found again keeps
its name, and one that is not found again stays. What is new gets a name that was never used.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from itertools import chain

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.settings import Depth
from detector.types import Survey
from evidence.case.base import found_with
from evidence.case.case import Case
from evidence.case.flags import find_flags
from evidence.case.rows import (
    PARTS,
    Row,
    Rows,
    insert_rows,
    read_rows,
    record_survey,
    stored_rows,
    survey_rows,
)
from evidence.case.sighting_tables import (
    AnalysisRow,
    Decision,
    Derived,
    Flag,
    MachineRow,
    Membership,
    ReadingRow,
    ShotRow,
    SightingRow,
    Verdict,
    sighting_key,
)
from evidence.case.tables import Draw, Location, Recipe, Work
from evidence.case.work_queue import ASIDE, UPLOADED, WAITING, WHOLE
from evidence.link.sightings import overlap

SAME_BOX = 0.5  # least IoU of two sightings at one time for them to be one
SAME_TIME = Fraction(1, 4)  # seconds; half of the usual distance of two looks


def depth_of(work: Work) -> Depth:
    """How much is looked at: an upload as a clip by itself, more if a person asked for it."""
    return "whole" if work.priority >= WHOLE else "clip" if work.priority >= UPLOADED else "set"


def ask_whole(session: Session, recipe: Recipe, footage: str) -> bool:
    """Puts one path of the footage back on the list, to be looked at wholly; False: has none."""
    lies = select(Location.path).where(Location.footage == footage)
    mine = select(Work.path).where(found_with(Work, recipe), Work.path.in_(lies))
    path = session.scalar(mine.order_by(Work.state == ASIDE, Work.path).limit(1))
    session.execute(
        update(Work)
        .where(found_with(Work, recipe), Work.path == path)
        .values(state=WAITING, priority=WHOLE, tries=0, kind=None, reason=None)
        .values(changed=datetime.now(UTC))
    )
    return path is not None


def is_asked(session: Session, recipe: Recipe, footage: str) -> bool:
    """Whether the rest of the footage waits to be looked at."""
    waits = (Work.state == WAITING) & (Work.priority == WHOLE) & (Location.footage == footage)
    there = exists().where(found_with(Work, recipe), Work.path == Location.path, waits)
    return bool(session.scalar(select(there)))


def replace_survey(
    session: Session, case: Case, survey: Survey, registry: Registry, run: str | None = None
) -> str:
    """Stores a survey of all the footage in place of an earlier look; returns the analysis' id.
    Args, Raises: as of `record_survey`, which stores it if there was no earlier look."""
    rows = survey_rows(survey, registry)
    key: str = rows.analysis["id"]
    if session.get(AnalysisRow, key) is None:
        return record_survey(session, case, survey, registry, run)
    earlier = stored_rows(session, key)
    flags = find_flags(survey, registry)
    names, kept = _names(session, earlier, rows)
    _rename(rows, flags, names)
    _keep(rows, earlier, kept)
    flags += [
        {name: row[name] for name in ("sighting", "kind", "pts", "priority", "reason")}
        for row in read_rows(session, Flag, (Flag.analysis == key) & Flag.sighting.in_(kept))
    ]
    # Machines with one of these sightings are worked out again, with all that ties them.
    keys = [row["key"] for row in earlier.parts[SightingRow]]
    mine = select(Membership.machine).where(Membership.sighting.in_(keys))
    machines = list(session.scalars(mine))
    session.execute(delete(Membership).where(Membership.machine.in_(machines)))
    session.execute(delete(MachineRow).where(MachineRow.id.in_(machines)))
    tables: tuple[type[Derived], ...] = (*PARTS, Flag)
    for table in tables:
        session.execute(delete(table).where(table.analysis == key))
    insert_rows(session, case, survey, rows, flags, run)
    return key


def _names(session: Session, earlier: Rows, rows: Rows) -> tuple[dict[str, str], set[str]]:
    """What each new sighting is called, and which of the earlier ones stay beside them."""
    before, now = earlier.parts[SightingRow], rows.parts[SightingRow]
    likeness = {(a["name"], b["name"]): _likeness(a, b) for a in before for b in now}
    alike = [pair for pair, like in likeness.items() if like >= SAME_BOX]
    pairs = sorted(alike, key=lambda pair: (-likeness[pair], pair))
    names: dict[str, str] = {}
    for old, new in pairs:
        if new not in names and old not in names.values():
            names[new] = old
    last = max((int(row["name"][1:]) for row in before), default=0)
    for row in now:
        if row["name"] not in names:
            last += 1
            names[row["name"]] = f"m{last}"
    # One track may now be what were two; what nobody has spoken of goes into it.
    absorbed = {old for old, _ in pairs} - _spoken_of(session, before)
    return names, {row["name"] for row in before} - set(names.values()) - absorbed


def _likeness(a: Row, b: Row) -> float:
    """The best IoU of two sightings at one time."""
    if a["first"] > b["last"] + SAME_TIME or b["first"] > a["last"] + SAME_TIME:
        return 0.0
    shown = [(Fraction(pts), box) for pts, *box, _ in b["track"]]
    return max(
        (
            overlap(tuple(box), tuple(other))
            for pts, *box, _ in a["track"]
            for at, other in shown
            if abs(at - Fraction(pts)) <= SAME_TIME
        ),
        default=0.0,
    )


def _spoken_of(session: Session, sightings: list[Row]) -> set[str]:
    """Those on which there is a verdict or a decision, and those that were drawn."""
    names = {row["key"]: row["name"] for row in sightings}
    keys = list(names)
    said = [select(Verdict.sighting).where(Verdict.sighting.in_(keys))]
    said += [select(Draw.sighting).where(Draw.sighting.in_(keys))]
    said += [select(side).where(side.in_(keys)) for side in (Decision.a, Decision.b)]
    return {names[key] for query in said for key in session.scalars(query) if key is not None}


def _rename(rows: Rows, flags: list[Row], names: dict[str, str]) -> None:
    """Gives the new sightings their names, wherever they stand."""
    for row in rows.parts[SightingRow]:
        row["name"] = names[row["name"]]
        row["key"] = sighting_key(rows.analysis["id"], row["name"])
    for row in chain(flags, *rows.parts.values()):
        if "sighting" in row:
            row["sighting"] = names.get(row["sighting"], row["sighting"])


def _keep(rows: Rows, earlier: Rows, names: set[str]) -> None:
    """Adds earlier sightings to the new rows, with all that was kept of them."""
    shots = rows.parts[ShotRow]
    for table, part in earlier.parts.items():
        if table is SightingRow:
            for row in part:
                if row["name"] in names:
                    pts = row["pts"]
                    near = min(shots, key=lambda shot: max(shot["pts"] - pts, pts - shot["end"], 0))
                    rows.parts[table].append(row | {"shot": near["number"]})
        else:
            rows.parts[table] += [row for row in part if row.get("sighting") in names]
    for number, row in enumerate(rows.parts[ReadingRow]):
        row["number"] = number
