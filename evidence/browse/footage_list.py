"""The footage of a case: searched and filtered, by the first place it lies at, a page at a time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from datasets.registry import Registry
from evidence.browse.search import (
    SOME,
    Key,
    called,
    holds,
    in_order,
    key,
    lying,
    name_footage,
    of_plant,
    published,
    read_in,
    text,
    write_cursor,
)
from evidence.browse.shapes import Page, Said, Shape
from evidence.browse.sightings import footage_of
from evidence.case.base import ExactText
from evidence.case.places import corrected, first_said, places_of, plants_named
from evidence.case.sighting_tables import AnalysisRow, Copy, SightingRow, StillRow
from evidence.case.tables import CLAIMS, FootageRow, FormerPlace, Location, Recipe
from evidence.link.sightings import chunks
from evidence.spelling import PlantNames


class FootageSummary(Shape):
    """One footage in a list.

    - `name`, `path`: of its first place; `path` is null where none is known.
    - `lies`: it is still there; otherwise the place has another file, or one not read yet.
    - `publisher`, `published`, `plant_claimed`, `origin_url`: of the first place with any claim.
    - `width`, `height`: in pixels, null for a folder.
    - `looked_at`: by this recipe. `looked_otherwise`: only by others, whose finds are not shown.
    - `frames_decoded`: of the `frames_expected` asked for, out of `frames_total`; null until then.
    - `plants`: all that places and uploads name; several contradict each other.
    - `grades`: its sightings by grade. `still`: a picture of the surest.
    - `copies`: footages that show the same recording.
    """

    sha256: str
    name: Said
    path: Said | None
    lies: bool
    kind: str
    container: str
    codec: str | None
    width: int | None
    height: int | None
    seconds: float | None
    size: int
    publisher: Said | None
    published: Said | None
    plant_claimed: Said | None
    origin_url: Said | None
    plants: list[Said]
    looked_at: bool
    looked_otherwise: bool
    frames_expected: int | None
    frames_decoded: int | None
    frames_total: int | None
    sightings: int
    grades: dict[str, int]
    copies: int
    still: str | None


@dataclass(frozen=True)
class FootageFilter:
    """What footage is searched by; None: any.

    name: words in its path or upload name. plant, publisher, text: words in them; a plant is
    found by each of its names. since, until: of publication. machines: whether it has any.
    """

    name: str | None = None
    plant: str | None = None
    publisher: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None
    machines: bool | None = None


def list_footage(
    session: Session,
    recipe: Recipe,
    registry: Registry,
    wanted: FootageFilter,
    after: str | None = None,
    limit: int = 50,
) -> Page[FootageSummary]:
    """The footage asked for, by path.

    Footage at several places stands at the first. Footage that is nowhere any more stands at
    the first former place, or before all others.

    Raises:
        UsageError: `after` is no cursor of this list.
    """
    conditions = _conditions(session, wanted, recipe, registry)
    # Each kind by itself is read off an index as far as a page goes.
    parts = []
    for path, query in _listed():
        keys = [Key(path, text), Key(FootageRow.sha256.expression, key)]
        part = query.where(*conditions).with_only_columns(
            path.label("path"), FootageRow.sha256.label("sha256")
        )
        parts.append(select(in_order(part, keys, after, limit).subquery()))
    every = union_all(*parts).subquery()
    order = select(every).order_by(every.c.path, every.c.sha256).limit(limit + 1)
    rows = session.execute(order).all()
    return Page(
        items=_describe(
            session, [(row.path, row.sha256) for row in rows[:limit]], recipe, registry
        ),
        next=write_cursor([*rows[limit - 1]]) if len(rows) > limit else None,
    )


def _listed() -> Iterator[tuple[ColumnElement[str], Select[Any]]]:
    """The footage that lies somewhere, that only lay somewhere, and that has no known place.

    Each with its position in the list.
    """
    lies = exists(select(Location.path).where(Location.footage == FootageRow.sha256))
    lay = exists(select(FormerPlace.path).where(FormerPlace.footage == FootageRow.sha256))
    kinds: tuple[tuple[type[Location] | type[FormerPlace], list[ColumnElement[bool]]], ...]
    kinds = (Location, []), (FormerPlace, [~lies])
    for model, conditions in kinds:
        other: Any = aliased(model)
        earlier = exists(
            select(other.path).where(other.footage == model.footage, other.path < model.path)
        )
        query = select(FootageRow).join(model, model.footage == FootageRow.sha256)
        yield model.path.expression, query.where(~earlier, *conditions)
    yield literal("", ExactText()), select(FootageRow).where(~lies, ~lay)


def _conditions(
    session: Session, wanted: FootageFilter, recipe: Recipe, registry: Registry
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    places = published(wanted.since, wanted.until)
    if wanted.plant:
        places.append(of_plant(session, registry, wanted.plant))
    if wanted.publisher:
        places.append(holds(SOME.publisher, wanted.publisher))
    if wanted.name:
        brought = SOME.footage.in_(called(wanted.name))
        places.append(or_(holds(SOME.path, wanted.name), brought))
    if places:
        found.append(FootageRow.sha256.in_(lying(places)))
    if wanted.machines is not None:
        some = _some_sighting(recipe)
        found.append(some if wanted.machines else ~some)
    if wanted.text:
        found.append(FootageRow.sha256.in_(read_in(recipe, wanted.text)))
    return found


def _some_sighting(recipe: Recipe) -> ColumnElement[bool]:
    return exists(
        select(SightingRow.name)
        .join(AnalysisRow, AnalysisRow.id == SightingRow.analysis)
        .where(
            AnalysisRow.footage == FootageRow.sha256,
            AnalysisRow.model == recipe.model,
            AnalysisRow.settings == recipe.settings,
        )
    )


def _describe(
    session: Session, rows: Sequence[tuple[str, str]], recipe: Recipe, registry: Registry
) -> list[FootageSummary]:
    hashes = [sha256 for _, sha256 in rows]
    of = footage_of(session, hashes)
    analyses: dict[str, str] = {}
    frames: dict[str, tuple[int, int, int]] = {}
    for part in chunks(hashes):
        query = select(
            AnalysisRow.footage,
            AnalysisRow.id,
            AnalysisRow.frames_expected,
            AnalysisRow.frames_decoded,
            AnalysisRow.frames_total,
        ).where(
            AnalysisRow.footage.in_(part),
            AnalysisRow.model == recipe.model,
            AnalysisRow.settings == recipe.settings,
        )
        for footage, id_, *counted in session.execute(query):
            analyses[footage], frames[footage] = id_, (counted[0], counted[1], counted[2])
    others = ever_looked_at(session, [one for one in hashes if one not in analyses])
    grades, stills = _found(session, list(analyses.values()))
    copies = _copies(session, hashes, recipe)
    places = places_of(session, hashes)
    names = name_footage(session, places)
    settled = corrected(session, [one.path for some in places.values() for one in some])
    writings = PlantNames(registry.plants)
    return [
        FootageSummary(
            sha256=footage.sha256,
            name=names.get(footage.sha256, footage.sha256[:12]),
            path=path or None,
            lies=any(not one.former for one in places[footage.sha256]),
            kind=footage.kind,
            container=footage.container,
            codec=footage.codec,
            width=(footage.frame or (None, None))[0],
            height=(footage.frame or (None, None))[1],
            seconds=footage.seconds,
            size=footage.size,
            **{claim: first_said(places[footage.sha256], claim) for claim in CLAIMS[:4]},
            plants=plants_named(places[footage.sha256], settled, writings),
            looked_at=footage.sha256 in analyses,
            looked_otherwise=footage.sha256 in others,
            frames_expected=frames.get(footage.sha256, (None,) * 3)[0],
            frames_decoded=frames.get(footage.sha256, (None,) * 3)[1],
            frames_total=frames.get(footage.sha256, (None,) * 3)[2],
            sightings=sum(grades.get(analyses.get(footage.sha256, ""), {}).values()),
            grades=grades.get(analyses.get(footage.sha256, ""), {}),
            copies=copies.get(footage.sha256, 0),
            still=stills.get(analyses.get(footage.sha256, "")),
        )
        for path, sha256 in rows
        for footage in (of[sha256],)
    ]


def ever_looked_at(session: Session, hashes: Sequence[str]) -> set[str]:
    """Those of the footages that were looked at, with whatever model and settings."""
    found: set[str] = set()
    for part in chunks(hashes):
        query = select(AnalysisRow.footage).where(AnalysisRow.footage.in_(part)).distinct()
        found.update(session.scalars(query))
    return found


def _found(
    session: Session, analyses: Sequence[str]
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """By analysis: how many sightings of each grade, and a picture of the surest."""
    grades: dict[str, Counter[str]] = defaultdict(Counter)
    surest: dict[str, tuple[tuple[str, float, str], str]] = {}
    for part in chunks(analyses):
        query = (
            select(
                SightingRow.analysis,
                SightingRow.grade,
                SightingRow.confidence,
                SightingRow.name,
                StillRow.sha256,
            )
            .outerjoin(
                StillRow,
                and_(
                    StillRow.analysis == SightingRow.analysis,
                    StillRow.sighting == SightingRow.name,
                    StillRow.role == "best",
                ),
            )
            .where(SightingRow.analysis.in_(part))
        )
        for row in session.execute(query):
            grades[row.analysis][row.grade] += 1
            rank = (row.grade, -row.confidence, row.name)
            known = surest.get(row.analysis)
            if row.sha256 is not None and (known is None or rank < known[0]):
                surest[row.analysis] = (rank, row.sha256)
    counted = {analysis: dict(sorted(found.items())) for analysis, found in grades.items()}
    return counted, {analysis: sha256 for analysis, (_, sha256) in surest.items()}


def _copies(session: Session, hashes: Sequence[str], recipe: Recipe) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(hashes):
        for mine in (Copy.a, Copy.b):
            query = (
                select(mine, func.count())
                .where(
                    mine.in_(part),
                    Copy.model == recipe.model,
                    Copy.settings == recipe.settings,
                )
                .group_by(mine)
            )
            for footage, number in session.execute(query):
                found[footage] = found.get(footage, 0) + number
    return found
