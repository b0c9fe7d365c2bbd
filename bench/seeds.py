"""How far do runs of training differ that differ in their seed alone?

python -m bench.seeds DATA MODEL... [--confidence 0.3 0.35 0.4]

Each MODEL is an exported folder, or `shipped`. Whatever it sees in the pictures of `val` at any
confidence is held against the labels, before anything is read: the tables of docs/tried.md
on how the model came to be. With several the last rows give their mean, the least and the most.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import arguments
from datasets.annotations import Photograph, read_photographs, split_folder
from detector.look.detect import Detector
from detector.settings import Settings
from training.evaluate.detection import Spotted
from training.evaluate.evaluation import at_any_confidence, open_picture
from training.evaluate.measures import Matched, Share, average_precision, precision, recall

# How precise the sure part of a detector has to be: the aim of the project.
_PRECISE = 0.9
_SHIPPED = "shipped"


@dataclass(frozen=True, slots=True)
class Run:
    """One model on one split: AP50 and recall at `_PRECISE` of CNC machines over 60 px, legible
    builder marks and operator panels found, and at each confidence (precision, recall, negatives
    with a machine)."""

    name: str
    ap50: float
    recall: float
    marks: Share
    controls: Share
    at: tuple[tuple[Share, Share, Share], ...]


def main() -> None:
    parser = arguments("bench.seeds", __doc__)
    parser.add_argument("data", type=Path, metavar="DATA")
    parser.add_argument("models", nargs="+", metavar="MODEL")
    parser.add_argument("--confidence", type=float, nargs="+", default=[0.3, 0.35, 0.4])
    given = parser.parse_args()
    photographs = read_photographs(split_folder(given.data, "val"))
    runs = []
    for name in given.models:
        runs.append(measure(name, photographs, given.confidence))
        print(f"\r{len(runs)} of {len(given.models)} models", end="", flush=True)
    print()
    print("\n".join(table(runs, given.confidence)))


def measure(name: str, photographs: Sequence[Photograph], confidences: Sequence[float]) -> Run:
    """What a model finds in the photographs; `name` is its folder, or `shipped`.

    Raises:
        ModelError: there is no model in the folder, or it is damaged.
    """
    surely = Settings().detecting.mark_confidence
    every = at_any_confidence(Settings()).detecting
    detector = Detector(None if name == _SHIPPED else Path(name), every, 1)
    counted = [Spotted(least, surely) for least in confidences]
    for photograph in photographs:
        (found,) = detector.detect([open_picture(photograph)])
        for one in counted:
            one.add(photograph, found)
    first = counted[0]
    marks = [part for parts in first.marks.values() for part in parts]
    return Run(
        name,
        average_precision(first.large_machines) or 0.0,
        recall_when_precise(first.large_machines),
        recall(marks, surely),
        recall(first.controls, surely),
        tuple(
            (
                precision(one.large_machines, one.confidence),
                recall(one.large_machines, one.confidence),
                one.disturbed_share,
            )
            for one in counted
        ),
    )


def recall_when_precise(machines: Sequence[Matched]) -> float:
    """The most that is found at any bound from which on `_PRECISE` of what is reported is right."""
    bounds = {float(c) for one in machines for c in one.confidence[one.hit]}
    precise = (b for b in bounds if (precision(machines, b).value or 0.0) >= _PRECISE)
    return max((recall(machines, b).value or 0.0 for b in precise), default=0.0)


def table(runs: Sequence[Run], confidences: Sequence[float]) -> list[str]:
    """Lines of a table: a row for each run, then what they have in common."""
    heads = ["run", "AP50, over 60 px", "recall at precision 0.9", "builder marks", "controls"]
    for least in confidences:
        heads += [f"from {least:g}: precision", "recall", "negatives with a machine"]
    rows = [heads, ["---"] * len(heads)]
    for run in runs:
        shares = [run.marks, run.controls, *(share for three in run.at for share in three)]
        rows.append(
            [run.name, f"{run.ap50:.3f}", f"{run.recall:.2f}"]
            + [f"{share.hits}/{share.total}" for share in shares]
        )
    if len(runs) > 1:
        columns = [_values(run) for run in runs]
        for name, of in (("mean", statistics.mean), ("least", min), ("most", max)):
            rows.append([name, *(f"{of(values):.3f}" for values in zip(*columns, strict=True))])
    return [f"| {' | '.join(row)} |" for row in rows]


def _values(run: Run) -> Iterable[float]:
    shares = [run.marks, run.controls, *(share for three in run.at for share in three)]
    return [run.ap50, run.recall, *(share.value or 0.0 for share in shares)]


if __name__ == "__main__":
    main()
