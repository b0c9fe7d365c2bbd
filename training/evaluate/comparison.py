"""Two models on the same pictures, side by side: may the new one take the old one's place?

Machines of one picture, and pictures of one source, are alike. So whole sources are drawn (a
cluster bootstrap), the same ones for both runs. Which machines are named right in one run only is
tested by McNemar's exact test besides, machine by machine.

The old model stays until the new one was shown to be no worse. Of each measure the interval of the
difference decides, not the difference: on few pictures chance alone makes a model look better.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.stats import binomtest

from datasets.entry import OUTSIDE
from datasets.errors import DataError
from datasets.photographs.annotations import read_photographs, split_folder
from datasets.photographs.splits import source_key
from detector.look.comparison import NAME
from detector.look.comparison import VERSION as FILE_VERSION
from detector.look.model_files import PACKAGED, model_digest
from training.evaluate.evaluation import NAME as EVALUATION
from training.evaluate.evaluation import VERSION, Progress, evaluate, forget
from training.evaluate.measures import rounded
from training.results import as_json, write_text
from training.weights import check_unlearnt, learnt_by_model

RESAMPLES = 4000

LEAST_CASES, LEAST_SOURCES = 60, 20
"""Of a measure, for its interval to say anything. Where none of n machines is lost, so many may
still be: 3 / n of them (the rule of three), which is a twentieth at sixty. Fewer sources, drawn
again, say nothing of how much sources differ: from one source, every draw is the same."""
Judgement = Literal["better", "no worse", "worse", "unclear"]

MARGIN = 0.05
"""Of a share. A new model is no worse only where a loss of so much is ruled out; a set of a hundred
machines rules out hardly less."""
Counts = Mapping[str, tuple[float, float]]
"""Hits and total of one measure, by source."""


def _by_picture(hits: str, total: str) -> Callable[[Mapping[str, Any]], Counts]:
    return lambda report: _summed((r["source"], r[hits], r[total]) for r in report["by_picture"])


def _by_case(outcome: str, *, inside: bool = True) -> Callable[[Mapping[str, Any]], Counts]:
    return lambda report: _summed(
        (case["source"], float(case["outcome"] == outcome), 1.0)
        for case in report["cases"]
        if case["truth"].startswith(OUTSIDE) != inside
    )


def _false_a_picture(*whys: str) -> Callable[[Mapping[str, Any]], Counts]:
    def count(report: Mapping[str, Any]) -> Counts:
        false = Counter(row["picture"] for row in report["false_names"] if row["why"] in whys)
        rows = report["by_picture"]
        return _summed((row["source"], float(false[row["picture"]]), 1.0) for row in rows)

    return count


FINDING = "machines found (recall)"
BESIDES = "outside the registry, named wrong"
"""Most sets have few such machines. Where there are too few the measure says nothing for a
model, but nothing is lost unseen: each wrong name is among the false names a picture too."""
MEASURES: Mapping[str, tuple[Callable[[Mapping[str, Any]], Counts], bool | None]] = {
    FINDING: (_by_picture("found", "wanted"), True),
    "machines reported that are some (precision)": (_by_picture("hits", "reported"), True),
    "legible builder marks found": (_by_picture("marks_found", "marks"), True),
    "named right": (_by_case("right"), True),
    "left unknown": (_by_case("unknown"), None),
    "unseen": (_by_case("unseen"), None),
    "named wrong": (_by_case("wrong"), False),
    BESIDES: (_by_case("wrong", inside=False), False),
    "false names a picture": (
        _false_a_picture("negative", "other", "untold", "nothing"), False,
    ),
    # Where nobody could tell, or labelled no machine, a name may be right all the same.
    "surely false names a picture": (_false_a_picture("negative", "other"), False),
}  # fmt: skip
"""How each is counted, and whether more is better; None: it does not decide."""
JUDGED = {of: more for of, (_, more) in MEASURES.items() if more is not None}
"""The measures that decide; whether more is better."""
NO_MORE = ("named wrong", BESIDES, "surely false names a picture")
"""Of these the new model may give no more than the old one. A margin is for what is missed: a
machine left unknown weakens a claim, a wrong name in print ends it."""


def _summed(rows: Any) -> Counts:
    sums: dict[str, tuple[float, float]] = {}
    for source, hits, total in rows:
        key = source_key(source)
        before = sums.get(key, (0.0, 0.0))
        sums[key] = (before[0] + hits, before[1] + total)
    return sums


@dataclass(frozen=True, slots=True)
class MeasureDifference:
    """One measure in both runs, as shares of 1, and new minus old with its 95 % interval.

    cases: what the shares are of, machines, marks or pictures; sources: those that any of them is
    of. Where the runs differ, of the one with fewer.
    """

    of: str
    old: float | None
    new: float | None
    low: float | None
    high: float | None
    cases: int
    sources: int

    @property
    def change(self) -> float | None:
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def few(self) -> bool:
        """Whether its interval says nothing, however narrow it is."""
        return self.cases < LEAST_CASES or self.sources < LEAST_SOURCES

    @property
    def gain(self) -> tuple[float, float] | None:
        """The interval of what was gained, worst end first; None where nothing was measured."""
        if self.low is None or self.high is None:
            return None
        return (self.low, self.high) if JUDGED[self.of] else (-self.high, -self.low)

    @property
    def more_wrong(self) -> bool:
        return self.of in NO_MORE and (self.change or 0.0) > 0

    def __str__(self) -> str:
        low, high, change = (100 * (value or 0.0) for value in (self.low, self.high, self.change))
        return f"{self.of}: {change:+.1f} points ({low:+.1f} to {high:+.1f})"


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """differences: measure by measure. gained, lost: machines named right in the new run only, or
    in the old run only, as picture and builder. chance: McNemar's exact two-sided p. left_out: how
    many machines have a builder that only one run's registry has. What is right of them differs."""

    old_model: str
    new_model: str
    differences: tuple[MeasureDifference, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]
    chance: float
    left_out: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "old_model": self.old_model,
            "new_model": self.new_model,
            "differences": [
                {"of": d.of, "cases": d.cases, "sources": d.sources}
                | {n: rounded(getattr(d, n)) for n in ("old", "new", "change", "low", "high")}
                for d in self.differences
            ],
            "named_right_gained": list(self.gained),
            "named_right_lost": list(self.lost),
            "mcnemar_p": rounded(self.chance),
            "left_out": self.left_out,
        }


