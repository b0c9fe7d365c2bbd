"""The report of an answer: one HTML file that runs nothing and fetches nothing; its exhibits.

An exhibit is what a confirmed machine rests on: pictures, footage, sources, readings, verdicts.
"""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from gettext import NullTranslations
from typing import Any

from markupsafe import Markup
from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session, defer

from datasets.charts import Words, columns, stacks
from datasets.entry import Entry, in_words, provenance_of
from datasets.letters import short_name
from datasets.messages import Message, translate, write_figure
from datasets.places import country_name
from datasets.registry import Registry
from evidence.answer.answer import Answer
from evidence.answer.intervals import at_least, at_most, percent
from evidence.answer.population import CountedMachine, confirmed
from evidence.browse.search import name_footage
from evidence.case.case import Case
from evidence.case.places import lay_at, places_of
from evidence.case.sighting_tables import Membership, SightingRow, StillRow, Verdict
from evidence.case.tables import Correction, FootageRow, Item
from evidence.case.verdicts import COMMAND, LOGIN, NAMED
from evidence.clip.record import spell
from evidence.clip.report import environment_of, style_of
from evidence.clip.tables import clock, printable
from evidence.review.standing import confirms
from evidence.spelling import PlantNames

MEANS = {
    "confirmed": "people settled whose it is, whether or not that is of the kind asked for; "
    "`counts.confirmed` are those of the kind",
    "probable": "claimed to be of the kind asked for, and not settled by people",
    "claimed": "named by the program alone, as of another kind or so that the kind is not told",
    "concealed": "people say that its mark is hidden; whose it is nobody knows",
    "unknown": "nobody knows whose it is; it may be of the kind asked for",
}
"""What a `status` in JSON says: what people and the program have done."""

Line = tuple[str, tuple[str, ...]]
"""A row of an exhibit's table: what it says, and that in one line or several."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """What a confirmed machine rests on.

    pictures: what each shows, its SHA-256, and a data URI, None where its file is gone or no longer
    what it was. stated: sources name the plant. trace: its way back, and each verdict on it.
    """

    machine: str
    name: str
    plant: str
    stated: bool
    pictures: tuple[tuple[str, str, str | None], ...]
    trace: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the answer was computed from. programs: that looked at the footage. left_out: what
    sweeps met and did not look at (`case show` names it)."""

    case: str
    model: str
    settings: str
    registry: str
    verdicts: int
    head: str
    programs: tuple[str, ...] = ()
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """A case's answer, with what it rests on.

    machines: as they were counted. recordings: as of `name_recordings`.
    """

    answer: Answer
    facts: Facts
    machines: list[CountedMachine]
    recordings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    exhibits: Sequence[Exhibit] = ()


def name_recordings(
    session: Session, machines: Iterable[CountedMachine]
) -> dict[str, tuple[str, str]]:
    """By what stands for an unknown plant (`plant_of`) the recording's footage and name."""
    plants = {one.plant[-8:]: one.plant for one in machines if not one.stated}
    every = session.scalars(select(FootageRow.sha256)) if plants else ()
    named = name_footage(session, places_of(session, [one for one in every if one[:8] in plants]))
    return {plants[footage[:8]]: (footage, printable(name)) for footage, name in named.items()}


def render_answer(
    found: CaseAnswer,
    registry: Registry,
    code: str = "en",
    catalogue: NullTranslations | None = None,
) -> str:
    """The page; text from outside is escaped, and its policy forbids scripts and requests.

    code, catalogue: the language, and its messages; English if None.
    """
    catalogue = catalogue or NullTranslations()

    def say(text: str) -> str:
        return printable(translate(text, code, catalogue))

    environment = environment_of(extensions=["jinja2.ext.i18n"])
    environment.filters["printable"] = printable
    environment.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]
    return environment.get_template("answer.html.j2").render(
        answer=found.answer,
        facts=found.facts,
        exhibits=found.exhibits,
        maker=lambda id: printable(registry.name(id)),
        figures=draw(found.answer, registry, say),
        language=code,
        say=say,
        plain=printable,
        country=country_name,
        recordings=found.recordings,
        **style_of("answer.css"),
        **write_shares(say, code),
    )


def write_shares(say: Words, code: str) -> dict[str, Callable[[float], Any]]:
    """By name in the templates the functions that write a share in a reader's language."""

    def written(limit: Callable[[float], str]) -> Callable[[float], Any]:
        return lambda share: write_figure(say(Message(limit(share).replace("%", "%%"))), code)

    limits = {"share": percent, "at_least": at_least, "at_most": at_most}
    return {name: written(limit) for name, limit in limits.items()}


