"""`nameplate demo`: draws a shop floor, analyses it, compares found with drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.table import Table
from rich.text import Text

from api.exits import Exit
from api.terminal import complain, progress, show, speak
from datasets.registry import load_registry
from evidence.folder import check_writable, write_results
from evidence.linking.seen import overlap
from evidence.record import to_record
from evidence.tables import clock

if TYPE_CHECKING:
    from datasets.maker import ClipMachine, ClipTruth

Outcome = Literal["hit", "unknown", "wrong", "missed"]

# A machine counts as found where a sighting's best box overlaps the drawn one by this IoU at
# that instant: the usual bound for detection (PASCAL VOC, 2010).
LEAST_OVERLAP = 0.5
# The demo must find three machines in four, or something is broken.
LEAST_FOUND = 0.75
STYLES = {"hit": "green", "unknown": "yellow", "wrong": "bold red", "missed": "red"}

Box = Sequence[float]


@dataclass(frozen=True, slots=True)
class Compared:
    """One drawn machine beside the sighting that found it, as a record, if any did."""

    drawn: ClipMachine
    found: dict[str, Any] | None

    @property
    def expected(self) -> str | None:
        """The builder that can be told: none where its mark is hidden."""
        return None if self.drawn.concealed else self.drawn.builder

    @property
    def outcome(self) -> Outcome:
        if self.found is None:
            return "missed"
        named = self.found["builder"] and self.found["builder"]["id"]
        if named is None:
            return "hit" if self.expected is None else "unknown"
        return "hit" if named == self.expected else "wrong"


def demo(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where the clip and its results go.")
    ] = Path("demo"),
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Another seed, another shop floor.")
    ] = 0,
    model: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A model folder in place of the one shipped.")
    ] = None,
) -> None:
    """Draws a clip, analyses it, and compares found with drawn.

    Ends with 1 if a builder is named wrongly or fewer than three machines in four are found.
    """
    from datasets.maker import demo_clip
    from detector import Analyst

    check_writable(out)
    out.mkdir(parents=True, exist_ok=True)
    registry = load_registry()
    console = speak()
    clip = out / f"shop-floor-{seed}.mp4"
    console.print(f"drawing {clip} ...", markup=False)
    truth = demo_clip(clip, seed)
    with progress(str(clip), shown=True) as step:
        analysis = Analyst(registry=registry, model=model).analyze(clip, step)
    record = to_record(analysis, registry, str(clip))
    folder = write_results(analysis, record, out)
    show(record, console)
    rows = compare(truth, record["machines"])
    extra = [m for m in record["machines"] if not any(row.found is m for row in rows)]
    console.print(to_table(rows))
    wrong = sum(row.outcome == "wrong" for row in rows)
    wrong += sum(not is_shown(machine, truth) for machine in extra)
    missed = sum(row.outcome == "missed" for row in rows)
    console.print(
        f"{len(rows) - missed} of {len(rows)} machines found, {wrong} builders named wrongly, "
        f"{len(extra)} sightings beside what was drawn"
    )
    console.print(f"report: {folder / 'report.html'}", markup=False, soft_wrap=True)
    if wrong or len(rows) - missed < LEAST_FOUND * len(rows):
        complain(
            f"the demo wants no builder named wrongly and {LEAST_FOUND:.0%} of the machines found"
        )
        raise typer.Exit(Exit.FOOTAGE)


def compare(truth: ClipTruth, machines: Sequence[dict[str, Any]]) -> list[Compared]:
    """Each drawn machine with its sighting: the one that overlaps it most at that instant,
    a sighting used once, the best pairs first."""
    pairs = sorted(
        (
            (overlap(machine["best"]["box"], box), -d, -f)
            for d, drawn in enumerate(truth.machines)
            for f, machine in enumerate(machines)
            if (box := box_at(drawn, machine["best"]["pts"])) is not None
        ),
        reverse=True,
    )
    taken: dict[int, int] = {}
    for share, d, f in pairs:
        if share >= LEAST_OVERLAP and -d not in taken and -f not in taken.values():
            taken[-d] = -f
    return [
        Compared(drawn, machines[taken[d]] if d in taken else None)
        for d, drawn in enumerate(truth.machines)
    ]


def is_shown(machine: dict[str, Any], truth: ClipTruth) -> bool:
    """Whether a sighting beside the drawn machines, one of them seen twice perhaps, names
    nobody, or a builder whose machine it lies on at that instant."""
    if machine["builder"] is None:
        return True
    best = machine["best"]
    return any(
        not drawn.concealed
        and drawn.builder == machine["builder"]["id"]
        and (box := box_at(drawn, best["pts"])) is not None
        and overlap(best["box"], box) > 0
        for drawn in truth.machines
    )


def box_at(drawn: ClipMachine, seconds: float) -> Box | None:
    """Where the drawn machine stands in the frame nearest to `seconds`; None if off screen."""
    if not drawn.start - 0.05 <= seconds <= drawn.end + 0.05:
        return None
    return min(drawn.boxes, key=lambda at: abs(at[0] - seconds))[1]


def to_table(rows: Sequence[Compared]) -> Table:
    """What was drawn beside what was found."""
    table = Table(
        "drawn", "on screen", "builder", "found", "named", "outcome", title="drawn against found"
    )
    for row in rows:
        drawn, found = row.drawn, row.found
        named = found["builder"]["name"] if found and found["builder"] else "unknown"
        hidden = " (concealed)" if drawn.concealed else ""
        table.add_row(
            Text(drawn.wordmark or drawn.variant),
            f"{clock(drawn.start)} - {clock(drawn.end)}",
            Text((drawn.builder or "none shown") + hidden),
            found["id"] if found else "",
            Text(named if found else ""),
            Text(row.outcome, style=STYLES[row.outcome]),
        )
    return table
