"""The answer: counts, the share with its interval, and what must be known beside them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from types import MappingProxyType
from typing import Any

from datasets.registry import Registry
from evidence.answer import sentence
from evidence.answer.audit import NO_CONTROLS, Controls
from evidence.answer.caveats import LEAST_IDENTIFIED, MOST_MISSED, Caveat, list_caveats
from evidence.answer.distinct import ManualEntry, by_place, least, one_name, places
from evidence.answer.intervals import FEW, Estimate, at_most, percent
from evidence.answer.population import CountedMachine, Status, confirmed
from evidence.answer.question import Question
from evidence.answer.share import (
    NO_FRAMES,
    PRINTED,
    Frames,
    KindShare,
    Missed,
    Noticed,
    chances_real,
    estimate_share,
    noticed,
    pools,
)
from evidence.answer.sources import Asked
from evidence.answer.visible import SPLIT, more_judgements

SHOWN = {
    Status.CONFIRMED: "confirmed",
    Status.OTHER: "confirmed",
    Status.LEAD: "probable",
    Status.NAMED: "claimed",
    Status.CONCEALED: "concealed",
}
NAMELESS = ("unknown", "concealed")


def shown_as(machine: CountedMachine) -> str:
    """One of five words for figures and tables (`report.MEANS`)."""
    if machine.status is Status.UNTOLD:
        return "confirmed" if machine.settled else "claimed"
    return SHOWN.get(machine.status, "unknown")


@dataclass(frozen=True, slots=True)
class PlantRow:
    """What was seen of one plant.

    recordings: looked at; readable: in which the builder of some machine is identified; shows:
    in which one of the kind is confirmed. probable: leads for the kind.
    """

    plant: str
    stated: bool
    recordings: int
    readable: int
    shows: int
    machines: int
    confirmed: int
    probable: int
    unknown: int

    @property
    def other_names(self) -> int:
        """Machines with a name, also a seller's, that are neither confirmed nor leads."""
        return self.machines - self.confirmed - self.probable - self.unknown


def read_looked_at(asked: Asked) -> dict[str, frozenset[str]]:
    """By plant that sources name its recordings that were looked at, of the footage asked about."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for source in map(asked.sources.__getitem__, asked.footage()):
        if source.plant is not None:
            found[source.plant] |= {source.recording}
    return found


def plant_rows(
    machines: Iterable[CountedMachine], looked_at: Mapping[str, frozenset[str]]
) -> tuple[PlantRow, ...]:
    """A row of each plant, those with most machines first; `looked_at`: as `read_looked_at`."""
    plants: dict[str, list[CountedMachine]] = {name: [] for name in sorted(looked_at)}
    for one in machines:
        plants.setdefault(one.plant, []).append(one)
    order = sorted(plants, key=lambda name: (-len(plants[name]), name))
    return tuple(_row(name, plants[name], looked_at.get(name, frozenset())) for name in order)


def _row(name: str, group: Sequence[CountedMachine], looked_at: frozenset[str]) -> PlantRow:
    return PlantRow(
        plant=name,
        stated=not group or group[0].stated,
        recordings=len(looked_at | _recordings(group)),
        readable=len(_recordings(one for one in group if one.identified)),
        shows=len(_recordings(filter(confirmed, group))),
        machines=len(group),
        confirmed=sum(map(confirmed, group)),
        probable=sum(one.status is Status.LEAD for one in group),
        unknown=sum(shown_as(one) in NAMELESS for one in group),
    )


def _recordings(machines: Iterable[CountedMachine]) -> frozenset[str]:
    return frozenset(chain.from_iterable(one.recordings for one in machines))


@dataclass(frozen=True, slots=True)
class BuilderStatus:
    """Machines of one builder (None: unknown) and one status (`report.MEANS`)."""

    builder: str | None
    status: str
    machines: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer to a question.

    - low, high, found_low, found_high, missed: as `KindShare`; noticed: what share would have been.
    - years: machines and confirmed ones by year of publication. A machine of two years is in both,
      one of no date in none.
    - judgements: by pool how many of those that wait would halve the interval; None: not even all.
    - entered: by hand, in counts, plants and years, and in no share.
    """

    question: Question
    says: str
    seen: tuple[BuilderStatus, ...]
    counts: sentence.AnswerCounts
    said: sentence.AnswerSentence
    low: Estimate
    high: Estimate
    found_low: Estimate
    found_high: Estimate
    missed: Missed
    noticed: Noticed
    controls: Controls
    plants: tuple[PlantRow, ...]
    years: dict[str, tuple[int, int]]
    caveats: tuple[Caveat, ...]
    judgements: dict[str, int] | None
    warnings: tuple[str, ...]
    entered: tuple[ManualEntry, ...]

    def caveat(self, code: str) -> int:
        """The number that a caveat gives; 0 where it does not hold."""
        return next((one.count for one in self.caveats if one.code == code), 0)


