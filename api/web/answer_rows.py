"""The machines of an answer as the page lists them: by builder and status, each with its link."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from datasets.registry import Registry
from detector.claims.origin import home_of
from evidence.answer.estimators.share_bounds import confirmed, status
from evidence.answer.machines import SeenMachine
from evidence.answer.question import Question
from evidence.answer.report.charts import STATUSES
from evidence.answer.report.exhibits import judged_stills
from evidence.browse.described import Machine, describe
from evidence.browse.shapes import Named
from evidence.linking.load import chunks
from evidence.store import MachineRow
from evidence.tables import printable

MOST_LISTED = 24
"""Links to single machines in one cell."""

MOST_SHOWN = 24
"""Machines of the kind asked for that are shown with their picture."""


@dataclass(frozen=True, slots=True)
class BuilderRow:
    """The machines of one builder. origin: where such machines are from (`home_of`). kind: whether
    they are of the kind asked for; None: not known. machines: by status, in the order of
    `figures.STATUSES`."""

    builder: Named | None
    origin: str | None
    kind: bool | None
    machines: dict[str, list[SeenMachine]]

    @property
    def total(self) -> int:
        return sum(map(len, self.machines.values()))


@dataclass(frozen=True, slots=True)
class OfKind:
    """A machine that is, or may be, of the kind asked for. Once it is confirmed its pictures are of
    what people judged (`judged_stills`)."""

    machine: Machine
    status: str
    plant: str
    stated: bool
    builder: Named | None


def by_builder(
    machines: Sequence[SeenMachine], question: Question, registry: Registry
) -> list[BuilderRow]:
    """Those of the kind first, then by how many there are; the unknown last."""
    found: dict[str | None, dict[str, list[SeenMachine]]] = defaultdict(lambda: defaultdict(list))
    for one in machines:
        if not one.stood_in:
            found[one.named][status(one)].append(one)
    rows = [
        BuilderRow(
            None if builder is None else Named.of(builder, registry),
            home_of(registry.get(builder)) if builder and builder in registry else None,
            None if builder is None else question.fits(builder, None, registry),
            {word: those[word] for word in STATUSES if word in those},
        )
        for builder, those in found.items()
    ]
    return sorted(
        rows,
        key=lambda row: (
            row.builder is None,
            row.kind is not True,
            -row.total,
            "" if row.builder is None else row.builder.name,
        ),
    )


def of_kind(
    session: Session, machines: Sequence[SeenMachine], registry: Registry
) -> tuple[list[OfKind], int]:
    """Machines that the program found, confirmed or claimed to be of the kind, the confirmed first,
    by plant; and how many there are, of which at most `MOST_SHOWN` are given."""
    found = [one for one in machines if not one.entered and not one.stood_in]
    wanted = [one for one in found if confirmed(one) or status(one) == "probable"]
    wanted.sort(key=lambda one: (not confirmed(one), one.plant, one.id))
    chosen = wanted[:MOST_SHOWN]
    rows = {
        row.id: row
        for part in chunks([one.id for one in chosen])
        for row in session.scalars(select(MachineRow).where(MachineRow.id.in_(part)))
    }
    told = {one.id: one for one in describe(session, list(rows.values()), registry)}
    shown = [
        OfKind(
            _as_judged(session, told[one.id], one) if confirmed(one) else told[one.id],
            status(one),
            printable(one.plant),
            one.stated,
            None if one.named is None else Named.of(one.named, registry),
        )
        for one in chosen
        if one.id in told
    ]
    return shown, len(wanted)


def _as_judged(session: Session, machine: Machine, one: SeenMachine) -> Machine:
    """The machine with the pictures of the sighting that people judged."""
    stills = judged_stills(session, one)
    shown = {role: still.sha256 for role, still in stills.items()}
    return machine.model_copy(update={"still": shown.get("best"), "mark": shown.get("mark")})
