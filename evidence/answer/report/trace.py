"""Where what a confirmed machine rests on can be followed back to: footage, sources, readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from datasets.entry import Entry
from datasets.places import country_name
from datasets.provenance import in_words, provenance_of
from datasets.registry import Registry
from evidence.browse.search import name_footage
from evidence.case.places import lay_at, places_of
from evidence.case.sighting_tables import SightingRow
from evidence.case.tables import Correction, FootageRow
from evidence.clip.record import spell
from evidence.clip.tables import clock
from evidence.spelling import PlantNames, fold

Line = tuple[str, tuple[str, ...]]
"""A row of an exhibit's table: what it tells, and that in one line or several."""

READ = ("wordmark", "series", "plate", "mirrored")
"""Evidence that is text, read on the machine itself."""

MOST_FURTHER = 5
"""Further footage that an exhibit names; of more it says how many there are."""


class Shown(NamedTuple):
    """What an exhibit shows of footage: which, when, of a folder in which picture, and, where it
    was followed, from when to when."""

    footage: str
    pts: Fraction
    file: str | None = None
    first: Fraction | None = None
    last: Fraction | None = None


def shown_by(sighting: SightingRow) -> Shown:
    """Where a sighting is best seen."""
    return Shown(sighting.footage, sighting.pts, sighting.file, sighting.first, sighting.last)


def trace(
    session: Session,
    shown: Shown,
    builder: str | None,
    registry: Registry,
    sighting: SightingRow | None = None,
    further: Iterable[str] = (),
    made: str | None = None,
) -> tuple[Line, ...]:
    """A machine's way back, in the order in which somebody goes it.

    Args:
        builder: that people settled on, if they did.
        sighting: what was judged; None for what was entered by hand.
        further: other footage (SHA-256) that shows the machine.
        made: the country in which this very machine was built, as people say.
    """
    others = sorted({*further} - {shown.footage})
    places = places_of(session, [shown.footage, *others])
    names = name_footage(session, places)
    here = places.get(shown.footage, [])
    lines = [
        ("footage", _files(here, names.get(shown.footage))),
        ("SHA-256", (shown.footage,)),
        ("shown", _when(session.get(FootageRow, shown.footage), shown)),
        *_claims(session, shown.footage, here, PlantNames(registry.plants)),
        ("read on it", _read(sighting, builder, registry) if sighting is not None else ()),
        *_origins(registry.get(builder) if builder and builder in registry else None),
        ("origin, by its plate", _plate(sighting)),
        ("this machine built in", (f"{country_name(made)}, as people say",) if made else ()),
        ("also in", _further(others, names)),
    ]
    return tuple((label, tuple(map(spell, told))) for label, told in lines if told)


def _files(places: Sequence[Row[Any]], name: str | None) -> tuple[str, ...]:
    """Where the footage lies, as listed; what is held by the case by the name that it came with."""
    if not places:
        return ("lies nowhere any more",)
    told = [f"{name or place.path} (uploaded)" for place in places if place.held]
    told += [
        lay_at(place.path, place.unread) if place.former else place.path
        for place in places
        if not place.held
    ]
    return tuple(dict.fromkeys(told))


def _when(footage: FootageRow | None, shown: Shown) -> tuple[str, ...]:
    """When in the footage; a photograph has no time."""
    if shown.file is not None:
        return (f"in the picture {shown.file}",)
    if footage is not None and footage.kind != "video":
        return ()
    told = f"at {clock(float(shown.pts))}"
    if shown.first is None or shown.last is None or shown.first == shown.last:
        return (told,)
    return (f"{told}; seen {clock(float(shown.first))} - {clock(float(shown.last))}",)