def answer(
    question: Question,
    machines: Sequence[CountedMachine],
    registry: Registry,
    controls: Controls = NO_CONTROLS,
    frames: Frames = NO_FRAMES,
    entered: Sequence[ManualEntry] = (),
    beside: Mapping[str, Any] = MappingProxyType({}),
    looked_at: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> Answer:
    """The answer that these machines support.

    Machines settled to be none come too, and those entered by hand (`entered`). In `beside` are
    the caveats of the case by code (as of `list_caveats`); `looked_at` is as of `plant_rows`.
    """
    found = [one for one in machines if not one.entered]
    real = [one for one in found if one.status is not Status.NONE]
    counted = [one for one in machines if one.status is not Status.NONE and not one.replaced]
    counts = _count(counted, found, registry.sellers)
    sample = found if real else []
    plants = question.estimand == "plants"
    share = estimate_share(sample, frames, controls.errors, registry.sellers, plants)
    seen = _noticed(real, found, registry.sellers, controls)
    rows = _caveats(counted, counts, share, frames, seen, controls, plants)
    caveats = list_caveats({**rows, **beside})
    shoots = (controls.hits, controls.of, len(controls.shoots))
    words = Counter((one.named or "", shown_as(one)) for one in counted)
    years = Counter(year for one in counted for year in one.years)
    kinds = Counter(year for one in filter(confirmed, counted) for year in one.years)
    return Answer(
        question=question,
        says=question.in_words(registry),
        seen=tuple(BuilderStatus(one[0] or None, one[1], words[one]) for one in sorted(words)),
        counts=counts,
        said=sentence.say(question.kind(registry), counts, caveats, seen, shoots, question.which()),
        low=share.low,
        high=share.high,
        found_low=share.found_low,
        found_high=share.found_high,
        missed=share.missed,
        noticed=seen,
        controls=controls,
        plants=plant_rows(counted, looked_at),
        years={year: (years[year], kinds[year]) for year in sorted(years)},
        caveats=caveats,
        judgements=more_judgements(pools(sample), controls.errors, share.linking),
        warnings=tuple(one.text for one in caveats),
        entered=tuple(entered),
    )


def _count(
    counted: Sequence[CountedMachine], found: Sequence[CountedMachine], sellers: Collection[str]
) -> sentence.AnswerCounts:
    of_kind = places(filter(confirmed, counted))
    stated = sum(any(one.stated for one in place) for place in of_kind)
    identified = [one for one in counted if one.identified]
    leads = sum(one.status is Status.LEAD for one in counted)
    drawn = [one for one in found if one.chance is not None]
    return sentence.AnswerCounts(
        machines=len(counted),
        different=least(counted, sellers),
        confirmed=sum(map(confirmed, counted)),
        least=least(filter(confirmed, counted), sellers),
        plants=stated,
        recordings=len(of_kind) - stated,
        probable=leads,
        identified=len(identified),
        by_people=sum(one.settled for one in identified),
        unidentified=len(counted) - len(identified) - leads,
        unknown=sum(shown_as(one) in NAMELESS for one in counted),
        judged=sum(one.judged for one in found if one.status is not Status.NONE),
        found=sum(not one.entered for one in counted),
        drawn=len(drawn),
        answered=sum(one.judged for one in drawn),
        leads=sum(one.lead and one.status is not Status.LEAD for one in counted),
    )


def _noticed(
    real: Sequence[CountedMachine],
    found: Sequence[CountedMachine],
    sellers: Collection[str],
    controls: Controls,
) -> Noticed:
    """What would have been noticed. Several not linked yet may be one; some are no machines."""
    linked = [one for one in real if one.unlinked is None]
    chance = chances_real(found)
    part = sum(chance[one.id] for one in linked) / max(1, len(linked))
    each = by_place(linked, sellers)
    grown = max(1.0, len(linked) / SPLIT / max(1, sum(each)))
    known = sum(one.identified for one in real) / len(real) if real else 1.0
    return noticed([part * grown * one for one in each], controls.shoots, known)


def _caveats(
    counted: Sequence[CountedMachine],
    counts: sentence.AnswerCounts,
    share: KindShare,
    frames: Frames,
    seen: Noticed,
    controls: Controls,
    of_plants: bool,
) -> dict[str, Any]:
    """By code what the rows say that follow from the machines alone."""
    held = Counter(one.status for one in counted)
    missed, errors, machines = share.missed, controls.errors, counts.machines
    judged, sensitivity = counts.judged, seen.sensitivity
    linking = asdict(share.linking)
    plants = {one.plant for one in counted if one.stated}
    # What could go unnoticed is beside the point once one is confirmed.
    unnoticed = machines and not counts.confirmed and sensitivity is not None and not seen.printed
    return {
        "no_machines": not machines,
        "not_reviewed": 0 if judged else counts.found,
        "few_identified": {
            "num": counts.identified,
            "holds": bool(judged) and counts.identified < LEAST_IDENTIFIED,
            "least": LEAST_IDENTIFIED,
        },
        "leads": counts.probable,
        "weak_leads": counts.leads,
        "pending": held[Status.PENDING] + frames.pending,
        "disputed": held[Status.DISPUTED],
        "undecided_claims": sum(
            one.settled and one.claimed is True and not one.identified and one.builder is None
            for one in counted
            if one.status in (Status.UNKNOWN, Status.CONCEALED)
        ),
        "untold": held[Status.UNTOLD],
        "kind_in_frames": frames.of_kind,
        "machines_waiting": {"num": counts.drawn - counts.answered, "drawn": counts.drawn},
        "no_frames": missed.share.value is None,
        "frames_waiting": {
            "num": missed.drawn - missed.judged if missed.judged else 0,
            "drawn": missed.drawn,
        },
        "many_missed": {
            "num": missed.share.value is not None and missed.share.high > MOST_MISSED,
            "share": at_most(missed.share.high),
        },
        "no_controls": {"num": sensitivity is None, "why": controls.lacking},
        "unnoticed": {"num": bool(unnoticed), "share": percent(PRINTED)},
        "unlinked": sum(one.unlinked is not None for one in counted),
        "counted_twice": {
            "num": counts.confirmed if counts.least < counts.confirmed else 0,
            "least": counts.least,
        },
        "linking": {"num": max(linking.values()) > 1}
        | {name: f"{100 * (times - 1):.0f} %" for name, times in linking.items()},
        "reviewers_assumed": judged and not (errors.shown or errors.false_shown),
        "reviewers_accept": {
            "num": errors.false_shown,
            "accepted": errors.false_accepted,
            "shown": errors.false_shown,
        },
        "reviewers_lose": {"num": errors.shown, "lost": errors.lost, "shown": errors.shown},
        "entered": sum(one.entered for one in counted),
        "conflicts": sum(one.conflict for one in counted),
        "no_plant": sum(not one.stated for one in counted),
        "plant_names": len(plants) - len(set(one_name(plants).values())),
        "few_plants": len(plants) if of_plants and len(plants) < FEW else 0,
    }
