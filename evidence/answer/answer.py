"""The answer: every estimate that the judged footage supports, and the sentence that it allows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from datasets.messages import Message
from datasets.registry import Registry
from evidence.answer.bounds import Bounds, bounds, no_surer
from evidence.answer.comparison import Estimator, estimators
from evidence.answer.distinct import by_place, least, places
from evidence.answer.estimators.clustered import ALIKE
from evidence.answer.estimators.detectable import Noticed, noticed
from evidence.answer.estimators.intervals import LEVEL, Estimate
from evidence.answer.estimators.legibility import EASIER, Band, into_bands
from evidence.answer.estimators.missed import (
    NO_FRAMES,
    NOT_JUDGED,
    Frames,
    Missed,
    estimate_missed,
    widen,
)
from evidence.answer.estimators.share_bounds import (
    by_plant,
    confirmed,
    ends,
    likely,
    may_be,
    status,
    untold,
)
from evidence.answer.exclusions import ALL_DATED, Undated
from evidence.answer.machines import SeenMachine
from evidence.answer.manual_entries import Entry
from evidence.answer.moves import Move, moves
from evidence.answer.occupancy import Occupancy
from evidence.answer.plants import PlantRow, occupancy_of, plant_rows
from evidence.answer.question import Question
from evidence.answer.sentence import NO_CONTROLS, Counts, Said, say
from evidence.answer.unplaced import unplaced


@dataclass(frozen=True, slots=True)
class Controls:
    """Positive controls: how many there are, and how many came out as what they are.

    tried: of each the height of the tallest text read on it, and whether it came out. listed: those
    of other kinds too, which say nothing of this one.
    """

    hits: int = 0
    of: int = 0
    tried: tuple[tuple[float | None, bool], ...] = ()
    listed: int = 0

    @property
    def lacking(self) -> Message:
        """Why none was tried, where none was."""
        if not self.listed:
            return NO_CONTROLS
        return Message(
            "the %(num)s positive control is not of this kind",
            "none of the %(num)s positive controls is of this kind",
            num=self.listed,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """All of it.

    seen: machines by (builder or "", status), each once. counts: of the sentence. bounds: with
    nothing assumed about the unknown, from claims and verdicts as they are. low, high: the ends
    of the share of all machines in view, put right by the audit sample, whatever the unknown and
    the missed are; found_low, found_high: of the machines found alone. missed: those that the
    detector missed altogether. estimators: the share of the machines found by other ways. moves:
    how low and high move with what is assumed. legibility: machines and controls by the height of
    their text. years: machines and confirmed by year of publication. entered: by hand, each as it
    stands; they count in seen, counts, bounds, plants and years, at the least, and in no estimate.
    """

    question: Question
    says: str
    seen: dict[tuple[str, str], int]
    counts: Counts
    said: Said
    bounds: Bounds
    low: Estimate
    high: Estimate
    found_low: Estimate
    found_high: Estimate
    missed: Missed
    estimators: tuple[Estimator, ...]
    moves: tuple[Move, ...]
    legibility: tuple[Band, ...]
    noticed: Noticed
    controls: Controls
    presence: Occupancy
    plants: tuple[PlantRow, ...]
    years: dict[str, tuple[int, int]]
    warnings: tuple[str, ...] = field(default=())
    entered: tuple[Entry, ...] = ()


def answer(
    question: Question,
    machines: Sequence[SeenMachine],
    registry: Registry,
    what: str,
    controls: Controls = Controls(),
    frames: Frames = NO_FRAMES,
    entered: Sequence[Entry] = (),
    none: Sequence[SeenMachine] = (),
    level: float = LEVEL,
    alike: float = ALIKE,
    otherwise: Mapping[str, int] = MappingProxyType({}),
    unseen: int = 0,
    aside: int = 0,
    elsewise: int = 0,
    looked_at: Mapping[str, frozenset[str]] = MappingProxyType({}),
    undated: Undated = ALL_DATED,
) -> Answer:
    """The answer that these machines support.

    Args:
        what: the kind in a word, as "Chinese".
        frames: the audited ones in which the program found nothing.
        entered: by hand, each as it stands (`entered.with_entered`).
        none: what the program took for a machine, and people settled to be no CNC machine.
        otherwise: by plant what was settled as of the kind that another model or other settings
            found (`otherwise.settled_otherwise`).
        unseen, aside: files of the case's list that were not looked at yet, and that could not be.
        elsewise: pieces of footage that another model or other settings alone looked at.
        looked_at: by plant that sources name its recordings (`plants.read_looked_at`).
        undated: footage that may be of the period asked for (`undated.read_undated`).
    """
    # What was entered by hand was seen, but nobody looked for it at random.
    looked_for = [m for m in machines if not m.entered]
    # Where all that was found is no machine, there is no share of machines to tell of.
    taken_for = [*looked_for, *none] if looked_for else []
    chance = likely(taken_for)
    found_in = by_plant(looked_for)
    machines = [m for m in machines if not m.stood_in]
    plants = by_plant(machines)
    places_of_kind = places(filter(confirmed, machines))
    stated = sum(any(m.stated for m in place) for place in places_of_kind)
    sellers = {entry.id for entry in registry.builders if entry.type == "rebadger"}
    counts = Counts(
        machines=len(machines),
        different=least(machines, sellers),
        confirmed=sum(map(confirmed, machines)),
        least=least(filter(confirmed, machines), sellers),
        plants=stated,
        probable=sum(status(m) == "probable" for m in machines),
        unknown=sum(status(m) in ("unknown", "concealed") for m in machines),
        waiting=sum(m.waiting for m in machines),
        untold=sum(map(untold, machines)),
        disputed=sum(m.disputed for m in machines),
        neither=sum(_neither(m) for m in machines),
        unlinked=sum(m.unlinked is not None for m in machines),
        otherwise=sum(otherwise.values()),
        recordings=len(places_of_kind) - stated,
        pending=sum(m.pending and not m.waiting for m in machines) + len(frames.pending),
        in_frames=len(frames.of_kind),
        unseen=unseen,
        aside=aside,
        elsewise=elsewise,
        judged=sum(m.settled for m in looked_for),
        undated=undated.footage,
        undated_of_kind=sum(undated.of_kind.values()),
    )
    legibility = into_bands((m.height for m in looked_for), controls.tried)
    # Several that are not linked yet may be one; and some of what nobody judged is no machine.
    linked = [m for m in looked_for if m.unlinked is None]
    real = sum(chance[m.id] for m in linked) / max(1, len(linked))
    seen = noticed(
        [real * number for number in by_place(linked, sellers)],
        controls.hits,
        controls.of,
        level,
        alike,
        legibility,
        _known(looked_for),
    )
    names = list(dict.fromkeys((*found_in, *plants)))
    shown = {*otherwise, *undated.of_kind, *frames.of_kind, *frames.pending}
    shown |= {m.plant for m in machines if m.entered and (m.waiting or confirmed(m))}
    presence = occupancy_of({name: found_in.get(name, []) for name in names}, shown, level)
    absent = dict(zip(names, presence.absent, strict=True))
    rows = plant_rows(plants, looked_at, absent, level)
    found_low, found_high = ends(taken_for, level, alike)
    missed = estimate_missed(frames, level, alike)
    low, high = widen(found_low, found_high, missed)
    as_judged = _bounds(machines, level, alike)
    if any(m.entered for m in machines):
        as_judged = no_surer(as_judged, _bounds(looked_for, level, alike))
    each = estimators(taken_for, controls.hits, controls.of, level, alike)
    return Answer(
        question=question,
        says=question.in_words(registry),
        seen=dict(Counter((m.named or "", status(m)) for m in machines)),
        counts=counts,
        said=say(what, counts, seen, question.by, question.which(), controls.lacking),
        bounds=as_judged,
        low=low,
        high=high,
        found_low=found_low,
        found_high=found_high,
        missed=missed,
        estimators=each,
        moves=moves(taken_for, missed, as_judged, seen, each, level, alike),
        legibility=legibility,
        noticed=seen,
        controls=controls,
        presence=replace(presence, absent=tuple(row.absent for row in rows)),
        plants=rows,
        years=_years(machines),
        warnings=(
            *_warnings(machines, counts, (low, high), missed, seen),
            *unplaced(machines, taken_for, frames, level, alike),
        ),
        entered=tuple(entered),
    )


def _bounds(machines: Sequence[SeenMachine], level: float, alike: float) -> Bounds:
    """A claim that waits may be either: not counted in the least, and counted in the most."""
    groups = by_plant(machines).values()
    return bounds(
        [sum(confirmed(m) for m in group) for group in groups],
        [sum(may_be(m) for m in group) for group in groups],
        [len(group) for group in groups],
        level,
        alike,
    )


def _neither(machine: SeenMachine) -> bool:
    """Whether the program claims it, and people have settled neither that nor another builder."""
    open_still = machine.waiting or machine.pending or machine.disputed
    return bool(machine.claimed) and machine.settled and machine.hit is None and not open_still


def _known(machines: Sequence[SeenMachine]) -> float:
    """The share of machines whose builder is known, by people or by the program; all of none."""
    unknown = sum(status(m) in ("unknown", "concealed") for m in machines)
    return 1 - unknown / len(machines) if machines else 1.0


def _years(machines: Sequence[SeenMachine]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for machine in machines:
        for year in machine.years:
            seen, of_kind = found.get(year, (0, 0))
            found[year] = seen + 1, of_kind + confirmed(machine)
    return dict(sorted(found.items()))


def _warnings(
    machines: Sequence[SeenMachine],
    counts: Counts,
    share: tuple[Estimate, Estimate],
    missed: Missed,
    seen: Noticed,
) -> tuple[str, ...]:
    warnings = list(dict.fromkeys(word for one in share for word in one.warnings))
    if counts.unseen:
        warnings.append(
            Message(
                "%(num)s file of the case's list was not looked at yet: what it shows counts "
                "nowhere here",
                "%(num)s files of the case's list were not looked at yet: what they show counts "
                "nowhere here",
                num=counts.unseen,
            )
        )
    if counts.aside:
        warnings.append(
            Message(
                "%(num)s file of the case's list could not be looked at and was set aside: what it "
                "shows counts nowhere here",
                "%(num)s files of the case's list could not be looked at and were set aside: what "
                "they show counts nowhere here",
                num=counts.aside,
            )
        )
    if counts.elsewise:
        warnings.append(
            Message(
                "%(num)s piece of footage was looked at with another model or other settings "
                "alone: what it shows counts nowhere here until it is swept again",
                "%(num)s pieces of footage were looked at with another model or other settings "
                "alone: what they show counts nowhere here until they are swept again",
                num=counts.elsewise,
            )
        )
    if counts.undated:
        warnings.append(
            Message(
                "of %(num)s file that was looked at the date does not tell whether it is of the "
                "period asked for: what it shows counts nowhere here",
                "of %(num)s files that were looked at the dates do not tell whether they are of "
                "the period asked for: what they show counts nowhere here",
                num=counts.undated,
            )
        )
    if missed.share.value is None:
        warnings.append(
            Message("no frame of the audit sample was judged: %(what)s", what=NOT_JUDGED)
        )
    elif missed.judged < missed.drawn:
        waiting = missed.drawn - missed.judged
        warnings.append(
            Message(
                "%(num)s of %(drawn)s drawn frames waits for reviewers",
                "%(num)s of %(drawn)s drawn frames wait for reviewers",
                num=waiting,
                drawn=missed.drawn,
            )
        )
    if counts.confirmed > counts.least:
        warnings.append(
            Message(
                "%(num)s machines are counted as confirmed, and %(least)s of them must be "
                "different ones: one filmed from several sides may be counted more than once",
                num=counts.confirmed,
                least=counts.least,
            )
        )
    if counts.unlinked:
        warnings.append(
            Message(
                "%(num)s sighting was not linked to others yet and counts as a machine of its own; "
                "a sweep that goes to its end links it",
                "%(num)s sightings were not linked to others yet and count as machines of their "
                "own; a sweep that goes to its end links them",
                num=counts.unlinked,
            )
        )
    if counts.otherwise:
        warnings.append(
            Message(
                "people settled %(num)s sighting as of the kind that another model or other "
                "settings found; it counts nowhere here until what stands in its place is judged",
                "people settled %(num)s sightings as of the kind that another model or other "
                "settings found; they count nowhere here until what stands in their places is "
                "judged",
                num=counts.otherwise,
            )
        )
    by_hand = sum(m.entered for m in machines)
    if by_hand:
        warnings.append(
            Message(
                "%(num)s machine was entered by hand: counted in what was seen and in the bounds, "
                "and in no estimated share, since none was drawn",
                "%(num)s machines were entered by hand: counted in what was seen and in the "
                "bounds, and in no estimated share, since none was drawn",
                num=by_hand,
            )
        )
    conflicts = sum(m.conflict for m in machines)
    if conflicts:
        warnings.append(
            Message(
                "of %(num)s machine verdicts on different sightings disagree",
                "of %(num)s machines verdicts on different sightings disagree",
                num=conflicts,
            )
        )
    elsewhere = sum(m.elsewhere for m in machines)
    if elsewhere:
        warnings.append(
            Message(
                "of %(num)s machine what people settled by footage that is not asked about tells, "
                "too: another kind or plant, or it alone that it may be of the kind",
                "of %(num)s machines what people settled by footage that is not asked about tells, "
                "too: another kind or plant, or it alone that they may be of the kind",
                num=elsewhere,
            )
        )
    as_read, as_is = seen.at_legibility, seen.sensitivity
    if as_read is not None and as_is is not None and as_read < as_is - EASIER:
        warnings.append(
            Message(
                "the controls are easier to read than the footage: %(share)s of them came out, "
                "which at the footage's legibility would be %(as_read)s",
                share=f"{100 * as_is:.0f} %",
                as_read=f"{100 * as_read:.0f} %",
            )
        )
    return tuple(warnings)