def draw(found: Answer, registry: Registry, words: Words = str) -> dict[str, Markup]:
    """Each figure by its name, as SVG. words: says a text in the reader's language."""

    def said(text: str) -> str:
        return printable(words(text))

    builders: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for one in found.seen:
        name = short_name(registry.name(one.builder)) if one.builder else Message("unknown")
        builders[name][one.status] += one.machines
    rows = builders.items()
    order = sorted(rows, key=lambda row: (row[0] == "unknown", -sum(row[1].values()), row[0]))
    drawn = {"builders": stacks(Message("Machines by builder"), dict(order), said)}
    if found.years:
        drawn["years"] = columns(Message("Machines by year of publication"), found.years, said)
    return {name: Markup(svg) for name, svg in drawn.items()}


READ = ("wordmark", "series", "plate", "mirrored")
"""Evidence that is text, read on the machine itself."""

SIGNED = {
    LOGIN: "logged in",
    NAMED: "a name the server was started with",
    COMMAND: "a name given on the command line",
}
"""How the author of a verdict was known, in words."""


def gather(
    case: Case, session: Session, machines: Iterable[CountedMachine], registry: Registry
) -> list[Exhibit]:
    """An exhibit for each confirmed machine of the kind asked for, in order of plant."""
    found = sorted(filter(confirmed, machines), key=lambda one: (one.plant, one.id))
    return [_exhibit(case, session, one, registry) for one in found]


def _exhibit(case: Case, session: Session, machine: CountedMachine, registry: Registry) -> Exhibit:
    of_it = select(Verdict).where(Verdict.sighting.in_(_keys(machine))).order_by(Verdict.number)
    verdicts = session.scalars(of_it).all()
    row = None
    if machine.entered:
        said = [one.before.get("said") or {} for one in verdicts]
        kept = [("frame", still, "jpg") for one in said if (still := one.get("still"))][:1]
    else:
        row, stills = judged_sighting(session, machine)
        kept = [(one.role, one.sha256, one.suffix) for one in stills[:2]]
    unnamed = "verdicts name several builders" if machine.conflict else "origin from the plate"
    return Exhibit(
        machine=machine.id,
        name=registry.name(machine.builder or unnamed),
        plant=machine.plant,
        stated=machine.stated,
        pictures=tuple(_as_data(case, *one) for one in kept),
        trace=(
            *_trace(session, machine, registry, row),
            *((f"verdict {one.number}", _verdict_says(one, registry)) for one in verdicts),
        ),
    )


def _trace(
    session: Session, machine: CountedMachine, registry: Registry, row: SightingRow | None
) -> tuple[Line, ...]:
    """A machine's way back from the sighting that was judged; None if it was entered by hand."""
    footage = row.footage if row is not None else machine.footage[0]
    others = [one for one in machine.footage if one != footage]
    places = places_of(session, [footage, *others])
    names = name_footage(session, places)
    here = places.get(footage, [])
    plate = row.origin if row is not None and row.origin_basis == "plate" else None

    def lies_at(one: Row[Any]) -> str:
        if one.held:
            return f"{names.get(footage, one.path)} (uploaded)"
        return lay_at(one.path, one.unread) if one.former else str(one.path)

    files = tuple(dict.fromkeys(map(lies_at, here)))
    builder = machine.builder or ""
    entry = registry.get(builder) if builder in registry else None
    lines = [
        ("footage", files or ("lies nowhere any more",)),
        ("SHA-256", (footage,)),
        ("shown", _when(session.get(FootageRow, footage), row, machine)),
        *_claims(session, footage, here, PlantNames(registry.plants)),
        ("read on it", _marks(row, machine.builder, registry) if row is not None else ()),
        *_origins(entry),
        ("origin, by its plate", (country_name(plate),) if plate else ()),
        ("also in", tuple(f"{names.get(one, 'lies nowhere any more')}, {one}" for one in others)),
    ]
    return tuple((label, tuple(map(spell, told))) for label, told in lines if told)


def _when(
    footage: FootageRow | None, row: SightingRow | None, machine: CountedMachine
) -> tuple[str, ...]:
    """When in the footage; a photograph has no time."""
    if row is not None and row.file is not None:
        return (f"in the picture {row.file}",)
    if footage is not None and footage.kind != "video":
        return ()
    times = (row.pts, row.first, row.last) if row is not None else [machine.views[0][1][0][0]] * 3
    at, first, last = (clock(float(one)) for one in times)
    return (f"at {at}; seen {first} - {last}" if row is not None else f"at {at}",)