def _claims(
    session: Session, footage: str, places: Sequence[Row[Any]], writings: PlantNames
) -> Iterator[Line]:
    """What sources say of where the footage came from, and who the sources are."""

    def said(claim: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(told for one in places if (told := getattr(one, claim))))

    yield "publisher", said("publisher") or ("not told",)
    yield "address", said("origin_url") or ("not told",)
    yield "published", said("published") or ("not told",)
    yield "plant", _plants(said("plant_claimed"), writings) or ("no source names one",)
    yield "sources' note", said("note")
    told = [line for one in places for line in _sources(one.provenance or {})]
    put_right = session.execute(
        select(Correction.author, Correction.claim)
        .where(Correction.footage == footage)
        .order_by(Correction.made, Correction.claim)
    )
    told += [
        f"{CLAIM_WORDS.get(claim, claim)} put right by {author}" for author, claim in put_right
    ]
    yield "says who", tuple(dict.fromkeys(told)) or ("neither a list nor an upload",)


def _plants(written: Sequence[str], writings: PlantNames) -> tuple[str, ...]:
    """The plants that sources name; where none writes the name by which one is told, as they do."""
    told = []
    for plant in writings.once(written):
        ways = [one for one in written if writings.key(one) == fold(plant)]
        if all(fold(one) != fold(plant) for one in ways):
            plant += f" (written {', '.join(f'“{one}”' for one in ways)})"
        told.append(f"{plant}: as the footage's sources claim, which nobody confirmed")
    return tuple(told)


CLAIM_WORDS = {"origin_url": "address", "plant_claimed": "plant"}
"""Claims that are called otherwise in the table."""


def _sources(provenance: Mapping[str, Any]) -> Iterator[str]:
    """The lists and people that a provenance names."""
    for one in (provenance, *provenance.get("earlier", ())):
        if (one or {}).get("list"):
            line = one.get("line")
            yield f"list {one['list']}" + (f", line {line}" if line else "")
        for upload in (one or {}).get("uploads", ()):
            yield f"uploaded by {upload.get('author')}, {str(upload.get('made'))[:10]}"


def _read(sighting: SightingRow, builder: str | None, registry: Registry) -> tuple[str, ...]:
    """The texts that count in the attribution, the surest first, each once, with the others
    than the settled builder whose mark it is too."""
    marks: dict[str, list[str]] = {}
    for part in sighting.evidence:
        plate = part["kind"] == "plate"
        if part["kind"] in READ and part["text"] and (plate or part["weight"] > 0):
            said = f"“{part['text']}”" + (" on a plate" if plate else "")
            marks.setdefault(said, []).extend([part["id"]] if part["id"] else [])
    told = []
    for said, ids in marks.items():
        others = [one for one in dict.fromkeys(ids) if one != builder]
        names = ", ".join(registry.get(one).name if one in registry else one for one in others)
        also = "also a mark of" if builder in ids else "a mark of"
        told.append(f"{said} ({also} {names})" if names else said)
    return tuple(told) or ("nothing that counts for a builder",)


def _plate(sighting: SightingRow | None) -> tuple[str, ...]:
    if sighting is None or sighting.origin_basis != "plate" or not sighting.origin:
        return ()
    return (country_name(sighting.origin),)


def _origins(entry: Entry | None) -> Iterator[Line]:
    """What the registry knows of a builder's home, owner, production, or of a seller's makers:
    separate facts, merged nowhere."""
    if entry is None:
        return
    home = country_name(entry.origin)
    if entry.type == "rebadger":
        yield "seller's home", (f"{home}: the seller's, not the machine's",)
        yield "made for the seller in", _countries(maker.country for maker in entry.makers)
    else:
        yield "builder's home", (home,)
    owner = entry.owner
    told = f"{owner.name}, {country_name(owner.country)}" if owner else "none on record"
    yield "owner", (told,)
    if entry.production:
        yield "such machines made in", _countries(entry.production)
    found = provenance_of(entry)
    yield "how sure of the builder", in_words(found.says, found.sources)


def _countries(codes: Iterable[str]) -> tuple[str, ...]:
    names = list(dict.fromkeys(map(country_name, codes)))
    return (", ".join(names) if names else "not on record",)


def _further(footage: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    told = [f"{names.get(one, 'lies nowhere any more')}, {one}" for one in footage[:MOST_FURTHER]]
    more = len(footage) - MOST_FURTHER
    return (*told, f"and {more} more") if more > 0 else tuple(told)
