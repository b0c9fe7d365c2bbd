"""All that one evaluation measured, as plain data: what evaluation.json holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from datasets.errors import DataError, ResultError, UsageError
from datasets.files import unwritten
from datasets.photographs.splits import source_key
from training.evaluate.detection import Spotted
from training.evaluate.footage import FootageReport
from training.evaluate.measures import (
    SURE,
    Share,
    calibration_by_luck,
    calibration_error,
    calibration_interval,
    reliability,
    risk_coverage,
    rounded,
)
from training.evaluate.naming import OUTCOMES, NamingClaim, NamingCounts, Slices

VERSION = 2
NAME = "evaluation.json"
ENGINES = ("nameplate", "openvino", "rapidocr", "av", "opencv-python-headless")
_HEAD = (
    "split", "pictures", "sources", "data_sha256", "model_sha256", "settings_sha256",
    "registry_sha256", "confidence", "mark_confidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What was measured, and on what.

    data_sha256: over the split's annotations and pictures; only runs with the same one can be
    compared. slices: outcomes by script, height, blur and home. footage: where asked.
    """

    split: str
    pictures: int
    sources: int
    model_sha256: str
    settings_sha256: str
    registry_sha256: str
    confidence: float
    mark_confidence: float
    spotted: Spotted
    named: NamingCounts
    data_sha256: str = ""
    slices: Slices = dataclasses.field(default_factory=dict)
    footage: FootageReport | None = None
    conditions: Mapping[str, Spotted] = dataclasses.field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        spotted, named = self.spotted, self.named
        negatives = spotted.false_on_negatives
        values = {name: getattr(self, name) for name in _HEAD} | {
            "version": VERSION,
            "program": program(),
            "detection": spotted.rows(),
            "measures": {name: part.measures() for name, part in self.parts().items()},
            "negatives": {
                "pictures": len(negatives),
                "false_machines": sum(negatives),
                "disturbed": spotted.disturbed_share,
                "named": named.named_share,
                "false_names_per_1000": per_thousand(named.named_share),
                "bound": f"Clopper-Pearson, one-sided, {SURE}",
            },
            "naming": {
                where: {outcome: named.share(outcome, inside) for outcome in OUTCOMES}
                for where, inside in (("in_registry", True), ("outside", False))
            },
            "slices": self.slices,
            "chances": chances(named.claims, len(named.cases)),
            "footage": self.footage,
            "cases": named.cases,
            "false_names": named.false_names,
            "by_picture": spotted.counts,
            "claims": named.claims,
        }
        plain: dict[str, Any] = json.loads(json.dumps(values, default=_plain))
        return plain

    def parts(self) -> dict[str, Spotted]:
        """All pictures, those of each round, and all in each condition."""
        return {"all": self.spotted, **self.spotted.rounds, **self.conditions}

    def write(self, out: Path) -> Path:
        """Writes `out/evaluation.json`.

        Raises ResultError: the folder cannot be written.
        """
        return write_text(out / NAME, as_json(self.as_dict()))


def _plain(value: Any) -> Any:
    return value.as_dict() if hasattr(value, "as_dict") else dataclasses.asdict(value)


# What names single pictures, and so stays out of a card that travels with a model.
SINGLE = ("cases", "false_names", "by_picture", "claims", "footage")


def chances(claims: Sequence[NamingClaim], cases: int) -> dict[str, Any]:
    """Reliability, calibration error and the risk-coverage curve of a report.

    Reliability is over every claim with a candidate, whatever its picture shows; claims
    without one have nothing to be calibrated and would only dilute the error. The curve is
    over the machines that can be named.
    """
    stated = [claim for claim in claims if claim.best is not None]
    chance = np.array([claim.chance for claim in stated], np.float64)
    right = np.array([claim.right for claim in stated], np.bool_)
    interval = calibration_interval(chance, right, [source_key(claim.source) for claim in stated])
    luck = calibration_by_luck(chance)
    nameable = np.array([claim.case for claim in stated], np.bool_)
    return {
        "claims": len(stated),
        "without_candidate": len(claims) - len(stated),
        "calibration_error": rounded(calibration_error(chance, right)),
        "calibration_interval": None if interval is None else [*map(rounded, interval)],
        "calibration_by_luck": None if luck is None else [*map(rounded, luck)],
        "reliability": reliability(chance, right),
        "risk_coverage": risk_coverage(chance[nameable], right[nameable], max(1, cases)),
    }


def per_thousand(share: Share) -> dict[str, float | None]:
    """False names in a thousand pictures, and at most so many."""
    value = share.value
    return {
        "found": None if value is None else round(1000 * value, 2),
        "at_most": round(1000 * share.at_most, 2),
    }


def as_json(values: object) -> str:
    """Plain data as the files of results hold it."""
    return json.dumps(values, indent=2, ensure_ascii=False) + "\n"


def write_text(file: Path, text: str) -> Path:
    """Writes a result, whole or not at all; its folder is made if need be.

    Raises ResultError: it cannot be written; what was there before is still there.
    """
    part = file.with_name(f"{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, "utf-8")
        part.replace(file)
    except OSError as error:
        raise ResultError(unwritten(file, error)) from error
    return file


def keep_run(file: Path, asked: Mapping[str, Any]) -> None:
    """Writes what a run was asked for, or compares it with what the file holds.

    Raises UsageError: the run in that folder was begun with other values.
    """
    if not file.is_file():
        write_text(file, as_json(asked))
        return
    held = json.loads(file.read_text("utf-8"))
    changed = ", ".join(name for name in asked if held.get(name) != asked[name])
    if changed:
        raise UsageError(
            f"{file}: the run was begun with other values of {changed}; give the same, or another "
            "folder"
        )


def digest_of(files: Iterable[Path]) -> str:
    """SHA-256 over the hashes of files, in their order.

    Raises DataError: one cannot be read.
    """
    digest = hashlib.sha256()
    for file in files:
        try:
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError as error:
            raise DataError(f"{file}: it cannot be read ({error.strerror})") from error
    return digest.hexdigest()


@cache
def program() -> str:
    """The versions of what measures and is measured."""
    return ", ".join(f"{name} {version(name)}" for name in ENGINES)


class Journal:
    """Answers by key, each worked out once. Without a file it keeps nothing and everything is
    worked out.

    file: where the answers lie; its folder is made if need be. run: what tells this run from
    others; written in the first line.
    Raises ResultError: the file cannot be written.
    """

    def __init__(self, file: Path | None, run: Mapping[str, str]) -> None:
        self._file = file
        self._known: dict[str, Any] = {}
        if file is None:
            return
        head = json.dumps({**run, "program": program()}, sort_keys=True)
        # Not splitlines(): JSON strings may hold U+2028 and its like as they are.
        lines = []
        with suppress(OSError, UnicodeDecodeError):
            lines = file.read_text("utf-8").split("\n")[:-1]
        if lines[:1] != [head]:
            lines = [head]
        self._known = dict(map(json.loads, lines[1:]))
        # Written again even where it goes on: a line cut off by a crash ends here.
        write_text(file, "".join(f"{line}\n" for line in lines))

    def ask(self, key: str, answer: Callable[[], Any]) -> Any:
        """The answer of before, or the one that `answer` works out now, plain JSON data.

        Raises ResultError: it cannot be kept.
        """
        if key in self._known:
            return self._known[key]
        value = answer()
        if self._file is not None:
            try:
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps([key, value], ensure_ascii=False) + "\n")
            except OSError as error:
                raise ResultError(unwritten(self._file, error)) from error
            self._known[key] = value
        return value
