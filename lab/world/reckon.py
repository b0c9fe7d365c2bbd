"""The answer of a case held against the world that its footage was drawn of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from datasets.registry import Registry
from evidence.answer.case import read_case
from evidence.answer.estimators.share_bounds import confirmed
from evidence.answer.question import Question
from evidence.store import Case, Item, Membership, Recipe, SightingRow, Verdict
from lab.world.footage import Footage
from lab.world.found import in_view, shown_by
from lab.world.plan import TESTED, Plan


@dataclass(frozen=True)
class Reckoned:
    """One world's numbers; shares as pairs (low, high) where they are intervals.

    in_view: machines that can be seen in the footage, controls apart, `chinese` of them Chinese
    and `unreadable` nowhere legible. found: those that a sighting shows. counted: machines as the
    answer counts them; `merged` of them hold more than one, `split`: so many too many parts of
    others; merged_mixed: Chinese together with others; split_chinese: too many parts of Chinese
    ones. false: sightings of nothing. misjudged: sightings settled as a builder that is wrong;
    unsure: settled as unknown, although legible. confirmed: machines of the kind settled so,
    `confirmed_wrong` of them without a Chinese machine among what they show.
    """

    share: float
    clips: int
    copies: int
    planned: int
    planned_chinese: int
    in_view: int
    chinese: int
    unreadable: int
    found: int
    sightings: int
    false: int
    counted: int
    merged: int
    merged_mixed: int
    split: int
    split_chinese: int
    named: int
    named_wrong: int
    claims: int
    claims_wrong: int
    verdicts: int
    misjudged: int
    unsure: int
    drawn: int
    frames: tuple[int, int]
    sentence: str
    confirmed: int
    confirmed_wrong: int
    interval: tuple[float, float]
    found_interval: tuple[float, float]
    bounds: tuple[float, float]
    missed: tuple[float | None, float]
    naive: tuple[float | None, float, float]
    estimators: dict[str, tuple[float, float]]
    controls: tuple[int, int]
    least_sensitivity: float
    noticed: float
    warnings: tuple[str, ...]

    @property
    def truth(self) -> float:
        """The true share of machines in view."""
        return self.chinese / self.in_view

    def holds(self, interval: tuple[float, float]) -> bool:
        """Whether an interval holds it."""
        return interval[0] <= self.truth <= interval[1]


def reckon(
    case: Case,
    recipe: Recipe,
    plan: Plan,
    footage: Mapping[str, Footage],
    registry: Registry,
    controls: Path,
) -> Reckoned:
    """The answer and the truth side by side.

    Args:
        footage: of all clips, by SHA-256.
    """
    question = Question("origin", TESTED)
    read = read_case(case, question, registry, "Chinese", controls)
    answer = read.answer
    ours = {sha: clip for sha, clip in footage.items() if clip.name not in plan.controls}
    builders = {id_: one.mark.builder for id_, one in plan.machines.items()}
    chinese = {id_ for id_, one in builders.items() if registry.get(one).origin == TESTED}
    seen = in_view(list(ours.values()))
    legible = {one.machine for clip in ours.values() for one in clip.seen if one.legible}
    counts: dict[str, int] = defaultdict(int)
    groups: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, set[str]] = defaultdict(set)
    counted = {one.id for one in read.machines}
    with case.session() as session:
        rows = session.execute(
            select(SightingRow, Membership.machine, Item)
            .join(Membership, Membership.sighting == SightingRow.key)
            .outerjoin(Item, Item.sighting == SightingRow.key)
            .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
        ).all()
        verdicts = session.scalar(select(func.count()).select_from(Verdict)) or 0
    for row, machine, item in rows:
        if row.footage not in ours:
            continue
        shown = shown_by(ours[row.footage], float(row.pts), row.box)
        counts["sightings"] += 1
        counts["false"] += shown is None
        true = builders[shown.machine] if shown else None
        if row.builder is not None:
            claim = registry.get(row.builder).origin == TESTED
            counts["named"] += 1
            counts["named_wrong"] += row.builder != true
            counts["claims"] += claim
            counts["claims_wrong"] += claim and (shown is None or shown.machine not in chinese)
        if item is not None and item.state == "settled":
            settled = item.outcome in ("accept", "builder")
            counts["misjudged"] += settled and item.builder != true
            unsure = item.outcome == "unknown" and shown is not None and shown.legible
            counts["unsure"] += unsure
        if shown is not None and machine in counted:
            groups[machine].add(shown.machine)
            parts[shown.machine].add(machine)
    kind = [one for one in read.machines if confirmed(one)]
    naive = answer.estimators[-1].least
    return Reckoned(
        share=plan.spec.share,
        clips=len(plan.clips),
        copies=sum(one.copy_of is not None for one in plan.clips),
        planned=len(plan.machines),
        planned_chinese=len(chinese),
        in_view=len(seen),
        chinese=len(seen & chinese),
        unreadable=len(seen - legible),
        found=len(parts.keys() & seen),
        sightings=counts["sightings"],
        false=counts["false"],
        counted=len(read.machines),
        merged=sum(len(one) > 1 for one in groups.values()),
        merged_mixed=sum(bool(one & chinese) and bool(one - chinese) for one in groups.values()),
        split=sum(len(one) - 1 for one in parts.values()),
        split_chinese=sum(len(of) - 1 for one, of in parts.items() if one in chinese),
        named=counts["named"],
        named_wrong=counts["named_wrong"],
        claims=counts["claims"],
        claims_wrong=counts["claims_wrong"],
        verdicts=verdicts,
        misjudged=counts["misjudged"],
        unsure=counts["unsure"],
        drawn=sum(one.drawn for one in read.machines),
        frames=(answer.missed.judged, answer.missed.missed),
        sentence=answer.said.sentence,
        confirmed=len(kind),
        confirmed_wrong=sum(not groups[one.id] & chinese for one in kind),
        interval=(answer.low.low, answer.high.high),
        found_interval=(answer.found_low.low, answer.found_high.high),
        bounds=answer.bounds.interval,
        missed=(answer.missed.share.value, answer.missed.share.high),
        naive=(naive.value, naive.low, naive.high) if naive else (None, 0.0, 1.0),
        estimators={
            one.name.split(" (")[0].split(":")[0]: (one.least.low, one.most.high)
            for one in answer.estimators
            if one.least is not None and one.most is not None
        },
        controls=(answer.controls.hits, answer.controls.of),
        least_sensitivity=answer.noticed.least_sensitivity,
        noticed=answer.noticed.share,
        warnings=answer.warnings,
    )