def read_report(file: Path, split: str, data_sha256: str) -> dict[str, Any]:
    """An evaluation.json of before, of the same pictures.

    Raises DataError: it is no evaluation that can be read and compared. Or it was on another split,
    or the pictures or labels have changed since.
    """
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as an evaluation.json ({error})") from error
    if not isinstance(values, dict) or "cases" not in values:
        raise DataError(f"{file}: no evaluation.json; `nameplate evaluate --out DIR` writes one")
    if values.get("version") != VERSION:
        raise DataError(
            f"{file}: written as version {values.get('version')}, this program compares version "
            f"{VERSION}; measure that model again with this program"
        )
    if values["split"] != split:
        raise DataError(
            f"{file}: measured on split {values['split']!r}, this run is on {split!r}; "
            f"only runs on the same pictures can be compared"
        )
    if values["data_sha256"] != data_sha256:
        raise DataError(
            f"{file}: measured on other pictures or labels (data {values['data_sha256'][:12]}, now "
            f"{data_sha256[:12]}); measure both models on the same data"
        )
    return values


def compare(old: Mapping[str, Any], new: Mapping[str, Any], seed: int = 0) -> ModelComparison:
    """Compares two evaluations, as `Report.as_dict` gives them, of the same pictures."""
    both = {*map(_key, old["cases"])} & {*map(_key, new["cases"])}
    left_out = len(new["cases"]) - len(both)
    old, new = (
        {**report, "cases": [case for case in report["cases"] if _key(case) in both]}
        for report in (old, new)
    )
    rng = np.random.default_rng(seed)
    named = sorted({row["source"] for row in new["by_picture"]})
    sources = list(dict.fromkeys(map(source_key, named)))
    draws = rng.integers(len(sources), size=(RESAMPLES, len(sources)))
    differences = [
        _difference(name, count(old), count(new), sources, draws)
        for name, (count, _) in MEASURES.items()
    ]
    before, after = (
        {_key(case) for case in report["cases"] if case["outcome"] == "right"}
        for report in (old, new)
    )
    gained, lost = (
        tuple(f"{picture.removeprefix('images/')} {truth}" for picture, _, truth in sorted(keys))
        for keys in (after - before, before - after)
    )
    either = len(gained) + len(lost)
    chance = float(binomtest(len(gained), either).pvalue) if either else 1.0
    models = old["model_sha256"], new["model_sha256"]
    return ModelComparison(*models, tuple(differences), gained, lost, chance, left_out)


