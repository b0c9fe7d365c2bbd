"""A new model against the old one on fixed pictures: may it take its place?

The old model stays until the new one was shown to be no worse. Of each measure the interval of the
difference decides (`training.evaluate.comparison`), not the difference: on few pictures chance
alone makes a model look better.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from datasets.photographs.annotations import read_photographs, split_folder
from detector.look.comparison import NAME, VERSION
from detector.look.model_files import PACKAGED, model_digest
from training.evaluate.comparison import (
    LEAST_CASES,
    LEAST_SOURCES,
    MeasureDifference,
    ModelComparison,
    compare,
)
from training.evaluate.evaluation import Progress, evaluate, forget
from training.evaluate.report import as_json, write_text
from training.weights import check_unlearnt, learnt_by_model

Judgement = Literal["better", "no worse", "worse", "unclear"]

MARGIN = 0.05
"""Of a share. A new model is no worse only where a loss of so much is ruled out; a set of a hundred
machines rules out hardly less."""

FINDING = "machines found (recall)"
BESIDES = "outside the registry, named wrong"
"""Most sets have few such machines. Where there are too few the measure says nothing for a
model, but nothing is lost unseen: each wrong name is among the false names a picture too."""

JUDGED: dict[str, bool] = {
    FINDING: True,
    "machines reported that are some (precision)": True,
    "legible builder marks found": True,
    "named right": True,
    "named wrong": False,
    BESIDES: False,
    "false names a picture": False,
    "surely false names a picture": False,
}
"""The measures that decide; whether more is better."""

NO_MORE = ("named wrong", BESIDES, "surely false names a picture")
"""Of these the new model may give no more than the old one. A margin is for what is missed: a
machine left unknown weakens a claim, a wrong name in print ends it."""


@dataclass(frozen=True, slots=True)
class Contest:
    """judgement: of the new model; reasons: in words; file: where it stands."""

    judgement: Judgement
    reasons: tuple[str, ...]
    comparison: ModelComparison
    file: Path


def contest(
    new: Path,
    validation: Path,
    split: str = "val",
    old: Path | None = None,
    *,
    work: Path,
    progress: Progress | None = None,
) -> Contest:
    """Measures both models on the same pictures, and writes `comparison.json` beside the new one.

    Args:
        new, old: folders of exported models; `old` None is the one shipped.
        validation: a data set that neither learnt from; `split` of it.
        work: where evaluations lie; what is there of the same run is not measured again.

    Raises:
        DataError: the data is missing or wrong, or a model learnt from it.
        ModelError: a model is missing or damaged.
        ResultError: a file cannot be written.
    """
    photographs = read_photographs(split_folder(validation, split))
    told: Progress = progress or (lambda stage, done, total: None)
    learnt = {model: learnt_by_model(model) for model in (old or PACKAGED, new)}
    for model, traces in learnt.items():
        check_unlearnt(traces, model, validation, split)
    reports = []
    for word, folder in (("old", old), ("new", new)):

        def say(stage: str, done: int, total: int, word: str = word) -> None:
            told(f"{word} model, {stage}", done, total)

        report = evaluate(validation, split, folder, work=work / word, progress=say)
        report.write(work / word)
        reports.append(report.as_dict())
    compared = compare(reports[0], reports[1])
    finding = next(one for one in compared.differences if one.of == FINDING)
    judgement, reasons = judge(compared, recorded=learnt[new] is not None)
    record: dict[str, Any] = {
        "version": VERSION,
        "verdict": judgement,
        "reasons": list(reasons),
        "margin": MARGIN,
        "validation": {
            "data_sha256": reports[1]["data_sha256"],
            "split": split,
            "pictures": len(photographs),
            "machines": finding.cases,
            "sources": finding.sources,
        },
        "settings_sha256": reports[1]["settings_sha256"],
        "registry_sha256": reports[1]["registry_sha256"],
        **compared.as_dict(),
    }
    file = write_text(new / NAME, as_json(record))
    for word in ("old", "new"):
        forget(work / word)
    return Contest(judgement, reasons, compared, file)


def judge(compared: ModelComparison, *, recorded: bool = True) -> tuple[Judgement, tuple[str, ...]]:
    """What a comparison, of old and new on the same pictures, says of the new model, and why.

    Args:
        recorded: what the new model learnt from is known. The old one may have learnt from these
            pictures unknown to anybody: that speaks for it, and so does not mislead.

    - worse: a measure is, whatever sources had been drawn.
    - better: a measure is, none is worse by `MARGIN` or more, and wrong names (`NO_MORE`) did not
      grow.
    - no worse: the same without a gain.
    - unclear: anything else.
    """
    found = {one.of: one for one in compared.differences if one.of in JUDGED}
    ends = {of: _good_end(one) for of, one in found.items()}
    known = {of: end for of, end in ends.items() if end is not None}
    losses = [of for of, (_, best) in known.items() if best < 0]
    if losses:
        return "worse", tuple(_say(found[of]) for of in losses)
    if not recorded:
        return "unclear", (
            "nobody recorded all that the new model learnt from, so it may know these pictures; "
            "train it anew, from weights that have their training.json beside them",
        )
    if not found[FINDING].old:
        return "unclear", ("the old model finds no machine of the validation set",)
    few = [one for one in found.values() if one.few]
    unsure = [one for one in few if one.of != BESIDES]
    if unsure:
        return "unclear", tuple(
            f"{one.of}: the validation set has {one.cases} cases of {one.sources} sources; "
            f"{LEAST_CASES} of {LEAST_SOURCES} are the least that says anything"
            for one in unsure
        )
    open_ = [of for of, (worst, _) in known.items() if worst < -MARGIN or _more_wrong(found[of])]
    if open_:
        return "unclear", tuple(_say(found[of]) for of in open_)
    gains = [of for of, (worst, _) in known.items() if worst > 0 and found[of] not in few]
    if gains:
        return "better", tuple(_say(found[of]) for of in gains)
    return "no worse", (
        f"no measure lost {100 * MARGIN:.0f} points or more, and wrong names are no more",
    )


def carry_comparison(weights: Path, out: Path) -> bool:
    """Copies the comparison made when the run of `weights` ended to the same model at `out`.

    Returns:
        Whether there was one.
    """
    made = weights.parent / "model" / NAME
    if not made.is_file() or made.parent == out:
        return made.is_file()
    text = made.read_text("utf-8")
    if json.loads(text).get("new_model") != model_digest(out):
        return False
    write_text(out / NAME, text)
    return True


def _more_wrong(one: MeasureDifference) -> bool:
    return one.of in NO_MORE and one.change is not None and one.change > 0


def _good_end(one: MeasureDifference) -> tuple[float, float] | None:
    """The interval of what was gained, worst end first; None where nothing was measured."""
    if one.low is None or one.high is None:
        return None
    return (one.low, one.high) if JUDGED[one.of] else (-one.high, -one.low)


def _say(one: MeasureDifference) -> str:
    assert one.change is not None and one.low is not None and one.high is not None
    low, high = 100 * one.low, 100 * one.high
    return f"{one.of}: {100 * one.change:+.1f} points ({low:+.1f} to {high:+.1f})"
