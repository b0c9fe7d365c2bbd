"""What is in a case, in numbers; who worked on it, with what, and whether they still do."""

from __future__ import annotations

import os
import secrets
import socket
from collections import Counter, defaultdict
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select, true, update
from sqlalchemy.orm import Session

from datasets.errors import SettingsError
from datasets.letters import short_name
from datasets.registry import Registry
from detector.name.homes import home_of
from detector.program import program
from detector.settings import Settings
from evidence.case.base import found_with, insert_new, values_of
from evidence.case.case import Case
from evidence.case.sighting_tables import (
    AnalysisRow,
    Copy,
    Flag,
    MachineRow,
    Membership,
    SightingRow,
    settings_key,
)
from evidence.case.tables import PLAYED, CaseRow, FootageRow, Location, Recipe, Run, Work
from evidence.case.verdicts import head
from evidence.case.work_queue import counts
from evidence.review.audit import count_scouted

GRADES = ("A", "B", "C", "U")  # `C` is never given; who reads the JSON finds it as before


def summarise(case: Case, registry: Registry, recipe: Recipe | None = None) -> dict[str, Any]:
    """A case in numbers, as plain data, of one recipe; of the one last worked with if None."""
    with case.snapshot() as session:
        recipes = _recipes(session)
        if recipe is None and recipes:
            recipe = recipes[0]
        number, digest = head(session)
        copied = select(Copy.a).union(select(Copy.b)).subquery()
        lies = exists(select(Location.path).where(Location.footage == FootageRow.sha256))
        footage = select(func.count(FootageRow.sha256), func.sum(PLAYED))
        footages, seconds = session.execute(footage).one()
        return {
            "name": case.name,
            "id": case.id,
            "folder": str(case.folder),
            "database": case.database,
            "created": session.scalars(select(CaseRow.created)).one().isoformat(),
            "footage": footages,
            "seconds": float(seconds or 0),
            "places": _count(session, Location),
            "nowhere": session.scalar(select(func.count(FootageRow.sha256)).where(~lies)),
            "manifests": _manifests(session),
            "analyses": _count(session, AnalysisRow, recipe),
            "sightings": _count(session, SightingRow, recipe),
            "machines": count_machines(session, registry, recipe),
            "copies": {
                "footage": session.scalar(select(func.count()).select_from(copied)),
                "pairs": _by_kind(session, Copy, true()),
            },
            "flags": _by_kind(session, Flag, found_with(Flag, recipe)),
            "work": [
                values_of(one, "model", "settings")
                | values_of(done, "waiting", "done", "seconds")
                | {"aside": dict(done.aside), "footage": done.footages}
                for one in recipes
                for done in [counts(session, one)]
            ],
            "verdicts": {"number": number, "digest": digest},
            "last_run": _last_run(session),
            "left_out": left_out(session),
            "scouted": count_scouted(session, recipe),
        }


def last_recipe(session: Session) -> Recipe | None:
    """The recipe that the case was last worked with; None where nothing was put on its list."""
    return next(iter(_recipes(session)), None)


def last_settings(session: Session, model: str, registry: Registry) -> Settings | None:
    """The settings of the last work, if it was with this model (its hash) and registry. None as
    well where this version knows no settings that look as it was looked then."""
    recipe = last_recipe(session)
    with suppress(SettingsError):
        if recipe and (recipe.model, recipe.registry_hash) == (model, registry.digest):
            settings = Settings.parse(recipe.values)
            if settings_key(settings.digest, registry.digest) == recipe.settings:
                return settings
    return None


def with_program(session: Session, settings: Settings, model: str, registry: Registry) -> Settings:
    """These settings, with the program that the last `sweep --anew` named, if there was one."""
    for recipe in _recipes(session):
        if (recipe.model, recipe.registry_hash) == (model, registry.digest):
            named = settings.model_copy(update={"program": recipe.values.get("program", "")})
            if settings_key(named.digest, registry.digest) == recipe.settings:
                return named
    return settings


