"""What confirmed machines rest on: pictures, footage, sources, readings, verdicts."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from fractions import Fraction
from typing import Any, NamedTuple

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from datasets.entry import Entry
from datasets.places import country_name
from datasets.provenance import in_words, provenance_of
from datasets.registry import Registry
from evidence.answer.population import CountedMachine, confirmed
from evidence.browse.search import name_footage
from evidence.case.case import Case
from evidence.case.places import lay_at, places_of
from evidence.case.sighting_tables import Membership, SightingRow, StillRow, Verdict
from evidence.case.tables import Correction, FootageRow, Item
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.clip.record import spell
from evidence.clip.tables import clock
from evidence.link.sightings import chunks
from evidence.review.standing import confirms
from evidence.spelling import PlantNames, fold

Line = tuple[str, tuple[str, ...]]
"""A row of an exhibit's table: what it tells, and that in one line or several."""


class Word(NamedTuple):
    """A verdict beside an exhibit. `signed` says in words how its author was known."""

    number: int
    author: str
    says: str
    digest: str
    made: str
    note: str | None
    signed: str


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a confirmed machine rests on. pictures: each by what it shows, its SHA-256 and as a
    data URI, None where its file is gone or no longer what it was. stated: sources name the plant.
    trace: where it is followed back to."""

    machine: str
    name: str
    plant: str
    stated: bool
    pictures: tuple[tuple[str, str, str | None], ...]
    trace: tuple[Line, ...]
    verdicts: tuple[Word, ...]


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
        builder: that people settled on. sighting: what was judged; None if entered by hand.
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
    """The plants that sources name, with the ways they write it if none uses the registry's."""
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
        names = ", ".join(_name(one, registry) for one in others)
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


MOST_PICTURES = 2

PLATED = "builder unknown, origin from the plate"
SEVERAL = "verdicts name several builders"

SIGNED = {
    LOGIN: "logged in",
    NAMED: "a name the server was started with",
    COMMAND: "a name given on the command line",
    None: "how they signed in was not kept",
}
"""How the author of a verdict was known, in words."""


def gather(
    case: Case, session: Session, machines: Iterable[CountedMachine], registry: Registry
) -> list[Exhibit]:
    """An exhibit for each confirmed machine of the kind asked for, in order of plant."""
    found = sorted(filter(confirmed, machines), key=lambda one: (one.plant, one.id))
    return [_exhibit(case, session, one, registry) for one in found]


def _exhibit(case: Case, session: Session, machine: CountedMachine, registry: Registry) -> Exhibit:
    alone = machine.id if machine.entered else machine.unlinked
    keys = sightings_of(session, machine.id) if alone is None else [alone]
    verdicts = _verdicts(session, keys)
    if machine.entered:
        said = [one.before.get("said") or {} for one in verdicts]
        kept = [("frame", still, "jpg") for one in said if (still := one.get("still"))][:1]
        made = {one["made"] for one in said if one.get("made") is not None}
        footage, ((pts, _), *_) = machine.views[0]
        way = trace(
            session, Shown(footage, pts), machine.builder, registry,
            made=made.pop() if len(made) == 1 else None,
        )  # fmt: skip
    else:
        # Of the footage asked about: a picture of another year or plant bears out nothing here.
        seen_in = [one for one, _ in machine.views]
        row = judged_sighting(session, keys, machine.builder, seen_in)
        stills = list(_stills_of(session, row).items())[:MOST_PICTURES]
        kept = [(role, still.sha256, still.suffix) for role, still in stills]
        shown = Shown(row.footage, row.pts, row.file, row.first, row.last)
        way = trace(session, shown, machine.builder, registry, row, seen_in)
    name = machine.builder or (SEVERAL if machine.conflict else PLATED)
    return Exhibit(
        machine=machine.id,
        name=_name(name, registry),
        plant=machine.plant,
        stated=machine.stated,
        pictures=tuple(_as_data(case, *one) for one in kept),
        trace=way,
        verdicts=tuple(
            Word(
                one.number,
                one.author,
                _verdict_says(one, registry),
                one.digest,
                f"{one.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
                one.note,
                SIGNED.get(one.signed, SIGNED[None]),
            )
            for one in verdicts
        ),
    )


def _verdicts(session: Session, keys: Sequence[str]) -> list[Verdict]:
    """All that was said of some sightings, in order."""
    found: list[Verdict] = []
    for part in chunks(keys):
        found += session.scalars(select(Verdict).where(Verdict.sighting.in_(part)))
    return sorted(found, key=lambda one: one.number)


def _name(builder: str, registry: Registry) -> str:
    return registry.get(builder).name if builder in registry else builder


def _verdict_says(verdict: Verdict, registry: Registry) -> str:
    """What a verdict says, in the log's own words: among those on a confirmed machine are some
    that say otherwise, and some that were taken back."""
    words = verdict.verdict
    if verdict.builder is not None:
        words += f" ({_name(verdict.builder, registry)})"
    return words if verdict.supersedes is None else f"{words}, in place of {verdict.supersedes}"


def sightings_of(session: Session, machine: str) -> Sequence[str]:
    """The keys of a machine's sightings, in order."""
    return session.scalars(
        select(Membership.sighting)
        .where(Membership.machine == machine)
        .order_by(Membership.sighting)
    ).all()


def judged_sighting(
    session: Session, keys: Iterable[str], builder: str | None, footage: Collection[str]
) -> SightingRow:
    """The sighting that a confirmed machine rests on: the surest of those that people settled as
    its builder's. What was linked to it shows what nobody judged, and may be another machine.

    Args:
        keys: of the machine's sightings, at least one.
        builder: that people settled on; None where they accepted a plate, or name several.
        footage: that is asked about (SHA-256), of at least one of them.
    """
    best: tuple[bool, bool, str, float, str] | None = None
    for part in chunks(sorted(keys)):
        query = (
            select(
                SightingRow.key,
                SightingRow.footage,
                SightingRow.grade,
                SightingRow.probability,
                Item.outcome,
                Item.builder,
            )
            .outerjoin(Item, and_(Item.sighting == SightingRow.key, Item.state == "settled"))
            .where(SightingRow.key.in_(part))
        )
        for key, lies, grade, probability, outcome, named in session.execute(query):
            if lies not in footage:
                continue
            said = confirms(outcome, named)
            rank = not (said and named == builder), not said, grade, -probability, key
            best = min(best or rank, rank)
    assert best is not None
    return session.scalars(select(SightingRow).where(SightingRow.key == best[-1])).one()


def judged_stills(session: Session, machine: CountedMachine) -> dict[str, StillRow]:
    """The pictures, by what they show, of the sighting that a confirmed machine, linked to others,
    rests on, as `judged_sighting` takes them."""
    keys, footage = sightings_of(session, machine.id), [one for one, _ in machine.views]
    return _stills_of(session, judged_sighting(session, keys, machine.builder, footage))


def _stills_of(session: Session, sighting: SightingRow) -> dict[str, StillRow]:
    stills = session.scalars(
        select(StillRow)
        .where(StillRow.analysis == sighting.analysis, StillRow.sighting == sighting.name)
        .order_by(StillRow.role)
    )
    return {still.role: still for still in stills}


def _as_data(case: Case, role: str, sha256: str, suffix: str) -> tuple[str, str, str | None]:
    content = case.read_still(sha256, suffix)
    if content is None:
        return role, sha256, None
    kind = "png" if suffix == "png" else "jpeg"
    return role, sha256, f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
