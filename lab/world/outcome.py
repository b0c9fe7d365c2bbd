"""The answer of a case beside the truth of the world that its footage was drawn of."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import func, select

from datasets.errors import UsageError
from datasets.files import fill_page
from datasets.maker.canvas import Box
from datasets.registry import Registry
from evidence.answer.case import read_case
from evidence.answer.population import Status, confirmed
from evidence.answer.question import Question
from evidence.case.case import Case
from evidence.case.sighting_tables import Membership, SightingRow, Verdict
from evidence.case.tables import Item, Recipe
from evidence.link.sightings import overlap
from lab.world.footage import MachineView, WorldFile
from lab.world.plan import TESTED, WorldPlan

BEGIN, END = "<!-- world: made by python -m lab.world -->\n", "<!-- end of world -->\n"

FITS = 0.3
"""Overlap with the true box from which a sighting is of that machine. Of two that stand close it
may hold both, and is of the one that it fits best."""
LATE = 0.3  # seconds that a time may lie outside those of the truth, whose steps are half a second

IN_VIEW = 0.01
"""Of the frame's area: a machine that is never as large is not counted as in view."""
Interval = tuple[float, float]


@dataclass(frozen=True)
class WorldOutcome:
    """One world's numbers. share: as planned; truth: of the machines in view. rows: the lines of
    the page's table, by name."""

    share: float
    truth: float
    interval: Interval
    confirmed: int
    confirmed_wrong: int
    rows: dict[str, str]

    @property
    def holds(self) -> bool:
        """True if the answer's interval holds the truth."""
        return self.interval[0] <= self.truth <= self.interval[1]


def box_at(one: MachineView, time: float) -> Box | None:
    """The place of a machine at a time, between the times of its truth; None where it is not."""
    if not one.start - LATE <= time <= one.end + LATE:
        return None
    times = [at for at, _ in one.boxes]
    sides = np.array([box for _, box in one.boxes])
    x1, y1, x2, y2 = (float(np.interp(time, times, sides[:, n])) for n in range(4))
    return x1, y1, x2, y2


def shown_by(footage: WorldFile, time: float, box: Sequence[float]) -> MachineView | None:
    """The machine that a sighting shows, by the box at one time; None for none."""
    fits = [
        (overlap(at, box), one) for one in footage.seen if (at := box_at(one, time)) is not None
    ]
    best, found = max(fits, key=lambda pair: pair[0], default=(0.0, None))
    return found if best >= FITS else None


def stand_in(footage: WorldFile, time: float) -> list[tuple[MachineView, Box]]:
    """The machines in view in a frame with their boxes, the largest first."""
    found = [
        (one, box)
        for one in footage.seen
        if (box := box_at(one, time)) is not None and share_of(footage, box) >= IN_VIEW
    ]
    return sorted(found, key=lambda pair: -share_of(footage, pair[1]))


def share_of(footage: WorldFile, box: Box) -> float:
    """Of the frame's area."""
    w, h = footage.size
    return (box[2] - box[0]) * (box[3] - box[1]) / (w * h)


def in_view(footage: Sequence[WorldFile]) -> set[str]:
    """The machines that can be seen in this footage."""
    return {
        one.machine
        for clip in footage
        for one in clip.seen
        if any(share_of(clip, box) >= IN_VIEW for _, box in one.boxes)
    }


