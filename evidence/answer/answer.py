"""The answer: counts, the share with its interval, and what must be known beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from datasets.registry import Registry
from evidence.answer.caveats import LEAST_IDENTIFIED, MOST_MISSED, Caveat, list_caveats
from evidence.answer.controls import NO_CONTROLS, Controls
from evidence.answer.estimators.clustered import FEW
from evidence.answer.estimators.intervals import LEVEL, Estimate, at_most, percent
from evidence.answer.estimators.missed import NO_FRAMES, PRINTED, Frames, Missed, Noticed, noticed
from evidence.answer.estimators.visible import SPLIT, more_judgements
from evidence.answer.manual_entries import ManualEntry
from evidence.answer.plants import (
    PlantRow,
    by_place,
    by_plant,
    least,
    one_name,
    places,
    plant_rows,
    shown_as,
)
from evidence.answer.population import (
    CountedMachine,
    Status,
    confirmed,
)
from evidence.answer.question import Question
from evidence.answer.sentence import AnswerCounts, AnswerSentence, say
from evidence.answer.share import KindShare, chances_real, estimate_share, pools


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer to a question.

    - seen: machines by (builder or "", word of `plants.shown_as`).
    - low, high: the share of all machines in view, with no unidentified one of the kind, and with
      all. Each has the whole interval.
    - found_low, found_high: the same, of the machines found.
    - missed: those missed altogether.
    - noticed: what share would have been noticed.
    - years: machines and confirmed ones by year of publication.
    - judgements: by pool how many more would halve the interval; None where none would.
    - entered: by hand, in counts, plants and years, and in no share.
    """

    question: Question
    says: str
    seen: dict[tuple[str, str], int]
    counts: AnswerCounts
    said: AnswerSentence
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
    warnings: tuple[str, ...] = field(default=())
    entered: tuple[ManualEntry, ...] = ()

    def caveat(self, code: str) -> int:
        """The number that a caveat gives; 0 where it does not hold."""
        return next((one.count for one in self.caveats if one.code == code), 0)


def answer(
    question: Question,
    machines: Sequence[CountedMachine],
    registry: Registry,
    what: str,
    controls: Controls = NO_CONTROLS,
    frames: Frames = NO_FRAMES,
    entered: Sequence[ManualEntry] = (),
    beside: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
    looked_at: Mapping[str, frozenset[str]] = MappingProxyType({}),
    level: float = LEVEL,
) -> Answer:
    """The answer that these machines support.

    Args:
        machines: those settled to be none too, and those entered by hand.
        what: the kind in a word, as "Chinese".
        frames: the audited ones in which the program found nothing.
        entered: by hand, each as it stands.
        beside: caveats of the case by code, with what they say (`caveats.TABLE`).
        looked_at: by plant that sources name its recordings.
    """
    found = [one for one in machines if not one.entered]
    real = [one for one in found if one.status is not Status.NONE]
    counted = [one for one in machines if one.status is not Status.NONE and not one.replaced]
    sellers = {entry.id for entry in registry.builders if entry.type == "rebadger"}
    counts = _count(counted, found, sellers)
    sample = found if real else []
    share = estimate_share(
        sample, frames, controls.errors, sellers, question.estimand == "plants", level
    )
    seen = _noticed(real, found, sellers, controls, level)
    rows = _caveats(counted, counts, share, frames, seen, controls, question)
    caveats = list_caveats({**rows, **beside})
    shoots = (controls.hits, controls.of, len(controls.shoots))
    return Answer(
        question=question,
        says=question.in_words(registry),
        seen=dict(Counter((one.named or "", shown_as(one)) for one in counted)),
        counts=counts,
        said=say(what, counts, caveats, seen, shoots, question.by, question.which()),
        low=share.low,
        high=share.high,
        found_low=share.found_low,
        found_high=share.found_high,
        missed=share.missed,
        noticed=seen,
        controls=controls,
        plants=plant_rows(by_plant(counted), looked_at),
        years=_years(counted),
        caveats=caveats,
        judgements=more_judgements(pools(sample), controls.errors, share.linking, level)
        if sample
        else None,
        warnings=tuple(one.text for one in caveats),
        entered=tuple(entered),
    )


def _count(
    counted: Sequence[CountedMachine], found: Sequence[CountedMachine], sellers: set[str]
) -> AnswerCounts:
    of_kind = places(filter(confirmed, counted))
    stated = sum(any(one.stated for one in place) for place in of_kind)
    words = Counter(map(shown_as, counted))
    identified = [one for one in counted if one.identified]
    leads = sum(one.status is Status.LEAD for one in counted)
    drawn = [one for one in found if one.chance is not None]
    return AnswerCounts(
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
        unknown=words["unknown"] + words["concealed"],
        judged=sum(one.judged for one in found if one.status is not Status.NONE),
        found=sum(not one.entered for one in counted),
        drawn=len(drawn),
        answered=sum(one.judged for one in drawn),
        leads=sum(one.lead and one.status is not Status.LEAD for one in counted),
    )