def _claims(
    session: Session, footage: str, places: Sequence[Row[Any]], writings: PlantNames
) -> Iterator[Line]:
    """What sources say of where the footage came from, and who the sources are."""

    def said(claim: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(told for one in places if (told := getattr(one, claim))))

    yield "publisher", said("publisher") or ("not told",)
    yield "address", said("origin_url") or ("not told",)
    yield "published", said("published") or ("not told",)
    plants = writings.once(said("plant_claimed"))
    claimed = (f"{one}: as the footage's sources claim, which nobody confirmed" for one in plants)
    yield "plant", tuple(claimed) or ("no source names one",)
    yield "sources' note", said("note")
    told = []
    for place in places:
        provenance = place.provenance or {}
        for one in filter(None, (provenance, *provenance.get("earlier", ()))):
            line = f", line {one['line']}" if one.get("line") else ""
            told += [f"list {one['list']}{line}"] if one.get("list") else []
            told += [
                f"uploaded by {upload.get('author')}, {str(upload.get('made'))[:10]}"
                for upload in one.get("uploads", ())
            ]
    corrected = select(Correction).where(Correction.footage == footage)
    corrections = session.scalars(corrected.order_by(Correction.made, Correction.claim))
    told += [f"{one.claim} corrected by {one.author}" for one in corrections]
    yield "says who", tuple(dict.fromkeys(told)) or ("neither a list nor an upload",)


def _marks(row: SightingRow, builder: str | None, registry: Registry) -> tuple[str, ...]:
    """The texts that count, the surest first, each once, with other builders whose mark it is."""
    marks: dict[str, dict[str, None]] = {}
    for part in row.evidence:
        plate = part["kind"] == "plate"
        if part["kind"] in READ and part["text"] and (plate or part["weight"] > 0):
            names = marks.setdefault(f"“{part['text']}”" + (" on a plate" if plate else ""), {})
            if part["id"] and part["id"] != builder:
                names[registry.name(part["id"])] = None
    told = (f"{said} (a mark of {', '.join(ids)})" if ids else said for said, ids in marks.items())
    return tuple(told) or ("nothing that counts for a builder",)


def _origins(entry: Entry | None) -> Iterator[Line]:
    """What the registry knows of a builder's home, owner, production, or of a seller's makers."""
    if entry is None:
        return
    home, owner, made_in = country_name(entry.origin), entry.owner, entry.production
    if entry.type == "rebadger":
        yield "seller's home", (f"{home}: the seller's, not the machine's",)
        makers = ", ".join(dict.fromkeys(country_name(one.country) for one in entry.makers))
        yield "made for the seller in", (makers or "not on record",)
    else:
        yield "builder's home", (home,)
    told = f"{owner.name}, {country_name(owner.country)}" if owner else "none on record"
    yield "owner", (told,)
    yield "such machines made in", (", ".join(map(country_name, made_in)),) if made_in else ()
    found = provenance_of(entry)
    yield "how sure of the builder", in_words(found.says, found.sources)


def _verdict_says(verdict: Verdict, registry: Registry) -> tuple[str, ...]:
    """What a verdict says, in the log's own words; some say otherwise, or were taken back."""
    says = verdict.verdict
    if verdict.builder is not None:
        says += f" ({registry.name(verdict.builder)})"
    if verdict.supersedes is not None:
        says += f", in place of {verdict.supersedes}"
    signed = SIGNED.get(verdict.signed or "", "how they signed in was not kept")
    made = f"{verdict.made.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    note = (f"note: {verdict.note}",) if verdict.note else ()
    return f"{says}: {verdict.author} ({signed}), {made}, {verdict.digest[:12]}", *note


def _keys(machine: CountedMachine) -> Any:
    """What gives the keys of a machine's sightings, and of its verdicts."""
    if machine.entered or machine.unlinked is not None:
        return [machine.unlinked or machine.id]
    return select(Membership.sighting).where(Membership.machine == machine.id)


def judged_sighting(
    session: Session, machine: CountedMachine
) -> tuple[SightingRow, Sequence[StillRow]]:
    """The surest sighting that people settled as a machine's builder's, and its pictures. What was
    linked to it nobody judged, and footage that is not asked about bears out nothing."""
    query = (
        select(SightingRow, Item.outcome, Item.builder)
        .outerjoin(Item, and_(Item.sighting == SightingRow.key, Item.state == "settled"))
        .where(SightingRow.key.in_(_keys(machine)))
        .options(defer(SightingRow.track))  # long, and not needed
    )
    ranks: dict[tuple[bool, bool, str, float, str], SightingRow] = {}
    footage = set(machine.footage)
    for row, outcome, named in session.execute(query):
        said = confirms(outcome, named)
        ours = said and named == machine.builder
        if row.footage in footage:
            ranks[not ours, not said, row.grade, -row.probability, row.key] = row
    best = ranks[min(ranks)]
    of_best = StillRow.analysis == best.analysis, StillRow.sighting == best.name
    return best, session.scalars(select(StillRow).where(*of_best).order_by(StillRow.role)).all()


def _as_data(case: Case, role: str, sha256: str, suffix: str) -> tuple[str, str, str | None]:
    content = case.read_still(sha256, suffix)
    if content is None:
        return role, sha256, None
    kind = "png" if suffix == "png" else "jpeg"
    return role, sha256, f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
