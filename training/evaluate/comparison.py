"""Two runs on the same pictures, side by side, with intervals for what lies between them.

Machines of one picture, and pictures of one source, are alike. So whole sources are drawn (a
cluster bootstrap), the same ones for both runs. Which machines are named right in one run only is
tested by McNemar's exact test besides, machine by machine.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest

from datasets.errors import DataError
from datasets.photographs.writing import source_key
from datasets.registry import OUTSIDE
from training.evaluate.report import VERSION

RESAMPLES = 4000

LEAST_CASES, LEAST_SOURCES = 60, 20
"""Of a measure, for its interval to say anything. Where none of n machines is lost, so many may
still be: 3 / n of them (the rule of three), which is a twentieth at sixty. Fewer sources, drawn
again, say nothing of how much sources differ: from one source, every draw is the same."""

_SHARES = ("old", "new", "change", "low", "high")
Counts = Mapping[str, tuple[float, float]]
"""Hits and total of one measure, by source."""


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
                | {name: _rounded(getattr(d, name)) for name in _SHARES}
                for d in self.differences
            ],
            "named_right_gained": list(self.gained),
            "named_right_lost": list(self.lost),
            "mcnemar_p": _rounded(self.chance),
            "left_out": self.left_out,
        }


def read_report(file: Path) -> dict[str, Any]:
    """An evaluation.json of before.

    Raises:
        DataError: it cannot be read, is no evaluation, or of a version that cannot be compared.
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
    return values


def check_same(old: Mapping[str, Any], file: Path, split: str, data_sha256: str) -> None:
    """Whether a run of before can be compared with one on this split.

    Raises:
        DataError: it was on another split, or the pictures or labels have changed since.
    """
    if old["split"] != split:
        raise DataError(
            f"{file}: measured on split {old['split']!r}, this run is on {split!r}; "
            f"only runs on the same pictures can be compared"
        )
    if old["data_sha256"] != data_sha256:
        raise DataError(
            f"{file}: measured on other pictures or labels (data {old['data_sha256'][:12]}, now "
            f"{data_sha256[:12]}); measure both models on the same data"
        )


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
        for name, count in MEASURES.items()
    ]
    before, after = _right(old), _right(new)
    gained, lost = sorted(after - before), sorted(before - after)
    either = len(gained) + len(lost)
    chance = float(binomtest(len(gained), either).pvalue) if either else 1.0
    return ModelComparison(
        old["model_sha256"],
        new["model_sha256"],
        tuple(differences),
        tuple(_case_name(key) for key in gained),
        tuple(_case_name(key) for key in lost),
        chance,
        left_out,
    )


def _by_picture(hits: str, total: str) -> Callable[[Mapping[str, Any]], Counts]:
    def count(report: Mapping[str, Any]) -> Counts:
        return _summed((row["source"], row[hits], row[total]) for row in report["by_picture"])

    return count


def _by_case(outcome: str, *, inside: bool) -> Callable[[Mapping[str, Any]], Counts]:
    def count(report: Mapping[str, Any]) -> Counts:
        return _summed(
            (case["source"], float(case["outcome"] == outcome), 1.0)
            for case in report["cases"]
            if case["truth"].startswith(OUTSIDE) != inside
        )

    return count


def _false_a_picture(*whys: str) -> Callable[[Mapping[str, Any]], Counts]:
    def count(report: Mapping[str, Any]) -> Counts:
        false = [row["picture"] for row in report["false_names"] if row["why"] in whys]
        return _summed(
            (row["source"], float(false.count(row["picture"])), 1.0) for row in report["by_picture"]
        )

    return count


MEASURES: Mapping[str, Callable[[Mapping[str, Any]], Counts]] = {
    "machines found (recall)": _by_picture("found", "wanted"),
    "machines reported that are some (precision)": _by_picture("hits", "reported"),
    "legible builder marks found": _by_picture("marks_found", "marks"),
    "named right": _by_case("right", inside=True),
    "left unknown": _by_case("unknown", inside=True),
    "unseen": _by_case("unseen", inside=True),
    "named wrong": _by_case("wrong", inside=True),
    "outside the registry, named wrong": _by_case("wrong", inside=False),
    "false names a picture": _false_a_picture("negative", "other", "untold", "nothing"),
    # Where nobody could tell, or labelled no machine, a name may be right all the same.
    "surely false names a picture": _false_a_picture("negative", "other"),
}


def _summed(rows: Any) -> Counts:
    sums: dict[str, tuple[float, float]] = {}
    for source, hits, total in rows:
        key = source_key(source)
        before = sums.get(key, (0.0, 0.0))
        sums[key] = (before[0] + hits, before[1] + total)
    return sums


def _difference(
    name: str, old: Counts, new: Counts, sources: list[str], draws: Any
) -> MeasureDifference:
    tables = [np.array([count.get(s, (0.0, 0.0)) for s in sources]) for count in (old, new)]
    values = [_share(table.sum(axis=0)) for table in tables]
    cases = min(int(table[:, 1].sum()) for table in tables)
    of = min(int((table[:, 1] > 0).sum()) for table in tables)
    if None in values:
        return MeasureDifference(name, values[0], values[1], None, None, cases, of)
    with np.errstate(invalid="ignore"):
        drawn = [table[draws].sum(axis=1) for table in tables]
        change = drawn[1][:, 0] / drawn[1][:, 1] - drawn[0][:, 0] / drawn[0][:, 1]
    low, high = np.nanquantile(change, (0.025, 0.975))
    return MeasureDifference(name, values[0], values[1], float(low), float(high), cases, of)


def _share(sums: Any) -> float | None:
    return float(sums[0] / sums[1]) if sums[1] else None


def _right(report: Mapping[str, Any]) -> set[tuple[str, int, str]]:
    return {_key(case) for case in report["cases"] if case["outcome"] == "right"}


def _key(case: Mapping[str, Any]) -> tuple[str, int, str]:
    """Which machine, and what it would be right to say of it."""
    return case["picture"], case["machine"], case["truth"]


def _case_name(key: tuple[str, int, str]) -> str:
    return f"{key[0].removeprefix('images/')} {key[2]}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
