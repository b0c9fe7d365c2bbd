"""The charts of a data set: what is counted, and in which order it stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from datasets.annotations import Box, Photograph
from datasets.look.charts import Series, bars, sizes
from datasets.look.colours import MARK, SPLITS, UNLABELLED

MOST_ROWS = 30
"""Rows of a chart; the rest is one row more."""

Splits = Mapping[str, Sequence[Photograph]]


@dataclass(frozen=True, slots=True)
class Chart:
    """A title, a line of explanation, the colours and the drawing."""

    title: str
    note: str
    series: tuple[Series, ...]
    svg: str


def charts_of(splits: Splits) -> tuple[Chart, ...]:
    """Classes, sizes, scenes, builders, kinds, roles and sources."""
    series = tuple(
        Series(name, SPLITS[min(place, len(SPLITS) - 1)]) for place, name in enumerate(splits)
    )

    def rows(title: str, note: str, names: Callable[[Photograph], Iterable[str]]) -> Chart:
        counts = {
            split: Counter(name for photograph in photographs for name in names(photograph))
            for split, photographs in splits.items()
        }
        return Chart(title, note, series, bars(_rows(counts), series))

    machine_sides = {
        split: [shorter_side(m.box) for photograph in photographs for m in photograph.machines]
        for split, photographs in splits.items()
    }
    legibility = (Series("legible", MARK), Series("not legible", UNLABELLED))
    mark_sides = {
        one.name: [
            shorter_side(mark.box)
            for photographs in splits.values()
            for photograph in photographs
            for mark in photograph.marks
            if mark.legible == (one.name == "legible")
        ]
        for one in legibility
    }
    return (
        rows("Classes", "Boxes by class.", _classes),
        rows("Scenes", "Pictures by scene.", lambda p: [p.scene]),
        Chart("Size of machines", "Shorter side of the box, stored pixels.", series,
              sizes(machine_sides, series)),
        Chart("Size of marks", "Shorter side of the box, stored pixels; all splits.", legibility,
              sizes(mark_sides, legibility)),
        rows("Builders", "Machines by builder; x-... is outside the registry.",
             lambda p: [m.builder or "unknown" for m in p.machines]),
        rows("Sources", "Pictures by source; a source belongs to one split.",
             lambda p: [p.source]),
        rows("What marks are", "Marks by role.", lambda p: [mark.role for mark in p.marks]),
        rows("How builders are known", "Machines by what names the builder.",
             lambda p: [m.by or "not known" for m in p.machines]),
        rows("Kinds", "Machines by kind.", lambda p: [m.kind for m in p.machines]),
        rows("Numerical control", "Machines by whether they have one.",
             lambda p: [_CNC[m.cnc] for m in p.machines]),
    )  # fmt: skip


_CNC = {True: "CNC", False: "no CNC", None: "cannot be told"}


def shorter_side(box: Box) -> float:
    """Of a box, in pixels."""
    return min(box[2] - box[0], box[3] - box[1])


def _classes(photograph: Photograph) -> Iterable[str]:
    yield from ("machine" for _ in photograph.machines)
    yield from ("wordmark" for _ in photograph.marks)
    yield from ("control" for _ in photograph.controls)
    yield from ("concealed mark" for _ in photograph.concealed)


def _rows(counts: Mapping[str, Counter[str]]) -> list[tuple[str, list[int]]]:
    """A row a name, the commonest first; what passes `MOST_ROWS` is counted together."""
    total: Counter[str] = Counter()
    for one in counts.values():
        total.update(one)
    names = sorted(total, key=lambda name: (-total[name], name))
    shown, rest = names[:MOST_ROWS], names[MOST_ROWS:]
    rows = [(name, [one[name] for one in counts.values()]) for name in shown]
    if rest:
        together = [sum(one[name] for name in rest) for one in counts.values()]
        rows.append((f"{len(rest)} others", together))
    return rows