def compare(
    case: Case,
    recipe: Recipe,
    plan: WorldPlan,
    footage: Mapping[str, WorldFile],
    registry: Registry,
) -> WorldOutcome:
    """The answer and the truth side by side.

    footage: of all clips, by SHA-256.
    """
    read = read_case(case, Question("origin", TESTED), registry)
    answer = read.answer
    ours = {sha: clip for sha, clip in footage.items() if clip.name not in plan.controls}
    builders = {id_: one.mark.builder for id_, one in plan.machines.items()}
    chinese = {id_ for id_, one in builders.items() if registry.get(one).origin == TESTED}
    seen = in_view(list(ours.values()))
    dark = seen - {one.machine for clip in ours.values() for one in clip.seen if one.legible}
    counts: Counter[str] = Counter()
    groups: dict[str, set[str]] = defaultdict(set)
    parts: dict[str, set[str]] = defaultdict(set)
    counted = {one.id for one in read.machines if one.status is not Status.NONE}
    with case.session() as session:
        found = session.execute(
            select(SightingRow, Membership.machine, Item)
            .join(Membership, Membership.sighting == SightingRow.key)
            .outerjoin(Item, Item.sighting == SightingRow.key)
            .where(SightingRow.model == recipe.model, SightingRow.settings == recipe.settings)
        ).all()
        verdicts = session.scalar(select(func.count()).select_from(Verdict)) or 0
    for row, machine, item in found:
        if row.footage not in ours:
            continue
        shown = shown_by(ours[row.footage], float(row.pts), row.box)
        true = builders[shown.machine] if shown else None
        claim = row.builder is not None and registry.get(row.builder).origin == TESTED
        settled = item is not None and item.state == "settled"
        counts.update(
            sightings=1,
            nothing=shown is None,
            named=row.builder is not None,
            misnamed=row.builder is not None and row.builder != true,
            claims=claim,
            misclaimed=claim and (shown is None or shown.machine not in chinese),
            misjudged=settled and item.outcome in ("accept", "builder") and item.builder != true,
            unsure=settled and item.outcome == "unknown" and shown is not None and shown.legible,
        )
        if shown is not None and machine in counted:
            groups[machine].add(shown.machine)
            parts[shown.machine].add(machine)
    settled_so = [one for one in read.machines if confirmed(one)]
    wrong = sum(not groups[one.id] & chinese for one in settled_so)
    truth = len(seen & chinese) / len(seen)
    interval = answer.low.low, answer.high.high
    missed, hits = answer.missed, answer.controls
    drawn = sum(one.drawn for one in read.machines)

    def held(low: float, high: float) -> str:
        word = "holds it" if low <= truth <= high else "**does not hold it**"
        return f"{100 * low:.1f} to {100 * high:.1f} %: {word}"

    rows = {
        "machines in view, of those planned": f"{len(seen)} of {len(builders)}",
        "of them nowhere legible": f"{len(dark)} ({percent(len(dark) / len(seen))})",
        "**true share of Chinese ones in view**": (
            f"**{percent(truth)}** ({len(seen & chinese)} of {len(seen)})"
        ),
        "**the answer's interval**": f"**{held(*interval)}**",
        "of the machines found alone": held(answer.found_low.low, answer.found_high.high),
        "the sentence": answer.said.sentence,
        "machines confirmed Chinese; of them not Chinese": f"{len(settled_so)}; {wrong}",
        "share that would have been noticed": (
            f"{percent(answer.noticed.share)} ({hits.hits} of {hits.of} controls came out)"
        ),
        "machines found at least in part": f"{len(parts.keys() & seen)} of {len(seen)}",
        "missed altogether, estimated (at most); true": (
            f"{percent(missed.share.value)} ({percent(missed.share.high)}); "
            f"{percent(1 - len(parts.keys() & seen) / len(seen))}"
        ),
        "machines counted": str(len(counted)),
        "of them holding more than one": str(sum(len(one) > 1 for one in groups.values())),
        "parts too many; of Chinese machines": (
            f"{sum(len(one) - 1 for one in parts.values())}; "
            f"{sum(len(of) - 1 for one, of in parts.items() if one in chinese)}"
        ),
        "sightings; of nothing": f"{counts['sightings']}; {counts['nothing']}",
        "sightings with a builder; a wrong one": f"{counts['named']}; {counts['misnamed']}",
        "sightings claimed Chinese; wrongly": f"{counts['claims']}; {counts['misclaimed']}",
        "machines drawn and judged; frames drawn and judged; with a machine": (
            f"{drawn}; {missed.judged}; {missed.missed}"
        ),
        "verdicts; settled on a wrong builder; as unknown although legible": (
            f"{verdicts}; {counts['misjudged']}; {counts['unsure']}"
        ),
    }
    return WorldOutcome(plan.spec.share, truth, interval, len(settled_so), wrong, rows)


def percent(value: float | None) -> str:
    """As a percentage."""
    return "none" if value is None else f"{100 * value:.1f} %"


def write_outcome(folder: Path, outcome: WorldOutcome) -> None:
    (folder / "result.json").write_text(json.dumps(asdict(outcome), indent=1), "utf-8")


def read_outcome(folder: Path) -> WorldOutcome:
    """The numbers of a world that ran to its end. Raises UsageError: it has not."""
    file = folder / "result.json"
    try:
        plain = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"{file}: not there; run that world to its end first") from error
    return WorldOutcome(**plain | {"interval": tuple(plain["interval"])})


def table(worlds: Sequence[WorldOutcome]) -> str:
    """A column for each world, a row for each number."""
    head = [f"{100 * one.share:.0f} % Chinese" for one in worlds]
    lines = ["| | " + " | ".join(head) + " |", "|---|" + "---|" * len(worlds)]
    for name in dict.fromkeys(name for one in worlds for name in one.rows):
        cells = [one.rows.get(name, "none") for one in worlds]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def publish(page: Path, worlds: Sequence[WorldOutcome]) -> None:
    """Puts the table in place of the one between the page's markers. Raises UsageError: a marker is
    missing in the page."""
    page.write_text(fill_page(page, BEGIN, END, table(worlds)), "utf-8")