def programs(session: Session, recipe: Recipe) -> dict[str, set[str]]:
    """By program (`detector.program`) the footage that it looked at with a recipe."""
    found: dict[str, set[str]] = defaultdict(set)
    rows = select(AnalysisRow.nameplate, AnalysisRow.footage).where(found_with(AnalysisRow, recipe))
    for looked, footage in session.execute(rows.order_by(AnalysisRow.nameplate)):
        found[looked].add(footage)
    return found


def count_other_recipes(session: Session, recipe: Recipe) -> int:
    """How many pieces of footage only other recipes looked at, and are not on this one's list."""
    places = select(Location.footage).join(Work, Work.path == Location.path)
    listed = places.where(found_with(Work, recipe), Location.footage.is_not(None))
    here = select(AnalysisRow.footage).where(found_with(AnalysisRow, recipe))
    other = AnalysisRow.footage.not_in(here.union(listed))
    return session.scalar(select(func.count(AnalysisRow.footage.distinct())).where(other)) or 0


def mostly_lost(session: Session, recipe: Recipe) -> set[str]:
    """The footage with more than half of the frames that a recipe asks for lost."""
    rows = select(AnalysisRow.footage).where(found_with(AnalysisRow, recipe))
    lost = 2 * AnalysisRow.frames_decoded < AnalysisRow.frames_expected
    return set(session.scalars(rows.where(lost)))


def _count(session: Session, table: type[Any], recipe: Recipe | None = None) -> int:
    query = select(func.count()).select_from(table).where(found_with(table, recipe))
    return session.scalar(query) or 0


def _manifests(session: Session) -> dict[str, int]:
    """Footage by what it says of itself (`detector.types.Manifest.state`), where it says any.
    "other": not what was signed."""
    found: Counter[str] = Counter()
    stated = select(FootageRow.manifest).where(FootageRow.manifest.is_not(None))
    for said in session.scalars(stated):
        found[said["state"]] += 1
        found["other"] += said["content"] == "other" or said["signature"] == "invalid"
    return {state: found[state] for state in sorted(+found) if state != "none"}


def _by_kind(
    session: Session, table: type[Flag] | type[Copy], which: ColumnElement[bool]
) -> dict[str, int]:
    kinds = select(table.kind, func.count()).where(which).group_by(table.kind).order_by(table.kind)
    return dict(session.execute(kinds).all())