def _noticed(
    real: Sequence[CountedMachine],
    found: Sequence[CountedMachine],
    sellers: set[str],
    controls: Controls,
    level: float,
) -> Noticed:
    """Several that are not linked yet may be one; some of what nobody judged is no machine."""
    linked = [one for one in real if one.unlinked is None]
    chance = chances_real(found)
    part = sum(chance[one.id] for one in linked) / max(1, len(linked))
    each = by_place(linked, sellers)
    grown = max(1.0, len(linked) / SPLIT / max(1, sum(each)))
    known = sum(one.identified for one in real) / len(real) if real else 1.0
    return noticed([part * grown * one for one in each], controls.shoots, known, level)


def _caveats(
    counted: Sequence[CountedMachine],
    counts: AnswerCounts,
    share: KindShare,
    frames: Frames,
    seen: Noticed,
    controls: Controls,
    question: Question,
) -> dict[str, dict[str, Any]]:
    """By code what the rows say that follow from the machines alone."""

    def number(*statuses: Status) -> int:
        return sum(one.status in statuses for one in counted)

    missed, errors, machines = share.missed, controls.errors, counts.machines
    judged, known = counts.judged, seen.known
    sensitivity = seen.sensitivity
    plants = {one.plant for one in counted if one.stated}
    rows: dict[str, int | dict[str, Any]] = {
        "no_machines": not machines,
        "not_reviewed": 0 if judged else counts.found,
        "few_identified": {
            "num": counts.identified,
            "holds": bool(judged) and counts.identified < LEAST_IDENTIFIED,
            "least": LEAST_IDENTIFIED,
        },
        "leads": counts.probable,
        "weak_leads": counts.leads,
        "pending": number(Status.PENDING) + len(frames.pending),
        "disputed": number(Status.DISPUTED),
        "undecided_claims": sum(
            one.settled and one.claimed is True and not one.identified and one.builder is None
            for one in counted
            if one.status in (Status.UNKNOWN, Status.CONCEALED)
        ),
        "untold": number(Status.UNTOLD),
        "kind_in_frames": len(frames.of_kind),
        "machines_waiting": {
            "num": counts.drawn - counts.answered,
            "judged": counts.answered,
            "drawn": counts.drawn,
        },
        "no_frames": missed.share.value is None,
        "frames_waiting": {
            "num": missed.drawn - missed.judged if missed.judged else 0,
            "judged": missed.judged,
            "drawn": missed.drawn,
        },
        "many_missed": {
            "num": missed.share.value is not None and missed.share.high > MOST_MISSED,
            "share": at_most(missed.share.high),
        },
        "no_controls": {"num": sensitivity is None, "why": controls.lacking},
        "unnoticed": {
            # What could go unnoticed is beside the point once one is confirmed.
            "num": bool(machines)
            and not counts.confirmed
            and sensitivity is not None
            and not seen.printed,
            "share": percent(PRINTED),
        },
        "unlinked": sum(one.unlinked is not None for one in counted),
        "counted_twice": {
            "num": counts.confirmed if counts.least < counts.confirmed else 0,
            "least": counts.least,
        },
        "linking": {
            "num": max(share.linking.kind, share.linking.others) > 1,
            "kind": f"{share.linking.kind:.2g}",
            "others": f"{share.linking.others:.2g}",
        },
        "reviewers_assumed": bool(judged) and not (errors.shown or errors.false_shown),
        "reviewers_accept": {
            "num": errors.false_shown,
            "accepted": errors.false_accepted,
            "shown": errors.false_shown,
        },
        "reviewers_lose": {"num": errors.shown, "lost": errors.lost, "shown": errors.shown},
        "entered": sum(one.entered for one in counted),
        "conflicts": sum(one.conflict for one in counted),
        "elsewhere": sum(one.elsewhere for one in counted),
        "easy_controls": {
            "num": sensitivity is not None and bool(machines) and known < sensitivity - 0.05,
            "share": percent(sensitivity),
            "known": percent(known),
        },
        "no_plant": sum(not one.stated for one in counted),
        "plant_names": len(plants) - len(set(one_name(plants).values())),
        "few_plants": len(plants) if question.estimand == "plants" and len(plants) < FEW else 0,
    }
    return {code: row if isinstance(row, dict) else {"num": int(row)} for code, row in rows.items()}


def _years(machines: Sequence[CountedMachine]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for machine in machines:
        for year in machine.years:
            seen, of_kind = found.get(year, (0, 0))
            found[year] = seen + 1, of_kind + confirmed(machine)
    return dict(sorted(found.items()))
