"""Where footage lies and lay, and what lists, uploads and people say of its source.

Claims about footage stay with its bytes. Where another file comes to lie at its path, path and
claims are kept as a former place. A correction by a person stays, whatever a later list says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Row, Select, false, func, select, true, union_all
from sqlalchemy.orm import Session

from datasets.errors import FootageError, UsageError
from detector.footage.files import known_footage
from detector.types import Footage, FootageKind
from evidence.case.base import chunks, values_of
from evidence.case.case import Case
from evidence.case.tables import CLAIMS, UNREAD, Correction, FootageRow, FormerPlace, Location
from evidence.spelling import PlantNames

_SAID = (*CLAIMS, "provenance")


def _select(table: Any, held: Any, former: Any, unread: Any) -> Select[Any]:
    facts = {"held": held, "former": former, "unread": unread}
    columns = [getattr(table, name) for name in ("footage", "path", *_SAID)]
    return select(*columns, *(fact.label(name) for name, fact in facts.items()))


PLACES = union_all(
    _select(Location, Location.held, false(), false()).where(Location.footage.is_not(None)),
    _select(FormerPlace, false(), true(), Location.footage.is_(None)).join(
        Location, Location.path == FormerPlace.path
    ),
).subquery("places")
"""Each place of each footage with what was claimed there. `former`: another file lies there now;
`unread`: a changed file that may be another lies there."""


def places_of(session: Session, hashes: Iterable[str]) -> dict[str, list[Row[Any]]]:
    """By footage its places (rows of `PLACES`): those where it lies first, in order of path."""
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for some in chunks(sorted(set(hashes))):
        query = select(PLACES).where(PLACES.c.footage.in_(some))
        for row in session.execute(query.order_by(PLACES.c.former, PLACES.c.path)):
            found[row.footage].append(row)
    return found


def unchanged(session: Session, case: Case, sha256: str) -> Iterator[tuple[Location, Footage]]:
    """The places where footage still lies as it was hashed, those the case holds first.

    Size and, where known, time are as they were: hashing gigabytes would take too long. A place
    from a pack counts once a sweep has read it.
    """
    query = (
        select(Location, FootageRow)
        .join(FootageRow, FootageRow.sha256 == Location.footage)
        .where(Location.footage == sha256, Location.mtime_ns.is_distinct_from(UNREAD))
        .order_by(Location.held.desc(), Location.path)
    )
    for place, row in session.execute(query).all():
        with suppress(FootageError, OSError):
            path, kind = case.find(place.path), cast(FootageKind, row.kind)
            footage = known_footage(path, sha256, kind, row.container)
            states = [file.stat() for file in footage.files or (footage.path,)]
            # The case's own files are put in place once more by whoever brings them again.
            timed = not place.held and kind != "stills" and place.mtime_ns is not None
            same = not timed or states[0].st_mtime_ns == place.mtime_ns
            if same and sum(state.st_size for state in states) == row.size:
                yield place, footage


def first_said(places: Iterable[Row[Any]], claim: str) -> str | None:
    """What is claimed at the first of some places at which anything is."""
    return next((said for one in places if (said := getattr(one, claim)) is not None), None)


def lay_at(path: str, unread: bool) -> str:
    """What the pages show of a former place."""
    if unread:
        return f"lay at {path}; what lies there now was not read yet, or could not be"
    return f"lay at {path}, where another file lies now"


def leave(session: Session, place: Location) -> None:
    """Forgets what lies at a place, and keeps what is known of it as a former place."""
    if place.footage is None:
        return  # what was said there was said of bytes that nobody has read yet
    former = values_of(place, "path", "footage", *_SAID) | {"until": datetime.now(UTC)}
    session.merge(FormerPlace(**former))
    for name in ("footage", *_SAID):
        setattr(place, name, None)


def come_back(session: Session, path: str, footage: str) -> dict[str, Any]:
    """What was known of footage that lies at a path again, where nothing else is said there."""
    former = session.get(FormerPlace, (path, footage))
    if former is None:
        return {}
    known = unsaid(session.get_one(Location, path), former)
    session.delete(former)
    session.flush()
    return known


def unsaid(place: Location, other: Location | FormerPlace) -> dict[str, Any]:
    """What another place claims, by column, where this one claims nothing."""
    open_ = [name for name in _SAID if getattr(place, name) is None]
    known = {name: said for name in open_ if (said := getattr(other, name)) is not None}
    if known and place.provenance and other.provenance:
        known["provenance"] = with_earlier(place.provenance, other.provenance)
    return known


def with_earlier(new: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    """Provenance with what was known before under `earlier`: each source in its own words."""
    all_ = [new, *new.get("earlier", ()), *([before, *before.get("earlier", ())] if before else [])]
    own, *rest = [{k: v for k, v in one.items() if k != "earlier"} for one in all_]
    earlier = [one for number, one in enumerate(rest) if one not in (own, *rest[:number])]
    return own | {"earlier": earlier} if earlier else own


def count_replaced(session: Session, since: datetime) -> int:
    """At how many paths another file was found since then."""
    query = (
        select(func.count(FormerPlace.path.distinct()))
        .join(Location, Location.path == FormerPlace.path)
        .where(FormerPlace.until >= since, Location.footage.is_not(None))
    )
    return session.scalar(query) or 0


def correct(
    session: Session, path: str, claims: Mapping[str, str | None], author: str
) -> list[Correction]:
    """Puts right what is claimed of the footage at a path; a row for each change.

    claims: what is to stand, by name (`CLAIMS`); None or nothing but spaces: nothing is known.
    Those not named stay as they are. `UsageError`: the case knows no such path, or what is named is
    no claim.
    """
    if other := sorted(set(claims) - set(CLAIMS)):
        raise UsageError(f"{', '.join(other)}: nothing that is claimed; use {', '.join(CLAIMS)}")
    place = session.scalar(select(Location).where(Location.path == path).with_for_update())
    if place is None or place.footage is None:
        raise UsageError(f"{path}: the case knows no footage there; name one of its places")
    now, rows = datetime.now(UTC), []
    for claim, said in claims.items():
        before, after = getattr(place, claim), (said or "").strip() or None
        if before != after:
            setattr(place, claim, after)
            change = {"claim": claim, "before": before, "after": after}
            known = {"path": path, "footage": place.footage, "author": author, "made": now}
            rows.append(Correction(**change, **known))
    session.add_all(rows)
    session.flush()
    return rows


def corrected(session: Session, paths: Collection[str]) -> set[tuple[str, str]]:
    """Path and name of every claim that a person has put right of what lies at these paths."""
    asked = (
        select(Correction.path, Correction.claim)
        .join(Location, Location.path == Correction.path)
        .where(Correction.path.in_(paths), Correction.footage == Location.footage)
    )
    return {(path, claim) for path, claim in session.execute(asked.distinct())}


def put_right(session: Session, path: str, footage: str) -> dict[str, str | None]:
    """What stands, by claim, of all that a person has put right of that footage at that path."""
    asked = (
        select(Correction.claim, Correction.after)
        .where(Correction.path == path, Correction.footage == footage)
        .order_by(Correction.made)
    )
    return dict(session.execute(asked).all())


def corrections(session: Session, footage: str) -> list[Correction]:
    """All corrections to what was claimed of a footage, the first first."""
    asked = select(Correction).where(Correction.footage == footage)
    order = (Correction.made, Correction.path, Correction.claim)
    return list(session.scalars(asked.order_by(*order)))


def uploaded_claims(place: Row[Any], claim: str) -> list[str]:
    """What uploads said at a place (a row of `PLACES`), in order of time."""
    said = (place.provenance or {}).get("uploads", ())
    return [one[claim] for one in said if one.get(claim)] if isinstance(said, list) else []


def claimed_plants(session: Session) -> list[str]:
    """Each way in which a place names a plant, in order."""
    claimed = PLACES.c.plant_claimed
    query = select(claimed).where(claimed.is_not(None)).distinct()
    return list(session.scalars(query.order_by(claimed)))


def plants_named(
    places: Iterable[Row[Any]], settled: Collection[tuple[str, str]], writings: PlantNames
) -> list[str]:
    """The plants that places and uploads name, each once; several: they contradict each other.

    settled: path and claim of what a person corrected; uploads there count no more.
    """
    named: list[str] = []
    for place in places:
        named += [place.plant_claimed] if place.plant_claimed else []
        if (place.path, "plant_claimed") not in settled:
            named += uploaded_claims(place, "plant_claimed")
    return writings.once(named)