def count_machines(
    session: Session,
    registry: Registry,
    recipe: Recipe | None,
    settled: Mapping[str, Any] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """The machines of a recipe (None: of all) by builder, known ones first, then the most. Unknown
    builders and sellers' badges have a row for each origin on their plates.

    settled: by machine, what people settled of it (`browse.machine_summary.MachineOutcome`), which
    goes before what was read; None: it is left out.
    """
    found: dict[tuple[str | None, str | None, bool], dict[str, Any]] = {}
    plates = _plates(session, recipe)
    sellers = registry.sellers
    machines = select(MachineRow.id, MachineRow.builder, MachineRow.grade, MachineRow.sightings)
    for id_, builder, grade, seen in session.execute(
        machines.where(found_with(MachineRow, recipe))
    ):
        if (word := settled.get(id_)) is not None:
            new = _empty_row(word.builder, word.origin, registry) | {"origin": word.origin}
            if several := word.said == "several":
                new |= {"name": "several builders", "several": True}
        elif id_ in settled:
            continue
        else:
            said = plates.get(id_, set()) if builder is None or builder in sellers else set()
            new = _empty_row(builder, min(said) if len(said) == 1 else None, registry)
            several = False
        row = found.setdefault((new["builder"], new["origin"], several), new)
        row["machines"] += 1
        row["sightings"] += seen
        row["grades"][grade] += word is None or word.agrees(builder)
        if word is not None:
            row["settled"] = row.get("settled", 0) + 1

    def order(row: dict[str, Any]) -> tuple[Any, ...]:
        return row["builder"] is None, row["origin"] is None, -row["machines"], row["name"]

    return sorted(found.values(), key=order)


def _empty_row(builder: str | None, code: str | None, registry: Registry) -> dict[str, Any]:
    """A row of the table of machines, nothing counted. A plate's country (`code`) goes first."""
    name, origin = builder or "unknown", code
    if builder is None and code is not None:
        name = "unknown, origin from the plate"
    elif builder is not None and builder in registry:
        entry = registry.get(builder)
        seller = entry.type == "rebadger"
        name = short_name(entry.name) + (" (a seller's badge)" if seller else "")
        origin = home_of(entry) if code is None else code
    return {
        "builder": builder,
        "name": name,
        "origin": origin,
        "machines": 0,
        "sightings": 0,
        "grades": dict.fromkeys(GRADES, 0),
    }


def _plates(session: Session, recipe: Recipe | None) -> dict[str, set[str]]:
    """By machine the origins that its plates tell."""
    told = (
        select(Membership.machine, SightingRow.origin)
        .join(SightingRow, SightingRow.key == Membership.sighting)
        .join(MachineRow, MachineRow.id == Membership.machine)
        .where(SightingRow.origin_basis == "plate", SightingRow.origin.is_not(None))
    )
    found: dict[str, set[str]] = defaultdict(set)
    for machine, code in session.execute(told.where(found_with(MachineRow, recipe))):
        found[machine].add(str(code))
    return found


def _recipes(session: Session) -> list[Recipe]:
    """Those with work, the one last worked with first."""
    # Work changes for every recipe where a file has changed or a pack is opened, so that alone
    # does not tell which was worked with.
    listed, begun = (
        select(func.max(when)).where(found_with(table, Recipe)).correlate(Recipe).scalar_subquery()
        for table, when in ((Work, Work.changed), (Run, Run.started))
    )
    worked = select(Recipe).where(exists().where(found_with(Work, Recipe)))
    return list(session.scalars(worked.order_by(begun.desc().nulls_last(), listed.desc())))


def left_out(session: Session) -> list[str]:
    """What the sweeps of a case met and did not look at, each once, with the reason."""
    runs = select(Run.counts).where(Run.kind == "sweep").order_by(Run.started)
    said = (message for counts in session.scalars(runs) for message in counts.get("left_out", ()))
    return list(dict.fromkeys(said))


def _last_run(session: Session) -> dict[str, Any] | None:
    run = session.scalar(select(Run).order_by(Run.started.desc()).limit(1))
    if run is None:
        return None
    times = values_of(run, "started", "beat", "ended")
    said = {name: time and time.isoformat() for name, time in times.items()}
    return {"kind": run.kind} | said | values_of(run, "outcome", "host", "pid")


def add_recipe(session: Session, model: str, settings: Settings, registry: Registry) -> Recipe:
    """The recipe of a model (its hash), settings and registry, added where it is new. Its values
    are the settings given last: limits that are not in the key may have been raised."""
    key, values = settings_key(settings.digest, registry.digest), settings.model_dump(mode="json")
    row = {"model": model, "settings": key, "registry_hash": registry.digest, "values": values}
    insert_new(session, Recipe, [row])
    recipe = session.get_one(Recipe, (model, key))
    if recipe.values != values:
        recipe.values = values
    return recipe


def begin_run(session: Session, kind: str, recipe: Recipe) -> Run:
    """Notes that this process begins to work; `kind` is `sweep`, `server` ..."""
    now = datetime.now(UTC)
    before = session.scalar(select(func.max(Run.started)))
    # The order shows which was the last, also where the clock was put back since.
    started = now if before is None else max(now, before + timedelta(microseconds=1))
    run = Run(id=secrets.token_hex(16), kind=kind, started=started, beat=now, counts={})
    run.host, run.pid, run.nameplate = socket.gethostname(), os.getpid(), program()
    run.model, run.settings = recipe.model, recipe.settings
    session.add(run)
    session.flush()
    return run


def beat(session: Session, run: Run, counts: Mapping[str, Any], outcome: str | None = None) -> None:
    """Notes that a run is still at it and how far it has come; with an `outcome`, how it ended."""
    now = datetime.now(UTC)
    news: dict[str, Any] = {"beat": now, "counts": dict(counts)}
    news |= {} if outcome is None else {"ended": now, "outcome": outcome}
    session.execute(update(Run).where(Run.id == run.id).values(news))