def _key(case: Mapping[str, Any]) -> tuple[str, int, str]:
    """Which machine, and what it would be right to say of it."""
    return case["picture"], case["machine"], case["truth"]


def _difference(
    name: str, old: Counts, new: Counts, sources: list[str], draws: Any
) -> MeasureDifference:
    tables = [np.array([count.get(s, (0.0, 0.0)) for s in sources]) for count in (old, new)]
    sums = [table.sum(axis=0) for table in tables]
    before, after = (float(hits / total) if total else None for hits, total in sums)
    cases = min(int(table[:, 1].sum()) for table in tables)
    of = min(int((table[:, 1] > 0).sum()) for table in tables)
    if before is None or after is None:
        return MeasureDifference(name, before, after, None, None, cases, of)
    with np.errstate(invalid="ignore"):
        drawn = [table[draws].sum(axis=1) for table in tables]
        change = drawn[1][:, 0] / drawn[1][:, 1] - drawn[0][:, 0] / drawn[0][:, 1]
    low, high = np.nanquantile(change, (0.025, 0.975))
    return MeasureDifference(name, before, after, float(low), float(high), cases, of)


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

    new, old: folders of exported models; `old` None is the one shipped.
    validation: a data set that neither learnt from; `split` of it.
    work: where evaluations lie; what is there of the same run is not measured again.
    Raises DataError: the data is missing or wrong, or a model learnt from it. ModelError: a model
    is missing or damaged. ResultError: a file cannot be written.
    """
    photographs = read_photographs(split_folder(validation, split))
    learnt = {model: learnt_by_model(model) for model in (old or PACKAGED, new)}
    for model, traces in learnt.items():
        check_unlearnt(traces, model, validation, split)
    reports = []
    for word, folder in (("old", old), ("new", new)):

        def say(stage: str, done: int, total: int, word: str = word) -> None:
            if progress is not None:
                progress(f"{word} model, {stage}", done, total)

        reports.append(evaluate(validation, split, folder, work=work / word, progress=say))
        write_text(work / word / EVALUATION, as_json(reports[-1]))
    compared = compare(reports[0], reports[1])
    finding = next(one for one in compared.differences if one.of == FINDING)
    judgement, reasons = judge(compared, recorded=learnt[new] is not None)
    record: dict[str, Any] = {
        "version": FILE_VERSION,
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
    judged = [one for one in compared.differences if one.of in JUDGED]
    known = [(one, *one.gain) for one in judged if one.gain is not None]
    if losses := tuple(str(one) for one, _, best in known if best < 0):
        return "worse", losses
    if not recorded:
        return "unclear", (
            "nobody recorded all that the new model learnt from, so it may know these pictures; "
            "train it anew, from weights that have their training.json beside them",
        )
    if not any(one.old for one in judged if one.of == FINDING):
        return "unclear", ("the old model finds no machine of the validation set",)
    if unsure := tuple(
        f"{one.of}: the validation set has {one.cases} cases of {one.sources} sources; "
        f"{LEAST_CASES} of {LEAST_SOURCES} are the least that says anything"
        for one in judged
        if one.few and one.of != BESIDES
    ):
        return "unclear", unsure
    if doubts := tuple(str(one) for one, worst, _ in known if worst < -MARGIN or one.more_wrong):
        return "unclear", doubts
    if gains := tuple(str(one) for one, worst, _ in known if worst > 0 and not one.few):
        return "better", gains
    return "no worse", (
        f"no measure lost {100 * MARGIN:.0f} points or more, and wrong names are no more",
    )


def carry_comparison(weights: Path, out: Path) -> bool:
    """Copies the comparison made when the run of `weights` ended to the same model at `out`.
    Returns whether there was one."""
    made = weights.parent / "model" / NAME
    if not made.is_file() or made.parent == out:
        return made.is_file()
    text = made.read_text("utf-8")
    if json.loads(text).get("new_model") != model_digest(out):
        return False
    write_text(out / NAME, text)
    return True
